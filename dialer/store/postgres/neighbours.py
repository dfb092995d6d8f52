"""Recent calls by other batches of the same database: intents skip these numbers; this tells which batch called them.

It runs in the event loop, like the check of a ledger in a file. While the database cannot be reached no call is
placed: a recipient who is checked then is tried again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from dialer.errors import UnreachableError
from dialer.messages import database as say
from dialer.store.postgres.lookout import Lookout
from dialer.store.postgres.queries import statements
from dialer.store.shared import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class DatabaseNeighbours:
    """The other batches in a database, of calls placed at the same server.

    Args:
        url: of the database.
        batch: the one that is not asked: its number there.
        server: as in `Binding`.
        within: seconds for which a call counts.
    """

    def __init__(self, url: str, *, batch: int, server: str, within: float) -> None:
        self._looks = Lookout(url, batch=batch)
        self._server, self._within = server, within

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the database."""
        self._looks.close()

    def called(self, numbers: Sequence[int], *, now: float, seen_within: float = 0.0) -> Elsewhere | None:
        """Return the last call to any of some numbers by another batch within the time; `Neighbours.called`."""
        asked = (self._server, list(numbers), now - self._within)
        try:
            with self._looks.session() as session:
                row = session.execute(statements.NEIGHBOURS_CALLED, asked).fetchone()
        except UnreachableError:
            # The last look will do long before the request leaves; without one no call is placed.
            return None if seen_within else Elsewhere(now, say.ANOTHER_BATCH, is_open=True)
        return None if row is None else Elsewhere(row[0], row[1], bool(row[2]))

    def expect(self, listed: object) -> None:
        """Do nothing: the database knows all batches."""

    def recent(self, *, now: float) -> Iterator[list[tuple[int, float]]]:
        """Yield whom the other batches called within the time, and when."""
        with self._looks.session() as session:
            yield session.execute(statements.NEIGHBOURS_RECENT, (self._server, now - self._within)).fetchall()

    def known(self, numbers: Sequence[int], *, now: float) -> Iterator[tuple[str, set[int]]]:  # noqa: ARG002 - as `Neighbours` has it
        """Yield each other batch that was the last to call some of these numbers, with those."""
        with self._looks.session() as session:
            rows = session.execute(statements.NEIGHBOURS_KNOWN, (self._server, list(numbers))).fetchall()
        yield from ((batch, set(found)) for batch, found in rows)

    def calls_since(self, since: float, *, agent: str) -> dict[int, float]:
        """Return a hash of each id that calls of an agent got since then, and when (Unix seconds)."""
        with self._looks.session() as session:
            rows = session.execute(statements.NEIGHBOURS_CALLS_SINCE, (self._server, since, agent, agent))
            return {hash(one): at for one, at in rows}
