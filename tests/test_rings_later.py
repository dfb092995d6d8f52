"""A call counts from when its phone rings last: at its `scheduled_at`, or after Bolna's retries."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dialer.store.sqlite import Neighbours, Registry
from tests.ledgers import BINDING, QUEUED, in_columns, number_of, opened, rendering, row

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0
IN_TWO_DAYS = "two days from the moment at which the test runs"


def called(folder: Path, *, later: float, payload: dict[str, object], is_live: bool) -> bool:
    """Tell whether a call that was placed a moment ago with a body counts so many seconds later."""
    at = datetime.fromtimestamp(time.time() + 48 * HOUR, UTC).isoformat(timespec="seconds")
    payload = {name: at if value == IN_TWO_DAYS else value for name, value in payload.items()}
    with closing(opened(folder / "other.ledger")) as ledger:
        one = row(1, 1)
        ledger.load(("phone", "name"), phones=("phone",), id_column=None, chunks=[in_columns([one])])
        (attempt,) = ledger.intend(ledger.page(after=0, size=1), rendering(**payload))
        ledger.settle([(attempt, QUEUED)])
        if not is_live:
            ledger.close()
        with Neighbours(
            [folder],
            registry=Registry(folder / "dialer.ledgers"),
            own=folder / "own.ledger",
            server=BINDING.server,
            within=24 * HOUR,
        ) as others:
            return others.called((number_of(1),), now=time.time() + later) is not None


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize(
    ("payload", "counts_until"),
    [
        ({}, 24),
        ({"scheduled_at": IN_TWO_DAYS}, 72),
        ({"retry_config": {"enabled": True, "retry_intervals_minutes": [30, 60, 90]}}, 27),
        ({"retry_config": {"enabled": True}}, 27.5),
        ({"retry_config": {"enabled": False, "retry_intervals_minutes": [30, 60, 90]}}, 24),
        ({"scheduled_at": IN_TWO_DAYS, "retry_config": {"enabled": True, "retry_intervals_minutes": [60]}}, 73),
    ],
    ids=["plain", "scheduled", "retried", "retried by default", "not retried", "both"],
)
def test_it_counts_a_day_from_when_the_phone_rings_last(
    tmp_path: Path,
    payload: dict[str, object],
    counts_until: float,
    is_live: bool,  # noqa: FBT001 - a case
) -> None:
    assert called(tmp_path, later=(counts_until - 0.1) * HOUR, payload=payload, is_live=is_live)


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize(("payload", "over"), [({}, 24.1), ({"scheduled_at": IN_TWO_DAYS}, 72.1)])
def test_after_that_it_counts_no_more(
    tmp_path: Path,
    payload: dict[str, object],
    over: float,
    is_live: bool,  # noqa: FBT001 - a case
) -> None:
    assert not called(tmp_path, later=over * HOUR, payload=payload, is_live=is_live)
