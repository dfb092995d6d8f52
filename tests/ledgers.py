"""Ledgers with people in them, and the answers that settle their calls."""

from __future__ import annotations

import json
import math
import shutil
import time
from typing import TYPE_CHECKING

from dialer.input_rows import InputRow, InputRows
from dialer.models import Answer, Body, Effect, Outcome, Problem, Status, e164
from dialer.provider.bolna.executions import request_in
from dialer.reference import VARIABLE
from dialer.store import Binding, RedialRules
from dialer.store.sqlite import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dialer.models import Attempt, Recipient, Render, ResultRow
    from dialer.store import Store

BINDING = Binding(agent="agent-1", server="https://api.bolna.ai", key_definition="the number")
HEADER = ("phone", "name")

QUEUED = Answer(Outcome.QUEUED, Effect.GO_ON, execution_id="exec-1", http_status=200, skew=3.0)
REFUSED = Answer(Outcome.ERROR, Effect.GO_ON, words="bad number", http_status=400)
UNCLEAR = Answer(Outcome.UNKNOWN, Effect.GO_ON, words="no answer in time")
AGAIN = Answer(Outcome.RETRY, Effect.HOLD, words="too many requests", http_status=429)
ANYBODY = RedialRules({"no-answer"}, max_attempts=99, after=0.0)
"""Whom a redial calls where nothing limits it."""


def number_of(index: int) -> int:
    return 919800000000 + index


def key_of(index: int) -> str:
    return e164(number_of(index))


def row(
    position: int,
    index: int,
    name: str = "",
    *,
    status: Status = Status.PENDING,
    key: str | None = None,
    number: int | None = None,
    cells: Sequence[str] | None = None,
) -> InputRow:
    """Return the input's row at a position that is about one of the people."""
    reason = None if status is Status.PENDING else Problem(str(status), f"it is {status}")
    number = number_of(index) if number is None else number
    return InputRow(
        position=position,
        line=position + 1,
        cells=tuple(cells or (e164(number), name)),
        key=e164(number) if key is None else key,
        number=number,
        status=status,
        problem=reason,
    )


def rendering(**fields: object) -> Render:
    """Return what makes bodies of requests with all cells of the row, and these fields besides."""

    def body(recipient: Recipient, reference: str) -> Body:
        variables = {f"cell {at}": cell for at, cell in enumerate(recipient.cells)} | {VARIABLE: reference}
        own = {} if recipient.own.scheduled_at is None else {"scheduled_at": recipient.own.scheduled_at}
        whom = {"recipient_phone_number": e164(recipient.number), "user_data": variables}
        text = json.dumps(own | fields | whom, ensure_ascii=False)
        request = request_in(text)
        at, retries = request.scheduled_at, request.retries
        return Body(text, at.timestamp() if at else None, retries.seconds if retries and retries.most else None)

    return body


render = rendering()


def opened(path: Path, *, binding: Binding = BINDING, batch: str = "monday") -> Ledger:
    """Return a ledger that does not wait for the disk: what a killed process wrote stays anyhow."""
    ledger = Ledger.open(path, binding=binding, batch=batch)
    ledger._db.execute("PRAGMA synchronous = OFF")
    return ledger


def load(
    ledger: Store, rows: Iterable[InputRow], *, header: Sequence[str] = HEADER, id_column: str | None = None
) -> None:
    ledger.load(header, phones=header[:1], id_column=id_column, chunks=[in_columns(list(rows))])


def in_columns(rows: Sequence[InputRow]) -> InputRows:
    """Return rows that follow each other as the ledger takes them."""
    refused = {place: (one.status, one.problem) for place, one in enumerate(rows) if one.problem is not None}
    return InputRows(
        first=rows[0].position if rows else 1,
        lines=[one.line for one in rows],
        cells=[one.cells for one in rows],
        keys=[one.key for one in rows],
        numbers=[one.number or 0 for one in rows],
        problems={place: problem for place, (_, problem) in refused.items()},
        statuses={place: status for place, (status, _) in refused.items()},
        own=[one.own for one in rows],
        whereabouts=[one.whereabouts for one in rows],
    )


def people(ledger: Store, count: int) -> None:
    """Load so many people, the first at position 1."""
    load(ledger, (row(index, index, f"name {index}") for index in range(1, count + 1)))


def intend(ledger: Store, *indices: int) -> list[Attempt]:
    wanted = {key_of(index) for index in indices}
    return ledger.intend([one for one in ledger.page(after=0, size=1000) if one.key in wanted], render)


def call(ledger: Store, index: int, answer: Answer) -> Attempt:
    (attempt,) = intend(ledger, index)
    ledger.settle([(attempt, answer)])
    return attempt


def standing(ledger: Store) -> dict[str, Status]:
    """Return key → status of every result row that stands for somebody."""
    return {result.key: result.status for result in ledger.results() if result.key}


def result_of(ledger: Store, index: int) -> ResultRow:
    (found,) = [result for result in ledger.results() if result.key == key_of(index)]
    return found


def crashed(ledger: Ledger) -> Ledger:
    """Return the ledger as the next process finds it when this one was killed now."""
    # Copied while it is open: what a killed process leaves is the file and its log, and no checkpoint.
    left = ledger.path.with_name(f"{ledger.path.name}-left")
    for ending in ("", "-wal"):
        shutil.copy(f"{ledger.path}{ending}", f"{left}{ending}")
    ledger.close()
    for ending in ("", "-wal"):
        left.with_name(f"{left.name}{ending}").replace(f"{ledger.path}{ending}")
    again = opened(ledger.path)
    again.recover()
    again.begin("the next", now=time.time())
    return again


class AnyNumber:
    """Lets any number of calls be live."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None

    def room(self) -> float:
        return math.inf

    def has_line(self, in_flight: int) -> bool:  # noqa: ARG002 - as Lines has it
        return True

    def was_refused(self) -> None:
        pass

    def came_back(self, attempt: Attempt, answer: Answer) -> None:
        pass
