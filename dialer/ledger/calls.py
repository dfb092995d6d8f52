"""What became of the calls that Bolna accepted, as it was last told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dialer.forecast import Talk
from dialer.ledger.connection import Connected
from dialer.ledger.opening import told
from dialer.models import CallCount
from dialer.provider.states import RANG, CallState
from dialer.store.records import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from dialer.provider.interface import Execution


OUTCOME = f"iif(c.status = '{CallState.COMPLETED}' AND c.voicemail, '{CallState.VOICEMAIL}', coalesce(c.status, ''))"
"""How a call `c` stands, as SQL: a CallState's word, else the provider's own. Older ledgers keep apart that a machine
answered."""


def listed(states: Iterable[CallState]) -> str:
    """Return states as SQL has them behind IN."""
    return f"({', '.join(repr(str(state)) for state in states)})"


_COUNTS = f"""
    SELECT {OUTCOME}, coalesce(c.final, 0), count(*),
    round(coalesce(sum(c.duration), 0.0), 3), round(coalesce(sum(c.cost), 0.0), 3)
    FROM attempt a LEFT JOIN call c ON c.attempt = a.id WHERE a.outcome = 'queued' AND a.execution_id <> ''
    GROUP BY 1, 2 ORDER BY 2 DESC, 3 DESC
"""  # noqa: S608 - constants only
PAYLOAD = "coalesce(s.payload, r.payload)"
CALL = f"""
    a.id, a.recipient, r.number, a.execution_id, {PAYLOAD}, a.at, coalesce(a.answered_at, a.at),
    coalesce(c.status, ''), c.since, c.asked_at, c.scheduled_at, coalesce(c.retry_count, 0)
"""
"""The columns of a `Call`."""
ACCEPTED = """
    attempt a JOIN recipient r ON r.id = a.recipient LEFT JOIN sent s ON s.attempt = a.id
    LEFT JOIN call c ON c.attempt = a.id
"""
_OPEN = f"""
    FROM {ACCEPTED}
    WHERE a.outcome = 'queued' AND a.execution_id <> '' AND coalesce(c.final, 0) = 0
"""


_LAST = 1000
"""So many calls tell how long one takes."""


class Calls(Connected):
    """The part of the ledger that follows calls at Bolna."""

    def talk(self) -> Talk:
        """Return how long people talked in the last calls that are over."""
        with told(self.path):
            row = self._db.execute(
                f"""
                SELECT count(*), coalesce(avg(coalesce(duration, 0.0)), 0.0) FROM (SELECT duration FROM call
                WHERE final = 1 AND status IN {listed(RANG)} ORDER BY attempt DESC LIMIT ?)
                """,  # noqa: S608 - constants only
                (_LAST,),
            ).fetchone()
        return Talk(*row)

    def open_calls(self, *, after: int = 0, size: int = 1000) -> list[Call]:
        """Return accepted calls that are not final, in the order in which they were placed, from beyond an attempt."""
        with told(self.path):
            rows = self._db.execute(
                f"SELECT {CALL} {_OPEN} AND a.id > ? ORDER BY a.id LIMIT ?",
                (after, size),
            ).fetchall()
        return [Call(*row) for row in rows]

    def statuses(self, attempts: Sequence[int]) -> dict[int, str]:
        """Return how some calls were last told to stand, by attempt; without those of which nothing was told."""
        query = "SELECT attempt, status FROM call WHERE attempt IN (SELECT value FROM json_each(?)) AND status <> ''"
        with told(self.path):
            return dict(self._db.execute(query, (json.dumps(attempts),)).fetchall())

    def execution_ids(self) -> set[int]:
        """Return a hash of each id that Bolna has given a call of this batch; the ids would take twice the memory."""
        with told(self.path):
            return {hash(identity) for (identity,) in self._db.execute(_IDS)}

    def known_call(self) -> str | None:
        """Return Bolna's id of a call that it has shown to its end; None where there is none."""
        query = """
            SELECT a.execution_id FROM call c JOIN attempt a ON a.id = c.attempt
            WHERE c.final = 1 AND c.created_at IS NOT NULL ORDER BY c.attempt DESC LIMIT 1
        """
        with told(self.path):
            row = self._db.execute(query).fetchone()
        return None if row is None else str(row[0])

    def call_counts(self) -> list[CallCount]:
        """Return how many accepted calls stand where."""
        with told(self.path):
            return [CallCount(*row) for row in self._db.execute(_COUNTS)]

    def note_calls(self, found: Iterable[tuple[int, Execution]], *, now: float | None = None) -> None:
        """Keep what Bolna says of some calls; a call that is final stays as it is.

        Args:
            found: the attempt's integer key and the execution.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(_NOTE, (_row(attempt, execution, at) for attempt, execution in found))

    def note_statuses(self, listed: Iterable[tuple[int, str]], *, now: float | None = None) -> None:
        """Keep the status of calls that are not final as a list shows it, which tells no more of them.

        Args:
            listed: the attempt's integer key and the status.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(_NOTE_STATUS, ((attempt, status, at) for attempt, status in listed))

    def note_missing(self, attempts: Sequence[int], *, now: float | None = None) -> None:
        """Keep that Bolna knows no such calls (yet)."""
        at = time.time() if now is None else now
        with self.transaction() as db:
            db.executemany(_NOTE_MISSING, ((attempt, at) for attempt in attempts))

    def give_up(self, attempts: Sequence[int]) -> None:
        """Keep that these calls never ended: they are not asked for any more."""
        with self.transaction() as db:
            db.executemany(
                "UPDATE call SET final = 2 WHERE attempt = ? AND final = 0", ((attempt,) for attempt in attempts)
            )


_IDS = "SELECT execution_id FROM attempt WHERE execution_id <> ''"
_NOTED = (
    *("attempt", "status", "final", "asked_at", "since", "duration", "cost", "hangup_by"),
    *("hangup_reason", "error_message", "termination_reason", "recording_url", "extracted", "transcript"),
    *("scheduled_at", "retry_count", "created_at", "updated_at"),
)
_TAKEN = ", ".join(f"{name} = excluded.{name}" for name in _NOTED if name not in {"attempt", "since"})
_WHOSE = "(SELECT recipient FROM attempt WHERE id = ?1)"
_SINCE = "since = iif(status = excluded.status, since, excluded.since)"
_NOTE = (
    f"INSERT INTO call (recipient, {', '.join(_NOTED)}) "  # noqa: S608 - constants only
    f"VALUES ({_WHOSE}, {', '.join(f'?{place}' for place in range(1, len(_NOTED) + 1))}) "
    f"ON CONFLICT (attempt) DO UPDATE SET {_TAKEN}, voicemail = NULL, {_SINCE} WHERE final <> 1"
)
_NOTE_STATUS = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since) VALUES (?1, {_WHOSE}, ?2, 0, ?3, ?3)
    ON CONFLICT (attempt) DO UPDATE SET status = excluded.status, asked_at = excluded.asked_at, {_SINCE} WHERE final = 0
"""  # noqa: S608 - constants only
_NOTE_MISSING = f"""
    INSERT INTO call (attempt, recipient, status, final, asked_at, since) VALUES (?1, {_WHOSE}, '', 0, ?2, ?2)
    ON CONFLICT (attempt) DO UPDATE SET asked_at = excluded.asked_at
"""  # noqa: S608 - constants only


def _row(attempt: int, execution: Execution, at: float) -> tuple[object, ...]:
    extracted, final = execution.extracted, execution.is_final
    # Until the end Bolna shows 0 of what it does not know yet.
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
