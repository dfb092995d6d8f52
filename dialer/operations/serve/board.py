"""Every batch of a workspace by its id, looked at once a second at most, however many people look."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.operations.list import list_batches

if TYPE_CHECKING:
    from dialer.operations.list import Entry, Listing
    from dialer.operations.serve.next_list import NextLists

FRESH = 1.0
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
        self._turn = threading.Lock()
        self._listing: Listing | None = None
        self._at = 0.0

    def listing(self) -> Listing:
        """Return every batch.

        Raises:
            DialerError: the folder, `dialer.toml` or the list of ledgers cannot be read.
        """
        with self._turn:
            if self._listing is None or time.monotonic() - self._at >= FRESH:
                self._listing, self._at = self._look(), time.monotonic()
            return self._listing

    def _look(self) -> Listing:
        listing = list_batches(self.folder, sandbox=self.sandbox)
        known = {one.id for one in listing.batches if one.ledger}
        campaigns = sorted({Path(one.campaign) for one in listing.batches if one.campaign and not one.trouble})
        waiting = self.lists.waiting(campaigns, known, sandbox=self.sandbox)
        return replace(listing, batches=(*listing.batches, *waiting))

    def forget(self) -> None:
        """Look again next time: something was changed here."""
        with self._turn:
            self._listing = None

    def entry(self, batch_id: str) -> Entry | None:
        """Return a batch; None where there is none with this id."""
        return next((one for one in self.listing().batches if one.id == batch_id), None)
