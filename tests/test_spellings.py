"""Numbers that are one line, by the rules that the countries published."""

from __future__ import annotations

import re

import numpy as np
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer import numbers
from dialer.numbers import Number, judge

_VIETNAM = (
    *((120, 70), (121, 79), (122, 77), (126, 76), (128, 78), (123, 83), (124, 84), (125, 85), (127, 81), (129, 82)),
    *((162, 32), (163, 33), (164, 34), (165, 35), (166, 36), (167, 37), (168, 38), (169, 39), (186, 56), (188, 58)),
    (199, 59),
)
_LOCAL = {"11": 8, "223": 7, "351": 7, "3844": 6}
"""Area codes of Argentina, and how many digits follow: ten together."""

RULES = {
    # ITU Operational Bulletin, Anatel's communication of 6.II.2013: mobiles begin with 9, 8, 7 or 6, and get a 9.
    "Brazil": ((r"55(11|21|47|68|85|99)([6789]\d{7})", r"55\g<1>9\2"),),
    # libphonenumber, FAQ: 9 before the area code is dialled from abroad to a mobile, and is no digit of the number.
    "Argentina": tuple((rf"54({area}\d{{{rest}}})", r"549\1") for area, rest in _LOCAL.items()),
    # libphonenumber, pull request 2693: since August 2019 no 1 is dialled before a Mexican mobile.
    "Mexico": ((r"521([23456789]\d{9})", r"52\1"),),
    # CRC, Resolution 5826 of 2019: 60 before the area code of fixed lines.
    "Colombia": ((r"57([1245678]\d{7})", r"5760\1"),),
    # mobifone.vn and others, September 2018: the prefix changes, the last seven digits stay.
    "Vietnam": tuple((rf"84{old}(\d{{7}})", rf"84{new}\1") for old, new in _VIETNAM),
    # ARTCI, 28 July 2020: 01, 05 or 07 by operator; their prefixes from libphonenumber, issue 1909.
    "Ivory Coast": (
        (r"225((?:0[123]|4[123]|5[123]|71)\d{6})", r"22501\1"),
        (r"225((?:0[456]|4[456]|5[456]|7[456]|8[456])\d{6})", r"22505\1"),
        (r"225((?:0[789]|4[789]|5[789]|7[789]|8[789])\d{6})", r"22507\1"),
    ),
    # ARCEP at the ITU, 30 November 2024: ABPQMCDU becomes EZABPQMCDU, EZ being 01.
    "Benin": ((r"229([24569]\d{7})", r"22901\1"),),
    # ART, 25 September 2014: 6 before all mobiles.
    "Cameroon": ((r"237([579]\d{7})", r"2376\1"),),
    # ARCEP, 3 June 2019: 06, 02, 05 become 066, 062, 065; 04, 07 become 074, 077; 01 becomes 011; no 0 from abroad.
    "Gabon": (
        (r"2410([256]\d{6})", r"2416\1"),
        (r"2410([47]\d{6})", r"2417\1"),
        (r"2410(1\d{6})", r"2411\1"),
        (r"241([256]\d{6})", r"2416\1"),
        (r"241([47]\d{6})", r"2417\1"),
        (r"241(1\d{6})", r"2411\1"),
    ),
}  # fmt: skip

ALL = [rule for rules in RULES.values() for rule in rules]


def written(rule: str, tail: int) -> str:
    """Return a number of a form, its free digits taken from some other ones."""
    digits = iter(f"{tail:020d}")
    alternatives = re.search(r"\((?:\?:)?([^()]*\|[^()]*)\)", rule)
    if alternatives:
        choices = alternatives[1].split("|")
        rule = rule.replace(alternatives[0], choices[tail % len(choices)], 1)
    rule = re.sub(r"\\d\{(\d+)\}", lambda match: r"\d" * int(match[1]), rule.replace("(", "").replace(")", ""))
    return re.sub(r"\\d|\[(\d+)\]", lambda match: _pick(match[1] or "0123456789", next(digits)), rule)


def _pick(choices: str, digit: str) -> str:
    return choices[int(digit) % len(choices)]


TAILS = st.integers(0, 10**20 - 1)


@pytest.mark.parametrize("country", RULES)
@settings(deadline=None)
@given(data=st.data(), tail=TAILS)
def test_what_was_renumbered_is_the_line_that_it_has_become(country: str, data: st.DataObject, tail: int) -> None:
    old, new = data.draw(st.sampled_from(RULES[country]))
    before = written(old, tail)
    after, count = re.subn(f"^{old}$", new, before)
    assert count == 1
    spellings = numbers.spellings(int(before))
    assert {int(before), int(after)} <= set(spellings)
    assert numbers.spellings(int(after)) == spellings
    assert {numbers.line(one) for one in spellings} == {int(after)}


@settings(deadline=None)
@given(rule=st.sampled_from(ALL), one=TAILS, other=TAILS)
def test_two_numbers_of_one_form_are_two_lines(rule: tuple[str, str], one: int, other: int) -> None:
    first, second = int(written(rule[0], one)), int(written(rule[0], other))
    assert (numbers.line(first) == numbers.line(second)) == (first == second)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(551133334444, id="a fixed line of Brazil"),
        pytest.param(5511933334444, id="a mobile of Brazil whose last eight digits are a fixed line's"),
        pytest.param(548001234567, id="a toll-free number of Argentina"),
        pytest.param(573101234567, id="a mobile of Colombia"),
        pytest.param(2250701020304, id="a new mobile of Ivory Coast whose last digits were another operator's"),
        pytest.param(23722123456, id="a fixed line of Cameroon, which became 222 or 242"),
        pytest.param(84901234567, id="a mobile of Vietnam that did not change"),
        pytest.param(919876543210, id="a mobile of India"),
        pytest.param(12065551212, id="a number of the United States"),
    ],
)
def test_other_numbers_are_lines_of_their_own(number: int) -> None:
    assert numbers.spellings(number) == (number,)


def test_no_valid_number_of_any_country_is_two_peoples() -> None:
    # Only where both forms are valid today could two people be taken for one: there the rule says that they are one.
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in (0, 1, 2):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            digits = int(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:])
            valid = [
                one for one in numbers.spellings(digits) if phonenumbers.is_valid_number(phonenumbers.parse(f"+{one}"))
            ]
            assert digits in valid
            assert len(valid) == 1 or region in {"AR", "GA", "BR"}, region


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**15 - 1)), st.lists(st.tuples(st.sampled_from(ALL), TAILS)))
def test_many_numbers_at_once_are_spelled_as_one_by_one(
    others: list[int], own: list[tuple[tuple[str, str], int]]
) -> None:
    given_ones = others + [int(written(rule[0], tail)) for rule, tail in own]
    assert numbers.lines(np.array(given_ones, dtype=np.int64)).tolist() == [numbers.line(one) for one in given_ones]


@pytest.mark.parametrize("text", ["+52 1 55 1234 5678", "+5215512345678", "00 52 1 55 12345678"])
def test_a_mexican_mobile_is_dialled_without_the_1_that_it_had(text: str) -> None:
    found = judge(text, region="MX")
    assert isinstance(found, Number)
    assert found.digits == 525512345678
    assert "the 1 that Mexican mobiles had until 2019 left out" in found.repaired


@pytest.mark.parametrize("text", ["+551187654321", "+22507123456", "+22997123456", "+841201234567", "+5711234567"])
def test_a_digit_is_never_added_to_what_was_typed(text: str) -> None:
    assert not isinstance(judge(text), Number)
    assert numbers.possible(text) == (int(text),)


@pytest.mark.parametrize("text", ["15512345678", "1 551 234 5678"])
def test_a_number_of_another_country_is_no_mexican_one(text: str) -> None:
    assert not isinstance(judge(text, region="MX"), Number)
