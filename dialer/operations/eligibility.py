"""Why a recipient must not be called at this moment."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dialer import provider
from dialer.hours import Closed
from dialer.intake.do_not_call import GLANCE, Watch
from dialer.messages.intake.do_not_call import on_list
from dialer.messages.operations import eligibility as say
from dialer.models import Deferral
from dialer.numbers import spellings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.config.campaign import Campaign
    from dialer.hours import CallingWindow
    from dialer.intake.do_not_call import Suppression
    from dialer.models import Recipient
    from dialer.store.shared import OtherBatches

READING = Deferral(say.READING_LIST, retry=True)
CLOSING = timedelta(seconds=5)
"""How much earlier calling hours end: a request takes a moment to arrive, and clocks differ."""
MEET_AGAIN = (1.0, 45.0)
"""Seconds, at least and at most, until the next check for a call by another run."""


class Judge:
    """Decides whether a recipient may be called now; asked before each call, the last time as the request is sent.

    Args:
        suppression: the do-not-call lists, read again when they change.
        window: the calling hours; None: at any time.
        neighbours: the other batches; None to ignore them.
        within: seconds for which a call by another batch counts.
        ends: end of calling (Unix seconds); None: no end.
        wait: seconds until a call placed now rings: it has to be within the hours then as well.
        now: the wall clock, Unix seconds.
        random: returns a random number between two others.
        note: receives a sentence each time the lists are read again.
    """

    def __init__(
        self,
        *,
        suppression: Suppression,
        window: CallingWindow | None,
        neighbours: OtherBatches | None,
        within: float,
        ends: float | None,
        wait: Callable[[], float] = lambda: 0.0,
        now: Callable[[], float] = time.time,
        random: Callable[[float, float], float] = random.uniform,
        note: Callable[[Suppression], Awaitable[None]] | None = None,
    ) -> None:
        self._lists = Watch(suppression, note=note)
        self._window = window
        self._neighbours = neighbours
        self._within = within
        self._ends = ends
        self._wait = wait
        self._now = now
        self._random = random

    def __call__(self, recipient: Recipient, *, seen_within: float = 0.0) -> Deferral | None:
        """Return why a recipient must not be called now, or None.

        Args:
            recipient: who.
            seen_within: seconds; lists and ledgers are not looked at that were seen so shortly before.

        Raises:
            InputError: a do-not-call list cannot be read any more.
            DoNotCallError: the workspace's cannot, or lacks what it had.
            LedgerError: another batch's ledger cannot be read.
        """
        now = self._now()
        return (
            self._suppressed(recipient, seen_within)
            or self._over(now)
            or self._outside(recipient, datetime.fromtimestamp(now, UTC))
            or self._called_elsewhere(recipient, now, seen_within)
        )

    def glance(self, recipient: Recipient) -> Deferral | None:
        """Return the same as it was a moment ago: for a first look, long before the request leaves."""
        return self(recipient, seen_within=GLANCE)

    async def ready(self) -> None:
        """Return once the do-not-call lists are known as they are on disk.

        Raises:
            InputError: a do-not-call list cannot be read any more.
        """
        await self._lists.refresh()

    def _suppressed(self, recipient: Recipient, seen_within: float) -> Deferral | None:
        if not self._lists.is_current(seen_within=seen_within):
            return READING
        name = self._lists.list_with(recipient.number)
        return None if name is None else Deferral(on_list(name))

    def _over(self, now: float) -> Deferral | None:
        return Deferral(say.SCHEDULE_OVER) if self._ends is not None and now >= self._ends else None

    def _outside(self, recipient: Recipient, now: datetime) -> Deferral | None:
        at = recipient.scheduled_at
        # A call that the provider places later has to be within the hours then, not now.
        if at is None:
            return self._closed(recipient, now) or self._closed(recipient, now + CLOSING) or self._rings(recipient, now)
        if at - now < provider.VENDOR.limits.soonest:
            return Deferral(say.TOO_LATE)
        closed = self._closed(recipient, at)
        return None if closed is None else Deferral(say.at_scheduled_at(closed.reason))

    def _rings(self, recipient: Recipient, now: datetime) -> Deferral | None:
        """Judge the moment at which the phone will ring, where the lines are all taken until then."""
        wait = self._wait()
        closed = None if wait <= 0 else self._closed(recipient, now + CLOSING + timedelta(seconds=wait))
        return None if closed is None else replace(closed, reason=say.no_line_in_time(closed.reason))

    def _closed(self, recipient: Recipient, at: datetime) -> Deferral | None:
        if self._window is None:
            return None
        verdict = self._window.verdict(zones=recipient.zones, country=recipient.country or None, at=at)
        if not isinstance(verdict, Closed):
            return None
        opens = None if verdict.opens_at is None else verdict.opens_at.timestamp()
        if opens is not None and self._ends is not None and opens >= self._ends:
            return Deferral(say.not_before_the_end(verdict.reason))
        return Deferral(verdict.reason, until=opens, awaited=True)

    def _called_elsewhere(self, recipient: Recipient, now: float, seen_within: float) -> Deferral | None:
        if self._neighbours is None:
            return None
        call = self._neighbours.called(spellings(recipient.number), now=now, seen_within=seen_within)
        if call is None:
            return None
        if call.is_open:
            # If both find each other, neither calls; after waits of random length they hardly meet again.
            wait = self._random(*MEET_AGAIN)
            return Deferral(say.about_to_call(call.batch), retry=True, wait=wait)
        rings_later = call.at > now
        reason = say.rings_later(call.batch) if rings_later else say.called(call.batch, seconds=now - call.at)
        return Deferral(reason, until=call.at + self._within)


def judge_of(
    campaign: Campaign,
    suppression: Suppression,
    others: OtherBatches | None,
    *,
    wait: Callable[[], float],
    note: Callable[[Suppression], Awaitable[None]],
) -> Judge:
    """Return who judges the recipients of a campaign, `wait` seconds before their phone rings; `note` as of `Judge`."""
    ends = campaign.schedule.ends
    return Judge(
        suppression=suppression,
        window=campaign.window,
        neighbours=others,
        within=campaign.screening.called_elsewhere_within,
        ends=None if ends is None else ends.timestamp(),
        wait=wait,
        note=note,
    )
