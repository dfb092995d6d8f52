"""How evenly calls leave, seen at the server, with the process frozen for a second in the middle."""

from __future__ import annotations

import signal
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.benchmarks.process import Program
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.session import Session

_LATENCY = 0.02
_FROZEN = 1.0
_PATIENCE = 60.0
_RATES = (5, 50, 500)


def report(session: Session) -> str:
    """Return the table."""
    seconds = 5 if session.quick else 15
    rows = [_row(session, rate, rate * seconds) for rate in _RATES]
    title = f"Pacing over {seconds} s with a freeze (SIGSTOP) of {_FROZEN:.0f} s in the middle, as the server sees it"
    return table(title, ("rate", "calls", "mean without the freeze", "of the rate", "worst rolling second"), rows)


def _row(session: Session, rate: int, count: int) -> tuple[str, ...]:
    campaign = session.campaign(session.now, f"pacing-{rate}", count, rate=f"{rate}/second")
    server, within = session.server, _PATIENCE + count / rate
    server.begin(latency=_LATENCY)
    program = Program(session.now.command("run", campaign, "--yes", "-o", "json"), url=server.url)
    try:
        server.until(count // 2, within=within)
        program.send(signal.SIGSTOP)
        time.sleep(_FROZEN)
    finally:
        program.send(signal.SIGCONT)
    program.finish(within=within)
    starts = server.seen().starts
    mean = _mean(starts)
    return f"{rate}/second", f"{len(starts)}", f"{mean:.2f}/s", f"{mean / rate:.1%}", f"{_worst(starts)}"


def _mean(starts: Sequence[float]) -> float:
    """Return the starts per second before and after the longest gap, which is the freeze."""
    gaps = [after - before for before, after in pairwise(starts)]
    return (len(gaps) - 1) / (sum(gaps) - max(gaps))


def _worst(starts: Sequence[float], window: float = 1.0) -> int:
    """Return the most starts in any `window` seconds."""
    oldest = worst = 0
    for newest, at in enumerate(starts):
        while starts[oldest] <= at - window:
            oldest += 1
        worst = max(worst, newest - oldest + 1)
    return worst
