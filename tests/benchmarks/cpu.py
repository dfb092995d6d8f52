"""What a day's campaign costs a small machine: CPU seconds at the vendor's limit."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks.product import dial, write_campaign
from tests.benchmarks.server import Server
from tests.benchmarks.table import table

_RATE = 8
_LATENCY = 0.2
_PATIENCE = 60.0


def report(*, quick: bool) -> str:
    """Return the table."""
    calls = 40 if quick else 320
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.begin(latency=_LATENCY)
        campaign = write_campaign(Path(folder) / "cpu", recipients=calls, rate=f"{_RATE}/second", in_flight=20)
        # Start and loading, which every run has once; taken by itself, so that a short run tells what a call costs.
        start = dial(campaign, "--limit", "0", url=server.url, within=_PATIENCE).cpu
        ran = dial(campaign, url=server.url, within=_PATIENCE + calls / _RATE)
    each = (ran.cpu - start) / ran.sent * 1000
    rows = [(f"{each:.2f} s", f"{start:.2f} s", f"{each + start:.2f} s", f"{ran.rate:.2f}/s")]
    title = f"CPU at {_RATE}/s, answers after {_LATENCY * 1000:.0f} ms, from {ran.sent} calls"
    return table(title, ("1,000 calls", "start", "together", "calls a second"), rows)
