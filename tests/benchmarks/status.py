"""What `status` of a called list costs, against one question to its ledger; without the start of either."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tests.benchmarks.session import HEADER, LEDGER, line, ratio
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_COUNT = """
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
(table,) = [name for name in tables if "state" in [row[1] for row in db.execute(f"PRAGMA table_info({name})")]]
print(db.execute(f"SELECT state, count(*) FROM {table} GROUP BY state").fetchall())
"""
_FEW = 100
_LEAST = 0.001
"""Seconds: what a difference of two measurements is at least."""


def report(session: Session) -> str:
    """Return the table."""
    asked = session.in_turns({v.name: functools.partial(status, session, v, session.rows) for v in session.versions})
    counted = session.in_turns({v.name: functools.partial(_count, session, v, session.rows) for v in session.versions})
    lines = [
        line(f"`status` of {session.rows:,}, CPU", asked),
        line("`SELECT state, count(*)`, CPU", counted),
        ratio("- status against it", asked, counted),
    ]
    return table(f"Status, each less the same of {_FEW} rows: without the interpreter's start", HEADER, lines)


def status(session: Session, version: Version, rows: int) -> float:
    """Return the CPU seconds of `dialer status` of a called list, without those of a short list."""
    return _less_start(session, version, rows, lambda campaign: version.command("status", campaign))


def _count(session: Session, version: Version, rows: int) -> float:
    command = [str(version.python), "-c", _COUNT]
    return _less_start(session, version, rows, lambda campaign: [*command, str(campaign.with_name(LEDGER))])


def _less_start(session: Session, version: Version, rows: int, command: Callable[[Path], list[str]]) -> float:
    many, few = session.called(version, rows), session.called(version, _FEW)
    return max(session.spend(command(many)).cpu - session.spend(command(few)).cpu, _LEAST)
