"""Commands that the page starts: each is a process in its own session, and outlives the page.

A command writes its output and questions to its log, and holds the log's lock for its lifetime: so a restarted page
knows what is going on, and cannot start a second command at the same time. The ledger has its own lock.
Answers go to the command's standard input, which ends with the page: an open question is then answered with no.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.errors import LockedError, MustActError, UsageError
from dialer.messages.operations import serve as say
from dialer.operations.serve.work_log import ENDED, work_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import IO

    from dialer.messages.commands import Selection
    from dialer.operations.serve.work_log import Question, Work


VERBS = ("run", "cancel", "reconcile", "check")
"""What is started: a batch may be cancelled while it runs, but has one of each at a time."""
_CALLING = ("run", "cancel", "reconcile")
_PATIENCE = 10.0
"""Seconds in which a command that has said its last word has to be gone."""
_LOOK_EVERY = 0.05


class OtherCountError(UsageError):
    """The typed count is not the one of the question."""


class Works:
    """The commands that were started from the page, by the id of their batch.

    Args:
        folder: for their logs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._turn = threading.Lock()
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}
        self._answered: set[str] = set()

    def of(self, batch_id: str) -> Work | None:
        """Return the command of a batch that goes on, else the last one, with what all have said; None: there is none.

        Where it runs and is cancelled, the one that cancels is the one to look at.
        """
        with self._turn:
            self._sweep()
            found = [work for verb in _CALLING if (work := work_in(self._log(batch_id, verb))) is not None]
        if not found:
            return None
        work = max(found, key=lambda one: (one.state != ENDED, one.verb == "cancel" and one.state != ENDED, one.at))
        notes = sorted((note for one in found for note in one.notes), key=lambda note: note.at)
        return replace(work, notes=tuple(notes))

    def check_of(self, batch_id: str) -> Work | None:
        """Return the last check of a batch; None where there was none."""
        with self._turn:
            return work_in(self._log(batch_id, "check"))

    def rejects(self, batch_id: str) -> Path:
        """Return where the last check of a batch has written the rows that are not called."""
        return self._folder / f"{batch_id}.rejects.csv"

    def check(self, batch_id: str, selection: Selection) -> None:
        """Start a check of a batch; see `start`. What the last one has written is gone with it."""
        self.rejects(batch_id).unlink(missing_ok=True)
        options = ["--rejects", str(self.rejects(batch_id)), "--turns", str(self._folder)]
        self.start(batch_id, "check", selection, options)

    def checks(self) -> int:
        """Return how many checks go on or wait for their turn."""
        with self._turn:
            self._sweep()
            return sum(path.name.endswith(".check.log") for path in self._processes)

    def asking(self) -> dict[str, str]:
        """Return the ids of the batches whose command waits for an answer, each with what that command is."""
        with self._turn:
            self._sweep()
            works = [(path.stem.partition(".")[0], work_in(path)) for path in self._processes]
        return {batch_id: work.verb for batch_id, work in works if work is not None and work.question is not None}

    def start(self, batch_id: str, verb: str, selection: Selection, options: Sequence[str] = ()) -> None:
        """Start a command on a batch.

        Args:
            batch_id: which one.
            verb: one of VERBS.
            selection: the batch, as it is named on the command line.
            options: more of them.

        Raises:
            LockedError: another one goes on.
            MustActError: it cannot be started.
        """
        # Without `-P` a folder called `dialer` where the page runs would be taken for the program.
        program = [sys.executable, "-P", "-m", "dialer"]
        words = [*program, verb, "--by-page", *map(str, selection.options), *options, "--", str(selection.campaign)]
        path = self._log(batch_id, verb)
        self._wait_for_end(path)
        with self._turn:
            self._sweep()
            try:
                with _locked(path) as log:
                    first = {"at": round(time.time(), 3), "event": "started", "verb": verb}
                    log.write(json.dumps(first).encode() + b"\n")
                    self._processes[path] = subprocess.Popen(  # noqa: S603 - our own program
                        words, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
                    )
            except OSError as error:
                raise MustActError(say.not_started(why=error.strerror)) from None

    def answer(self, batch_id: str, question: str, *, is_yes: bool, count: int | None) -> None:
        """Answer the question of a command.

        Args:
            batch_id: id of the batch.
            question: id of the question, so that the answer applies only to the question the user saw.
            is_yes: whether the answer is yes.
            count: number of calls to place or stop, as typed.

        Raises:
            OtherCountError: another count was typed.
            UsageError: the question was answered already, or its command has ended.
        """
        with self._turn:
            process, asked = self._asked(batch_id, question)
            if is_yes and asked.count is not None and count != asked.count:
                raise OtherCountError(say.other_count(asked.count, typed=count))
            # Of two people who answer at once one is heard.
            self._answered.add(question)
            assert process.stdin is not None
            try:
                process.stdin.write(f"{question} {'yes' if is_yes else 'no'}\n".encode())
                process.stdin.flush()
            except OSError:
                raise UsageError(say.NOT_ASKED) from None

    def _asked(self, batch_id: str, question: str) -> tuple[subprocess.Popen[bytes], Question]:
        for verb in VERBS:
            path = self._log(batch_id, verb)
            work = work_in(path)
            asked = None if work is None else work.question
            if (
                asked is not None
                and asked.id == question
                and path in self._processes
                and question not in self._answered
            ):
                return self._processes[path], asked
        raise UsageError(say.NOT_ASKED)

    def _wait_for_end(self, path: Path) -> None:
        """Wait for a command that has said its last word, and is about to be gone."""
        end = time.monotonic() + _PATIENCE
        while (work := work_in(path)) is not None and work.state == ENDED and work.is_alive and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)

    def _sweep(self) -> None:
        """Let go of the commands that have ended."""
        for path in [path for path, process in self._processes.items() if process.poll() is not None]:
            process = self._processes.pop(path)
            assert process.stdin is not None
            # An answer that was not taken any more is lost.
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _log(self, batch_id: str, verb: str) -> Path:
        return self._folder / f"{batch_id}.{verb}.log"


def _locked(path: Path) -> IO[bytes]:
    """Return a new log, locked by each process that has it open: only the command, once this process has closed it.

    Raises:
        LockedError: a command has it open.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    log = os.fdopen(handle, "wb", buffering=0)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        log.close()
        raise LockedError(say.GOES_ON) from None
    # The command before it has ended; what it said is of no use any more.
    os.ftruncate(handle, 0)
    return log
