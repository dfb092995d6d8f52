"""How many calls a second leave when nothing limits them: ours with everything on, the peers with nothing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.peers import send
from tests.benchmarks.product import dial, write_campaign
from tests.benchmarks.server import Server
from tests.benchmarks.table import paired, table

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITHIN = 240.0
_OURS = "dialer run: ledger, results, progress"


@dataclass(frozen=True, slots=True)
class _Peer:
    """Something to compare with.

    Attributes:
        name: what `peers` calls it.
        words: what it is.
        part: of the calls it is given so many.
        rounds: it takes part in so many at most.
    """

    name: str
    words: str
    part: float = 1.0
    rounds: int = 9


_PEERS = {
    0.0: (
        _Peer("bare", "httpx, a list of one-connection clients"),
        _Peer("aiohttp", "aiohttp, 50 connections"),
        # Its time grows with the square of the calls; the others' does not.
        _Peer("shared", "httpx, one client, 50 connections", 0.05),
        _Peer("urllib", "urllib, one after the other", 0.05),
    ),
    0.05: (
        _Peer("bare", "httpx, a list of one-connection clients"),
        _Peer("aiohttp", "aiohttp, 50 connections"),
        _Peer("urllib", "urllib, one after the other", 0.01, rounds=1),
    ),
}


def report(*, quick: bool) -> str:
    """Return the tables."""
    recipients, rounds = (2_000, 1) if quick else (20_000, 3)
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        return "\n".join(
            _compare(server, Path(folder), latency, recipients=recipients, rounds=rounds) for latency in _PEERS
        )


def _compare(server: Server, folder: Path, latency: float, *, recipients: int, rounds: int) -> str:
    ours: list[float] = []
    theirs: dict[_Peer, list[float]] = {peer: [] for peer in _PEERS[latency]}
    for turn in range(rounds):
        campaign = write_campaign(folder / f"{latency}-{turn}", recipients=recipients)
        server.begin(latency=latency)
        ours.append(dial(campaign, url=server.url, within=_WITHIN).rate)
        for peer, rates in theirs.items():
            if turn < peer.rounds:
                count = round(recipients * peer.part)
                server.begin(latency=latency)
                rates.append(count / send(peer.name, server.url, count, within=_WITHIN))
    title = (
        f"Calls a second, {recipients:,} recipients, 50 in flight, answers after {latency * 1000:.0f} ms, "
        f"median of {rounds}"
    )
    rows = [(_OURS, f"{median(ours):,.0f}", ""), *(_row(peer, ours, rates) for peer, rates in theirs.items())]
    return table(title, ("", "calls/s", "ours is"), rows)


def _row(peer: _Peer, ours: Sequence[float], rates: Sequence[float]) -> tuple[str, ...]:
    return peer.words, f"{median(rates):,.0f}", f"{paired(ours[: len(rates)], rates):.2f} x"
