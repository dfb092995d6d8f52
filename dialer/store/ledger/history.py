"""Everything a ledger knows of one number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dialer import provider
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import reading
from dialer.store.records import Person, Trace


class Traces(Connected):
    """The part of the ledger that answers when somebody complains."""

    def people_with(self, number: int) -> list[Person]:
        """Return everybody with a number, and the rows that have it and are not called.

        Args:
            number: E.164 digits.
        """
        with self._errors():
            people = self._db.execute(reading.PEOPLE_WITH, (number,))
            found = [self._person(*row) for row in people.fetchall()]
            rows = self._db.execute(reading.ROWS_WITH, (number,))
            return found + [Person(key, status, reason, (), ()) for key, status, reason in rows]

    def _person(self, recipient: int, key: str, state: str, reason: str) -> Person:
        attempts = self._db.execute(reading.ATTEMPTS, (recipient,))
        decisions = self._db.execute(reading.DECISIONS, (recipient,))
        return Person(
            key, state, reason, tuple(map(_trace, attempts)), tuple((_moment(at), what) for at, what in decisions)
        )


def _trace(row: tuple[Any, ...]) -> Trace:
    at, outcome, http_status, words, source, execution_id, call, final, asked_at, *rest = row
    asked = None if asked_at is None else _moment(asked_at)
    rest[-1] = provider.VENDOR.request_in(rest[-1]).agent
    return Trace(_moment(at), outcome, http_status, words, source, execution_id, call, bool(final), asked, *rest)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
