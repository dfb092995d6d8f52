"""Each piece of work on a ledger has a number and an id, by which an older copy of the ledger is known: see `mark`.

Where the ledger is an older copy, or a new one in place of one that is lost, calls may be missing in it. When those may
have been placed is kept as spans of time, until the provider was searched for them.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace

from dialer.store.sqlite.connection import Connected
from dialer.store.sqlite.mark import Mark, MarkFile
from dialer.store.sqlite.opening import ledger_errors
from dialer.store.sqlite.queries import changing, reading

_START, _WORK, _BEGUN, _INTENTS, _MADE, _GAPS = "start", "work", "work_begun", "intents", "made", "calls_missing"
_SEARCHED = "searched"
LATE = 1800.0
"""Seconds for which a call that was placed may not be listed."""
_AHEAD = 30 * 86_400.0
"""Seconds before now that are looked through where the last thing is recorded as later than now."""


class Starts(Connected):
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
                self.set_note(_SEARCHED, str(now))
            # Above both: an older copy must not bring the mark down, by which a newer one that comes back is known.
            furthest = before if left is None else before.furthest(left)
            self._mark = self._unmarked = replace(furthest, start=furthest.start + 1, work=work)
            figures = ((_START, self._mark.start), (_INTENTS, self._mark.intents), (_MADE, self._mark.made))
            for name, value in (*figures, (_WORK, work), (_BEGUN, now)):
                self.set_note(name, str(value))

    def work(self) -> str | None:
        """Return which work began last; None where none did."""
        return self.note(_WORK)

    def last_moment(self) -> float | None:
        """Return when something was last begun or recorded (Unix seconds); None where nothing ever was."""
        with ledger_errors(self.path):
            moments = [*self._db.execute(reading.LAST_MOMENTS).fetchone(), self.note(_BEGUN)]
        return max((float(moment) for moment in moments if moment is not None), default=None)

    def note_gap(self, since: float, until: float) -> None:
        """Note that in a span of time (Unix seconds) calls may have been placed of which the ledger does not know."""
        # A clock that was ahead says nothing of when that was.
        begun = since if since <= until else until - _AHEAD
        spans = sorted([*self.gaps(), (begun, until)])
        merged = [spans[0]]
        for start, end in spans[1:]:
            if start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        self.set_note(_GAPS, json.dumps(merged))

    def gaps(self) -> list[tuple[float, float]]:
        """Return when calls may have been placed of which the ledger does not know (Unix seconds), in order."""
        return [(start, end) for start, end in json.loads(self.note(_GAPS) or "[]")]

    def search_from(self) -> float | None:
        """Return from when on the provider's calls have to be looked through (Unix seconds); None: not at all.

        That is the last search, also where attempts are later, since a copy of this ledger may have placed calls as
        well; less what may be listed late. Only a ledger that never was searched for begins at its last attempt.
        """
        gaps, searched, last = self.gaps(), self.note(_SEARCHED), self.note(_MADE)
        if int(self.note(_START) or 0) <= 1 and self._first_moment() is None and not gaps:
            return None
        # A clock that was ahead says nothing of when that was.
        if searched is None or float(searched) > time.time():
            with ledger_errors(self.path):
                searched = self._db.execute(reading.LAST_AT).fetchone()[0] or last
        since = float(searched or 0.0) - LATE
        return min([since, *(start for start, _ in gaps)])

    def note_searched(self, until: float) -> None:
        """Note that the provider was searched until then; a gap is closed once nothing of it can be listed any more."""
        with self.transaction():
            gaps = self.gaps()
            left = [(min(max(start, until - LATE), end), end) for start, end in gaps if until < end + LATE]
            if left != gaps:
                self.set_note(_GAPS, json.dumps(left))
            self.set_note(_SEARCHED, str(until))

    def wait_until(self) -> float | None:
        """Return until when nobody may be called, since calls that are missing may not be listed yet; None: no wait."""
        return max((end + LATE for _, end in self.gaps()), default=None)

    def _figures(self, now: float) -> Mark:
        """Return how far the ledger has come; the start is 0 where no work since version 0.1 has begun."""
        made = self.note(_MADE) or self._first_moment() or now
        return Mark(int(self.note(_START) or 0), self.work() or "", int(self.note(_INTENTS) or 0), float(made))

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

    def _first_moment(self) -> float | None:
        with ledger_errors(self.path):
            row = self._db.execute(reading.FIRST_MOMENT).fetchone()
        return None if row is None else float(row[0])

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
