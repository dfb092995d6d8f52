"""What the ledger counts for a report."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer.ledger.overview import Hold
from tests.ledgers import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.ledger import Ledger


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
