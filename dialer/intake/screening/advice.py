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
    unmarked = [text for text in texts if sum(map(str.isdigit, text)) >= numbers.SHORTEST and not numbers.marked(text)]
    tried = unmarked[:: -(-len(unmarked) // TRIED) or 1]
    valid = _numbers(tried, region=rules.region, plus_lost=rules.plus_lost, allow=rules.allow)
    if not tried or len(valid) >= MOSTLY * len(tried):
        return ""
    fitting = [region for region in numbers.main_regions() if region != rules.region and _fits(tried, region, rules)]
    sentences = [say.few_can_be_called(len(valid), len(tried))]
    if 0 < len(fitting) <= _SHOWN:
        sentences += [say.numbers_of(region, numbers.country_name(region)) for region in fitting]
    elif fitting:
        sentences.append(say.numbers_of_many(len(fitting)))
    lost = Counter(map(numbers.place, _numbers(tried, region=None, plus_lost=True, allow=rules.allow)))
    if lost and not rules.plus_lost:
        sentences.append(say.numbers_with_plus(lost.most_common()))
    return ". ".join(sentences)


def _fits(tried: Sequence[str], region: str, rules: Rules) -> bool:
    """Tell whether nearly all would be called as numbers of a region, and not be refused for a lost plus."""
    valid = _numbers(tried, region=region, plus_lost=False, allow=rules.allow)
    return len(valid) >= NEARLY_ALL * len(tried) and not is_lost(tried, region=region, allow=rules.allow)


def _numbers(tried: Sequence[str], *, region: str | None, plus_lost: bool, allow: frozenset[str]) -> list[int]:
    column = judge_column(tried, region=region, plus_lost=plus_lost, allow=allow - {"not_valid"})
    return [number for number in column.numbers.tolist() if number]
