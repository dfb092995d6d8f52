"""A person at a terminal: the program in a process of its own, questions read on its screen and answered."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def at_a_terminal(
    *words: str | Path,
    question: str,
    answer: str,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = (sys.executable, "-m", "dialer"),
) -> tuple[int, str]:
    """Run a command and answer a question; return its exit code and all that was on the screen.

    Args:
        words: the command, without `dialer`.
        question: what is waited for.
        answer: what is typed then.
        environment: of the process; None: that of the test.
        program: what is run.
    """
    ours, theirs = pty.openpty()
    command = [*program, *map(str, words)]
    # Its own session, on this terminal: Ctrl-C reaches it.
    process = subprocess.Popen(command, env=environment, preexec_fn=lambda: os.login_tty(theirs))  # noqa: PLW1509
    os.close(theirs)
    screen = b""
    with process, os.fdopen(ours, "r+b", buffering=0) as terminal:
        answered = False
        # Linux ends the last reading of a terminal that its program has left with an error.
        while data := _read(terminal.fileno()):
            screen += data
            if not answered and question.encode() in screen:
                terminal.write(answer.encode())
                answered = True
    return process.returncode, screen.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""
