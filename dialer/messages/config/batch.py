"""What is wrong with the files of a batch: the campaign file itself, its recipients, results and ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.messages.names import ProviderNames

THE_CAMPAIGN_FILE = "the campaign file"
THE_RECIPIENTS = "the list of recipients"

_STRAIGHT_QUOTES = 'a text needs straight quotes, as in rate = "300/minute"; true, false and numbers have none'
_KEY_TWICE = "this key is in the file twice; delete one"
_KEY_TWICE_IN_BRACES = "this key is in the braces twice; delete one"
_TABLE_TWICE = "this table is in the file twice; put its keys together under one [name]"
_NOT_A_LINE = 'a line is a key, = and a value, as in rate = "300/minute"'
_MORE_ON_LINE = "there is more on this line than one value; a list needs [ ], a note begins with #"
_OPEN_TABLE = "the name of a table needs brackets on both sides, as in [pacing]"
_OPEN_LIST = "a list is not closed; put a ] at its end"
_OPEN_BRACES = "braces are not closed; put a } at the end of the line"
_BACKSLASH = "write paths with / or in single quotes: \\ means something else in double quotes"
_OPEN_TEXT = "a text is not closed; put the quotes at its end"
_INVISIBLE = "there is an invisible character on this line; type the line anew"

_SYNTAX = (
    ("Invalid value", _STRAIGHT_QUOTES),
    ("Cannot overwrite a value", _KEY_TWICE),
    ("Duplicate inline table key", _KEY_TWICE_IN_BRACES),
    ("Cannot declare", _TABLE_TWICE),
    ("Cannot redefine", _TABLE_TWICE),
    ("Cannot mutate", _TABLE_TWICE),
    ("Expected '=' after a key", _NOT_A_LINE),
    ("Invalid initial character", _NOT_A_LINE),
    ("Invalid statement", _NOT_A_LINE),
    ("Expected newline or end", _MORE_ON_LINE),
    ("Expected ']", _OPEN_TABLE),
    ("Unclosed array", _OPEN_LIST),
    ("Unclosed inline table", _OPEN_BRACES),
    ("Unescaped '\\'", _BACKSLASH),
    ("Invalid hex value", _BACKSLASH),
    ("Escaped character", _BACKSLASH),
    ("Unterminated string", _OPEN_TEXT),
    ("Illegal character '\\n'", _OPEN_TEXT),
    ("Illegal character", _INVISIBLE),
    ("Expected", _OPEN_TEXT),
    ("Found invalid character", _INVISIBLE),
    ("Invalid date", "there is no such date or time"),
    ("Exceeds the limit", "a number has too many digits; a text needs quotes"),
)
"""How tomllib's words begin, and ours: the first that fits."""


def place(path: Path, line: int, keys: Sequence[str]) -> str:
    """Say where a key stands, as a message begins."""
    return f"{path}, line {line}: `{on_one_line('.'.join(keys))}`"


def not_toml(path: Path, line: int, error: str) -> str:
    """Say where a file is not TOML; `error` are tomllib's words, which may repeat what is in the file."""
    what = next((ours for theirs, ours in _SYNTAX if error.startswith(theirs)), "it cannot be read as TOML")
    return f"{path}, line {line}: {what}."


def a_table(path: Path) -> str:
    """Say that a list was given where a campaign file belongs."""
    return f"{path}: this is a table, not a campaign file. To write one for it: {command_text('init', path)}"


def missing(path: Path, others: Sequence[str]) -> str:
    """Say that the campaign file does not exist, and which ones are in the folder."""
    return f"{path}: there is no such campaign file. {_others(path.parent, others)}"


def a_folder(path: Path, others: Sequence[str]) -> str:
    """Say that a folder was given, and which campaign files are in it."""
    return f"{path}: this is a folder, not a campaign file. {_others(path, others)}"


def not_utf_8(path: Path, byte: int) -> str:
    """Say that a file is in another encoding; `byte` is the first wrong one, from 1."""
    return f"{path}: not UTF-8 (byte {byte}). Save it as UTF-8."


def too_long(path: Path, limit: int) -> str:
    """Say that a file is too long for a campaign file."""
    return f"{path}: more than {limit:,} characters, which is too long. Is it another file?"


def too_deep(path: Path, line: int, limit: int) -> str:
    """Say that brackets are nested too deep."""
    return f"{path}, line {line}: brackets or dotted keys are nested more than {limit} deep."


def too_many_digits(place: str) -> str:
    """Say that a number is larger than TOML has them."""
    return f"{place} has too many digits for a number; a text needs quotes."


def secret(path: Path, line: int, key: str, names: ProviderNames) -> str:
    """Say that there is an API key in a file, which is not shown."""
    return (
        f"{path}, line {line}: `{key}` looks like an API key. "
        "This file is passed around, so no key is read from it.\n"
        f"Take it out, make a new key if the file was shared, and: export {names.key}=... "
        f"(or write that into {path.parent / '.env'})."
    )


def suppression_list(name: str) -> str:
    """Name a list that is an input."""
    return f"the do-not-call list {name}"


def would_overwrite(place: str, path: Path, what: str) -> str:
    """Say that an output is an input; `what` says which."""
    return f"{place}: {path} is {what}; name another file."


def same_file(place: str, path: Path) -> str:
    """Say that results and ledger are one file."""
    return f"{place} and `ledger` are one file ({path}); name another one."


def results_are_a_csv(place: str, path: Path) -> str:
    """Say that the results are not a workbook, and how to get one."""
    csv = path.with_suffix(".csv").name
    return (
        f"{place}: {path.name} is the name of a workbook, but the results are a CSV. Name it like {csv}. "
        "For a workbook beside it, add the line: results_xlsx = true"
    )


def unwritable(place: str, path: Path, why: str) -> str:
    """Say why nothing may be written to a path."""
    return f"{place}: {path} {why}."


def not_a_path(place: str, key: str) -> str:
    """Say that a value is not a path."""
    return f'{place} has to be a path in quotes, as in {key} = "list.csv".'


def no_home(place: str, text: str) -> str:
    """Say that a path begins with somebody's home folder that is not there."""
    return f"{place}: there is no home folder for {text}; a file of that name is ./{text}."


def folder(place: str, path: Path) -> str:
    """Say that a path can only be a folder."""
    return f"{place}: {path} is a folder; name a file in it."


def bad_name(name: str) -> str:
    """Say that a batch's name cannot be part of a file name."""
    return f"--batch {name!r}: use letters, digits, '.', '-' and '_' only; it becomes a file name."


def batch_unused(name: str, place: str) -> str:
    """Say that a batch was named and the file has no place for the name."""
    return f'--batch {name}: {place} has no {{batch}} in it; write for instance results = "../results/{{batch}}.csv".'


def batch_missing(place: str) -> str:
    """Say that a batch has to be named."""
    return f"{place} has {{batch}} in it: add --batch NAME, for instance --batch monday."


def no_recipients(path: Path) -> str:
    """Say that a campaign file names no list."""
    return f'{path}: `recipients` is missing. Name the CSV (recipients = "list.csv") or use --recipients FILE.'


def unknown_part(place: str, name: str) -> str:
    """Say that a path has a name in braces that stands for nothing."""
    return f"{place} has {{{name}}} in it; known are {{recipients}}, {{batch}} and {{campaign}}."


def shared_ledger(place: str, part: str) -> str:
    """Say that several results would share a ledger, or the reverse; `part` is `{recipients}` or `{batch}`."""
    return (
        f"{place}: {part} has to be in both `results` and `ledger`, or in neither: "
        "each batch has its own results and its own ledger."
    )


def _others(folder: Path, others: Sequence[str]) -> str:
    if others:
        return f"In {folder} there are: {', '.join(others)}."
    return f"To write one: {command_text('init', 'RECIPIENTS.csv')}"
