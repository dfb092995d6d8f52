"""The active runs: those that hold the lock of a ledger."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.batch import read_campaign_file
from dialer.config.workspace import Workspace, folder_of_all
from dialer.errors import DialerError
from dialer.store.engines import pauses_in
from dialer.store.sqlite import held_by, lock_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.config.batch import Batch
    from dialer.messages.commands import Selection
    from dialer.store.engines import InDatabase

_RUN = "run"


@dataclass(frozen=True, slots=True)
class LiveRun:
    """An active run.

    Attributes:
        ledger: whose lock it holds.
        pid: its process.
        host: its machine.
        since: ISO 8601.
    """

    ledger: str
    pid: int
    host: str
    since: str


class LiveRuns:
    """The locks that the runs of some campaigns may hold; they are looked for once."""

    def __init__(self) -> None:
        self._in_database: list[InDatabase] = []
        self._wanted: dict[Path, str] = {}
        """Lock -> the campaign file whose runs are meant; empty: all."""

    def add_database(self, place: InDatabase) -> None:
        """Add those of a batch in a database; without its name those of its campaign; without that one's, all."""
        self._in_database.append(place)

    def add_batch(self, batch: Batch) -> None:
        """Add those of one batch."""
        self._wanted[batch.lock.resolve()] = ""

    def add_campaign(self, selection: Selection, batch: Batch | None) -> None:
        """Add those of all batches of a campaign, as far as they lie where it says, or are listed."""
        campaign = selection.campaign
        folders = {campaign.absolute().parent, *_folders(campaign)}
        folders |= set() if batch is None else {batch.results.absolute().parent, batch.ledger.absolute().parent}
        locks = {path for folder in folders for path in _locks_in(folder)}
        for folder in {folder_of_all(campaign.absolute().parent), *folders}:
            locks |= set(_listed(folder, sandbox=selection.sandbox))
        real = os.path.realpath(campaign)
        self._wanted |= {path: real for path in locks if _is_trial(path) is selection.sandbox}

    def add_below(self, folder: Path, *, sandbox: bool) -> None:
        """Add those of every campaign in and below a folder, and of those that are listed there."""
        below = (path for at, _, _ in os.walk(folder) for path in _locks_in(Path(at)))
        locks = {*below, *_listed(folder, sandbox=sandbox)}
        self._wanted |= {path: "" for path in locks if _is_trial(path) is sandbox}

    def live(self) -> list[LiveRun]:
        """Return the active runs."""
        found = []
        for place in self._in_database:
            with contextlib.closing(pauses_in(place)) as pauses:
                found += [LiveRun(name, by.pid, by.host, by.since) for name, by in pauses.runs()]
        for lock, campaign in self._wanted.items():
            by = held_by(lock)
            if by is not None and by.does == _RUN and campaign in {"", by.campaign}:
                found.append(LiveRun(str(lock.with_suffix("")), by.pid, by.host, by.since))
        return found


def _folders(campaign: Path) -> Iterator[Path]:
    """Yield the folders in which a campaign's results and ledgers lie, as far as their names are fixed."""
    with contextlib.suppress(DialerError):
        content = read_campaign_file(campaign).content
        for text in (content.get("results"), content.get("ledger")):
            if isinstance(text, str):
                fixed = os.path.expanduser(text.split("{")[0])  # noqa: PTH111 - of a text
                yield (campaign.absolute().parent / f"{fixed}x").parent


def _locks_in(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (folder.resolve() / name for name in os.listdir(folder) if name.endswith(".lock"))  # noqa: PTH208 - names


def _listed(folder: Path, *, sandbox: bool) -> list[Path]:
    """Return the locks of the ledgers that a folder's list names; none where it cannot be read."""
    with contextlib.suppress(DialerError):
        return [lock_of(path).resolve() for path in Workspace(folder).registry(sandbox=sandbox).read()]
    return []


def _is_trial(lock: Path) -> bool:
    return Path(lock.stem).stem.endswith(".sandbox")
