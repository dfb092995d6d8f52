"""Who may be called again because a person asked: for one run, once, and within the campaign's limits.

A permission counts for the run whose id it carries, so one that a dead run has left is worth nothing. The attempt that
is begun with it uses it up; an attempt that surely placed no call and is to be made again, or was withheld, gives it
back to that run.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.messages.store import BY_PLAN
from dialer.models import Status
from dialer.store.interface import JUDGED
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import changing, reading
from dialer.store.redial import Redial, Redials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dialer.store.ledger.connection import Database
    from dialer.store.redial import RedialRules


class Permissions(Connected):
    """The part of the ledger that lets people be called again."""

    _plan: RedialRules | None = None
    """By which this work calls people again without being asked."""

    def permit(
        self,
        state: Status,
        rules: RedialRules,
        *,
        what: str,
        keys: Collection[str] | None = None,
        now: float | None = None,
    ) -> Redial:
        """Let everybody in a state be called again whom the rules allow, because a person asked.

        Only those who have no call that is not final: what the provider may still dial, or try again by itself, is not
        called on top of that. Nor is anybody whom one of their calls has reached.

        Args:
            state: QUEUED, ERROR or UNKNOWN.
            rules: what the campaign allows.
            what: the words of the command.
            keys: only these; None: all.
            now: Unix seconds.
        """
        given = _given(state, rules, keys, now)
        with self.transaction() as db:
            judged = db.execute(
                reading.JUDGED_COUNTS,
                given,
            ).fetchall()
            (before,) = db.execute(reading.LAST_PERMISSION).fetchone()
            db.execute(
                changing.PERMIT,
                {**given, "what": what},
            )
            db.execute(changing.KEEP_CELLS, (before,))
            self.set_note(JUDGED, "")
        return _counted({verdict: tuple(figures) for verdict, *figures in judged})

    def redial_by_plan(self, rules: RedialRules, *, now: float | None = None) -> int:
        """Let everybody of the input be called again who is due by the campaign's plan; return how many they are.

        The plan is a condition: it is judged once more when the intent is written, since a call may have come to light
        meanwhile.

        Args:
            rules: of the plan, with its times.
            now: Unix seconds.
        """
        self._plan = rules
        given = _given(Status.QUEUED, rules, None, now)
        with self.transaction() as db:
            # What a dead run had planned is worth nothing.
            db.execute(changing.FORGET_PLANNED, (BY_PLAN,))
            (before,) = db.execute(reading.LAST_PERMISSION).fetchone()
            count = db.execute(changing.PERMIT_PLANNED, {**given, "what": BY_PLAN}).rowcount
            if count:
                db.execute(changing.KEEP_CELLS, (before,))
                self.set_note(JUDGED, "")
        return count

    def redials(self, rules: RedialRules, *, now: float | None = None) -> Redials:
        """Return who of the input is called again by the campaign's plan."""
        with self._errors():
            rows = self._db.execute(reading.PLANNED_COUNTS, _given(Status.QUEUED, rules, None, now)).fetchall()
        verdicts = {verdict: tuple(figures) for verdict, *figures in rows}
        none = (0, 0, None, None)
        later, _, first, last = verdicts.get("young", none)
        return Redials(
            due=verdicts.get("ready", none)[0],
            later=later,
            first=None if first is None else datetime.fromtimestamp(first, UTC),
            last=None if last is None else datetime.fromtimestamp(last, UTC),
            open=verdicts.get("open", none)[1],
            refused=verdicts.get("refused", none)[0],
        )

    def _not_due(self, recipients: Iterable[int], *, now: float) -> set[int]:
        """Take away from those who are not due by the plan any more what lets them be called; return who they are."""
        if self._plan is None:
            return set()
        given = _given(Status.QUEUED, self._plan, None, now)
        chosen = {"recipients": json.dumps(list(recipients)), "what": BY_PLAN}
        with self.transaction() as db:
            found = {one for (one,) in db.execute(reading.NOT_DUE, given | chosen)}
            for recipient in found:
                revoke(db, recipient)
        return found

    def may_be_permitted(self, state: Status, rules: RedialRules, *, keys: Collection[str]) -> list[int]:
        """Return the numbers of the recipients that `permit` would allow to be called again."""
        query = reading.MAY_BE_PERMITTED
        with self._errors():
            return [number for (number,) in self._db.execute(query, _given(state, rules, keys, None))]

    def end_permissions(self) -> int:
        """End the redial permissions of this run that are left; return how many recipients are not called again."""
        with self.transaction() as db:
            count = sum(self.released().values())
            # Without a request and without a call there is nothing to keep.
            db.execute(changing.FORGET_PLANNED, (BY_PLAN,))
            db.execute(changing.END_PERMISSIONS)
        return count

    def released(self) -> dict[Status, int]:
        """Count the recipients of the input who will be called again because a person asked, by state."""
        with self._errors():
            rows = self._db.execute(reading.RELEASED).fetchall()
        return {Status(state): count for state, count in rows}

    def redialled(self) -> Mapping[str, int]:
        """Count the recipients of the input who will be called again, by the outcome of their last call."""
        with self._errors():
            rows = self._db.execute(reading.REDIALLED).fetchall()
        return dict(rows)

    def refused_again(self) -> int:
        """Count this run's refused redials of recipients who have an earlier accepted call."""
        with self._errors():
            (count,) = self._db.execute(reading.REFUSED_AGAIN).fetchone()
        return int(count)


def revoke(db: Database, recipient: int) -> None:
    """Delete a recipient's redial permission: another call to them was found."""
    db.execute(changing.REVOKE, (recipient,))


def revoke_unlisted(db: Database) -> None:
    """Delete the redial permission of recipients without a callable row of the same number in the input."""
    db.execute(changing.REVOKE_UNLISTED)


def _given(state: Status, rules: RedialRules, keys: Collection[str] | None, now: float | None) -> dict[str, object]:
    return {
        "state": state,
        "keys": None if keys is None else json.dumps(list(keys)),
        "outcomes": json.dumps(sorted(rules.outcomes)),
        "most": rules.max_attempts,
        "after": rules.after,
        "times": json.dumps(list(rules.times)) if rules.times else None,
        "now": time.time() if now is None else now,
    }


def _counted(judged: Mapping[str, tuple[int, int, float, float]]) -> Redial:
    none = (0, 0, None, None)
    young, _, ripe_from, ripe_by = judged.get("young", none)
    open_, untracked, _, _ = judged.get("open", none)
    return Redial(
        released=judged.get("ready", none)[0],
        young=young,
        ripe_from=ripe_from,
        ripe_by=ripe_by,
        spent=judged.get("spent", none)[0],
        open=open_,
        untracked=untracked,
        reached=judged.get("reached", none)[0],
    )
