"""Nobody called twice, nobody lost: under `kill -9`, under a server with faults, under a crash at every step."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness import CRASHED, PATIENCE, Batch, Crash, Crashing, Figures, run, sandbox, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Bolna

FAULTS = (
    "rate_limited",
    "unavailable_before",
    "unavailable_after",
    "error_before",
    "error_after",
    "closed_before",
    "closed_after",
    "reset_after",
    "half_after",
    "silent_before",
    "silent_after",
    "garbage",
    "broken_gzip",
    "no_id",
    "refused",
)
ENDED = {0, 1}
GO_ON = {3, 5}
STALLED = 1.5
"""Seconds without a request after which a run surely waits for a silent answer; a hold lasts one second."""


# -- SIGKILL at random moments -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Story:
    """How a batch was brought to its end through kills.

    Attributes:
        kills: how many.
        in_flight: how many of them came while the server had requests to answer.
        endings: how often runs that were not killed ended with which exit code.
        doubted: recipients that were in doubt at some time.
        unknown: how many still were before the last reconcile.
        figures: what the end was.
    """

    kills: int = 0
    in_flight: int = 0
    endings: Counter[int] = field(default_factory=Counter)
    doubted: int = 0
    unknown: int = 0
    figures: Figures = field(default_factory=lambda: Figures(0, 0, 0, 0, 0))


class Killer:
    """Runs a batch and kills it, again and again, until a run ends by itself with nobody left.

    Args:
        batch: the batch.
        bolna: who is called.
        seed: decides the moments.
    """

    def __init__(self, batch: Batch, bolna: Bolna, *, seed: int) -> None:
        self.story = Story()
        self._batch = batch
        self._bolna = bolna
        self._random = Random(seed)

    def finish(self) -> None:
        """Kill and restart until it is done."""
        while not self._is_done(self._run_and_kill()):
            pass

    def _is_done(self, code: int) -> bool:
        if code == -signal.SIGKILL:
            return False
        assert code in ENDED | GO_ON
        self.story.endings[code] += 1
        return code in ENDED

    def _run_and_kill(self) -> int:
        """Run once, kill at a random moment; return the exit code."""
        log = self._batch.folder / "log"
        line = [sys.executable, "-m", "dialer", *self._batch.command("run")]
        with log.open("w") as told:
            process = subprocess.Popen(line, env=self._bolna.environment, stdout=told, stderr=told)
            self._wait(process)
            if process.poll() is None:
                self._kill(process)
        assert "Traceback" not in log.read_text(), log.read_text()
        return process.wait(PATIENCE)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return at a random moment: mostly some requests after the first one, sometimes before it, or when stalled."""
        spawned, before = time.monotonic(), self._bolna.requests()
        early = self._random.random() < 0.15
        latest = self._random.uniform(0.0, 1.5) if early else PATIENCE
        enough = PATIENCE if early else self._random.randint(1, 20)
        first, last, seen = None, 0.0, before
        while process.poll() is None:
            now, requests = time.monotonic(), self._bolna.requests()
            if requests > seen:
                first, last, seen = first or now, now, requests
            if now - spawned >= latest or requests - before >= enough or (first and now - last >= STALLED):
                break
            time.sleep(0.005)
        time.sleep(self._random.uniform(0.0, 0.02))

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        # Stopped first, so that the count is of the moment of the kill: what it is now waiting for, it never learns.
        process.send_signal(signal.SIGSTOP)
        in_flight = self._bolna.in_flight()
        process.kill()
        if process.wait(PATIENCE) == -signal.SIGKILL:
            self.story.kills += 1
            self.story.in_flight += in_flight > 0


def killed_to_the_end(folder: Path, *, seed: int, people: int, late: float = 0.0, **settings: object) -> Story:
    """Bring a batch to its end through kills, against a server with every fault; check it and return the story."""
    random = Random(seed)
    batch = Batch.write(folder, people=people, rate="200/second")
    faults = {number: [random.choice(FAULTS)] for number in batch.numbers if random.random() < 0.3}
    settings |= {"number_faults": faults, "retry_after": "seconds", "retry_after_seconds": 1, "listed_after": late}
    with sandbox(seed=seed, **settings) as bolna:
        killer = Killer(batch, bolna, seed=seed)
        killer.finish()
        story = killer.story
        story.unknown = batch.asked("SELECT count(*) FROM recipient WHERE state = 'unknown'")[0][0]
        time.sleep(late)
        assert run(bolna, batch.command("reconcile")) in ENDED
        story.figures = settled(batch, bolna)
    doubted = "SELECT count(DISTINCT recipient) FROM attempt WHERE outcome = 'unknown' OR words LIKE 'found at Bolna%'"
    story.doubted = batch.asked(doubted)[0][0]
    return story


SCENES: tuple[dict[str, Any], ...] = (
    {"skew": 7200, "latency": 0.02, "shifting_pages": True},
    {"skew": -7200, "latency": 0.005, "late": 1.5, "blank_to_number": True},
)


def tell(stories: list[Story], capsys: pytest.CaptureFixture[str]) -> None:
    """Print the figures, also when the test passes."""
    ends = sum((story.endings for story in stories), Counter[int]())
    figures = [story.figures for story in stories]
    with capsys.disabled():
        print(  # noqa: T201 - figures to be quoted
            f"\nkills {sum(s.kills for s in stories)}, in flight {sum(s.in_flight for s in stories)}, "
            f"ended by themselves {dict(sorted(ends.items()))} (by exit code); "
            f"recipients {sum(f.recipients for f in figures)}, placed {sum(f.placed for f in figures)}, "
            f"twice {sum(f.twice for f in figures)}, lost {sum(f.lost for f in figures)}; "
            f"ever in doubt {sum(s.doubted for s in stories)}, unknown before the last reconcile "
            f"{sum(s.unknown for s in stories)}, after it {sum(f.unknown for f in figures)} (none of them placed)"
        )


def test_killed_at_random_moments_nobody_is_called_twice_or_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor(len(SCENES)) as threads:
        stories = list(
            threads.map(
                lambda scene: killed_to_the_end(tmp_path / str(scene), seed=scene, people=120, **SCENES[scene]),
                range(len(SCENES)),
            )
        )
    tell(stories, capsys)
    kills = sum(story.kills for story in stories)
    assert kills >= 20
    assert sum(story.in_flight for story in stories) >= kills / 2


@pytest.mark.long
def test_killed_three_hundred_times_nobody_is_called_twice_or_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stories: list[Story] = []
    seed = 100
    while sum(story.kills for story in stories) < 300:
        scene = SCENES[seed % len(SCENES)]
        stories.append(killed_to_the_end(tmp_path / str(seed), seed=seed, people=200, **scene))
        seed += 1
    tell(stories, capsys)
    kills = sum(story.kills for story in stories)
    assert sum(story.in_flight for story in stories) >= kills / 2


# -- a crash at every step of the write order ----------------------------------------------------------------------

PEOPLE, FIRST = 16, 4
RATE, HOLDING = "50/second", 6 + 4
"""As many may hold an intent at that rate, waiting or in flight."""

STEPS = {
    "while the input is loaded": Crash("dialer.ledger.store:Ledger._load_chunk", "after"),
    "before the results are begun": Crash("dialer.results:ResultsFile.write"),
    "before the results of the start are in place": Crash("pathlib:Path.replace"),
    "after the results of the start": Crash("dialer.results:ResultsFile.write", "after"),
    "before the intent": Crash("dialer.ledger.writer:LedgerWriter.intend", turn=2),
    "before the intent is durable": Crash("dialer.ledger.store:Ledger.intend", "after", turn=2),
    "after the intent": Crash("dialer.ledger.writer:LedgerWriter.intend", "after", turn=2),
    "while paced": Crash("dialer.pacing:Pacer.wait", turn=5),
    "after the pacer": Crash("dialer.runner:body_of", turn=5),
    "after the POST": Crash("dialer.client:BolnaClient.call", "after", turn=5),
    "before the outcome": Crash("dialer.ledger.writer:LedgerWriter.settle", turn=5),
    "before the outcome is durable": Crash("dialer.ledger.store:Ledger.settle", "after", turn=5),
    "after the outcome": Crash("dialer.results:ResultsFile.append", turn=3),
    "within a line of the results": Crash("dialer.results:ResultsFile._opened", "torn", turn=3, cut=",queued,"),
    "within a key of the results": Crash("dialer.results:ResultsFile._opened", "torn", turn=3, cut=",k:+919800000"),
    "after a line of the results": Crash("dialer.results:ResultsFile.append", "after", turn=3),
    "in the middle of the last results": Crash("dialer.results:ResultsFile._cells", turn=2 * PEOPLE + 1),
    "before the last results are in place": Crash("pathlib:Path.replace", turn=2),
    "after the last results": Crash("dialer.results:ResultsFile.write", "after", turn=2),
    "between results and checkpoint": Crash("dialer.ledger.store:Ledger.close"),
}


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox(latency=0.01) as process:
        yield process


@pytest.fixture(scope="module")
def dialer(bolna: Bolna, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    with Crashing(bolna, tmp_path_factory.mktemp("log") / "log") as process:
        yield process


def crashed(folder: Path, dialer: Crashing, crash: Crash) -> Batch:
    """Return a batch of which some were called, whose second run has crashed."""
    batch = Batch.write(folder, people=PEOPLE, rate=RATE, max_in_flight=4)
    assert dialer.run(batch.command("run", "--limit", str(FIRST))) == 3
    shutil.copy(batch.ledger, batch.folder / "yesterday")
    assert dialer.run(batch.command("run"), crash) == CRASHED
    return batch


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_the_same_command_goes_on(tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str) -> None:
    batch = crashed(tmp_path, dialer, STEPS[step])
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_the_results_alone_go_on(tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str) -> None:
    batch = crashed(tmp_path, dialer, STEPS[step])
    batch.lose_ledger()
    assert dialer.run(batch.command("run", "--adopt")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_yesterdays_ledger_beside_todays_results_goes_on(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str
) -> None:
    batch = crashed(tmp_path, dialer, STEPS[step])
    batch.lose_ledger()
    shutil.copy(batch.folder / "yesterday", batch.ledger)
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING
