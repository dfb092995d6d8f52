"""A list that takes the place of another leaves the same in a database as in a file, whatever has changed in it."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.models import NOTHING_OWN, NOWHERE, Outcome, Own, Status, Whereabouts
from tests.engines import ENGINES, skip_where_missing
from tests.ledgers import AGAIN, ANYBODY, QUEUED, REFUSED, UNCLEAR, load, number_of, render, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.input_rows import InputRow
    from dialer.models import Answer, Recipient
    from dialer.store import Store

    Step = tuple[list[InputRow], dict[int, Outcome], set[Status]]

MOST = 6
ANSWERS: dict[Outcome, Answer] = {
    Outcome.QUEUED: QUEUED,
    Outcome.ERROR: REFUSED,
    Outcome.UNKNOWN: UNCLEAR,
    Outcome.RETRY: AGAIN,
}


@st.composite
def a_list(draw: st.DrawFn) -> list[InputRow]:
    """Return rows about some people in any order: one of each may be called, and others may not."""
    people = draw(st.permutations(range(1, MOST + 1)))[: draw(st.integers(0, MOST))]
    again = draw(st.lists(st.integers(1, MOST), max_size=2))
    plain = draw(st.booleans())
    return [
        _row(draw, at, index, plain=plain, is_first=at <= len(people)) for at, index in enumerate([*people, *again], 1)
    ]


def _row(draw: st.DrawFn, at: int, index: int, *, plain: bool, is_first: bool) -> InputRow:
    callable_ = is_first and draw(st.integers(0, 4)) > 0
    status = Status.PENDING if callable_ else draw(st.sampled_from([Status.SUPPRESSED, Status.DUPLICATE]))
    # By an id, so that a person may have another number in the next list.
    number = number_of(index + draw(st.sampled_from([0, 0, 0, 100])))
    made = row(at, index, draw(st.sampled_from(["Ann", "Bob"])), status=status, key=f"id {index}", number=number)
    if plain:
        return made
    own = draw(st.sampled_from([NOTHING_OWN, Own(agent="other", scheduled_at="2030-01-01T00:00:00Z")]))
    where = draw(st.sampled_from([NOWHERE, Whereabouts(("Asia/Kolkata",), "its number", "IN")]))
    return replace(made, own=own, whereabouts=where)


STEPS = st.lists(
    st.tuples(
        a_list(),
        st.dictionaries(st.integers(1, MOST), st.sampled_from([*ANSWERS]), max_size=3),
        st.sets(st.sampled_from([Status.QUEUED, Status.ERROR, Status.UNKNOWN]), max_size=1),
    ),
    min_size=2,
    max_size=4,
)


def went(engine: str, steps: list[Step]) -> list[object]:
    """Return what is seen of a batch after each list."""
    open_, _ = ENGINES[engine]
    found: list[object] = []
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            with contextlib.closing(open_(Path(folder) / "x.ledger")) as store:
                store.begin_work()
                found += _work(store, *step)
    return found


def _work(store: Store, rows: list[InputRow], answers: dict[int, Outcome], again: set[Status]) -> Iterator[object]:
    """Do what a run does; yield what is seen after the load, and at the end."""
    for state in again:
        store.permit(state, ANYBODY, what="--redial", now=4e9)
    load(store, rows, id_column="id")
    yield _seen(store)
    for one in store.page(after=0, size=99):
        outcome = answers.get(int(one.key.removeprefix("id ")))
        if outcome is not None:
            store.settle([(attempt, ANSWERS[outcome]) for attempt in store.intend([one], render, now=1.0)], now=2.0)
    yield _seen(store)


def _seen(store: Store) -> object:
    return (
        [_told(one) for one in store.page(after=0, size=99)],
        sorted(map(repr, store.results())),
        store.counts(),
        sorted(store.attempted_numbers().items()),
        [store.people_with(number_of(index)) for index in range(1, MOST + 1)],
    )


def _told(one: Recipient) -> object:
    return one.key, one.number, one.cells, one.position, one.attempts, one.zones, one.country, one.own


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_lists_that_follow_each_other_leave_the_same_in_a_database_as_in_a_file(steps: list[Step]) -> None:
    skip_where_missing("postgres")
    assert went("postgres", steps) == went("sqlite", steps)
