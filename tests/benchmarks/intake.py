"""What it costs to judge a list and to put it into the ledger, against only reading it with pandas."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.session import HEADER, line
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_READ = "import pandas, sys; assert len(pandas.read_csv(sys.argv[1], dtype=str))"
READ = "read"
"""Only read the file, as one would without this tool."""


def report(session: Session) -> str:
    """Return the table."""
    rows = session.rows
    session.server.begin(latency=0.0)
    sizes: dict[str, list[float]] = {version.name: [] for version in session.versions}
    checks = {version.name: functools.partial(check, session, version, rows) for version in session.versions}
    loads = {version.name: functools.partial(load, session, version, rows, sizes) for version in session.versions}
    reads = {READ: functools.partial(read, session, rows)}
    lines = [
        line(f"check {rows:,} x 7, CPU", session.in_turns(reads | checks), against=READ),
        line("load into the ledger, CPU", session.in_turns(reads | loads), against=READ),
        line("ledger, bytes a row", sizes, unit="bytes"),
    ]
    return table("Intake (read: only `pandas.read_csv`)", HEADER, lines)


def read(session: Session, rows: int) -> float:
    """Return the CPU seconds of only reading the list."""
    return session.spend([sys.executable, "-c", _READ, str(session.list_of(rows))]).cpu


def check(session: Session, version: Version, rows: int) -> float:
    """Return the CPU seconds of `dialer check`."""
    return session.spend(version.command("check", session.campaign(version, "check", rows))).cpu


def load(session: Session, version: Version, rows: int, sizes: dict[str, list[float]]) -> float:
    """Return the CPU seconds of judging a list into a new ledger; note how many bytes a row takes there."""
    campaign = session.campaign(version, "load", rows)
    forget(campaign)
    took = session.spend(version.task("load", campaign))
    sizes[version.name].append(sum(path.stat().st_size for path in campaign.parent.glob("*.ledger*")) / rows)
    return took.cpu


def forget(campaign: Path) -> None:
    """Delete all that a batch has left."""
    for path in campaign.parent.iterdir():
        if path.name not in {campaign.name, "people.csv"}:
            path.unlink()
