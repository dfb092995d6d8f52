"""Numbers that are valid in two countries of one list: `region` makes all of them numbers of one, without a word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.messages.intake import screening as say
from dialer.numbers.column import judge_column
from dialer.numbers.plans import dialling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.input_rows import InputRows
    from dialer.intake.screening.rules import Rules

_MOST: Final = 3
"""Countries that are looked at: those that most numbers with a country code are from."""
_EXAMPLES: Final = 3


class OtherCountries:
    """Counts the callable numbers without a plus that are valid in another country of the list as well.

    Args:
        sample: phone cells from all over the list: their country codes tell which countries it has.
        rules: how they are read.
    """

    def __init__(self, sample: Sequence[str], rules: Rules) -> None:
        self._region = rules.region or ""
        self._others = () if rules.region is None or rules.plus_lost else others(sample, region=rules.region)
        self._counts = Counter[str]()
        self._examples: dict[str, list[tuple[int, int, str, int]]] = {}

    def note(self, rows: InputRows, texts: Sequence[str]) -> None:
        """Count those of judged rows; `texts` are the phone cells that count."""
        if not self._others:
            return
        for at in rows.callable():
            region = valid_elsewhere(texts[at], self._others)
            if region is None:
                continue
            self._counts[region] += 1
            examples = self._examples.setdefault(region, [])
            if len(examples) < _EXAMPLES:
                examples.append((rows.first + at, rows.lines[at], texts[at], rows.numbers[at]))

    def hints(self) -> list[str]:
        """Say in words which rows may be of another country, once all are counted."""
        return [
            say.valid_elsewhere(count, own=_named(self._region), other=_named(region), rows=self._examples[region])
            for region, count in self._counts.most_common()
        ]


def others(texts: Sequence[str], *, region: str) -> tuple[str, ...]:
    """Return the countries of the numbers with a country code that is not the region's, the most frequent first."""
    own = _code(region.upper())
    found = judge_column([text for text in texts if numbers.marked(text)]).numbers.tolist()
    homes = Counter(filter(None, (numbers.home(number) for number in found if number)))
    first = {_code(home): home for home, _ in reversed(homes.most_common())}
    return tuple(home for home, _ in homes.most_common() if first[_code(home)] == home and _code(home) != own)[:_MOST]


def valid_elsewhere(text: str, regions: Sequence[str]) -> str | None:
    """Return the first of some countries in which a cell without a plus is a valid number."""
    if numbers.marked(text):
        return None
    return next((region for region in regions if numbers.is_national(text, region=region)), None)


def _named(region: str) -> tuple[str, str]:
    return numbers.country_name(region.upper()), _code(region.upper())


def _code(region: str) -> str:
    found = dialling(region)
    return "" if found is None else found.code
