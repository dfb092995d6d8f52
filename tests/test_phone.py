"""Phone cells as people send them."""

from __future__ import annotations

import random
import re

import numpy as np
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneMetadata

from dialer import numbers
from dialer.messages.reasons import REASONS
from dialer.models import Problem
from dialer.numbers import Number, judge, plans
from dialer.numbers import number as judging
from dialer.numbers.column import judge_column

GOOD = 919876543210

CELLS: list[tuple[str, str | None, int | str]] = [
    # cell, region, number or reason code
    ("+919876543210", None, GOOD),
    ("+91 98765 43210", None, GOOD),
    ("+91-98765-43210", None, GOOD),
    ("+1 (212) 555-0123", None, 12125550123),
    ("(212) 555-0123", "US", 12125550123),
    ("212.555.0123", "US", 12125550123),
    ("1 212 555 0123", "US", 12125550123),
    ("9876543210", "IN", GOOD),
    ("098765 43210", "IN", GOOD),
    ("919876543210", "IN", GOOD),
    ("00919876543210", "IN", GOOD),
    ("011 91 98765 43210", "US", GOOD),
    ("030/901820", "DE", 4930901820),
    ("+49.30901820", None, 4930901820),
    ("+390612345678", None, 390612345678),
    ("0612345678", "FR", 33612345678),
    ("201234", "FO", 298201234),
    ("(20) 1234", "FO", 298201234),
    # mended, and said
    ("'+919876543210", None, GOOD),
    ("\u201c+919876543210\u201d", None, GOOD),
    ("\u2019+919876543210", None, GOOD),
    ('"+919876543210"', None, GOOD),
    ('="+919876543210"', None, GOOD),
    ("=+919876543210", None, GOOD),
    ("  +919876543210\t", None, GOOD),
    ("+919876543210\n", None, GOOD),
    ("+91\u00a098765\u00a043210", None, GOOD),
    ("\u202a+919876543210\u202c", None, GOOD),
    ("+91987\u200b6543210", None, GOOD),
    ("\ufeff+919876543210", None, GOOD),
    ("+91\u2010987\u20116543210", None, GOOD),
    ("\uff0b\uff19\uff11\uff19\uff18\uff17\uff16\uff15\uff14\uff13\uff12\uff11\uff10", None, GOOD),
    ("+\u0669\u0661\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660", None, GOOD),
    ("+९१९८७६५४३२१०", None, GOOD),
    ("tel:+91-98765-43210", None, GOOD),
    ("TEL: +919876543210", None, GOOD),
    ("p:+919876543210", None, GOOD),
    ("P: +91 98765 43210", None, GOOD),
    ("whatsapp:+919876543210", None, GOOD),
    ("wa:+919876543210", None, GOOD),
    ("callto:+919876543210", None, GOOD),
    ("p:9876543210", "IN", GOOD),
    ("sip:+919876543210", None, "number_letters"),
    ("up:+919876543210", None, "number_letters"),
    ("+919876543210.0", None, GOOD),
    ("9876543210.0", "IN", GOOD),
    ("++919876543210", None, GOOD),
    ("+44 (0)20 7946 0018", None, 442079460018),
    ('\'="+919876543210"', None, GOOD),
    # refused
    ("", None, "number_empty"),
    ("   ", None, "number_empty"),
    ("\u200b", None, "number_empty"),
    ("'", None, "number_empty"),
    ("9.19877E+11", "IN", "number_scientific"),
    ("9,19877E+11", "IN", "number_scientific"),
    ("9.87654321E9", "IN", "number_scientific"),
    ("n/a", None, "number_words"),
    ("-", None, "number_words"),
    ("+", None, "number_words"),
    ("#N/A", None, "number_words"),
    ("ask the daughter, she knows " * 4 + "5", None, "number_words"),
    ("1-800-FLOWERS", "US", "number_letters"),
    ("+91 98765 4321O", None, "number_letters"),
    ("98765l3210", "IN", "number_letters"),
    ("+919876543210 (home)", None, "number_letters"),
    ("call 9876543210 after 5", "IN", "number_letters"),
    ("98765XXXXX", "IN", "number_masked"),  # the Xs are the mask
    ("+91 98*** **210", None, "number_masked"),
    ("2024-05-12", "DK", "number_date"),
    ("12/05/2024", "DE", "number_date"),
    ("98765432.10", "IN", "number_decimal"),
    ("919,876,543,210", "IN", "number_decimal"),
    ("9876543210,00", "IN", "number_decimal"),
    ("+43 1 5123457.0", None, "number_decimal"),  # +43 1 51234570 is somebody else's
    ("030 1234567.0", "DE", "number_decimal"),
    ("+49 171 1234567.00", None, "number_decimal"),
    ("06.12.34.56.00", "FR", 33612345600),
    ("-9876543210", "IN", "number_negative"),
    ("192.168.1.100", "DE", "number_ip_address"),
    ("+91 98765 43210 x12", None, "number_extension"),
    ("+1 212 555 0123 ext. 7", None, "number_extension"),
    ("+12125550123;ext=7", None, "number_extension"),
    ("+12125550123#7", None, "number_extension"),
    ("+919876543210/+919876543211", None, "number_two"),
    ("9876543210, 9876543211", "IN", "number_two"),
    ("9876543210 or 9876543211", "IN", "number_two"),
    ("9876543210 9876543211", "IN", "number_two"),
    ("+919876543210\n+919876543211", None, "number_two"),
    ("020 7946 0018/19", "GB", "number_two"),
    ("919876543210+", None, "number_characters"),
    ("+91\t9876543210", None, "number_characters"),
    ("+91 98765\n43210", None, "number_characters"),
    ("9876~543210", "IN", "number_characters"),
    ("*12345678#", "IN", "number_characters"),
    ("112", "IN", "number_short_code"),
    ("+91112", None, "number_short_code"),
    ("9876543210", None, "number_no_country_code"),
    ("00919876543210", None, "number_no_country_code"),
    ("098765 43210", None, "number_no_country_code"),
    ("919876543210", None, "number_plus_lost"),
    ("447400123456", "US", "number_plus_lost"),
    ("+999123456789", None, "number_country_code"),
    ("+0919876543210", None, "number_country_code"),
    ("+1212555012", None, "number_too_short"),
    ("21255501", "US", "number_too_short"),
    ("+121255501234", None, "number_too_long"),
    ("+91987654321012", None, "number_not_valid"),
    ("+1234567890123456789", None, "number_too_long"),
    ("+12125", None, "number_short_code"),
    ("+11234567890", None, "number_not_valid"),
    ("+18005550123", None, "number_toll_free"),
    ("+19005550123", None, "number_premium_rate"),
    ("+9118603451234", None, "number_shared_cost"),
    ("+447012345678", None, "number_personal_number"),
    ("+447640123456", None, "number_pager"),
    ("+911409305260", None, "number_uan"),
]


@pytest.mark.parametrize(("cell", "region", "expected"), CELLS)
def test_a_cell_is_a_number_or_has_a_reason(cell: str, region: str | None, expected: int | str) -> None:
    judged = judge(cell, region=region)
    assert (judged.digits if isinstance(judged, Number) else judged.code) == expected


@pytest.mark.parametrize("cell", ["+919876543210", "+91 98765-43210"])
def test_formatting_is_no_damage(cell: str) -> None:
    assert judge(cell) == Number(GOOD, "")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("'+919876543210", "leading apostrophe"),
        ('="+919876543210"', "spreadsheet formula around it"),
        ("p:+919876543210", "p: in front"),
        ("whatsapp:+919876543210", "whatsapp: in front"),
        ("+919876543210.0", "trailing .0"),
        ("+91\u00a09876543210", "no-break space"),
        ("\u200e+919876543210", "invisible character"),
        (" '+919876543210", "space around it, leading apostrophe"),
        ("+44 (0)20 7946 0018", "digits that are only dialled inside the country left out"),
    ],
)
def test_what_is_mended_is_said(cell: str, words: str) -> None:
    judged = judge(cell)
    assert isinstance(judged, Number)
    assert judged.repaired == words


def test_a_lost_plus_is_put_back_when_the_campaign_says_so() -> None:
    assert judge("919876543210", region="DE", plus_lost=True) == Number(GOOD, "lost + put back")


def test_a_number_with_a_leading_zero_did_not_lose_its_plus() -> None:
    assert judge("09876543210", region="IN", plus_lost=True) == Number(GOOD, "")


@pytest.mark.parametrize(
    ("kind", "cell"), [("toll_free", "+18005550123"), ("premium_rate", "+19005550123"), ("uan", "+911409305260")]
)
def test_a_special_type_is_called_only_when_it_is_allowed(kind: str, cell: str) -> None:
    refused = judge(cell, allow=frozenset(numbers.SPECIAL) - {kind})
    assert isinstance(refused, Problem)
    assert refused.code == f"number_{kind}"
    assert isinstance(judge(cell, allow=frozenset({kind})), Number)


def test_every_error_of_phonenumbers_has_words() -> None:
    raised = {value for name, value in vars(NumberParseException).items() if name.isupper()}
    assert raised == set(judging.PARSE_ERRORS)


@given(st.text(max_size=60), st.sampled_from([None, "IN", "US", "DE", "AG"]), st.booleans())
def test_any_text_gets_a_verdict(text: str, region: str | None, plus_lost: bool) -> None:  # noqa: FBT001 - drawn
    judged = judge(text, region=region, plus_lost=plus_lost)
    assert isinstance(judged, Number) or (judged.code in REASONS and judged.reason)


@given(st.text(alphabet="+0123456789 .-()/xX*oO'=\"eE,", max_size=40), st.sampled_from([None, "IN", "US", "AR"]))
def test_what_is_called_are_the_digits_that_stand_there(text: str, region: str | None) -> None:
    """No digit is made up, and with a plus in front none but a trunk prefix is left out."""
    judged = judge(text, region=region)
    if isinstance(judged, Number) and "+" in text and not judged.repaired:
        assert str(judged.digits) == re.sub(r"\D", "", text)


# The fast path.


def _examples() -> list[tuple[str, str]]:
    """Return an example number of every region and type: region and digits."""
    found = [
        (region, phonenumbers.example_number_for_type(region, kind))
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in phonenumbers.PhoneNumberType.values()
    ]
    found += [
        ("001", phonenumbers.example_number_for_non_geo_entity(code))
        for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    ]
    return [(region, f"{example.country_code}{_national(example)}") for region, example in found if example]


def _national(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


def _varied(chance: random.Random, digits: str) -> str:
    """Change some digits, or the end, of a number."""
    changed = list(digits)
    if chance.random() < 0.8:
        for _ in range(chance.randint(0, 4)):
            changed[chance.randrange(len(changed))] = chance.choice("0123456789")
        return "".join(changed)
    kept = changed[: chance.randint(2, len(changed))]
    return "".join(kept + chance.choices("0123456789", k=chance.randint(0, 10)))


def _slowly(text: str, region: str | None) -> tuple[str, str] | None:
    """Ask phonenumbers itself."""
    result = judging._parse(text, region)
    return None if isinstance(result, Problem) else result


@pytest.mark.parametrize("count", [10_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_the_plan_of_a_calling_code_says_what_phonenumbers_says(count: int) -> None:
    """Of numbers that the plan is sure of, like the examples of all regions and types: same type, same region."""
    chance = random.Random(20)
    examples = _examples()
    certain = 0
    while certain < count:
        digits = _varied(chance, chance.choice(examples)[1])
        code = plans.calling_code(digits)
        national = digits[len(code or "") :]
        if code is None or not national:
            continue
        verdict = plans.plan(code).verdict(national)
        if not verdict.certain:
            continue
        certain += 1
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
        # What phonenumbers does too, without a number of its own kind for each.
        region = regions[0] if len(regions) == 1 else phonenumbers.region_code_for_number(_number(code, national))
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region or "")
        kind = phonenumbers.phonenumberutil._number_type_helper(national, metadata) if metadata else 99
        name = phonenumbers.PhoneNumberType.to_string(kind).lower() if kind != 99 else None
        assert (verdict.kind, verdict.region) == (name, region), digits


def _number(code: str, national: str) -> phonenumbers.PhoneNumber:
    zeros = len(national) - len(national[:-1].lstrip("0")) - 1
    return phonenumbers.PhoneNumber(
        int(code), int(national), italian_leading_zero=zeros > 0, number_of_leading_zeros=zeros
    )


@pytest.mark.parametrize("count", [5_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_a_clean_number_is_judged_as_phonenumbers_judges_it(count: int) -> None:
    """From text to E.164, with country code and, in the number's own region, without."""
    chance = random.Random(21)
    examples = _examples()
    quick = 0
    for _ in range(count):
        region, digits = chance.choice(examples)
        digits = _varied(chance, digits)
        found = judging._quick("+" + digits, region=None, plus_lost=False)
        if found is not None:
            quick += 1
            assert found == _slowly("+" + digits, None)
        text = chance.choice(["", "", "0", "1", "8", "00", "011"]) + digits[len(plans.calling_code(digits) or "") :]
        found = None if region == "001" else judging._quick(text, region=region, plus_lost=False)
        if found is not None:
            quick += 1
            assert found == _slowly(text, region), (text, region)
    assert quick > 0.6 * count


def test_a_clean_number_that_is_turned_down_is_not_valid() -> None:
    """The fast path never costs a good number: what it does not let through goes to phonenumbers."""
    for region, digits in _examples():
        assert isinstance(judge("+" + digits, allow=frozenset(numbers.SPECIAL)), Number), (region, digits)


def test_a_number_without_its_plus_is_read_as_phonenumbers_reads_it_with_one() -> None:
    chance = random.Random(22)
    examples = _examples()
    for _ in range(5_000):
        digits = _varied(chance, chance.choice(examples)[1])
        slow = _slowly("+" + digits, None)
        expected = None if slow is None or digits.startswith("0") or len(digits) < 7 else int(slow[0])
        assert numbers.with_plus(digits) == expected


def test_a_plan_that_forgets_gives_the_same_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [f"9{n:09d}" for n in range(0, 10**9, 10**6 + 7)]
    plan = plans.plan("91")
    expected = [plan.verdict(number) for number in numbers]
    monkeypatch.setattr("dialer.numbers.patterns.REMEMBERED", 10)
    plan._reset()
    assert [plan.verdict(number) for number in numbers] == expected


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([cell for cell, _, _ in CELLS]),
            st.text(max_size=25),
            st.integers(10**6, 10**17).map(lambda number: f"+{number}"),
            st.integers(9 * 10**9, 10**10 - 1).map(lambda number: f"+91{number}"),
        ),
        max_size=30,
    ),
    st.sampled_from([None, "IN"]),
    st.sampled_from([frozenset[str](), frozenset({"toll_free"})]),
)
def test_a_column_is_judged_as_its_cells_are(cells: list[str], region: str | None, allow: frozenset[str]) -> None:
    column = judge_column(cells, region=region, allow=allow)
    for at, cell in enumerate(cells):
        judged = judge(cell, region=region, allow=allow)
        if isinstance(judged, Problem):
            assert (column.numbers[at], column.problems[at]) == (0, judged)
        else:
            assert (column.numbers[at], column.repaired.get(at, "")) == (judged.digits, judged.repaired)


def test_a_column_of_all_regions_is_judged_as_its_cells_are() -> None:
    chance = random.Random(23)
    cells = ["+" + _varied(chance, digits) for _, digits in _examples() for _ in range(5)]
    expected = [judged.digits if isinstance(judged, Number) else 0 for judged in map(judge, cells)]
    assert np.array_equal(judge_column(cells).numbers, expected)


def test_a_column_of_national_numbers_is_judged_as_its_cells_are() -> None:
    """However they begin: with the trunk prefix, the calling code or digits of either, or as if dialled to abroad."""
    chance = random.Random(29)
    by_region: dict[str, list[str]] = {}
    for region, digits in _examples():
        if region != "001":
            metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
            assert metadata is not None
            code, trunk = str(metadata.country_code), metadata.national_prefix or "0"
            national = _varied(chance, digits.removeprefix(code))
            by_region.setdefault(region, []).extend([national, trunk + national, code + national, "00" + national])
    for region, cells in by_region.items():
        expected = [
            judged.digits if isinstance(judged, Number) else 0 for judged in (judge(c, region=region) for c in cells)
        ]
        assert np.array_equal(judge_column(cells, region=region).numbers, expected), region


def test_digits_that_begin_like_the_calling_code_are_national_where_they_are_one_as_a_whole() -> None:
    column = judge_column(["9198765432", "919876543210"], region="IN")
    assert column.numbers.tolist() == [919198765432, 919876543210]


# Region, time zones, and entries of do-not-call lists.


@pytest.mark.parametrize("number", [0, 1, 12, 999123456789, 10**17])
def test_a_number_of_nowhere_has_no_zones_and_no_country(number: int) -> None:
    assert (numbers.zones(number), numbers.country(number)) == ((), None)


def test_digits_that_no_calling_code_begins_like_are_no_number_of_any_length() -> None:
    firsts = [str(first) for first in range(100, 1000) if plans.calling_code(str(first)) is None]
    assert len(firsts) > 50
    for first in firsts:
        for digits in (first + "1234567890123"[:length] for length in range(13)):
            assert plans.verdict(digits) == plans.NO_PLAN
            with pytest.raises(NumberParseException):
                phonenumbers.parse(f"+{digits}")


def test_the_country_of_a_number_is_that_of_phonenumbers() -> None:
    for _, digits in _examples():
        region = phonenumbers.region_code_for_number(phonenumbers.parse("+" + digits))
        assert numbers.country(int(digits)) == (None if region == "001" else region), digits


@pytest.mark.parametrize(
    ("entry", "region", "expected"),
    [
        ("+919876543210", None, (GOOD,)),
        ("98765 43210", "IN", (GOOD,)),
        # In Germany it is a number of its own, but it may as well be one that lost its plus: both are left out.
        ("447400123456", "DE", (447400123456, 49447400123456)),
        # Not in use (any more): it can be on an old list, and does no harm.
        ("+912001234567", None, (912001234567,)),
        ("+18005550123", None, (18005550123,)),
    ],
)
def test_an_entry_stands_for_every_number_it_can_mean(
    entry: str, region: str | None, expected: tuple[int, ...]
) -> None:
    assert numbers.possible(entry, region=region) == expected


def test_an_entry_without_a_plus_stands_for_what_it_is_with_one_whenever_that_is_valid() -> None:
    source = random.Random(3)
    for _, example in _examples():
        cut = example[: source.randrange(3, len(example) + 1)]
        for digits in (example, cut, cut + str(source.randrange(10**3))):
            read = judge(digits if digits.startswith("0") else f"+{digits}", allow=frozenset(numbers.SPECIAL))
            found = numbers.possible(digits, region="IN")
            readings = () if isinstance(found, Problem) else found
            if isinstance(read, Number):
                # With fewer digits than an Indian number it may as well be one without its area code: it stops the run.
                is_short = isinstance(found, Problem) and found.code == "number_too_short" and len(digits) < 10
                assert read.digits in readings or is_short
            else:
                assert int(digits) not in readings


@pytest.mark.parametrize("entry", ["9876543210", "919876543210", "n/a", "9.19877E+11", "+91 98", "1-800-FLOWERS"])
def test_an_entry_that_can_mean_no_number_for_sure_is_a_problem(entry: str) -> None:
    assert isinstance(numbers.possible(entry, region=None), Problem)


def test_regions_are_known_by_their_letters() -> None:
    assert numbers.known_region("in")
    assert not numbers.known_region("XX")
