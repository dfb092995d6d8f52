"""Every batch of a workspace by its id, looked at once a second at most, however many people look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.operations.list import list_batches
from dialer.operations.memory import Memory
from dialer.operations.serve.blocked import blocked
from dialer.operations.serve.live import live
from dialer.operations.serve.same_list import with_same_list

if TYPE_CHECKING:
    from dialer.operations.entries import Entry, Listing
    from dialer.operations.serve.blocked import Blocked
    from dialer.operations.serve.live import Live
    from dialer.operations.serve.next_list import NextLists
    from dialer.operations.serve.work import Works

_LISTING, _BLOCKED = "listing", "blocked"
FRESH = 0.9
"""Seconds for which a look at the workspace counts."""


class Board:
    """The batches of a workspace.

    Args:
        folder: the workspace is the folder of the nearest `dialer.toml`, from here upward; without one it is this.
        lists: those that have come over the page.
        sandbox: those of trials, and no others.
    """

    def __init__(self, folder: Path, lists: NextLists, *, sandbox: bool = False) -> None:
        self.folder = folder
        self.lists = lists
        self.sandbox = sandbox
        self._memory = Memory()
        self._blocked: Blocked | None = None

    def listing(self) -> Listing:
        """Return every batch.

        Raises:
            DialerError: the folder, `dialer.toml` or the list of ledgers cannot be read.
        """
        return self._memory.recall(_LISTING, self._look, lasts=lambda _: FRESH)

    def _look(self) -> Listing:
        listing = list_batches(self.folder, sandbox=self.sandbox, memory=self._memory)
        known = {one.id for one in listing.batches if one.ledger}
        campaigns = sorted({Path(one.campaign) for one in listing.batches if one.campaign and not one.trouble})
        waiting = {one.id: one for one in self.lists.waiting(campaigns, known, sandbox=self.sandbox)}
        # The first run of a list may have begun its ledger: whose that is, it does not say yet.
        others = [one for one in listing.batches if one.id not in waiting]
        return replace(listing, batches=tuple(map(self.lists.with_name, (*others, *waiting.values()))))

    def forget(self) -> None:
        """Look again next time: something was changed here."""
        self._memory.forget(_LISTING, _BLOCKED)

    def blocked(self) -> Blocked:
        """Return the do-not-call list."""
        return self._memory.recall(_BLOCKED, self._look_at_blocked, lasts=lambda _: FRESH)

    def _look_at_blocked(self) -> Blocked:
        self._blocked = blocked(self.folder, self._blocked)
        return self._blocked

    def live(self, entry: Entry, works: Works) -> Live:
        """Return a batch as it goes on."""
        same = with_same_list(entry, self.listing().batches, self._memory) if entry.is_waiting else ()
        return replace(live(entry, works, self._memory), same_list=same)

    def entry(self, batch_id: str) -> Entry | None:
        """Return a batch; None if there is none with this id."""
        return next((one for one in self.listing().batches if one.id == batch_id), None)
