"""What must not reach a terminal, a log or a spreadsheet as it is: control characters, what hides text, formulas."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = "\x00-\x09\x0b-\x1f\x7f-\x9f"
_INVISIBLE: Final = (
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b"
    "\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's format characters (Cf), line and paragraph separator (Zl, Zp), and letters that show nothing."""
_SURROGATES: Final = "\ud800-\udfff"
_SEEN: Final = f"[^\x00-\x9f{_INVISIBLE}{_SURROGATES}\u200c\u200d]"
_JOINERS: Final = f"(?<!{_SEEN})[\u200c\u200d]|[\u200c\u200d](?!{_SEEN})"
"""The joiners belong to the spelling of Indic and Persian names and of emoji; elsewhere they only mislead."""
_HIDDEN: Final = re.compile(f"[{_CONTROLS}{_INVISIBLE}{_SURROGATES}]|{_JOINERS}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SIGNED: Final = re.compile(r"[+-]([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LAST: Final = 3
"""Digits of a phone number that a log may show."""
_SHORT: Final = {"\t": "\\t", "\r": "\\r"}


def visible(text: str) -> str:
    r"""Return a text in which every character can be seen: an escape is shown as `\x1b`; line breaks stay."""
    return _HIDDEN.sub(_shown, text)


def on_one_line(text: str) -> str:
    r"""Return a name or a text of somebody else's as a part of a line of ours: a line break is shown as `\n`."""
    return visible(text).replace("\n", "\\n")


def is_plain(text: str) -> bool:
    """Tell whether a text is one line in which every character can be seen."""
    return "\n" not in text and _HIDDEN.search(text) is None


def masked(text: str) -> str:
    """Return a text for a log: of each phone number only the last digits can be read."""
    return _NUMBER.sub(lambda number: f"{'*' * (len(number[0]) - _LAST)}{number[0][-_LAST:]}", text)


def visible_json(document: str) -> str:
    r"""Return a JSON document with the same values, in which what cannot be seen stands as `\u202e`."""
    return _HIDDEN.sub(_in_json, document)


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unguarded` takes the mark off again."""
    if cell[:1] in {"=", "@", "\t", "\r", "\n", "'"} or (cell[:1] in {"+", "-"} and not _SIGNED.fullmatch(cell)):
        return "'" + cell
    return cell


def unguarded(cell: str) -> str:
    """Return what `guarded` was given; an apostrophe that a person typed stays."""
    return cell[1:] if cell[:1] == "'" and guarded(cell[1:]) == cell else cell


def _shown(match: re.Match[str]) -> str:
    character, code = match[0], ord(match[0])
    if character in _SHORT:
        return _SHORT[character]
    if code <= 0xFF:  # noqa: PLR2004 - the largest that \x can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the largest that \u can say


def _in_json(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
