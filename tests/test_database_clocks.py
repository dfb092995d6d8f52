"""Hosts whose clocks are wrong: for what they share, the server's clock counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.ledgers import QUEUED, UNCLEAR, intend, render
from tests.test_postgres import opened, url, working

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.models import Answer
    from dialer.store.postgres import Batch

__all__ = ["opened", "url"]

DAYS = 3 * 86_400.0


@pytest.mark.parametrize("answer", [QUEUED, UNCLEAR])
@pytest.mark.parametrize("off", [-DAYS, DAYS])
def test_whom_a_host_with_a_wrong_clock_called_no_other_batch_calls_that_day(
    opened: Callable[..., Batch], answer: Answer, off: float
) -> None:
    wrong, other = working(opened("one")), working(opened("two"))
    now = time.time() + off
    first = wrong.page(after=0, size=1)
    (attempt,) = wrong.intend(first, render, now=now)
    wrong.settle([(attempt, answer)], now=now)
    assert intend(other, 1) == []
