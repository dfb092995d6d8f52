"""Of which country the numbers without a country code may be: what the list itself says, for a person to confirm."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.input_rows import has_entry
from dialer.intake.phone_column import without_accents
from dialer.intake.screening.advice import NEARLY_ALL, fitting_regions, places_with_plus, some, unmarked
from dialer.intake.screening.lost import CHANCE
from dialer.intake.screening.other_countries import others
from dialer.models import Problem
from dialer.numbers.plans import dialling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.intake.table import Table

_COUNTRY: Final = frozenset({"country", "land", "pays", "pais", "paese"})
"""A column with such a word in its name may hold countries."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SOME: Final = 0.1
"""At least so many of the numbers need a country code; with fewer, nothing follows for the others."""
_HALF: Final = 0.5
"""In so many of the rows a column has to name a country."""
_ANY: Final = frozenset(numbers.SPECIAL)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A number without a country code that may be of several countries of which the list has numbers.

    Attributes:
        cell: it, as it stands.
        regions: ISO codes of these countries.
    """

    cell: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmarked:
    """The numbers of a list that have no country code, as far as they were looked at.

    Attributes:
        count: how many there are.
        of: how many numbers were looked at.
        examples: the first of them.
        fitting: ISO codes of the countries of which nearly all would be numbers.
        places: where they belong if they have only lost their plus; empty where that makes numbers of few.
        likely: ISO code of the one that the list names itself; None where it names none that fits.
        doubtful: the first number that is valid in several countries of the list; None without one.
        named_by: the column that names it; empty where the numbers with a country code do, or no other fits.
    """

    count: int
    of: int
    examples: tuple[str, ...]
    fitting: tuple[str, ...]
    places: tuple[tuple[str, int], ...]
    likely: str | None
    named_by: str
    doubtful: Doubtful | None

    @property
    def is_plus_lost(self) -> bool:
        """Whether they are numbers only with a plus in front."""
        return bool(self.places) and not self.fitting


def unmarked_numbers(table: Table, phones: Sequence[str]) -> Unmarked | None:
    """Return what is known of the numbers without a country code; None if there are none.

    Args:
        table: the list; its sample is looked at.
        phones: the columns of the numbers: the first that is filled counts.
    """
    rows = [(row, cell) for row in table.sample if (cell := first_filled(table, phones, row))]
    texts = [cell for _, cell in rows]
    lacking = unmarked(texts)
    if not lacking:
        return None
    tried = some(lacking)
    fitting = fitting_regions(tried, allow=_ANY)
    places = places_with_plus(tried, allow=_ANY)
    likely, named_by = _likely(table, texts, fitting, tried)
    return Unmarked(
        count=len(lacking),
        of=len(unmarked(texts)) + sum(map(numbers.marked, texts)),
        examples=tuple(dict.fromkeys(lacking))[:3],
        fitting=tuple(fitting),
        places=tuple(places.most_common()) if places.total() >= NEARLY_ALL * len(tried) else (),
        likely=likely,
        named_by=named_by,
        doubtful=_doubtful(texts, lacking, likely),
    )


def first_filled(table: Table, phones: Sequence[str], row: Sequence[str]) -> str:
    """Return the cell of a row that counts, of the columns of the numbers; empty where none holds anything."""
    cells = (row[table.header.index(name)] for name in phones)
    return next(filter(has_entry, cells), "")


def valid_in(texts: Sequence[str], *, region: str | None, plus_lost: bool) -> list[int]:
    """Return the numbers (E.164 digits) among some cells."""
    judged = (numbers.judge(text, region=region, plus_lost=plus_lost, allow=_ANY) for text in texts)
    return [one.digits for one in judged if not isinstance(one, Problem)]


def _doubtful(texts: Sequence[str], lacking: Sequence[str], likely: str | None) -> Doubtful | None:
    regions = [*([likely] if likely else []), *others(texts, region=likely or "")]
    for cell in lacking:
        fitting = [region for region in regions if numbers.is_national(cell, region=region)]
        if len(fitting) > 1:
            return Doubtful(cell, tuple(fitting))
    return None


def _likely(table: Table, texts: Sequence[str], fitting: Sequence[str], tried: Sequence[str]) -> tuple[str | None, str]:
    """Return the country that fits and that the list names, and the column that does so."""
    marked = [numbers.home(number) for number in valid_in(texts, region=None, plus_lost=False)]
    named = [(_most(marked, least=_SOME * len(texts)), "")]
    for at, name in enumerate(table.header):
        if _COUNTRY & _words(name):
            regions = [_region(row[at].strip(), fitting) for row in table.sample]
            named.append((_most(regions, least=_HALF * len(regions)), name))
    found = {region: column for region, column in reversed(named) if region in fitting}
    if len(found) == 1:
        return next(iter(found.items()))
    is_only = len(fitting) == 1 and not found and (fitting[0] in marked or not any(marked))
    return (fitting[0], "") if is_only and _is_no_chance(tried, fitting[0]) else (None, "")


def _is_no_chance(tried: Sequence[str], region: str) -> bool:
    """Tell whether it says something that numbers are valid in a country: nearly any digits are in Germany."""
    valid = valid_in(tried, region=region, plus_lost=False)
    return sum(numbers.chance(number, region) < CHANCE for number in valid) > _HALF * len(valid)


def _region(cell: str, fitting: Sequence[str]) -> str | None:
    """Return the country that a cell names: by its name, its ISO code or its calling code."""
    digits = cell.removeprefix("+")
    if not digits.isdecimal():
        return numbers.region_named(cell)
    codes = {region: found.code for region in fitting if (found := dialling(region)) is not None}
    return next((region for region, code in codes.items() if code == digits), None)


def _most(regions: Sequence[str | None], *, least: float) -> str | None:
    """Return the region that nearly all are that are known, where these are enough."""
    counts = Counter(region for region in regions if region)
    if not counts or counts.total() < least:
        return None
    region, count = counts.most_common(1)[0]
    return region if count >= NEARLY_ALL * counts.total() else None


def _words(name: str) -> set[str]:
    return set(map(str.casefold, _WORD.findall(without_accents(name)))) if len(name) <= 100 else set()  # noqa: PLR2004 - a text
