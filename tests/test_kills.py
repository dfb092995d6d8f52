"""Nobody called twice, nobody lost: under `kill -9`, under a server with faults, under a crash at every step."""

from __future__ import annotations

import math
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from dialer.errors import ExitCode
from dialer.store.sqlite import mark_of
from tests.harness import CRASHED, PATIENCE, Batch, Crash, Crashing, Figures, Forked, run, sandbox, settled

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
BY_TIME = 0.1
"""The share of the kills that do not wait for a request: they strike while a run starts, or at its end."""
STALLED = 1.5
"""Seconds without a request after which a run surely waits for a silent answer: a hold lasts one second."""
MOST_RUNS = 200


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
        assert any(self._is_done(self._run_and_kill()) for _ in range(MOST_RUNS)), "it does not come to an end"

    def _is_done(self, code: int) -> bool:
        if code == -signal.SIGKILL:
            return False
        assert code in ENDED | GO_ON
        self.story.endings[code] += 1
        return code in ENDED

    def _run_and_kill(self) -> int:
        """Run once, kill at a random moment; return the exit code."""
        process = Forked(
            self._batch.command("run"), environment=self._bolna.environment, log=self._batch.folder / "log"
        )
        self._wait(process)
        if process.poll() is None:
            self._kill(process)
        code = process.wait()
        assert "Traceback" not in process.told(), process.told()
        return code

    def _wait(self, process: Forked) -> None:
        """Return some requests after the first one; now and then after some time, or when it waits for silence."""
        by_time = self._random.random() < BY_TIME
        latest = self._random.uniform(0.0, 1.5) if by_time else math.inf
        enough = math.inf if by_time else self._random.randint(1, 20)
        began, before = time.monotonic(), self._bolna.requests()
        moved, seen = began, before
        while process.poll() is None and seen - before < enough and time.monotonic() - began < latest:
            time.sleep(0.02)
            if (requests := self._bolna.requests()) > seen:
                moved, seen = time.monotonic(), requests
            elif time.monotonic() - moved > STALLED and self._bolna.in_flight():
                return
            assert time.monotonic() - moved < PATIENCE, "the run hangs"
        time.sleep(self._random.uniform(0.0, 0.01))

    def _kill(self, process: Forked) -> None:
        # Stopped first, so that the count is of the moment of the kill: what it is now waiting for, it never learns.
        process.send_signal(signal.SIGSTOP)
        in_flight = self._bolna.in_flight()
        process.kill()
        if process.wait() == -signal.SIGKILL:
            self.story.kills += 1
            self.story.in_flight += in_flight > 0


def killed_to_the_end(
    folder: Path, *, seed: int, people: int, rate: str, late: float = 0.0, **settings: object
) -> Story:
    """Bring a batch to its end through kills, against a server with every fault; check it and return the story."""
    random = Random(seed)
    batch = Batch.write(folder, people=people, rate=rate, start=seed * 1000)
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
    {"people": 80, "rate": "200/second", "skew": 7200, "latency": 0.03, "shifting_pages": True},
    {"people": 40, "rate": "40/second", "skew": -7200, "latency": 0.015, "late": 1.5, "blank_to_number": True},
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
    # All of them share a rate, so that they are killed as they agree on it, too.
    (tmp_path / "dialer.toml").write_text('[organisation]\nrate = "15000/minute"\n', encoding="utf-8")
    with ThreadPoolExecutor(len(SCENES)) as threads:
        stories = list(
            threads.map(
                lambda scene: killed_to_the_end(tmp_path / str(scene), seed=scene, **SCENES[scene]),
                range(len(SCENES)),
            )
        )
    tell(stories, capsys)
    kills = sum(story.kills for story in stories)
    assert kills >= 8
    # On a busy machine many are answered before the kill comes.
    assert sum(story.in_flight for story in stories) >= kills / 4


@pytest.mark.long
def test_killed_three_hundred_times_nobody_is_called_twice_or_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stories: list[Story] = []
    seed = 100
    while sum(story.kills for story in stories) < 300:
        scene = SCENES[seed % len(SCENES)]
        stories.append(killed_to_the_end(tmp_path / str(seed), seed=seed, **scene))
        seed += 1
    tell(stories, capsys)
    kills = sum(story.kills for story in stories)
    # On a busy machine many are answered before the kill comes.
    assert sum(story.in_flight for story in stories) >= kills / 4


def strangers(batch: Batch, bolna: Bolna) -> int:
    """Return how many are in doubt who were never called."""
    doubted = batch.asked("SELECT number FROM recipient WHERE state IN ('sending', 'unknown')")
    return len({f"+{number}" for (number,) in doubted} - {call["to_number"] for call in bolna.calls(batch.agent)})


def killed(folder: Path, *, kills: int, rate: str, max_in_flight: int, latency: float, after: tuple[int, int]) -> float:
    """Kill a run so often, each time after some requests; return how many strangers one kill leaves."""
    random = Random(1)
    batch = Batch.write(folder, people=kills * (after[1] + max_in_flight), rate=rate, max_in_flight=max_in_flight)
    with sandbox(latency=latency, lines=100_000) as bolna:
        for _ in range(kills):
            before, enough = bolna.requests(), random.randint(*after)
            process = Forked(batch.command("run"), environment=bolna.environment, log=folder / "log")
            while process.poll() is None and bolna.requests() - before < enough:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.25))
            process.kill()
            assert process.wait() == -signal.SIGKILL
        assert max(Counter(call["to_number"] for call in bolna.calls(batch.agent)).values()) == 1
        return strangers(batch, bolna) / kills


@pytest.mark.long
@pytest.mark.parametrize(
    ("scene", "most"),
    [
        ({"rate": "5/second", "max_in_flight": 20, "latency": 0.1, "after": (2, 8)}, 0.2),
        ({"rate": "400/second", "max_in_flight": 40, "latency": 0.08, "after": (150, 400)}, 10.0),
    ],
    ids=["slow", "fast"],
)
def test_a_kill_leaves_few_in_doubt_who_were_never_called(tmp_path: Path, scene: dict[str, Any], most: float) -> None:
    found = killed(tmp_path, kills=100, **scene)
    print(scene["rate"], found)  # noqa: T201 - the figure
    assert found <= most


# -- a crash at every step of the write order ----------------------------------------------------------------------

PEOPLE, FIRST = 10, 2
RATE, HOLDING = "50/second", 4
"""So many may hold an intent: who is in flight, or about to be."""

STEPS = {
    "while the input is loaded": Crash("dialer.store.sqlite.loading:_put", "after"),
    "before the first results": Crash("dialer.export.results:ResultsFile.write_changed"),
    "before the first results are in place": Crash("pathlib:Path.replace"),
    "after the first results": Crash("dialer.export.results:ResultsFile.write_changed", "after"),
    "before the intent": Crash("dialer.store.writer:LedgerWriter.intend", turn=2),
    "before the intent is durable": Crash("dialer.store.sqlite:Ledger.intend", "after", turn=2),
    "after the intent": Crash("dialer.store.writer:LedgerWriter.intend", "after", turn=2),
    "while paced": Crash("dialer.engine.pacing:Pacer.wait", turn=4),
    "after the pacer": Crash("dialer.engine.placing:Placing.place", turn=4),
    "after the POST": Crash("dialer.engine.placing:Placing._take", turn=4),
    "before the outcome": Crash("dialer.store.writer:LedgerWriter.settle", turn=4),
    "before the outcome is durable": Crash("dialer.store.sqlite:Ledger.settle", "after", turn=2),
    "after the outcome": Crash("dialer.export.results:ResultsFile.append"),
    "after a line of the results": Crash("dialer.export.results:ResultsFile.append", "after"),
    "in the middle of the last results": Crash(
        "dialer.export.results:ResultsFile._cells", turn=2 * (PEOPLE - FIRST) - 3
    ),
    "before the last results are in place": Crash("pathlib:Path.replace", turn=2),
    "after the last results": Crash("dialer.export.results:ResultsFile.write_changed", "after", turn=2),
    "between results and checkpoint": Crash("dialer.store.sqlite:Ledger.close"),
}
CARRIED = (
    "before the intent is durable",
    "while paced",
    "after the POST",
    "before the outcome is durable",
    "after the outcome",
    "after a line of the results",
    "in the middle of the last results",
    "after the last results",
)
"""Those after which a former ledger, or none, knows less than what was done, each in its own way."""
TEARS = {"number": r"\r\n\d+,\+9198", "id": ",queued,....", "key": r",k:\+9198", "cell": r",k:\+\d+,\+9198"}


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox(latency=0.002) as process:
        yield process


@pytest.fixture(scope="module")
def dialer(bolna: Bolna, tmp_path_factory: pytest.TempPathFactory) -> Crashing:
    return Crashing(bolna, tmp_path_factory.mktemp("log") / "log")


def crashed(folder: Path, dialer: Crashing, crash: Crash, *, list_grows: bool = False) -> Batch:
    """Return a batch of which some were called, whose second run has crashed.

    The first run called a few: by its limit, or because the list held no more then.
    """
    batch = Batch.write(folder, people=PEOPLE, rate=RATE, max_in_flight=HOLDING)
    if list_grows:
        batch.write_list(FIRST)
        assert dialer.run(batch.command("run")) in ENDED
        batch.write_list()
    else:
        assert dialer.run(batch.command("run", "--limit", str(FIRST))) in GO_ON
    shutil.copy(batch.ledger, batch.folder / "yesterday")
    for path in (mark_of(batch.ledger), batch.results):
        shutil.copy(path, batch.folder / f"yesterday {path.name}")
    assert dialer.run(batch.command("run"), crash) == CRASHED
    return batch


def with_yesterdays_ledger(batch: Batch) -> None:
    batch.lose_ledger()
    shutil.copy(batch.folder / "yesterday", batch.ledger)


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_the_same_command_goes_on(tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str) -> None:
    # A list that is the same as before is not loaded again.
    batch = crashed(tmp_path, dialer, STEPS[step], list_grows=step == "while the input is loaded")
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


@pytest.mark.parametrize("step", CARRIED)
def test_after_a_crash_the_results_alone_go_on(tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str) -> None:
    batch = crashed(tmp_path, dialer, STEPS[step])
    batch.lose_ledger()
    assert dialer.run(batch.command("run", "--adopt")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


@pytest.mark.parametrize("step", CARRIED)
def test_after_a_crash_yesterdays_ledger_beside_todays_results_goes_on(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str
) -> None:
    batch = crashed(tmp_path, dialer, STEPS[step])
    with_yesterdays_ledger(batch)
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


ALONGSIDE = (("the mark",), ("the mark", "the results"), ("the results",))


@pytest.mark.parametrize("with_it", ALONGSIDE, ids=" and ".join)
@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=() if step == "after the POST" else pytest.mark.long) for step in CARRIED]
)
def test_after_a_crash_yesterdays_ledger_with_other_files_of_yesterday_goes_on(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, step: str, with_it: tuple[str, ...]
) -> None:
    """With all of them it is as on a disk that was restored whole: only Bolna tells of today."""
    batch = crashed(tmp_path, dialer, STEPS[step])
    mark = mark_of(batch.ledger)
    kept = mark.read_bytes()
    with_yesterdays_ledger(batch)
    mark.write_bytes(kept)
    for name, path in (("the mark", mark), ("the results", batch.results)):
        if name in with_it:
            shutil.copy(batch.folder / f"yesterday {path.name}", path)
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    assert settled(batch, bolna).unknown <= HOLDING


def test_yesterdays_ledger_of_a_list_that_has_grown_goes_on(tmp_path: Path, bolna: Bolna, dialer: Crashing) -> None:
    """The results of yesterday's end and of today's start are then the same, byte for byte."""
    batch = crashed(tmp_path, dialer, STEPS["after the POST"], list_grows=True)
    with_yesterdays_ledger(batch)
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    settled(batch, bolna)


def test_the_results_can_be_written_anew_as_often_as_wanted_after_a_kill(
    tmp_path: Path, bolna: Bolna, dialer: Crashing
) -> None:
    batch = crashed(tmp_path, dialer, STEPS["after a line of the results"])
    written = []
    for _ in range(3):
        assert dialer.run(batch.command("results")) == 0, dialer.told()
        written.append(batch.results.read_bytes())
    assert len(set(written)) == 1
    assert dialer.run(batch.command("run")) in ENDED
    # No false alarm: nothing was taken over, and the ledger is the one that was left.
    assert "taken over" not in dialer.told()
    assert batch.asked("SELECT value FROM meta WHERE name = 'calls_missing'") == []
    settled(batch, bolna)


@pytest.mark.parametrize("command", ["reconcile", "results"])
def test_no_other_command_makes_yesterdays_ledger_forget_todays_results(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, command: str
) -> None:
    """Whether it is done or refused: people whom only the results or Bolna knew are not called by the run after it."""
    batch = crashed(tmp_path, dialer, STEPS["after the POST"])
    with_yesterdays_ledger(batch)
    dialer.run(batch.command(command))
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    settled(batch, bolna)


@pytest.mark.parametrize(
    ("ledger", "within"), [*(("lost", within) for within in TEARS), *(("kept", within) for within in ("id", "cell"))]
)
def test_a_torn_line_of_the_results_says_nothing_wrong(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, within: str, ledger: str
) -> None:
    batch = crashed(tmp_path, dialer, STEPS["after a line of the results"])
    batch.tear(TEARS[within])
    if ledger == "lost":
        batch.lose_ledger()
    assert dialer.run(batch.command("run", "--adopt")) in ENDED, dialer.told()
    settled(batch, bolna)


@pytest.mark.parametrize("at", ["dialer.store.sqlite:Ledger.recover", "dialer.store.sqlite:Ledger.found"])
def test_a_crash_while_a_crash_is_mended_changes_nothing(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, at: str
) -> None:
    batch = crashed(tmp_path, dialer, STEPS["after the POST"])
    assert dialer.run(batch.command("run"), Crash(at, "after")) == CRASHED
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    settled(batch, bolna)


@pytest.mark.parametrize("at", ["dialer.store.sqlite:Ledger.merge", "dialer.store.sqlite:Ledger.adopt"])
def test_a_crash_while_results_are_adopted_changes_nothing(
    tmp_path: Path, bolna: Bolna, dialer: Crashing, at: str
) -> None:
    batch = crashed(tmp_path, dialer, STEPS["after the POST"], list_grows=True)
    with_yesterdays_ledger(batch)
    assert dialer.run(batch.command("run"), Crash(at, "after")) == CRASHED
    assert dialer.run(batch.command("run")) in ENDED, dialer.told()
    settled(batch, bolna)


@pytest.mark.parametrize(("first", "then", "last"), [(15, 5, 1), (3, 25, 4)])
def test_an_older_ledger_under_the_log_of_a_killed_run_calls_nobody_twice(
    tmp_path: Path, first: int, then: int, last: int
) -> None:
    """SQLite takes the log for the older file's own: what is missing in between is not always seen by it."""
    batch = Batch.write(tmp_path, people=300, rate="400/second")
    with sandbox(lines=1000) as bolna:
        assert run(bolna, batch.command("run", "--limit", str(first))) == ExitCode.LEFT
        shutil.copy(batch.ledger, tmp_path / "older")
        assert run(bolna, batch.command("run", "--limit", str(then))) == ExitCode.LEFT
        killed = Forked(batch.command("run"), environment=bolna.environment, log=tmp_path / "log")
        end = time.monotonic() + PATIENCE
        while bolna.requests() < first + then + last and time.monotonic() < end:
            time.sleep(0.002)
        killed.kill()
        killed.wait()
        assert batch.ledger.with_name(f"{batch.ledger.name}-wal").stat().st_size
        (tmp_path / "older").replace(batch.ledger)
        assert run(bolna, batch.command("run")) in {ExitCode.LOOK, ExitCode.LEFT, ExitCode.MUST_ACT}
        assert max(Counter(call["to_number"] for call in bolna.calls(batch.agent)).values()) == 1
