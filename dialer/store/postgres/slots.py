"""When a request may leave: one row for each organisation, whichever host asks; no host's clock is compared.

Slots are handed out in order, at most `AHEAD` before they come, each an interval after the one before: a window of the
provider's, and a margin, through the number of its calls. A request leaves no earlier than its slot and at most
`VALID` later, which is less than the margin: so in no window are there more than its calls. What is late is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.store.postgres.beats import elapsed
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.queries import statements
from dialer.store.postgres.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

AHEAD = 0.3
MARGIN = 0.25
VALID = 0.8 * MARGIN
_PATIENCE = 5.0
"""Seconds after which an answer counts as lost."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A request may leave.

    Attributes:
        opens: from then on (seconds of the asker's own clock).
        closes: until then; where that is over it is not to be used.
    """

    opens: float
    closes: float


class Slots:
    """The slots of one organisation.

    Args:
        session: to the database; one thread at a time may use it.
        organisation: its name.
        count: requests that may leave within a window.
        window: its length in seconds.
        now: the caller's clock, which cannot be set.
    """

    @classmethod
    def open(cls, url: str, *, organisation: str, count: int, window: float) -> Slots:
        """Return the slots of an organisation, on a connection of their own.

        Raises:
            LedgerError: the database cannot be reached.
        """
        with database_errors():
            session = Session(url)
        session.patience = _PATIENCE
        return cls(session, organisation=organisation, count=count, window=window)

    def __init__(
        self,
        session: Session,
        *,
        organisation: str,
        count: int,
        window: float,
        now: Callable[[], float] = elapsed,
    ) -> None:
        self._session, self._organisation, self._now = session, organisation, now
        self._window = window
        self._every = (window + MARGIN) / count

    def ask(self, *, wait: float = 0.0) -> Slot | float:
        """Return a slot that is not before so many seconds from now, or in how many seconds to ask again.

        Raises:
            LedgerError: the database cannot be reached: without it nothing is sent.
        """
        asked = self._now()
        given = (self._organisation, self._every, AHEAD, self._window, max(0.0, wait))
        with database_errors():
            is_granted, seconds = self._session.one(statements.SLOT, given)
        if not is_granted:
            return float(seconds)
        # The server's moment was between the question and its answer.
        return Slot(opens=self._now() + seconds, closes=asked + seconds + VALID)

    def reconnect(self) -> None:
        """Connect anew where the connection is lost.

        Raises:
            LedgerError: the database cannot be reached.
        """
        with database_errors():
            if self._session.is_lost:
                self._session.reconnect()

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()

    def hold(self, seconds: float, words: str) -> None:
        """Grant no slot for a number of seconds from now."""
        with database_errors():
            self._session.execute(statements.HOLD, (self._organisation, seconds, words))
