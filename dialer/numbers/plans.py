"""The numbering plans of the world: every calling code's regions and types, from phonenumbers' metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberType, ValidationResult

from dialer.messages import numbers as say
from dialer.numbers.names import english_name
from dialer.numbers.patterns import Plan, Region, Shape, Trunk, Verdict, decides

LONGEST: Final = 15
"""Most digits of an E.164 number."""

NO_COUNTRY: Final = "001"
"""What phonenumbers calls the region of numbers that belong to none."""

NO_PLAN: Final = Verdict(None, None)
"""The verdict on digits that no calling code begins like."""

_KINDS: Final = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)
_FEW: Final = 3
"""Where whole fixed lines have no more lengths than this, a local number has none of them."""
_CALLING_CODES: Final = frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_NEWER: Final = "unknown"
"""phonenumbers' word for the type of a number that its plan does not have."""
_NO_PLACE: Final = frozenset(
    {"premium_rate", "toll_free", "shared_cost", "personal_number", "pager", "uan", "voicemail", _NEWER}
)
"""Types whose numbers, where countries share a calling code, belong to all of them: +1 800 rings in any."""


class Origin(NamedTuple):
    """Where a number may have been assigned.

    Attributes:
        regions: ISO codes of every region in which it may be.
        kind: its type in phonenumbers' words, small letters.
    """

    regions: tuple[str, ...]
    kind: str


class Length(Enum):
    """What a number can be by the count of its digits."""

    WHOLE = auto()
    LOCAL = auto()
    """It lacks its area code."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Dialling:
    """How numbers are dialled inside one region."""

    code: str
    plan: Plan
    general: Shape
    trunk: Trunk | None
    international: re.Pattern[str]

    def national(self, digits: str) -> str | None:
        """Return the digits of a number without what is dialled before them, as phonenumbers would.

        None where only phonenumbers itself can tell, as of a number that is dialled from abroad.
        """
        if self.international.match(digits):
            return None
        # What begins like the calling code is a national number where it is one as a whole.
        if digits.startswith(self.code) and not (self.general.fits(digits) and len(digits) in self.general.lengths):
            return None
        return digits if self.trunk is None else self.trunk.strip(digits, self.general)

    def dropped(self, first: str) -> int | None:
        """Return how many digits `national` may drop of all that begin alike; None where the next digits matter."""
        if not decides(self.international.pattern, first) or self.international.match(first):
            return None
        if len(first) < len(self.code):
            return None
        dropped = 0 if self.trunk is None else self.trunk.dropped(first)
        return None if dropped and first.startswith(self.code) else dropped


def verdict(digits: str) -> Verdict | None:
    """Judge E.164 digits without the plus; None where there are too many."""
    if len(digits) > LONGEST:
        return None
    code = calling_code(digits)
    return NO_PLAN if code is None else plan(code).verdict(digits[len(code) :])


def foresee(first: str, length: int) -> Verdict | None:
    """Judge all E.164 digits of a length that begin alike; not certain where the next digits matter."""
    code = calling_code(first)
    return None if code is None or length > LONGEST else plan(code).foresee(first[len(code) :], length - len(code))


def foresee_national(first: str, length: int, region: str) -> tuple[Verdict | None, int, int]:
    """Judge all digits of a length that begin alike as numbers dialled inside a region, as `Dialling` says.

    Returns:
        The verdict, None or not certain where the next digits matter; the calling code; and how many of the digits
        are those of the number behind it.
    """
    dialled = dialling(region)
    dropped = None if dialled is None else dialled.dropped(first)
    if dialled is None or dropped is None or length - dropped + len(dialled.code) > LONGEST:
        return None, 0, 0
    kept = length - dropped
    judged = dialled.plan.foresee(first[dropped:], kept)
    must_be_whole = dropped or first.startswith(dialled.code)
    is_whole = region in judged.regions and kept in dialled.general.lengths
    return (judged if is_whole or not must_be_whole else None), int(dialled.code), kept


def calling_code(digits: str) -> str | None:
    """Find the calling code that E.164 digits begin with."""
    for length in (1, 2, 3):
        if digits[:length] in _CALLING_CODES:
            return digits[:length]
    return None


def known_region(region: str) -> bool:
    """Tell whether an ISO code is one that phonenumbers has numbers for."""
    return region.upper() in phonenumbers.SUPPORTED_REGIONS


def main_regions() -> list[str]:
    """Return the main region of each calling code, by ISO code."""
    regions = (names[0] for names in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.values())
    return sorted(region for region in regions if region != NO_COUNTRY)


def country(number: int) -> str | None:
    """Name the region of a number by its ISO code; None when it is not valid or belongs to none."""
    judged = _judged(str(number))
    return None if judged is None or judged.kind is None or judged.region == NO_COUNTRY else judged.region


def country_name(region: str) -> str:
    """Return what a region is called in English; its ISO code where phonenumbers has no name for it."""
    return english_name(region) or region


def place(number: int) -> str:
    """Say in English where a number is, for a message."""
    region = country(number)
    return say.service(calling_code(str(number)) or "") if region is None else country_name(region)


def home(number: int) -> str | None:
    """Name the one region whose rules a number falls under; None where it may be in several.

    Args:
        number: E.164 digits.
    """
    assigned = origin(number)
    if assigned is None:
        return None
    if assigned.kind in _NO_PLACE:
        return assigned.regions[0] if len(assigned.regions) == 1 else None
    return country(number)


def origin(number: int) -> Origin | None:
    """Tell in which regions a number may have been assigned; None where it belongs to none.

    One that is not valid may be newer than the plan known here, and of any region of its calling code.

    Args:
        number: E.164 digits.
    """
    digits = str(number)
    code, judged = calling_code(digits), _judged(digits)
    if code is None or judged is None:
        return None
    kind = judged.kind or _newer(digits)
    if kind is None:
        return None
    # A toll-free number of a shared calling code rings in any of its regions.
    regions = _names(code) if kind in _NO_PLACE else judged.regions
    return None if NO_COUNTRY in regions else Origin(regions, kind)


def _newer(digits: str) -> str | None:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
    return _NEWER if length_of(parsed) is Length.WHOLE else None


def _judged(digits: str) -> Verdict | None:
    """Judge E.164 digits, by phonenumbers itself where the plan is not certain."""
    judged = verdict(digits)
    return judged if judged is None or judged.certain else _by_phonenumbers(digits)


def _by_phonenumbers(digits: str) -> Verdict | None:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return Verdict(None, None)
    kind = PhoneNumberType.to_string(phonenumbers.number_type(parsed)).lower()
    names = _names(str(parsed.country_code))
    regions = tuple(name for name in names if phonenumbers.is_valid_number_for_region(parsed, name))
    return Verdict(kind, phonenumbers.region_code_for_number(parsed), regions=regions)


def _names(code: str) -> tuple[str, ...]:
    """Name the regions that share a calling code, the main one first."""
    return tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)])


def length_of(number: phonenumbers.PhoneNumber) -> Length:
    """Tell by the count of its digits whether a number is whole.

    `is_possible_number` alone does not: it takes a length that any type of number has, be it a short service number.
    Where fixed lines have any length (Germany, Italy), only that of a mobile counts: a local number may have theirs.
    """
    possible = phonenumbers.is_possible_number_for_type_with_reason
    fixed, mobile = possible(number, PhoneNumberType.FIXED_LINE), possible(number, PhoneNumberType.MOBILE)
    whole = ValidationResult.IS_POSSIBLE
    if mobile == whole or (fixed == whole and _fixed_lengths(number.country_code) <= _FEW):
        return Length.WHOLE
    is_local = ValidationResult.IS_POSSIBLE_LOCAL_ONLY in {fixed, mobile} or fixed == whole
    return Length.LOCAL if is_local else Length.OTHER


@cache
def _fixed_lengths(code: int) -> int:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, phonenumbers.region_code_for_country_code(code))
    return len(metadata.fixed_line.possible_length) if metadata is not None and metadata.fixed_line is not None else 0


@cache
def dialling(name: str) -> Dialling | None:
    """Return how numbers are dialled in a region; None if the region is unknown."""
    metadata = PhoneMetadata.metadata_for_region(name)
    if metadata is None:
        return None
    code = str(metadata.country_code)
    international = re.compile(metadata.international_prefix or "NonMatch")
    return Dialling(code, plan(code), _shape(metadata.general_desc), _trunk(metadata), international)


@cache
def plan(code: str) -> Plan:
    """Return the plan of a calling code."""
    all_metadata = (PhoneMetadata.metadata_for_region_or_calling_code(int(code), name) for name in _names(code))
    plans = [metadata for metadata in all_metadata if metadata is not None]
    return Plan([_region(metadata) for metadata in plans], _trunk(plans[0]))


def _region(metadata: PhoneMetadata) -> Region:
    descriptions = [(kind, getattr(metadata, kind)) for kind in _KINDS]
    return Region(
        name=metadata.id,
        general=_shape(metadata.general_desc),
        kinds=tuple((kind, _shape(desc)) for kind, desc in descriptions if desc and desc.national_number_pattern),
        leading=metadata.leading_digits,
    )


def _shape(description: phonenumbers.PhoneNumberDesc | None) -> Shape:
    if description is None or description.national_number_pattern is None:
        raise ValueError(say.REGION_WITHOUT_NUMBERS)
    return Shape(description.national_number_pattern, frozenset(description.possible_length))


def _trunk(metadata: PhoneMetadata) -> Trunk | None:
    pattern = metadata.national_prefix_for_parsing
    return Trunk(re.compile(pattern), metadata.national_prefix_transform_rule) if pattern else None
