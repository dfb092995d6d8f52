"""How what people wait for grows with the list: a hundredth of it, a tenth, all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import intake, memory, starting, status
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version


def report(session: Session) -> str:
    """Return the table."""
    session.server.begin(latency=0.0)
    sizes = [session.rows // 100, session.tenth, session.rows]
    columns = [(version, size) for size in sizes for version in session.versions]
    found = [_measured(session, version, size) for version, size in columns]
    header = ("CPU, or peak", *(f"{version.name}, {size:,}" for version, size in columns))
    return table("Growth, one round", header, [(what, *(one[what] for one in found)) for what in found[0]])


def _measured(session: Session, version: Version, rows: int) -> dict[str, str]:
    sizes: dict[str, list[float]] = {version.name: []}
    figures = {
        "only read": intake.read(session, rows),
        "check": intake.check(session, version, rows),
        "load": intake.load(session, version, rows, sizes),
        "first request, first run": starting.first(session, version, rows)[1],
        "first request, all but a few called": starting.again(session, version, rows, called=True),
        "status, without the start": status.status(session, version, rows),
    }
    peaks = memory.peaks_of_a_run(session, version, rows)
    return (
        {what: f"{seconds:.2f} s" for what, seconds in figures.items()}
        | {"ledger, bytes a row": f"{sizes[version.name][0]:.0f}"}
        | {what: f"{peak:.0f} MB" for what, peak in peaks.items()}
    )
