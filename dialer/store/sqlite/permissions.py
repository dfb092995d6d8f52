"""Who may be called again because a person asked: for one run, once, and within the campaign's limits.

A permission counts for the run whose id it carries, so one that a dead run has left is worth nothing. The attempt that
is begun with it uses it up; an attempt that surely placed no call and is to be made again, or was withheld, gives it
back to that run.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dialer.models import Status
from dialer.store.interface import JUDGED
from dialer.store.records import Redial
from dialer.store.sqlite.connection import Connected
from dialer.store.sqlite.opening import told
from dialer.store.sqlite.queries import changing, reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from dialer.store.records import RedialRules


class Permissions(Connected):
    """The part of the ledger that lets people be called again."""

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

    def may_be_permitted(self, state: Status, rules: RedialRules, *, keys: Collection[str]) -> list[int]:
        """Return the numbers of those whom `permit` would let be called again."""
        query = reading.MAY_BE_PERMITTED
        with told(self.path):
            return [number for (number,) in self._db.execute(query, _given(state, rules, keys, None))]

    def end_permissions(self) -> int:
        """End what this run may still do because a person asked, and return how many are not called again after all."""
        with self.transaction() as db:
            count = sum(self.released().values())
            db.execute(changing.END_PERMISSIONS)
        return count

    def released(self) -> dict[Status, int]:
        """Return how many of the input are about to be called again because a person asked, by where they stand."""
        with told(self.path):
            rows = self._db.execute(reading.RELEASED).fetchall()
        return {Status(state): count for state, count in rows}

    def redialled(self) -> Mapping[str, int]:
        """Return how many of the input are about to be called once more, by what became of their last call."""
        with told(self.path):
            rows = self._db.execute(reading.REDIALLED).fetchall()
        return dict(rows)

    def refused_again(self) -> int:
        """Return how many redials of this run were refused, while an earlier call stands."""
        with told(self.path):
            (count,) = self._db.execute(reading.REFUSED_AGAIN).fetchone()
        return int(count)


def use(db: sqlite3.Connection, begun: str) -> None:
    """Let attempts that are begun use up their recipients' permissions.

    Args:
        db: within a transaction.
        begun: JSON: attempt and recipient of each.
    """
    db.execute(
        changing.USE,
        (begun,),
    )


def give_back(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Let the permissions be used again that these attempts have used: they surely placed no call."""
    chosen = json.dumps(list(attempts))
    db.execute(changing.GIVE_BACK, (chosen,))


def revoke(db: sqlite3.Connection, recipient: int) -> None:
    """Take away what lets somebody be called again: another call of theirs has come to light."""
    db.execute(changing.REVOKE, (recipient,))


def revoke_unlisted(db: sqlite3.Connection) -> None:
    """Take away what lets those be called again of whom the input has no callable row under the same number."""
    db.execute(changing.REVOKE_UNLISTED)


def _given(state: Status, rules: RedialRules, keys: Collection[str] | None, now: float | None) -> dict[str, object]:
    return {
        "state": state,
        "keys": None if keys is None else json.dumps(list(keys)),
        "outcomes": json.dumps(sorted(rules.outcomes)),
        "most": rules.max_attempts,
        "after": rules.after,
        "now": time.time() if now is None else now,
    }


def _counted(judged: Mapping[str, tuple[int, int, float, float]]) -> Redial:
    none = (0, 0, None, None)
    young, _, ripe_from, ripe_by = judged.get("young", none)
    open_, untold, _, _ = judged.get("open", none)
    return Redial(
        released=judged.get("ready", none)[0],
        young=young,
        ripe_from=ripe_from,
        ripe_by=ripe_by,
        spent=judged.get("spent", none)[0],
        open=open_,
        untold=untold,
        reached=judged.get("reached", none)[0],
    )
