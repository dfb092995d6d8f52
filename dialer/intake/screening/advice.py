"""What the numbers of a list would be under another setting: each is tried, and named with its countries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.intake.screening.lost import is_lost
from dialer.messages.intake import screening as say
from dialer.numbers.column import judge_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.intake.screening.rules import Rules

TRIED: Final = 30
"""So many numbers are tried under the settings of every country."""
MOSTLY: Final = 0.5
"""When fewer of the numbers without a plus can be read, it is the setting that is wrong, and not the numbers."""
NEARLY_ALL: Final = 0.9
"""A country is named when so many would be numbers of it."""
_SHOWN: Final = 3


def advice(texts: Sequence[str], rules: Rules) -> str:
    """Say what the numbers without a plus would be under each setting, in words; nothing where they can be read.

    Args:
        texts: phone cells from all over the list.
        rules: how they are read.
    """
    tried = some(unmarked(texts))
    valid = _numbers(tried, region=rules.region, plus_lost=rules.plus_lost, allow=rules.allow)
    if not tried or len(valid) >= MOSTLY * len(tried):
        return ""
    fitting = [region for region in fitting_regions(tried, allow=rules.allow) if region != rules.region]
    sentences = [say.few_can_be_called(len(valid), len(tried))]
    if 0 < len(fitting) <= _SHOWN:
        sentences += [say.numbers_of(region, numbers.country_name(region)) for region in fitting]
    elif fitting:
        sentences.append(say.numbers_of_many(len(fitting)))
    lost = places_with_plus(tried, allow=rules.allow)
    if lost and not rules.plus_lost:
        sentences.append(say.numbers_with_plus(lost.most_common()))
    return ". ".join(sentences)


def unmarked(texts: Sequence[str]) -> list[str]:
    """Return the cells that are meant for numbers and have no country code."""
    return [text for text in texts if sum(map(str.isdigit, text)) >= numbers.SHORTEST and not numbers.marked(text)]


def some(texts: Sequence[str]) -> Sequence[str]:
    """Return as many as are tried, spread evenly."""
    return texts[:: -(-len(texts) // TRIED) or 1]


def fitting_regions(tried: Sequence[str], *, allow: frozenset[str]) -> list[str]:
    """Return the regions of which nearly all would be numbers, and not be refused for a lost plus."""
    return [region for region in numbers.main_regions() if _fits(tried, region, allow)]


def places_with_plus(tried: Sequence[str], *, allow: frozenset[str]) -> Counter[str]:
    """Return where those belong that would be numbers with a plus in front."""
    return Counter(map(numbers.place, _numbers(tried, region=None, plus_lost=True, allow=allow)))


def _fits(tried: Sequence[str], region: str, allow: frozenset[str]) -> bool:
    valid = _numbers(tried, region=region, plus_lost=False, allow=allow)
    return len(valid) >= NEARLY_ALL * len(tried) and not is_lost(tried, region=region, allow=allow)


def _numbers(tried: Sequence[str], *, region: str | None, plus_lost: bool, allow: frozenset[str]) -> list[int]:
    column = judge_column(tried, region=region, plus_lost=plus_lost, allow=allow - {"not_valid"})
    return [number for number in column.numbers.tolist() if number]
