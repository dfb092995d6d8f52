"""A batch's ledger in a database that several hosts share; each change is one statement, done or not done.

Write order of one call, and what a crash leaves at each step:

    claim       who is next belongs to this run             -> released when the run is declared over
    intent      `sending` and an open attempt, durable      -> before: `pending`; nothing was sent
    (pace, judge, POST)                                     -> `sending`: `unknown` once the run is declared over
    outcome     state and attempt closed, durable           -> before: `unknown`; after: final

An intent is refused once its run is declared over (`runs`); an outcome never is, since it states a fact.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.errors import LedgerError, OtherServerError, RunOverError, UsageError
from dialer.messages import database as say
from dialer.models import Attempt
from dialer.reference import reference
from dialer.store.ledger.binding import bind
from dialer.store.ledger.cancellable_calls import Stops
from dialer.store.ledger.history import Traces
from dialer.store.ledger.merging import Merging
from dialer.store.ledger.overview import Overview
from dialer.store.ledger.permissions import Permissions, revoke_unlisted
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.queue import Queue, recipients_in
from dialer.store.ledger.throughput import Pulses
from dialer.store.ledger.unresolved import Doubts
from dialer.store.postgres import loading, sent
from dialer.store.postgres.beats import elapsed
from dialer.store.postgres.connection import UntoldError
from dialer.store.postgres.joining import Joining
from dialer.store.postgres.owner import connected
from dialer.store.postgres.queries import statements
from dialer.store.postgres.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dialer.input_rows import InputRows
    from dialer.models import Answer, Recipient, Render, ResultRow
    from dialer.store.postgres.owner import Check
    from dialer.store.postgres.session import Session
    from dialer.store.records import Binding


YOUNG = 0.5
"""Seconds after an intent was asked for within which its request may leave."""
_PAGE = 5000
"""So many rows of the results are read at once."""
_TOLD_WITHIN = 3
"""So many leases the other runs get to tell a server again what it may have lost."""
_LOOK_AGAIN = 0.1
"""Seconds between two looks whether they have."""


class Batch(Runs, Joining, Doubts, Permissions, Merging, Stops, Queue, Overview, Pulses, Traces):
    """The durable record of every recipient and attempt of one batch, in a database."""

    within = 86_400.0
    """Seconds after a call by another batch during which this batch does not call the same number."""
    lines: int | None = None
    """Calls of all batches of the server that may be live at once; None: any number."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._sent = sent.Sent()
        self._without_line: frozenset[int] = frozenset()

    @classmethod
    def open(
        cls, url: str, *, name: str, binding: Binding, batch: str, campaign: str = "", check: Check = None
    ) -> Batch:
        """Open a batch for writing; create it if there is none.

        Args:
            url: of the database.
            name: unique name of the batch in that database.
            binding: what the ledger belongs to: agent, server, key of the recipients.
            batch: the batch's name; it keeps the one it was made with, since references depend on it.
            campaign: unique name of its campaign in that database; a pause can hold all its batches.
            check: raises where it is not the database of the workspace.

        Raises:
            LedgerError: the database cannot be used.
            BoundError: it belongs to something else.
        """
        made = cls(connected(url, check))
        try:
            with made._errors():
                made._session.execute(statements.ADD_BATCH, (name, campaign))
            made._choose(name)
            with made.transaction() as db:
                bind(name, db, binding)
                db.execute(changing.NAME_BATCH, (batch,))
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def read(cls, url: str, *, name: str, check: Check = None) -> Batch:
        """Return a batch that is there, to look at it, or to change it without calling anybody; see `open`.

        Raises:
            UsageError: there is none yet.
            LedgerError: the database cannot be used.
        """
        session = connected(url, check)
        try:
            return cls.over(session, name=name)
        except BaseException:
            session.close()
            raise

    @classmethod
    def over(cls, session: Session, *, name: str) -> Batch:
        """Return a batch that is there, over a connection that serves it alone from now on.

        Raises:
            UsageError: there is none yet.
            LedgerError: the database cannot be used.
        """
        made = cls(session)
        made._choose(name)
        return made

    @property
    def number(self) -> int:
        """Which batch it is, in the database."""
        return self._session.batch

    def _choose(self, name: str) -> None:
        with self._errors():
            row = self._session.execute(statements.BATCH_NAMED, (name,)).fetchone()
        if row is None:
            raise UsageError(say.no_batch(name))
        (self._session.batch,) = row

    def close(self) -> None:
        """Close it; what its run has left open is `unknown` then."""
        # Where the database is gone, the run ends with its lease.
        with contextlib.suppress(LedgerError):
            self.end_work()
        self._end_beats()
        self._session.close()

    # -- the list ------------------------------------------------------------------------------------------------

    def load(
        self, header: Sequence[str], *, phones: Sequence[str], id_column: str | None, chunks: Iterable[InputRows]
    ) -> None:
        """Replace the input by a newly judged one, all of it or nothing; see `Input.load`."""
        with self._errors():
            layout = self._layout(header)
            is_first = loading.is_empty(self._session)
            copy = loading.copy_first if is_first else loading.copy_aside
            with self.list_transaction() as db:
                copy(db, chunks, layout=layout)
                db.execute(statements.ALONE)
                if not is_first:
                    loading.take_the_place(db)
                notes = {"layout": str(layout), "phones": json.dumps(phones), "id": id_column or ""}
                for name, value in notes.items():
                    self.set_note(name, value)
                if not is_first:
                    revoke_unlisted(db)
                    for step in (changing.DROP_SAME_CELLS, changing.CLAIM_ROWS, changing.DROP_CLAIMED_ROWS):
                        db.execute(step)
                self._refuse_if_over()

    @contextlib.contextmanager
    def list_transaction(self) -> Iterator[Session]:
        """Commit a load and what goes with it, or nothing of it; see `Notes.list_transaction`."""
        try:
            if not self._session.in_transaction:
                with self._errors():
                    self._session.execute(statements.END_LOADS_OF_THE_DEAD)
            with self.transaction(alone=False) as db:
                db.execute(statements.LOADS)
                yield db
        except LedgerError as error:
            if self._session.run and not self.is_alive():
                # Its connection was ended, or the rows of another run are there: this one was frozen, or cut off.
                raise RunOverError(say.run_over()) from error
            raise

    def _refuse_if_over(self) -> None:
        """Raise RunOverError where this run is over: another one may have brought a list meanwhile, and call it.

        Do it last in a transaction: until the commit, the run's heartbeats and other runs' judgement wait for its row.
        """
        ended = self._session.execute(statements.ENDED, (self._session.run,)).fetchone()
        if ended is not None and ended[0] is not None:
            raise RunOverError(say.run_over())

    # -- the run -------------------------------------------------------------------------------------------------

    def page(self, *, after: int, size: int) -> list[Recipient]:
        """Return the next callable recipients in input order, from beyond a position, and claim them for this run."""
        if not self._session.run:
            return super().page(after=after, size=size)
        with self._errors():
            rows = self._db.execute(statements.CLAIM, (self._session.run, after, size)).fetchall()
            rows += self._db.execute(reading.PAGE_OF_PERMITTED, (after, size)).fetchall()
        return recipients_in(rows)[:size]

    def intend(self, recipients: Sequence[Recipient], render: Render, *, now: float | None = None) -> list[Attempt]:
        """Note that these are about to be called; those who may not be any more are left out; see `Dialling.intend`.

        Raises:
            RunOverError: this run was declared over; nothing may be sent.
            LedgerError: the database cannot be used; nothing may be sent.
        """
        until, told = elapsed() + _TOLD_WITHIN * self.lease, False
        while True:
            try:
                return self._intend(recipients, render, now=now)
            except OtherServerError:
                if told:
                    raise
                self.tell_again()
                told = True
            except UntoldError:
                # They do so, or are declared over.
                if elapsed() > until:
                    raise
                time.sleep(_LOOK_AGAIN)

    def _intend(self, recipients: Sequence[Recipient], render: Render, *, now: float | None) -> list[Attempt]:
        at, asked_at = time.time() if now is None else now, elapsed()
        with self._errors():
            people = {"people": [one.id for one in recipients]}
            before = dict(self._db.execute(statements.ATTEMPTS_OF_CALLABLE, people).fetchall())
            gone = self._not_due(before, now=at)
            chosen = [one for one in recipients if one.id in before and one.id not in gone]
            marks = [reference(self.shared_reference(one.key), before[one.id] + 1) for one in chosen]
            bodies = [render(one, mark) for one, mark in zip(chosen, marks, strict=True)]
            mine = {"run": self._session.run, "line": self._line, "within": self.within, "at": at}
            mine["lines"] = self.lines
            asked = mine | sent.columns(chosen, marks, bodies)
            answers = self._db.execute(statements.INTEND, asked).fetchall() if chosen else []
            made = {one: attempt for one, attempt in answers if attempt is not None}
            self._without_line = frozenset(one for one, attempt in answers if attempt is None)
        moment = datetime.fromtimestamp(at, UTC)
        attempts = [
            Attempt(made[one.id], one, mark, moment, body)
            for one, mark, body in zip(chosen, marks, bodies, strict=True)
            if one.id in made
        ]
        self._sent.begun(attempts, asked=asked_at)
        return attempts

    def without_line(self) -> frozenset[int]:
        """Return whom the last `intend` left out since all lines were taken."""
        return self._without_line

    def may_send(self, attempt: Attempt) -> bool:
        """Tell whether a request may leave: neither this run may be over, nor its intent so old that much has changed.

        A pause, an entry of the do-not-call list and a hold are looked at by the intent; so they hold a moment later.
        """
        return self.is_alive() and elapsed() - self._sent.asked(attempt) < YOUNG

    def settle(self, outcomes: Sequence[tuple[Attempt, Answer]], *, now: float | None = None) -> None:
        """Note how attempts at different recipients ended."""
        at = time.time() if now is None else now
        self._sent.ended(outcomes, at=at)
        asked = {"at": at, **self._sent.ids([attempt for attempt, _ in outcomes]), **sent.answers(outcomes)}
        with self._errors():
            (known,) = self._session.one(statements.SETTLE, asked)
        if known < len(outcomes):
            self.tell_again()

    def withhold(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Note that these were surely not sent: it is as if they were never tried."""
        asked = self._sent.ids(attempts)
        with self._errors():
            self._db.execute(statements.WITHHOLD, (asked["ids"], asked["marks"], reason))
        self._sent.forget(attempts)

    def _known_attempts(self) -> tuple[list[str], float]:
        return self._sent.references(), time.time() - sent.KEPT / 2

    def tell_again(self) -> None:
        """Record once more what this run has sent lately: the server may have lost it."""
        mine = {"run": self._session.run, "host": socket.gethostname(), "pid": os.getpid(), "lease": self.lease}
        with self._errors():
            made = self._db.execute(statements.TELL_AGAIN, mine | self._sent.all_columns()).fetchall()
        self._sent.renumber(dict(made))

    # -- the results ---------------------------------------------------------------------------------------------

    def results(self, *, pending: bool = True, after: int = 0) -> Iterator[ResultRow]:
        """Yield one row per input row in input order, then those who were called and left; see `Results.results`.

        Page by page, each as of its own moment: all of them would be held in memory, or a moment kept for long.
        """
        query = reading.RESULTS_BETWEEN if pending else reading.RESULTS_BETWEEN_BUT_PENDING
        with self._errors():
            last = self._session.one(reading.LAST_POSITION)[0] or 0
            for first in range(after, last, _PAGE):
                yield from self._shown(self._db.execute(self._with_calls(query), (first, first + _PAGE)).fetchall())
            yield from self._shown(self._db.execute(self._with_calls(reading.RESULTS_OF_UNLISTED)).fetchall())

    def results_of(self, positions: Sequence[int]) -> list[ResultRow]:
        """Return the result rows of some positions of the input, in input order."""
        with self._errors():
            rows = self._db.execute(self._with_calls(reading.RESULTS_AMONG), (json.dumps(positions),)).fetchall()
        return self._shown(rows)

    def unchanged_results(self) -> int:
        """Return 0: hosts that work at the same time would wait for each other where one noted what has changed."""
        return 0
