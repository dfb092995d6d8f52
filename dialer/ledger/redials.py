"""Who is called once more because the last call has not reached them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.ledger.calls import OUTCOME
from dialer.ledger.connection import Connected
from dialer.ledger.opening import told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class RedialRules:
    """Who may be called once more.

    Attributes:
        outcomes: what has to have become of the last call.
        max_attempts: how many calls somebody gets at most, all together.
        after: seconds from the end of the last one.
    """

    outcomes: Collection[str]
    max_attempts: int
    after: float


@dataclass(frozen=True, slots=True)
class Redial:
    """What came of asking for people to be called once more.

    Attributes:
        released: how many may be, as far as they are in the input.
        young: of how many the last call has ended too short a while ago.
        ripe_from: when the first of them may be called (Unix seconds); None where there is none.
        ripe_by: when all of them may be.
        spent: how many had all the calls they get.
        open: how many have a call that is not final.
        untold: of how many of those Bolna was never asked, or knew no such call.
    """

    released: int = 0
    young: int = 0
    ripe_from: float | None = None
    ripe_by: float | None = None
    spent: int = 0
    open: int = 0
    untold: int = 0


_CALLS = """
    SELECT a.recipient, max(CASE WHEN a.outcome = 'queued' THEN a.id END) AS last,
    sum(a.outcome IN ('retry', 'error')) AS unplaced,
    max(a.outcome = 'queued' AND coalesce(c.final, 0) <> 1) AS open,
    max(a.outcome = 'queued' AND coalesce(c.status, '') = '') AS untold,
    max(coalesce(c.status = 'completed' AND NOT coalesce(c.voicemail, 0), 0)) AS reached
    FROM attempt a LEFT JOIN call c ON c.attempt = a.id GROUP BY a.recipient
"""
_JUDGED = f"""
    SELECT recipient, last, untold, ripe,
    CASE WHEN open THEN 'open' WHEN reached OR outcome NOT IN (SELECT value FROM json_each(:outcomes)) THEN ''
    WHEN placed >= :most THEN 'spent' WHEN ripe > :now THEN 'young' ELSE 'ready' END AS verdict
    FROM (
        SELECT k.*, r.attempts - k.unplaced AS placed, {OUTCOME} AS outcome,
        max(a.at, min(c.since, coalesce(c.updated_at - coalesce(a.skew, 0.0), c.since))) + :after AS ripe
        FROM ({_CALLS}) k JOIN recipient r ON r.id = k.recipient JOIN attempt a ON a.id = k.last
        LEFT JOIN call c ON c.attempt = k.last WHERE r.state = 'queued'
    )
"""  # noqa: S608 - constants only


class Redials(Connected):
    """The part of the ledger that lets people be called once more."""

    def redial(self, rules: RedialRules, *, what: str, now: float | None = None) -> Redial:
        """Make everybody callable once more whom the rules allow, because a person asked; the decision is kept.

        It holds for the run it was made in, like `release`. Only who has no call that is not final: what Bolna may
        still dial, or try again by itself, is not called on top of that. Nor is anybody whom one of their calls has
        reached.

        Args:
            rules: who.
            what: the words of the command.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        with self._transaction() as db:
            (before,) = db.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()
            judged = db.execute(
                f"""
                SELECT verdict, count(*), sum(untold), min(ripe), max(ripe) FROM ({_JUDGED})
                WHERE verdict <> '' GROUP BY verdict
                """,  # noqa: S608 - constants only
                _given(rules, at),
            ).fetchall()
            db.execute(
                f"""
                INSERT INTO decision (at, what, recipient, attempt)
                SELECT :now, :what, recipient, last FROM ({_JUDGED}) WHERE verdict = 'ready'
                """,  # noqa: S608 - constants only
                {**_given(rules, at), "what": what},
            )
            db.execute(
                """
                UPDATE recipient SET former = state, state = 'pending'
                WHERE id IN (SELECT recipient FROM decision WHERE id > ?)
                """,
                (before,),
            )
        return _told({verdict: tuple(figures) for verdict, *figures in judged})

    def redialled(self) -> Mapping[str, int]:
        """Return how many of the input are about to be called once more, by what became of their last call."""
        with told(self.path):
            rows = self._db.execute(
                f"""
                SELECT {OUTCOME}, count(*) FROM recipient r CROSS JOIN input_row i ON i.key = r.key
                LEFT JOIN call c ON c.attempt = (SELECT max(attempt) FROM call WHERE recipient = r.id)
                WHERE i.status = 'pending' AND r.state = 'pending' AND r.former = 'queued' GROUP BY 1 ORDER BY 2 DESC
                """  # noqa: S608 - constants only
            ).fetchall()
        return dict(rows)


def _given(rules: RedialRules, now: float) -> dict[str, object]:
    outcomes = json.dumps(sorted(rules.outcomes))
    return {"outcomes": outcomes, "most": rules.max_attempts, "after": rules.after, "now": now}


def _told(judged: Mapping[str, tuple[int, int, float, float]]) -> Redial:
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
    )
