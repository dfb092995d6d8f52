"""What gets through at the vendor's limit: 500 in any window, ten times as fast, and 429 beyond.

A campaign file knows no window of six seconds; `python -m tests.benchmarks.limit CAMPAIGN` dials with one, and is the
product in everything else.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING

from dialer import load_campaign, run_campaign_sync
from dialer.cli.progress import Lines
from dialer.engine.pacing import Rate
from tests.benchmarks.peers import LIMIT, PER, start_sending
from tests.benchmarks.product import start, write_campaign
from tests.benchmarks.server import Server
from tests.benchmarks.table import table

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

_LATENCY = 0.2
_PATIENCE = 60.0
_PEERS = {
    "sleep": "urllib, one after the other, with sleep",
    "aiolimiter": "aiolimiter, httpx list",
    "aiometer": "aiometer, httpx list",
}


def report(*, quick: bool) -> str:
    """Return the table."""
    windows = 2 if quick else 3
    # Some more than fit, so that the last window is full as well.
    count = round(LIMIT * (windows + 0.5))
    rows = []
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.begin(latency=_LATENCY, limit=LIMIT, per=PER)
        rows.append(_row("dialer run", server, _ours(Path(folder), server, count), windows))
        for name, words in _PEERS.items():
            server.begin(latency=_LATENCY, limit=LIMIT, per=PER)
            rows.append(_row(words, server, start_sending(name, server.url, count), windows))
    title = f"At a limit of {LIMIT} calls in any {PER:.0f} s, answers after {_LATENCY * 1000:.0f} ms"
    return table(title, ("", "first window", "later windows", "of what is allowed", "429s"), rows)


def _ours(folder: Path, server: Server, count: int) -> subprocess.Popen[str]:
    campaign = write_campaign(folder / "limit", recipients=count, rate=f"{LIMIT}/minute")
    return start(["tests.benchmarks.limit", str(campaign)], url=server.url)


def _row(words: str, server: Server, process: subprocess.Popen[str], windows: int) -> tuple[str, ...]:
    """Let a program send for so many windows; return what the server saw of it."""
    try:
        with suppress(TimeoutError, TimeoutExpired):
            server.until(1, within=_PATIENCE)
            process.wait(windows * PER)
    finally:
        process.kill()
        _, complaints = process.communicate()
    seen = server.seen()
    if not seen.starts:
        raise RuntimeError(complaints)
    first, *later = _accepted(seen.starts, windows)
    return words, f"{first}", f"{median(later):.0f}", f"{median(later) / LIMIT:.1%}", f"{seen.refused}"


def _accepted(starts: Sequence[float], windows: int) -> list[int]:
    return [sum(0 <= start - starts[0] - window * PER < PER for start in starts) for window in range(windows)]


def _dial(path: Path) -> None:
    campaign = load_campaign(path)
    pacing = campaign.pacing.model_copy(update={"rate": Rate(LIMIT, PER)})
    run_campaign_sync(replace(campaign, pacing=pacing), progress=Lines())


if __name__ == "__main__":
    _dial(Path(sys.argv[1]))
