"""What every engine promises at the store's interface: what changes something is whole, and durable when it returns."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.models import NOTHING_OWN, NOWHERE, Outcome, Own, Problem, Status, Whereabouts
from dialer.provider.bolna.executions import execution_in
from dialer.reference import turn_of
from dialer.store import RedialRules, Written
from dialer.store.interface import JUDGED
from tests import engines
from tests.ledgers import (
    AGAIN,
    ANYBODY,
    HEADER,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    in_columns,
    intend,
    key_of,
    load,
    number_of,
    people,
    render,
    result_of,
    row,
    standing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dialer.input_rows import InputRows
    from dialer.models import Answer, Attempt
    from dialer.store import Redial, Store

ENGINES = tuple(engines.ENGINES)

NOW = 2_000_000_000.0
ANSWERS = {Outcome.QUEUED: QUEUED, Outcome.ERROR: REFUSED, Outcome.UNKNOWN: UNCLEAR, Outcome.RETRY: AGAIN}


class Batch:
    """A store, as the process that works on it sees it, and as another process does.

    Args:
        engine: one of `engines.ENGINES`.
        path: where it is.
    """

    def __init__(self, engine: str, path: Path) -> None:
        self._open, self._look = engines.ENGINES[engine]
        self._path = path
        self.store = self._open(path)
        self.store.begin_work()

    def killed(self) -> Store:
        """Return the store as the next process works on it."""
        self.store.close()
        self.store = self._open(self._path)
        self.store.begin_work()
        return self.store

    def seen(self, ask: Callable[[Store], Any]) -> Any:  # noqa: ANN401 - whatever is asked
        """Return what another process sees at this moment."""
        with contextlib.closing(self._look(self._path)) as other:
            return ask(other)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    engines.skip_where_missing(request.param)
    return str(request.param)


@pytest.fixture
def batch(engine: str, tmp_path: Path) -> Iterator[Batch]:
    made = Batch(engine, tmp_path / "x.ledger")
    yield made
    made.store.close()


@pytest.fixture
def store(batch: Batch) -> Store:
    people(batch.store, 3)
    return batch.store


def callable_now(store: Store) -> list[str]:
    return [one.key for one in store.page(after=0, size=100)]


def told(store: Store, attempt: Attempt, status: str, **fields: object) -> None:
    """Let the provider say how a call stands."""
    found = execution_in({"id": "exec-1", "status": status, **fields})
    assert found is not None
    store.note_calls([(attempt.id, found)], now=NOW)


def redial(store: Store, state: Status = Status.QUEUED, *, keys: Sequence[str] | None = None) -> Redial:
    return store.permit(state, ANYBODY, what="--redial", keys=keys, now=NOW + 1)


def written(index: int, status: Status, *, attempts: int = 1) -> Written:
    return Written(
        key=key_of(index), number=number_of(index), status=status, execution_id="from-csv", error="", http_status=None,
        attempts=attempts, updated_at=NOW, cells=("as", "sent"),
    )  # fmt: skip


# -- notes and transactions -------------------------------------------------------------------------------------------


def test_a_note_is_what_was_kept_last_under_its_name(batch: Batch) -> None:
    batch.store.set_note("one", "first")
    batch.store.set_note("one", "second")
    assert batch.seen(lambda store: (store.note("one"), store.note("two"))) == ("second", None)


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    def change() -> None:
        with store.transaction():
            store.set_note("one", "changed")
            store.settle([(attempt, QUEUED)])
            raise ZeroDivisionError

    (attempt,) = intend(store, 1)
    with pytest.raises(ZeroDivisionError):
        change()
    assert store.note("one") is None
    assert standing(store)[key_of(1)] is Status.UNKNOWN


# -- a load -----------------------------------------------------------------------------------------------------------


def test_a_load_belongs_to_the_transaction_that_it_is_in(store: Store) -> None:
    """What is noted with a list is there with it, or both are not."""
    with contextlib.suppress(ZeroDivisionError), store.transaction():
        load(store, [row(1, 7)])
        store.set_note(JUDGED, "the list")
        raise ZeroDivisionError
    assert (store.knows(key_of(7)), store.note(JUDGED)) == (False, None)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_list_comes_out_as_it_went_in(batch: Batch, *, is_first: bool) -> None:
    """Cell by cell and in its order, whatever the cells are, and why a row is not called."""
    store = batch.store
    if not is_first:
        people(store, 2)
    awkward = ["tab\there", "back\\slash", "\\N", "\\.", "line\nbreak", "\r\n", "zero\0", "\x1f", '"', "", "🙂", "é"]
    keys = ["z", "\\N", "a\tb", "A", "back\\slash", "é", "\\.", "🙂", "line\nbreak", "\r", "'", '"']
    rows = [
        replace(
            row(position, position, key=key, cells=(cell, key)),
            own=Own(caller=cell.replace("\0", ""), voice=key) if position % 2 else NOTHING_OWN,
            whereabouts=Whereabouts(("Asia/Kolkata", "Asia/Tokyo"), "number", "IN") if position % 3 else NOWHERE,
        )
        for position, (cell, key) in enumerate(zip(awkward, keys, strict=True), 1)
    ]
    why = Problem("invalid", "it is\nno \\number\t")
    rows.append(replace(row(13, 13, key="nobody"), number=None, key=None, status=Status.INVALID, problem=why))
    load(store, rows)
    assert [(one.cells["phone"], one.cells["name"]) for one in store.results()][:-1] == list(
        zip(awkward, keys, strict=True)
    )
    page = store.page(after=0, size=100)
    assert [(one.key, one.own, one.zones) for one in page] == [(r.key, r.own, r.whereabouts.zones) for r in rows[:-1]]
    last = list(store.results())[-1]
    assert (last.position, last.status, last.error, last.key) == (13, Status.INVALID, why.reason, "")


def test_a_load_that_breaks_off_leaves_the_former_list(store: Store) -> None:
    def breaking() -> Iterator[InputRows]:
        yield in_columns([row(1, 7), row(2, 8)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.load(("other",), phones=("other",), id_column=None, chunks=breaking())
    assert callable_now(store) == [key_of(1), key_of(2), key_of(3)]
    assert store.header() == HEADER


def test_a_new_list_takes_nothing_away_from_who_was_called(store: Store) -> None:
    call(store, 1, QUEUED)
    call(store, 2, UNCLEAR)
    load(store, [row(1, 2, "another name"), row(2, 4)])
    assert callable_now(store) == [key_of(4)]
    assert [(one.position, one.key, one.status) for one in store.results()] == [
        (1, key_of(2), Status.UNKNOWN),
        (2, key_of(4), Status.PENDING),
        (None, key_of(1), Status.QUEUED),
    ]
    assert result_of(store, 2).cells["name"] == "name 2", "the results show what was sent"


def test_who_left_the_list_is_not_called(store: Store) -> None:
    load(store, [row(1, 3)])
    assert callable_now(store) == [key_of(3)]


@pytest.mark.parametrize("status", [Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED])
def test_a_refused_row_is_shown_with_its_reason_and_never_called(batch: Batch, status: Status) -> None:
    load(batch.store, [row(1, 1, status=status), row(2, 2)])
    assert callable_now(batch.store) == [key_of(2)]
    first = next(iter(batch.store.results()))
    assert (first.status, first.error) == (status, f"it is {status}")


# -- attempts ---------------------------------------------------------------------------------------------------------


def test_pages_give_everybody_once_in_the_order_of_the_list(batch: Batch) -> None:
    people(batch.store, 7)
    seen: list[str] = []
    after = 0
    while page := batch.store.page(after=after, size=3):
        seen += [one.key for one in page]
        after = page[-1].position
    assert seen == [key_of(index) for index in range(1, 8)]


def test_an_intent_is_durable_when_it_is_handed_out_and_handed_out_once(batch: Batch, store: Store) -> None:
    page = store.page(after=0, size=10)
    made = store.intend(page, render)
    assert [attempt.recipient.key for attempt in made] == [one.key for one in page]
    assert batch.seen(lambda other: other.counts()) == {Status.SENDING: 3}
    assert store.intend(page, render) == []
    assert callable_now(store) == []


def test_no_two_attempts_carry_the_same_reference(store: Store) -> None:
    (first,) = intend(store, 1)
    store.settle([(first, AGAIN)])
    (second,) = intend(store, 1)
    (other,) = intend(store, 2)
    assert len({first.reference, second.reference, other.reference}) == 3
    assert [turn_of(attempt.reference) for attempt in (first, second)] == [1, 2]


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_decides_where_somebody_stands_and_whether_they_are_called_again(
    batch: Batch, store: Store, outcome: Outcome
) -> None:
    (attempt,) = intend(store, 1)
    store.settle([(attempt, ANSWERS[outcome])])
    stands = Status.PENDING if outcome is Outcome.RETRY else Status(outcome)
    assert batch.seen(standing)[key_of(1)] is stands
    assert (key_of(1) in callable_now(store)) == (outcome is Outcome.RETRY)


def test_what_was_withheld_was_never_tried(batch: Batch, store: Store) -> None:
    (attempt,) = intend(store, 1)
    store.withhold([attempt], reason="outside hours")
    assert batch.seen(lambda other: other.counts()) == {Status.PENDING: 3}
    assert result_of(store, 1).error == "outside hours"
    (again,) = intend(store, 1)
    assert again.reference == attempt.reference


def test_what_a_dead_run_was_sending_is_unknown_and_not_called(batch: Batch, store: Store) -> None:
    intend(store, 1, 2)
    next_run = batch.killed()
    assert next_run.counts() == {Status.UNKNOWN: 2, Status.PENDING: 1}
    assert callable_now(next_run) == [key_of(3)]
    assert sorted(doubt.key for doubt in next_run.doubts()) == [key_of(1), key_of(2)]


def test_a_hold_is_kept_with_its_words(batch: Batch, store: Store) -> None:
    store.note_hold(30.0, "Slow down", now=NOW)
    ((at, seconds, words),) = batch.seen(lambda other: [(one.at, one.seconds, one.words) for one in other.holds()])
    assert (at, seconds, words) == (NOW, 30.0, "Slow down")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([*Outcome, "withheld", "killed"])), max_size=12))
def test_who_may_have_been_called_is_never_handed_out_again(
    engine: str, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    """Whatever happened in whatever order, and nobody asked for another call."""
    batch = Batch(engine, tmp_path_factory.mktemp("batch") / "x.ledger")
    people(batch.store, 3)
    over: set[str] = set()
    for index, step in steps:
        for attempt in intend(batch.store, index):
            assert attempt.recipient.key not in over
            if step == "withheld":
                batch.store.withhold([attempt], reason="not now")
                continue
            if step == "killed":
                batch.killed()
            else:
                batch.store.settle([(attempt, ANSWERS[Outcome(step)])])
            if step != Outcome.RETRY:
                over.add(attempt.recipient.key)
    assert set(callable_now(batch.store)) == {key_of(1), key_of(2), key_of(3)} - over
    batch.store.close()


# -- permissions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "state"), [(QUEUED, Status.QUEUED), (REFUSED, Status.ERROR), (UNCLEAR, Status.UNKNOWN)]
)
def test_a_permission_is_used_by_one_call(store: Store, answer: Answer, state: Status) -> None:
    attempt = call(store, 1, answer)
    if state is Status.QUEUED:
        told(store, attempt, "no-answer")
    assert redial(store, state).released == 1
    assert callable_now(store) == [key_of(1), key_of(2), key_of(3)]
    call(store, 1, UNCLEAR)
    assert callable_now(store) == [key_of(2), key_of(3)]


def test_a_permission_ends_with_the_work_that_asked_for_it(batch: Batch, store: Store) -> None:
    call(store, 1, REFUSED)
    redial(store, Status.ERROR)
    assert callable_now(batch.killed()) == [key_of(2), key_of(3)]


def test_a_permission_comes_back_when_its_call_was_withheld(store: Store) -> None:
    call(store, 1, REFUSED)
    redial(store, Status.ERROR)
    store.withhold(intend(store, 1), reason="not now")
    assert key_of(1) in callable_now(store)
    assert store.end_permissions() == 1
    assert key_of(1) not in callable_now(store)
    assert standing(store)[key_of(1)] is Status.ERROR


@pytest.mark.parametrize("status", ["", "queued", "ringing", "completed"])
def test_nobody_is_permitted_whose_call_goes_on_or_has_reached_them(store: Store, status: str) -> None:
    attempt = call(store, 1, QUEUED)
    if status:
        told(store, attempt, status, conversation_duration=20)
    redial(store)
    assert key_of(1) not in callable_now(store)


def test_a_refused_redial_takes_nothing_from_the_call_before_it(store: Store) -> None:
    told(store, call(store, 1, QUEUED), "no-answer")
    redial(store)
    call(store, 1, REFUSED)
    shown = result_of(store, 1)
    assert (shown.status, shown.execution_id) == (Status.QUEUED, "exec-1")
    assert store.refused_again() == 1


def test_nobody_gets_more_calls_than_the_rules_allow(store: Store) -> None:
    told(store, call(store, 1, QUEUED), "no-answer")
    rules = RedialRules({"no-answer"}, max_attempts=1, after=0.0)
    assert store.permit(Status.QUEUED, rules, what="--redial", now=NOW + 1).spent == 1
    assert key_of(1) not in callable_now(store)


# -- what the provider and the results know ---------------------------------------------------------------------------


def test_a_call_that_is_over_stays_as_it_is(batch: Batch, store: Store) -> None:
    attempt = call(store, 1, QUEUED)
    told(store, attempt, "completed", conversation_duration=20)
    told(store, attempt, "ringing")
    store.note_statuses([(attempt.id, "queued")])
    assert batch.seen(lambda other: other.pulse().outcomes) == {"completed": 1}
    assert store.open_calls() == []


def test_outcomes_are_those_of_all_people_with_an_accepted_call(batch: Batch, store: Store) -> None:
    """Those whose call was not looked up yet are counted too, also after a second call."""
    told(store, call(store, 1, QUEUED), "no-answer")
    call(store, 2, QUEUED)
    call(store, 3, REFUSED)
    assert batch.seen(lambda other: other.pulse().outcomes) == {"no-answer": 1, "": 1}
    redial(store)
    assert batch.seen(lambda other: other.pulse().outcomes) == {"no-answer": 1, "": 1}
    call(store, 1, QUEUED)
    assert batch.seen(lambda other: other.pulse().outcomes) == {"": 2}


def test_a_stopped_call_rings_no_more(store: Store) -> None:
    attempt = call(store, 1, QUEUED)
    assert store.count_open() == 1
    store.note_stopped(attempt.id)
    assert (store.count_open(), store.stoppable()) == (0, [])


def test_a_call_found_at_the_provider_settles_who_was_in_doubt(batch: Batch, store: Store) -> None:
    attempt = call(store, 1, UNCLEAR)
    assert store.found(attempt.reference, execution_id="found-1")
    assert not store.found(attempt.reference, execution_id="found-1")
    assert batch.seen(lambda other: result_of(other, 1).execution_id) == "found-1"
    assert store.doubts() == []


def test_a_call_that_the_ledger_does_not_know_is_taken_on_once_by_whom_its_reference_names(store: Store) -> None:
    (attempt,) = intend(store, 1)
    store.withhold([attempt], reason="as in an older copy")
    both = [number_of(1), number_of(2)]
    assert not store.adopt([number_of(2)], attempt.reference, execution_id="found-1")
    assert store.adopt(both, attempt.reference, execution_id="found-1")
    assert not store.adopt(both, attempt.reference, execution_id="found-1")
    assert callable_now(store) == [key_of(2), key_of(3)]


def test_a_results_file_that_is_further_is_taken_over_once(store: Store) -> None:
    rows = [written(1, Status.QUEUED), written(2, Status.UNKNOWN), written(9, Status.QUEUED)]
    assert store.behind(rows) == 3
    assert store.merge(HEADER, rows) == {Status.QUEUED: 2, Status.UNKNOWN: 1}
    assert (store.behind(rows), store.merge(HEADER, rows)) == (0, {})
    assert callable_now(store) == [key_of(3)]


def test_a_results_file_that_is_behind_changes_nothing(store: Store) -> None:
    call(store, 1, QUEUED)
    assert store.merge(HEADER, [written(1, Status.ERROR)]) == {}
    assert result_of(store, 1).execution_id == "exec-1"


def test_what_changes_whom_the_rows_stand_for_has_the_list_judged_anew(store: Store) -> None:
    attempt = call(store, 1, REFUSED)
    for change in (
        lambda: redial(store, Status.ERROR),
        lambda: store.merge(HEADER, [written(2, Status.QUEUED)]),
        lambda: store.adopt([number_of(1)], attempt.reference.removesuffix("-1") + "-2", execution_id="found-1"),
    ):
        store.set_note(JUDGED, "by these rules")
        assert change()
        assert not store.note(JUDGED)


def test_the_last_requests_are_known_by_their_moments_without_those_made_again(store: Store) -> None:
    moments = []
    for index, answer in enumerate((QUEUED, AGAIN, REFUSED), start=1):
        moments.append(NOW + index)
        (recipient,) = [one for one in store.page(after=0, size=100) if one.key == key_of(index)]
        (attempt,) = store.intend([recipient], render, now=moments[-1])
        store.settle([(attempt, answer)])
    assert store.recent_requests(most=10) == [moments[2], moments[0]]
    assert store.recent_requests(most=1) == [moments[2]]
