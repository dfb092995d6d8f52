"""What gets through at the vendor's limit: 500 in any window, ten times as fast, and 429 beyond.

A campaign file knows no window of six seconds; `python -m tests.benchmarks.limit CAMPAIGN` dials with one, and is the
product in everything else.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.cpu import sender
from tests.benchmarks.process import Program
from tests.benchmarks.table import table
from tests.benchmarks.versions import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.session import Session

LIMIT, PER = 500, 6.0
"""The vendor's limit, ten times as fast."""
_LATENCY = 0.2
_PATIENCE = 60.0
_PEERS = {
    "sleep": "urllib, one after the other, with sleep",
    "aiolimiter": "aiolimiter, httpx list",
    "aiometer": "aiometer, httpx list",
}


def report(session: Session) -> str:
    """Return the table."""
    windows = 2 if session.quick else 3
    # Some more than fit, so that the last window is full as well.
    count = round(LIMIT * (windows + 0.5))
    rows = [_row(session, "dialer run", _ours(session, count), windows)]
    rows += [_row(session, words, sender(name, session.server.url, count), windows) for name, words in _PEERS.items()]
    title = f"At a limit of {LIMIT} calls in any {PER:.0f} s, answers after {_LATENCY * 1000:.0f} ms"
    return table(title, ("", "first window", "later windows", "of what is allowed", "429s"), rows)


def _ours(session: Session, count: int) -> list[str]:
    campaign = session.campaign(session.now, "limit", count, rate=f"{LIMIT}/minute")
    return [sys.executable, "-m", "tests.benchmarks.limit", str(campaign)]


def _row(session: Session, words: str, command: Sequence[str], windows: int) -> tuple[str, ...]:
    """Let a program send for so many windows; return what the server saw of it."""
    session.server.begin(latency=_LATENCY, limit=LIMIT, per=PER)
    program = Program(command, url=session.server.url, folder=ROOT)
    program.until_first_call(session.server, within=_PATIENCE)
    time.sleep(windows * PER)
    program.kill()
    seen = session.server.seen()
    first, *later = _accepted(seen.starts, windows)
    return words, f"{first}", f"{median(later):.0f}", f"{median(later) / LIMIT:.1%}", f"{seen.refused}"


def _accepted(starts: Sequence[float], windows: int) -> list[int]:
    return [sum(0 <= start - starts[0] - window * PER < PER for start in starts) for window in range(windows)]


def _dial(path: Path) -> None:
    from dialer import load_campaign, run_campaign_sync  # noqa: PLC0415 - only the process that dials needs it
    from dialer.cli.progress import Lines  # noqa: PLC0415
    from dialer.rate import Rate  # noqa: PLC0415

    campaign = load_campaign(path)
    pacing = campaign.pacing.model_copy(update={"rate": Rate(LIMIT, PER)})
    run_campaign_sync(replace(campaign, pacing=pacing), progress=Lines())


if __name__ == "__main__":
    _dial(Path(sys.argv[1]))
