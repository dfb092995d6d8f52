"""A batch on disk, a sandbox that outlives what is killed, and what must be true of the two at the end."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
PATIENCE = 60.0
PLACE = "POST /call"
FINAL = {"queued", "error", "unknown", "duplicate", "invalid"}
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Bolna:
    """A sandbox in a process of its own: its book survives whatever is done to those who call it."""

    base_url: str
    web: httpx.Client

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a process that calls it."""
        return os.environ | {"BOLNA_BASE_URL": self.base_url, "BOLNA_API_KEY": "bn-test", "PYTHONWARNINGS": ""}

    def counters(self) -> dict[str, Any]:
        """Return what it counted so far."""
        return dict(self._asked(limit=0)["counters"])

    def in_flight(self) -> int:
        """Return how many calls it has been asked to place and has not yet answered for."""
        return int(self.counters()["in_flight"].get(PLACE, 0))

    def requests(self) -> int:
        """Return how many calls it was asked to place."""
        return int(self.counters()["requests"].get(PLACE, 0))

    def calls(self) -> list[dict[str, Any]]:
        """Return every placed call, in the order of placing."""
        return list(self._asked(limit=1_000_000)["calls"])

    def force(self, *faults: str) -> None:
        """Let the next calls fail in these ways, one each."""
        self.web.post("/_sandbox/faults", json={"next": faults}).raise_for_status()

    def _asked(self, *, limit: int) -> dict[str, Any]:
        content: dict[str, Any] = self.web.get("/_sandbox/book", params={"limit": limit}).json()
        return content


@contextlib.contextmanager
def sandbox(**settings: object) -> Iterator[Bolna]:
    """Run a sandbox without limits of its own but for these settings."""
    free = {"call_rate": None, "agent_rate": None, "other_rate": None}
    command = [sys.executable, "-m", "dialer.sandbox", "--port", "0", "--settings", json.dumps(free | settings)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = json.loads(process.stdout.readline())["base_url"]
            with httpx.Client(base_url=base_url, timeout=PATIENCE, trust_env=False) as web:
                yield Bolna(base_url, web)
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Batch:
    """A campaign that calls so many people, with its files in one folder.

    Attributes:
        folder: where its files are.
        numbers: the recipients', in input order; the CSV holds some of them twice, and a row that is no number.
    """

    folder: Path
    numbers: tuple[str, ...]

    @classmethod
    def write(cls, folder: Path, *, count: int, rate: str, max_in_flight: int = 20) -> Batch:
        """Write a campaign file and its CSV."""
        folder.mkdir(parents=True, exist_ok=True)
        batch = cls(folder, tuple(f"+9198{index:08d}" for index in range(count)))
        batch.campaign.write_text(
            f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
            f'[pacing]\nrate = "{rate}"\nmax_in_flight = {max_in_flight}\n'
        )
        with (folder / "list.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("phone", "name"), *batch.input_rows()])
        return batch

    def input_rows(self) -> list[tuple[str, str]]:
        """Return the CSV's rows: each number, every tenth once more, and one that is none."""
        rows = [(number, f'Zoë "{index}",\nthe 2nd') for index, number in enumerate(self.numbers)]
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

    def without_ledger(self) -> None:
        """Delete the ledger with all that SQLite keeps beside it."""
        for path in self.folder.glob("c.results.ledger*"):
            path.unlink()

    def rows(self) -> list[Row]:
        """Return the results, read without the dialer's help."""
        with self.results.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))

    def asked(self, query: str) -> list[Any]:
        """Return what the ledger answers."""
        with contextlib.closing(sqlite3.connect(f"{self.ledger.as_uri()}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()


@dataclass(slots=True)
class Figures:
    """What a test has seen; two of them add up."""

    kills: int = 0
    in_flight: int = 0
    recipients: int = 0
    placed: int = 0
    twice: int = 0
    lost: int = 0
    doubted: int = 0
    unknown_before: int = 0
    unknown_after: int = 0
    endings: Counter[int] = field(default_factory=Counter)

    def __add__(self, other: Figures) -> Figures:
        """Return the sums."""
        return Figures(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def __str__(self) -> str:
        """Return one line to quote."""
        endings = ", ".join(f"{count} with exit {code}" for code, count in sorted(self.endings.items()))
        return (
            f"{self.kills} kills, {self.in_flight} of them with requests in flight; runs that ended by themselves: "
            f"{endings}. {self.recipients} recipients, {self.placed} calls placed, {self.twice} twice, {self.lost} lost; "
            f"{self.doubted} were in doubt at some time, {self.unknown_before} unknown before the last reconcile, "
            f"{self.unknown_after} after it, none of them placed"
        )


def command(name: str, batch: Batch, *options: str) -> list[str]:
    """Return a command line of the dialer's."""
    quiet = ["--yes", "--no-progress"] if name == "run" else []
    return [name, str(batch.campaign), *quiet, *options]


def run(name: str, batch: Batch, bolna: Bolna, *options: str) -> int:
    """Run a command to its end in a process of its own; return its exit code."""
    line = [sys.executable, "-m", "dialer", *command(name, batch, *options)]
    done = subprocess.run(
        line, env=bolna.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def settled(batch: Batch, bolna: Bolna) -> Figures:
    """Check that nobody was called twice and nobody is lost, that rows and book agree, and return the figures."""
    calls, rows = bolna.calls(), batch.rows()
    placed = {call["to_number"]: call["execution_id"] for call in calls}
    twice = [number for number, count in Counter(call["to_number"] for call in calls).items() if count > 1]
    assert not twice, f"called twice: {twice}"
    assert [row["row"] for row in rows] == [str(position) for position in range(1, len(batch.input_rows()) + 1)]
    assert [(row["phone"], row["name"]) for row in rows] == batch.input_rows()
    assert {row["status"] for row in rows} <= FINAL
    stand_for = [row for row in rows if row["key"]]
    assert [row["recipient_phone_number"] for row in stand_for] == list(batch.numbers)
    queued = {row["recipient_phone_number"]: row["execution_id"] for row in stand_for if row["status"] == "queued"}
    assert queued == placed, _disagreement(queued, placed, stand_for)
    assert all(row["error"] for row in rows if row["status"] != "queued"), "a reason is missing"
    assert batch.asked("PRAGMA quick_check") == [("ok",)]
    unknown = sum(row["status"] == "unknown" for row in stand_for)
    return Figures(recipients=len(batch.numbers), placed=len(calls), unknown_after=unknown)


def _disagreement(queued: dict[str, str], placed: dict[str, str], rows: Sequence[Row]) -> str:
    wrong = {number for number in queued | placed if queued.get(number) != placed.get(number)}
    found = [row for row in rows if row["recipient_phone_number"] in wrong]
    return f"placed: { {number: placed.get(number) for number in wrong} }; rows: {found}"
