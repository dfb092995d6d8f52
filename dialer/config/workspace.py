"""The workspace: the folder whose campaigns share the organisation's limits, and its optional `dialer.toml`."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.batch import CampaignFile, read_campaign_file
from dialer.config.database import KEY, Database, database_in, database_of_environment, refuse_files, refuse_forgotten
from dialer.errors import CampaignError, UsageError
from dialer.messages import workspace as words
from dialer.messages.config import database as database_words
from dialer.messages.config import workspace as say
from dialer.nearest import nearest
from dialer.rate import Rate
from dialer.store.sqlite import Registry, read_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = "dialer.toml"
_RATE_FILE = "dialer.rate"
_SHORTEST = 60.0
"""Seconds. The margin that lets several processes share a rate is too much of a shorter window."""
_TABLE = "organisation"
_CURRENCY = re.compile("[A-Z]{3}")
_KNOWN = ("rate", "lines", "reads", "currency")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the campaigns lie that share the organisation's limits.

    Attributes:
        folder: the folder of `dialer.toml`, or of the results.
        rate: calls that all runs together may place, as `dialer.toml` says; None where it does not.
        lines: calls of all runs together that may be live at once; None where `dialer.toml` does not say.
        reads: requests by which each run may look how calls go; None where `dialer.toml` does not say.
        currency: of all costs, as `USD`; None where `dialer.toml` does not say.
        has_settings: there is a `dialer.toml`.
        database: where its batches are kept; None: in files.
    """

    folder: Path
    rate: Rate | None = None
    lines: int | None = None
    reads: Rate | None = None
    currency: str | None = None
    has_settings: bool = False
    database: Database | None = None

    def rate_at(self, *, loopback: bool) -> Rate | None:
        """Return what all runs together may place at a server; None for any number.

        Args:
            loopback: the server is on this machine, so it is not the provider.
        """
        return self.rate if self.rate is not None or loopback else provider.VENDOR.limits.calls

    def rate_file(self, *, sandbox: bool) -> Path:
        """Return the file by which the runs of the workspace agree on the next call's moment; trials have their own."""
        return self.folder / ("dialer.sandbox.rate" if sandbox else _RATE_FILE)

    def registry(self, *, sandbox: bool) -> Registry:
        """Return the list of the workspace's ledgers; trials have their own."""
        folder = self.folder.resolve()
        if sandbox:
            return Registry(folder / "dialer.sandbox.ledgers")
        return Registry(folder / "dialer.ledgers", trace=folder / _RATE_FILE, has_settings=self.has_settings)


def find_workspace(campaign: Path, *, results: Path) -> Workspace:
    """Return the workspace of a campaign: the folder of the nearest `dialer.toml`, from the campaign file upward.

    Args:
        campaign: the campaign file, as it was typed: symbolic links are not followed.
        results: the results CSV; its folder is the workspace if no `dialer.toml` is found.

    Raises:
        CampaignError: `dialer.toml` is gone, unreadable or invalid; the message names the line and the key.
        MustActError: the workspace has used a database, but no database is set now.
    """
    for folder in _folders(campaign):
        path = folder / SETTINGS
        # A link that leads nowhere, or a folder, was meant as one: what it limits must not be left out.
        if os.path.lexists(path):
            return _read(path)
        refuse_forgotten(path)
        trace = read_trace(folder / _RATE_FILE)
        if trace is not None and trace.has_settings:
            raise CampaignError(words.settings_missing(path, folder / _RATE_FILE))
    folder = _folders(results)[0]
    refuse_files(folder / SETTINGS)
    return Workspace(folder)


def database_of(folder: Path) -> Database:
    """Return the database that the environment names, else that of the workspace around a folder.

    Raises:
        CampaignError: neither names one, or what does is wrong.
        MustActError: the workspace has used one, and does not name it any more.
    """
    settings = folder_of_all(folder) / SETTINGS
    named = database_of_environment(settings.parent)
    if named is None and os.path.lexists(settings):
        named = _read(settings).database
    if named is None:
        raise CampaignError(database_words.none_named(settings))
    return named


def workspace_in_database(folder: Path) -> tuple[Workspace, Database]:
    """Return the workspace around a folder whose `dialer.toml` says that it uses a database, and that.

    Raises:
        CampaignError: it does not say so, or is wrong.
        MustActError: it has used one, and does not say so any more.
    """
    settings = folder_of_all(folder) / SETTINGS
    if not os.path.lexists(settings):
        refuse_files(settings)
    workspace = _read(settings) if os.path.lexists(settings) else None
    if workspace is None or workspace.database is None:
        raise CampaignError(database_words.none_named(settings))
    return workspace, workspace.database


def workspace_of(folder: Path) -> Workspace:
    """Return the workspace around a folder: that of the nearest `dialer.toml`, from it upward; without one, itself.

    Raises:
        CampaignError: `dialer.toml` cannot be read, or is wrong.
        MustActError: it has used a database, and does not name it any more.
    """
    return find_workspace(folder / SETTINGS, results=folder / SETTINGS)


def workspace_in_files(folder: Path, *, why: str) -> Workspace:
    """Return the workspace around a folder, whose batches are in files.

    Args:
        folder: the folder.
        why: why a command works with files only, and what to use instead, in words.

    Raises:
        UsageError: they are in a database.
        DialerError: as above.
    """
    workspace = workspace_of(folder)
    if workspace.database is not None:
        raise UsageError(why)
    return workspace


def folder_of_all(folder: Path) -> Path:
    """Return the folder of the workspace around another, whatever its `dialer.toml` says: also of one that is wrong."""
    around = _folders(folder / SETTINGS)
    return next((one for one in around if os.path.lexists(one / SETTINGS)), around[0])


def _folders(path: Path) -> Sequence[Path]:
    """Return the folders around a path as it was typed, the innermost first."""
    typed = path.absolute()
    shorter = Path(os.path.normpath(typed))
    # Through a symbolic link `a/../b` is not `b`.
    return (shorter if os.path.realpath(shorter) == os.path.realpath(typed) else typed.resolve()).parents


def _read(path: Path) -> Workspace:
    if path.is_dir() or not path.exists():
        raise CampaignError(words.settings_not_a_file(path))
    file = read_campaign_file(path)
    organisation = file.content.get(_TABLE, {})
    if not isinstance(organisation, dict):
        raise CampaignError(say.not_a_table(file.place(_TABLE), _TABLE))
    _refuse_unknown(file, organisation)
    rate = _rate(file, "rate")
    if rate is not None and rate.per < _SHORTEST:
        raise CampaignError(say.short_rate(file.place(_TABLE, "rate"), str(rate), per_minute=rate.count * 60))
    return Workspace(
        path.parent,
        rate=rate,
        lines=_lines(file),
        reads=_rate(file, "reads"),
        currency=_currency(file),
        has_settings=True,
        database=database_in(file),
    )


def _refuse_unknown(file: CampaignFile, organisation: dict[str, object]) -> None:
    if {"agent_id", "recipients"} & file.content.keys():
        raise CampaignError(say.a_campaign_file(file.path))
    for name in (name for name in file.content if name not in {_TABLE, KEY}):
        belongs = name in _KNOWN
        raise CampaignError(say.other_table(file.place(name), table=_TABLE, known=_KNOWN, belongs_there=belongs))
    if KEY in organisation:
        raise CampaignError(database_words.below_a_table(file.place(_TABLE, KEY)))
    for name in (name for name in organisation if name not in _KNOWN):
        place = file.place(_TABLE, name)
        raise CampaignError(say.unknown(place, table=_TABLE, known=_KNOWN, near=nearest(name, _KNOWN)))


def _lines(file: CampaignFile) -> int | None:
    given = file.content.get(_TABLE, {}).get("lines")
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and given >= 1):
        return given
    shown = json.dumps(given, default=str)
    raise CampaignError(words.lines_not_a_number(file.place(_TABLE, "lines"), shown))


def _currency(file: CampaignFile) -> str | None:
    code = file.content.get(_TABLE, {}).get("currency")
    if code is None or (isinstance(code, str) and _CURRENCY.fullmatch(code)):
        return code
    raise CampaignError(say.not_a_currency(file.place(_TABLE, "currency"), json.dumps(code, default=str)))


def _rate(file: CampaignFile, name: str) -> Rate | None:
    text = file.content.get(_TABLE, {}).get(name)
    if text is None:
        return None
    try:
        return Rate.parse(text if isinstance(text, str) else "")
    except ValueError:
        raise CampaignError(say.not_a_rate(file.place(_TABLE, name), json.dumps(text, default=str))) from None
