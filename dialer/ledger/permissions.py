"""Who may be called again because a person asked: for one run, once, and within the campaign's limits.

A permission counts for the run whose id it carries, so one that a dead run has left is worth nothing. The attempt that
is begun with it uses it up; an attempt that surely placed no call and is to be made again, or was withheld, gives it
back to that run.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dialer.ledger.calls import OUTCOME
from dialer.ledger.connection import Connected
from dialer.ledger.opening import told
from dialer.models import Status
from dialer.provider.states import CallState
from dialer.store.interface import JUDGED
from dialer.store.records import Redial

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from dialer.store.records import RedialRules

RUN = "(SELECT coalesce((SELECT value FROM meta WHERE name = 'work'), 'none'))"
"""The id of the work that goes on, as SQL: see `requests`."""
PERMITTED = f"""
    EXISTS (SELECT 1 FROM permission p WHERE p.run = {RUN} AND p.recipient = {{recipient}} AND p.attempt IS NULL
    AND p.void = 0)
"""  # noqa: S608 - constants only
"""Whether the run may call somebody again, as SQL; nobody may be who has an open attempt, since that uses it."""
CALLABLE = f"(r.state = 'pending' OR {PERMITTED.format(recipient='r.id')})"
"""Whether recipient `r` may be called, where the input has a row of theirs that can be, as SQL."""


_CALLS = f"""
    SELECT r.id AS recipient, r.state, r.decided,
    r.attempts - coalesce(sum(a.outcome IN ('retry', 'error')), 0) AS placed,
    max(iif(a.outcome = 'queued', a.id, NULL)) AS last,
    coalesce(max(a.outcome = 'queued' AND coalesce(c.final, 0) <> 1), 0) AS open,
    coalesce(max(a.outcome = 'queued' AND coalesce(c.status, '') = ''), 0) AS untold,
    coalesce(max({OUTCOME} = '{CallState.COMPLETED}'), 0) AS reached
    FROM recipient r LEFT JOIN attempt a ON a.recipient = r.id LEFT JOIN call c ON c.attempt = a.id
    WHERE r.state = :state AND (:keys IS NULL OR r.key IN (SELECT value FROM json_each(:keys))) GROUP BY r.id
"""  # noqa: S608 - constants only
_JUDGED = f"""
    SELECT recipient, decided, untold, ripe,
    CASE WHEN open THEN 'open' WHEN reached THEN iif(state = 'queued', 'other', 'reached')
    WHEN state = 'queued' AND outcome NOT IN (SELECT value FROM json_each(:outcomes)) THEN 'other'
    WHEN placed >= :most THEN 'spent' WHEN ripe > :now THEN 'young' ELSE 'ready' END AS verdict
    FROM (
        SELECT k.*, {OUTCOME} AS outcome,
        max(a.at, min(c.since, coalesce(c.updated_at - coalesce(a.skew, 0.0), c.since))) + :after AS ripe
        FROM ({_CALLS}) k LEFT JOIN attempt a ON a.id = k.last LEFT JOIN call c ON c.attempt = k.last
    )
"""  # noqa: S608 - constants only


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

        Only those who have no call that is not final: what Bolna may still dial, or try again by itself, is not called
        on top of that. Nor is anybody whom one of their calls has reached.

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
                f"SELECT verdict, count(*), sum(untold), min(ripe), max(ripe) FROM ({_JUDGED}) GROUP BY verdict",  # noqa: S608 - constants only
                given,
            ).fetchall()
            (before,) = db.execute("SELECT coalesce(max(id), 0) FROM permission").fetchone()
            db.execute(
                f"""
                INSERT INTO permission (at, what, recipient, before, run)
                SELECT :now, :what, recipient, decided, {RUN} FROM ({_JUDGED}) j WHERE verdict = 'ready'
                AND NOT {PERMITTED.format(recipient="j.recipient")}
                """,  # noqa: S608 - constants only
                {**given, "what": what},
            )
            # The input may have other cells by now, and shown are those that the last call was made with.
            db.execute(
                """
                INSERT OR IGNORE INTO sent SELECT r.decided, r.payload, r.cells, r.layout
                FROM permission p JOIN recipient r ON r.id = p.recipient WHERE p.id > ? AND r.decided IS NOT NULL
                """,
                (before,),
            )
            self.set_note(JUDGED, "")
        return _counted({verdict: tuple(figures) for verdict, *figures in judged})

    def may_be_permitted(self, state: Status, rules: RedialRules, *, keys: Collection[str]) -> list[int]:
        """Return the numbers of those whom `permit` would let be called again."""
        query = f"""
            SELECT r.number FROM ({_JUDGED}) j JOIN recipient r ON r.id = j.recipient
            WHERE verdict = 'ready' ORDER BY r.id
        """  # noqa: S608 - constants only
        with told(self.path):
            return [number for (number,) in self._db.execute(query, _given(state, rules, keys, None))]

    def end_permissions(self) -> int:
        """End what this run may still do because a person asked, and return how many are not called again after all."""
        with self.transaction() as db:
            count = sum(self.released().values())
            db.execute(f"UPDATE permission SET void = 1 WHERE run = {RUN} AND attempt IS NULL")  # noqa: S608 - constants only
        return count

    def released(self) -> dict[Status, int]:
        """Return how many of the input are about to be called again because a person asked, by where they stand."""
        with told(self.path):
            rows = self._db.execute(
                f"""
                SELECT r.state, count(*) FROM recipient r CROSS JOIN input_row i ON i.key = r.key
                WHERE r.state <> 'pending' AND i.status = 'pending' AND i.owner
                AND {PERMITTED.format(recipient="r.id")} GROUP BY 1
                """  # noqa: S608 - constants only
            ).fetchall()
        return {Status(state): count for state, count in rows}

    def redialled(self) -> Mapping[str, int]:
        """Return how many of the input are about to be called once more, by what became of their last call."""
        with told(self.path):
            rows = self._db.execute(
                f"""
                SELECT {OUTCOME}, count(*) FROM recipient r CROSS JOIN input_row i ON i.key = r.key
                LEFT JOIN call c ON c.attempt = r.decided
                WHERE i.status = 'pending' AND r.state = 'queued' AND {PERMITTED.format(recipient="r.id")}
                GROUP BY 1 ORDER BY 2 DESC
                """  # noqa: S608 - constants only
            ).fetchall()
        return dict(rows)

    def refused_again(self) -> int:
        """Return how many this run has called again and Bolna refused, while an earlier call of theirs stands."""
        with told(self.path):
            (count,) = self._db.execute(
                f"""
                SELECT count(*) FROM permission p JOIN attempt a ON a.id = p.attempt
                JOIN recipient r ON r.id = p.recipient
                WHERE p.run = {RUN} AND a.outcome = 'error' AND r.decided <> a.id
                """  # noqa: S608 - constants only
            ).fetchone()
        return int(count)


def use(db: sqlite3.Connection, begun: str) -> None:
    """Let attempts that are begun use up their recipients' permissions.

    Args:
        db: within a transaction.
        begun: JSON: attempt and recipient of each.
    """
    db.execute(
        f"""
        UPDATE permission SET attempt = b.attempt FROM (SELECT json_extract(value, '$[0]') AS attempt,
        json_extract(value, '$[1]') AS recipient FROM json_each(?)) b
        WHERE permission.recipient = b.recipient AND run = {RUN} AND permission.attempt IS NULL AND void = 0
        """,  # noqa: S608 - constants only
        (begun,),
    )


def give_back(db: sqlite3.Connection, attempts: Iterable[int]) -> None:
    """Let the permissions be used again that these attempts have used: they surely placed no call."""
    chosen = json.dumps(list(attempts))
    db.execute("UPDATE permission SET attempt = NULL WHERE attempt IN (SELECT value FROM json_each(?))", (chosen,))


def revoke(db: sqlite3.Connection, recipient: int) -> None:
    """Take away what lets somebody be called again: another call of theirs has come to light."""
    db.execute("UPDATE permission SET void = 1 WHERE recipient = ? AND attempt IS NULL", (recipient,))


def revoke_unlisted(db: sqlite3.Connection) -> None:
    """Take away what lets those be called again of whom the input has no callable row under the same number."""
    db.execute(
        f"""
        UPDATE permission SET void = 1 WHERE run = {RUN} AND attempt IS NULL AND NOT EXISTS (
            SELECT 1 FROM recipient r JOIN input_row i ON i.key = r.key
            WHERE r.id = permission.recipient AND i.status = 'pending' AND i.number = r.number
        )
        """  # noqa: S608 - constants only
    )


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
