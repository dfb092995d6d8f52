"""Each piece of work on a ledger has a number and an id, by which an older copy of the ledger is known: see `mark`.

Where the ledger is an older copy, or a new one in place of one that is lost, calls may be missing in it. When those may
have been placed is kept as spans of time, until the provider was searched for them.
"""

from __future__ import annotations

from dataclasses import replace

from dialer.store.ledger.gaps import MADE, SEARCHED, START, Gaps
from dialer.store.ledger.queries import changing, reading
from dialer.store.sqlite.connection import LedgerFile
from dialer.store.sqlite.mark import Mark, MarkFile
from dialer.store.sqlite.opening import ledger_errors

_WORK, _BEGUN, _INTENTS = "work", "work_begun", "intents"


class Starts(LedgerFile, Gaps):
    """The part of the ledger that knows whether it is the one that was left here."""

    _mark_file: MarkFile | None = None
    _mark: Mark | None = None
    """Of the work that goes on, as it began."""
    _unmarked: Mark | None = None
    """What the mark has to say once this transaction is committed."""

    def begin(self, work: str, *, now: float, former: str | None = None) -> None:
        """Note which work begins now (Unix seconds), and whether calls may be missing; the lock is held.

        Args:
            work: its id.
            now: Unix seconds.
            former: the last work as the lock of version 0.1 tells it, which left no mark; None where it does not.

        Raises:
            LedgerError: the mark cannot be written.
        """
        with ledger_errors(self.path):
            self._mark_file = MarkFile(self.path)
        with self.transaction():
            before, left = self._figures(now), self._mark_file.left
            since = self._missing_since(before, left, former)
            if since is not None:
                self.note_gap(since, now)
            elif before.start == 0 and self._first_moment() is None:
                # Nothing was placed with a ledger that is made now.
                self.set_note(SEARCHED, str(now))
            # Above both: an older copy must not bring the mark down, by which a newer one that comes back is known.
            furthest = before if left is None else before.furthest(left)
            self._mark = self._unmarked = replace(furthest, start=furthest.start + 1, work=work)
            figures = ((START, self._mark.start), (_INTENTS, self._mark.intents), (MADE, self._mark.made))
            for name, value in (*figures, (_WORK, work), (_BEGUN, now)):
                self.set_note(name, str(value))

    def this_work(self) -> str:
        """Return the id of the work that was begun by this store; empty where none was."""
        return self._mark.work if self._mark is not None else ""

    def work(self) -> str | None:
        """Return which work began last; None where none did."""
        return self.note(_WORK)

    def last_moment(self) -> float | None:
        """Return when something was last begun or recorded (Unix seconds); None where nothing ever was."""
        with ledger_errors(self.path):
            moments = [*self._db.execute(reading.LAST_MOMENTS).fetchone(), self.note(_BEGUN)]
        return max((float(moment) for moment in moments if moment is not None), default=None)

    def _figures(self, now: float) -> Mark:
        """Return how far the ledger has come; the start is 0 where no work since version 0.1 has begun."""
        made = self.note(MADE) or self._first_moment() or now
        return Mark(int(self.note(START) or 0), self.work() or "", int(self.note(_INTENTS) or 0), float(made))

    def _missing_since(self, figures: Mark, left: Mark | None, former: str | None) -> float | None:
        """Return from when on calls may have been placed of which the ledger does not know; None: it knows of all."""
        if left is not None:
            is_behind = figures.is_behind(left)
        else:
            is_left_by_0_1 = figures.start == 0 and former is not None and former == figures.work
            is_behind = self._first_moment() is not None and not is_left_by_0_1
        if not is_behind:
            return None
        last = self.last_moment()
        # Nothing was ever recorded here; but beside this mark something was.
        return last if last is not None or left is None else left.made

    def _count_intents(self, count: int) -> None:
        """Count calls that are about to be placed, in the transaction that keeps them."""
        (intents,) = self._db.execute(changing.ADD_TO_NOTE, (_INTENTS, str(count))).fetchone()
        self._unmarked = self._mark and replace(self._mark, intents=int(intents))

    def _committed(self) -> None:
        if self._unmarked is None or self._mark_file is None:
            return
        self._mark_file.write(self._unmarked)
        if self._unmarked is self._mark:
            self._mark_file.sync()
        self._unmarked = None

    def _rolled_back(self) -> None:
        self._unmarked = None

    def close(self) -> None:
        """Close ledger and mark; after a writer's close the one file is whole."""
        super().close()
        if self._mark_file is not None:
            self._mark_file.close()
