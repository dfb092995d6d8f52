"""The calls of all batches and runs in a database that may take a line of the organisation."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Self

from dialer.store.postgres.lookout import Lookout
from dialer.store.postgres.queries import statements
from dialer.store.postgres.queries.schema import OLD
from dialer.store.records import Call
from dialer.store.shared import LiveCalls

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class DatabaseCalls:
    """All calls in a database that were placed at one server, but those of one run.

    Args:
        url: of the database.
        server: as in `Binding`.
        run: whose calls are left out; empty: none.
    """

    has_own_batch = True

    def __init__(self, url: str, *, server: str, run: str) -> None:
        self._looks = Lookout(url)
        self._server, self._run = server, run

    def __enter__(self) -> Self:
        """Return it, without what is surely over by now."""
        with self._looks.session() as session:
            session.execute(statements.FORGET_OLD_CALLS, (OLD,))
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self._looks.close()

    def live(self) -> Sequence[LiveCalls]:
        """Return which calls may be live, by batch."""
        with self._looks.session() as session:
            rows = session.execute(statements.LIVE_CALLS, (self._server, self._run)).fetchall()
        return [_live(batch, agent, found) for (batch, agent), found in groupby(rows, key=itemgetter(0, 1))]


def _live(
    batch: str, agent: str, rows: Iterable[tuple[str, str, str | None, int, str, float, float, str]]
) -> LiveCalls:
    calls, doubts = [], 0
    for _, _, outcome, attempt, execution_id, at, until, status in rows:
        if outcome != "queued" or not execution_id:
            doubts += 1
            continue
        call = Call(
            attempt=attempt,
            recipient=0,
            number=0,
            execution_id=execution_id,
            body="",
            at=at,
            until=until,
            status=status,
        )
        calls += [call] if call.state.is_live else []
    return LiveCalls(batch, agent, calls, doubts)
