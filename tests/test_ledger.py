"""The ledger's promises: what is recorded, when, and what the next start makes of it."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.errors import BoundError, ExitCode, LedgerError, UsageError
from dialer.export.results import ResultsFile
from dialer.messages.store import RUN_ENDED
from dialer.models import ATTEMPTED, Status
from dialer.store import Written
from dialer.store.interface import JUDGED
from dialer.store.sqlite import Ledger, opening, schema
from dialer.store.sqlite.place import network_file_system
from tests.harness import PATIENCE
from tests.ledgers import (
    AGAIN,
    ANYBODY,
    BINDING,
    HEADER,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    crashed,
    in_columns,
    intend,
    key_of,
    load,
    number_of,
    opened,
    people,
    render,
    result_of,
    row,
    standing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.input_rows import InputRows
    from dialer.models import Answer, ResultRow

OLDER_LEDGER, OLDER_RESULTS = (Path(__file__).with_name(f"ledger_3.{ending}") for ending in ("sql", "csv"))
"""A ledger as version 3 made it, and the results that it wrote of it."""
LEDGER_4, RESULTS_4 = (Path(__file__).with_name(f"ledger_4.{ending}") for ending in ("sql", "csv"))
"""The same of version 4."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monday.ledger"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with contextlib.closing(opened(path)) as ledger:
        yield ledger


# -- the write order ---------------------------------------------------------------------------------------------


def test_a_crash_before_the_intent_leaves_pending(ledger: Ledger) -> None:
    people(ledger, 2)
    ledger = crashed(ledger)
    assert set(standing(ledger).values()) == {Status.PENDING}
    assert len(ledger.page(after=0, size=10)) == 2


def test_a_crash_after_the_intent_leaves_unknown_and_nobody_to_call(ledger: Ledger) -> None:
    people(ledger, 2)
    intend(ledger, 1)
    ledger = crashed(ledger)
    assert standing(ledger) == {key_of(1): Status.UNKNOWN, key_of(2): Status.PENDING}
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(2)]
    assert "before the provider's answer was recorded" in result_of(ledger, 1).error


@pytest.mark.parametrize(
    ("answer", "status"),
    [(QUEUED, Status.QUEUED), (REFUSED, Status.ERROR), (UNCLEAR, Status.UNKNOWN), (AGAIN, Status.PENDING)],
)
def test_a_crash_after_the_outcome_leaves_the_outcome(ledger: Ledger, answer: Answer, status: Status) -> None:
    people(ledger, 1)
    call(ledger, 1, answer)
    ledger = crashed(ledger)
    result = result_of(ledger, 1)
    assert (result.status, result.error, result.http_status) == (status, answer.words, answer.http_status)
    assert result.execution_id == (answer.execution_id or "")
    assert result.attempts == 1


def test_a_crash_while_loading_leaves_the_former_input(ledger: Ledger) -> None:
    def breaks_off() -> Iterator[InputRows]:
        yield in_columns([row(1, 9)])
        raise RuntimeError("killed")

    people(ledger, 3)
    before = list(ledger.results())
    with pytest.raises(RuntimeError):
        ledger.load(("other",), phones=("other",), id_column=None, chunks=breaks_off())
    assert list(ledger.results()) == before
    assert ledger.header() == HEADER


cells = st.text(st.sampled_from("a\"',[\\\n\0\x1fé"), max_size=3)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_every_cell_comes_back_as_it_was_loaded(rows: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(opened(Path(folder) / "x.ledger")) as ledger:
        load(ledger, (row(at, at, cells=cells) for at, cells in enumerate(rows, 1)))
        assert [one.cells for one in ledger.page(after=0, size=10)] == rows
        assert [tuple(one.cells.values()) for one in ledger.results()] == rows


def test_an_id_that_reads_like_a_number_stays_whose_it_is_when_they_get_another_number(ledger: Ledger) -> None:
    load(ledger, [row(1, 1, key=key_of(1)), row(2, 2, key=key_of(3))], header=HEADER)
    load(ledger, [row(1, 2, key=key_of(1)), row(2, 3, key=key_of(3))], header=HEADER)
    assert [(one.key, one.number) for one in ledger.page(after=0, size=10)] == [
        (key_of(1), number_of(2)),
        (key_of(3), number_of(3)),
    ]
    assert ledger.counts() == {Status.PENDING: 2}


def test_a_first_load_with_two_people_under_one_key_leaves_nobody(ledger: Ledger) -> None:
    """Screening lets no such rows through; were it to fail, nobody would be called twice."""
    with pytest.raises(LedgerError, match=r"UNIQUE.*recipient\.key"):
        load(ledger, [row(1, 1, "Asha"), row(2, 1, "Ravi")])
    assert ledger.counts() == {}
    people(ledger, 2)
    assert ledger.counts() == {Status.PENDING: 2}


def test_the_moment_of_the_intent_stands_in_the_results_of_whoever_was_in_flight(ledger: Ledger) -> None:
    """An adopted CSV tells from it where to look for the call."""
    people(ledger, 1)
    (attempt,) = ledger.intend(ledger.page(after=0, size=1), render, now=1_000_000.0)
    ledger = crashed(ledger)
    assert result_of(ledger, 1).updated_at == attempt.at
    assert attempt.at.timestamp() == 1_000_000.0


def test_sending_is_shown_as_unknown(ledger: Ledger) -> None:
    people(ledger, 1)
    intend(ledger, 1)
    assert result_of(ledger, 1).status is Status.UNKNOWN
    assert ledger.counts() == {Status.SENDING: 1}


def test_a_doubt_of_a_dead_run_reaches_until_the_last_thing_it_recorded(ledger: Ledger) -> None:
    people(ledger, 2)
    (hanging,) = ledger.intend(ledger.page(after=0, size=1), render, now=1000.0)
    (other,) = ledger.intend(ledger.page(after=0, size=1), render, now=1001.0)
    ledger.settle([(other, QUEUED)], now=5000.0)
    ledger = crashed(ledger)
    (doubt,) = ledger.doubts()
    assert (doubt.reference, doubt.at, doubt.until, doubt.number) == (hanging.reference, 1000.0, 5000.0, number_of(1))


# -- who is called -----------------------------------------------------------------------------------------------


def test_pages_follow_the_input_and_leave_nobody_out(ledger: Ledger) -> None:
    order = [5, 3, 1, 4, 2, 7, 6]
    load(ledger, (row(at, index) for at, index in enumerate(order, 1)))
    call(ledger, 4, QUEUED)
    found, after = [], 0
    while page := ledger.page(after=after, size=2):
        found += [one.key for one in page]
        after = page[-1].position
    assert found == [key_of(index) for index in order if index != 4]


def test_an_intent_is_written_only_for_whoever_is_pending(ledger: Ledger) -> None:
    people(ledger, 3)
    page = ledger.page(after=0, size=10)
    call(ledger, 2, QUEUED)
    first = ledger.intend(page, render)
    assert [attempt.recipient.key for attempt in first] == [key_of(1), key_of(3)]
    assert ledger.intend(page, render) == []


def test_whoever_is_named_twice_gets_one_intent(ledger: Ledger) -> None:
    people(ledger, 2)
    page = ledger.page(after=0, size=10)
    assert [attempt.recipient.key for attempt in ledger.intend([*page, *page], render)] == [key_of(1), key_of(2)]
    assert [row.attempts for row in ledger.results()] == [1, 1]


def test_each_attempt_at_a_recipient_has_a_reference_of_its_own(ledger: Ledger) -> None:
    people(ledger, 1)
    first, second = call(ledger, 1, AGAIN), call(ledger, 1, QUEUED)
    shared = ledger.shared_reference(key_of(1))
    assert [first.reference, second.reference] == [f"{shared}-1", f"{shared}-2"]


def test_whoever_was_withheld_is_as_if_never_tried(ledger: Ledger) -> None:
    people(ledger, 1)
    before = ledger.page(after=0, size=1)
    ledger.withhold(intend(ledger, 1), reason="")
    assert ledger.page(after=0, size=1) == before
    assert (result_of(ledger, 1).attempts, result_of(ledger, 1).updated_at) == (0, None)
    assert ledger.doubts() == []


# -- another input -----------------------------------------------------------------------------------------------


def test_whoever_is_pending_takes_the_new_data(ledger: Ledger) -> None:
    load(ledger, [row(1, 1, "Ann"), row(2, 2, "Bob")])
    load(ledger, [row(1, 2, "Robert"), row(2, 1, "Anna")])
    assert [(one.key, one.cells) for one in ledger.page(after=0, size=10)] == [
        (key_of(2), (key_of(2), "Robert")),
        (key_of(1), (key_of(1), "Anna")),
    ]


@pytest.mark.parametrize("answer", [QUEUED, REFUSED, UNCLEAR])
def test_whoever_was_attempted_keeps_result_and_cells_as_sent(ledger: Ledger, answer: Answer) -> None:
    load(ledger, [row(1, 1, "Ann")])
    call(ledger, 1, answer)
    before = result_of(ledger, 1)
    moved = ("Name", "phone", "city")
    load(
        ledger, [row(1, 2, cells=["Bob", key_of(2), "Pune"]), row(2, 1, cells=["Anna", key_of(1), "Goa"])], header=moved
    )
    after = result_of(ledger, 1)
    assert after == dataclasses.replace(before, position=2)
    assert after.cells == {"phone": key_of(1), "name": "Ann"}
    assert result_of(ledger, 2).cells == {"Name": "Bob", "phone": key_of(2), "city": "Pune"}
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(2)]


def test_whoever_leaves_the_input_is_not_called_until_they_are_back(ledger: Ledger) -> None:
    people(ledger, 2)
    load(ledger, [row(1, 2)])
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(2)]
    assert standing(ledger) == {key_of(2): Status.PENDING}
    load(ledger, [row(1, 1, "back"), row(2, 2)])
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(1), key_of(2)]


def test_called_people_who_left_the_input_stand_at_the_end(ledger: Ledger) -> None:
    people(ledger, 3)
    for index, answer in ((1, QUEUED), (2, UNCLEAR)):
        call(ledger, index, answer)
    load(ledger, [row(1, 4), row(2, 3)])
    assert [(result.position, result.key, result.status) for result in ledger.results()] == [
        (1, key_of(4), Status.PENDING),
        (2, key_of(3), Status.PENDING),
        (None, key_of(1), Status.QUEUED),
        (None, key_of(2), Status.UNKNOWN),
    ]
    assert ledger.counts() == {Status.PENDING: 2}


@pytest.mark.parametrize("status", [Status.INVALID, Status.SUPPRESSED, Status.DUPLICATE])
def test_a_row_that_is_not_callable_now_still_shows_the_call_before(ledger: Ledger, status: Status) -> None:
    people(ledger, 1)
    call(ledger, 1, QUEUED)
    load(ledger, [row(1, 1, status=status), row(2, 1, status=Status.DUPLICATE)])
    results = list(ledger.results())
    assert [(result.position, result.key, result.status) for result in results] == [
        (1, key_of(1), Status.QUEUED),
        (2, "", Status.DUPLICATE),
    ]
    assert ledger.counts() == {Status.QUEUED: 1, Status.DUPLICATE: 1}


def test_of_two_rows_of_somebody_called_the_callable_one_shows_the_call(ledger: Ledger) -> None:
    people(ledger, 1)
    call(ledger, 1, QUEUED)
    load(ledger, [row(1, 1, status=Status.INVALID), row(2, 1)])
    assert [(result.position, result.status) for result in ledger.results()] == [
        (1, Status.INVALID),
        (2, Status.QUEUED),
    ]


def test_a_row_that_was_never_called_shows_why_not(ledger: Ledger) -> None:
    invalid = dataclasses.replace(row(1, 1, "Ann", status=Status.INVALID, cells=["12", "Ann"]), key=None, number=None)
    load(ledger, [invalid])
    (result,) = ledger.results()
    assert (result.key, result.number, result.status, result.error) == ("", "12", Status.INVALID, "it is invalid")
    assert result.attempts == 0


def test_results_of_some_positions_are_those_of_all(ledger: Ledger) -> None:
    people(ledger, 4)
    call(ledger, 2, QUEUED)
    load(ledger, [row(1, 4), row(2, 2), row(3, 3, status=Status.SUPPRESSED)])
    some, of_all = ledger.results_of([3, 1, 2, 9]), list(ledger.results())[:3]
    assert [dataclasses.replace(row, updated_at=None) for row in some] == [
        dataclasses.replace(row, updated_at=None) for row in of_all
    ]
    (shown,), (kept,) = ([row.updated_at for row in rows if row.updated_at] for rows in (some, of_all))
    assert abs(shown - kept) < timedelta(milliseconds=1)


def test_numbers_that_were_attempted_are_told_with_their_keys(ledger: Ledger) -> None:
    """Also of people released since: another row with their number must not be called in their place."""
    people(ledger, 4)
    for index, answer in ((1, QUEUED), (2, REFUSED), (3, AGAIN)):
        call(ledger, index, answer)
    ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
    assert ledger.attempted_numbers() == {number_of(index): (key_of(index),) for index in (1, 2)}


# -- doubt, and what a person decides ----------------------------------------------------------------------------


def test_a_call_found_at_bolna_settles_the_doubt(ledger: Ledger) -> None:
    people(ledger, 2)
    attempt = call(ledger, 1, UNCLEAR)
    assert ledger.found(attempt.reference, execution_id="exec-9")
    assert (result_of(ledger, 1).status, result_of(ledger, 1).execution_id) == (Status.QUEUED, "exec-9")
    assert result_of(ledger, 1).error == ""
    assert ledger.doubts() == []


def test_a_reference_that_is_in_no_doubt_settles_nobody(ledger: Ledger) -> None:
    people(ledger, 2)
    settled = call(ledger, 1, REFUSED)
    assert not ledger.found(settled.reference, execution_id="exec-9")
    assert not ledger.found("somebody-elses-1", execution_id="exec-9")
    assert result_of(ledger, 1).status is Status.ERROR


def test_a_call_found_after_its_release_is_not_placed_again(ledger: Ledger) -> None:
    people(ledger, 1)
    attempt = call(ledger, 1, UNCLEAR)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    assert ledger.found(attempt.reference, execution_id="exec-9")
    assert ledger.page(after=0, size=10) == []


@pytest.mark.parametrize(("answer", "state"), [(REFUSED, Status.ERROR), (UNCLEAR, Status.UNKNOWN)])
def test_a_release_makes_callable_and_is_kept(ledger: Ledger, answer: Answer, state: Status) -> None:
    people(ledger, 3)
    attempt = call(ledger, 1, answer)
    call(ledger, 2, QUEUED)
    assert ledger.permit(state, ANYBODY, what="--because").released == 1
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(1), key_of(3)]
    assert ledger._db.execute("SELECT what, recipient, before FROM permission").fetchall() == [
        ("--because", attempt.recipient.id, attempt.id)
    ]


def test_a_release_of_some_leaves_the_others(ledger: Ledger) -> None:
    people(ledger, 2)
    for index in (1, 2):
        call(ledger, index, UNCLEAR)
    assert ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown", keys=[key_of(2)]).released == 1
    assert ledger.counts() == {Status.UNKNOWN: 1, Status.PENDING: 1}
    # A copy of the results must not take them for somebody who was never called.
    assert standing(ledger) == {key_of(1): Status.UNKNOWN, key_of(2): Status.UNKNOWN}


@pytest.mark.parametrize(("answer", "state"), [(REFUSED, Status.ERROR), (UNCLEAR, Status.UNKNOWN)])
@pytest.mark.parametrize("tried", ["not", "withheld", "again"])
def test_a_release_holds_for_one_run_only(ledger: Ledger, answer: Answer, state: Status, tried: str) -> None:
    """A person who said no after all, or stopped the run, has permitted nothing to the next run."""
    people(ledger, 1)
    call(ledger, 1, answer)
    before = result_of(ledger, 1)
    ledger.permit(state, ANYBODY, what="--because")
    if tried == "withheld":
        ledger.withhold(intend(ledger, 1), reason="outside the window")
    elif tried == "again":
        call(ledger, 1, AGAIN)
    ledger = crashed(ledger)
    after = result_of(ledger, 1)
    assert ledger.page(after=0, size=10) == []
    assert (after.status, after.error, after.http_status) == (before.status, before.error, before.http_status)


@pytest.mark.parametrize("status", [Status.SUPPRESSED, None])
def test_whoever_was_released_and_cannot_be_called_any_more_keeps_their_row(
    ledger: Ledger, status: Status | None
) -> None:
    people(ledger, 2)
    call(ledger, 1, UNCLEAR)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    load(ledger, [row(1, 2), *([row(2, 1, status=status)] if status else [])])
    assert standing(ledger) == {key_of(2): Status.PENDING, key_of(1): Status.UNKNOWN}
    assert len(ledger.doubts()) == 1


def test_a_refused_second_call_leaves_the_doubt_about_the_first(ledger: Ledger) -> None:
    people(ledger, 1)
    call(ledger, 1, UNCLEAR)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    call(ledger, 1, REFUSED)
    ledger = crashed(ledger)
    assert (result_of(ledger, 1).status, result_of(ledger, 1).attempts) == (Status.UNKNOWN, 2)
    assert result_of(ledger, 1).error == "no answer in time; the redial was refused: bad number"


def test_whose_call_was_found_is_looked_up_however_long_the_list_is(ledger: Ledger) -> None:
    """After an older copy came back, thousands of calls may be found for a list of a million."""
    steps: list[None] = []

    def work_of(index: int) -> int:
        steps.clear()
        assert ledger.adopt([number_of(index)], f"{ledger.shared_reference(key_of(index))}-1", execution_id=f"e{index}")
        return len(steps)

    people(ledger, 3000)
    work_of(1)
    ledger._db.set_progress_handler(lambda: steps.append(None), 1000)
    assert work_of(2) < 3


def test_a_call_found_for_somebody_pending_is_adopted(ledger: Ledger) -> None:
    people(ledger, 2)
    call(ledger, 2, REFUSED)
    mark = f"{ledger.shared_reference(key_of(1))}-1"
    assert ledger.callable_numbers() == {number_of(1)}
    assert not ledger.adopt([number_of(2)], mark, execution_id="exec-9")
    assert not ledger.adopt([number_of(1)], f"{ledger.shared_reference(key_of(2))}-1", execution_id="exec-9")
    assert ledger.adopt([number_of(2), number_of(1)], mark, execution_id="exec-9")
    assert not ledger.adopt([number_of(1)], mark, execution_id="exec-9")
    assert standing(ledger) == {key_of(1): Status.QUEUED, key_of(2): Status.ERROR}


# -- merge -------------------------------------------------------------------------------------------------------

RANKS = {Status.PENDING: 0, Status.ERROR: 1, Status.UNKNOWN: 2, Status.QUEUED: 3}
ANSWERS = {Status.ERROR: REFUSED, Status.UNKNOWN: UNCLEAR, Status.QUEUED: QUEUED}


def written(index: int, status: Status, *, attempts: int = 1, number: int | None = 0) -> Written:
    return Written(
        key=key_of(index),
        number=number_of(index) if number == 0 else number,
        status=status,
        execution_id="from-csv" if status is Status.QUEUED else "",
        error="as the CSV says",
        http_status=418,
        attempts=attempts,
        updated_at=1_000_000.0,
        cells=("as", "sent"),
    )


@pytest.mark.parametrize("ours", RANKS)
@pytest.mark.parametrize("theirs", ANSWERS)
def test_of_ledger_and_csv_the_further_state_wins(ledger: Ledger, ours: Status, theirs: Status) -> None:
    people(ledger, 1)
    if ours in ANSWERS:
        call(ledger, 1, ANSWERS[ours])
    rows = [written(1, theirs)]
    further = RANKS[theirs] > RANKS[ours]
    assert ledger.behind(rows) == further
    assert ledger.merge(HEADER, rows) == ({theirs: 1} if further else {})
    assert result_of(ledger, 1).status is (theirs if further else ours)
    assert (result_of(ledger, 1).error == "as the CSV says") == further
    assert ledger.merge(HEADER, rows) == {}


def test_of_two_states_alike_the_one_with_more_attempts_wins(ledger: Ledger) -> None:
    """The doubt is about the last attempt, and its call is looked for by that reference and at that time."""
    people(ledger, 1)
    call(ledger, 1, UNCLEAR)
    ledger.merge(HEADER, [written(1, Status.UNKNOWN, attempts=3)])
    (before, after) = sorted(ledger.doubts(), key=lambda doubt: doubt.reference)
    assert after.reference == f"{ledger.shared_reference(key_of(1))}-3"
    assert (after.at, after.until) == (1_000_000.0, 1_000_000.0)
    assert before.reference.endswith("-1")


def test_a_new_ledger_takes_over_everybody_and_calls_the_others(ledger: Ledger) -> None:
    assert ledger.is_new()
    rows = [written(1, Status.QUEUED), written(2, Status.UNKNOWN), written(3, Status.ERROR), written(9, Status.QUEUED)]
    assert ledger.merge(HEADER, rows) == {Status.QUEUED: 2, Status.UNKNOWN: 1, Status.ERROR: 1}
    people(ledger, 4)
    assert [one.key for one in ledger.page(after=0, size=10)] == [key_of(4)]
    assert standing(ledger) == {
        key_of(1): Status.QUEUED,
        key_of(2): Status.UNKNOWN,
        key_of(3): Status.ERROR,
        key_of(4): Status.PENDING,
        key_of(9): Status.QUEUED,
    }


def test_whoever_was_taken_over_can_be_released_and_called_with_the_new_data(ledger: Ledger) -> None:
    ledger.merge(HEADER, [written(1, Status.ERROR, attempts=2)])
    ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
    people(ledger, 1)
    (recipient,) = ledger.page(after=0, size=10)
    assert recipient.cells == (key_of(1), "name 1")
    (attempt,) = ledger.intend([recipient], render)
    assert attempt.reference.endswith("-3")


def test_a_damaged_number_is_no_loss_where_the_key_is_known(ledger: Ledger) -> None:
    people(ledger, 1)
    ledger.merge(HEADER, [written(1, Status.QUEUED, number=None)])
    assert result_of(ledger, 1).number == key_of(1)


def test_several_rows_of_one_person_merge_to_the_furthest(ledger: Ledger) -> None:
    for rows in itertools.permutations(written(1, status) for status in ANSWERS):
        ledger.merge(HEADER, rows)
    people(ledger, 1)
    assert standing(ledger) == {key_of(1): Status.QUEUED}


@pytest.mark.parametrize("how", ["merged", "adopted"])
def test_whoever_turns_out_to_have_been_called_has_one_row_only(ledger: Ledger, how: str) -> None:
    """Also where their row of the present input cannot be called."""
    people(ledger, 2)
    load(ledger, [row(1, 1, status=Status.SUPPRESSED), row(2, 1, status=Status.DUPLICATE), row(3, 2)])
    if how == "merged":
        ledger.merge(HEADER, [written(1, Status.QUEUED)])
    else:
        assert ledger.adopt([number_of(1)], f"{ledger.shared_reference(key_of(1))}-1", execution_id="exec-9")
    assert [(result.position, result.key, result.status) for result in ledger.results()] == [
        (1, key_of(1), Status.QUEUED),
        (2, "", Status.DUPLICATE),
        (3, key_of(2), Status.PENDING),
    ]


# -- figures -----------------------------------------------------------------------------------------------------


def test_counts_agree_with_the_results(ledger: Ledger) -> None:
    people(ledger, 6)
    for index, answer in ((1, QUEUED), (2, REFUSED), (3, UNCLEAR), (4, AGAIN)):
        call(ledger, index, answer)
    load(ledger, [*(row(at, at) for at in range(1, 6)), row(6, 7, status=Status.INVALID)])
    results = [result.status for result in ledger.results() if result.position is not None]
    assert ledger.counts() == {status: results.count(status) for status in set(results)}
    assert ledger.last_called() is not None
    assert ledger.attempted([key_of(1), key_of(3), key_of(99)]) == {key_of(1): Status.QUEUED, key_of(3): Status.UNKNOWN}


def test_results_can_leave_out_the_pending(ledger: Ledger) -> None:
    people(ledger, 3)
    call(ledger, 2, QUEUED)
    assert [result.key for result in ledger.results(pending=False)] == [key_of(2)]


def test_notes_are_kept(path: Path, ledger: Ledger) -> None:
    ledger.set_note("results_digest", "one")
    ledger.set_note("results_digest", "two")
    ledger.close()
    with contextlib.closing(opened(path)) as again:
        assert again.note("results_digest") == "two"
        assert again.note("none") is None


# -- the file ----------------------------------------------------------------------------------------------------


def endings(path: Path) -> set[str]:
    return {found.name.removeprefix(path.name) for found in path.parent.iterdir()}


def test_the_files_are_readable_by_their_owner_only(path: Path, ledger: Ledger) -> None:
    before = os.umask(0)
    try:
        people(ledger, 1)
        assert {found.stat().st_mode & 0o777 for found in path.parent.iterdir()} == {0o600}
    finally:
        os.umask(before)


def test_what_is_recorded_is_synced_to_the_disk_before_it_counts(path: Path) -> None:
    with contextlib.closing(Ledger.open(path, binding=BINDING, batch="b")) as ledger:
        settings = {
            name: ledger._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        }
    # 2 is FULL; at NORMAL a commit to the log is not synced: https://www.sqlite.org/pragma.html#pragma_synchronous
    assert settings == {"journal_mode": "wal", "synchronous": 2}


def test_after_an_orderly_end_the_one_file_is_whole(path: Path, ledger: Ledger) -> None:
    people(ledger, 1)
    assert endings(path) == {"", "-wal", "-shm"}
    ledger.close()
    assert endings(path) == {""}


@pytest.mark.parametrize(
    "name", ["a b.ledger", "what?.ledger", "#1.ledger", "100%41.ledger", "file:x?mode=memory", "Zoë"]
)
def test_a_ledger_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with contextlib.closing(opened(path)) as ledger:
        people(ledger, 1)
        with contextlib.closing(Ledger.read(path)) as reader:
            assert reader.counts() == {Status.PENDING: 1}
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_a_ledger_named_like_sqlites_memory_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opened(Path(":memory:")).close()
    assert Path(":memory:").stat().st_size


@pytest.mark.parametrize("named", ["agent", "server", "key_definition"])
def test_a_ledger_of_another_campaign_is_refused_with_what_to_do(path: Path, ledger: Ledger, named: str) -> None:
    people(ledger, 1)
    call(ledger, 1, QUEUED)
    ledger.close()
    other = dataclasses.replace(BINDING, **{named: "another"})
    with pytest.raises(BoundError) as refused:
        opened(path, binding=other)
    assert all(part in str(refused.value) for part in (str(path), "another", str(getattr(BINDING, named)), "--batch"))
    assert refused.value.exit_code is ExitCode.USAGE
    opened(path).close()


def test_a_ledger_keeps_the_batch_it_was_made_with(path: Path, ledger: Ledger) -> None:
    """References depend on it: a results file that was renamed must not change them."""
    shared = ledger.shared_reference(key_of(1))
    ledger.close()
    with contextlib.closing(opened(path, batch="renamed")) as again:
        assert again.shared_reference(key_of(1)) == shared


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8192])


def overwrite(path: Path) -> None:
    path.write_bytes(b"contact_number,name\n+919812345678,Ann\n" * 100)


@pytest.mark.parametrize("harm", [damage, cut, overwrite])
def test_a_damaged_ledger_is_refused_with_what_to_do(path: Path, ledger: Ledger, harm: object) -> None:
    people(ledger, 500)
    ledger.close()
    assert callable(harm)
    harm(path)
    with pytest.raises(LedgerError, match=r"damaged.*move the ledger away.*--adopt") as told:
        opened(path)
    assert told.value.exit_code is ExitCode.MUST_ACT


def test_damage_that_turns_up_while_reading_is_told_as_such(path: Path, ledger: Ledger) -> None:
    people(ledger, 500)
    ledger.close()
    with contextlib.closing(Ledger.read(path)) as reader:
        damage(path)
        with pytest.raises(LedgerError, match="damaged"):
            list(reader.results())


def test_another_programs_file_is_refused_and_left_as_it_is(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    for open_ in (opened, Ledger.read):
        with pytest.raises(LedgerError, match="another program's"):
            open_(path)
    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused_in_words(path: Path, ledger: Ledger) -> None:
    ledger._db.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    ledger.close()
    for open_ in (opened, Ledger.read):
        with pytest.raises(LedgerError, match="newer version of dialer"):
            open_(path)


def test_an_older_ledger_is_migrated_and_keeps_what_it_knows(
    path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(ledger, 2)
    call(ledger, 1, QUEUED)
    ledger.close()
    step = "ALTER TABLE recipient ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with pytest.raises(LedgerError, match="older version"):
        Ledger.read(path)
    with contextlib.closing(opened(path)) as again:
        assert standing(again) == {key_of(1): Status.QUEUED, key_of(2): Status.PENDING}
        assert again._db.execute("SELECT colour FROM recipient").fetchall() == [("red",), ("red",)]
    Ledger.read(path).close()


def test_a_ledger_of_version_2_keeps_every_cell_of_every_recipient(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        with contextlib.closing(opened(path)) as older:
            columns = [name for (name,) in older._db.execute("SELECT name FROM pragma_table_info('recipient')")]
            for id_ in (3, 7):
                values = [id_, *(f"{name} {id_}" for name in columns[1:])]
                older._db.execute(f"INSERT INTO recipient VALUES ({', '.join('?' * len(columns))})", values)
            columns = [name for name in columns if name not in {"former", "as_called", "payload"}]
            older._db.execute("UPDATE recipient SET former = NULL, as_called = NULL")
            before = older._db.execute(f"SELECT {', '.join(columns)} FROM recipient").fetchall()
    with contextlib.closing(opened(path)) as newer:
        found = newer._db.execute(f"SELECT {', '.join(columns)} FROM recipient").fetchall()
        assert found == before
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            newer._db.execute("UPDATE recipient SET other_key = 'key 3'")


def test_a_ledger_of_version_3_shows_the_same_results_and_gives_refused_redials_their_call_back(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.executescript(OLDER_LEDGER.read_text(encoding="utf-8"))
    results = path.with_suffix(".csv")
    with contextlib.closing(opened(path)) as newer:
        header, calls = newer.header(), newer.call_parts()
        ResultsFile(results, header=header, with_id=False).write(newer.results(), calls=calls)
        asked = [person.decisions for person in newer.people_with(number_of(6))]
    found, before = former_columns(results.read_text("utf-8")), former_columns(OLDER_RESULTS.read_text("utf-8"))
    refused, released = before[5], before[7]
    assert (refused["status"], refused["execution_id"], refused["call_status"]) == ("error", "", "")
    refused |= {
        "status": "queued",
        "execution_id": "exec-6",
        "error": "the redial was refused: bad number",
        "call_status": "no-answer",
    }
    # The cells of a redial that was killed before it called.
    assert released["name"] == "other 8"
    released["name"] = "name 8"
    assert found == before
    assert [what for _, what in asked[0]] == ["--redial no-answer"]


def test_a_ledger_of_version_3_goes_on_as_any_other(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.executescript(OLDER_LEDGER.read_text(encoding="utf-8"))
    with contextlib.closing(opened(path)) as newer:
        assert [one.key for one in newer.page(after=0, size=20)] == [key_of(4), key_of(11)]
        found = newer.permit(Status.QUEUED, ANYBODY, what="--redial no-answer", now=1.9e9)
        assert (found.released, found.open) == (2, 3)
        # As many references as there were attempts: none that Bolna has seen comes again.
        attempts = newer.intend(newer.page(after=0, size=20), render)
        assert {one.recipient.key: one.reference.rpartition("-")[2] for one in attempts} == {
            key_of(4): "2", key_of(6): "3", key_of(8): "2", key_of(11): "1",
        }  # fmt: skip


def former_columns(results: str) -> list[dict[str, str]]:
    """Return the rows of a results file in the columns that versions 3 and 4 wrote: `reason` is newer."""
    rows = csv.DictReader(results.splitlines())
    return [{name: cell for name, cell in row.items() if name != "reason"} for row in rows]


def as_version_4(path: Path) -> None:
    """Put a ledger there with calls, redials, rows taken over, refused and withheld, under two headers."""
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.executescript(LEDGER_4.read_text(encoding="utf-8"))


def test_a_ledger_of_version_4_shows_the_same_results(path: Path) -> None:
    as_version_4(path)
    results = path.with_suffix(".csv")
    with contextlib.closing(opened(path)) as newer:
        ResultsFile(results, header=newer.header(), with_id=False).write(newer.results(), calls=newer.call_parts())
    # Who was being called is told in the words of now.
    before = RESULTS_4.read_text("utf-8").replace("the run ended before Bolna's answer was recorded", RUN_ENDED)
    assert former_columns(results.read_text("utf-8")) == former_columns(before)


def test_what_a_ledger_of_version_4_sent_is_kept_with_its_attempts(path: Path) -> None:
    as_version_4(path)
    with contextlib.closing(opened(path)) as newer:
        bodies = {call.execution_id: call.body for call in newer.open_calls()}
        waits = {one.call.execution_id: one.rings_at for one in newer.stoppable()}
        # Whom it called once more, with other cells: of the call before only those of then.
        sent = newer._db.execute("SELECT s.body FROM sent s JOIN attempt a ON a.id = s.attempt WHERE a.recipient = 7")
        assert ["other 7" in body for (body,) in sent.fetchall()] == [False, True]
    assert bodies["exec-20"] == ""
    assert json.loads(bodies["exec-6"])["retry_config"]["max_retries"] == 2
    assert waits["exec-5"] == datetime.fromisoformat("2026-12-05T10:00:00+05:30").timestamp()


def test_nobody_of_a_ledger_of_version_4_is_called_before_the_input_is_judged_anew(path: Path) -> None:
    """What a call has of its own, its caller or its schedule, was only in the bodies."""
    as_version_4(path)
    with contextlib.closing(opened(path)) as newer:
        assert newer.note(JUDGED) is None


def test_a_ledger_of_version_4_goes_on_with_its_permissions_and_references(path: Path) -> None:
    as_version_4(path)
    with contextlib.closing(opened(path)) as newer:
        newer.recover()
        attempts = newer.intend(newer.page(after=0, size=20), render)
        assert {one.recipient.key: one.reference.rpartition("-")[2] for one in attempts} == {
            key_of(14): "1", key_of(4): "2", key_of(9): "2",
        }  # fmt: skip
        assert newer.counts()[Status.INVALID] == 2


def test_a_migration_that_fails_leaves_the_older_ledger(
    path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "DROP TABLE permission; SELECT nonsense;"))
        with pytest.raises(LedgerError):
            opened(path)
    with contextlib.closing(opened(path)) as again:
        assert again._db.execute("SELECT count(*) FROM permission").fetchone() == (0,)


def test_a_file_that_a_crash_left_empty_becomes_a_ledger(path: Path) -> None:
    path.touch()
    with pytest.raises(UsageError, match="no ledger yet"):
        Ledger.read(path)
    opened(path).close()
    Ledger.read(path).close()


def test_reading_where_there_is_no_ledger_says_so(path: Path) -> None:
    with pytest.raises(UsageError, match="no ledger yet"):
        Ledger.read(path)
    assert not path.exists()


# -- readers -----------------------------------------------------------------------------------------------------


def test_a_reader_neither_blocks_a_run_nor_is_blocked(path: Path, ledger: Ledger) -> None:
    people(ledger, 3)
    with contextlib.closing(Ledger.read(path)) as reader, ledger.transaction():
        attempts = intend(ledger, 1)
        assert set(standing(reader).values()) == {Status.PENDING}
        halfway: Iterator[ResultRow] = reader.results()
        next(halfway)
    ledger.settle([(attempts[0], QUEUED)])
    with contextlib.closing(Ledger.read(path)) as reader:
        halfway = reader.results()
        assert next(halfway).status is Status.QUEUED
        call(ledger, 2, QUEUED)
        assert [result.status for result in halfway] == [Status.PENDING, Status.PENDING]


def test_a_reader_changes_nothing_of_a_ledger_at_rest(path: Path, ledger: Ledger) -> None:
    people(ledger, 3)
    ledger.close()
    before = path.read_bytes()
    with contextlib.closing(Ledger.read(path)) as reader:
        assert reader.counts() == {Status.PENDING: 3}
        with pytest.raises(LedgerError):
            reader.recover()
    assert path.read_bytes() == before
    opened(path).close()
    assert endings(path) == {""}


def test_a_reader_leaves_the_log_of_a_dead_run_to_the_next_one(path: Path, ledger: Ledger) -> None:
    people(ledger, 3)
    ledger = crashed(ledger)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    with contextlib.closing(Ledger.read(path)) as reader:
        assert reader.counts() == {Status.PENDING: 3}
    assert path.with_name(f"{path.name}-wal").stat().st_size == size
    ledger.close()


# -- places that cannot hold it ----------------------------------------------------------------------------------

MOUNTS = r"""21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 21 0:5 / /mnt/share rw,relatime shared:2 - nfs4 server:/export rw
23 21 0:6 / /mnt/my\040disk rw - ext4 /dev/vdb rw
24 21 0:7 / /mnt/my\040share\040-\040old rw - cifs //server/x rw
25 21 0:8 / /mnt/share/local rw - xfs /dev/vdc rw
26 21 0:9 / /mnt/auto rw - autofs systemd-1 rw
27 26 0:10 / /mnt/auto rw - fuse.sshfs me@host: rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/x.ledger", None),
        ("/mnt/share/x.ledger", "nfs4"),
        ("/mnt/share/deep/er/x.ledger", "nfs4"),
        ("/mnt/shared/x.ledger", None),
        ("/mnt/share/local/x.ledger", None),
        ("/mnt/my disk/x.ledger", None),
        ("/mnt/my share - old/x.ledger", "cifs"),
        ("/mnt/auto/x.ledger", "fuse.sshfs"),
    ],
)
def test_a_network_share_is_told_by_the_mount_it_is_on(tmp_path: Path, path: str, kind: str | None) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert network_file_system(Path(path), mounts=mounts) == kind


def test_where_the_system_does_not_tell_nothing_is_a_share(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, mounts=tmp_path / "none") is None


def test_a_ledger_on_a_network_share_is_refused_before_it_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "network_file_system", lambda _: "nfs4")
    with pytest.raises(LedgerError, match=r"network share \(nfs4\)(.|\n)*Set `ledger = "):
        opened(path)
    assert not path.exists()


def test_a_ledger_in_a_folders_place_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is a folder; name a file in it"):
        opened(tmp_path)


READ_ONLY = """
import os, sys
from pathlib import Path
from dialer.errors import LedgerError
from tests.ledgers import call, opened, people, QUEUED
folder = Path(sys.argv[1])
ledger = opened(folder / "x.ledger")
people(ledger, 2)
ledger.close()
folder.chmod(0o555)
(folder / "x.ledger").chmod(0o444)
if os.geteuid() == 0:
    os.setuid(65534)  # permissions do not bind root
for name in ("x.ledger", "new.ledger"):
    try:
        opened(folder / name)
    except LedgerError as error:
        print(error)
"""


def script(code: str, *arguments: object) -> str:
    """Return what a program of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_read_only_folder_is_told_before_anything_else() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        old, new = script(READ_ONLY, folder).splitlines()
    assert "x.ledger: the ledger cannot be used: it or its folder is read-only, or another user's." in old
    assert old.endswith("a new ledger does not know who was called.")
    assert "new.ledger: the ledger cannot be written (Permission denied)" in new


# A run whose disk fills up: it prints whom it called, then how it ended.
FULL = """
import dataclasses, itertools, resource, sys
from pathlib import Path
import anyio
from dialer.engine.breaker import Breaker
from dialer.errors import LedgerError
from dialer.store.writer import LedgerWriter
from dialer.engine.pacing import Pacer
from dialer.rate import Rate
from dialer.engine.progress import Progress
from dialer.engine.control import Control
from dialer.engine.runner import Runner
from tests.ledgers import QUEUED, AnyNumber, opened, people, render

path, more = Path(sys.argv[1]), int(sys.argv[2])
numbers = itertools.count()

class Connection:
    def is_untouched(self):
        return True

    async def call(self, body, _may_leave):
        await anyio.sleep(0)
        print("called", body.decode())
        return dataclasses.replace(QUEUED, execution_id=f"exec-{next(numbers)}")

    async def aclose(self):
        pass

async def connect():
    await anyio.sleep(0)
    return Connection()

async def gone():
    return False

async def main():
    async with LedgerWriter(lambda: opened(path)) as ledger:
        await ledger.call(lambda store: people(store, 3000))
        # Intents are written to the log, which is longer than the file by now.
        size = path.with_name(path.name + "-wal").stat().st_size
        if more:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, size + more))
        runner = Runner(ledger=ledger, render=render, connect=connect, agent_gone=gone,
            pacer=Pacer(Rate.parse("1000/second")),
            breaker=Breaker(errors_in_a_row=20, outage_after=60), judge=lambda _: None, progress=Progress(),
            max_in_flight=20, lines=AnyNumber())
        try:
            await runner.run(Control())
        except LedgerError as error:
            print("ended", error)
            print("unrecorded", len(ledger.unrecorded))

anyio.run(main)
"""


def called(printed: str) -> list[str]:
    return [line.removeprefix("called ") for line in printed.splitlines() if line.startswith("called ")]


def check_full_disk(path: Path, printed: str) -> None:
    """The run stopped by itself, everybody it called is recorded as attempted, and the ledger is sound."""
    assert "\nended " in printed
    with contextlib.closing(opened(path)) as ledger:
        ledger.recover()
        marks = {mark for (mark,) in ledger._db.execute("SELECT reference FROM attempt")}
        in_doubt = ledger.counts().get(Status.UNKNOWN, 0)
        attempted = sum(count for status, count in ledger.counts().items() if status in ATTEMPTED)
    sent = called(printed)
    assert 0 < len(sent) < 3000
    assert all(any(mark in body for mark in marks) for body in sent)
    # Twenty in flight, and as many as may hold an intent and wait for the pacer.
    assert attempted - len(sent) <= 101
    assert in_doubt <= 20 + 101


@pytest.mark.parametrize("more", [100_000, 250_000, 600_000])
def test_a_full_disk_stops_the_run_before_it_sends_what_it_cannot_record(path: Path, more: int) -> None:
    check_full_disk(path, script(FULL, path, more))


def test_a_full_file_system_stops_the_run_and_says_so(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("mounting needs rights")
    try:
        printed = script(FULL, disk / "x.ledger", 0)
        assert "the disk is full. What was recorded is intact" in printed
        for left in disk.glob("x.ledger*"):
            shutil.copy(left, tmp_path)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    check_full_disk(tmp_path / "x.ledger", printed)
