"""How long a run will take, and what it will cost, as far as that can be known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

AVERAGE_CALL = 60.0
"""Seconds of a call where nothing better is known."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    Attributes:
        calls: how many are to be called.
        sending: seconds until the last request has left, at the rate.
        calling: seconds until the last call has ended, on the account's lines; None where they are not known.
        lines: calls that the account may have live at once; None where it is not told.
        average: seconds of a call.
        ends_at: when the last call has ended, or else the last request has left.
        cost: at the campaign's price a minute, in its currency; None where it names none.
    """

    calls: int
    sending: float
    calling: float | None
    lines: int | None
    average: float
    ends_at: datetime
    cost: float | None


def forecast(
    calls: int,
    *,
    per_second: float,
    now: datetime,
    lines: int | None = None,
    average: float = AVERAGE_CALL,
    cost_per_minute: float | None = None,
) -> Forecast:
    """Return what is to be expected.

    Bolna queues what exceeds the account's lines, so the phones may ring long after the last request has left.

    Args:
        calls: how many are to be called.
        per_second: requests a second.
        now: when the run starts.
        lines: calls that the account may have live at once, nobody else using them.
        average: seconds of a call, ringing included.
        cost_per_minute: price of a minute.
    """
    sending = calls / per_second
    calling = max(sending, calls * average / lines) + average if lines and calls else None
    return Forecast(
        calls=calls,
        sending=sending,
        calling=calling,
        lines=lines,
        average=average,
        ends_at=now + timedelta(seconds=sending if calling is None else calling),
        cost=None if cost_per_minute is None else calls * average / 60 * cost_per_minute,
    )
