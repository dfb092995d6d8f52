"""The file `dialer.ledgers`: the paths of the ledgers of a workspace's batches, and when each was last started.

One line per ledger; only its first columns, of fixed width, are ever overwritten. So a crash never loses an existing
line.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import LedgerError
from dialer.files import unreadable, unwritable
from dialer.messages import store as say
from dialer.store.sqlite.shared_file import is_in_place, opened_alone
from dialer.store.sqlite.workspace_trace import Trace, read_trace, write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOWN, _FORGOTTEN = "listed", "forgot"
_UNNAMED = "-" * 32
"""In the place of an identity, of the same width."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A ledger that `dialer.ledgers` names.

    Attributes:
        path: the ledger's real path.
        at: when a run of it last began, or ended (Unix seconds).
        identity: unique id of the ledger, which stays when the file is moved.
        is_forgotten: a person said that it may be missing or damaged.
    """

    path: Path
    at: float
    identity: str
    is_forgotten: bool


class Registry:
    """The list of a workspace's ledgers.

    Args:
        path: the file; it is made by the first run.
        trace: the file in which it is noted how many it lists; None: nowhere.
        has_settings: the workspace has a `dialer.toml`.
    """

    def __init__(self, path: Path, *, trace: Path | None = None, has_settings: bool = False) -> None:
        self.path = path
        self._trace = trace
        self._has_settings = has_settings

    def noted(self) -> int | None:
        """Return how many ledgers it has listed at least; None where nothing tells.

        To be asked before `read`: another run may add one in between.
        """
        trace = None if self._trace is None else read_trace(self._trace)
        return None if trace is None else trace.ledgers

    def stamp(self) -> tuple[int, int, int]:
        """Return what changes whenever a line is added."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - runs for each call
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def read(self) -> dict[Path, Listed]:
        """Return the ledgers by their paths.

        Raises:
            LedgerError: the list cannot be read, or a line of it.
        """
        if unreadable(self.path):
            raise LedgerError(say.list_unreadable(self.path, why=say.NOT_A_FILE))
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise LedgerError(say.list_not_permitted(self.path, why=error.strerror)) from error
        except OSError as error:
            raise LedgerError(say.list_unreadable(self.path, why=error.strerror)) from error
        return {listed.path: listed for _, listed in self._lines(content)}

    def add(self, ledger: Path, *, identity: str, now: float | None = None, is_new: bool = False) -> None:
        """Have a ledger listed as in use now (Unix seconds); durable when this returns.

        Args:
            ledger: its real path.
            identity: its unique id.
            now: Unix seconds.
            is_new: it was never listed, so it takes the place of none that the list has lost.

        Raises:
            LedgerError: the list cannot be written.
        """
        self._write(ledger, _KNOWN, identity, time.time() if now is None else now, is_new=is_new)

    def forget(self, ledger: Path) -> None:
        """Note that a ledger need not be there, nor be sound, until its batch is run again.

        Raises:
            LedgerError: the list cannot be written.
        """
        self._write(ledger, _FORGOTTEN, _UNNAMED, time.time())

    def accept(self) -> int:
        """Have it count as whole as it is now; return how many ledgers it lists.

        Raises:
            LedgerError: the list cannot be read or written.
        """
        with self._locked() as file:
            content = os.pread(file, os.fstat(file).st_size, 0)
            return self._note(len({listed.path for _, listed in self._lines(content)}), least=0)

    def _note(self, count: int, *, least: int) -> int:
        """Note that it lists so many ledgers, and no fewer than it did; called under its lock."""
        if self._trace is not None:
            write_trace(self._trace, Trace(max(count, least), self._has_settings))
        return count

    def _write(self, ledger: Path, state: str, identity: str, now: float, *, is_new: bool = False) -> None:
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = f"{moment} {state} {identity} ".encode()
        is_written = False
        while not is_written:
            with self._locked() as file:
                content = os.pread(file, os.fstat(file).st_size, 0)
                begins = {listed.path: at for at, listed in self._lines(content)}
                if ledger in begins:
                    os.pwrite(file, head, begins[ledger])
                else:
                    # A line that a crash has cut short stays as it is: its ledger had no call yet.
                    torn = b"" if not content or content.endswith(b"\n") else b"\n"
                    os.pwrite(file, torn + head + f"{json.dumps(str(ledger))}\n".encode(), len(content))
                os.fsync(file)
                # After the line: a crash in between leaves a list that is longer than is noted.
                more = 1 if is_new and ledger not in begins else 0
                self._note(len(begins.keys() | {ledger}), least=(self.noted() or 0) + more)
                is_new = False
                # Deleted or replaced meanwhile, it is written again; from here on the note above tells that it is lost.
                is_written = is_in_place(file, self.path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        words = unwritable(self.path)
        if words:
            raise LedgerError(say.list_is(self.path, words))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with opened_alone(self.path) as file:
                yield file
        except OSError as error:
            raise LedgerError(say.list_unwritable(self.path, why=error.strerror)) from error

    def _lines(self, content: bytes) -> Iterator[tuple[int, Listed]]:
        """Yield each line's offset and its content; skip a line that was cut short."""
        begin = 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            listed = _listed(line)
            if listed is not None:
                yield begin, listed
            elif line.strip() and _is_whole(line):
                raise LedgerError(say.list_line_unreadable(self.path, line=number))
            begin += len(line)


def _is_whole(line: bytes) -> bool:
    """Tell whether a line was written to its end: its path is closed."""
    with contextlib.suppress(ValueError):
        return isinstance(json.loads(line[line.index(b'"') :]), str)
    return False


def _listed(line: bytes) -> Listed | None:
    try:
        moment, state, identity, path = line.decode().rstrip("\n").split(" ", 3)
        at = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").timestamp()
        ledger = json.loads(path)
    except ValueError:
        return None
    if state not in {_KNOWN, _FORGOTTEN} or not isinstance(ledger, str):
        return None
    return Listed(Path(ledger), at, "" if identity == _UNNAMED else identity, state == _FORGOTTEN)
