"""The campaign files of a workspace: every `.toml` that names recipients, and whose ledgers are whose."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dialer.config.batch import locate, read_campaign_file
from dialer.config.workspace import SETTINGS
from dialer.errors import CampaignError, DialerError
from dialer.files import named_below
from dialer.messages.commands import Selection
from dialer.messages.operations import workspace as say
from dialer.operations.memory import Memory, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign

_NAMES_RECIPIENTS = re.compile(rb"^\s*[\"']?recipients[\"']?\s*=", re.MULTILINE)
_FIRST = 1 << 16
_LASTS = 60.0
"""Seconds for which a file counts that has not changed: what it names may have."""


@dataclass(frozen=True)
class Found:
    """A campaign file.

    Attributes:
        path: the file.
        name: of its only batch, else its own.
        content: what it says; nothing where it cannot be read.
        results: of its only batch; None where its results have a name for each batch.
        key: of its only batch; None as above.
        timezone: the zone by whose clock its times are shown; None: the machine's.
        sandbox: its trials are meant.
        trouble: why it cannot be read, in words; empty where it can.
    """

    path: Path
    name: str
    content: Mapping[str, Any]
    results: Path | None = None
    key: str | None = None
    timezone: str | None = None
    sandbox: bool = False
    trouble: str = ""

    @property
    def has_hours(self) -> bool:
        """Whether it says when people may be called."""
        return bool(self.content.keys() & {"window", "schedule"})

    @property
    def agent(self) -> str:
        """The agent that it names; empty where it names none."""
        agent = self.content.get("agent_id", "")
        return agent if isinstance(agent, str) else ""

    @property
    def recipients(self) -> str:
        """The list that it names; empty where it cannot be read."""
        recipients = self.content.get("recipients", "")
        return recipients if isinstance(recipients, str) else ""

    @property
    def selection(self) -> Selection:
        """Its only batch, as it is named on the command line."""
        return Selection(self.path, sandbox=self.sandbox)

    @cached_property
    def campaign(self) -> Campaign | None:
        """The whole of it, checked; None where something in it is wrong."""
        from dialer.config.campaign import load_campaign  # noqa: PLC0415 - heavy, and only campaigns with hours need it

        # With a batch's name where one is needed: it plays no part in the hours.
        for batch in (None, "x"):
            with contextlib.suppress(DialerError):
                return load_campaign(self.path, batch=batch, sandbox=self.sandbox)
        return None


class CampaignFiles:
    """The campaign files in a folder and below.

    Args:
        folder: of the workspace.
        sandbox: their trials are meant.
        key_of: returns what tells a batch from all others of the workspace.
        memory: of what they said when they were last read.
    """

    def __init__(
        self, folder: Path, *, sandbox: bool, key_of: Callable[[Batch], str], memory: Memory | None = None
    ) -> None:
        memory = memory or Memory()
        found = [
            _remembered(path, memory, key_of, sandbox=sandbox)
            for path in filter(is_campaign_file, named_below(folder, ".toml"))
        ]
        self.signature = tuple((one.path, signature(one.path)) for one in found)
        """What changes when one of them does."""
        self._by_path = {os.path.realpath(one.path): one for one in found}
        self._by_key = {one.key: one for one in found if one.key is not None}
        self._run: set[Path] = set()

    def of_batch(self, key: str, campaign: str | Path | None) -> Found | None:
        """Return the campaign file of a batch; None if unknown.

        Args:
            key: what tells it from all others.
            campaign: the campaign recorded of it; empty for ledgers of versions that did not record it.
        """
        # A campaign file that was renamed keeps its batch, as long as the results are those that it names.
        named = self._by_path.get(os.path.realpath(campaign)) if campaign else None
        found = named or self._by_key.get(key)
        if found is not None:
            self._run.add(found.path)
        return found

    def never_run(self) -> Iterator[Found]:
        """Yield the campaign files of which no batch was asked for yet."""
        yield from (one for one in self._by_path.values() if one.path not in self._run)


def trouble_of(found: Found | None, campaign: Path | None, *, is_known: bool) -> str:
    """Return why the campaign file of a batch cannot be used, in words; empty if it can.

    Args:
        found: the file; None if it was not found.
        campaign: where it is, or was; None if unknown.
        is_known: whether the ledger says how its batch is named on the command line.
    """
    if found is not None and found.trouble:
        return found.trouble
    if found is None and campaign is not None:
        return say.campaign_unfit(campaign) if campaign.exists() else say.campaign_missing(campaign)
    return "" if is_known else say.OLDER_BATCH


def _remembered(path: Path, memory: Memory, key_of: Callable[[Batch], str], *, sandbox: bool) -> Found:
    return memory.recall(
        ("campaign", path, sandbox),
        lambda: _found(path, key_of, sandbox=sandbox),
        lasts=lambda _: _LASTS,
        signature=signature(path),
    )


def is_campaign_file(path: Path) -> bool:
    """Tell whether a TOML file names recipients."""
    return path.name != SETTINGS and path.is_file() and _names_recipients(path)


def _names_recipients(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return _NAMES_RECIPIENTS.search(file.read(_FIRST)) is not None
    return False


def _found(path: Path, key_of: Callable[[Batch], str], *, sandbox: bool) -> Found:
    try:
        file = read_campaign_file(path)
        located = locate(file, sandbox=sandbox)
    except CampaignError as error:
        return Found(path, path.stem, {}, sandbox=sandbox, trouble=str(error))
    except DialerError:
        # Its results have a name for each batch.
        return Found(path, path.stem, file.content, sandbox=sandbox)
    return Found(path, located.name, file.content, located.results, key_of(located), located.timezone, sandbox)
