"""How soon a long list is dialled: the first request of a first run, and of one that goes on."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.intake import READ, forget
from tests.benchmarks.process import Program, spend
from tests.benchmarks.session import HEADER, RESULTS, called_of, line, ratio
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_WITHIN = 1200.0


def report(session: Session) -> str:
    """Return the table."""
    return table("Until the first request", HEADER, [*_first_runs(session), *_resumed(session)])


def _first_runs(session: Session) -> list[tuple[str, ...]]:
    """A first run, by the clock and by the CPU, against only reading the list."""
    rows = session.rows
    reads: dict[str, list[float]] = {"clock": [], "cpu": []}
    clocks: dict[str, list[float]] = {version.name: [] for version in session.versions}
    cpus: dict[str, list[float]] = {version.name: [] for version in session.versions}
    command = [sys.executable, "-c", "import pandas, sys; pandas.read_csv(sys.argv[1], dtype=str)"]
    for _ in range(min(session.rounds, 3)):
        took = spend([*command, str(session.list_of(rows))])
        reads["clock"].append(took.clock)
        reads["cpu"].append(took.cpu)
        for version in session.versions:
            clock, cpu = first(session, version, rows)
            clocks[version.name].append(clock)
            cpus[version.name].append(cpu)
    return [
        line(f"first run of {rows:,}, clock", clocks | {READ: reads["clock"]}, against=READ),
        line(f"first run of {rows:,}, CPU", cpus | {READ: reads["cpu"]}, against=READ),
    ]


def first(session: Session, version: Version, rows: int) -> tuple[float, float]:
    """Return the seconds by the clock and of the CPU until the first request of a first run."""
    campaign = session.campaign(version, "first", rows)
    forget(campaign)
    session.server.begin(latency=0.0)
    # Killed at its first request: the results, which it would write at its end, are not what is measured.
    program = Program(_run(version, campaign), url=session.server.url, folder=session.folder)
    found = program.until_first_call(session.server, within=_WITHIN)
    program.kill()
    return found


def _resumed(session: Session) -> list[tuple[str, ...]]:
    """A run that goes on: nobody called, all but a few called, and the same of the long list."""
    rows, tenth = session.rows, session.tenth

    def found(size: int, *, called: bool) -> dict[str, list[float]]:
        versions = session.versions
        return session.in_turns({v.name: functools.partial(again, session, v, size, called=called) for v in versions})

    of_nobody, of_most, of_all = found(tenth, called=False), found(tenth, called=True), found(rows, called=True)
    return [
        line(f"run that goes on, {tenth:,}, nobody called, CPU", of_nobody),
        line(f"run that goes on, {called_of(tenth):,} of {tenth:,} called, CPU", of_most),
        ratio("- against nobody called", of_most, of_nobody),
        line(f"run that goes on, {called_of(rows):,} of {rows:,} called, CPU", of_all),
        ratio(f"- against {called_of(tenth):,} of {tenth:,} called", of_all, of_most),
    ]


def again(session: Session, version: Version, rows: int, *, called: bool) -> float:
    """Return the CPU seconds until the first request of a run that goes on; its end is as usual."""
    campaign = session.called(version, rows) if called else session.campaign(version, "loaded", rows)
    if not campaign.with_name(RESULTS).exists():
        session.spend([*_run(version, campaign), "--limit", "0"])
    session.server.begin(latency=0.0)
    program = Program([*_run(version, campaign), "--limit", "1"], url=session.server.url, folder=session.folder)
    _, cpu = program.until_first_call(session.server, within=_WITHIN)
    program.finish(within=_WITHIN)
    return cpu


def _run(version: Version, campaign: Path) -> list[str]:
    return version.command("run", campaign, "--yes", "-o", "json")
