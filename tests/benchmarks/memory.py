"""How much memory each command takes, by how many recipients a batch has."""

from __future__ import annotations

import csv
import shutil
from typing import TYPE_CHECKING

from tests.benchmarks.intake import forget
from tests.benchmarks.session import RESULTS
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_SAVED = "saved by a spreadsheet"


def report(session: Session) -> str:
    """Return the table: the peak for a list and for a tenth of it, and the ratio of both."""
    session.server.begin(latency=0.0)
    sizes = (session.tenth, session.rows)
    found = {(version.name, size): _measured(session, version, size) for size in sizes for version in session.versions}
    names = [version.name for version in session.versions]
    rows = []
    for verb in found["now", sizes[0]]:
        peaks = [[found[name, size][verb] if name in names else 0.0 for name in ("before", "now")] for size in sizes]
        ratios = [few and many / few for few, many in zip(*peaks, strict=True)]
        figures = [f"{peak:.0f} MB" if peak else "" for pair in peaks for peak in pair]
        rows.append((verb, *figures, *(f"{ratio:.2f} x" if ratio else "" for ratio in ratios)))
    few, many = (f"{size:,}" for size in sizes)
    header = ("", *(f"{when}, {size}" for size in (few, many) for when in ("before", "now")), "before", "now")
    return table("Peak memory, all but a few of the list called", header, rows)


def _measured(session: Session, version: Version, rows: int) -> dict[str, float]:
    """Return the peak of each command in MB."""
    fresh, called = session.campaign(version, "memory", rows), session.called(version, rows)
    forget(fresh)
    results = called.with_name(RESULTS)
    saved = session.folder / "saved"
    number = _first_number(called.with_name("people.csv"))
    goes_on = version.command("run", called, "--yes", "--limit", "1", "-o", "json")
    commands = {
        "check": version.command("check", fresh),
        "run, first": version.command("run", fresh, "--yes", "--limit", "1", "-o", "json"),
        "run, resumed": goes_on,
        "check of a called list": version.command("check", called),
        "status": version.command("status", called),
        "list": version.command("list", "--in", called.parent),
        "show": version.command("show", number, "--in", called.parent),
        "results": version.command("results", called),
        "report": version.command("report", called),
        "track, nothing to read": version.command("track", called),
        "reconcile, nothing unclear": version.command("reconcile", called),
        "cancel, nothing to stop": version.command("cancel", called, "--no-pause", "--yes"),
        "backup": version.command("backup", saved, "--in", called.parent),
        f"run, results {_SAVED}": goes_on,
        f"track, results {_SAVED}": version.command("track", called),
        f"reconcile, results {_SAVED}": version.command("reconcile", called),
    }
    peaks = {}
    for name, command in commands.items():
        shutil.rmtree(saved, ignore_errors=True)
        if name.endswith(_SAVED):
            _save_again(results)
        peaks[name] = session.peak(command)
    return peaks


def peaks_of_a_run(session: Session, version: Version, rows: int) -> dict[str, float]:
    """Return the peaks of a first run and of one that goes on, in MB."""
    fresh, called = session.campaign(version, "memory", rows), session.called(version, rows)
    forget(fresh)
    return {
        what: session.peak(version.command("run", campaign, "--yes", "--limit", "1", "-o", "json"))
        for what, campaign in {"peak of a first run": fresh, "peak of a resumed run": called}.items()
    }


def _first_number(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return next(row["contact_number"] for row in csv.DictReader(file) if row["contact_number"].startswith("+"))


def _save_again(results: Path) -> None:
    """Write the results as a spreadsheet does that saves them as CSV: with a mark, `;`, all cells quoted."""
    again = results.with_suffix(".again")
    with (
        results.open(encoding="utf-8", newline="") as old,
        again.open("w", encoding="utf-8-sig", newline="") as new,
    ):
        csv.writer(new, delimiter=";", quoting=csv.QUOTE_ALL).writerows(csv.reader(old))
    again.replace(results)
