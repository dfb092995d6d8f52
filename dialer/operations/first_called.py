"""The first recipients of a run: what they hear is shown before the question."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dialer.hours import Open
from dialer.operations.check import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from dialer.hours import CallingWindow
    from dialer.models import Recipient
    from dialer.operations.run_context import RunContext

_SIZE: Final = 500
_PAGES: Final = 20
"""So far into the list somebody is looked for who can be called at once."""


async def first_called(context: RunContext, *, left_out: Collection[int]) -> list[Recipient]:
    """Return the first people whom a run calls that starts now; where hours are closed, those who can be called first.

    Args:
        context: of the run.
        left_out: positions of recipients that this run skips, because another batch called them recently.
    """
    campaign, now = context.campaign, datetime.now(UTC)
    found: list[tuple[datetime, Recipient]] = []
    after = 0
    for _ in range(_PAGES):
        page = await context.ledger.peek(after=after, size=_SIZE)
        people = [one for one in page if one.position not in left_out]
        found += [(at, one) for one in people if (at := _from(campaign.window, one, now)) is not None]
        found = sorted(found, key=lambda one: (one[0], one[1].position))[:SAMPLES]
        if len(page) < _SIZE or (len(found) == SAMPLES and found[-1][0] <= now):
            break
        after = page[-1].position
    return [one for _, one in found]


def _from(window: CallingWindow | None, recipient: Recipient, now: datetime) -> datetime | None:
    """Return the time from which a recipient may be called, at the earliest now; None if unknown."""
    if window is None or recipient.own.scheduled_at is not None:
        return now
    verdict = window.verdict(zones=recipient.zones, country=recipient.country or None, at=now)
    return now if isinstance(verdict, Open) else verdict.opens_at
