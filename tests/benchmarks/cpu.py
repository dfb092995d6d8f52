"""What a call costs a small machine: CPU at the vendor's limit, and flat out beside the barest that sends the same."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.intake import forget
from tests.benchmarks.process import spend
from tests.benchmarks.session import HEADER, line
from tests.benchmarks.table import table
from tests.benchmarks.versions import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_RATE, _LATENCY = 8, 0.2
_LEAST = 0.000_01
PEERS = {"fresh": "httpx, a connection for each request", "bare": "httpx, connections kept"}


def report(session: Session) -> str:
    """Return the table."""
    few, many = (40, 1_000) if session.quick else (240, session.rows // 50)
    words = f"at {_RATE}/s, answers after {_LATENCY * 1000:.0f} ms"
    session.server.begin(latency=_LATENCY)
    paced = _measures(session, few, rate=f"{_RATE}/second", in_flight=20)
    at_limit = line(words, session.in_turns(paced), unit="ms", scale=1e3)
    session.server.begin(latency=0.0)
    peers = {words: functools.partial(_peer, session, name, many) for name, words in PEERS.items()}
    found = session.in_turns(_measures(session, many, rate="100000/second", in_flight=50) | peers)
    lines = [line("flat out, 50 in flight", found, unit="ms", scale=1e3, against=words) for words in peers]
    return table(f"CPU for each call, without the start; of {few} and of {many:,} calls", HEADER, [at_limit, *lines])


def _measures(session: Session, calls: int, *, rate: str, in_flight: int) -> dict[str, Callable[[], float]]:
    return {
        version.name: functools.partial(_ours, session, version, calls, rate=rate, in_flight=in_flight)
        for version in session.versions
    }


def _ours(session: Session, version: Version, calls: int, *, rate: str, in_flight: int) -> float:
    """Return the CPU seconds of a call."""
    campaign = session.campaign(version, f"cpu-{in_flight}", calls, rate=rate, in_flight=in_flight)
    forget(campaign)
    command = version.command("run", campaign, "--yes", "-o", "json")
    # The first start loads the list; what each run has once is what the second one takes.
    for _ in range(2):
        start = session.spend([*command, "--limit", "0"]).cpu
    ran = session.spend(command)
    sent: int = json.loads(ran.output)["sent"]
    return max((ran.cpu - start) / sent, _LEAST)


def _peer(session: Session, name: str, calls: int) -> float:
    ran, start = (spend(sender(name, session.server.url, count), folder=ROOT).cpu for count in (calls, 0))
    return max((ran - start) / calls, _LEAST)


def sender(name: str, url: str, count: int) -> list[str]:
    """Return the command of a peer that sends so many calls."""
    return [sys.executable, "-m", "tests.benchmarks.peers", name, url, str(count)]
