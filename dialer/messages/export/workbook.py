"""What stands in the workbook of the results."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dialer.messages.reasons import REASONS
from dialer.messages.values import CURRENCY_NOT_SET
from dialer.messages.words import alike, many
from dialer.models import Status

if TYPE_CHECKING:
    from dialer.messages.names import ProviderNames
    from dialer.models import ResultRow

PEOPLE, FIGURES, REASONS_SHEET = "People", "Figures", "Reasons"
"""The names of the sheets."""


def cut(characters: int, *, units: int) -> str:
    """Return what stands at the end of a cell that is cut."""
    more = f" ({units:,} as Excel counts them)" if units > characters else ""
    return f" … [cut: this cell has {characters:,} characters{more}. The CSV has all of it.]"


# -- figures -----------------------------------------------------------------------------------------------------------

LIST, CAMPAIGN, AS_OF = "list", "campaign", "as of"
ROWS, SHARE, CALLS, SECONDS = "rows", "share", "calls", "seconds of talk"
ROWS_OF_THE_LIST, ACCEPTED_CALLS = "rows of the list", "accepted calls"
ALL_ROWS, ALL_CALLS, PEOPLE_REACHED = "all rows", "all calls", "people reached"
REACHED_MEANS = "a person answered, no machine"
MORE_ROWS, NOT_IN_THE_LIST = "more rows", "called, and no longer in the list"


def cost(currency: str | None) -> str:
    return f"cost ({currency or CURRENCY_NOT_SET})"


def call_cost(currency: str, names: ProviderNames) -> str:
    return f"On the sheet {PEOPLE}, call_cost is in hundredths of 1 {currency}, as {names.name} gives it."


def figures_of(batch: str) -> str:
    return f"Figures of {batch}"


def rehearsal(names: ProviderNames) -> str:
    return f"A rehearsal against the stand-in for {names.name}: no phone rang."


def too_many_rows(rows: int, *, held: int, csv: str) -> str:
    return _first(many(rows, "row"), held=held, csv=csv)


def too_many_columns(columns: int, *, held: int, csv: str) -> str:
    return _first(many(columns, "column"), held=held, csv=csv)


def _first(all_: str, *, held: int, csv: str) -> str:
    return f"The sheet {PEOPLE} has the first {held:,} of {all_}: a sheet holds no more. {csv} has all of them."


def meaning(status: Status, names: ProviderNames) -> str:
    """Return what a status means to somebody who was not there."""
    return {
        Status.PENDING: "not called yet",
        Status.QUEUED: f"{names.name} accepted the call",
        Status.ERROR: f"{names.name} refused the call; it was not placed",
        Status.UNKNOWN: "it is not known whether the call was placed",
        Status.INVALID: "the row cannot be called as it stands",
        Status.DUPLICATE: "another row, or an earlier run, has this number",
        Status.SUPPRESSED: "on a do-not-call list, or left out by a cell of the row",
    }[status]


# -- reasons -----------------------------------------------------------------------------------------------------------

REASONS_HEAD: Final = ("status", "call_status", "reason", "why", "rows")
OTHER_REASONS = "other reasons"
_alike = lru_cache(maxsize=1000)(alike)


def why(row: ResultRow) -> str:
    """Return the reason for a row's status, without the parts that differ between rows; empty if there is no reason."""
    if row.code in REASONS:
        return REASONS[row.code]
    if row.status in {Status.ERROR, Status.UNKNOWN}:
        return _alike(row.error)
    return _alike(row.call.hangup_reason) if row.call is not None else ""
