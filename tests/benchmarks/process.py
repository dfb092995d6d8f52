"""A program in a process of its own, and what it took: the clock, the processor, memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.server import Server

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_MEBI = 1 << 20
_LOOK_EVERY = 5.0
# On Linux no child's peak is below that of its parent: so this one, which has next to nothing, starts the program.
_PEAK = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(f"\\n{usage.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""
_FINE = frozenset({0, 1, 3})
"""Exit codes of the product that mean that it did its work."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took.

    Attributes:
        clock: seconds by the clock.
        cpu: seconds of the processor, user and system.
        output: what it printed.
    """

    clock: float
    cpu: float
    output: str


def environment(url: str) -> dict[str, str]:
    """Return an environment in which requests go to the server at `url`, past any proxy."""
    return {**os.environ, "BOLNA_BASE_URL": url, "BOLNA_API_KEY": "bn-benchmark", "NO_PROXY": "*", "no_proxy": "*"}


class Program:
    """A program that runs.

    Args:
        command: its words.
        url: of the server that takes its requests.
        folder: where it runs.
    """

    def __init__(self, command: Sequence[str], *, url: str = "", folder: Path | None = None) -> None:
        self._command = command
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the program runs
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as above
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            env=environment(url),
            cwd=folder,
            stdout=self._output,
            stderr=self._complaints,
            start_new_session=True,
        )

    def until_first_call(self, server: Server, *, within: float) -> tuple[float, float]:
        """Return the seconds by the clock and of the processor until its first call came.

        Raises:
            RuntimeError: it made none; the message is its own.
        """
        while time.monotonic() - self._started < within and self._process.poll() is None:
            with suppress(TimeoutError):
                return server.first_call(within=_LOOK_EVERY) - self._started, self._cpu_so_far()
        if self._process.returncode is None:
            self.kill()
        raise RuntimeError(self._told())

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def finish(self, *, within: float, fine: frozenset[int] | None = _FINE) -> Spent:
        """Wait for its end; `fine`: the exit codes that are no failure, None: all.

        Raises:
            RuntimeError: it failed or took too long; the message is its own.
        """
        alarm = threading.Timer(within, os.kill, [self._process.pid, signal.SIGKILL])
        alarm.start()
        # Not Popen.wait: only this tells what the process used, and not what all children together did.
        _, status, usage = os.wait4(self._process.pid, 0)
        alarm.cancel()
        clock = time.monotonic() - self._started
        self._process.returncode = os.waitstatus_to_exitcode(status)
        if fine is not None and self._process.returncode not in fine:
            raise RuntimeError(self._told())
        self._output.seek(0)
        return Spent(clock, usage.ru_utime + usage.ru_stime, self._output.read())

    def _cpu_so_far(self) -> float:
        # Behind the name, which may hold anything, stand the fields from the third on: the 14th and 15th are the times.
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _told(self) -> str:
        self._complaints.seek(0)
        words = " ".join(map(str, self._command))
        return f"`{words}` ended with {self._process.returncode}: {self._complaints.read()[-2000:]}"


def spend(command: Sequence[str], *, url: str = "", folder: Path | None = None, within: float = 1200.0) -> Spent:
    """Run a program to its end; return what it took.

    Raises:
        RuntimeError: as `Program.finish`.
    """
    return Program(command, url=url, folder=folder).finish(within=within)


def peak(command: Sequence[str], *, url: str = "", folder: Path | None = None) -> float:
    """Run a program to its end; return its peak of memory in MiB.

    Raises:
        RuntimeError: as `Program.finish`.
    """
    took = spend([sys.executable, "-I", "-S", "-c", _PEAK, *command], url=url, folder=folder, within=3600.0)
    return int(took.output.split()[-1]) * _RSS_UNIT / _MEBI
