"""What a run has sent lately, kept in memory as well: a server that comes back may have lost the last commits.

If a replica takes the place of a server, it may lack commits that the server acknowledged a moment before. Then a
person who was called seems free. So each run sends its attempts again (`Batch.tell_again`) before it calls anybody.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dialer.reference import turn_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.models import Answer, Attempt, Body, Recipient

KEPT = 900.0
"""Seconds for which an attempt is kept here once its outcome was recorded."""


@dataclass(frozen=True, slots=True)
class _Sent:
    attempt: Attempt
    id: int
    asked: float = -math.inf
    answer: Answer | None = None
    ended_at: float | None = None
    settled: float | None = None


class Sent:
    """The attempts of one run that are open, or ended a short while ago; by reference."""

    def __init__(self) -> None:
        self._kept: dict[str, _Sent] = {}

    def begun(self, attempts: Sequence[Attempt], *, asked: float = -math.inf) -> None:
        """Keep attempts whose intents were recorded; `asked` is when that was requested, by the caller's clock."""
        self._forget_old()
        self._kept |= {attempt.reference: _Sent(attempt, attempt.id, asked) for attempt in attempts}

    def asked(self, attempt: Attempt) -> float:
        """Return when an attempt's intent was requested, by the same clock; minus infinity if that is not known."""
        known = self._kept.get(attempt.reference)
        return -math.inf if known is None else known.asked

    def ended(self, outcomes: Sequence[tuple[Attempt, Answer]], *, at: float) -> None:
        """Keep how they ended (Unix seconds)."""
        now = time.monotonic()
        for attempt, answer in outcomes:
            known = self._kept.get(attempt.reference) or _Sent(attempt, attempt.id)
            self._kept[attempt.reference] = replace(known, answer=answer, ended_at=at, settled=now)

    def forget(self, attempts: Sequence[Attempt]) -> None:
        """Forget attempts that were not made."""
        for attempt in attempts:
            self._kept.pop(attempt.reference, None)

    def renumber(self, ids: Mapping[str, int]) -> None:
        """Note which numbers attempts have now, by reference."""
        for mark, id_ in ids.items():
            self._kept[mark] = replace(self._kept[mark], id=id_)

    def ids(self, attempts: Sequence[Attempt]) -> dict[str, list[Any]]:
        """Return the numbers that attempts have now, and their references."""
        known = [self._kept.get(attempt.reference) for attempt in attempts]
        return {
            "ids": [attempt.id if one is None else one.id for attempt, one in zip(attempts, known, strict=True)],
            "marks": [attempt.reference for attempt in attempts],
        }

    def references(self) -> list[str]:
        """Return the references of all of them."""
        return list(self._kept)

    def all_columns(self) -> dict[str, list[Any]]:
        """Return all of them, column by column."""
        kept = list(self._kept.values())
        attempts = [one.attempt for one in kept]
        recipients = [attempt.recipient for attempt in attempts]
        marks, bodies = [attempt.reference for attempt in attempts], [attempt.body for attempt in attempts]
        return {
            **columns(recipients, marks, bodies),
            **_answers([one.answer for one in kept]),
            "begun": [attempt.at.timestamp() for attempt in attempts],
            "ended": [one.ended_at for one in kept],
        }

    def _forget_old(self) -> None:
        before = time.monotonic() - KEPT
        # In the order in which they began: what is open longest is looked at first.
        for mark, one in list(self._kept.items()):
            if one.settled is None or one.settled > before:
                break
            del self._kept[mark]


def columns(recipients: Sequence[Recipient], marks: Sequence[str], bodies: Sequence[Body]) -> dict[str, list[Any]]:
    """Return what is known of attempts before they are made, column by column."""
    return {
        "people": [one.id for one in recipients],
        "turns": list(map(turn_of, marks)),
        "marks": list(marks),
        "bodies": [body.text for body in bodies],
        "due": [body.scheduled_at for body in bodies],
        "retries": [body.retry_seconds for body in bodies],
    }


def answers(outcomes: Sequence[tuple[Attempt, Answer]]) -> dict[str, list[Any]]:
    """Return how attempts ended, column by column."""
    return _answers([answer for _, answer in outcomes])


def _answers(known: Sequence[Answer | None]) -> dict[str, list[Any]]:
    return {
        "outcomes": [None if one is None else one.outcome for one in known],
        "statuses": [None if one is None else one.http_status for one in known],
        "words": ["" if one is None else one.words for one in known],
        "calls": ["" if one is None else one.execution_id or "" for one in known],
        "skews": [None if one is None else one.skew for one in known],
    }
