"""Who is called next: recipients to be retried, then pending ones who may be called now, in input order."""

from __future__ import annotations

import heapq
import math
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.models import Deferral, Recipient

PAGE = 500
"""Recipients read from the ledger at a time."""
SHARED_PAGE = 20
"""The same where other runs read it as well: they are kept from these people."""
_TRIES = 10
"""Checks of a recipient whom another run is about to call, before they are left for later."""


@dataclass(slots=True)
class Deferred:
    """The recipients who are left for later for one reason.

    Attributes:
        count: how many.
        until: Unix seconds at which the first of them can be called; None if not known.
    """

    count: int = 0
    until: float | None = None


class Pending:
    """Takes up recipients, page by page; counts those who may not be called now and leaves them for later.

    Args:
        page: returns the next callable recipients after a position, up to a number.
        judge: returns why a recipient must not be called now, or None.
        limit: maximum number of recipients to take up; None for all.
        now: Unix seconds.
        waits: whether to wait for recipients who can be called later.
        size: recipients in a page.
    """

    def __init__(
        self,
        *,
        page: Callable[[int, int], Awaitable[list[Recipient]]],
        judge: Callable[[Recipient], Deferral | None],
        limit: int | None,
        now: Callable[[], float],
        waits: bool,
        size: int = PAGE,
    ) -> None:
        self._page, self._size = page, size
        self._judge = judge
        self._left = math.inf if limit is None else limit
        self._now = now
        self._waits = waits
        self._again: deque[Recipient] = deque()
        self._pulled: deque[Recipient] = deque()
        self._later: list[tuple[float, int, Recipient]] = []
        self._tries: Counter[int] = Counter()
        self.deferred: dict[str, Deferred] = {}
        """Reason -> those who were left for later, in this pass over the list."""
        self.go_through_again()

    def go_through_again(self) -> None:
        """Begin at the top of the list."""
        self._position = 0
        self._exhausted = False
        self._began = self._now()
        self._opens_at: float | None = None
        self.deferred.clear()

    def wants_more(self) -> bool:
        """Tell whether the limit lets more recipients be taken up."""
        return self._left > 0

    def waits_for_a_turn(self) -> bool:
        """Tell whether there may be a recipient to take up."""
        return bool(self._again) or self._is_due() or (self._left > 0 and (bool(self._pulled) or not self._exhausted))

    def waits_for_a_moment(self) -> bool:
        """Tell whether there is a recipient to be taken up after a delay."""
        return bool(self._later) and not self._is_due()

    def _is_due(self) -> bool:
        return bool(self._later) and self._later[0][0] <= anyio.current_time()

    async def next(self, *, stopped: Callable[[], bool]) -> Recipient | None:
        """Return the next recipient who may be called now, retried ones first; None if none is left.

        Raises:
            LedgerError: a page could not be read.
        """
        while self.waits_for_a_turn() and not stopped():
            if self._is_due():
                self._again.append(heapq.heappop(self._later)[2])
            if not self._again and not self._pulled:
                await self._pull()
                continue
            first_time = not self._again
            recipient = (self._pulled if first_time else self._again).popleft()
            deferral = self._judge(recipient)
            # What ends in a moment is decided when the request is about to leave.
            if deferral is None or (deferral.retry and not deferral.wait):
                self._left -= first_time
                return recipient
            if deferral.retry:
                self._left -= first_time
                self.try_later(recipient, deferral)
            else:
                self._left += not first_time
                self.defer(deferral)
        return None

    async def _pull(self) -> None:
        page = await self._page(self._position, self._size)
        self._pulled.extend(page)
        self._exhausted = len(page) < self._size
        if page:
            self._position = page[-1].position

    def try_again(self, recipient: Recipient) -> None:
        """Put a recipient back, before the others."""
        self._again.append(recipient)

    def try_later(self, recipient: Recipient, deferral: Deferral) -> None:
        """Take up a recipient after a delay; after several delays they are left for a later run."""
        self._tries[recipient.id] += 1
        if self._tries[recipient.id] > _TRIES:
            self.put_back(deferral)
        else:
            heapq.heappush(self._later, (anyio.current_time() + deferral.wait, recipient.id, recipient))

    def put_back(self, deferral: Deferral) -> None:
        """Count a recipient who was taken up and is left for later after all."""
        self._left += 1
        self.defer(deferral)

    def defer(self, deferral: Deferral) -> None:
        """Count a recipient who is left for later."""
        later = self.deferred.setdefault(deferral.reason, Deferred())
        later.count += 1
        if deferral.until is not None:
            later.until = min(deferral.until, later.until or math.inf)
            # What should have ended before it was said would be looked at again for ever.
            if deferral.awaited and deferral.until > self._began:
                self._opens_at = min(deferral.until, self._opens_at or math.inf)

    def next_pass_at(self) -> float | None:
        """Return when to go through the list again (Unix seconds); None: not in this run."""
        first = self._opens_at
        # Those who became callable during this pass are called in this run, even if it waits for no others.
        return first if first is not None and self._left > 0 and (self._waits or first <= self._now()) else None
