"""Pauses of a batch, its campaign, or everything: rows that each intent checks, on every host."""

from __future__ import annotations

import contextlib
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dialer.errors import UnreachableError
from dialer.store.postgres.lookout import Lookout
from dialer.store.postgres.queries import statements
from dialer.store.shared import Holder, Pause

_FRESH = 0.25
"""Seconds for which it is not asked again."""

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dialer.store.postgres.owner import Check


class DatabasePauses:
    """The pauses that hold one batch, or a campaign, or all of them.

    Args:
        url: of the database.
        batch: its name there; empty: of a campaign, or of all.
        campaign: the campaign's; empty: of all.
        everything: what all of them are called, for people.
        check: see `Lookout`.
        now: Unix seconds, by which a pause is over; each intent goes by the server's.
    """

    def __init__(
        self,
        url: str,
        *,
        batch: str = "",
        campaign: str = "",
        everything: str = "",
        check: Check = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._looks = Lookout(url, check=check)
        self._batch, self._campaign, self._everything, self._now = batch, campaign, everything, now
        self._seen: Sequence[Pause] = ()
        self._seen_at = -math.inf

    def in_force(self) -> Sequence[Pause]:
        """Return what holds it at this moment, or did a moment ago: each intent looks by itself."""
        if time.monotonic() - self._seen_at > _FRESH:
            # While the database does not answer, no call is placed.
            with contextlib.suppress(UnreachableError):
                self._seen, self._seen_at = self._read(), time.monotonic()
        return in_force(self._seen, now=self._now())

    def _read(self) -> Sequence[Pause]:
        with self._looks.session() as session:
            rows = session.execute(statements.PAUSES, (self._batch, self._campaign)).fetchall()
        return pauses_of(rows, everything=self._everything)

    def runs(self) -> list[tuple[str, Holder]]:
        """Return the runs that go on which it would hold, each with the name of its batch."""
        with self._looks.session() as session:
            rows = session.execute(statements.LIVE_RUNS_OF_ALL).fetchall()
        return [
            (name, Holder(pid, host, datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"), "run"))
            for name, campaign, pid, host, began in rows
            if self._batch in {"", name} and self._campaign in {"", campaign}
        ]

    def put(self, pause: Pause) -> None:
        """Stop placing calls from now on; a call begun before may still leave within half a second."""
        since, until = (None if at is None else at.timestamp() for at in (pause.since, pause.until))
        with self._looks.session() as session:
            name = "" if pause.of == "all" else pause.place
            session.execute(statements.PUT_PAUSE, (pause.of, name, pause.by, since, until, pause.why))
        self._seen_at = -math.inf

    def place_of(self, of: str) -> str:
        """Return what a pause is put on: the batch, the campaign, or all."""
        return {"batch": self._batch, "campaign": self._campaign}.get(of, self._everything)

    def lift(self, of: str) -> bool:
        """End the pause of the batch, the campaign, or all; return whether there was one."""
        name = "" if of == "all" else self.place_of(of)
        with self._looks.session() as session:
            was_there = session.execute(statements.LIFT_PAUSE, (of, name)).rowcount > 0
        self._seen_at = -math.inf
        return was_there

    def close(self) -> None:
        """Let go of the database."""
        self._looks.close()


def pauses_of(rows: Iterable[tuple[Any, ...]], *, everything: str) -> list[Pause]:
    """Return the pauses that rows of their table hold; one of all is put on `everything`."""
    return [
        Pause(of, name or everything, by=by, since=_moment(since), until=_moment(until), why=why)
        for of, name, by, since, until, why in rows
    ]


def in_force(pauses: Iterable[Pause], *, now: float) -> list[Pause]:
    """Return those that hold at a moment (Unix seconds)."""
    return [pause for pause in pauses if pause.until is None or pause.until.timestamp() > now]


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
