"""The campaign file as it stands: its content, the line of each key, and no API key in it."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dialer import provider
from dialer.errors import CampaignError
from dialer.files import unreadable
from dialer.messages.config import batch as say
from dialer.messages.words import cannot_be_read, not_a_file

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

LARGEST = 1 << 18
"""So many characters a campaign file may have; a list of recipients is larger, and reading it as TOML takes long."""
_LARGEST_NUMBER = (1 << 63) - 1  # as TOML has it
DEEPEST = 32
"""So many brackets, braces and parts of a dotted key may be inside one another."""

# Strings as a whole, so that what is in them counts for nothing. Each alternative matches also where the string is not
# closed: the time is linear, whatever is in the file.
_TOKEN = re.compile(
    r'''
    """(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)   # of several lines
    |'{3}.*?(?:'{3,5}|\Z)                # literal, of several lines
    |"(?:\\[^\n]|[^"\\\n])*"?
    |'[^'\n]*'?
    |\#[^\n]*
    |[][{}.,=\n]
    ''',
    re.DOTALL | re.VERBOSE,
)
_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


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
        return say.place(self.path, self.line(*keys), keys)

    def line(self, *keys: str) -> int:
        """Return the line of a key, from 1; of the table around it where the key is not there."""
        return _line(self._text, keys)


def read_campaign_file(path: Path) -> CampaignFile:
    """Return a campaign file as it stands.

    Raises:
        CampaignError: the file is missing, unreadable or not TOML, or there is an API key in it, which is not shown.
    """
    if path.suffix.lower() in {".csv", ".gz", ".tsv", ".xlsx"} and not unreadable(path):
        raise CampaignError(say.a_table(path))
    text = _text_of(path)
    deep = _too_deep(text)
    if deep is not None:
        raise CampaignError(say.too_deep(path, deep, DEEPEST))
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: a number of 5,000 digits, a list in a list in a list ...
        raise CampaignError(say.not_toml(path, _wrong_line(text, str(error)), str(error))) from None
    for keys, value in _paths(content):
        if _is_secret(keys, value):
            raise CampaignError(_secret(path, text, keys))
    file = CampaignFile(path, content, text)
    for keys, value in _paths(content):
        if any(isinstance(one, int) and abs(one) > _LARGEST_NUMBER for one in _flat(value)):
            raise CampaignError(say.too_many_digits(file.place(*keys)))
    return file


def _text_of(path: Path) -> str:
    kind = unreadable(path)
    if kind:
        raise CampaignError(not_a_file(path, kind))
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise CampaignError(say.missing(path, _campaigns_in(path.parent))) from None
    except IsADirectoryError:
        raise CampaignError(say.a_folder(path, _campaigns_in(path))) from None
    except UnicodeDecodeError as error:
        raise CampaignError(say.not_utf_8(path, error.start + 1)) from None
    except OSError as error:
        raise CampaignError(cannot_be_read(path, error.strerror or str(error))) from None
    if len(text) > LARGEST:
        raise CampaignError(say.too_long(path, LARGEST))
    return text


def _campaigns_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.toml"))[:5] if folder.is_dir() else []


def looks_secret(text: str) -> bool:
    """Tell whether there is something in a text that looks like an API key, and is not to be shown."""
    return _KEY_VALUE.search(text) is not None


def _is_secret(keys: tuple[str, ...], value: object) -> bool:
    if _KEY_NAME.fullmatch(keys[-1]) or (_BARE_NAME.fullmatch(keys[-1]) and keys[0] not in _NAMES_ARE_FREE):
        return True
    return any(looks_secret(text) for text in (keys[-1], *_flat(value)) if isinstance(text, str))


def _flat(value: object) -> Iterator[object]:
    """Yield a value, or those of a list, also of lists in it."""
    if isinstance(value, list):
        for entry in value:
            yield from _flat(entry)
    else:
        yield value


def _secret(path: Path, text: str, keys: tuple[str, ...]) -> str:
    shown = ".".join("..." if looks_secret(key) else key for key in keys)
    return say.secret(path, _line(text, keys), shown, provider.VENDOR.names)


def _wrong_line(text: str, error: str) -> int:
    """Return the line where a text is not TOML; tomllib's words name it, unless something is not closed."""
    place = _PLACE.search(error)
    if place:
        return int(place[1])
    # What is not closed is missed only at the end of the file: the line it begins on is the one to fix.
    begins = (first for first, statement in _statements(text) if _content(statement) is None)
    return next(begins, None) or len(text.rstrip().splitlines())


def _line(text: str, keys: tuple[str, ...]) -> int:
    known = _lines(text)
    return next((known[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in known), 1)


@lru_cache(maxsize=1)
def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key, from 1; tomllib keeps none."""
    known: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for first, statement in _statements(text):
        content = _content(statement)
        paths = [keys for keys, _ in _paths(content)]
        is_header = statement.lstrip().startswith("[")
        table = paths[-1] if is_header and paths else table
        for keys in paths:
            known.setdefault(keys if is_header else (*table, *keys), first)
    return known


def _content(statement: str) -> dict[str, Any] | None:
    """Return what a statement says; None where it is not TOML."""
    with suppress(ValueError, RecursionError):
        return tomllib.loads(statement)
    return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each header, each assignment and each blank line or comment with its first line."""
    start, first, line, depth = 0, 1, 1, 0
    for token in _TOKEN.finditer(text):
        depth += _step(token[0])
        line += token[0].count("\n")
        if token[0] == "\n" and depth <= 0:
            yield first, text[start : token.end()]
            start, first, depth = token.end(), line, 0
    if start < len(text):
        yield first, text[start:]


def _step(token: str) -> int:
    """Return how much deeper a bracket leads."""
    return 1 if token in {"[", "{"} else -1 if token in {"]", "}"} else 0


def _too_deep(text: str) -> int | None:
    """Return the first line in which brackets and dotted keys are nested too deep, or None."""
    depth, dots = 0, 0
    for token in _TOKEN.finditer(text):
        depth = max(0, depth + _step(token[0]))
        dots = dots + 1 if token[0] == "." else dots if token[0][0] in "\"'" else 0
        if depth + dots > DEEPEST:
            return text.count("\n", 0, token.start()) + 1
    return None


def _paths(value: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every key with its value, in order, also those inside lists (which have the list's key before them)."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*keys, name), inner
            yield from _paths(inner, (*keys, name))
    elif isinstance(value, list):
        for entry in value:
            yield from _paths(entry, keys)
