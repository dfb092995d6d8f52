"""A batch on disk, a sandbox that outlives what is killed, crashes knocked in, and what must be true at the end."""

from __future__ import annotations

import contextlib
import csv
import importlib
import inspect
import json
import multiprocessing
import os
import re
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import uuid
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from dialer.store.ledger import gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

ROOT = Path(__file__).parent.parent
PATIENCE = 180.0
PLACE = "POST /call"
CRASHED = 9
_FINAL = {"queued", "error", "unknown", "duplicate", "invalid"}

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    [
        # All that is loaded only when a command asks for it, but for what draws charts.
        *(
            ".".join(parts).removesuffix(".__init__")
            for parts in (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "dialer").rglob("*.py"))
            if not {"report", "__main__"} & {*parts}
        ),
        *("anyio._backends._asyncio", "certifi", "phonenumbers.data.region_IN", "trio", "tests.harness", "tests.warm"),
    ]
)


@dataclass(frozen=True, slots=True)
class Bolna:
    """A sandbox in a process of its own: its book survives whatever is done to those who call it."""

    base_url: str
    web: httpx.Client

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that calls it."""
        return os.environ | {"BOLNA_BASE_URL": self.base_url, "BOLNA_API_KEY": "bn-test"}

    def requests(self) -> int:
        """Return how many calls it was asked to place."""
        return int(self._book(limit=0)["counters"]["requests"].get(PLACE, 0))

    def in_flight(self) -> int:
        """Return how many of them it has not answered yet."""
        return int(self._book(limit=0)["counters"]["in_flight"].get(PLACE, 0))

    def refused(self) -> int:
        """Return how many requests it answered with 429."""
        return int(self._book(limit=0)["counters"]["throttled"])

    def calls(self, agent: str) -> list[dict[str, Any]]:
        """Return every call that an agent was made to place, in the order of placing."""
        return [call for call in self._book(limit=1_000_000)["calls"] if call["body"]["agent_id"] == agent]

    def _book(self, *, limit: int) -> dict[str, Any]:
        content: dict[str, Any] = self.web.get("/_sandbox/book", params={"limit": limit}).json()
        return content


@contextlib.contextmanager
def sandbox(**settings: object) -> Iterator[Bolna]:
    """Run a sandbox with these settings, and no limit of requests."""
    free = {"call_rate": None, "agent_rate": None, "other_rate": None}
    receives, sends = _forks.Pipe(duplex=False)
    with receives:
        with sends, contextlib.chdir(ROOT):  # whence the process that is forked imports the tests
            process = _forks.Process(target=_serve, args=(free | settings, sends), daemon=True)
            process.start()
        try:
            assert receives.poll(PATIENCE), "the sandbox does not start"
            base_url = receives.recv()
            with httpx.Client(base_url=base_url, timeout=PATIENCE, trust_env=False) as web:
                yield Bolna(base_url, web)
        finally:
            process.kill()
            process.join()


def _serve(settings: dict[str, object], ready: Connection) -> None:
    from dialer.provider.bolna.sandbox import serve  # noqa: PLC0415 - who sends it commands needs nothing of it
    from dialer.provider.bolna.sandbox.settings import parse  # noqa: PLC0415 - as above

    serve(parse(json.dumps(settings)), port=0, on_ready=ready.send)


@dataclass(frozen=True, slots=True)
class Batch:
    """A campaign with its files in one folder.

    Attributes:
        folder: where its files are.
        agent: who calls; no two batches have the same.
        numbers: whom, in input order.
    """

    folder: Path
    agent: str
    numbers: tuple[str, ...]

    @classmethod
    def write(
        cls,
        folder: Path,
        *,
        people: int,
        rate: str,
        max_in_flight: int = 20,
        start: int = 0,
        reads: str = "5000/second",
    ) -> Self:
        """Write a campaign file and its CSV: so many people, whose numbers begin at `start`."""
        folder.mkdir(exist_ok=True)
        batch = cls(folder, str(uuid.uuid4()), tuple(f"+9198{start + index:08d}" for index in range(people)))
        batch.campaign.write_text(
            f'agent_id = "{batch.agent}"\nrecipients = "list.csv"\n'
            f'[pacing]\nrate = "{rate}"\nmax_in_flight = {max_in_flight}\nreads = "{reads}"\n'
        )
        batch.write_list()
        return batch

    def write_list(self, rows: int | None = None) -> None:
        """Write the CSV: all of it, or only its first rows."""
        with (self.folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("phone", "name"), *self.input_rows()[:rows]])

    def input_rows(self) -> list[tuple[str, str]]:
        """Return the CSV's rows: everybody, one row that is no number, and every tenth person once more."""
        rows = [(number, f'Zoë "{index}",\r\nthe 2nd') for index, number in enumerate(self.numbers)]
        return [*rows[:5], ("no number", "Nobody"), *rows[5:], *rows[::10]]

    @property
    def campaign(self) -> Path:
        """The campaign file."""
        return self.folder / "c.toml"

    @property
    def results(self) -> Path:
        """The results CSV."""
        return self.folder / "c.results.csv"

    @property
    def ledger(self) -> Path:
        """The ledger."""
        return self.folder / "c.results.ledger"

    def lose_ledger(self) -> None:
        """Delete the ledger with all that lies beside it."""
        for path in self.folder.glob("c.results.ledger*"):
            path.unlink()

    def rows(self) -> list[dict[str, str]]:
        """Return the results, read without the dialer's help."""
        with self.results.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))

    def tear(self, pattern: str) -> None:
        """Cut the results after the last match, within their last line, as a kill or a power cut may leave them."""
        text = self.results.read_bytes().decode()
        *_, last = re.finditer(pattern, text)
        self.results.write_bytes(text[: last.end()].encode())

    def asked(self, query: str) -> list[Any]:
        """Return what the ledger answers."""
        with contextlib.closing(sqlite3.connect(f"{self.ledger.as_uri()}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()

    def command(self, name: str, *options: str) -> list[str]:
        """Return the words of a command on this batch."""
        return [name, str(self.campaign), *(["--yes", "--no-progress"] if name == "run" else []), *options]


@dataclass(frozen=True, slots=True)
class Figures:
    """How a batch ended: recipients, calls, and how many were called twice, lost, or are unknown."""

    recipients: int
    placed: int
    twice: int
    lost: int
    unknown: int


def settled(batch: Batch, bolna: Bolna) -> Figures:
    """Check that nobody was called twice and nobody is lost, that rows and book agree, and return the figures.

    Everybody has one row, in input order; who was placed is `queued` with that call's id, and nobody else is.
    """
    calls, rows = bolna.calls(batch.agent), batch.rows()
    people = [row for row in rows if row["key"]]
    times = Counter(call["to_number"] for call in calls)
    twice = [number for number in times if times[number] > 1]
    lost = set(batch.numbers) - {row["recipient_phone_number"] for row in people}
    assert (twice, lost) == ([], set()), f"called twice: {twice}; lost: {lost}"
    assert times.keys() <= set(batch.numbers)
    assert [row["row"] for row in rows] == [str(position) for position in range(1, len(batch.input_rows()) + 1)]
    assert [(row["phone"], row["name"]) for row in rows] == batch.input_rows()
    assert [row["recipient_phone_number"] for row in people] == list(batch.numbers)
    assert {row["status"] for row in rows} <= _FINAL
    assert all(row["error"] for row in rows if row["status"] != "queued")
    assert all(row["updated_at"] for row in people)
    queued = {row["recipient_phone_number"]: row["execution_id"] for row in people if row["status"] == "queued"}
    assert queued == {call["to_number"]: call["execution_id"] for call in calls}
    assert batch.asked("PRAGMA quick_check") == [("ok",)]
    unknown = sum(row["status"] == "unknown" for row in people)
    return Figures(len(batch.numbers), len(calls), len(twice), len(lost), unknown)


# -- commands in processes of their own ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crash:
    """Where a process ends without a word.

    Attributes:
        at: `module:function` or `module:Class.method`.
        when: `before` or `after` it does its work.
        turn: the how-manyeth time, from 1.
    """

    at: str
    when: Literal["before", "after"] = "before"
    turn: int = 1


class Forked:
    """A command in a fork of a process that has imported everything: most of what a start costs is the imports.

    Args:
        words: of the command, without `dialer`.
        environment: all of it.
        log: a file for what it says.
        crash: where it is to end without a word.
        late: in place of `gaps.LATE`; 0.0 is half an hour later, when whatever was placed is listed.
        ignores: a signal that it does not hear, as SIGHUP under `nohup`.
        terminal: the device that it runs on; nothing is written to the log then.
    """

    def __init__(
        self,
        words: list[str],
        *,
        environment: dict[str, str],
        log: Path,
        crash: Crash | None = None,
        late: float = gaps.LATE,
        ignores: signal.Signals | None = None,
        terminal: str = "",
    ) -> None:
        log.write_bytes(b"")
        self._log = log
        start = _Start(words, environment, log, crash, late, ignores, terminal)
        with contextlib.chdir(ROOT):  # whence the process that is forked imports the tests
            # What a failed test leaves ends with the tests.
            self._process = _forks.Process(target=_command, args=(start,), daemon=True)
            self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def told(self) -> str:
        """Return what it has said so far."""
        return self._log.read_text(encoding="utf-8")

    def poll(self) -> int | None:
        """Return the exit code, or None while it goes on."""
        return self._process.exitcode

    def send_signal(self, sent: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sent)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Wait for its end and return the exit code; negative: the signal that ended it."""
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        return code


def wait_until(true: Callable[[], bool], process: Forked | None = None) -> None:
    """Wait for something, and no longer than a process goes on that is to do it."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert process is None or process.poll() is None, f"it ended too early: {process.told()}"
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.005)


def run(bolna: Bolna, words: list[str]) -> int:
    """Run a command to its end in a process of its own; return its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        process = Forked(words, environment=bolna.environment, log=Path(folder) / "log")
        code = process.wait()
        assert "Traceback" not in process.told(), process.told()
        return code


class Crashing:
    """Runs commands in processes of their own, with crashes knocked in.

    Args:
        bolna: who is called.
        log: a file for what the commands say.
    """

    def __init__(self, bolna: Bolna, log: Path) -> None:
        self._bolna = bolna
        self._log = log

    def run(self, words: list[str], crash: Crash | None = None) -> int:
        """Run a command to its end, or to its crash (then `CRASHED`); return its exit code."""
        process = Forked(words, environment=self._bolna.environment, log=self._log, crash=crash, late=0.0)
        code = process.wait()
        assert "Traceback" not in process.told(), process.told()
        return code

    def told(self) -> str:
        """Return what the last command said."""
        return self._log.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Start:
    """What a forked process is given, as `Forked` has it."""

    words: list[str]
    environment: dict[str, str]
    log: Path
    crash: Crash | None
    late: float
    ignores: signal.Signals | None
    terminal: str


def _command(start: _Start) -> None:
    from dialer.cli import main  # noqa: PLC0415 - the tests need nothing of it
    from dialer.operations import eligibility, results_writer  # noqa: PLC0415 - as above

    os.environ.clear()
    os.environ.update(start.environment)
    gaps.LATE = start.late
    # Runs that meet on a number try again sooner than where people wait for it: what they do then is the same.
    eligibility.MEET_AGAIN = (0.2, 4.0)
    # A short run would have ended before its first line was due.
    results_writer._GATHER = 0.0
    _hear(but=start.ignores)
    _speak(start.log, start.terminal)
    try:
        if start.crash:
            _knock_in(start.crash)
        code = main(start.words)
    except BaseException:  # noqa: BLE001 - told in the log, where the test looks
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _hear(*, but: signal.Signals | None) -> None:
    """Hear signals, also where these tests run under nohup or in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN if one == but else signal.SIG_DFL)


def _speak(log: Path, terminal: str) -> None:
    """Write into the log, or be on a terminal with all three streams."""
    if not terminal:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        return
    os.setsid()
    device = os.open(terminal, os.O_RDWR)
    for stream in range(3):
        os.dup2(device, stream)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - a descriptor, to the end of the process
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _knock_in(crash: Crash) -> None:
    module, _, path = crash.at.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for step in owners:
        owner = getattr(owner, step)
    setattr(owner, name, _crashing(getattr(owner, name), crash))


def _crashing(original: Callable[..., Any], crash: Crash) -> Callable[..., Any]:
    turns = count(1)

    async def asynchronous(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the original
        now = next(turns) == crash.turn
        _crash_if(now and crash.when == "before")
        outcome = await original(*args, **options)
        _crash_if(now)
        return outcome

    def synchronous(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the original
        now = next(turns) == crash.turn
        _crash_if(now and crash.when == "before")
        outcome = original(*args, **options)
        _crash_if(now)
        return outcome

    return asynchronous if inspect.iscoroutinefunction(original) else synchronous


def _crash_if(now: bool) -> None:  # noqa: FBT001 - a condition
    if now:
        os._exit(CRASHED)
