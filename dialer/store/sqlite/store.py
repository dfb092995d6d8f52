"""What the ledger knows and how it changes; every public method is one transaction.

Write order of one call, and what a crash leaves at each step:

    load        input and recipients in one transaction   -> the former input, or the new one
    intent      `sending` and an open attempt, durable     -> before: `pending`; nothing was sent
    mark        how many intents there ever were           -> before: the ledger is ahead of it, which is fine
    (pace, judge, POST)                                    -> `sending`: the next start makes it `unknown`
    outcome     state and attempt closed, durable          -> before: `unknown`; after: final
    results     the CSV's line, after the outcome          -> the ledger has it; the CSV is written anew

Nothing is sent whose intent is not on disk, and nothing leaves `unknown` but by a call found at the provider or a
person's decision.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import uuid4

from dialer.messages.store import RUN_ENDED
from dialer.messages.words import alike
from dialer.models import Attempt
from dialer.reference import reference
from dialer.store.ledger.alone import Alone
from dialer.store.ledger.binding import bind
from dialer.store.ledger.cancellable_calls import Stops
from dialer.store.ledger.history import Traces
from dialer.store.ledger.merging import Merging
from dialer.store.ledger.overview import Overview
from dialer.store.ledger.permissions import Permissions, revoke_unlisted
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.queue import LONGEST_WAIT, Queue
from dialer.store.ledger.states import derive
from dialer.store.ledger.throughput import Pulses
from dialer.store.ledger.unresolved import Doubts
from dialer.store.sqlite import group
from dialer.store.sqlite.loading import replace_input, room_for_keys
from dialer.store.sqlite.moved import Moved
from dialer.store.sqlite.opening import open_for_writing
from dialer.store.sqlite.starts import Starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dialer.input_rows import InputRows
    from dialer.models import Answer, Recipient, Render, ResultRow
    from dialer.store.records import Binding, Trouble


class Ledger(Starts, Moved, Alone, Doubts, Permissions, Merging, Stops, Queue, Overview, Pulses, Traces):
    """The durable record of every recipient and attempt of one batch; one thread at a time may use it."""

    @classmethod
    def open(cls, path: Path, *, binding: Binding, batch: str) -> Ledger:
        """Open the ledger for writing; create it if there is none.

        Args:
            path: the SQLite file.
            binding: what the ledger belongs to: agent, server, key of the recipients.
            batch: the batch's name; a ledger keeps the one it was made with, since references depend on it.

        Raises:
            LedgerError: it cannot be written, is damaged or newer.
            BoundError: it belongs to something else.
        """
        ledger = cls(path, open_for_writing(path))
        try:
            with ledger.transaction():
                bind(path, ledger._db, binding)
                ledger._db.execute(changing.NAME_BATCH, (batch,))
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def reopen(cls, path: Path) -> Ledger:
        """Open an existing ledger for writing without checking its binding; it is not used to place calls.

        Raises:
            LedgerError: it cannot be written, is damaged or newer.
        """
        return cls(path, open_for_writing(path))

    # -- start ---------------------------------------------------------------------------------------------------

    def begin_work(
        self,
        *,
        former: str | None = None,
        does: str = "run",  # noqa: ARG002 - the lock tells it
        joins: bool = False,  # noqa: ARG002 - impossible: the lock is held
    ) -> str:
        """Begin a piece of work and return its id; what a dead run left is `unknown`. The lock is held."""
        self.refuse_moved()
        work = uuid4().hex
        with self.transaction():
            self.begin(work, now=time.time(), former=former)
            self.recover()
        return work

    def recover(self) -> int:
        """Turn what a dead run left `sending` into `unknown`; return how many."""
        with self.transaction() as db:
            # A request may have left after the last thing was recorded: at a low rate it waits long for its turn.
            left = db.execute(
                changing.RECOVER,
                (RUN_ENDED, time.time(), float(self.note(LONGEST_WAIT) or 0)),
            ).fetchall()
            derive(db, (recipient for (recipient,) in left))
        return len(left)

    def load(
        self, header: Sequence[str], *, phones: Sequence[str], id_column: str | None, chunks: Iterable[InputRows]
    ) -> None:
        """Replace the input by a newly judged one, all of it or nothing.

        Who is to be called takes the new row; who was attempted is not touched; who is gone is not called.

        Args:
            header: the CSV's column names.
            phones: the columns the numbers are in, in the order in which they count.
            id_column: the column the ids are in, if the campaign names one.
            chunks: judged rows in input order.
        """
        with self.transaction() as db, room_for_keys(db):
            layout = self._layout(header)
            notes = {"layout": str(layout), "phones": json.dumps(phones), "id": id_column or ""}
            for name, value in notes.items():
                self.set_note(name, value)
            replace_input(db, chunks, layout=layout)
            revoke_unlisted(db)
            db.execute(changing.DROP_SAME_CELLS)
            # A row that is not callable now still belongs to a recipient who was called before.
            db.execute(changing.CLAIM_ROWS)
            db.execute(changing.DROP_CLAIMED_ROWS)

    # -- the run -------------------------------------------------------------------------------------------------

    def intend(self, recipients: Sequence[Recipient], render: Render, *, now: float | None = None) -> list[Attempt]:
        """Note that these are about to be called, and with which bodies; those who may not be any more are left out.

        Args:
            recipients: at most a page of them.
            render: returns the body of the request to somebody, which carries a reference.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self.transaction() as db:
            before = group.attempts_of_callable(db, recipients)
            gone = self._not_due(before, now=at)
            chosen = {one.id: one for one in recipients if one.id in before and one.id not in gone}
            last = self.last_attempt()
            moment = datetime.fromtimestamp(at, UTC)
            attempts = []
            for id_, recipient in enumerate(chosen.values(), last + 1):
                mark = reference(self.shared_reference(recipient.key), before[recipient.id] + 1)
                attempts.append(Attempt(id_, recipient, mark, moment, render(recipient, mark)))
            group.begin(db, attempts, at=at)
            self._count_intents(len(attempts))
        return attempts

    def settle(self, outcomes: Sequence[tuple[Attempt, Answer]], *, now: float | None = None) -> None:
        """Note how attempts at different recipients ended."""
        at = time.time() if now is None else now
        with self.transaction() as db:
            group.end(db, outcomes, at=at)

    def withhold(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Note that these were surely not sent: it is as if they were never tried."""
        with self.transaction() as db:
            group.withdraw(db, attempts, reason=reason)

    def results_of(self, positions: Sequence[int]) -> list[ResultRow]:
        """Return the result rows of some positions of the input, in input order; their times to a millisecond."""
        with self._errors():
            (rows,) = self._db.execute(self._with_calls(reading.RESULTS_OF), (json.dumps(positions),)).fetchone()
        return self._shown(sorted(json.loads(rows), key=itemgetter(0)))

    def unchanged_results(self) -> int:
        """Return up to which position no result has changed since this was last asked, and watch them from now on."""
        with self.transaction() as db:
            (position,) = db.execute(reading.UNCHANGED_RESULTS).fetchone()
            db.execute(changing.WATCH_RESULTS)
        return int(position)

    def refusals(self) -> Iterator[tuple[str, int]]:
        """Yield why rows of the input were refused, without what differs from row to row; the most frequent first."""
        self._let_count_alike()
        yield from super().refusals()

    def troubles(self, *, first: int) -> Iterator[Trouble]:
        """Yield what is wrong, by reason: rows not called, calls and redials refused or in doubt, calls that failed."""
        self._let_count_alike()
        yield from super().troubles(first=first)

    def _let_count_alike(self) -> None:
        self._db.create_function("alike", 1, alike, deterministic=True)
