"""What a campaign says about rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dialer import numbers
from dialer.errors import InputError, UsageError
from dialer.messages.intake import screening as say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dialer.intake.table import Table


@dataclass(frozen=True, slots=True)
class Rules:
    """What the campaign says about rows.

    Attributes:
        phones: the columns of the numbers, in the order in which they count.
        id: the column that identifies a recipient; None where the number does.
        region: ISO code of the country of numbers without a plus; None when there are none.
        plus_lost: whether numbers without a plus are international ones that lost it.
        allow: number types that may be called besides ordinary ones (`numbers.SPECIAL`).
        duplicates: what becomes of a number's later rows; "call" needs an id column.
        required: columns that must not be empty.
        skip: column → texts; a row with one of these texts is skipped.
        only: column → texts; a row with any other text is skipped.
        former: the columns of the numbers that earlier runs of the batch went by, the last ones first.
        called: returns the numbers that they attempted, and under which keys.
    """

    phones: tuple[str, ...]
    id: str | None
    region: str | None
    plus_lost: bool
    allow: frozenset[str]
    duplicates: Literal["skip", "refuse", "call"]
    required: tuple[str, ...]
    skip: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    former: Sequence[tuple[str, ...]] = ()
    called: Callable[[], Mapping[int, Collection[str]]] = dict


def check(table: Table, rules: Rules) -> None:
    """Refuse rules that do not fit a table.

    Raises:
        InputError: a column is not there.
        UsageError: the region is none, or duplicates are to be called without an id.
    """
    named = (*rules.phones, rules.id, *rules.required, *rules.skip, *rules.only)
    missing = [name for name in named if name is not None and name not in table.header]
    if missing:
        raise InputError(say.no_column(table.path, missing[0], table.header))
    if rules.region is not None and not numbers.known_region(rules.region):
        raise UsageError(say.no_region(rules.region))
    if rules.duplicates == "call" and rules.id is None:
        raise UsageError(say.CALL_NEEDS_ID)
