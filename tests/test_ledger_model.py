"""Ledger and results CSV against a plain model: whatever happens, nobody is called twice unless a person asks for it.

A run goes start → (ask again) → load → intend → POST → outcome → end, and may be killed anywhere. In between the input
changes, the CSV is saved by a spreadsheet, the ledger is lost or an old copy of it comes back.
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dialer.executions import execution_in
from dialer.ledger import RedialRules, locked
from dialer.models import ATTEMPTED, Outcome, Status
from dialer.results import STAMP, ResultsFile, read_back, stamp_of
from dialer.results.cells import form_of
from dialer.session import lineage, opening
from dialer.session.lineage import Lineage, missing
from tests.ledgers import AGAIN, QUEUED, REFUSED, UNCLEAR, key_of, number_of, opened, row

if TYPE_CHECKING:
    from dialer.ledger import Ledger
    from dialer.models import Answer, Attempt, InputRow

MOST = 4
PEOPLE = st.integers(1, MOST)
RANK = {Status.ERROR: 1, Status.UNKNOWN: 2, Status.QUEUED: 3}
ENDED = execution_in({"id": "e", "status": "no-answer"})
ANYBODY = RedialRules({"no-answer"}, max_attempts=99, after=0.0)
STATE_AFTER = {Outcome.ERROR: Status.ERROR, Outcome.UNKNOWN: Status.UNKNOWN, Outcome.QUEUED: Status.QUEUED}


@dataclass
class Known:
    """What a ledger must know.

    Attributes:
        states: of whoever was attempted.
        released: what those were who may be called again in this run.
    """

    states: dict[int, Status] = field(default_factory=dict)
    released: dict[int, Status] = field(default_factory=dict)

    def copy(self) -> Known:
        return Known(dict(self.states), dict(self.released))

    def put_back(self, *indices: int) -> None:
        for index in indices:
            self.states[index] = self.released.pop(index)


@dataclass(frozen=True)
class Line:
    """A row of the input: who, under which name, and whether they can be called."""

    index: int
    name: str
    status: Status


@dataclass(frozen=True)
class Backup:
    """What a copy of the batch's files knows: the ledger, and each row of the CSV about somebody."""

    known: Known
    csv: dict[int, list[tuple[Status, int]]]


LINES = st.lists(
    st.builds(
        Line,
        index=PEOPLE,
        name=st.sampled_from(["Ann", "=Bob", "Zoë,\n"]),
        status=st.sampled_from([Status.PENDING, Status.PENDING, Status.PENDING, Status.SUPPRESSED, Status.INVALID]),
    ),
    min_size=2,
    max_size=MOST,
    unique_by=lambda line: line.index,
)


class LedgerMachine(RuleBasedStateMachine):
    """One batch through its life."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "x.ledger"
        self.lock = self.folder / "x.ledger.lock"
        self.results = self.folder / "x.results.csv"
        self.turn = contextlib.ExitStack()
        self.grace = lineage.GRACE
        self.ledger: Ledger | None = None
        self.file: ResultsFile | None = None
        self.known = Known()
        self.backup: Backup | None = None
        # Status and attempts of each row about somebody; the last of several is the latest.
        self.csv: dict[int, list[tuple[Status, int]]] = {}
        self.last_appended: int | None = None
        self.saved = False
        self.lines: list[Line] = []
        self.repeated: list[int] = []
        self.held: dict[int, Attempt] = {}
        self.posted: dict[int, bool] = {}
        # The world outside: what Bolna was asked, what it placed, and what a person answers for.
        self.posts: Counter[int] = Counter()
        self.placed: Counter[int] = Counter()
        self.calls: dict[str, int] = {}
        self.answered_for: Counter[int] = Counter()

    @initialize(with_id=st.booleans())
    def begin(self, *, with_id: bool) -> None:
        self.with_id = with_id
        self.header = ("phone", "name", "ref") if with_id else ("phone", "name")

    def teardown(self) -> None:
        if self.ledger is not None:
            self.ledger.close()
        self.turn.close()
        shutil.rmtree(self.folder)

    # -- names -----------------------------------------------------------------------------------------------

    def key(self, index: int) -> str:
        return f"=ref-{index}" if self.with_id else key_of(index)

    def index(self, key: str) -> int:
        return next(index for index in range(1, MOST + 1) if self.key(index) == key)

    def row(self, position: int, line: Line, status: Status) -> InputRow:
        cells = (key_of(line.index), line.name, self.key(line.index))[: len(self.header)]
        return row(position, line.index, line.name, status=status, key=self.key(line.index), cells=cells)

    def callable(self) -> list[int]:
        """Return who may be called now, in input order."""
        return [
            line.index
            for line in self.lines
            if line.status is Status.PENDING and line.index not in self.known.states and line.index not in self.held
        ]

    # -- a run -----------------------------------------------------------------------------------------------

    dead = precondition(lambda self: self.ledger is None)
    dialling = precondition(lambda self: self.ledger is not None)

    @dead
    @rule(
        lines=LINES,
        repeated=st.lists(PEOPLE, max_size=1),
        asked=st.lists(st.sampled_from([Status.ERROR, Status.UNKNOWN, Status.QUEUED]), max_size=2, unique=True),
        over=st.sets(PEOPLE),
        killed=st.sampled_from([None, None, None, None, "merged", "released", "loaded"]),
    )
    def start(
        self, lines: list[Line], repeated: list[int], asked: list[Status], over: set[int], killed: str | None
    ) -> None:
        """Begin a run, which may be killed at each step of its opening; some people's calls are over by then."""
        self.lineage = Lineage(self.turn.enter_context(locked(self.lock, command="run")), self.path)
        self.ledger = opened(self.path)
        with patch.object(lineage, "GRACE", self.grace):
            self.lineage.begin(self.ledger)
        self.grace = lineage.GRACE
        self.known.put_back(*self.known.released)
        self.last_appended = None
        self.merge()
        if killed == "merged":
            return self.kill()
        self.track(over)
        for state in asked:
            self.release(state)
        if killed == "released":
            return self.kill()
        self.load(lines, repeated)
        if killed == "loaded":
            return self.kill()
        if missing(self.ledger):
            self.find_missing()
        self.file = ResultsFile(self.results, header=self.header, with_id=self.with_id)
        return self.write(pending=False)

    def merge(self) -> None:
        """Take over what the CSV knows further."""
        assert self.ledger is not None
        stamp = self.ledger.note(STAMP)
        if not self.results.exists() or stamp_of(self.results) == stamp:
            return
        further = {index: found for index, rows in self.csv.items() if (found := self.further(index, rows)) is not None}
        back = read_back(self.results, with_id=self.with_id, known=self.ledger.knows)
        assert self.ledger.behind(back.rows) >= len(further)
        taken = opening._take_over(self.ledger, self.results, back, stamp=stamp, is_certain=self.lineage.is_certain)
        # More attempts at the same state are taken over as well, and change nothing here.
        assert {status for status in taken if status in further.values()} == set(further.values())
        self.known.states |= further

    def further(self, index: int, rows: list[tuple[Status, int]]) -> Status | None:
        """Return what the CSV's rows make of somebody; None where the ledger knows as much."""
        found, state = None, self.known.states.get(index)
        attempts, accepted = self.recorded(index)
        for status, tried in rows:
            if accepted and tried != attempts:
                is_further = tried > attempts and status is not Status.ERROR
            else:
                is_further = (RANK[status], tried) > (RANK.get(state or Status.PENDING, 0), attempts)
            if is_further:
                found = state = status
                attempts, accepted = max(tried, attempts), accepted or status is Status.QUEUED
        return found

    def recorded(self, index: int) -> tuple[int, bool]:
        """Return how many attempts the ledger has at somebody, and whether Bolna accepted one."""
        assert self.ledger is not None
        row = self.ledger._db.execute(
            "SELECT attempts, EXISTS (SELECT 1 FROM attempt WHERE recipient = r.id AND outcome = 'queued') "
            "FROM recipient r WHERE key = ?",
            (self.key(index),),
        ).fetchone()
        return row or (0, False)

    def track(self, over: set[int]) -> None:
        """Learn that some people's calls have ended without an answer."""
        assert self.ledger is not None
        assert ENDED is not None
        numbers = {number_of(index) for index in over}
        self.ledger.note_calls((call.attempt, ENDED) for call in self.ledger.open_calls() if call.number in numbers)

    def release(self, state: Status) -> None:
        """Make callable again whoever is in a state: a person asked for it."""
        assert self.ledger is not None
        asked = [index for index, was in self.known.states.items() if was is state]
        if state is Status.QUEUED:
            rings = {call.number for call in self.ledger.open_calls()}
            asked = [index for index in asked if number_of(index) not in rings]
            assert self.ledger.redial(ANYBODY, what="asked", now=time.time() + 1).released == len(asked)
        else:
            assert self.ledger.release(state, what="asked") == len(asked)
        for index in asked:
            self.known.released[index] = self.known.states.pop(index)
            self.answered_for[index] += 1

    def load(self, lines: list[Line], repeated: list[int]) -> None:
        assert self.ledger is not None
        self.lines, there = lines, {line.index: line for line in lines}
        self.repeated = [index for index in repeated if index in there]
        rows = [self.row(at, line, line.status) for at, line in enumerate(lines, 1)]
        rows += [self.row(at, there[index], Status.DUPLICATE) for at, index in enumerate(self.repeated, len(lines) + 1)]
        self.ledger.load(
            self.header, phone="phone", id_column="ref" if self.with_id else None, chunks=[rows[:2], rows[2:]]
        )
        self.known.put_back(*(self.known.released.keys() - set(self.callable())))

    def find_missing(self) -> None:
        """Adopt the calls that a lost run has placed."""
        assert self.ledger is not None
        here = {number_of(index) for index in self.callable()}
        assert here <= self.ledger.pending_numbers()
        for mark, index in self.calls.items():
            for key in self.ledger.pending_with(number_of(index)):
                if mark.startswith(self.ledger.shared_reference(key)):
                    is_new = not self.knows(mark)
                    assert self.ledger.adopt(key, mark, execution_id=f"exec-{mark}") == is_new
                    if is_new:
                        self.known.released.pop(index, None)
                        self.known.states[index] = Status.QUEUED

    def knows(self, mark: str) -> bool:
        """Tell whether the ledger has the call with this reference."""
        assert self.ledger is not None
        query = "SELECT 1 FROM attempt WHERE reference = ? AND outcome = 'queued'"
        return self.ledger._db.execute(query, (mark,)).fetchone() is not None

    @dialling
    @rule(size=st.integers(1, 3))
    def intend(self, size: int) -> None:
        assert self.ledger is not None
        page = self.ledger.page(after=0, size=size)
        assert [self.index(recipient.key) for recipient in page] == self.callable()[:size]
        for attempt in self.ledger.intend(page):
            self.held[self.index(attempt.recipient.key)] = attempt

    def first(self, *, posted: bool) -> int | None:
        return next((index for index in self.held if (index in self.posted) == posted), None)

    @precondition(lambda self: self.first(posted=False) is not None)
    @rule(is_placed=st.booleans())
    def post(self, *, is_placed: bool) -> None:
        index = self.first(posted=False)
        assert index is not None
        self.posted[index] = is_placed
        self.posts[index] += 1
        if is_placed:
            self.placed[index] += 1
            self.calls[self.held[index].reference] = index

    @precondition(lambda self: self.first(posted=True) is not None)
    @rule(unclear=st.booleans(), again=st.booleans(), shown=st.booleans())
    def settle(self, *, unclear: bool, again: bool, shown: bool) -> None:
        index = self.first(posted=True)
        assert index is not None
        sure = QUEUED if self.posted[index] else AGAIN if again else REFUSED
        self.outcome(index, UNCLEAR if unclear else sure, shown=shown)

    def outcome(self, index: int, answer: Answer, *, shown: bool) -> None:
        assert self.ledger is not None
        assert self.file is not None
        attempt = self.held.pop(index)
        del self.posted[index]
        if answer is QUEUED:
            answer = replace(answer, execution_id=f"exec-{attempt.reference}")
        self.ledger.settle(attempt, answer)
        if answer.outcome is Outcome.RETRY:
            self.posts[index] -= 1
            return
        self.known.states[index] = STATE_AFTER[answer.outcome]
        self.known.released.pop(index, None)
        # A kill may come between the outcome and its line in the CSV.
        if shown:
            (shown_row,) = self.ledger.results_of([attempt.recipient.position])
            self.file.append([shown_row])
            self.csv.setdefault(index, []).append((STATE_AFTER[answer.outcome], shown_row.attempts))
            self.last_appended = index if not self.saved else None

    @dialling
    @rule(answers=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=3), one_more=st.booleans())
    def call_several(self, answers: list[tuple[bool, bool, bool]], *, one_more: bool) -> None:
        """Do what mostly happens: intent, POST and outcome of several; perhaps one more is in flight then."""
        for is_placed, unclear, again in answers:
            self.intend(size=1)
            if self.first(posted=False) is not None:
                self.post(is_placed=is_placed)
                self.settle(unclear=unclear, again=again, shown=True)
        self.intend(size=1)
        if one_more and self.first(posted=False) is not None:
            self.post(is_placed=True)

    @precondition(lambda self: self.first(posted=False) is not None)
    @rule()
    def withhold(self) -> None:
        assert self.ledger is not None
        index = self.first(posted=False)
        assert index is not None
        self.ledger.withhold([self.held.pop(index)], reason="outside the window")

    @dialling
    @rule()
    def reconcile(self) -> None:
        assert self.ledger is not None
        doubts = self.ledger.doubts()
        unknown = {index for index, state in self.known.states.items() if state is Status.UNKNOWN}
        assert {doubt.number for doubt in doubts} == {number_of(index) for index in unknown}
        for doubt in doubts:
            if doubt.reference in self.calls:
                index = self.calls[doubt.reference]
                self.ledger.found(doubt.reference, execution_id=f"exec-{doubt.reference}")
                self.known.states[index] = Status.QUEUED

    @dialling
    @rule()
    def end(self) -> None:
        """End in order: whoever is in flight is settled, whoever was not sent is pending again."""
        assert self.ledger is not None
        while (index := self.first(posted=True)) is not None:
            self.outcome(index, QUEUED if self.posted[index] else REFUSED, shown=True)
        while self.first(posted=False) is not None:
            self.withhold()
        assert self.ledger.put_back() == len(self.known.released)
        self.known.put_back(*self.known.released)
        self.write(pending=True)
        self.check_rows()
        self.ledger.close()
        self.lineage.end()
        self.turn.close()
        self.ledger = self.file = None

    # -- what goes wrong -------------------------------------------------------------------------------------

    @dialling
    @rule(is_torn=st.booleans())
    def crash(self, *, is_torn: bool) -> None:
        """Die in the middle of it."""
        self.kill()
        if is_torn and self.last_appended is not None:
            content = self.results.read_bytes()
            line = content.rindex(b"\r\n", 0, len(content) - 2)
            # Within the number, so that the line tells nobody.
            self.results.write_bytes(content[: content.index(b"+9198", line) + 7])
            self.csv[self.last_appended].pop()

    def kill(self) -> None:
        """Leave the files as a killed process does; whoever holds an intent is unknown to the next one."""
        assert self.ledger is not None
        said = self.lock.read_bytes()
        copy_ledger(self.path, self.folder / "left")
        self.ledger.close()
        copy_ledger(self.folder / "left", self.path)
        self.turn.close()
        self.lock.write_bytes(said)
        self.ledger = self.file = None
        for index in self.held:
            self.known.released.pop(index, None)
            self.known.states[index] = Status.UNKNOWN
        self.held.clear()
        self.posted.clear()

    @precondition(lambda self: self.results.exists())
    @rule()
    def a_spreadsheet_saves_the_results(self) -> None:
        """Also while they are appended to."""
        with self.results.open(encoding="utf-8-sig", newline="") as file:
            form = form_of(file)
            file.seek(0)
            head, *rows = csv.reader(file, delimiter=form.delimiter)
        at = head.index("recipient_phone_number")
        with self.results.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
            for line in (line for line in [head, *rows] if len(line) == len(head)):
                shown = f"{float(line[at]):.5E}" if line[at].startswith("+") and not self.with_id else line[at]
                writer.writerow([*line[:at], shown, *line[at + 1 :]][::-1])
        self.last_appended, self.saved = None, True

    @dead
    @precondition(lambda self: self.path.exists())
    @rule()
    def a_backup_is_made(self) -> None:
        copy_ledger(self.path, self.folder / "backup")
        copy(self.lock, self.folder / "backup.lock")
        copy(self.results, self.folder / "backup.csv")
        self.backup = Backup(self.known.copy(), {index: list(rows) for index, rows in self.csv.items()})

    @dead
    @precondition(lambda self: self.backup is not None)
    @rule(lock_is_lost=st.booleans())
    def the_ledger_of_the_backup_comes_back(self, *, lock_is_lost: bool) -> None:
        """Beside the newer results."""
        assert self.backup is not None
        copy_ledger(self.folder / "backup", self.path)
        if lock_is_lost:
            self.lock.unlink(missing_ok=True)
        self.now_knows(self.backup.known)

    @dead
    @precondition(lambda self: self.backup is not None)
    @rule()
    def all_of_the_backup_comes_back(self) -> None:
        """A while after anything else happened."""
        assert self.backup is not None
        changed = lineage._changed(self.path)
        copy_ledger(self.folder / "backup", self.path)
        while lineage._changed(self.path) == changed:
            os.utime(self.path)
        self.grace = -math.inf
        copy(self.folder / "backup.lock", self.lock)
        copy(self.folder / "backup.csv", self.results)
        self.csv = {index: list(rows) for index, rows in self.backup.csv.items()}
        self.last_appended, self.saved = None, True
        self.now_knows(self.backup.known)

    @dead
    @precondition(lambda self: self.results.exists())
    @rule(results_too=st.booleans())
    def the_ledger_is_lost(self, *, results_too: bool) -> None:
        for ending in ("", "-wal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        # Where nothing is left at all, nothing tells.
        if results_too and self.lock.exists():
            self.results.unlink()
            self.csv = {}
        self.now_knows(Known())

    def now_knows(self, known: Known) -> None:
        self.known = known.copy()
        self.forgive()

    def forgive(self) -> None:
        """Whoever was in flight and has no row is looked for at Bolna: only what was placed there counts now."""
        for index in self.posts:
            if not self.csv.get(index) and index not in self.known.states:
                self.posts[index] = self.placed[index]

    # -- what must be true -----------------------------------------------------------------------------------

    def write(self, *, pending: bool) -> None:
        assert self.ledger is not None
        assert self.file is not None
        opening.write_results(self.ledger, self.file, pending=pending)
        rows = {self.index(row.key): (row.status, row.attempts) for row in self.ledger.results() if row.key}
        called = {index: found for index, found in rows.items() if found[0] in ATTEMPTED}
        assert {index: status for index, (status, _) in called.items()} == self.known.states | self.known.released
        self.csv = {index: [found] for index, found in called.items()}
        self.last_appended, self.saved = None, False

    @invariant()
    def nobody_is_called_twice_unless_a_person_asked(self) -> None:
        for index in range(1, MOST + 1):
            assert self.placed[index] <= 1 + self.answered_for[index]
            assert self.posts[index] <= 1 + self.answered_for[index]

    @precondition(lambda self: self.ledger is not None)
    @invariant()
    def the_counts_are_those_of_the_rows(self) -> None:
        assert self.ledger is not None
        shown = Counter(
            self.state_now(result.key) or result.status
            for result in self.ledger.results()
            if result.position is not None
        )
        assert self.ledger.counts() == shown

    def state_now(self, key: str) -> Status | None:
        """Return the state of somebody whom the results show otherwise: they say what is known if this run dies."""
        if not key or self.index(key) in self.held:
            return Status.SENDING if key else None
        return Status.PENDING if self.index(key) in self.known.released else None

    def expected(self) -> list[tuple[int | None, str, Status]]:
        """Return position, key and status of every row there has to be, in order."""
        rows: list[tuple[int | None, str, Status]] = []
        for at, line in enumerate(self.lines, 1):
            state = self.known.states.get(line.index, line.status)
            rows.append((at, self.key(line.index) if state in {*ATTEMPTED, Status.PENDING} else "", state))
        rows += [(at, "", Status.DUPLICATE) for at, _ in enumerate(self.repeated, len(self.lines) + 1)]
        here = {line.index for line in self.lines}
        gone = [(None, self.key(index), state) for index, state in self.known.states.items() if index not in here]
        return rows + sorted(gone, key=lambda one: one[1])

    def check_rows(self) -> None:
        assert self.ledger is not None
        results = list(self.ledger.results())
        here = [result for result in results if result.position is not None]
        gone = sorted((result for result in results if result.position is None), key=lambda result: result.key)
        assert results[: len(here)] == here
        assert [(one.position, one.key, one.status) for one in here + gone] == self.expected()
        back = read_back(self.results, with_id=self.with_id)
        assert {found.key: found.status for found in back.rows} == {
            self.key(index): state for index, state in self.known.states.items()
        }
        assert len(back.rows) + back.never_sent == len(results)


def copy(path: Path, to: Path) -> None:
    """Write a copy into the file that is there, or make it as missing as this one."""
    if path.exists():
        shutil.copyfile(path, to)
    else:
        to.unlink(missing_ok=True)


def copy_ledger(path: Path, to: Path) -> None:
    for ending in ("", "-wal"):
        copy(Path(f"{path}{ending}"), Path(f"{to}{ending}"))


LedgerMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLedgerAgainstAModel = LedgerMachine.TestCase
