"""Why a file cannot be read as a table: its bytes, its structure, its sheets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REMEDY = "Set encoding in [csv] of the campaign file to the one that reads right, or save the file again as CSV UTF-8."
SAVE_AS_UTF_8 = "Save the file again as CSV UTF-8."
_UTF_16 = "If it is UTF-16 without its mark, its encoding is utf-16-le (or utf-16-be)."

HIDDEN_ROW = (
    "the row is hidden in the spreadsheet, perhaps by a filter; show it to have the person called, or delete it"
)

TITLE = "The first line must hold the name of every column. If it is a title, delete it."
FOOTER = "These lines end the file. Delete them if they are a footer; if the file was cut off, export it again."
END_MARK = "\\x1a alone in a line is Ctrl-Z, with which old programs mark the end of a file: delete that line."
BLANK_BEFORE_QUOTE = (
    'There is a blank before a quotation mark. Delete it (,"Smith, John"): only then the quotation marks count.'
)
BLANK_BEHIND_QUOTE = "There is a blank after a quotation mark. Delete it."

_BLANK_BEHIND = re.compile(r'"[ \t]+([,;|\t]|$)')
_SHOWN = 70
_SIGNS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def unreadable(path: Path, why: str) -> str:
    """Say that a file cannot be read, in the system's words."""
    return f"{path} cannot be read: {why}. Check the file and its permissions."


def gone(path: Path, why: str) -> str:
    """Say that a file could be read before and cannot any more."""
    return f"{path} cannot be read: {why}."


def missing(path: Path) -> str:
    """Say that the file does not exist."""
    return f"{path} cannot be read: there is no such file. Check its name and its folder."


def damaged_gzip(path: Path, error: str) -> str:
    """Say that a compressed file is damaged."""
    return f"{path} is compressed and damaged ({error}). Make the file again."


def other_mark(path: Path, marked: str, named: str) -> str:
    """Say that a file begins with the mark of another encoding than the one that was named."""
    return (
        f"{path} begins with the mark of {marked}, so it is not in {named}: take the "
        "encoding out, and it is read by its mark."
    )


def no_encoding(path: Path, name: str) -> str:
    """Say that a name is not one of a text encoding."""
    return f'{path}: "{name}" is not a text encoding; usual ones: utf-8, cp1252, utf-16.'


def nul(path: Path, line: int) -> str:
    """Say that there is a character in a file that no text has."""
    return f"{path}, line {line}: there is a NUL character, which no text has. {SAVE_AS_UTF_8} {_UTF_16}"


def wrong_encoding(path: Path, encoding: str, *, error: str, remedy: str) -> str:
    """Say that a file as a whole is not in an encoding."""
    return f"{path} is not in {encoding}: {error}. {remedy} {_UTF_16}"


def wrong_byte(
    path: Path, line: int, *, byte: int, encoding: str, readings: Mapping[str, str], has_nul: bool, remedy: str
) -> str:
    """Say that a byte is not in an encoding.

    Args:
        path: the file.
        line: its line.
        byte: its place in the file, from 1.
        encoding: in which it is not.
        readings: how the cell would read in other encodings.
        has_nul: whether there are NUL bytes in the cell, as UTF-16 has them.
        remedy: what to do.
    """
    shown = "".join(f"\n  {name:<10} {text}" for name, text in readings.items())
    more = f" {_UTF_16}" if has_nul and not encoding.startswith("utf-16") else ""
    cell = " The cell would read as" if shown else ""
    return f"{path}, line {line}: byte {byte} of the file is not {encoding}.{cell}{shown}\n{remedy}{more}"


def changed(path: Path) -> str:
    """Say that a file was changed while it was read."""
    return f"{path} was changed while it was read; nothing was dialled. Start again."


def long_delimiter(path: Path) -> str:
    """Say that a delimiter is not one character."""
    return f'{path}: delimiter in [csv] must be one character, such as ";" or "\\t".'


def empty(path: Path) -> str:
    """Say that there is nothing in a file."""
    return f"{path} is empty: there is no header and no row. Export the list again."


def no_rows(path: Path, header: Sequence[str]) -> str:
    """Say that a file has a header only."""
    names = cut(", ".join(header))
    return f"{path} has a header ({names}) and no rows: there is no one to call. Export the list again."


def uneven(
    path: Path,
    header: Sequence[str],
    *,
    rows: Sequence[tuple[int, int, str]],
    more: int,
    cause: str,
    kind: str,
) -> str:
    """Say which rows have more or fewer fields than the header.

    Args:
        path: the file.
        header: names of the columns.
        rows: line, fields and text of the first of them.
        more: how many others there are.
        cause: what is wrong with them, as far as that is clear, and what to do.
        kind: what lines are called: "line", or "row" in a spreadsheet.
    """
    lines = [f"{path}: the header has {fields_of(len(header))} ({cut(', '.join(header))}), but"]
    lines += [f"  {kind} {line}: {fields_of(fields)}: {cut(text)}" for line, fields, text in rows]
    lines += [f"  and {more} more"] if more else []
    return "\n".join([*lines, cause])


def delimited(delimiter: str) -> str:
    """Say what to do where it is not clear why rows have other fields than the header.

    Args:
        delimiter: between the fields; empty in a spreadsheet.
    """
    if not delimiter:
        return "Give every column a name, and delete what is beside the table."
    sign = _SIGNS.get(delimiter, f'"{delimiter}"')
    return (
        f'Put quotation marks around a text that has {sign} in it ("Main St, 5"), or add what is missing.\n'
        f"If the fields are not separated by {sign}, set delimiter in [csv] of the campaign file."
    )


def other_delimiter(path: Path, header: str, *, row: str) -> str:
    """Say that the rows have several fields, and the header has one.

    Args:
        path: the file.
        header: what stands there.
        row: the first row.
    """
    return f"{path}: the header has 1 field ({cut(header)}), but the rows have several: {cut(row)}\n{TITLE}"


def cut(text: str) -> str:
    """Return a text from a file on one line, as a message shows it."""
    return on_one_line(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def place(path: Path, kind: str, line: int) -> str:
    """Say where a row is; `kind` is "line", or "row" in a spreadsheet."""
    return f"{path}, {kind} {line}"


def nameless(place: str, column: int, *, names: Sequence[str]) -> str:
    """Say that a column has no name.

    Args:
        place: the file and its line.
        column: from 1.
        names: of all columns.
    """
    if sum(map(bool, names)) == 1:
        return f"{place}: only 1 of {len(names)} columns has a name ({cut(''.join(names))}). {TITLE}"
    return (
        f"{place}: column {column} of {len(names)} has no name ({cut(', '.join(names))}). "
        "Give it one, or delete the column; the first row must hold the names of the columns."
    )


def named_twice(place: str, columns: Sequence[int], name: str) -> str:
    """Say that columns have one name."""
    return f'{place}: columns {" and ".join(map(str, columns))} are both named "{name}". Rename or delete one.'


def renamed(column: int, name: str) -> str:
    """Say how the name of a column is read."""
    return (
        f'column {column} is read as "{name}": invisible characters, special blanks and blanks around it do not count'
    )


def alike(names: Sequence[str]) -> str:
    """Say that names of columns are nearly the same."""
    return f"columns differ only in capital letters: {', '.join(names)}"


def long_cell(path: Path, line: int, limit: int) -> str:
    """Say that a cell has too many characters."""
    return (
        f"{path}, line {line}: a cell of the row that begins here has more than {limit:,} "
        "characters. Perhaps a quotation mark is opened and never closed; if not, shorten it."
    )


def open_quote(path: Path, line: int, *, text: str) -> str:
    """Say that a quotation mark is never closed; `text` is the line."""
    return (
        f"{path}, line {line}: a quotation mark is opened in the row that begins here and never closed: {cut(text)}\n"
        'Close it; a quotation mark inside a text is written twice ("").'
    )


def text_after_quote(path: Path, line: int, *, row: int, text: str) -> str:
    """Say that a quotation mark closes within a cell.

    Args:
        path: the file.
        line: where.
        row: the line in which the row begins.
        text: the line.
    """
    begins = "" if line == row else f" (the row begins in line {row})"
    advice = (
        BLANK_BEHIND_QUOTE if _BLANK_BEHIND.search(text) else 'A quotation mark inside a text is written twice ("").'
    )
    return f"{path}, line {line}{begins}: there is text after a closing quotation mark: {cut(text)}\n{advice}"


def own_file(kind: str, *, added: Sequence[str], called: int, left_out: int) -> str:
    """Say that a list is a file of ours, and what becomes of its columns.

    Args:
        kind: what it is.
        added: its columns that are not the list's own.
        called: how many of its rows were called before.
        left_out: how many it marks as left out.
    """
    said = [f"the list is {kind}: its columns {', '.join(added)} are not sent"]
    if called:
        said.append(f"{_rows_say(called)} queued, sending or unknown: called before")
        said.append("Delete what is not to be called again")
    if left_out:
        marked = many(left_out, "row in it is marked", "rows in it are marked")
        said.append(f"{marked} duplicate, suppressed, hidden or id repeated: not called")
        said.append("To call one, empty its `status` cell")
    return ". ".join(said)


def left_out(kind: str, mark: str) -> str:
    """Say of a row of a file of ours why it is not called, and how it would be."""
    return f"marked `{mark}` in the list, which is {kind}; to call it, empty its `status` cell"


def _rows_say(count: int) -> str:
    return f"{many(count, 'row in it says', 'rows in it say')}"


def sheet_is_read(title: str, others: Sequence[str]) -> str:
    """Say which sheet of several is read."""
    return f'the sheet "{title}" is read, not: {", ".join(others)}'


def no_reader(path: Path) -> str:
    """Say how to read spreadsheets."""
    return f"{path} is a spreadsheet: install the reader for it (pip install 'dialer[xlsx]'), or save it as CSV UTF-8."


def damaged_sheet(path: Path, error: str) -> str:
    """Say that a spreadsheet cannot be read."""
    return (
        f"{path} cannot be read as .xlsx ({error}): it is damaged, protected by a password, "
        "or something else under this name. Save it again as .xlsx or as CSV UTF-8."
    )


def unpacks_to(path: Path, unpacked: int, *, packed: int) -> str:
    """Say that a workbook unpacks to more than a list can be; the sizes are in bytes."""
    return (
        f"{path} is not read: its {_mb(packed)} unpack to {_mb(unpacked)}, which no list of people does. "
        "Open it in a spreadsheet program, and save it as CSV UTF-8."
    )


def unpacks_to_more(path: Path, most: int) -> str:
    """Say that a compressed text unpacks to more than `most` bytes."""
    return f"{path} is not read: it unpacks to more than {_mb(most)}. Unpack it, and take only the list."


def _mb(size: int) -> str:
    return f"{max(1, size >> 20):,} MB"


def too_many_rows(path: Path, *, most: int) -> str:
    """Say that a sheet has a row beyond the last one of a spreadsheet program."""
    return f"{path} has a row after row {most:,}, where every sheet ends. Save it again as .xlsx or as CSV UTF-8."


def no_sheet(path: Path) -> str:
    """Say that all sheets are hidden."""
    return f"{path} has no visible sheet."


def unsaved_formula(cell: str) -> str:
    """Say that a formula has no result; `cell` is a coordinate."""
    return (
        f"cell {cell} is a formula without a saved result; "
        "open the file in a spreadsheet program and save it, or paste the values"
    )


def error_cell(cell: str, error: str) -> str:
    """Say that a formula ended in an error."""
    return f"cell {cell} is an error ({error})"


def digits_lost(cell: str) -> str:
    """Say that the last digits of a number are not those that were typed."""
    return (
        f"cell {cell} is a number of more than 15 digits, and a spreadsheet keeps only 15; "
        "format the column as text and enter it again"
    )


def fields_of(count: int) -> str:
    """Count the fields of a row."""
    return many(count, "field")
