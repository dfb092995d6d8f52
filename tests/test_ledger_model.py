"""Ledger and results CSV against what the server saw: nobody is called twice unless a person asks, and nobody is lost.

The promises are about calls that were placed, and about what somebody reads in the results; how the ledger gets there
is its own affair. A run goes start → (ask again) → load → intend → POST → outcome → end, and may be killed anywhere. In
between the input changes, the CSV is saved by a spreadsheet, the ledger is lost or an old copy of it comes back.
"""

from __future__ import annotations

import contextlib
import csv
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dialer.export.results import STAMP, ResultsFile, read_back, stamp_of
from dialer.export.results.cells import form_of
from dialer.models import Outcome, Status
from dialer.operations import adoption
from dialer.operations.results import write_results
from dialer.provider.bolna.executions import execution_in
from dialer.store import RedialRules
from dialer.store.sqlite import locked, mark_of
from tests.engines import ENGINES, freeze, skip_where_missing
from tests.ledgers import AGAIN, ANYBODY, QUEUED, REFUSED, UNCLEAR, in_columns, key_of, number_of, opened, render, row

if TYPE_CHECKING:
    from dialer.input_rows import InputRow
    from dialer.models import Answer, Attempt
    from dialer.store import Store
    from dialer.store.postgres import Batch

MOST = 4
PEOPLE = st.integers(1, MOST)
STATE_AFTER = {Outcome.ERROR: Status.ERROR, Outcome.UNKNOWN: Status.UNKNOWN, Outcome.QUEUED: Status.QUEUED}
ENDED = execution_in({"id": "e", "status": "no-answer"})
PLAN = RedialRules(("no-answer",), max_attempts=3, after=0.0, times=(0.0, 0.0))


@dataclass(frozen=True)
class Evidence:
    """The last that files tell of somebody: of which request it is, and what came of it.

    Attributes:
        turn: the how-manyeth of all requests.
        status: QUEUED, UNKNOWN or ERROR.
        execution_id: of the accepted call.
    """

    turn: int
    status: Status
    execution_id: str = ""


@dataclass(frozen=True)
class Placed:
    """A call that the server has placed: which request it was, whom it called, and what it carried."""

    turn: int
    index: int
    mark: str

    @property
    def execution_id(self) -> str:
        return f"exec-{self.turn}"


def newest(*found: Evidence | None) -> Evidence | None:
    """Return what counts of all that is known of somebody: a refusal takes nothing away from a call."""
    told = [one for one in found if one is not None]
    calls = [one for one in told if one.status is not Status.ERROR]
    return max(calls or told, key=lambda one: (one.turn, one.status is Status.QUEUED), default=None)


@dataclass(frozen=True)
class Line:
    """A row of the input: who, under which name, and whether they can be called."""

    index: int
    name: str
    status: Status


@dataclass(frozen=True)
class Backup:
    """What a copy of the batch's files tells: the ledger, and each row of the CSV about somebody."""

    known: dict[int, Evidence]
    csv: dict[int, list[Evidence]]


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
    """One batch through its life, its ledger in a file."""

    is_file = True
    """Only a file can be lost, or come back from a backup, while all others stay."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "x.ledger"
        self.lock = self.folder / "x.ledger.lock"
        self.results = self.folder / "x.results.csv"
        self.turn = contextlib.ExitStack()
        self.ledger: Store | None = None
        self.file: ResultsFile | None = None
        # What the ledger has to know of everybody who was attempted, and who may be called again in this run.
        self.known: dict[int, Evidence] = {}
        self.permitted: set[int] = set()
        self.backup: Backup | None = None
        # Of each row about somebody; the last of several is the latest.
        self.csv: dict[int, list[Evidence]] = {}
        self.last_appended: int | None = None
        self.saved = False
        self.lines: list[Line] = []
        self.repeated: list[int] = []
        self.held: dict[int, tuple[int, Attempt]] = {}
        self.posted: dict[int, bool] = {}
        self.turns = 0
        # The world outside: what the server placed, and what it and a person did about somebody, in order.
        self.server: list[Placed] = []
        self.history: dict[int, list[str]] = {index: [] for index in range(1, MOST + 1)}

    @initialize(with_id=st.booleans())
    def begin(self, *, with_id: bool) -> None:
        self.with_id = with_id
        self.header = ("phone", "name", "ref") if with_id else ("phone", "name")

    def teardown(self) -> None:
        if self.ledger is not None:
            self.ledger.close()
        self.turn.close()
        shutil.rmtree(self.folder)

    def opened(self) -> Store:
        return opened(self.path)

    def die(self, ledger: Store) -> None:
        """Leave what a killed process leaves."""
        copy_ledger(self.path, self.folder / "left")
        ledger.close()
        copy_ledger(self.folder / "left", self.path)

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
            if line.status is Status.PENDING
            and line.index not in self.held
            and (line.index not in self.known or line.index in self.permitted)
        ]

    def learn(self, index: int, evidence: Evidence) -> None:
        found = newest(self.known.get(index), evidence)
        assert found is not None
        self.known[index] = found

    def permit(self, index: int) -> None:
        self.permitted.add(index)
        self.history[index].append("permitted")

    def revoke(self, *indices: int) -> None:
        for index in indices:
            if index in self.permitted:
                self.permitted.remove(index)
                self.history[index].append("revoked")

    # -- a run -----------------------------------------------------------------------------------------------

    dead = precondition(lambda self: self.ledger is None)
    dialling = precondition(lambda self: self.ledger is not None)

    @dead
    @rule(
        lines=LINES,
        repeated=st.lists(PEOPLE, max_size=1),
        asked=st.lists(st.sampled_from([Status.ERROR, Status.UNKNOWN, Status.QUEUED]), max_size=2, unique=True),
        over=st.one_of(st.just(set(range(1, MOST + 1))), st.sets(PEOPLE)),
        planned=st.booleans(),
        killed=st.sampled_from([None, None, None, None, "merged", "released", "loaded"]),
    )
    def start(
        self,
        lines: list[Line],
        repeated: list[int],
        asked: list[Status],
        over: set[int],
        killed: str | None,
        *,
        planned: bool = False,
    ) -> None:
        """Begin a run, which may be killed at each step of its opening; some people's calls are over by then."""
        self.turn.enter_context(locked(self.lock, command="run"))
        self.ledger = self.opened()
        self.ledger.begin_work()
        self.last_appended = None
        self.merge()
        if killed == "merged":
            return self.kill()
        self.track(over)
        for state in asked:
            self.release(state)
        if planned:
            self.plan()
        if killed == "released":
            return self.kill()
        self.load(lines, repeated)
        if killed == "loaded":
            return self.kill()
        self.find_missing()
        self.file = ResultsFile(self.results, header=self.header, with_id=self.with_id)
        return self.write(pending=False)

    def merge(self) -> None:
        """Take over what the CSV knows further."""
        assert self.ledger is not None
        stamp = self.ledger.note(STAMP)
        if not self.results.exists() or stamp_of(self.results) == stamp:
            return
        back = read_back(self.results, with_id=self.with_id, known=self.ledger.knows)
        adoption._take_over(self.ledger, back, stamp=stamp)
        for index, rows in self.csv.items():
            for evidence in rows:
                self.learn(index, evidence)

    def track(self, over: set[int]) -> None:
        """Learn that some people's calls have ended without an answer."""
        assert self.ledger is not None
        assert ENDED is not None
        numbers = {number_of(index) for index in over}
        self.ledger.note_calls((call.attempt, ENDED) for call in self.ledger.open_calls() if call.number in numbers)

    def release(self, state: Status) -> None:
        """Let everybody in a state be called again: a person asked for it."""
        assert self.ledger is not None
        # Not while a call of theirs may still ring.
        rings = {call.number for call in self.ledger.open_calls()}
        asked = [
            index
            for index, found in self.known.items()
            if found.status is state and number_of(index) not in rings and index not in self.permitted
        ]
        assert self.ledger.permit(state, ANYBODY, what="asked", now=time.time() + 1).released == len(asked)
        for index in asked:
            self.permit(index)

    def plan(self) -> None:
        """Let those be called again who are due by plan: nobody has to ask, but nobody gets a fourth call by it."""
        assert self.ledger is not None
        rings = {call.number for call in self.ledger.open_calls()}
        before = set(self.permitted)
        self.ledger.redial_by_plan(PLAN, now=time.time() + 1)
        due = {self.index(one.key) for one in self.ledger.page(after=0, size=100) if one.attempts}
        for index in due & self.known.keys() - before:
            assert self.known[index].status is Status.QUEUED
            assert number_of(index) not in rings
            assert self.history[index].count("placed") < PLAN.max_attempts
            self.permit(index)

    def load(self, lines: list[Line], repeated: list[int]) -> None:
        assert self.ledger is not None
        self.lines, there = lines, {line.index: line for line in lines}
        self.repeated = [index for index in repeated if index in there]
        rows = [self.row(at, line, line.status) for at, line in enumerate(lines, 1)]
        rows += [self.row(at, there[index], Status.DUPLICATE) for at, index in enumerate(self.repeated, len(lines) + 1)]
        chunks = map(in_columns, (rows[:2], rows[2:]))
        self.ledger.load(self.header, phones=("phone",), id_column="ref" if self.with_id else None, chunks=chunks)
        self.revoke(*(self.permitted - set(self.callable())))

    def find_missing(self) -> None:
        """Adopt the calls that a lost run has placed."""
        assert self.ledger is not None
        assert {number_of(index) for index in self.callable()} <= self.ledger.callable_numbers()
        for call in self.server:
            if self.ledger.adopt([number_of(call.index)], call.mark, execution_id=call.execution_id):
                self.learn(call.index, Evidence(call.turn, Status.QUEUED, call.execution_id))
                self.revoke(call.index)

    @dialling
    @rule(size=st.integers(1, 3))
    def intend(self, size: int) -> None:
        assert self.ledger is not None
        page = self.ledger.page(after=0, size=size)
        assert [self.index(recipient.key) for recipient in page] == self.callable()[:size]
        for attempt in self.ledger.intend(page, render):
            self.turns += 1
            self.held[self.index(attempt.recipient.key)] = (self.turns, attempt)

    def first(self, *, posted: bool) -> int | None:
        return next((index for index in self.held if (index in self.posted) == posted), None)

    @precondition(lambda self: self.first(posted=False) is not None)
    @rule(is_placed=st.booleans())
    def post(self, *, is_placed: bool) -> None:
        index = self.first(posted=False)
        assert index is not None
        self.posted[index] = is_placed
        if is_placed:
            turn, attempt = self.held[index]
            self.server.append(Placed(turn, index, attempt.reference))
            self.history[index].append("placed")

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
        turn, attempt = self.held.pop(index)
        del self.posted[index]
        call = Evidence(turn, STATE_AFTER.get(answer.outcome, Status.PENDING))
        if answer is QUEUED:
            call = replace(call, execution_id=f"exec-{turn}")
        self.ledger.settle([(attempt, replace(answer, execution_id=call.execution_id or None))])
        if answer.outcome is Outcome.RETRY:
            return
        self.learn(index, call)
        self.revoke(index)
        # A kill may come between the outcome and its line in the CSV.
        if shown:
            self.file.append(self.ledger.results_of([attempt.recipient.position]))
            self.csv.setdefault(index, []).append(self.known[index])
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
        _, attempt = self.held.pop(index)
        self.ledger.withhold([attempt], reason="outside the window")

    @dialling
    @rule()
    def reconcile(self) -> None:
        assert self.ledger is not None
        doubts = self.ledger.doubts()
        unknown = {index for index, found in self.known.items() if found.status is Status.UNKNOWN}
        assert {doubt.number for doubt in doubts} == {number_of(index) for index in unknown - self.held.keys()}
        for doubt in doubts:
            for call in (call for call in self.server if call.mark == doubt.reference):
                self.ledger.found(call.mark, execution_id=call.execution_id)
                self.learn(call.index, Evidence(call.turn, Status.QUEUED, call.execution_id))
                self.revoke(call.index)

    @dialling
    @rule()
    def end(self) -> None:
        """End in order: calls in flight are settled, and people whose request was not sent are pending again."""
        assert self.ledger is not None
        while (index := self.first(posted=True)) is not None:
            self.outcome(index, QUEUED if self.posted[index] else REFUSED, shown=True)
        while self.first(posted=False) is not None:
            self.withhold()
        assert self.ledger.end_permissions() == len(self.permitted)
        self.revoke(*self.permitted)
        self.write(pending=True)
        self.check_rows()
        self.ledger.close()
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
        """Leave the files as a killed process does; people with an intent are unknown to the next one."""
        assert self.ledger is not None
        said = self.lock.read_bytes()
        self.die(self.ledger)
        self.turn.close()
        self.lock.write_bytes(said)
        self.ledger = self.file = None
        for index, (turn, _) in self.held.items():
            self.learn(index, Evidence(turn, Status.UNKNOWN))
        self.revoke(*self.permitted)
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
    @precondition(lambda self: self.is_file and self.path.exists())
    @rule()
    def a_backup_is_made(self) -> None:
        copy_ledger(self.path, self.folder / "backup")
        copy(self.lock, self.folder / "backup.lock")
        copy(mark_of(self.path), self.folder / "backup.mark")
        copy(self.results, self.folder / "backup.csv")
        self.backup = Backup(dict(self.known), {index: list(rows) for index, rows in self.csv.items()})

    @dead
    @precondition(lambda self: self.backup is not None)
    @rule(mark_is_lost=st.booleans())
    def the_ledger_of_the_backup_comes_back(self, *, mark_is_lost: bool) -> None:
        """Beside the newer results."""
        assert self.backup is not None
        copy_ledger(self.folder / "backup", self.path)
        if mark_is_lost:
            mark_of(self.path).unlink(missing_ok=True)
        self.known = dict(self.backup.known)

    @dead
    @precondition(lambda self: self.backup is not None)
    @rule()
    def all_of_the_backup_comes_back(self) -> None:
        assert self.backup is not None
        copy_ledger(self.folder / "backup", self.path)
        copy(self.folder / "backup.lock", self.lock)
        copy(self.folder / "backup.mark", mark_of(self.path))
        copy(self.folder / "backup.csv", self.results)
        self.csv = {index: list(rows) for index, rows in self.backup.csv.items()}
        self.last_appended, self.saved = None, True
        self.known = dict(self.backup.known)

    @dead
    @precondition(lambda self: self.is_file and self.results.exists())
    @rule(results_too=st.booleans())
    def the_ledger_is_lost(self, *, results_too: bool) -> None:
        for ending in ("", "-wal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        # Where nothing is left at all, nothing tells.
        if results_too and mark_of(self.path).exists():
            self.results.unlink()
            self.csv = {}
        self.known = {}

    # -- what must be true -----------------------------------------------------------------------------------

    def write(self, *, pending: bool) -> None:
        assert self.ledger is not None
        assert self.file is not None
        write_results(self.ledger, self.file, pending=pending)
        # However much of the former file was kept, it is as if it had been written from the ledger alone.
        whole = ResultsFile(self.results.with_suffix(".whole"), header=self.header, with_id=self.with_id)
        whole.write(self.ledger.results(pending=pending), calls=self.ledger.call_parts())
        assert self.results.read_bytes() == whole.path.read_bytes()
        self.csv = {index: [found] for index, found in self.known.items()}
        self.last_appended, self.saved = None, False

    @invariant()
    def nobody_is_called_twice_unless_a_person_asked_since_then(self) -> None:
        for events in self.history.values():
            was_called, may_be = False, False
            for event in events:
                assert event != "placed" or may_be or not was_called, events
                may_be = event == "permitted"
                was_called |= event == "placed"

    @invariant()
    def no_two_calls_carry_the_same_reference(self) -> None:
        assert len({call.mark for call in self.server}) == len(self.server)

    @precondition(lambda self: self.file is not None)
    @invariant()
    def whoever_was_called_is_shown_so_and_can_only_be_called_where_a_person_asked(self) -> None:
        assert self.ledger is not None
        shown = {self.index(row.key): row for row in self.ledger.results() if row.key}
        callable_ = {self.index(one.key) for one in self.ledger.page(after=0, size=100)}
        assert callable_ == set(self.callable())
        for call in self.server:
            assert call.index not in callable_ or call.index in self.permitted
            # Who is not in the input, or cannot be called, may be missing from an older ledger.
            assert call.index not in shown or shown[call.index].status in {Status.QUEUED, Status.UNKNOWN}

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
        return Status.PENDING if self.index(key) in self.permitted else None

    def expected(self) -> list[tuple[int | None, str, Status, str]]:
        """Return position, key, status and execution id of every row there has to be, in order."""
        rows: list[tuple[int | None, str, Status, str]] = []
        for at, line in enumerate(self.lines, 1):
            found = self.known.get(line.index)
            status = line.status if found is None else found.status
            key = self.key(line.index) if found is not None or status is Status.PENDING else ""
            rows.append((at, key, status, "" if found is None else found.execution_id))
        rows += [(at, "", Status.DUPLICATE, "") for at, _ in enumerate(self.repeated, len(self.lines) + 1)]
        here = {line.index for line in self.lines}
        gone = [
            (None, self.key(index), found.status, found.execution_id)
            for index, found in self.known.items()
            if index not in here
        ]
        return rows + sorted(gone, key=lambda one: one[1])

    def check_rows(self) -> None:
        assert self.ledger is not None
        results = list(self.ledger.results())
        here = [result for result in results if result.position is not None]
        gone = sorted((result for result in results if result.position is None), key=lambda result: result.key)
        assert results[: len(here)] == here
        found = [(one.position, one.key, one.status, one.execution_id) for one in here + gone]
        assert found == self.expected()
        back = read_back(self.results, with_id=self.with_id)
        assert {one.key: (one.status, one.execution_id) for one in back.rows} == {
            self.key(index): (one.status, one.execution_id) for index, one in self.known.items()
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


class DatabaseMachine(LedgerMachine):
    """The same of a batch in a database."""

    is_file = False

    def opened(self) -> Store:
        return ENGINES["postgres"][0](self.path)

    def die(self, ledger: Store) -> None:
        dead = cast("Batch", ledger)
        # Over at once, as if the next run came when its lease had run out.
        freeze(dead)
        assert dead._beats is not None
        dead._beats.close()
        dead._session.close()


MACHINES = {"sqlite": LedgerMachine, "postgres": DatabaseMachine}
WALKS = settings(stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    ("engine", "walks"),
    [("sqlite", 25), ("postgres", 3), *(pytest.param(one, 500, marks=pytest.mark.long) for one in MACHINES)],
)
def test_the_ledger_keeps_its_promises_on_every_walk(engine: str, walks: int) -> None:
    skip_where_missing(engine)
    run_state_machine_as_test(MACHINES[engine], settings=settings(WALKS, max_examples=walks))


def test_a_refused_redial_keeps_these_promises_as_well() -> None:
    """One walk that the machine seldom takes: called, not reached, refused when called again, and then asked for."""
    machine = LedgerMachine()
    lines = [Line(1, "Ann", Status.PENDING), Line(2, "Zoë", Status.PENDING)]
    try:
        machine.begin(with_id=False)
        machine.start(lines=lines, repeated=[], asked=[], over=set(), killed=None)
        machine.call_several(answers=[(True, False, False)], one_more=False)
        machine.end()
        for asked in (Status.QUEUED, Status.ERROR):
            machine.start(lines=lines, repeated=[], asked=[asked], over={1}, killed=None)
            machine.call_several(answers=[(False, False, False)], one_more=False)
            machine.whoever_was_called_is_shown_so_and_can_only_be_called_where_a_person_asked()
            machine.nobody_is_called_twice_unless_a_person_asked_since_then()
            machine.end()
        assert machine.known[1].status is Status.QUEUED
    finally:
        machine.teardown()
