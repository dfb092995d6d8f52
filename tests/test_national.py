"""A list of one country's own numbers is called as that country's; one of many countries without their + is not."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from dialer.cli import main
from dialer.intake.country import Doubtful, unmarked_numbers
from dialer.intake.do_not_call import Suppression
from dialer.intake.screening import Screening
from dialer.intake.screening.advice import advice
from dialer.intake.table import examine
from tests.test_screening import NOW, RULES, own

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialer.input_rows import InputRow
    from tests.place import Place

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
COUNT = 6


def screened(folder: Path, cells: list[str], region: str | None, **rules: Any) -> list[InputRow]:  # noqa: ANN401 - fields of Rules
    path = folder / "r.csv"
    path.write_text("phone\n" + "".join(f'"{cell}"\n' for cell in cells), encoding="utf-8")
    nobody = Suppression.load([], region=None, max_age_days=None, now=NOW)
    fields = replace(RULES, region=region, **rules)
    screening = Screening(examine(path), rules=fields, suppression=nobody, attempted={}, own=own)
    return [row for chunk in screening for row in chunk]


def called(folder: Path, cells: list[str], region: str | None, **rules: Any) -> list[int | str]:  # noqa: ANN401 - as above
    """Return whom a list calls, and by row the reason why not."""
    rows = screened(folder, cells, region, **rules)
    return [row.problem.code if row.problem else row.number or 0 for row in rows]


@cache
def numbers(region: str, kind: int, first: str = "") -> tuple[phonenumbers.PhoneNumber, ...]:
    """Return valid numbers of a region like its example, of one type, whose national digits begin so."""
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return ()
    chance = random.Random(f"{region}{kind}{first}")
    digits = phonenumbers.national_significant_number(example)
    found: dict[str, phonenumbers.PhoneNumber] = {}
    for _ in range(600):
        kept = first or digits[: chance.randint(1, 5)]
        text = kept + "".join(chance.choices("0123456789", k=len(digits) - len(kept)))
        try:
            number = phonenumbers.parse(f"+{example.country_code}{text}")
        except phonenumbers.NumberParseException:
            continue
        is_own = phonenumbers.number_type(number) in {kind, PhoneNumberType.FIXED_LINE_OR_MOBILE}
        if is_own and phonenumbers.is_valid_number_for_region(number, region):
            found[text] = number
        if len(found) == COUNT:
            break
    return tuple(found.values())


def e164(number: phonenumbers.PhoneNumber) -> int:
    return int(phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:])


FORMS: dict[str, Callable[[phonenumbers.PhoneNumber], str]] = {
    "digits": phonenumbers.national_significant_number,
    "as written in the country": lambda number: phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_numbers_of_every_region_are_called_as_its_own(tmp_path: Path, form: str) -> None:
    for region in REGIONS:
        for kind in KINDS:
            own = [number for number in numbers(region, kind) if reads_back(FORMS[form](number), region, number)]
            if own:
                assert called(tmp_path, [FORMS[form](number) for number in own], region) == list(map(e164, own))


def reads_back(text: str, region: str, number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether phonenumbers itself reads a national form as the number it was made from."""
    try:
        return e164(phonenumbers.parse(text, region)) == e164(number)
    except phonenumbers.NumberParseException:
        return False


def test_a_list_of_porto_alegre_is_called_in_brazil(tmp_path: Path) -> None:
    """Its area code 51 is the country code of Peru, where each of them would be somebody's mobile."""
    cells = ["51987654321", "51998761234", "51991234567", "(51) 98111-2233", "51 99333-4455"]
    assert called(tmp_path, cells, "BR") == [
        5551987654321,
        5551998761234,
        5551991234567,
        5551981112233,
        5551993334455,
    ]


PERMISSIVE = {"DE", "LU", "ID", "RS", "AT"}
"""Nearly any digits are a fixed line there: without its 0 a long one cannot be told from a number of elsewhere."""


def long_kinds() -> list[tuple[str, int, int]]:
    """Return regions and types with national numbers as long as international ones: there they can be mixed up."""
    found = []
    for region in REGIONS:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        for kind, desc in (
            (PhoneNumberType.MOBILE, metadata.mobile),
            (PhoneNumberType.FIXED_LINE, metadata.fixed_line),
        ):
            if desc is not None and (kind == PhoneNumberType.MOBILE or region not in PERMISSIVE):
                found += [(region, kind, length) for length in desc.possible_length if length >= 11]
    return found


def area(region: str, kind: int, length: int, first: str) -> list[str]:
    """Return national numbers of an area code that phonenumbers holds valid."""
    code = phonenumbers.country_code_for_region(region)
    chance = random.Random(f"{region}{first}")
    texts = [first + "".join(chance.choices("0123456789", k=length - len(first))) for _ in range(60)]
    kinds = {kind, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    return [text for text in texts if phonenumbers.number_type(phonenumbers.parse(f"+{code}{text}")) in kinds][:COUNT]


def test_the_long_numbers_of_every_area_code_are_called_as_the_region_s(tmp_path: Path) -> None:
    """Brazil's 51 is Peru's country code, its 33 that of France: with `region` they are Brazil's all the same."""
    walked = 0
    for region, kind, length in long_kinds():
        code = phonenumbers.country_code_for_region(region)
        for first in map(str, range(10, 100)):
            own = area(region, kind, length, first)
            own = [text for text in own if reads_back(text, region, phonenumbers.parse(f"+{code}{text}"))]
            if own:
                assert called(tmp_path, own, region) == [int(f"{code}{text}") for text in own], (region, first)
                walked += len(own)
    assert walked > 500


@pytest.mark.parametrize("lists", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_list_of_many_countries_without_their_plus_calls_no_stranger_under_any_region(
    tmp_path: Path, lists: int
) -> None:
    """Of numbers with 11 digits or more, as nearly all have; shorter ones are the region's where it has them.

    Each region has one of so many lists of all countries' numbers.
    """
    everywhere = [number for region in REGIONS for number in numbers(region, PhoneNumberType.MOBILE)[:1]]
    meant = [number for number in map(e164, everywhere) if number >= 10**10]
    assert len(meant) > 150
    for at, region in enumerate(REGIONS):
        ours = meant[at % lists :: lists]
        strangers = [
            (cell, got)
            for cell, got in zip(ours, called(tmp_path, list(map(str, ours)), region), strict=True)
            if isinstance(got, int) and got != cell
        ]
        assert not strangers, region


@pytest.mark.parametrize("region", sorted(PERMISSIVE - {"LU"}))
def test_where_nearly_any_digits_are_a_number_the_national_prefix_settles_it(tmp_path: Path, region: str) -> None:
    code = phonenumbers.country_code_for_region(region)
    own = [
        text for first in map(str, range(20, 90)) for text in area(region, PhoneNumberType.FIXED_LINE, 11, first)[:1]
    ]
    assert own
    assert called(tmp_path, ["0" + text for text in own], region) == [int(f"{code}{text}") for text in own]


def test_the_advice_names_the_country_that_would_be_called(tmp_path: Path) -> None:
    """Of a single number it is not told to set plus_lost for the whole file."""
    national = ["2125550123", "4155550100", "3055550100"]
    for region, others, cell, words in (
        (
            None,
            [],
            "51987654321",
            (
                "it has no country code; with a + in front it would be +51987654321 (Peru); if that is right, write "
                "the +, or set region in [csv] if it is a number of another country"
            ),
        ),
        (
            "US",
            national,
            "447400123456",
            (
                "it is not a number of United States; with a + in front it would be +447400123456 (United Kingdom); if "
                "that is right, write the +"
            ),
        ),
        (
            "DE",
            [],
            "447400123456",
            (
                "with a + in front it would be +447400123456 (United Kingdom), and nearly all numbers without a + in "
                "this file would be numbers with one; if that is right, write the +, or set plus_lost = true in [csv]; "
                "if it is of Germany, write +49447400123456"
            ),
        ),
    ):
        first = screened(tmp_path, [cell, *others], region)[0].problem
        assert first is not None
        assert (first.code, first.reason) == ("number_plus_lost", words)


def test_a_number_newer_than_the_plan_is_called_only_when_allowed_and_with_no_other_fault(tmp_path: Path) -> None:
    newer = ["+912001234567", "+551099999999", "+11234567890"]
    faulty = [
        "+91200123456O",
        "+9120012345",
        "5551212",
        "+15551212",
        "+91200123456789",
        "912001234567 or 5",
        "+999123456",
    ]
    cells = [*newer, *faulty]
    assert all(isinstance(got, str) for got in called(tmp_path, cells, None))
    got = called(tmp_path, cells, None, allow=frozenset({"not_valid"}))
    assert got[:3] == [912001234567, 551099999999, 11234567890]
    assert all(isinstance(one, str) for one in got[3:])
    assert called(tmp_path, ["912001234567"], None, plus_lost=True, allow=frozenset({"not_valid"})) != [912001234567]


def local(*firsts: str, digits: int = 10) -> list[str]:
    chance = random.Random(5)
    return [first + "".join(chance.choices("0123456789", k=digits - len(first))) for _ in range(50) for first in firsts]


@pytest.mark.parametrize(
    ("cells", "words", "not_words"),
    [
        (
            local("6", "7", "8", "9"),
            ('With region = "IN" nearly all are numbers of India',),
            ('region = "DE"', "set region"),
        ),
        # Mobiles of India that begin like Lebanon's: many countries have such numbers, and none is guessed.
        (local("96"), ("countries: set region to theirs",), ("region = ",)),
        # Brazil's 51: it is said that a + would call Peru.
        (local("519", digits=11), ("With plus_lost = true 25 cells are numbers: 25 of Peru",), ()),
        # Numbers of many countries: Germany has all of them, but would refuse the list.
        (
            ["447400123456", "14155550100", "919876543210", "33612345678"] * 5,
            ("With plus_lost = true 20 cells are numbers: ",),
            ("region",),
        ),
    ],
)  # fmt: skip
def test_a_setting_is_advised_only_after_it_was_tried(
    tmp_path: Path, cells: list[str], words: tuple[str, ...], not_words: tuple[str, ...]
) -> None:
    told = advice(cells, RULES)
    assert re.match(r"0 of \d\d numbers without a \+ can be called with your \[csv\] settings\. ", told)
    assert all(text in told for text in words)
    assert not any(text in told for text in not_words)
    for region in re.findall('region = "(..)"', told):
        got = called(tmp_path, cells, region)
        assert sum(isinstance(number, int) for number in got) > 0.8 * len(got)


def test_a_list_that_can_be_called_gets_no_advice() -> None:
    assert advice(["+919876543210", "9876543210", "n/a"], replace(RULES, region="IN")) == ""
    assert advice(["n/a", "", "+91987"], RULES) == ""


def test_a_number_with_00_and_a_country_code_is_of_that_country_only(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """In Sweden 0091 is dialled for India as well: who is asked to put +46 before it would write a wrong number."""
    place.recipients([["9876543211"], ["00919900011229"], ["+46701234567"]], header=["phone"])
    path = place.campaign(more='[csv]\nregion = "IN"')
    main(["check", str(path)])
    assert "without a + " not in capsys.readouterr().out


MIXED = [["+919812345670"], ["98123 45671"], ["(212) 555-0143"], ["4155550103"], ["+14155550199"]]


def test_a_number_that_is_valid_in_two_countries_of_the_list_is_named_before_the_first_call(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a number of the United States `region` makes one of India; check and the plan say which rows those are."""
    place.recipients(MIXED, header=["phone"])
    path = place.campaign(more='[csv]\nregion = "IN"')
    main(["check", str(path)])
    said = capsys.readouterr().out
    assert "2 numbers without a + are valid in India (+91) and in United States (+1)" in said
    assert 'row 3 (line 4) "(212) 555-0143" as +912125550143, row 4 (line 5) "4155550103" as +914155550103' in said
    main(["run", str(path), "--yes", "--no-progress"])
    assert 'row 3 (line 4) "(212) 555-0143" as +912125550143' in capsys.readouterr().err
    place.recipients([*MIXED[:2], ["+14155550199"]], header=["phone"])
    main(["check", str(path)])
    assert "without a +" not in capsys.readouterr().out


def test_no_country_is_proposed_in_which_nearly_any_digits_are_a_number(tmp_path: Path) -> None:
    """Germany has numbers of so many lengths that a list of two other countries fits it."""
    path = tmp_path / "people.csv"
    path.write_text("phone\n" + "\n".join(cell for (cell,) in MIXED * 3))
    found = unmarked_numbers(examine(path), ["phone"])
    assert found is not None
    assert found.likely is None
    assert found.doubtful == Doubtful("(212) 555-0143", ("IN", "US"))
