"""Tables as people send them, read cell by cell without any change.

A file is read twice, both times by the csv module. `examine` streams it, strictly: the encoding, the header, the width
and the line of every row. `chunks` reads files that passed: no call is placed from a file with broken rows.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dialer.errors import InputError
from dialer.intake import sheet
from dialer.intake.source import Source, digest_of
from dialer.intake.structure import Places, Structure, batches, find_delimiter, scan
from dialer.messages.intake import table as say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.intake.header import Known, OwnFile
    from dialer.models import Problem

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose structure has been checked.

    Attributes:
        path: the file.
        header: the column names, cleaned.
        repaired: what was repaired in the header, and what is odd there, in words.
        encoding: as Python names it; empty for a spreadsheet.
        delimiter: one character; empty for a spreadsheet.
        width: how many columns the file has.
        rows: how many data rows it has.
        digest: blake2b of the file's bytes.
        skip: lines before the header.
        formulas: whether it is a spreadsheet with formulas.
        stamp: size, and modification time in nanoseconds, when it was examined.
        places: the lines of the rows.
        sample: some hundred of the rows, spread evenly.
        own_file: which columns of the file are the list's, where it is a file of ours; else None.
        called: how many rows of such a file were called before.
        left_out: how many it marks as left out.
    """

    path: Path
    header: tuple[str, ...]
    repaired: tuple[str, ...]
    encoding: str
    delimiter: str
    width: int
    rows: int
    digest: str
    skip: int = field(repr=False)
    formulas: bool = field(repr=False)
    stamp: tuple[int, int] = field(repr=False)
    places: Places = field(repr=False, compare=False)
    sample: Sequence[Sequence[str]] = field(repr=False, compare=False)
    own_file: OwnFile | None = None
    called: int = 0
    left_out: int = 0

    @property
    def hints(self) -> list[str]:
        """What is to be said of a file of ours, in words."""
        own = self.own_file
        if own is None:
            return []
        return [say.own_file(own.kind, added=own.added, called=self.called, left_out=self.left_out)]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        first: position of the first row, from 1.
        lines: physical line of each row; of a spreadsheet, the row of the sheet.
        cells: of each row, as they stand.
        problems: rows that cannot be read, by their place in this chunk from 0; spreadsheets only.
        left_out: the same for rows that a file of ours marks as left out.
    """

    first: int
    lines: Sequence[int]
    cells: Sequence[Sequence[str]]
    problems: Mapping[int, Problem] = field(default_factory=dict)
    left_out: Mapping[int, Problem] = field(default_factory=dict)


def examine(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    remedy: str = say.REMEDY,
    known: Known | None = None,
) -> Table:
    """Check the structure of a table without keeping it.

    Args:
        path: `.csv`, `.tsv`, either compressed by gzip, or `.xlsx`.
        encoding: None for UTF-8, or UTF-16 where a byte order mark says so.
        delimiter: None to find it by the header.
        remedy: what to do when the encoding is wrong.
        known: knows files of ours by the names of their columns: the list's columns are left, as they were.

    Returns:
        What is known of the table; it has at least one row.

    Raises:
        InputError: the file cannot be read as a table; the message names the line and what to do.
    """
    if sheet.is_spreadsheet(path):
        return _examine_sheet(path, known)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n \0'):
        raise InputError(say.long_delimiter(path))
    source = Source.of(path, encoding=encoding, remedy=remedy)
    stamp = _stamp(path)
    with source.open() as reading:
        digest = reading.digest()
    with source.open() as reading:
        prefer = "\t" if ".tsv" in path.suffixes else ""
        guessed, skip = find_delimiter(reading.text, prefer=prefer)
    delimiter = delimiter or guessed
    with source.open() as reading:
        structure = scan(source, reading.text, delimiter=delimiter, skip=skip, known=known)
    return Table(
        path=path,
        header=structure.header,
        repaired=structure.repaired,
        encoding=source.encoding,
        delimiter=delimiter,
        width=structure.width,
        rows=structure.rows,
        digest=digest,
        skip=skip,
        formulas=False,
        stamp=stamp,
        places=structure.places,
        sample=_own(structure.own_file, structure.sample),
        own_file=structure.own_file,
        called=structure.called,
        left_out=structure.left_out,
    )


def chunks(table: Table, *, size: int = 50_000) -> Iterator[Chunk]:
    """Read an examined table.

    Args:
        table: what `examine` returned.
        size: most rows of a chunk.

    Yields:
        The rows in order, every cell unchanged.

    Raises:
        InputError: the file changed since it was examined; this may be raised after the last chunk.
    """
    done = 0
    if _stamp(table.path) != table.stamp:
        raise _changed(table)
    try:
        for cells, problems in _read(table, size):
            if _stamp(table.path) != table.stamp or done + len(cells) > table.rows:
                raise _changed(table)
            lines = table.places.lines(done + 1, len(cells))
            left_out = {} if table.own_file is None else table.own_file.left_out(cells)
            yield Chunk(done + 1, lines, _own(table.own_file, cells), problems, left_out)
            done += len(cells)
    except csv.Error as error:
        raise _changed(table) from error
    if done != table.rows:
        raise _changed(table)


def _own(own_file: OwnFile | None, rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    return rows if own_file is None else own_file.rows(rows)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(say.gone(path, error.strerror or str(error))) from error
    return stat.st_size, stat.st_mtime_ns


def _changed(table: Table) -> InputError:
    return InputError(say.changed(table.path))


def _read(table: Table, size: int) -> Iterator[tuple[Sequence[Sequence[str]], Mapping[int, Problem]]]:
    if not table.delimiter:
        yield from _read_sheet(table, size)
        return
    with Source(table.path, table.encoding).open() as reading:
        for cells in batches(reading.text, delimiter=table.delimiter, skip=table.skip, width=table.width, size=size):
            yield cells, {}
        if reading.digest() != table.digest:
            raise _changed(table)


def _batches(rows: Iterator[_Row], size: int) -> Iterator[list[_Row]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _examine_sheet(path: Path, known: Known | None) -> Table:
    stamp = _stamp(path)
    others = sheet.titles(path)
    formulas = sheet.has_formulas(path)
    structure = Structure(path, kind="row", known=known)
    for number, cells, _ in sheet.rows(path, formulas=formulas):
        structure.add(number, _padded(cells, structure.width))
    structure.finish()
    which = (say.sheet_is_read(others[0], others[1:]),) if others[1:] else ()
    return Table(
        path=path,
        header=structure.header,
        repaired=structure.repaired + which,
        encoding="",
        delimiter="",
        width=structure.width,
        rows=structure.rows,
        digest=digest_of(path),
        skip=0,
        formulas=formulas,
        stamp=stamp,
        places=structure.places,
        sample=_own(structure.own_file, structure.sample),
        own_file=structure.own_file,
        called=structure.called,
        left_out=structure.left_out,
    )


def _read_sheet(table: Table, size: int) -> Iterator[tuple[Sequence[Sequence[str]], Mapping[int, Problem]]]:
    rows = sheet.rows(table.path, formulas=table.formulas)
    next(rows, None)
    for batch in _batches(rows, size):
        padded = [_padded(cells, table.width) for _, cells, _ in batch]
        yield padded, {place: problem for place, (_, _, problem) in enumerate(batch) if problem is not None}
    if digest_of(table.path) != table.digest:
        raise _changed(table)


def _padded(cells: list[str], width: int) -> list[str]:
    return cells + [""] * (width - len(cells))
