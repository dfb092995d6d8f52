"""What the ledger counts for a report."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer.models import Answer, Effect, Outcome, Status
from dialer.store import Hold
from dialer.store.sqlite import Ledger
from tests.ledgers import QUEUED, call, opened, people

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        yield ledger


def test_holds_of_one_burst_are_one_and_later_ones_another(ledger: Ledger) -> None:
    for at, seconds, words in (
        (100.0, 30.0, "first"),
        (101.0, 5.0, "inside"),
        (120.0, 30.0, "longer"),
        (151.0, 2.0, "later"),
    ):
        ledger.note_hold(seconds, words, now=at)
    assert list(ledger.holds()) == [Hold(100.0, 50.0, "first"), Hold(151.0, 2.0, "later")]


def test_without_a_hold_there_is_none(ledger: Ledger) -> None:
    assert list(ledger.holds()) == []


def test_everything_in_a_snapshot_is_of_one_moment(ledger: Ledger) -> None:
    people(ledger, 2)
    with closing(Ledger.read(ledger.path)) as reader:
        with reader.snapshot():
            before = reader.counts()
            call(ledger, 1, QUEUED)
            assert (reader.counts(), reader.span()[0]) == (before, 0)
        assert (reader.counts(), reader.span()[0]) == ({Status.PENDING: 1, Status.QUEUED: 1}, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Number +91 98000-00001 is bad", "Number +919800000002 is bad"),
        ("id 123e4567-e89b-12d3-a456-426655440000 gone", "id 223e4567-e89b-12d3-a456-426655440000 gone"),
    ],
)
def test_reasons_that_differ_in_a_number_only_are_one(ledger: Ledger, one: str, other: str) -> None:
    people(ledger, 3)
    for index, words in enumerate((one, other, "HTTP 500 after 30 s"), 1):
        call(ledger, index, Answer(Outcome.ERROR, Effect.GO_ON, words=words, http_status=400))
    found = {trouble.words: trouble.rows for trouble in ledger.troubles(first=3)}
    assert sorted(found.values()) == [1, 2]
    assert found["HTTP 500 after 30 s"] == 1
