"""What all measurements of one run share: versions, sizes, rounds, and how a line of a table comes about."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.lists import IN_FLIGHT, UNLIMITED, write_campaign, write_list
from tests.benchmarks.process import peak, spend
from tests.benchmarks.table import paired

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.process import Spent
    from tests.benchmarks.server import Server
    from tests.benchmarks.versions import Version

_SLOW = 30.0
_FEW = 3
_LEFT = 100


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the benchmarks.

    Attributes:
        versions: before, where it can be had, and now.
        folder: for files.
        server: takes the calls.
        rows: of a long list.
        rounds: how often each is measured.
        quick: with small numbers, to see that it works.
    """

    versions: Sequence[Version]
    folder: Path
    server: Server
    rows: int
    rounds: int
    quick: bool

    @property
    def now(self) -> Version:
        """The version of the working tree."""
        return self.versions[-1]

    @property
    def tenth(self) -> int:
        """Rows of a list that is not long."""
        return self.rows // 10

    def list_of(self, rows: int) -> Path:
        """Return a list of so many rows; it is written once."""
        path = self.folder / f"{rows}.csv"
        if not path.exists():
            write_list(path, rows)
        return path

    def campaign(
        self, version: Version, what: str, rows: int, *, rate: str = UNLIMITED, in_flight: int = IN_FLIGHT
    ) -> Path:
        """Return a campaign of a version for a list of so many rows; `what` names the one that is asked for again."""
        folder = self.folder / f"{version.name}-{what}-{rows}"
        path = folder / "campaign.toml"
        return path if path.exists() else write_campaign(folder, self.list_of(rows), rate=rate, in_flight=in_flight)

    def called(self, version: Version, rows: int) -> Path:
        """Return a campaign whose list is called but for a few, and whose results are written; it is made once."""
        path = self.campaign(version, "called", rows)
        made = path.with_name("made")
        if not made.exists():
            self.spend(version.task("call", path, str(called_of(rows))))
            self.spend(version.command("run", path, "--yes", "--limit", "1", "-o", "json"))
            made.touch()
        return path

    def spend(self, command: Sequence[str]) -> Spent:
        """Run a program to its end; return what it took."""
        return spend(command, url=self.server.url, folder=self.folder)

    def peak(self, command: Sequence[str]) -> float:
        """Run a program to its end; return its peak of memory in MiB."""
        return peak(command, url=self.server.url, folder=self.folder)

    def in_turns(self, measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
        """Measure in turns, each time another one first, and say each on standard error; of what takes long, three."""
        found: dict[str, list[float]] = {name: [] for name in measures}
        for turn in range(self.rounds):
            if turn >= _FEW and any(max(values) > _SLOW for values in found.values()):
                break
            names = list(measures)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                found[name].append(measures[name]())
                print(f"{time.strftime('%H:%M:%S')} {name} {found[name][-1]:.4f}", file=sys.stderr, flush=True)
        return found


def called_of(rows: int) -> int:
    """Return how many of a list are called where but a few are left."""
    return rows - min(_LEFT, rows // 10)


def line(
    what: str, found: Mapping[str, Sequence[float]], *, unit: str = "s", against: str = "", scale: float = 1.0
) -> tuple[str, ...]:
    """Return a line of a table: medians before and now, both against another figure, and now against before."""
    before, now = found.get("before"), found["now"]
    cells = [
        "" if values is None else _cell(values, found.get(against), unit=unit, scale=scale) for values in (before, now)
    ]
    change = f"{paired(now, before):.2f} x" if before else ""
    beside = f"{against}: {_figure(statistics.median(found[against]) * scale, unit)}" if against else ""
    return what, beside, *cells, change, f"{len(now)}"


def ratio(what: str, ones: Mapping[str, Sequence[float]], others: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Return a line of how much more the ones are than the others."""
    cells = [f"{paired(ones[name], others[name]):.2f} x" if name in ones else "" for name in ("before", "now")]
    return what, "", *cells, "", ""


LEDGER, RESULTS = "campaign.results.ledger", "campaign.results.csv"
"""What a campaign leaves, by name."""
HEADER = ("", "beside", "before", "now", "now : before", "rounds")


def _cell(values: Sequence[float], base: Sequence[float] | None, *, unit: str, scale: float) -> str:
    figure = _figure(statistics.median(values) * scale, unit)
    return figure if base is None else f"{figure} = {paired(values, base):.2f} x"


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 20 else 2
    return f"{value:,.{digits}f} {unit}"
