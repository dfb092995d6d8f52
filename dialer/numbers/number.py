"""Raw text to an E.164 number, or the reason why not.

Nothing is guessed: what can be read in one way only is repaired and said, what is doubtful is a `Problem`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult, re_util

from dialer.messages import numbers as say
from dialer.models import Problem
from dialer.numbers.plans import LONGEST, NO_COUNTRY, Length, country_name, dialling, length_of, place, verdict
from dialer.numbers.spellings import spellings
from dialer.numbers.text import SHORTEST, SPECIAL_PLUS, refuse, repair, short

# Lists of many countries overflow the pattern cache of Python's re: 1.2 ms a number instead of 0.1.
re_util.enable_pattern_cache()

SPECIAL: Final = frozenset({"premium_rate", "toll_free", "shared_cost", "personal_number", "pager", "uan", "voicemail"})
"""Number types that are called only when `allow` names them."""

ALLOWABLE: Final = frozenset({"toll_free", "premium_rate", "shared_cost"})
"""Those that a campaign file may allow."""

PARSE_ERRORS: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: Problem("number_country_code", say.NO_CALLING_CODE),
    NumberParseException.NOT_A_NUMBER: Problem("number_not_valid", say.NOT_A_NUMBER),
    NumberParseException.TOO_SHORT_AFTER_IDD: Problem("number_too_short", say.TOO_SHORT),
    NumberParseException.TOO_SHORT_NSN: Problem("number_too_short", say.TOO_SHORT),
    NumberParseException.TOO_LONG: Problem("number_too_long", say.TOO_LONG),
}
"""What phonenumbers raises."""

_CLEAN = re.compile(r"\+[1-9]\d{5,14}", re.ASCII)
_SPACED = re.compile(r"\+[1-9]\d*(?:[ -]\d+)+", re.ASCII)
_NATIONAL = re.compile(r"(?!\d{4}-\d\d?-\d\d?$|\d\d?-\d\d?-\d{4}$)\d+(?:[ -]\d+)*|\(\d+\) \d+(?:[ -]\d+)*", re.ASCII)
_NO_PUNCTUATION = str.maketrans("", "", "+ -()")
_PLAIN = re.compile(r"[1-9]\d*", re.ASCII)
_DIGITS = re.compile(r"\d", re.ASCII)
_MEXICO = re.compile(r"(?:00)?521([2-9]\d{9})", re.ASCII)
_LOCAL = Problem("number_too_short", say.NO_AREA_CODE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that can be called.

    Attributes:
        digits: E.164 without the plus.
        repaired: what was repaired, in words; empty when nothing was.
        is_newer: no numbering plan known here has it: it is called because `allow` names `not_valid`.
    """

    digits: int
    repaired: str
    is_newer: bool = False


def judge(
    text: str, *, region: str | None = None, plus_lost: bool = False, allow: frozenset[str] = frozenset()
) -> Number | Problem:
    """Read one phone cell, or say why it cannot be called.

    Args:
        text: the raw cell.
        region: ISO code of the country whose numbers may come without a plus; None when none may.
        plus_lost: whether numbers without a plus are international ones that lost it.
        allow: types of `SPECIAL` that may be called, and `not_valid` where whole numbers may be that no plan has.

    Returns:
        The number, or a `Problem` with one of the codes of `text.REASONS`.
    """
    quick = _quick(text, region=region, plus_lost=plus_lost)
    if quick is not None:
        digits, kind = quick
        return _allowed(Number(int(digits), ""), kind, allow)
    return _slow(text, region=region, plus_lost=plus_lost, allow=allow)


def possible(text: str, *, region: str | None = None, plus_lost: bool = False) -> tuple[int, ...] | Problem:
    """Read an entry of a do-not-call list: every whole number that it can mean, whether or not it can be called.

    A plus that may have been lost is not a doubt here: both readings are suppressed. A number that lacks its area code
    is not whole: it matches no recipient.

    Args:
        text: the raw entry.
        region: as in `judge`.
        plus_lost: as in `judge`.

    Returns:
        E.164 numbers without the plus, at least one; or why there are none.
    """
    first = judge(text, region=region, plus_lost=plus_lost, allow=SPECIAL)
    own = (first.digits,) if isinstance(first, Number) else _unassigned(text, region, first)
    if marked(text) or (region is None and not plus_lost):
        return own
    others = _written_abroad(text)
    if isinstance(own, Problem):
        # A number that is too short for its region is not taken for a whole one of a small country.
        is_local = own.code == "number_too_short" and not plus_lost and not text.strip().startswith("00")
        return own if is_local else others or own
    return tuple(sorted({*own, *others}))


def in_use_of(text: str, *, region: str | None = None, plus_lost: bool = False) -> tuple[int, ...]:
    """Read a text that may be anything, such as an id: as `possible`, but only numbers in use, and much faster.

    Args:
        text: the raw cell.
        region: as in `judge`.
        plus_lost: as in `judge`.
    """
    if region is None and not plus_lost and not marked(text):
        return ()
    quick = _quick_readings(text, region.upper()) if region is not None and not plus_lost else None
    if quick is not None:
        return tuple(filter(in_use, quick))
    readings = possible(text, region=region, plus_lost=plus_lost)
    return () if isinstance(readings, Problem) else tuple(filter(in_use, readings))


def _quick_readings(text: str, region: str) -> tuple[int, ...] | None:
    """Return what digits can mean in a region, valid or not; None where it takes a closer look."""
    dialled = dialling(region)
    if (
        dialled is None
        or not _PLAIN.fullmatch(text)
        or text.startswith(dialled.code)
        or dialled.international.match(text)
    ):
        return None
    rest = text if dialled.trunk is None else dialled.trunk.strip(text, dialled.general)
    if rest is None:
        return None
    readings = (dialled.code + rest, text)
    verdicts = [verdict(one) for one in readings if len(one) <= LONGEST]
    if not all(one is not None and one.certain for one in verdicts):
        return None
    return tuple(int(one) for one in readings if len(one) <= LONGEST)


def in_use(number: int) -> bool:
    """Tell whether a number, or another spelling of its line, is a valid one."""
    return any(_is_valid(str(one)) for one in spellings(number))


def marked(text: str) -> bool:
    """Tell whether a cell has a plus, so that its country code is written out."""
    return "+" in text or any(plus in text for plus in SPECIAL_PLUS)


def is_national(text: str, *, region: str) -> bool:
    """Tell whether a cell without a plus is a valid number of a country."""
    dialled = dialling(region)
    if dialled is None:
        return False
    if _NATIONAL.fullmatch(text):
        rest = dialled.national(text.translate(_NO_PUNCTUATION))
        judged = None if rest is None or len(rest) + len(dialled.code) > LONGEST else dialled.plan.verdict(rest)
        if judged is not None and judged.certain:
            return judged.kind is not None
    found = judge(text, region=region)
    # `00` and the code of another country are valid wherever they are dialled.
    return isinstance(found, Number) and str(found.digits).startswith(dialled.code)


def with_plus(text: str) -> int | None:
    """Read a cell without a plus as if it had lost it; None where that is not a valid number."""
    if _NATIONAL.fullmatch(text):
        digits = text.translate(_NO_PUNCTUATION)
        judged = None if digits.startswith("0") or len(digits) < SHORTEST else verdict(digits)
        if judged is None or judged.certain:
            return None if judged is None or judged.kind is None else int(digits)
    repaired, _ = repair(text)
    if repaired.startswith(("0", "+")) or (refuse(repaired) or short(repaired)) is not None:
        return None
    result = _parse("+" + repaired, None)
    return None if isinstance(result, Problem) else int(result[0])


def _written_abroad(text: str) -> tuple[int, ...]:
    """Read an entry without a plus as another country's number: with the plus that it lost, or behind 00."""
    # Not every country dials 00 before another country's number, but every one of them writes it.
    if text.strip().startswith("00"):
        abroad = possible(f"+{text.strip()[2:]}")
        return () if isinstance(abroad, Problem) else abroad
    lost = _with_any_plus(text)
    return () if lost is None else (lost,)


def _with_any_plus(text: str) -> int | None:
    """Read an entry without a plus as if it had lost it, however short it is; None where that is not a valid number."""
    judged = verdict(text) if _PLAIN.fullmatch(text) else None
    if judged is not None and judged.certain:
        return None if judged.kind is None else int(text)
    result = judge(text, plus_lost=True, allow=SPECIAL)
    return None if isinstance(result, Problem) else result.digits


def _quick(text: str, *, region: str | None, plus_lost: bool) -> tuple[str, str] | None:
    """Read a clean number: its digits and type; None where it takes a closer look."""
    if _CLEAN.fullmatch(text):
        digits = text[1:]
    elif _SPACED.fullmatch(text):
        digits = text.translate(_NO_PUNCTUATION)
    elif region is not None and not plus_lost and _NATIONAL.fullmatch(text):
        return _quick_national(text.translate(_NO_PUNCTUATION), region.upper())
    else:
        return None
    judged = verdict(digits)
    return None if judged is None or judged.kind is None else (digits, judged.kind)


def _quick_national(digits: str, region: str) -> tuple[str, str] | None:
    dialled = dialling(region)
    rest = None if dialled is None else dialled.national(digits)
    if dialled is None or rest is None or len(rest) + len(dialled.code) > LONGEST:
        return None
    kind = dialled.plan.verdict(rest).kind
    return None if kind is None else (dialled.code + rest, kind)


def _slow(text: str, *, region: str | None, plus_lost: bool, allow: frozenset[str]) -> Number | Problem:
    repaired, repairs = repair(text)
    problem = refuse(repaired)
    if problem is not None:
        return problem
    plus = marked(repaired)
    if not plus and plus_lost and not repaired.startswith("0"):
        repaired = "+" + repaired
        repairs = (*repairs, say.PLUS_PUT_BACK)
    elif not plus and region is None:
        return _without_country(repaired)
    result = _parse(repaired, region)
    mexican = _MEXICO.fullmatch("".join(_DIGITS.findall(repaired))) if isinstance(result, Problem) else None
    if mexican is not None:
        # The 1 is not part of the subscriber number: without it, the call reaches the same person.
        repaired, repairs = f"+52{mexican[1]}", (*repairs, say.MEXICAN_ONE)
        result = _parse(repaired, None)
    if isinstance(result, Problem):
        lost = None if plus or plus_lost else _lost(repaired, region)
        problem = short(repaired) or lost
        if problem is None and (plus or not plus_lost) and "not_valid" in allow:
            return _newer(repaired, region, repairs) or result
        return problem or result
    digits, kind = result
    if plus and digits != "".join(_DIGITS.findall(repaired)):
        repairs = (*repairs, say.TRUNK_PREFIX)
    return _allowed(Number(int(digits), ", ".join(repairs)), kind, allow)


def _allowed(number: Number, kind: str, allow: frozenset[str]) -> Number | Problem:
    if kind in SPECIAL and kind not in allow:
        return Problem(f"number_{kind}", say.special(kind, allowable=kind in ALLOWABLE))
    return number


def _without_country(text: str) -> Problem:
    problem = short(text) or _lost(text, None)
    if problem is not None:
        return problem
    return Problem("number_no_country_code", say.BEGINS_WITH_00 if text.startswith("00") else say.NO_COUNTRY_CODE)


def _lost(text: str, region: str | None) -> Problem | None:
    """Say that a number would be one if it had a plus, and where."""
    digits = with_plus(text)
    if digits is None:
        return None
    own = None if region is None else country_name(region)
    return Problem("number_plus_lost", say.plus_lost(digits, place=place(digits), country=own))


def _newer(text: str, region: str | None, repairs: tuple[str, ...]) -> Number | None:
    """Read a number that only lacks a place in the numbering plan known here; None where more is wrong with it."""
    try:
        parsed = phonenumbers.parse(text, region.upper() if region else None)
    except NumberParseException:
        return None
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    is_whole = length_of(parsed) is Length.WHOLE and len(digits) <= LONGEST
    return Number(int(digits), ", ".join(repairs), is_newer=True) if is_whole else None


def _parse(text: str, region: str | None) -> tuple[str, str] | Problem:
    """Ask phonenumbers: the digits and the type of a valid number, or what is wrong with it."""
    try:
        parsed = phonenumbers.parse(text, region.upper() if region else None)
    except NumberParseException as error:
        return PARSE_ERRORS[error.error_type]
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    if not phonenumbers.is_valid_number(parsed):
        return _not_valid(parsed)
    if len(digits) > LONGEST:
        return Problem("number_too_long", say.TOO_LONG)
    return digits, PhoneNumberType.to_string(phonenumbers.number_type(parsed)).lower()


def _not_valid(parsed: phonenumbers.PhoneNumber) -> Problem:
    code = parsed.country_code or 0
    names = phonenumbers.region_codes_for_country_code(code)
    region = names[0] if names and names[0] != NO_COUNTRY else ""
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return Problem("number_too_short", say.too_short_for(code, region))
    if reason == ValidationResult.TOO_LONG:
        return Problem("number_too_long", say.too_long_for(code, region))
    if reason == ValidationResult.INVALID_LENGTH:
        return Problem("number_not_valid", say.no_such_length(code, region))
    return Problem("number_not_valid", say.no_such_beginning(code, region))


def _unassigned(text: str, region: str | None, problem: Problem) -> tuple[int, ...] | Problem:
    """Read a whole number that is not in use: it may be on a list made years ago.

    Returns:
        The number; what is wrong where it is too short; else the problem with it so far.
    """
    repaired, _ = repair(text)
    if refuse(repaired) is not None:
        return problem
    try:
        parsed = phonenumbers.parse(repaired, region.upper() if region else None)
    except NumberParseException:
        return problem
    number = int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])
    length = length_of(parsed)
    if length is Length.WHOLE or in_use(number):
        return (number,)
    if length is Length.LOCAL:
        return _LOCAL
    fault = _not_valid(parsed)
    return fault if fault.code == "number_too_short" and short(repaired) is None else problem


def _is_valid(digits: str) -> bool:
    judged = verdict(digits)
    if judged is not None and judged.certain:
        return judged.kind is not None
    return not isinstance(_parse("+" + digits, None), Problem)
