"""What happens to phone numbers on their way through spreadsheets and forms: what is mended, what is refused."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dialer.models import Problem

REASONS: Final = {
    "number_empty": "the phone cell is empty",
    "number_scientific": "a spreadsheet turned the number into 9.19877E+11; digits are lost",
    "number_words": "words instead of a number",
    "number_letters": "letters or words among the digits, such as 1-800-FLOWERS or the letter O for 0",
    "number_masked": "digits are hidden by x or *",
    "number_date": "a date",
    "number_decimal": "a decimal number or an amount",
    "number_negative": "a negative number",
    "number_ip_address": "an IP address",
    "number_extension": "a number with an extension, which cannot be dialled",
    "number_two": "two numbers in one cell",
    "number_characters": "characters that no phone number has",
    "number_short_code": "too few digits for a phone number: a short code or an extension",
    "number_no_country_code": "no country code, and no region is set",
    "number_plus_lost": "a number that would be valid with a + in front",
    "number_country_code": "a country code that does not exist",
    "number_too_short": "too short for its country",
    "number_too_long": "too long for its country",
    "number_not_valid": "no number of its country with so many digits begins like this",
    "number_premium_rate": "a premium-rate number",
    "number_toll_free": "a toll-free number",
    "number_shared_cost": "a shared-cost number",
    "number_personal_number": "a personal number that is forwarded",
    "number_pager": "a pager",
    "number_uan": "a company's access number",
    "number_voicemail": "a voice mailbox",
}
"""Every reason code of a phone cell, and what it means."""

SHORTEST: Final = 7
"""Fewest digits of nearly every whole number: with fewer, and not valid, it is a short code."""

LONGEST: Final = 80
"""Most characters, space around it aside, of a cell that is looked at closely: a longer one is a text.

What looks at it takes the square of its length, or more.
"""

SPECIAL_PLUS: Final = "\uff0b\ufe62"
"""Full-width and small plus."""

_MINUS: Final = "\u2212"
_SPECIAL_CHARS: Final = {"Zs": "no-break space", "Cf": "invisible character", "Pd": "special dash"}
_PLAIN: Final = {"Zs": " ", "Cf": "", "Pd": "-"}
_QUOTES: Final = "'\"\u2018\u2019\u201c\u201d\u00b4`"
_IN_FRONT: Final = ("tel", "callto", "p", "whatsapp", "wa")
"""What links (`tel:`), Meta's lead forms (`p:`) and Twilio's WhatsApp (`whatsapp:`) write before a number."""
_PEELS: Final = (
    (re.compile(r"\s+(?P<rest>.*)", re.DOTALL), "space around it"),
    (re.compile(r"(?P<rest>.*\S)\s+", re.DOTALL), "space around it"),
    (re.compile(r'=\s*"(?P<rest>[^"]*)"'), "spreadsheet formula around it"),
    (re.compile(r"=\s*(?P<rest>\+?\d+)"), "spreadsheet formula around it"),
    (re.compile(r"(['\"])(?P<rest>.*)\1|\u201c(?P<curly>.*)\u201d", re.DOTALL), "quotation marks"),
    (re.compile(rf"[{_QUOTES}](?P<rest>.*)", re.DOTALL), "leading apostrophe"),
    *((re.compile(rf"{name}:(?P<rest>.*)", re.DOTALL | re.IGNORECASE), f"{name}: in front") for name in _IN_FRONT),
    (re.compile(r"(?P<rest>\+?\d{7,15})\.0"), "trailing .0"),
    (re.compile(r"\+\s*(?P<rest>\+.*)", re.DOTALL), "doubled +"),
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
    (
        re.compile(r"[-+]?\d+(?:[.,]\d+)?E[-+]?\d+", re.IGNORECASE),
        "number_scientific",
        "a spreadsheet shortened the number and digits are lost; format the column as text and enter it again",
    ),
    (re.compile(r"\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4}"), "number_date", "it is a date"),
    (re.compile(r"-\s*[\d(].*", re.DOTALL), "number_negative", "it is a negative number"),
    (_QUAD, "number_ip_address", "it is an IP address"),
    (
        # Behind a number with spaces in it the .0 of a decimal number would pass for one more digit.
        re.compile(r"\d+[.,]\d+|\+\d{4,}[.,]\d+|\d{1,3}(?:,\d{2,3})+|[^.]*\d\.00?", re.DOTALL),
        "number_decimal",
        "it is a decimal number or an amount; format the column as text and enter the phone number again",
    ),
    (
        re.compile(r"[+\d\s()-]*(?:[xX*•#?_]{2,}[\d\s()-]+)*[xX*•#?_]{2,}[\d\s()-]*"),
        "number_masked",
        "some of its digits are hidden",
    ),
)


def mend(text: str) -> tuple[str, tuple[str, ...]]:
    """Take off what can only be damage.

    Args:
        text: the cell as it stands.

    Returns:
        The mended text, and what was mended, in words; nothing for a text that needs no mending.
    """
    repairs: dict[str, None] = {}
    if len(text) > LONGEST:
        text = _stripped(text, repairs)
    if len(text) > LONGEST:
        return text, tuple(repairs)
    if not text.isascii():
        text = "".join(_plain(char, repairs) for char in text)
    found = _peel(text)
    while found is not None:
        text, repair = found
        repairs[repair] = None
        found = _peel(text)
    return text, tuple(repairs)


def refuse(text: str) -> Problem | None:
    """Say why a mended text is no single phone number; None where it may be one."""
    if not text:
        return Problem("number_empty", "the phone cell is empty")
    if len(text) > LONGEST:
        return Problem("number_words", "it is a long text, no phone number")
    if not _DIGIT.search(text):
        return Problem("number_words", "it has no digits in it")
    for pattern, code, reason in _REFUSALS:
        if pattern.fullmatch(text):
            return Problem(code, reason)
    return _two(text) or _extension(text) or _letters(text) or _characters(text)


def short(text: str) -> Problem | None:
    """Say that a text which is no valid number has too few digits; None where it has enough."""
    count = _digits(text)
    if count >= SHORTEST:
        return None
    return Problem("number_short_code", f"it has only {count} digits: a short code or an extension")


def _plain(char: str, repairs: dict[str, None]) -> str:
    if char.isascii():
        return char
    digit = unicodedata.digit(char, None) if unicodedata.category(char) == "Nd" else None
    if digit is not None:
        repairs["digits of another script"] = None
        return str(digit)
    if char in SPECIAL_PLUS:
        repairs["special +"] = None
        return "+"
    category = "Pd" if char == _MINUS else unicodedata.category(char)
    if category in _PLAIN:
        repairs[_SPECIAL_CHARS[category]] = None
        return _PLAIN[category]
    return char


def _stripped(text: str, repairs: dict[str, None]) -> str:
    stripped = text.strip()
    if len(stripped) < len(text):
        repairs["space around it"] = None
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
    return Problem("number_two", "there are two numbers in the cell; keep one, or make two rows")


def _extension(text: str) -> Problem | None:
    match = _EXTENSION.fullmatch(text)
    if match is None or _digits(match["number"]) < SHORTEST:
        return None
    return Problem("number_extension", f"it has an extension ({match['extension']}), which cannot be dialled")


def _letters(text: str) -> Problem | None:
    words = _LETTER.findall(text)
    if not words:
        return None
    if set("".join(words)) <= set("OoIl"):
        return Problem("number_letters", f"it has the letter {words[0][0]} in it where a digit may be meant")
    return Problem("number_letters", f'it has letters in it ("{words[0][:20]}")')


def _characters(text: str) -> Problem | None:
    if _BREAK.search(text):
        return Problem("number_characters", "it has a line break or a tab in it; write it in one line")
    strange = _STRANGE.search(text)
    if strange is not None:
        return Problem("number_characters", f'it has "{strange[0]}" in it')
    if not _ALLOWED_PLUS.fullmatch(text):
        return Problem("number_characters", "it has a + that is not in front")
    return None
