"""How many calls a second leave when nothing limits them: ours with everything on, the peers with nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.cpu import sender
from tests.benchmarks.intake import forget
from tests.benchmarks.process import spend
from tests.benchmarks.table import paired, table
from tests.benchmarks.versions import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.session import Session

_WITHIN = 240.0
_WARM_UP = 500


@dataclass(frozen=True, slots=True)
class _Entrant:
    """Who takes part.

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


_OURS = _Entrant("dialer", "dialer run: ledger, results, progress")
_FRESH = _Entrant("fresh", "httpx, a connection for each request")
_BARE = _Entrant("bare", "httpx, a list of one-connection clients")
_AIOHTTP = _Entrant("aiohttp", "aiohttp, 50 connections")
_BY_LATENCY = {
    # The time of the shared client grows with the square of the calls; the others' does not.
    0.0: (
        _OURS,
        _FRESH,
        _BARE,
        _AIOHTTP,
        _Entrant("shared", "httpx, one client, 50 connections", 0.05),
        _Entrant("urllib", "urllib, one after the other", 0.05),
    ),
    0.05: (_OURS, _FRESH, _BARE, _AIOHTTP, _Entrant("urllib", "urllib, one after the other", 0.01, rounds=1)),
}


def report(session: Session) -> str:
    """Return the tables."""
    recipients, rounds = (2_000, 1) if session.quick else (20_000, min(session.rounds, 3))
    session.server.begin(latency=0.0)
    _peer(session, _BARE, _WARM_UP)
    return "\n".join(_compare(session, latency, recipients=recipients, rounds=rounds) for latency in _BY_LATENCY)


def _compare(session: Session, latency: float, *, recipients: int, rounds: int) -> str:
    rates: dict[_Entrant, list[float]] = {entrant: [] for entrant in _BY_LATENCY[latency]}
    for turn in range(rounds):
        for entrant in _in_turn(list(rates), turn):
            if turn < entrant.rounds:
                session.server.begin(latency=latency)
                rates[entrant].append(_rate(session, entrant, round(recipients * entrant.part)))
    title = (
        f"Calls a second, {recipients:,} recipients, 50 in flight, answers after {latency * 1000:.0f} ms, "
        f"median of {rounds}"
    )
    return table(title, ("", "calls/s", "ours is"), [_row(entrant, rates) for entrant in rates])


def _in_turn(entrants: list[_Entrant], turn: int) -> list[_Entrant]:
    """Return them, another one first in each turn: what comes first may find the machine another one."""
    first = turn % len(entrants)
    return entrants[first:] + entrants[:first]


def _rate(session: Session, entrant: _Entrant, count: int) -> float:
    return _peer(session, entrant, count) if entrant is not _OURS else _ours(session, count)


def _ours(session: Session, count: int) -> float:
    campaign = session.campaign(session.now, "sending", count)
    forget(campaign)
    ran = json.loads(session.spend(session.now.command("run", campaign, "--yes", "-o", "json")).output)
    return float(ran["sent"] / ran["seconds"])


def _peer(session: Session, entrant: _Entrant, count: int) -> float:
    command = sender(entrant.name, session.server.url, count)
    return count / float(spend(command, folder=ROOT, within=_WITHIN).output)


def _row(entrant: _Entrant, rates: dict[_Entrant, list[float]]) -> tuple[str, ...]:
    ours, theirs = rates[_OURS], rates[entrant]
    return entrant.words, f"{median(theirs):,.0f}", "" if entrant is _OURS else f"{_ratio(ours, theirs):.2f} x"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return paired(ours[: len(theirs)], theirs)
