"""The results CSV of a run, written by a thread of its own: a disk that hangs there holds up no call."""

from __future__ import annotations

import contextlib
import errno
import functools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from anyio import to_thread

from dialer.errors import DialerError, UnreachableError
from dialer.export.results import Places
from dialer.messages.operations import results as say
from dialer.operations.results import begin_writing, note_written, write_changed
from dialer.operations.results_workbook import workbook_notes
from dialer.operations.stores import read_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.export.results import LastWritten, ResultsFile
    from dialer.models import ResultRow
    from dialer.operations.run_context import Notes
    from dialer.store import AsyncStore, Store

PATIENCE = 10.0
"""Seconds without a row written after which a disk hangs."""
_GATHER = 0.25
"""Seconds that a row waits for others: each reading of the ledger and each write to the file costs as much as many."""
_MOST = 100_000
"""Rows that wait for a disk that hangs; what is more is in the ledger, and in the file once that is written whole."""


@dataclass(slots=True)
class _Todo:
    """What the thread is to write next.

    Attributes:
        whole: the file anew: with (True) or without those that are still to be called; None: not.
        unchanged: where rows stand in it whose lines are as they have to be.
        positions: rows to append.
        workbook: the workbook.
    """

    whole: bool | None = None
    unchanged: Places = field(default_factory=Places)
    positions: Sequence[int] = ()
    workbook: bool = False

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return self.whole is not None or bool(self.positions) or self.workbook


class ResultsWriter:
    """Writes the results as calls are recorded, from the ledger; that it cannot is said once and ends nothing.

    Args:
        file: the results CSV.
        batch: whose results they are; its ledger is read on a connection of its own.
        notes: gets what is to be said.
        is_aborted: whether nothing but the CSV is to be written any more.
    """

    def __init__(self, file: ResultsFile, *, batch: Batch, notes: Notes, is_aborted: Callable[[], bool]) -> None:
        self._file = file
        self._batch = batch
        self._held = _inode(batch.ledger)
        self._notes = notes
        self._is_aborted = is_aborted
        self._path = file.path
        self._changed = threading.Condition()
        self._todo = _Todo()
        self._doing = False
        self._ended = False
        self._moved = time.monotonic()
        self._written: LastWritten | None = None
        self._said: set[str] = set()
        # A thread that hangs in the kernel must not keep the process.
        self._thread = threading.Thread(target=self._serve, name="results", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread once all is written, or the disk hangs."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._is_written():
            self._thread.join()
        else:
            self._say_hanging()

    def append(self, _store: Store, positions: Sequence[int]) -> None:
        """Append rows of the input whose outcome is durable, without waiting for the write."""
        with self._changed:
            self._moved = self._moved if self._is_busy() else time.monotonic()
            # Each wake-up takes the interpreter from the event loop.
            if not self._todo:
                self._changed.notify_all()
            self._todo.positions = [*self._todo.positions, *positions][:_MOST]
            hangs = self._hangs()
        if hangs:
            self._say_hanging()

    async def whole(self, store: AsyncStore, *, pending: bool) -> None:
        """Rewrite the file, and return when it is written, or when the disk hangs.

        Args:
            store: records what was written.
            pending: also write the rows that are still to be called, and the workbook if the campaign asks for one.
        """
        unchanged = await store.call(begin_writing)
        if not await self._do(_Todo(whole=pending, unchanged=unchanged)):
            return
        if self._written is not None:
            await store.call(functools.partial(note_written, written=self._written))
        if pending and self._batch.workbook is not None:
            await self._do(_Todo(workbook=True))

    async def _do(self, todo: _Todo) -> bool:
        """Have something written, and return whether it is; False where the disk hangs."""
        with self._changed:
            self._todo = todo
            self._moved = time.monotonic()
            self._changed.notify_all()
        if await to_thread.run_sync(self._is_written, abandon_on_cancel=True):
            return True
        self._say_hanging()
        return False

    def _is_written(self) -> bool:
        """Wait until there is nothing left to write; False where the disk hangs."""
        with self._changed:
            while self._is_busy():
                if self._hangs():
                    return False
                self._changed.wait(PATIENCE / 10)
        return True

    def _is_busy(self) -> bool:
        return self._doing or bool(self._todo)

    def _hangs(self) -> bool:
        return self._is_busy() and time.monotonic() > self._moved + PATIENCE

    # -- in the thread -------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        with self._tolerated(), contextlib.closing(read_store(self._batch)) as store:
            while todo := self._next():
                with self._tolerated():
                    self._write(store, todo)
                with self._changed:
                    self._doing = False
                    self._changed.notify_all()
            self._file.close()

    @contextlib.contextmanager
    def _tolerated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, DialerError) as error:
            self._say(say.cannot_be_written(getattr(error, "strerror", None) or error))

    def _next(self) -> _Todo:
        with self._changed:
            self._changed.wait_for(lambda: self._todo or self._ended)
            self._changed.wait_for(
                lambda: self._todo.whole is not None or self._todo.workbook or self._ended, timeout=_GATHER
            )
            todo, self._todo = self._todo, _Todo()
            self._doing, self._moved = bool(todo), time.monotonic()
            return todo

    def _write(self, store: Store, todo: _Todo) -> None:
        self._path = (self._batch.workbook if todo.workbook else None) or self._file.path
        if todo.workbook:
            for note in workbook_notes(self._batch, watch=self._go_on):
                self._notes.add(note)
        elif todo.whole is None:
            # That a database does not answer is said already, and the file is whole at the end.
            with contextlib.suppress(UnreachableError):
                self._file.append(store.results_of(todo.positions))
        else:
            self._written = None
            # If another ledger took its place, a run on that one may have written results that this one does not know.
            if _inode(self._batch.ledger) not in {self._held, None}:
                raise OSError(errno.ESTALE, say.LEDGER_REPLACED)
            write = functools.partial(
                write_changed, store, self._file, todo.unchanged, pending=todo.whole, watch=self._counted
            )
            try:
                self._written = write()
            except UnreachableError:
                # The connection may have been lost long ago, while nothing was read: this makes another one.
                self._written = write()

    def _counted(self, rows: Iterator[ResultRow]) -> Iterator[ResultRow]:
        for row in rows:
            self._moved = time.monotonic()
            yield row

    def _go_on(self) -> None:
        self._moved = time.monotonic()
        if self._is_aborted():
            raise OSError(errno.ECANCELED, say.ABORTED)

    def _say_hanging(self) -> None:
        self._say(say.hangs(PATIENCE))

    def _say(self, why: str) -> None:
        with self._changed:
            if why in self._said:
                return
            self._said.add(why)
        command = self._batch.selection.command("results")
        self._notes.add(say.not_written_meanwhile(self._path, why=why, command=command))


def _inode(path: Path) -> int | None:
    """Return which file a path names; None if there is none."""
    with contextlib.suppress(OSError):
        return path.stat().st_ino
    return None
