"""What the ledger tells: figures, and the rows of the results."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from dialer.input_rows import phone_cell
from dialer.messages.store import RUN_ENDED
from dialer.models import CallResult, ResultRow, Status, Whereabouts, e164
from dialer.store.ledger.cells import parse_cells
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import reading
from dialer.store.records import Located

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

"""Why somebody is `unknown` who was being called when a run died."""
_STATUSES: Final = {str(status): status for status in Status}
CALL_PARTS = ("transcript", "extracted")
"""The long parts of a call, which the results show only where somebody wants them."""
_PARTS = "call_parts"


class Figures(Connected):
    """The part of the ledger that people see."""

    def is_new(self) -> bool:
        """Tell whether no recipient was ever recorded here."""
        with self._errors():
            return self._db.execute(reading.ANYBODY).fetchone() is None

    def has_attempts(self) -> bool:
        """Tell whether anybody was ever about to be called."""
        with self._errors():
            return self._db.execute(reading.ANY_ATTEMPT).fetchone() is not None

    def counts(self) -> dict[Status, int]:
        """Count the rows of the input by state; a recipient who was called but left the input is not counted.

        A recipient whom the run may call again is pending.
        """
        with self._errors():
            return self._released(self._states())

    def _states(self) -> dict[Status, int]:
        """Count the rows of the input by state, those who may be called again as what they are."""
        return dict(zip(Status, self._db.execute(reading.COUNTS).fetchone(), strict=True))

    def _released(self, states: Mapping[Status, int]) -> dict[Status, int]:
        """Return the same, those who may be called again as pending."""
        counts = Counter(states)
        for state, count in self._db.execute(reading.RELEASED):
            counts[_STATUSES[state]] -= count
            counts[Status.PENDING] += count
        return {status: count for status in Status if (count := counts[status])}

    def attempted(self, keys: Sequence[str]) -> dict[str, Status]:
        """Return the state of those keys that were attempted."""
        with self._errors():
            rows = self._db.execute(reading.ATTEMPTED, (json.dumps(keys),))
            return {key: _STATUSES[state] for key, state in rows}

    def last_called(self) -> float | None:
        """Return when the last of the input was called who is `queued` and stays so (Unix seconds)."""
        with self._errors():
            (last,) = self._db.execute(reading.LAST_CALLED).fetchone()
        return None if last is None else float(last)

    def whereabouts(self, *, width: int) -> list[Located]:
        """Return the places of the people to be called, by blocks of so many rows of the input."""
        with self._errors():
            rows = self._db.execute(reading.WHEREABOUTS, (width,)).fetchall()
        return [
            Located(block, count, first, last, scheduled_at, _where(*where))
            for block, count, first, last, scheduled_at, *where in rows
        ]

    def places(self) -> Iterator[tuple[Whereabouts, bool]]:
        """Yield the places of the people to be called, each place once, and whether at a `scheduled_at`."""
        with self._errors():
            for is_scheduled, *where in self._db.execute(reading.PLACES):
                yield _where(*where), bool(is_scheduled)

    def numbers_with(self, code: str) -> list[int]:
        """Return the numbers of the input's rows that are not called for a reason."""
        query = reading.NUMBERS_WITH
        with self._errors():
            return [number for (number,) in self._db.execute(query, (code,))]

    def pending_among(self, numbers: Sequence[int]) -> dict[int, tuple[int, int, Whereabouts, str | None]]:
        """Return who is to be called and has one of some numbers (integer keys).

        Each with number, position, where they may be, and `scheduled_at`.
        """
        # One pass over the input, however many they are: other batches may have called hundreds of thousands.
        query = reading.PENDING_AMONG
        with self._errors():
            rows = self._db.execute(query, (json.dumps(list(numbers)),))
            return {
                recipient: (number, position, _where(*where), scheduled_at)
                for recipient, number, position, scheduled_at, *where in rows
            }

    def spread(self, size: int) -> list[int]:
        """Return the numbers of at most so many of the callable rows, spread evenly over the input."""
        with self._errors():
            return [number for (number,) in self._db.execute(reading.SPREAD, (size,))]

    def header(self) -> tuple[str, ...]:
        """Return the column names of the current input."""
        current = self.note("layout")
        return () if current is None else self._layouts()[int(current)]

    def results(self, *, pending: bool = True, after: int = 0) -> Iterator[ResultRow]:
        """Yield one row per input row in input order, then the called recipients who are no longer in the input.

        Args:
            pending: with the rows that are still to be called.
            after: only rows after this position of the input.
        """
        with self._errors():
            # Everything is read from one snapshot: it begins with the first query that has a row.
            rows = chain(
                self._db.execute(
                    self._with_calls(reading.RESULTS if pending else reading.RESULTS_BUT_PENDING), (after,)
                ),
                self._db.execute(self._with_calls(reading.RESULTS_OF_UNLISTED)),
            )
            layouts, phones = self._layouts(), self.phones()
            yield from (_result(row, layouts, phones=phones) for row in rows)

    def _shown(self, rows: Iterable[Sequence[Any]]) -> list[ResultRow]:
        layouts, phones = self._layouts(), self.phones()
        return [_result(row, layouts, phones=phones) for row in rows]

    def call_parts(self) -> frozenset[str] | None:
        """Return which of a call's long parts the results show (`CALL_PARTS`); None where no call was tracked yet."""
        with self._errors():
            if self._db.execute(reading.ANY_CALL).fetchone() is None:
                return None
        return frozenset(filter(None, (self.note(_PARTS) or "").split(",")))

    def show_call_parts(self, parts: Collection[str]) -> None:
        """Keep which of a call's long parts the results show from now on."""
        self.set_note(_PARTS, ",".join(sorted(parts)))

    def _with_calls(self, query: str) -> str:
        shown = self.call_parts()
        if shown is None:
            return reading.with_calls(query, None)
        return reading.with_calls(query, [f"c.{part}" if part in shown else "''" for part in CALL_PARTS])

    def _layouts(self) -> dict[int, tuple[str, ...]]:
        """Return every header that cells were kept under, by its id."""
        with self._errors():
            return {id_: tuple(json.loads(text)) for id_, text in self._db.execute(reading.LAYOUTS)}


def _where(zones: str, source: str, country: str) -> Whereabouts:
    return Whereabouts(tuple(zones.split(",")) if zones else (), source, country)


def _result(row: Sequence[Any], layouts: dict[int, tuple[str, ...]], *, phones: Sequence[str]) -> ResultRow:
    position, key, number, state, execution_id, reason, code, http_status, attempts, at, cells, layout = row[:12]
    named = dict(zip(layouts[layout], parse_cells(cells), strict=False))
    if state == Status.SENDING:
        # The file outlives the process, and what it was sending is in doubt then.
        state, reason = Status.UNKNOWN, RUN_ENDED
    return ResultRow(
        position=position,
        key=key or "",
        number=phone_cell([named.get(name, "") for name in phones]) if number is None else e164(number),
        status=_STATUSES[state],
        execution_id=execution_id or "",
        error=reason or "",
        code=code,
        http_status=http_status,
        attempts=attempts or 0,
        updated_at=None if at is None else datetime.fromtimestamp(at, UTC),
        cells=named,
        call=CallResult(*row[13:]) if row[12] else None,
    )
