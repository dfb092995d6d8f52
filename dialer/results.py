"""The results CSV: for people to read, and to be read back when it knows more than the ledger."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dialer.errors import InputError
from dialer.ledger import Written
from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dialer.models import ResultRow

COLUMNS = (
    "row",
    "recipient_phone_number",
    "status",
    "execution_id",
    "error",
    "http_status",
    "attempts",
    "updated_at",
    "key",
)
"""Our own columns in order; `id` stands after `row` where the campaign names an id column."""
_OWN = frozenset({*COLUMNS, "id", "call_status", "call_duration", "call_cost", "hangup_reason", "recording_url"})
_TAKEN = re.compile(r"(?:input_)*(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-](\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_TO_BE_MERGED = {str(status): status for status in (Status.QUEUED, Status.UNKNOWN, Status.ERROR)}
_NEVER_SENT = frozenset(map(str, (Status.PENDING, Status.INVALID, Status.DUPLICATE, Status.SUPPRESSED)))


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unguarded` takes the mark off again."""
    if cell[:1] in {"=", "@", "\t", "\r", "\n", "'"} or (cell[:1] in {"+", "-"} and not _NUMBER.fullmatch(cell)):
        return "'" + cell
    return cell


def unguarded(cell: str) -> str:
    """Return what `guarded` was given."""
    return cell.removeprefix("'")


def _shown(column: str) -> str:
    """Return an input column's name in the results: one that is ours, or looks like such a one, gets a prefix more."""
    match = _TAKEN.fullmatch(column)
    return f"input_{column}" if match and match[1] in _OWN else column


def _original(column: str) -> str:
    return column.removeprefix("input_") if _shown(column) != column else column


class ResultsFile:
    """Writes the results of one batch: whole when a run starts and ends, line by line in between.

    Args:
        path: the CSV.
        header: the input's columns.
        with_id: the campaign names an id column.
    """

    def __init__(self, path: Path, *, header: Sequence[str], with_id: bool) -> None:
        self.path = path
        self._header = tuple(header)
        self._with_id = with_id
        self._file: TextIO | None = None

    def write(self, rows: Iterable[ResultRow]) -> str:
        """Replace the file by these rows, atomically; return the digest of its bytes.

        The former file's mode and a symbolic link to it are kept; a new file is readable by its owner only.

        Raises:
            OSError: it cannot be written; the former file is as it was.
        """
        self.close()
        target = Path(os.path.realpath(self.path))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor, not a path
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
                self._write_rows(file, rows)
                file.flush()
                os.fsync(file.fileno())
            digest = digest_of(Path(name))
            Path(name).replace(target)
            _sync_folder(target.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return digest

    def append(self, rows: Iterable[ResultRow]) -> None:
        """Add rows as they arrive; if another program replaced the file, it is opened again.

        Raises:
            OSError: it cannot be written.
        """
        text = io.StringIO()
        csv.writer(text).writerows(self._cells(row) for row in rows)
        file = self._opened()
        file.write(text.getvalue())
        file.flush()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _opened(self) -> TextIO:
        if self._file is not None and not _same(self._file, self.path):
            self.close()
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            self._file = open(handle, "a", encoding="utf-8", newline="")  # noqa: PTH123, SIM115 - kept open over many rows
            if os.fstat(handle).st_size == 0:
                self._write_rows(self._file, ())
        return self._file

    def _write_rows(self, file: TextIO, rows: Iterable[ResultRow]) -> None:
        writer = csv.writer(file)
        own = ["row", "id", *COLUMNS[1:]] if self._with_id else COLUMNS
        writer.writerow([*own, *(guarded(_shown(name)) for name in self._header)])
        writer.writerows(self._cells(row) for row in rows)

    def _cells(self, row: ResultRow) -> list[object]:
        return [
            "" if row.position is None else row.position,
            *([guarded(row.key)] if self._with_id else []),
            guarded(row.number),
            row.status,
            guarded(row.execution_id),
            guarded(row.error),
            "" if row.http_status is None else row.http_status,
            row.attempts or "",
            "" if row.updated_at is None else row.updated_at.isoformat(timespec="seconds"),
            f"k:{row.key}" if row.key else "",
            *(guarded(row.cells.get(name, "")) for name in self._header),
        ]


def _same(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may bring the former file back; not every file system can do it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def digest_of(path: Path) -> str:
    """Return the digest of a file's bytes, or an empty text when there is none."""
    digest = blake2b(digest_size=20)
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A results CSV, read back.

    Attributes:
        header: the input's columns, as they were.
        rows: everybody it says was attempted.
        never_sent: how many of its rows were never sent.
        with_id: it has an id column of ours.
    """

    header: tuple[str, ...]
    rows: tuple[Written, ...]
    never_sent: int
    with_id: bool

    @property
    def last_at(self) -> float | None:
        """When the last of them was called (Unix seconds)."""
        return max((row.updated_at for row in self.rows if row.updated_at is not None), default=None)


def read_back(path: Path, *, with_id: bool, known: Callable[[str], bool] = lambda _key: False) -> ReadBack:
    """Return what a results CSV says, also after a spreadsheet has saved it.

    Rows are matched by `key`; where that is damaged by the id, or by the number while it is whole.

    Args:
        path: the CSV.
        with_id: recipients are told apart by an id column.
        known: tells whether a key is in the ledger (then a damaged number is no loss).

    Raises:
        InputError: a row that was called cannot be matched to anybody: dialling on might call them again.
    """
    if path.stat().st_size == 0:
        return ReadBack((), (), 0, with_id=with_id)
    rows = _rows(path)
    header, _ = next(rows, ([], False))
    names = [unguarded(name.strip().removeprefix("\ufeff")) for name in header]
    missing = [name for name in ("status", "key", "recipient_phone_number") if name not in names]
    if missing:
        raise InputError(
            f"{path}: the results have no column {missing[0]!r} any more, so nobody can be told who was called.\n"
            "Put the column back, or move the file away if it does not belong to this batch."
        )
    own = {name: names.index(name) for name in _OWN if name in names}
    inputs = [index for index, name in enumerate(names) if name not in own]
    written, lost, never_sent = [], [], 0
    for number, (cells, torn) in enumerate(rows, 2):
        if not any(cells):
            continue
        padded = cells + [""] * (len(names) - len(cells))
        status = padded[own["status"]].strip().lower()
        if status in _NEVER_SENT and not torn:
            never_sent += 1
            continue
        row = _matched(padded, own, inputs, status="unknown" if torn else status, with_id=with_id, known=known)
        if row is None:
            lost.append((number, padded[own["recipient_phone_number"]], status))
        else:
            written.append(row)
    if lost:
        raise InputError(_cannot_match(path, lost))
    return ReadBack(tuple(_original(names[index]) for index in inputs), tuple(written), never_sent, with_id="id" in own)


def _rows(path: Path) -> Iterator[tuple[list[str], bool]]:
    """Yield the rows, each with whether it is torn: the last line of a run that was killed."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=head.count)
            reader = csv.reader(file, delimiter=delimiter)
            before: list[str] | None = None
            for row in reader:
                if before is not None:
                    yield before, False
                before = row
    except UnicodeDecodeError as error:
        raise InputError(
            f'{path}: not UTF-8 (byte {error.start}). Save it from the spreadsheet as "CSV UTF-8", then run again.'
        ) from None
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: {error}. Mend the file, or move it away and run `dialer results`."
        ) from None
    if before is not None:
        yield before, not _ends_whole(path)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) in b"\r\n"


def _matched(
    cells: list[str],
    own: dict[str, int],
    inputs: list[int],
    *,
    status: str,
    with_id: bool,
    known: Callable[[str], bool],
) -> Written | None:
    def cell(name: str) -> str:
        return unguarded(cells[own[name]]).strip() if name in own else ""

    number = cell("recipient_phone_number")
    number = number if _E164.fullmatch(number) else ""
    key = cells[own["key"]]
    # Without its mark a key may be what a spreadsheet made of it, so only a whole one counts.
    key = key[2:] if key.startswith("k:") else (unguarded(cells[own["id"]]) if with_id and "id" in own else number)
    if not with_id and _E164.fullmatch(key):
        number = key
    if status not in _TO_BE_MERGED or not key or not (number or known(key)):
        return None
    return Written(
        key=key,
        number=int(number[1:]) if number else None,
        status=_TO_BE_MERGED[status],
        execution_id=cell("execution_id"),
        error=cell("error"),
        http_status=int(cell("http_status")) if cell("http_status").isdecimal() else None,
        attempts=int(cell("attempts")) if cell("attempts").isdecimal() else 1,
        updated_at=_moment(cell("updated_at")),
        cells=tuple(unguarded(cells[index]) for index in inputs),
    )


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def _cannot_match(path: Path, lost: list[tuple[int, str, str]]) -> str:
    shown = "\n".join(
        f"  row {number}: {phone or '(no number)'}, status {status or '(empty)'}" for number, phone, status in lost[:5]
    )
    more = f"\n  ... and {len(lost) - 5} more" if len(lost) > 5 else ""  # noqa: PLR2004 - as many as are shown
    return (
        f"{path}: {len(lost)} rows that may have been called cannot be matched to anybody (their `key` is "
        f"damaged):\n{shown}{more}\n"
        "Nothing was dialled. Mend the `key` and `status` cells from a copy of the file, or move the file away if the "
        "ledger beside it is whole."
    )
