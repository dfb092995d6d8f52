"""Which column holds the phone numbers: by its name, and by what its cells are where several may be meant."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.errors import ColumnError, InputError
from dialer.intake.structure import is_title
from dialer.messages.intake import phone_column as say
from dialer.messages.intake.table import other_delimiter
from dialer.models import Problem
from dialer.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dialer.intake.table import Table

DOCUMENTED: Final = frozenset({"contactnumber", "recipientphonenumber", "phonenumber", "tonumber"})
"""Names that the provider's documentation gives the column (of batches) or the field (of calls and executions)."""
SURE: Final = 0.9
"""A column of a documented name is the one when so many of its cells are numbers, whatever the others hold."""
SHARE: Final = 0.8
"""A column of any name may be the one when so many of its cells that hold anything are numbers."""
SOME: Final = 0.1
"""... and so many of all its cells: a number here and there is a remark."""

_UNMARKED: Final = frozenset({"number_no_country_code", "number_plus_lost"})
"""What is wrong with whole numbers that lack only their country code."""
_MEANT: Final = _UNMARKED | {"number_scientific", "number_extension", "number_two"}
"""What is wrong with cells that were meant for numbers."""

PHONE_PARTS: Final = "phone|mobile|whatsapp|msisdn|tele?fon|movil"
"""Words for a phone that are part of no other word; `tel` is in hotel."""
_PHONE: Final = (
    f"{PHONE_PARTS}|(?:tele|mobile|cell|cellular|mob)?phones?|mobiles|mob|cell|cellular|tel"  # English
    "|(?:mobil)?telefon[eo]?|handy|mobil|ruf(?=nummer)|celular|cellulare"  # German, Portuguese, Spanish, Italian
)
_OF: Final = "contact|recipient|customer|client|user|lead|primary|main|home|work|business|office|other|personal"
_USUAL: Final = re.compile(
    rf"(?:{_OF})*(?:{_PHONE})(?:numbers?|no|nr|num|nummer|numero)?(?:{_OF}|mobile)*"
    r"|ph(?:no|number)"
    rf"|(?:numero|n)(?:de|di)?(?:{_PHONE})|(?:to|contact|recipient)?number|contactno"
)
_WORD: Final = re.compile(_PHONE)
_NOT_CALLED: Final = re.compile(r"fax|^from(?:phone)?number$|^(?:agent|caller)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that may hold the phone numbers.

    Attributes:
        name: of the column.
        numbers: how many of the cells that were looked at are numbers.
        cells: how many were looked at, spread evenly over the list.
        is_usual: whether its name is usual for phone numbers.
    """

    name: str
    numbers: int
    cells: int
    is_usual: bool

    @property
    def is_sure(self) -> bool:
        """Tell whether it is the one, whatever the other columns hold."""
        return _folded(self.name) in DOCUMENTED and self.numbers >= SURE * self.cells

    def words(self) -> str:
        """Say how many of its cells are numbers."""
        return say.share(self.numbers, self.cells)

    @property
    def share(self) -> tuple[str, int, int]:
        """Its name, how many of the cells that were looked at are numbers, and how many were looked at."""
        return self.name, self.numbers, self.cells


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a list are read.

    Attributes:
        region: ISO code of the country of numbers without a plus; None if there is none.
        plus_lost: whether numbers without a plus have lost it.
        others: columns that are known to hold something else.
    """

    region: str | None = None
    plus_lost: bool = False
    others: Collection[str | None] = ()

    def is_number(self, cell: str, *, nearly: frozenset[str]) -> bool:
        """Tell whether a cell is a number, or lacks only what `nearly` says."""
        judged = numbers.judge(cell, region=self.region, plus_lost=self.plus_lost, allow=frozenset(numbers.SPECIAL))
        return not isinstance(judged, Problem) or judged.code in nearly


def phone_columns(table: Table, named: Sequence[str], *, reading: Reading = Reading()) -> tuple[tuple[str, ...], str]:
    """Find the columns that hold the phone numbers, in order of preference.

    Args:
        table: whose columns they are.
        named: the names in the campaign file; if empty, the column is detected.
        reading: the rules for its cells.

    Returns:
        The columns, and how the column was detected, in words; empty if they were named.

    Raises:
        ColumnError: no column has a usual name, or several columns are possible; the user can choose one of `columns`.
        InputError: the table has no column of that name.
    """
    for name in named:
        if name not in table.header:
            _refuse_title(table)
            near = nearest(name, table.header)
            raise InputError(say.no_such_column(table.path, name, near=near, header=table.header))
    if named:
        return tuple(named), ""
    possible = candidates(table, reading=reading)
    sure = [candidate for candidate in possible if candidate.is_sure]
    chosen = sure if len(sure) == 1 else possible
    if len(chosen) != 1 or not chosen[0].is_usual:
        raise ColumnError(_doubt(table, possible), [candidate.name for candidate in possible])
    return (chosen[0].name,), say.chosen(chosen[0].name, [one.share for one in possible])


def candidates(
    table: Table,
    *,
    reading: Reading = Reading(),
    nearly: frozenset[str] = frozenset(),
) -> list[Candidate]:
    """Return the columns that may hold the phone numbers, the likeliest first: a usual name counts as twice the cells.

    One of a usual name may be it as soon as a cell was meant for a number; any other when nearly all its cells are
    numbers that can be called.

    Args:
        table: whose columns they are.
        reading: the rules for its cells.
        nearly: what may be wrong with the cells of a column without a usual name.
    """
    usual = usual_columns(table.header)
    possible = []
    for at, name in enumerate(table.header):
        if name in reading.others or (name not in usual and _NOT_CALLED.search(_folded(name))):
            continue
        cells = [row[at] for row in table.sample]
        numbers = sum(reading.is_number(cell, nearly=_MEANT if name in usual else nearly) for cell in cells)
        filled = sum(not cell.isspace() for cell in cells if cell)
        if name in usual or numbers >= max(1, SHARE * filled, SOME * len(cells)):
            possible.append(Candidate(name, numbers, len(cells), name in usual))
    # "Number" may be that of a bill.
    possible.sort(key=lambda one: (-one.numbers * (1 + one.is_usual), _folded(one.name) == "number"))
    return [candidate for candidate in possible if candidate.numbers] or possible


def refuse_without_header(table: Table, columns: Sequence[str] = ()) -> None:
    """Refuse a table whose first line is a row: that person would not be called, and no message would say so.

    Args:
        table: the table.
        columns: the names of the columns that hold the phone numbers, once they are known: there a number without a
            country code is one as well.

    Raises:
        InputError: a column is named by a number.
    """
    name = next((name for name in table.header if not isinstance(numbers.judge(name), Problem)), None)
    if name is None:
        name = next((name for name in columns if Reading().is_number(name, nearly=_UNMARKED)), None)
    if name is not None:
        raise InputError(say.no_header(table.path, name))


def usual_columns(header: Sequence[str]) -> list[str]:
    """Return the columns that have one of the usual names."""
    return [name for name in header if _USUAL.fullmatch(_folded(name))]


def likely_columns(table: Table) -> list[Candidate]:
    """Return the columns that may hold phone numbers where no country is known: a guess, for a person."""
    return candidates(table, nearly=_MEANT)


def looks_like_number(cell: str) -> bool:
    """Tell whether a cell counts as a number there."""
    return Reading().is_number(cell, nearly=_MEANT)


def is_phone(word: str) -> bool:
    """Tell whether a word, without accents and in small letters, is one for a phone."""
    return _WORD.fullmatch(word) is not None


def without_accents(name: str) -> str:
    """Return a name with the plain letters of those with accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))


def _folded(name: str) -> str:
    """Return a name without case, accents, blanks and signs, and without what counts columns: Phone 1 - Value."""
    if len(name) > 100:  # noqa: PLR2004 - no name of a column, but a text
        return ""
    plain = without_accents(name.casefold().replace("#", " no ").replace("\u00ba", "").replace("\u00b0", ""))
    words = re.findall(r"[^\W\d_]+", plain)
    return "".join(words[:-1] if len(words) > 1 and words[-1] == "value" else words)


def _doubt(table: Table, possible: Sequence[Candidate]) -> str:
    """Say which columns may be meant, with the line to write for each."""
    if not possible:
        _refuse_title(table)
        return say.no_phone_column(table.path, table.header)
    return say.choose(table.path, [one.share for one in possible])


def _refuse_title(table: Table) -> None:
    """Refuse a table that has a line above its header."""
    if is_title(table.header, table.sample):
        raise InputError(other_delimiter(table.path, table.header[0], row=table.sample[0][0]))
