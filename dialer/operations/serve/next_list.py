"""The next list of a campaign: a file that came over the page, kept under a name of ours, and a batch of its own.

A list waits in the page's folder until its first run; from then on its ledger knows it. What it is called there is made
here, of the campaign file's name and the day: nothing that a browser sends is a part of a path.
"""

from __future__ import annotations

import glob
import hashlib
import os
import secrets
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.config.batch import locate, read_campaign_file
from dialer.errors import DialerError, UsageError
from dialer.escaping import on_one_line
from dialer.messages.commands import Selection
from dialer.messages.operations import serve as say
from dialer.moments import shown
from dialer.operations.batch_state import State
from dialer.operations.entries import Entry
from dialer.operations.list import id_of
from dialer.operations.stores import is_begun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dialer.config.batch import Batch

_ENDINGS = (".csv.gz", ".tsv.gz", ".xlsx", ".xlsm", ".tsv", ".csv")
_NAMED = ".name"
"""The ending of the file beside a list that holds what the list was called."""
_LONGEST = 200
_MOST_A_DAY = 100


class NextLists:
    """The lists that have come over the page.

    Args:
        folder: for them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._turn = threading.Lock()

    @property
    def arriving(self) -> Path:
        """The name of a new file for what is on its way."""
        return self._folder / f".{secrets.token_hex(8)}.arriving"

    def sweep(self) -> None:
        """Delete what a page that was killed has left half-way: lists and documents that nobody waits for any more.

        To be done before anything arrives.
        """
        for path in self._folder.glob(".*"):
            path.unlink(missing_ok=True)

    def keep(self, arrived: Path, *, campaign: Path, named: str, sandbox: bool) -> Selection:
        """Keep a file as the next list of a campaign; return its batch.

        Args:
            arrived: the file; it is moved.
            campaign: the campaign file.
            named: what the file was called: its ending says what it is.
            sandbox: it is for a trial.

        Raises:
            UsageError: the campaign file has one name for the results of all its lists.
            DialerError: the campaign file is wrong.
        """
        ending = next((one for one in _ENDINGS if named.lower().endswith(one)), ".csv")
        with self._turn:
            home = self._home(campaign)
            home.mkdir(mode=0o700, exist_ok=True)
            for name in _names():
                kept = home / f"{campaign.stem}.{name}{ending}"
                selection = self._selection(kept, campaign, name, sandbox=sandbox)
                if not any(home.glob(f"{glob.escape(campaign.stem)}.{name}.*")) and _is_free(_located(selection)):
                    _named(kept).write_text(base_name(named), encoding="utf-8")
                    arrived.replace(kept)
                    return selection
        raise UsageError(say.too_many_lists(_MOST_A_DAY))

    def discard(self, entry: Entry) -> None:
        """Delete a list that was never run.

        Raises:
            UsageError: it was, or it did not come over the page.
        """
        if not entry.is_waiting or entry.selection is None or entry.selection.recipients is None:
            raise UsageError(say.not_discarded())
        # What it was called stays: its name is not given to another list, whose check would meet that of this one.
        entry.selection.recipients.unlink(missing_ok=True)

    def with_name(self, entry: Entry) -> Entry:
        """Return a batch with what its list was called and when it came, where it came over the page."""
        path = None if entry.selection is None else entry.selection.recipients
        if path is None or path.parent.parent != self._folder.absolute():
            return entry
        try:
            name, came = _named(path).read_text("utf-8"), path.stat().st_mtime
        except OSError:
            return entry
        return replace(entry, list_name=name, uploaded=shown(datetime.fromtimestamp(came, UTC), entry.timezone))

    def waiting(self, campaigns: Sequence[Path], known: set[str], *, sandbox: bool) -> Iterator[Entry]:
        """Yield the batches of lists that were never run.

        Args:
            campaigns: the campaign files.
            known: the ids of the batches that have a ledger.
            sandbox: trials are meant.
        """
        for campaign in campaigns:
            for path in sorted(one for one in self._home(campaign).glob("*") if one.suffix != _NAMED):
                name = path.name.removeprefix(f"{campaign.stem}.").partition(".")[0]
                try:
                    batch = _located(self._selection(path, campaign, name, sandbox=sandbox))
                except DialerError:
                    # The campaign file was changed meanwhile; `list` says what is wrong in it.
                    continue
                if id_of(batch) not in known:
                    yield _entry(batch, path)

    def _selection(self, kept: Path, campaign: Path, name: str, *, sandbox: bool) -> Selection:
        results = read_campaign_file(campaign).content.get("results")
        by_list = isinstance(results, str) and "{batch}" not in results
        if by_list and "{recipients}" not in str(results):
            raise UsageError(say.one_name_for_results(campaign))
        return Selection(campaign, kept, None if by_list else name, sandbox)

    def _home(self, campaign: Path) -> Path:
        return self._folder / hashlib.sha256(os.fsencode(os.path.realpath(campaign))).hexdigest()[:16]


def base_name(named: str) -> str:
    """Return the last part of what a browser calls a file, as it may be shown on one line."""
    # A quotation mark is sent in this way (https://html.spec.whatwg.org/#multipart-form-data).
    name = named.replace("%22", '"').replace("\\", "/").rpartition("/")[2]
    return on_one_line(name)[:_LONGEST]


def _named(kept: Path) -> Path:
    return kept.with_name(f"{kept.name}{_NAMED}")


def _names() -> Iterator[str]:
    """Yield names for a batch of today, the first that is free to be taken."""
    day = datetime.now().astimezone().date().isoformat()
    yield day
    yield from (f"{day}-{number}" for number in range(2, _MOST_A_DAY))


def _is_free(batch: Batch) -> bool:
    return not (is_begun(batch) or os.path.lexists(batch.results))


def _located(selection: Selection) -> Batch:
    return locate(selection.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=selection.sandbox)


def _entry(batch: Batch, path: Path) -> Entry:
    return Entry(
        id=id_of(batch),
        batch=batch.name,
        state=State.NOT_STARTED,
        campaign=str(batch.campaign),
        recipients=str(path),
        selection=batch.selection,
        timezone=batch.timezone,
        counts={},
        is_waiting=True,
        last=shown(datetime.fromtimestamp(path.stat().st_mtime, UTC), batch.timezone),
    )
