"""What a results CSV knows further than the ledger."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.messages.store import FROM_RESULTS
from dialer.models import Outcome, Status
from dialer.reference import reference
from dialer.store.interface import JUDGED
from dialer.store.ledger.cells import kept
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.queries.changing import REFUSED_AGAIN
from dialer.store.ledger.states import derive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialer.models import CallResult
    from dialer.store.records import Written

_TOGETHER = 5000
"""So many rows are looked up at once."""
_RANK: dict[str, int] = {Status.ERROR: 1, Status.UNKNOWN: 2, Status.QUEUED: 3}


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger knows of a recipient: nothing, by default; the ids of accepted calls are JSON."""

    id: int | None = None
    number: int | None = None
    state: str = ""
    attempts: int = 0
    accepted: bool = False
    ids: str = "[]"

    def has(self, execution_id: str) -> bool:
        """Tell whether an accepted call with this id is known."""
        return execution_id in json.loads(self.ids)


_NOTHING = _Known()


class Merging(Connected):
    """The part of the ledger that takes over a results CSV.

    The further state wins: queued > unknown > error > not sent; of two alike the one with more attempts. Once a call
    was accepted, more attempts come only from calling somebody again: then who has fewer knows nothing new, and what
    may have placed one more call wins.
    """

    def knows(self, key: str) -> bool:
        """Tell whether a key is recorded."""
        with self._errors():
            return self._db.execute(reading.KNOWS, (key,)).fetchone() is not None

    def behind(self, rows: Iterable[Written]) -> int:
        """Return how many rows of a results CSV are further than the ledger."""
        with self._errors():
            return sum(_is_further(row, known) for row, known in self._each_known(rows))

    def merge(self, header: Sequence[str], rows: Iterable[Written]) -> dict[Status, int]:
        """Take over what a results CSV knows further than the ledger; return how many by status taken over.

        Args:
            header: the input's columns in the results CSV.
            rows: everybody it says was attempted.
        """
        taken: dict[Status, int] = {}
        with self.transaction():
            layout = self._layout(header)
            for row, known in self._each_known(rows):
                if _is_further(row, known):
                    self._take_over(row, known, layout)
                    taken[row.status] = taken.get(row.status, 0) + 1
            if taken:
                self.set_note(JUDGED, "")
        return taken

    def _each_known(self, rows: Iterable[Written]) -> Iterator[tuple[Written, _Known]]:
        """Yield rows with what the ledger knows of each; what was taken over from a row counts for the next ones."""
        for some in _each_key_once(rows):
            found = self._db.execute(reading.KNOWN, (json.dumps(list(some)),)).fetchall()
            known = {key: _Known(*rest) for key, *rest in found}
            yield from ((row, known.get(key, _NOTHING)) for key, row in some.items())

    def _take_over(self, row: Written, known: _Known, layout: int) -> None:
        attempts = max(row.attempts, 1, known.attempts)
        at = time.time() if row.updated_at is None else row.updated_at
        number = known.number if row.number is None else row.number
        whose = (row.key, changing.TAKE_OVER_NEW) if known.id is None else (known.id, changing.TAKE_OVER_KNOWN)
        (id_,) = self._db.execute(whose[1], (whose[0], number, kept(row.cells), layout)).fetchone()
        outcome, words = _last(row, known)
        (attempt,) = self._db.execute(
            changing.TAKE_OVER_ATTEMPT,
            (
                id_, reference(self.shared_reference(row.key), attempts), attempts, at, outcome, row.http_status, words,
                FROM_RESULTS, "" if outcome != row.status else row.execution_id, at,
            ),
        ).fetchone()  # fmt: skip
        derive(self._db, [id_])
        if row.call is not None and outcome == Outcome.QUEUED:
            self._keep_call(attempt, id_, row.call, at)
        self._claim_row(row.key)

    def _keep_call(self, attempt: int, recipient: int, call: CallResult, at: float) -> None:
        # As not final: the results show it until the provider was asked, which knows more than they hold.
        self._db.execute(
            changing.KEEP_CALL,
            (
                attempt, recipient, call.outcome, at, at, call.duration, call.cost,
                call.hangup_reason, call.recording_url, call.transcript, call.extracted,
            ),
        )  # fmt: skip


def _each_key_once(rows: Iterable[Written]) -> Iterator[dict[str, Written]]:
    """Yield rows by their keys, many at a time."""
    some: dict[str, Written] = {}
    for row in rows:
        if row.key in some or len(some) == _TOGETHER:
            yield some
            some = {}
        some[row.key] = row
    if some:
        yield some


def _is_further(row: Written, known: _Known) -> bool:
    if known.accepted and row.attempts != known.attempts:
        return row.attempts > known.attempts and row.status is not Status.ERROR
    return (_RANK[row.status], row.attempts) > (_RANK.get(known.state, 0), known.attempts)


def _last(row: Written, known: _Known) -> tuple[str, str]:
    """Return outcome and words of the attempt by which a row is further than the ledger."""
    # The row shows a known call, so later attempts placed none.
    if row.status is Status.QUEUED and known.has(row.execution_id):
        return (Outcome.ERROR, row.error.removeprefix(REFUSED_AGAIN)) if row.error else (Outcome.RETRY, "")
    return row.status, row.error
