"""Real processes take slots from one file, whatever is done to them and to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer.engine.shared_rate import AHEAD, VALID, shared_rate
from dialer.engine.shared_rate.file import since_start
from dialer.rate import Rate
from tests.harness import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
MANY = Rate(6000, 60.0)
INTERVAL = 60.25 / 6000

TAKE = """
import sys
from pathlib import Path
import anyio
from dialer.rate import Rate
from dialer.engine.shared_rate import shared_rate

async def main():
    with shared_rate(Path(sys.argv[1]), Rate(6000, 60.0), note=print, on_hold=print) as rate:
        while True:
            slot = await rate.slot(wait=0.0)
            print(repr(slot.moment), flush=True)
            await anyio.sleep(max(0.0, rate.wait_for(slot)))

anyio.run(main)
"""
"""Takes one slot after the other, as one run does."""

HOLD = """
import sys
from pathlib import Path
from dialer.engine.shared_rate.file import RateFile
from dialer.engine.shared_rate.schedule import after_loss
from dialer.rate import Rate

def change(schedule, now):
    print("held", flush=True)
    sys.stdin.readline()
    after, slot = after_loss(Rate(6000, 60.0), now=now - 1).take(Rate(6000, 60.0), now=now, not_before=now)
    print(repr(slot.moment), flush=True)
    return after

with RateFile(Path(sys.argv[1])) as file:
    assert file.try_change(change)
"""
"""Stays in the middle of a change, the lock in its hands, until it is told to go on."""

FULL = """
import resource, sys
from pathlib import Path
import anyio
from dialer.errors import DialerError
from dialer.rate import Rate
from dialer.engine.shared_rate import shared_rate

async def take():
    with shared_rate(Path(sys.argv[1]), Rate(500, 60.0), note=print, on_hold=print) as rate:
        await rate.slot(wait=0.0)

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    anyio.run(take)
except DialerError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dialer.rate"


@contextlib.contextmanager
def process(code: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def not_held(_seconds: float, words: str) -> None:
    pytest.fail(words)


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def moments_of(path: Path, *, runs: int, each: int, spoil: Callable[[Path], object] | None = None) -> list[list[float]]:
    """Return the moments of the slots that several processes took; what spoils the file does so again and again."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(process(TAKE, path)) for _ in range(runs)]
        found: list[list[float]] = [[float(line(one))] for one in running]
        while min(map(len, found)) < each:
            if spoil is not None:
                spoil(path)
            for one, moments in zip(running, found, strict=True):
                moments.extend(float(line(one)) for _ in range(7))
        for one, moments in zip(running, found, strict=True):
            one.kill()
            # The last line of a killed process may be torn.
            rest, told = one.communicate(timeout=PATIENCE)
            moments.extend(float(text) for text in rest.splitlines(keepends=True) if text.endswith("\n"))
            assert told == ""
        return found


def shortest_gap(found: list[list[float]]) -> float:
    moments = sorted(moment for moments in found for moment in moments)
    return min(later - earlier for earlier, later in pairwise(moments))


def test_no_two_processes_get_slots_that_are_too_close(path: Path) -> None:
    found = moments_of(path, runs=4, each=100)
    assert shortest_gap(found) >= INTERVAL * 0.999


SPOILING: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(missing_ok=True),
    "replaced by an empty file": lambda path: _empty_beside(path).replace(path),
    "replaced by a copy": lambda path: _copy_beside(path).replace(path),
    "cut to nothing": lambda path: os.truncate(path, 0),
    "cut in the middle": lambda path: os.truncate(path, 40),
}


def _empty_beside(path: Path) -> Path:
    other = path.with_name("other")
    other.touch()
    return other


def _copy_beside(path: Path) -> Path:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    return other


@pytest.mark.parametrize("what", SPOILING)
def test_the_rate_holds_while_the_file_is_taken_away_from_under_them(path: Path, what: str) -> None:
    found = moments_of(path, runs=3, each=22, spoil=SPOILING[what])
    assert shortest_gap(found) >= INTERVAL * 0.999


def test_a_process_that_is_killed_as_it_changes_the_file_stops_nobody(path: Path) -> None:
    with process(HOLD, path) as holder:
        assert line(holder) == "held"
        holder.send_signal(signal.SIGKILL)
        holder.wait(PATIENCE)

    async def main() -> float:
        with shared_rate(path, MANY, note=pytest.fail, on_hold=not_held) as rate:
            asked = since_start()
            return (await rate.slot(wait=0.0)).moment - asked

    assert 0 <= anyio.run(main) < 2


def test_a_frozen_process_is_named_and_the_others_go_on_when_it_is_gone(path: Path) -> None:
    told: list[str] = []
    with process(HOLD, path) as holder:
        assert line(holder) == "held"
        holder.send_signal(signal.SIGSTOP)

        def note(words: str) -> None:
            told.append(words)
            holder.send_signal(signal.SIGKILL)

        async def main() -> float:
            with shared_rate(path, MANY, note=note, on_hold=not_held) as rate:
                return (await rate.slot(wait=0.0)).moment

        anyio.run(main)
        assert len(told) == 1
        assert f"Process {holder.pid} has locked {path}" in told[0]


def test_a_process_that_thaws_with_the_lock_in_its_hands_has_a_slot_that_is_over(path: Path) -> None:
    """The others may have made another file meanwhile, which knows nothing of that slot."""
    with process(HOLD, path) as holder:
        assert line(holder) == "held"
        holder.send_signal(signal.SIGSTOP)
        path.unlink()

        async def main() -> float:
            with shared_rate(path, MANY, note=pytest.fail, on_hold=not_held) as rate:
                return (await rate.slot(wait=0.0)).moment

        first = anyio.run(main)
        time.sleep(max(0.0, AHEAD + VALID - (since_start() - first)))
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()
        holder.send_signal(signal.SIGCONT)
        thawed = float(line(holder))
    assert thawed + VALID < since_start()
    assert first - thawed >= INTERVAL * 0.999


def test_a_file_that_takes_nothing_more_ends_the_run_in_words(path: Path) -> None:
    with process(FULL, path) as full:
        told, _ = full.communicate(timeout=PATIENCE)
    assert full.returncode == 5
    assert f"{path} cannot be read and written (File too large)" in told


def test_the_clock_of_the_slots_is_the_same_in_every_process_and_no_wall_clock(path: Path) -> None:
    before = since_start()
    with process("from dialer.engine.shared_rate.file import since_start; print(since_start())", path) as other:
        there = float(line(other))
    assert before <= there <= since_start()
    assert abs(since_start() - time.time()) > 1e6
