"""How much it says that digits are a number of a region: in some, nearly any digits are one."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Final

from dialer.numbers.plans import dialling

_ASKED: Final = 1000


def chance(number: int, region: str) -> float:
    """Return which share of all digits as long as a national number would be a number of the region and its type.

    Args:
        number: E.164 digits of a valid number of the region's calling code.
        region: ISO code.

    Returns:
        From 0 to 1: 0.8 for a fixed line of 12 digits in Germany, 0.08 for a mobile of 11 digits in Brazil.
    """
    dialled = dialling(region)
    if dialled is None:
        return 1.0
    national = str(number).removeprefix(dialled.code)
    kind = dialled.plan.verdict(national).kind
    return _shares(region, len(national)).get(kind, 0.0) if kind else 1.0


@cache
def _shares(region: str, length: int) -> dict[str | None, float]:
    """Return the share of each type among digits spread evenly over all of a length."""
    dialled = dialling(region)
    least, most = 10 ** (length - 1), 10**length
    sample = range(least, most, max(1, (most - least) // _ASKED + 7))
    kinds = Counter(dialled.plan.verdict(str(digits)).kind for digits in sample) if dialled else Counter[str | None]()
    return {kind: count / len(sample) for kind, count in kinds.items()}
