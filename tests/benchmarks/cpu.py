"""What a day's campaign costs a small machine: CPU seconds at the vendor's limit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.product import dial, write_campaign
from tests.benchmarks.server import Server
from tests.benchmarks.table import table

_RATE = 8
_LATENCY = 0.2
_PATIENCE = 60.0


def report(*, quick: bool) -> str:
    """Return the table."""
    calls, rounds = (40, 1) if quick else (240, 3)
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.begin(latency=_LATENCY)
        runs = [_measure(Path(folder) / str(turn), calls, server.url) for turn in range(rounds)]
    start, each, rate = (median(column) for column in zip(*runs, strict=True))
    rows = [(f"{each:.2f} s", f"{start:.2f} s", f"{each + start:.2f} s", f"{rate:.2f}/s")]
    title = f"CPU at {_RATE}/s, answers after {_LATENCY * 1000:.0f} ms, from {calls} calls, median of {rounds}"
    return table(title, ("1,000 calls", "start", "together", "calls a second"), rows)


def _measure(folder: Path, calls: int, url: str) -> tuple[float, float, float]:
    """Return the CPU seconds of a start and of 1,000 calls, and the calls a second."""
    campaign = write_campaign(folder, recipients=calls, rate=f"{_RATE}/second", in_flight=20)
    # Start and loading, which every run has once; taken by itself, so that a short run tells what a call costs.
    start = dial(campaign, "--limit", "0", url=url, within=_PATIENCE).cpu
    ran = dial(campaign, url=url, within=_PATIENCE + calls / _RATE)
    return start, (ran.cpu - start) / ran.sent * 1000, ran.rate
