"""The campaign file as it stands: its content, the line of each key, and no API key in it."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialer.errors import CampaignError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KEY_NAME = re.compile(r"(bolna|api|bolna_?api|access|auth)[_-]?(key|token|secret)|authorization|bearer", re.IGNORECASE)
_BARE_NAME = re.compile(r"key|token|secret", re.IGNORECASE)
_NAMES_ARE_FREE = frozenset({"user_data", "columns"})
"""Tables in which a key or a token may be what it is about."""
# Bolna's keys begin with bn- (of a sub-account sa-) and are random; `bn-customers-2026.csv` is a file.
_KEY_VALUE = re.compile(
    r"(?<![\w-])(bn|sa)-(?=[\w-]*\d)[\w-]{8,}(?!\.\w|[\w/-])|\A\s*bearer\s+\S{8,}\s*\Z", re.IGNORECASE
)

_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
_SYNTAX = (
    ("Invalid value", 'a text needs straight quotes, as in rate = "300/minute"; true, false and numbers have none'),
    ("Cannot overwrite a value", "this key is in the file twice; delete one"),
    ("Duplicate inline table key", "this key is in the braces twice; delete one"),
    ("Cannot declare", "this table is in the file twice; put its keys together under one [name]"),
    ("Cannot redefine", "this table is in the file twice; put its keys together under one [name]"),
    ("Cannot mutate", "this table is in the file twice; put its keys together under one [name]"),
    ("Expected '=' after a key", 'a line is a key, = and a value, as in rate = "300/minute"'),
    ("Invalid initial character", 'a line is a key, = and a value, as in rate = "300/minute"'),
    ("Invalid statement", 'a line is a key, = and a value, as in rate = "300/minute"'),
    ("Expected newline or end", "there is more on this line than one value; a list needs [ ], a note begins with #"),
    ("Expected ']", "the name of a table needs brackets on both sides, as in [pacing]"),
    ("Unclosed array", "a list is not closed; put a ] at its end"),
    ("Unclosed inline table", "braces are not closed; put a } at the end of the line"),
    ("Unescaped '\\'", "write paths with / or in single quotes: \\ means something else in double quotes"),
    ("Invalid hex value", "write paths with / or in single quotes: \\ means something else in double quotes"),
    ("Escaped character", "write paths with / or in single quotes: \\ means something else in double quotes"),
    ("Unterminated string", "a text is not closed; put the quotes at its end"),
    ("Illegal character '\\n'", "a text is not closed; put the quotes at its end"),
    ("Illegal character", "there is an invisible character on this line; type the line anew"),
    ("Expected", "a text is not closed; put the quotes at its end"),
    ("Found invalid character", "there is an invisible character on this line; type the line anew"),
    ("Invalid date", "there is no such date or time"),
)
"""How tomllib's words begin, and ours: the first that fits."""


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """A campaign file that is TOML and holds no API key.

    Attributes:
        path: the file.
        content: its keys and values.
    """

    path: Path
    content: Mapping[str, Any]
    _text: str = field(repr=False)

    def place(self, *keys: str) -> str:
        """Return where a key stands, as a message begins: file, line and the dotted key."""
        return f"{self.path}, line {self.line(*keys)}: `{'.'.join(keys)}`"

    def line(self, *keys: str) -> int:
        """Return the line of a key, from 1; of the table around it where the key is not there."""
        return _line(self._text, keys)


def read_campaign_file(path: Path) -> CampaignFile:
    """Return a campaign file as it stands.

    Raises:
        CampaignError: the file is missing, unreadable or no TOML, or there is an API key in it, which is not shown.
    """
    if path.suffix.lower() in {".csv", ".gz", ".tsv", ".xlsx"}:
        raise CampaignError(f"{path}: this is a table, not a campaign file. `dialer init {path}` writes one for it.")
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: a number of 5,000 digits, a list in a list in a list ...
        raise CampaignError(_syntax(path, text, str(error))) from None
    for keys, value in _paths(content):
        if _is_secret(keys, value):
            raise CampaignError(_secret(path, text, keys))
    return CampaignFile(path, content, text)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CampaignError(f"{path}: there is no such campaign file. {_others(path.parent)}") from None
    except IsADirectoryError:
        raise CampaignError(f"{path}: this is a folder, not a campaign file. {_others(path)}") from None
    except UnicodeDecodeError as error:
        raise CampaignError(f"{path}: not UTF-8 (byte {error.start + 1}). Save the campaign file as UTF-8.") from None
    except OSError as error:
        raise CampaignError(f"{path}: cannot be read ({error.strerror}).") from None


def _others(folder: Path) -> str:
    found = sorted(file.name for file in folder.glob("*.toml"))[:5] if folder.is_dir() else []
    return f"In {folder} there are: {', '.join(found)}." if found else "`dialer init RECIPIENTS.csv` writes one."


def looks_secret(text: str) -> bool:
    """Tell whether there is something in a text that looks like an API key, and is not to be shown."""
    return _KEY_VALUE.search(text) is not None


def _is_secret(keys: tuple[str, ...], value: object) -> bool:
    if _KEY_NAME.fullmatch(keys[-1]) or (_BARE_NAME.fullmatch(keys[-1]) and keys[0] not in _NAMES_ARE_FREE):
        return True
    return any(looks_secret(text) for text in (keys[-1], *_texts(value)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _secret(path: Path, text: str, keys: tuple[str, ...]) -> str:
    shown = ".".join("..." if looks_secret(key) else key for key in keys)
    return (
        f"{path}, line {_line(text, keys)}: `{shown}` looks like an API key. "
        "Campaign files are passed around, so keys are not read from them.\n"
        "Take it out, make a new key if the file was shared, and: export BOLNA_API_KEY=... "
        f"(or write that into {path.parent / '.env'})."
    )


def _syntax(path: Path, text: str, words: str) -> str:
    """Say in a clerk's words where a file is no TOML; tomllib's own may repeat what is in it."""
    place = _PLACE.search(words)
    # What is not closed is missed only at the end of the file: the line it begins on is the one to mend.
    line = place[1] if place else next((first for first, statement in _statements(text) if statement is None), None)
    ours = next((ours for theirs, ours in _SYNTAX if words.startswith(theirs)), "it cannot be read as TOML")
    return f"{path}, line {line or len(text.rstrip().splitlines())}: {ours}."


def _line(text: str, keys: tuple[str, ...]) -> int:
    known = _lines(text)
    return next((known[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in known), 1)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key, from 1; tomllib keeps none."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for first, statement in _statements(text):
        paths = [keys for keys, _ in _paths(statement)]
        is_header = text.split("\n")[first - 1].lstrip().startswith("[")
        table = paths[-1] if is_header else table
        for keys in paths:
            found.setdefault(keys if is_header else (*table, *keys), first)
    return found


def _statements(text: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield each header and each assignment with its first line; None instead of one that is never whole.

    A statement is TOML by itself as soon as it is whole: lines are gathered until they are.
    """
    gathered, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        gathered += f"{line}\n"
        with suppress(ValueError, RecursionError):
            yield first, tomllib.loads(gathered)
            gathered, first = "", number + 1
    if gathered:
        yield first, None


def _paths(value: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every key with its value, in order, also those inside lists (which have the list's key before them)."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*keys, name), inner
            yield from _paths(inner, (*keys, name))
    elif isinstance(value, list):
        for entry in value:
            yield from _paths(entry, keys)
