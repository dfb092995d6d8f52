"""One line, several spellings: countries that changed their numbers, or write a mobile in two ways.

People's lists keep a number as it was written down once. Here are only changes that are certain and can be undone:
every number of one form has exactly one in the other. A line's spellings begin differently and end in the same digits.

Left out, since the digits alone do not tell the new number: fixed lines of Cameroon (22 became 222 or 242) and of Ivory
Coast (by operator), and Metro Manila (by operator, and other lines have those numbers by now). Left out as older than
any list: changes before 2012.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BRAZIL: Final = (
    *(*range(11, 20), 21, 22, 24, 27, 28, *range(31, 36), 37, 38, *range(41, 50), 51, 53, 54, 55, *range(61, 70)),
    *(71, 73, 74, 75, 77, 79, *range(81, 90), *range(91, 100)),
)
"""Brazil's area codes."""

_VIETNAM: Final = (
    *((120, 70), (121, 79), (122, 77), (126, 76), (128, 78), (123, 83), (124, 84), (125, 85), (127, 81), (129, 82)),
    *((162, 32), (163, 33), (164, 34), (165, 35), (166, 36), (167, 37), (168, 38), (169, 39), (186, 56), (188, 58)),
    (199, 59),
)
"""Vietnam's old mobile prefixes, and what they became."""

_OPERATOR: Final = dict(zip("123456789", "111555777", strict=True))
"""The second digit of Ivory Coast's old mobiles, and the operator's digit of today."""


def _families() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the digits at the end that stay, and what stands before them in each form, that of today last."""
    # Argentina: 9 marks a mobile from abroad; each area code and number is one line, with it or without.
    # https://github.com/google/libphonenumber/blob/master/FAQ.md (AR)
    yield from ((9, (f"54{digit}", f"549{digit}")) for digit in "123")
    # Brazil, 2012 to 2016: mobiles, which begin with 6 to 9, got a 9 in front; fixed lines (2 to 5) did not. Trunked
    # radio (7, eight digits) did not either: that network was shut down in 2018.
    # Anatel in the ITU Operational Bulletin, 6.II.2013; Anatel, Resolution 553/2010
    yield from ((7, (f"55{area}{digit}", f"55{area}9{digit}")) for area, digit in product(_BRAZIL, "6789"))
    # Mexico, August 2019: the 1 in front of mobiles went. https://github.com/google/libphonenumber/pull/2693
    yield from ((9, (f"521{digit}", f"52{digit}")) for digit in "23456789")
    # Colombia, September 2021: 60 in front of fixed lines. CRC, Resolution 5826/2019
    yield from ((7, (f"57{digit}", f"5760{digit}")) for digit in "1245678")
    # Vietnam, September 2018: mobiles of eleven digits became ten. Ministry of Information, Decision 798/2018
    yield from ((7, (f"84{old}", f"84{new}")) for old, new in _VIETNAM)
    # Ivory Coast, January 2021: mobile numbers got a prefix of their operator, known from the second digit.
    # ARTCI's communication of 28 July 2020; the operators' old prefixes: google/libphonenumber issue 1909
    yield from ((6, (f"225{a}{b}", f"2250{_OPERATOR[b]}{a}{b}")) for a, b in product("045789", "123456789"))
    # Benin, November 2024: 01 in front of all. ARCEP at the ITU: https://www.itu.int/oth/T0202000017/en
    yield from ((7, (f"229{digit}", f"22901{digit}")) for digit in "24569")
    # Cameroon, November 2014: 6 in front of mobiles. ART's communication of 25 September 2014
    yield from ((7, (f"237{digit}", f"2376{digit}")) for digit in "5789")
    # Gabon, November 2019: a second digit for the operator, and no 0 from abroad. ARCEP's communication of 3 June 2019
    yield from (
        (6, (f"2410{old}", f"241{old}", f"241{operator}{old}"))
        for operator, old in ("11", "62", "65", "66", "74", "77")
    )


_FORMS: Final = {
    (int(start), 10**ending): tuple(map(int, starts)) for ending, starts in _families() for start in starts
}
_ENDINGS: Final = tuple(sorted({ending for _, ending in _FORMS}))
"""Powers of ten that cut off the digits which stay."""


def spellings(number: int) -> tuple[int, ...]:
    """Return every spelling of a line, that number included and the one of today last.

    Args:
        number: E.164 digits.
    """
    for ending in _ENDINGS:
        start, rest = divmod(number, ending)
        starts = _FORMS.get((start, ending))
        if starts is not None:
            return tuple(one * ending + rest for one in starts)
    return (number,)


def line(number: int) -> int:
    """Return the one spelling by which a line is compared with others."""
    return spellings(number)[-1]


def lines(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the `line` of many numbers at once."""
    result = numbers
    for ending, (olds, news) in _TABLES.items():
        starts, rests = np.divmod(numbers, ending)
        at = np.minimum(np.searchsorted(olds, starts), len(olds) - 1)
        result = np.where(olds[at] == starts, news[at] * ending + rests, result)
    return result


def _table(ending: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pairs = sorted((start, starts[-1]) for (start, of), starts in _FORMS.items() if of == ending)
    return np.array([old for old, _ in pairs], dtype=np.int64), np.array([new for _, new in pairs], dtype=np.int64)


_TABLES: Final = {ending: _table(ending) for ending in _ENDINGS}
