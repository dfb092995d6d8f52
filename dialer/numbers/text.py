"""What happens to phone numbers on their way through spreadsheets and forms: what is repaired, what is refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dialer.messages import numbers as say
from dialer.models import Problem

SHORTEST: Final = 7
"""Fewest digits of nearly every whole number: with fewer, and not valid, it is a short code."""

LONGEST: Final = 80
"""Most characters, space around it aside, of a cell that is looked at closely: a longer one is a text.

What looks at it takes the square of its length, or more.
"""

SPECIAL_PLUS: Final = "\uff0b\ufe62"
"""Full-width and small plus."""

_MINUS: Final = "\u2212"
_SPECIAL_CHARS: Final = {"Zs": say.SPECIAL_SPACE, "Cf": say.INVISIBLE, "Pd": say.SPECIAL_DASH}
_PLAIN: Final = {"Zs": " ", "Cf": "", "Pd": "-"}
_QUOTES: Final = "'\"\u2018\u2019\u201c\u201d\u00b4`"
_IN_FRONT: Final = ("tel", "callto", "p", "whatsapp", "wa")
"""What links (`tel:`), Meta's lead forms (`p:`) and Twilio's WhatsApp (`whatsapp:`) write before a number."""
_PEELS: Final = (
    (re.compile(r"\s+(?P<rest>.*)", re.DOTALL), say.SPACE_AROUND),
    (re.compile(r"(?P<rest>.*\S)\s+", re.DOTALL), say.SPACE_AROUND),
    (re.compile(r'=\s*"(?P<rest>[^"]*)"'), say.FORMULA_AROUND),
    (re.compile(r"=\s*(?P<rest>\+?\d+)"), say.FORMULA_AROUND),
    (re.compile(r"(['\"])(?P<rest>.*)\1|\u201c(?P<curly>.*)\u201d", re.DOTALL), say.QUOTATION_MARKS),
    (re.compile(rf"[{_QUOTES}](?P<rest>.*)", re.DOTALL), say.APOSTROPHE),
    *((re.compile(rf"{name}:(?P<rest>.*)", re.DOTALL | re.IGNORECASE), say.in_front(name)) for name in _IN_FRONT),
    (re.compile(r"(?P<rest>\+?\d{7,15})\.0"), say.TRAILING_ZERO),
    (re.compile(r"\+\s*(?P<rest>\+.*)", re.DOTALL), say.DOUBLED_PLUS),
)
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]+")
_STRANGE = re.compile(r"[^\d\s+().\-/]")
_BREAK = re.compile(r"[\t\n\r\v\f]")
_ALLOWED_PLUS = re.compile(r"[(\s]*\+?[^+]*")
_SEPARATOR = re.compile(r"[/\\,;|&\n\r]|\b(?:or|and|oder|und|ou|et|y|o)\b", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?P<number>.*\d.*?)[\s,;]*(?:\bext(?:n|ension)?\b|;ext=|x|#|\bdw\b|\bdurchwahl\b|\bapp\b|\bint\b|\bposte\b|доб)"
    r"[\s.:=]*(?P<extension>\d{1,7})",
    re.IGNORECASE | re.DOTALL,
)
_SPARE = re.compile(r"(?P<number>.*)/\s*\d{1,4}", re.DOTALL)
_QUAD = re.compile(r"(?!\d\d\.\d\d\.\d\d\.\d\d$)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}")
_REFUSALS: Final = (
    (re.compile(r"[-+]?\d+(?:[.,]\d+)?E[-+]?\d+", re.IGNORECASE), "number_scientific", say.SHORTENED),
    (re.compile(r"\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4}"), "number_date", say.DATE),
    (re.compile(r"-\s*[\d(].*", re.DOTALL), "number_negative", say.NEGATIVE),
    (_QUAD, "number_ip_address", say.IP_ADDRESS),
    (
        # Behind a number with spaces in it the .0 of a decimal number would pass for one more digit.
        re.compile(r"\d+[.,]\d+|\+\d{4,}[.,]\d+|\d{1,3}(?:,\d{2,3})+|[^.]*\d\.00?", re.DOTALL),
        "number_decimal",
        say.DECIMAL,
    ),
    (
        re.compile(r"[+\d\s()-]*(?:[xX*•#?_]{2,}[\d\s()-]+)*[xX*•#?_]{2,}[\d\s()-]*"),
        "number_masked",
        say.MASKED,
    ),
)


def repair(text: str) -> tuple[str, tuple[str, ...]]:
    """Take off what can only be damage.

    Args:
        text: the raw cell.

    Returns:
        The repaired text, and what was repaired, in words; nothing for a text that needs no repair.
    """
    repairs: dict[str, None] = {}
    if len(text) > LONGEST:
        text = _stripped(text, repairs)
    if len(text) > LONGEST:
        return text, tuple(repairs)
    if not text.isascii():
        text = "".join(_plain(char, repairs) for char in text)
    while (peeled := _peel(text)) is not None:
        text, repair = peeled
        repairs[repair] = None
    return text, tuple(repairs)


def refuse(text: str) -> Problem | None:
    """Say why a repaired text is not a single phone number; None where it may be one."""
    if not text:
        return Problem("number_empty", say.EMPTY)
    if len(text) > LONGEST:
        return Problem("number_words", say.LONG_TEXT)
    if not _DIGIT.search(text):
        return Problem("number_words", say.NO_DIGITS)
    for pattern, code, reason in _REFUSALS:
        if pattern.fullmatch(text):
            return Problem(code, reason)
    return _two(text) or _extension(text) or _letters(text) or _characters(text)


def short(text: str) -> Problem | None:
    """Say that a text which is not a valid number has too few digits; None where it has enough."""
    count = _digits(text)
    if count >= SHORTEST:
        return None
    return Problem("number_short_code", say.few_digits(count))


def _plain(char: str, repairs: dict[str, None]) -> str:
    if char.isascii():
        return char
    digit = unicodedata.digit(char, None) if unicodedata.category(char) == "Nd" else None
    if digit is not None:
        repairs[say.OTHER_DIGITS] = None
        return str(digit)
    if char in SPECIAL_PLUS:
        repairs[say.SPECIAL_PLUS] = None
        return "+"
    category = "Pd" if char == _MINUS else unicodedata.category(char)
    if category in _PLAIN:
        repairs[_SPECIAL_CHARS[category]] = None
        return _PLAIN[category]
    return char


def _stripped(text: str, repairs: dict[str, None]) -> str:
    stripped = text.strip()
    if len(stripped) < len(text):
        repairs[say.SPACE_AROUND] = None
    return stripped


def _peel(text: str) -> tuple[str, str] | None:
    for pattern, repair in _PEELS:
        match = pattern.fullmatch(text)
        if match is not None:
            return match[match.lastgroup or 0], repair
    return None


def _digits(text: str) -> int:
    return len(_DIGIT.findall(text))


def _two(text: str) -> Problem | None:
    spare = _SPARE.fullmatch(text)
    several = (
        sum(_digits(part) >= SHORTEST for part in _SEPARATOR.split(text)) > 1
        or sum(_digits(part) >= SHORTEST for part in text.split()) > 1
        or len(re.findall(r"\+[\s(]*\d", text)) > 1
        or (spare is not None and _digits(spare["number"]) >= SHORTEST)
    )
    if not several:
        return None
    return Problem("number_two", say.TWO_NUMBERS)


def _extension(text: str) -> Problem | None:
    match = _EXTENSION.fullmatch(text)
    if match is None or _digits(match["number"]) < SHORTEST:
        return None
    return Problem("number_extension", say.extension(match["extension"]))


def _letters(text: str) -> Problem | None:
    words = _LETTER.findall(text)
    if not words:
        return None
    if set("".join(words)) <= set("OoIl"):
        return Problem("number_letters", say.letter_for_digit(words[0][0]))
    return Problem("number_letters", say.letters(words[0]))


def _characters(text: str) -> Problem | None:
    if _BREAK.search(text):
        return Problem("number_characters", say.LINE_BREAK)
    strange = _STRANGE.search(text)
    if strange is not None:
        return Problem("number_characters", say.character(strange[0]))
    if not _ALLOWED_PLUS.fullmatch(text):
        return Problem("number_characters", say.LATE_PLUS)
    return None
