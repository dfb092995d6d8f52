"""The columns of the results CSV: one table, by which each is written and read back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dialer.models import ResultRow

_COUNT = re.compile(r"[0-9]{1,9}")
_FIGURE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")


class When(Enum):
    """When a column is there."""

    ALWAYS = auto()
    WITH_ID = auto()
    """The campaign names an id column."""
    TRACKED = auto()
    """Calls were tracked."""
    ASKED_FOR = auto()
    """Somebody wants this long part of the calls."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ours.

    Attributes:
        name: in the header.
        write: its value in a row; None for an empty cell.
        when: the column is there.
        part: the attribute of a call that it shows; empty where it shows something else.
        read: the value of a cell that was read back; a part of a call, or what the attempt's answer was.
        value: what a workbook holds, where that is not the text that is written.
    """

    name: str
    write: Callable[[ResultRow], object]
    when: When = When.ALWAYS
    part: str = ""
    read: Callable[[str], object] | None = None
    value: Callable[[ResultRow], float | datetime | None] | None = None


def _count(cell: str) -> int | None:
    return int(cell) if _COUNT.fullmatch(cell) else None


def _figure(cell: str) -> float | None:
    return float(cell) if _FIGURE.fullmatch(cell) else None


def _moment(cell: str) -> float | None:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def figure(number: float | None) -> str:
    """Return a figure to three places, without an exponent; nothing for None."""
    return "" if number is None else f"{number:.3f}".rstrip("0").rstrip(".")


def _of_call(
    name: str,
    part: str,
    *,
    when: When = When.TRACKED,
    write: Callable[[Any], object] = str,
    read: Callable[[str], object] = str,
) -> Column:
    return Column(name, lambda row: row.call and write(getattr(row.call, part)), when=when, part=part, read=read)


def _figure_of_call(name: str, part: str) -> Column:
    column = _of_call(name, part, write=figure, read=_figure)
    return replace(column, value=lambda row: None if row.call is None else getattr(row.call, part))


def reason(row: ResultRow) -> str:
    """Return in one word why a row is not called, or was refused."""
    return row.code or _OF_STATUS.get(row.status, "")


_OF_STATUS = {Status.ERROR: "refused", Status.UNKNOWN: "unknown"}
"""The reason of those who were attempted: what was answered stands in `error`."""

TABLE = (
    Column("row", lambda row: row.position),
    Column("id", lambda row: row.key, when=When.WITH_ID),
    Column("recipient_phone_number", lambda row: row.number),
    Column("status", lambda row: row.status),
    Column("execution_id", lambda row: row.execution_id, read=str),
    Column("error", lambda row: row.error, read=str),
    Column("reason", reason),
    Column("http_status", lambda row: row.http_status, read=_count),
    # Who is in the results as called was called once at least.
    Column("attempts", lambda row: row.attempts or None, read=lambda cell: 1 if (n := _count(cell)) is None else n),
    Column(
        "updated_at",
        lambda row: row.updated_at and row.updated_at.isoformat(timespec="seconds"),
        read=_moment,
        value=lambda row: row.updated_at,
    ),
    Column("key", lambda row: f"k:{row.key}" if row.key else None),
    _of_call("call_status", "outcome"),
    _figure_of_call("call_duration", "duration"),
    _figure_of_call("call_cost", "cost"),
    _of_call("hangup_reason", "hangup_reason"),
    _of_call("recording_url", "recording_url"),
    _of_call("call_transcript", "transcript", when=When.ASKED_FOR),
    _of_call("call_extracted", "extracted", when=When.ASKED_FOR),
)
"""Our columns in order; the input's stand behind them."""
OWN = frozenset(column.name for column in TABLE)
"""Names that are ours: an input column of such a name is shown under another one."""
NEEDED = ("status", "key", "recipient_phone_number")
"""Without these columns it is not known who was called."""


def columns(*, with_id: bool, parts: Collection[str] | None) -> tuple[Column, ...]:
    """Return the columns that are there.

    Args:
        with_id: the campaign names an id column.
        parts: which long parts of calls are shown; None where no call was tracked.
    """

    def is_there(column: Column) -> bool:
        match column.when:
            case When.ALWAYS:
                return True
            case When.WITH_ID:
                return with_id
            case When.TRACKED:
                return parts is not None
            case When.ASKED_FOR:
                return column.part in (parts or ())

    return tuple(filter(is_there, TABLE))
