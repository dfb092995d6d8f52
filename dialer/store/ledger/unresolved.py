"""Attempts that may have placed a call, and calls that the ledger did not know."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dialer.messages import store as say
from dialer.reference import shared_part, turn_of
from dialer.store.interface import JUDGED
from dialer.store.ledger.gaps import Gaps
from dialer.store.ledger.permissions import revoke
from dialer.store.ledger.queries import changing, reading
from dialer.store.ledger.states import derive
from dialer.store.records import Doubt

if TYPE_CHECKING:
    from collections.abc import Collection

"""Who knew of a call that this is the source of."""


class Doubts(Gaps):
    """The part of the ledger that settles doubt."""

    def doubts(self) -> list[Doubt]:
        """Return the unknown attempts of recipients that are `unknown`, oldest first."""
        with self._errors():
            rows = self._db.execute(reading.DOUBTS).fetchall()
        return [Doubt(*row) for row in rows]

    def skew(self) -> float:
        """Return how far the server's clock was last seen ahead of ours, in seconds; 0 when never seen."""
        with self._errors():
            row = self._db.execute(reading.SKEW).fetchone()
        return 0.0 if row is None else float(row[0])

    def found(self, mark: str, *, execution_id: str) -> bool:
        """Note that the call with this reference exists at the provider; return whether that settled somebody.

        Whom a person let be called again is not: they were asked without knowing of that call.
        """
        with self.transaction() as db:
            row = db.execute(
                changing.FOUND,
                (execution_id, say.FOUND, mark),
            ).fetchone()
            if row is None:
                return False
            attempt, recipient = row
            revoke(db, recipient)
            derive(db, [recipient])
            (decided,) = db.execute(reading.DECIDED, (recipient,)).fetchone()
        return bool(decided == attempt)

    def callable_numbers(self) -> set[int]:
        """Return the numbers of everybody who may be called, or may be as soon as they are back in the input."""
        query = reading.CALLABLE_NUMBERS
        with self._errors():
            return {number for (number,) in self._db.execute(query)}

    def knows_reference(self, mark: str) -> bool:
        """Tell whether an attempt with this reference is recorded."""
        with self._errors():
            return self._db.execute(reading.WITH_REFERENCE, (mark,)).fetchone() is not None

    def calls_since(self, since: float) -> dict[int, float]:
        """Return a hash of each id that a call was given since then, and when it was (Unix seconds)."""
        with self._errors():
            return {hash(one): at for one, at in self._db.execute(reading.CALLS_SINCE, {"since": since})}

    def doubt(self, numbers: Collection[int], *, execution_id: str) -> int:
        """Note that a call that is not ours was found to some people who may be called; return how many they are.

        Args:
            numbers: E.164 digits; more than one where one line has several spellings.
            execution_id: the provider's id of the call.
        """
        words = say.called_by_others(execution_id)
        with self.transaction() as db:
            db.execute(changing.INDEX_NUMBERS)
            rows = db.execute(reading.CALLABLE_WITH, (json.dumps(list(numbers)),)).fetchall()
            for recipient, key, attempts in rows:
                db.execute(changing.DOUBT, (recipient, attempts + 1, time.time(), words, execution_id))
                self._not_callable_any_more(recipient, key)
        return len(rows)

    def adopt(
        self, numbers: Collection[int], mark: str, *, execution_id: str, missing_since: float | None = None
    ) -> bool:
        """Record that a call to one of them was found at the provider; return whether it was new.

        For a recipient who will be called again, calls that are already known are not new.

        Args:
            numbers: E.164 digits; more than one where one line has several spellings.
            mark: the call's reference, which identifies the recipient.
            execution_id: the provider's id of the call.
            missing_since: from then on (Unix seconds) more calls may be missing, now that one is.
        """
        shared = shared_part(mark)
        with self.transaction() as db:
            db.execute(changing.INDEX_NUMBERS)
            rows = db.execute(reading.ADOPTABLE, (json.dumps(list(numbers)), mark)).fetchall()
            for recipient, key, attempts in rows:
                if self.shared_reference(key) == shared:
                    if missing_since is not None and not self.gaps():
                        self.note_gap(missing_since, time.time())
                    self._adopt(recipient, key, mark, turn=max(attempts + 1, turn_of(mark)), execution_id=execution_id)
                    return True
        return False

    def _adopt(self, recipient: int, key: str, mark: str, *, turn: int, execution_id: str) -> None:
        self._db.execute(
            changing.ADOPT,
            (recipient, mark, turn, time.time(), say.FOUND_AND_NEW, execution_id),
        )
        self._not_callable_any_more(recipient, key)

    def _not_callable_any_more(self, recipient: int, key: str) -> None:
        revoke(self._db, recipient)
        derive(self._db, [recipient])
        self._claim_row(key)
        # A recipient whose number was called under another id must not be called any more.
        self.set_note(JUDGED, "")
