"""Why a cell is not a phone number that can be called, and what was repaired in one that is."""

from __future__ import annotations

from dialer.messages.words import many

EMPTY = "the phone cell is empty"
LONG_TEXT = "it is a long text, not a phone number"
NO_DIGITS = "it has no digits in it"
SHORTENED = "a spreadsheet shortened the number and digits are lost; format the column as text and enter it again"
DATE = "it is a date"
NEGATIVE = "it is a negative number"
IP_ADDRESS = "it is an IP address"
DECIMAL = "it is a decimal number or an amount; format the column as text and enter the phone number again"
MASKED = "some of its digits are hidden"
TWO_NUMBERS = "there are two numbers in the cell; keep one, or make two rows"
LINE_BREAK = "it has a line break or a tab in it; write it in one line"
LATE_PLUS = "it has a + that is not in front"
NO_AREA_CODE = "the area code is missing"
NO_CALLING_CODE = "no country has a calling code that begins like this number"
NOT_A_NUMBER = "it is not a phone number"
TOO_SHORT = "it is too short for a phone number"
TOO_LONG = "it is too long for a phone number"
BEGINS_WITH_00 = "it begins with 00; write + and the country code instead"
NO_COUNTRY_CODE = (
    "it has no country code; write it as + and the country code, "
    "or set region in [csv] if all such numbers are of one country"
)

SPACE_AROUND = "space around it"
FORMULA_AROUND = "spreadsheet formula around it"
QUOTATION_MARKS = "quotation marks"
APOSTROPHE = "leading apostrophe"
TRAILING_ZERO = "trailing .0"
DOUBLED_PLUS = "doubled +"
SPECIAL_PLUS = "special +"
SPECIAL_SPACE = "no-break space"
SPECIAL_DASH = "special dash"
INVISIBLE = "invisible character"
OTHER_DIGITS = "digits of another script"
PLUS_PUT_BACK = "lost + put back"
MEXICAN_ONE = "the 1 that Mexican mobiles had until 2019 left out"
TRUNK_PREFIX = "digits that are only dialled inside the country left out"

_SPECIAL = {
    "premium_rate": "a premium-rate number, which costs extra",
    "toll_free": "a toll-free number, which usually cannot be called from abroad and does not belong to a person",
    "shared_cost": "a shared-cost number, which does not belong to a person",
    "personal_number": "a personal number that is forwarded somewhere else, which costs extra",
    "pager": "a pager",
    "uan": "a company's access number, which does not belong to a person",
    "voicemail": "a voice mailbox",
}

NEWER = "not valid by the numbering plan known here"
"""Of a number that is called because `allow` names `not_valid`: it may be newer than phonenumbers."""


def newer_called(count: int) -> str:
    """Say how many such numbers are called."""
    them = many(count, "number is called although it is", "numbers are called although they are")
    return f'{them} {NEWER}, since [screening] has allow = ["not_valid"]'


def in_front(prefix: str) -> str:
    """Say what was left out in front of a number, such as `tel`."""
    return f"{prefix}: in front"


def few_digits(count: int) -> str:
    """Say that it is too short for any number."""
    return f"it has only {count} digits: a short code or an extension"


def extension(digits: str) -> str:
    """Say that only a person could dial it."""
    return f"it has an extension ({digits}), which cannot be dialled"


def letter_for_digit(letter: str) -> str:
    """Say that a letter looks like a digit."""
    return f"it has the letter {letter} in it where a digit may be meant"


def letters(word: str) -> str:
    """Say that there are letters in it."""
    return f'it has letters in it ("{word[:20]}")'


def character(char: str) -> str:
    """Say that there is a character in it that no number has."""
    return f'it has "{char}" in it'


def special(kind: str, *, allowable: bool) -> str:
    """Say what type of number it is, and how to have it called where that can be allowed."""
    way_out = f'; write allow = ["{kind}"] in [screening] to call it' if allowable else ""
    return f"it is {_SPECIAL[kind]}{way_out}"


def plus_lost(number: int, *, place: str, country: str | None) -> str:
    """Say that it would be a number with a plus in front.

    Args:
        number: the number that it would be.
        place: where that number is.
        country: the country that was set for numbers without a plus; None where none is.
    """
    own = "it has no country code" if country is None else f"it is not a number of {country}"
    other = ", or set region in [csv] if it is a number of another country" if country is None else ""
    return f"{own}; with a + in front it would be +{number} ({place}); if that is right, write the +{other}"


def too_short_for(code: int, region: str) -> str:
    """Say that it is too short for its country; `region` may be empty."""
    return f"it is too short for a number of {_plan(code, region)}"


def too_long_for(code: int, region: str) -> str:
    """Say that it is too long for its country."""
    return f"it is too long for a number of {_plan(code, region)}"


def no_such_length(code: int, region: str) -> str:
    """Say that its country has shorter and longer numbers, but none as long."""
    return f"no number of {_plan(code, region)} has that many digits"


def no_such_beginning(code: int, region: str) -> str:
    """Say that no number of its country and length begins like it."""
    return f"no number of {_plan(code, region)} with so many digits begins like this; is a digit missing, or wrong?"


def service(code: str) -> str:
    """Name the place of a number that belongs to no country."""
    return f"the service of +{code}"


def _plan(code: int, region: str) -> str:
    return f"+{code} ({region})" if region else f"+{code}"


REGION_WITHOUT_NUMBERS = "phonenumbers has a region without numbers"


def new_in_pattern(rest: str) -> str:
    """Say that phonenumbers has a pattern of a kind that it did not have before."""
    return f"a pattern of phonenumbers has something new in it: {rest}"
