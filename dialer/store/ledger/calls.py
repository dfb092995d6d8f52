"""What became of the calls that the provider accepted, by its last answers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dialer.models import CallCount, Talk
from dialer.provider.states import FINAL, CallState
from dialer.store.call_ids import CallIds
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import changing, reading
from dialer.store.records import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dialer.provider.interface import Execution

_LAST = 1000
"""So many calls tell how long one takes."""


class KnownCalls(NamedTuple):
    """A number of calls with the same last known status; columns as in the ledger."""

    status: str
    voicemail: int | None
    final: int
    calls: int
    seconds: float
    cost: float
    talks: float

    @property
    def outcome(self) -> str:
        """A CallState's word, else the provider's own; older ledgers keep apart that a machine answered."""
        return CallState.VOICEMAIL if self.status == CallState.COMPLETED and self.voicemail == 1 else self.status

    @property
    def reached(self) -> int:
        """How many of them reached a person; see `REACHED` of the queries."""
        if self.outcome != CallState.COMPLETED:
            return 0
        return int(self.talks) if self.final else self.calls


def counted(known: Iterable[KnownCalls], *, accepted: int) -> list[CallCount]:
    """Count accepted calls by status: finished ones first, the most frequent first among them.

    Args:
        known: counts of the calls that the provider was asked about.
        accepted: how many there are.
    """
    found: dict[tuple[str, int], CallCount] = {}
    for one in known:
        key = one.outcome, 3 if one.final == 0 and one.status in FINAL else one.final
        so_far = found.get(key, CallCount(*key, 0, 0.0, 0.0, asked=True))
        found[key] = replace(
            so_far,
            calls=so_far.calls + one.calls,
            seconds=round(so_far.seconds + one.seconds, 3),
            cost=round(so_far.cost + one.cost, 3),
        )
    unasked = accepted - sum(count.calls for count in found.values())
    more = [CallCount("", 0, unasked, 0.0, 0.0, asked=False)] if unasked else []
    return sorted([*found.values(), *more], key=lambda count: (-count.final, -count.calls))


class Calls(Connected):
    """The part of the ledger that follows calls at the provider."""

    def talk(self) -> Talk:
        """Return how long people talked in the last calls that are over."""
        with self._errors():
            row = self._db.execute(
                reading.TALK,
                (_LAST,),
            ).fetchone()
        return Talk(*row)

    def last_attempt(self) -> int:
        """Return the integer key of the last attempt; 0 where there was none."""
        with self._errors():
            (last,) = self._db.execute(reading.LAST_ATTEMPT).fetchone()
        return int(last)

    def open_calls(self, *, after: int = 0, size: int = 1000, most: int | None = None) -> list[Call]:
        """Return accepted calls that are not final, in the order in which they were placed, from beyond an attempt.

        Args:
            after: the attempt's integer key.
            size: so many at most.
            most: only those to people of the input who had fewer calls; None: all.
        """
        query = reading.OPEN_CALLS if most is None else reading.OPEN_CALLS_BEFORE_ANOTHER
        with self._errors():
            rows = self._db.execute(query, {"after": after, "size": size, "most": most}).fetchall()
        return [Call(*row) for row in rows]

    def statuses(self, attempts: Sequence[int]) -> dict[int, str]:
        """Return the last known status of some calls, by attempt; calls without a known status are left out."""
        query = reading.STATUSES
        with self._errors():
            return dict(self._db.execute(query, (json.dumps(attempts),)).fetchall())

    def execution_ids(self) -> CallIds:
        """Return the ids that the provider gave the calls of this batch."""
        with self._errors():
            return CallIds(identity for (identity,) in self._db.execute(reading.EXECUTION_IDS))

    def known_call(self) -> str | None:
        """Return the provider's id of a call that it has shown to its end; None where there is none."""
        query = reading.KNOWN_CALL
        with self._errors():
            row = self._db.execute(query).fetchone()
        return None if row is None else str(row[0])

    def call_counts(self) -> list[CallCount]:
        """Count accepted calls by status: finished ones first, the most frequent first among them."""
        with self._errors():
            known = self.known_calls()
            (accepted,) = self._db.execute(reading.COUNT_ACCEPTED).fetchone()
        return counted(known, accepted=accepted)

    def known_calls(self) -> list[KnownCalls]:
        """Count by status the calls that the provider was asked about."""
        with self._errors():
            return [KnownCalls(*row) for row in self._db.execute(reading.KNOWN_CALLS)]

    def note_calls(self, found: Iterable[tuple[int, Execution]], *, now: float | None = None) -> None:
        """Keep what the provider says of some calls; a call that is final stays as it is.

        Args:
            found: the attempt's integer key and the execution.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(changing.NOTE_CALL, (_row(attempt, execution, at) for attempt, execution in found))

    def note_statuses(self, listed: Iterable[tuple[int, str]], *, now: float | None = None) -> None:
        """Keep the status of calls that are not final as a list shows it, which tells no more of them.

        Args:
            listed: the attempt's integer key and the status.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(changing.NOTE_STATUS, ((attempt, status, at) for attempt, status in listed))

    def note_missing(self, attempts: Sequence[int], *, now: float | None = None) -> None:
        """Keep that the provider knows no such calls (yet)."""
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(changing.NOTE_MISSING, ((attempt, at) for attempt in attempts))

    def give_up(self, attempts: Sequence[int]) -> None:
        """Keep that these calls never ended: they are not asked for any more."""
        with self.transaction() as db:
            db.executemany(changing.GIVE_UP, ((attempt,) for attempt in attempts))


def _row(attempt: int, execution: Execution, at: float) -> tuple[object, ...]:
    extracted, final = execution.extracted, execution.is_final
    # Until the end the provider shows 0 of what it does not know yet.
    duration, cost = (execution.duration, execution.cost) if final else (None, None)
    return (
        attempt, execution.status, final, at, at, duration, cost,
        execution.hangup_by, execution.hangup_reason, execution.error_message, execution.termination_reason,
        execution.recording_url, "" if extracted is None else _json(extracted),
        execution.transcript, _unix(execution.scheduled_at), execution.retry_count, _unix(execution.created_at),
        _unix(execution.updated_at),
    )  # fmt: skip


def _json(value: object) -> str:
    # A lone surrogate is valid in JSON and in no file.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
