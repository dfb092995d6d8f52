"""How much memory a run takes, by how many recipients it has."""

from __future__ import annotations

import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.product import dial, write_campaign
from tests.benchmarks.server import Server
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from tests.benchmarks.product import Ran

_WITHIN = 900.0
_SIZES = {10_000: 0, 100_000: 0, 1_000_000: 999_000}
_QUICK = {1_000: 0, 3_000: 0, 30_000: 29_000}


def report(*, quick: bool) -> str:
    """Return the table; the runs go on side by side, since time is not what is measured."""
    sizes = _QUICK if quick else _SIZES
    with Server() as server, tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        server.begin(latency=0.0)
        runs = threads.map(lambda size: _measure(Path(folder) / str(size), size, sizes[size], server.url), sizes)
        ran = dict(zip(sizes, runs, strict=True))
    least = min(one.memory for one in ran.values())
    rows = [
        (f"{size:,}", f"{one.sent:,}", f"{one.memory:.0f} MB", f"{one.memory / least:.2f} x")
        for size, one in ran.items()
    ]
    return table("Peak memory of a run", ("recipients", "calls", "peak", "ratio"), rows)


def _measure(folder: Path, recipients: int, done: int, url: str) -> Ran:
    campaign = write_campaign(folder, recipients=recipients)
    if done:
        dial(campaign, "--limit", "0", url=url, within=_WITHIN)
        _call_already(folder / "campaign.results.ledger", done)
    return dial(campaign, url=url, within=_WITHIN)


def _call_already(ledger: Path, count: int) -> None:
    """Make so many recipients called, as if an earlier run had done it: half an hour's work of no interest here."""
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute(
            "INSERT INTO attempt (recipient, reference, at, outcome, http_status, execution_id, answered_at)"
            " SELECT id, printf('%020x-1', id), 1.8e9, 'queued', 200, printf('%032x', id), 1.8e9"
            " FROM recipient WHERE id <= ?",
            (count,),
        )
        db.execute(
            "UPDATE recipient SET state = 'queued', attempts = 1, http_status = 200, updated_at = 1.8e9,"
            " execution_id = printf('%032x', id), decided = (SELECT id FROM attempt WHERE recipient = recipient.id)"
            " WHERE id <= ?",
            (count,),
        )
