# ruff: noqa: S608 - constants only
"""What the queries share: which call reached a person, who may be called, which calls go on.

Aliases: `r` is a row of the input, or a recipient who was in it; `a` an attempt; `c` the call it placed, by the
provider's last answer; `s` the body it was sent with; `f` the cells it was made with, if `r` has other cells by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.models import ATTEMPTED
from dialer.provider.states import FINAL as FINAL_STATES
from dialer.provider.states import CallState

if TYPE_CHECKING:
    from collections.abc import Iterable


def listed(words: Iterable[str]) -> str:
    """Return words as the right side of IN."""
    return f"({', '.join(repr(str(word)) for word in sorted(words))})"


def later(one: str, other: str) -> str:
    """Return the later of two moments."""
    return f"CASE WHEN {one} > {other} THEN {one} ELSE {other} END"


def earlier(one: str, other: str) -> str:
    """Return the earlier of two moments."""
    return f"CASE WHEN {one} < {other} THEN {one} ELSE {other} END"


STOPPED = CallState.STOPPED
"""No other answer to the wish to stop a call is kept under this word."""

CALLED = listed(ATTEMPTED)
"""The states of everybody who was attempted."""
RUN = "(SELECT coalesce((SELECT value FROM meta WHERE name = 'work'), 'none'))"
"""The id of the work that goes on: see `requests`."""


def permitted(recipient: str) -> str:
    """Return the condition that the run may call a recipient again; an open attempt uses the permission up."""
    return (
        f"EXISTS (SELECT 1 FROM permission p WHERE p.run = {RUN} AND p.recipient = {recipient} AND p.attempt IS NULL "
        "AND p.void = 0)"
    )


CALLABLE = f"(r.state = 'pending' OR {permitted('r.id')})"
"""Whether `r` may be called, where the input has a row of theirs that can be."""
LISTED = "r.position IS NOT NULL AND r.status IS NULL AND r.state IS NOT NULL"
"""Whether `r` is in the input with a row that can be called."""
PENDING = "recipient r INDEXED BY recipient_pending WHERE r.state = 'pending'"
"""Those who were never called, in the input or not; without those who may be called again."""
DONE = "recipient r INDEXED BY recipient_done WHERE r.state IS NOT 'pending'"
"""All the others, including rows that belong to no recipient."""
PERMITTED = f"""
    recipient r WHERE r.id IN (SELECT recipient FROM permission WHERE run = {RUN} AND attempt IS NULL AND void = 0)
    AND r.state IS NOT 'pending'
"""
"""Those of all the others whom the run may call again: found by their permissions, which are few."""

OUTCOME = f"""
    CASE WHEN c.status = '{CallState.COMPLETED}' AND c.voicemail = 1 THEN '{CallState.VOICEMAIL}'
    ELSE coalesce(c.status, '') END
"""
"""A call's status: a CallState, else the provider's own word. Older ledgers store an answering machine separately."""
REACHED = f"""
    (CASE WHEN {OUTCOME} = '{CallState.COMPLETED}' AND (c.final = 0 OR coalesce(c.duration, 0) > 0) THEN 1 ELSE 0 END)
"""
"""1 where a person was reached, else 0; as long as only its status was read, a completed call is taken to have."""
IN_DOUBT = f"""
    (CASE WHEN {REACHED} = 1 OR c.final = 1 OR c.status IN {listed(FINAL_STATES)} AND a.retry_seconds IS NULL THEN 0
    ELSE 1 END)
"""
"""1 if it is unknown whether a person was reached: the call goes on, was never looked up, or was given up."""
FINAL = "coalesce(c.final, 0)"
WHY = "coalesce(nullif(c.error_message, ''), nullif(c.termination_reason, ''), c.hangup_reason)"
"""Why a call ended, or what went wrong. The words of a carrier come last: each has its own."""
CALL_OF = "LEFT JOIN call c ON c.attempt = r.decided"
"""The call that somebody's result shows."""
ACCEPTED_CALLS = "attempt a LEFT JOIN call c ON c.attempt = a.id WHERE a.outcome = 'queued'"
LAST = f"""
    SELECT a.recipient, max(a.id) AS attempt, max({REACHED}) AS reached, max({IN_DOUBT}) AS in_doubt, count(*) AS calls
    FROM {ACCEPTED_CALLS} GROUP BY a.recipient
"""
"""Of everybody who was called the last call, how many there were, and whether any has reached them, or is in doubt."""

ACCEPTED = """
    attempt a JOIN recipient r ON r.id = a.recipient LEFT JOIN sent s ON s.attempt = a.id
    LEFT JOIN call c ON c.attempt = a.id
"""
CALL = """
    a.id, a.recipient, r.number, a.execution_id, coalesce(s.body, ''), a.at, coalesce(a.answered_at, a.at),
    coalesce(c.status, ''), c.since, c.asked_at, c.scheduled_at, coalesce(c.retry_count, 0)
"""
"""The columns of a `Call`."""
OPEN = f"""
    FROM {ACCEPTED}
    WHERE a.outcome = 'queued' AND a.execution_id <> '' AND coalesce(c.final, 0) = 0
"""
MAY_RING = f"""
    FROM {ACCEPTED}
    WHERE a.outcome = 'queued' AND a.execution_id <> '' AND coalesce(c.final, 0) <> 1
    AND coalesce(c.stop, '') <> '{STOPPED}' AND NOT (coalesce(c.status, '') IN {listed(FINAL_STATES)}
    AND a.retry_seconds IS NULL)
"""
"""Also those that were given up because they never ended: they may still be in the queue. Not those that a list has
shown to be over, unless they may be tried again."""

_ENDED = earlier("c.since", "coalesce(c.updated_at - coalesce(a.skew, 0.0), c.since)")


def _calls_of(which: str) -> str:
    return f"""
        SELECT r.id AS recipient, max(r.state) AS state, max(r.decided) AS decided,
        max(r.attempts) - count(CASE WHEN a.outcome IN ('retry', 'error') THEN 1 END) AS placed,
        max(CASE WHEN a.outcome = 'queued' THEN a.id END) AS last,
        max(CASE WHEN a.outcome = 'error' THEN a.id END) AS refused,
        max(CASE WHEN a.outcome = 'queued' AND coalesce(c.final, 0) <> 1 THEN 1 ELSE 0 END) AS open,
        max(CASE WHEN a.outcome = 'queued' AND a.execution_id <> '' AND coalesce(c.final, 0) = 0 THEN 1 ELSE 0 END)
        AS asked,
        max(CASE WHEN a.outcome = 'queued' AND coalesce(c.status, '') = '' THEN 1 ELSE 0 END) AS untracked,
        max(CASE WHEN {OUTCOME} = '{CallState.COMPLETED}' THEN 1 ELSE 0 END) AS reached
        FROM recipient r LEFT JOIN attempt a ON a.recipient = r.id LEFT JOIN call c ON c.attempt = a.id
        WHERE {which} GROUP BY r.id
    """


def judged(which: str) -> str:
    """Select who may be called again by a campaign's rules, and why not, among recipients that meet a condition.

    With a plan (`:times` is given), a refusal ends it, and each call has its own time.
    """
    return f"""
        SELECT recipient, decided, untracked, asked, ripe,
        CASE WHEN :times IS NOT NULL AND open = 1 AND (reached = 1 OR placed >= :most) THEN 'other'
        WHEN open = 1 THEN 'open' WHEN reached = 1 AND state = 'queued' THEN 'other' WHEN reached = 1 THEN 'reached'
        WHEN state = 'queued' AND outcome NOT IN (SELECT value FROM json_each(:outcomes)) THEN 'other'
        WHEN placed >= :most THEN 'spent' WHEN :times IS NOT NULL AND refused > last THEN 'refused'
        WHEN ripe > :now THEN 'young' ELSE 'ready' END AS verdict
        FROM (
            SELECT k.*, {OUTCOME} AS outcome, {later("a.at", _ENDED)}
            + coalesce((SELECT CAST(value AS REAL) FROM json_each(:times) WHERE key = k.placed - 1), :after) AS ripe
            FROM ({_calls_of(which)}) k LEFT JOIN attempt a ON a.id = k.last LEFT JOIN call c ON c.attempt = k.last
        ) judged
    """


JUDGED = judged("r.state = :state AND (:keys IS NULL OR r.key IN (SELECT value FROM json_each(:keys)))")
PLANNED = judged(f"""
    r.state = 'queued' AND {LISTED} AND NOT EXISTS (
        SELECT 1 FROM call d WHERE d.attempt = r.decided AND d.final = 1 AND coalesce(d.voicemail, 0) = 0
        AND d.status NOT IN (SELECT value FROM json_each(:outcomes))
    )
""")
"""Only of those with a call that is not over, or that ended so."""
PLANNED_AMONG = judged("r.state = 'queued' AND r.id IN (SELECT CAST(value AS INTEGER) FROM json_each(:recipients))")
