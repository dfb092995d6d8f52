"""Every row judged: who can be called, and why the others cannot."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np

from dialer import numbers
from dialer.errors import InputError, InterruptedRunError
from dialer.input_rows import INVISIBLE, InputRows, cells_at, column_of
from dialer.intake.opt_outs import UnusedOptOuts
from dialer.intake.screening.phone_cells import PhoneCells
from dialer.intake.screening.report import EXAMPLES, Report
from dialer.intake.screening.row_filter import RowFilter
from dialer.intake.screening.rules import Rules, check
from dialer.intake.seen_ids import SeenIds
from dialer.intake.seen_numbers import UNSEEN, Seen
from dialer.intake.table import chunks
from dialer.messages.intake import screening as say
from dialer.models import NOWHERE, Problem, Status, e164

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dialer.hours.recipient_zones import Locate
    from dialer.intake.do_not_call import Suppression
    from dialer.intake.table import Chunk, Table
    from dialer.models import Own, Whereabouts

_Repeat = tuple[int, int, bool]

ROWS_AT_ONCE: Final = 5_000
"""Rows of a chunk: with more the memory grows and it becomes no faster."""


@dataclass(slots=True)
class _Rows:
    """The rows of a chunk while they are judged, column by column; a place is that of a row in the chunk."""

    first: int
    lines: Sequence[int]
    cells: Sequence[Sequence[str]]
    digests: NDArray[np.int32]
    numbers: NDArray[np.int64]
    keys: list[str | None]
    problems: dict[int, Problem]
    repaired: dict[int, str]
    newer: set[int]
    statuses: dict[int, Status] = field(default_factory=dict)
    own: Sequence[Own] = ()
    whereabouts: Sequence[Whereabouts] = ()
    shared: dict[int, str] = field(default_factory=dict)

    def callable(self) -> NDArray[np.intp]:
        """Return the places of the rows that nothing speaks against so far."""
        left = np.ones(len(self.cells), dtype=np.bool_)
        left[list(self.problems)] = False
        return np.flatnonzero(left)

    def at(self, places: NDArray[np.intp]) -> Sequence[Sequence[str]]:
        """Return the cells of some of the rows."""
        return cells_at(self.cells, places.tolist())

    def settle(self, at: int, status: Status, problem: Problem) -> None:
        """Take a row out of those that are called."""
        self.problems[at], self.statuses[at] = problem, status

    def done(self) -> InputRows:
        """Return the rows as they were judged."""
        return InputRows(
            first=self.first,
            lines=self.lines,
            cells=self.cells,
            keys=self.keys,
            numbers=self.numbers.tolist(),
            problems=self.problems,
            statuses=self.statuses,
            own=self.own,
            whereabouts=self.whereabouts,
        )


class Screening:
    """The rows of a table, judged in input order; to be iterated once.

    Args:
        table: what `loader.examine` returned.
        rules: what the campaign says.
        suppression: the numbers never to be called.
        attempted: lines (`numbers.line`) that an earlier run attempted, and the keys under which it did.
        own: says from the cells and keys of rows what each call has of its own, and by row why there can be none.
        locate: says in which time zones a recipient may be, or why that forbids the call; None without calling hours.
        should_stop: asked between chunks.

    Attributes:
        report: the tally of the rows so far.

    Raises:
        UsageError: the rules name a column or a region that there is not.
    """

    def __init__(
        self,
        table: Table,
        *,
        rules: Rules,
        suppression: Suppression,
        attempted: Mapping[int, tuple[str, ...]],
        own: Callable[[Sequence[Sequence[str]], Sequence[str | None]], tuple[Sequence[Own], dict[int, Problem]]],
        locate: Locate | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        check(table, rules)
        self.report = Report(table.repaired)
        self._table = table
        self._rules = rules
        self._suppression = suppression
        self._attempted = attempted
        self._own = own
        self._locate = locate
        self._should_stop = should_stop
        self._phones = PhoneCells(table, rules)
        self._filter = RowFilter(table, skip=rules.skip, only=rules.only)
        self._opt_outs = UnusedOptOuts(table.header, used=(*rules.phones, rules.id, *rules.skip, *rules.only))
        self._id = None if rules.id is None else table.header.index(rules.id)
        # What tells two people on one number from the same row sent twice.
        self._compared = [at for at in range(len(table.header)) if at not in (*self._phones.places, self._id)]
        self._required = tuple((name, table.header.index(name)) for name in rules.required)
        self._ids = SeenIds()
        self._seen = Seen()
        self._called = Seen()
        self._refused: list[tuple[int, int, str]] = []

    @property
    def phones(self) -> tuple[str, ...]:
        """The columns of the numbers, in the order in which they count."""
        return self._rules.phones

    def advice(self) -> str:
        """Say in words which setting would make numbers of the cells that are none; nothing where most are."""
        return self._phones.advice()

    def hints(self) -> tuple[str, ...]:
        """Say in words what is odd about the rows, once all are judged."""
        return (*self._filter.hints(), *self._phones.hints(), *self._opt_outs.hints(), *filter(None, [self.advice()]))

    def phone_words(self) -> str:
        """Say in words how many of the numbers come from each column; nothing where all come from one."""
        return self._phones.words()

    def __iter__(self) -> Iterator[InputRows]:
        """Yield the rows, chunk by chunk.

        Raises:
            InputError: the file was changed, or has duplicates where `duplicates` is "refuse".
            InterruptedRunError: `should_stop` said so.
        """
        with _no_collection():
            for chunk in chunks(self._table, size=ROWS_AT_ONCE):
                if self._should_stop():
                    raise InterruptedRunError(say.interrupted(self._table.path))
                rows = self._chunk(chunk)
                if len(self._refused) >= EXAMPLES:
                    raise self._refusal()
                yield rows
        if self._refused:
            raise self._refusal()
        # The ledger sorts what it was given only after the last row, and needs the room.
        self._ids, self._seen, self._called = SeenIds(), Seen(), Seen()

    def _chunk(self, chunk: Chunk) -> InputRows:
        phones, numbers = self._phones.judge(chunk.cells)
        rows = _Rows(
            first=chunk.first,
            lines=chunk.lines,
            cells=chunk.cells,
            digests=self._digests(chunk.cells),
            numbers=numbers.numbers,
            keys=self._keys(chunk.cells, numbers.numbers),
            problems=numbers.problems | dict(chunk.problems),
            repaired=numbers.repaired,
            newer=numbers.newer,
        )
        self._identify(rows)
        self._require(rows)
        rows.own, refused = self._own(rows.cells, rows.keys)
        rows.problems = refused | rows.problems
        if self._locate is not None:
            _find(rows, self._locate)
        rows.statuses.update(dict.fromkeys(rows.problems, Status.INVALID))
        # A row that is not to be called needs no fix.
        for at, problem in {**self._filter.left_out(rows.cells), **chunk.left_out}.items():
            rows.settle(at, Status.SUPPRESSED, problem)
        self._suppress(rows)
        self._find_duplicates(rows)
        self._filter.note(rows.first, rows.numbers, rows.problems)
        if self._opt_outs:
            self._opt_outs.count(rows.at(rows.callable()))
        done = rows.done()
        self._phones.note(done, phones)
        newer = sorted(rows.newer - rows.problems.keys())
        self.report.add(done, phones=phones, repaired=rows.repaired, newer=newer, shared=rows.shared)
        return done

    def _keys(self, cells: Sequence[Sequence[str]], numbers: NDArray[np.int64]) -> list[str | None]:
        if self._id is not None:
            return [*column_of(cells, self._id)]
        return [e164(number) if number else None for number in numbers.tolist()]

    def _identify(self, rows: _Rows) -> None:
        if self._id is None:
            return
        name, ids = self._rules.id or "", column_of(rows.cells, self._id)
        problems = {
            at: Problem("id_repeated", say.same_id(name, position=first, line=self._line(first)))
            for at, first in self._ids.repeats(ids, start=rows.first).items()
        }
        problems |= {at: Problem("id_empty", say.no_id(name)) for at, text in enumerate(ids) if not text.strip()}
        for at in problems:
            rows.keys[at] = None
        rows.problems = problems | rows.problems

    def _require(self, rows: _Rows) -> None:
        for name, index in self._required:
            for at, cell in enumerate(column_of(rows.cells, index)):
                if not cell.strip(INVISIBLE):
                    rows.problems.setdefault(at, Problem("required_empty", say.no_required(name)))
        for at, problem in rows.problems.items():
            if problem.code == "number_empty" and not any(rows.cells[at]):
                rows.problems[at] = Problem("row_empty", say.EMPTY_ROW)

    def _suppress(self, rows: _Rows) -> None:
        left = rows.callable()
        self.report.listed.update(dict(enumerate(self._suppression.counts(rows.numbers[left]))))
        for at in left[self._suppression.hits(rows.numbers[left])].tolist():
            reason = self._suppression.hit(int(rows.numbers[at]))
            rows.settle(at, Status.SUPPRESSED, Problem("suppressed", reason or say.SUPPRESSED))

    def _find_duplicates(self, rows: _Rows) -> None:
        left = rows.callable()
        if self._rules.duplicates == "call":
            repeats = self._repeats(rows, left, self._seen)
            rows.shared = {at: say.same_number(position=one, line=self._line(one)) for at, one, _ in repeats}
            return
        if self._attempted:
            left = self._settle_called(rows, left)
        for at, first, same in self._repeats(rows, left, self._seen):
            self._duplicate(rows, at, self._repeated(int(rows.numbers[at]), first, same=same))

    def _repeats(self, rows: _Rows, left: NDArray[np.intp], among: Seen, *, by_line: bool = True) -> Iterator[_Repeat]:
        """Yield the places whose number an earlier row has, the position of the first one, and if all is the same."""
        names = numbers.lines(rows.numbers[left]) if by_line else rows.numbers[left]
        positions, digests = _positions(rows, left), rows.digests[left]
        firsts, marks = among.firsts(names, positions, digests)
        for place in np.flatnonzero(firsts != positions).tolist():
            yield int(left[place]), int(firsts[place]), bool(marks[place] == digests[place])

    def _digests(self, cells: Sequence[Sequence[str]]) -> NDArray[np.int32]:
        columns = [column_of(cells, at) for at in self._compared]
        compared = zip(*columns, strict=True) if columns else repeat((), len(cells))
        return np.fromiter(map(hash, compared), dtype=np.int64, count=len(cells)).astype(np.int32)

    def _settle_called(self, rows: _Rows, left: NDArray[np.intp]) -> NDArray[np.intp]:
        """Settle the rows whose number an earlier run attempted; return the others.

        The row that was called stands. Any other is a duplicate of it, in the same words as before the call; where it
        does not come first, of the call.
        """
        lines = numbers.lines(rows.numbers[left]).tolist()
        called = {
            at: keys for at, line in zip(left.tolist(), lines, strict=True) if (keys := self._attempted.get(line))
        }
        own = np.array([at for at, keys in called.items() if rows.keys[at] in keys], dtype=np.intp)
        # Each id comes once by now; a number that is the key comes as often as rows have it, and only the first stands.
        for at, first, same in self._repeats(rows, own, self._called, by_line=self._id is not None):
            if self._id is None:
                self._duplicate(rows, at, self._repeated(int(rows.numbers[at]), first, same=same))
        self._settle_others(rows, {at: keys for at, keys in called.items() if rows.keys[at] not in keys})
        return left[~np.isin(left, list(called))]

    def _settle_others(self, rows: _Rows, called: Mapping[int, tuple[str, ...]]) -> None:
        names = [self._name(int(rows.numbers[at]), keys) for at, keys in called.items()]
        firsts, marks = self._called.find(np.array(names, dtype=np.int64))
        places = np.array(list(called), dtype=np.intp)
        is_before = (firsts != UNSEEN) & (firsts < _positions(rows, places))
        is_same = marks == rows.digests[places]
        for place, (at, keys) in enumerate(called.items()):
            if is_before[place]:
                problem = self._repeated(int(rows.numbers[at]), int(firsts[place]), same=bool(is_same[place]))
            else:
                problem = Problem("duplicate_attempted", say.called_before(keys[0], column=self._rules.id))
            self._duplicate(rows, at, problem)

    def _name(self, number: int, keys: tuple[str, ...]) -> int:
        """Return what the called rows of this line are found by: the line, or the spelling that is the key."""
        spellings = () if self._id is not None else numbers.spellings(number)
        return next((one for one in spellings if e164(one) in keys), numbers.line(number))

    def _duplicate(self, rows: _Rows, at: int, problem: Problem) -> None:
        rows.settle(at, Status.DUPLICATE, problem)
        if self._rules.duplicates == "refuse":
            self._refused.append((rows.lines[at], int(rows.numbers[at]), problem.reason))

    def _refusal(self) -> InputError:
        return InputError(say.duplicates(self._table.path, self._refused[:EXAMPLES]))

    def _line(self, position: int) -> int:
        return self._table.places.lines(position, 1)[0]

    def _repeated(self, number: int, first: int, *, same: bool) -> Problem:
        spellings, line = numbers.spellings(number), self._line(first)
        if same:
            return Problem("duplicate", say.same_row(spellings, position=first, line=line))
        return Problem("duplicate_number", say.shared_number(spellings, position=first, line=line))


def _positions(rows: _Rows, places: NDArray[np.intp]) -> NDArray[np.int32]:
    return places.astype(np.int32) + np.int32(rows.first)


def _find(rows: _Rows, locate: Locate) -> None:
    numbers, places = rows.numbers.tolist(), rows.callable().tolist()
    whereabouts = [NOWHERE] * len(rows.cells)
    for at in places:
        where = locate(rows.cells[at], numbers[at], rows.own[at].scheduled_at if rows.own else None)
        if isinstance(where, Problem):
            rows.problems[at] = where
        else:
            whereabouts[at] = where
    rows.whereabouts = whereabouts


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave the garbage collector out, also while rows are read and used: they make no cycles, and it costs a fifth."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
