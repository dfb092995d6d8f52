"""Several runs of one batch: who brings the list, who is still calling, and what stops all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dialer.moments import iso
from dialer.store.joining import HALTED, Others, Turn
from dialer.store.postgres.connection import BatchSession
from dialer.store.postgres.queries import statements
from dialer.store.shared import Holder

if TYPE_CHECKING:
    from collections.abc import Mapping

_TURNS = {"joins": Turn.WAIT, "calls": Turn.JOIN, "prepares": Turn.PREPARE}
"""Stage of a run that has begun → what it does next."""


class Joining(BatchSession):
    """The part of the ledger that lets several runs work on it.

    A run goes through these stages, in its row:

        joins       it waits for another one, which brings the list
        prepares    it brings the list: no other run works on the batch, but those that wait for it
        calls       the list is there; no run brings another one meanwhile
        waits       it has nobody left and claims nobody, and would take over whom another run leaves
        ends        it calls nobody any more; it writes results, or follows calls
    """

    def turn(self) -> Turn:
        """Return what this run does next; asked again while it has to wait."""
        with self._errors():
            return _TURNS[self._session.one(statements.TURN, (self._session.run,))[0]]

    def brings_list(self) -> Holder | None:
        """Return which run is bringing the list at this moment; None: none is."""
        with self._errors():
            row = self._db.execute(statements.BRINGS_LIST).fetchone()
        if row is None:
            return None
        pid, host, began, joins = row
        return Holder(pid, host, iso(datetime.fromtimestamp(began, UTC)), "run", joins=bool(joins))

    def prepared(self) -> None:
        """Let others join: the list is there. What had stopped all runs counts no longer."""
        self._reach("calls")

    def rest(self) -> None:
        """Give back the recipients whom this run has claimed; the next page ends the rest."""
        self._reach("waits")

    def leave(self) -> None:
        """End the calling of this run: it claims nobody and has nothing open any more."""
        self._reach("ends")

    def _reach(self, stage: str) -> None:
        with self._errors():
            self._db.execute(statements.REACH, (self._session.run, stage))

    def others(self) -> Others:
        """Return how many other runs work on the batch; the people of those that are over are free by then."""
        with self._errors():
            counted = Others(*self._session.one(statements.OTHERS, (self._session.run,)))
            # Who has ended a run does this a moment later, or dies before; after the count, so for all that are in it.
            self._db.execute(statements.RECOVER)
        return counted

    def halt(self, why: str) -> None:
        """Stop all runs of the batch at their next intent, for a reason."""
        self.set_note(HALTED, why)

    def halted(self) -> str:
        """Return what `halt` was given by the runs that work now; empty where nothing stops them."""
        return self.note(HALTED) or ""

    def note_progress(self, figures: Mapping[str, float | None]) -> None:
        """Keep how far this run is."""
        with self._errors():
            self._db.execute(statements.NOTE_PROGRESS, (self._session.run, json.dumps(figures)))

    def progress(self) -> list[dict[str, Any]]:
        """Return what the runs that work now have kept of how far they are, in the order in which they began."""
        with self._errors():
            return [json.loads(text) for (text,) in self._db.execute(statements.PROGRESS).fetchall()]
