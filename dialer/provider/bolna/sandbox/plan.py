"""How one dialling of a phone goes: drawn from the seed, the same each time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTCOMES = (
    "completed",
    "voicemail",
    "no-answer",
    "busy",
    "failed",
    "error",
    "canceled",
    "balance-low",
    "call-disconnected",
)
"""How a dialling may end; `voicemail` shows as `completed`, `call-disconnected` stays there for ever."""

STATUSES = (
    "scheduled",
    "queued",
    "rescheduled",
    "initiated",
    "ringing",
    "in-progress",
    "call-disconnected",
    "completed",
    "balance-low",
    "busy",
    "no-answer",
    "canceled",
    "failed",
    "stopped",
    "error",
)
"""The documented statuses of an execution."""

ANSWERED = frozenset({"completed", "voicemail", "call-disconnected"})
CENTS_PER_MINUTE = {"llm": 1.1, "network": 1.3, "platform": 2.0, "synthesizer": 1.8, "transcriber": 0.8}
DIALLING = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One dialling, in seconds of the phone world.

    Attributes:
        outcome: one of `OUTCOMES`.
        ring: how long it rings.
        talk: how long they talk; 0 if no one answers.
        wrap_up: from the hang-up to the final status; infinite if it never comes.
        keen: whether the person says yes.
    """

    outcome: str
    ring: float
    talk: float
    wrap_up: float
    keen: bool

    @property
    def status(self) -> str:
        """The status at the end."""
        return "completed" if self.outcome == "voicemail" else self.outcome

    @property
    def line_time(self) -> float:
        """Seconds for which the dialling holds a line."""
        return 0.0 if self.outcome == "balance-low" else DIALLING + self.ring + self.talk

    @property
    def length(self) -> float:
        """Seconds from the dialling to the final status."""
        return self.line_time + self.wrap_up

    @property
    def costs(self) -> dict[str, float]:
        """Cents by part of the bill."""
        return {part: round(cents * self.talk / 60, 3) for part, cents in CENTS_PER_MINUTE.items()}

    def phase(self, elapsed: float) -> tuple[str, float]:
        """Return the status `elapsed` seconds after the dialling, and when it was reached."""
        begins = 0.0
        for status, lasts in self._phases():
            if elapsed < begins + lasts:
                return status, begins
            begins += lasts
        return self.status, begins

    def _phases(self) -> tuple[tuple[str, float], ...]:
        if self.outcome == "balance-low":
            return ()
        return (
            ("initiated", DIALLING),
            ("ringing", self.ring),
            ("in-progress", self.talk),
            ("call-disconnected", self.wrap_up),
        )


def draw(seed: int, number: str, placing: int, retry: int, shares: Mapping[str, float]) -> Plan:
    """Return how a dialling goes; the same arguments give the same plan.

    Args:
        seed: of the sandbox.
        number: the recipient's, E.164.
        placing: how many calls to this number were placed before this one.
        retry: how many times this call was dialled before.
        shares: weight by outcome.
    """
    dice = Random(f"{seed}:{number}:{placing}:{retry}")  # noqa: S311 - a script for actors, no secret
    (outcome,) = dice.choices(tuple(shares), weights=tuple(shares.values()))
    return script(outcome, dice)


def script(outcome: str, dice: Random) -> Plan:
    """Return a plan that ends with this outcome."""
    answered = outcome in ANSWERED
    return Plan(
        outcome=outcome,
        ring=_ring(outcome, dice),
        talk=round(dice.uniform(15, 25 if outcome == "voicemail" else 90), 1) if answered else 0.0,
        wrap_up=_wrap_up(outcome, dice),
        keen=outcome == "completed" and dice.choice((True, False)),
    )


def _ring(outcome: str, dice: Random) -> float:
    if outcome in ANSWERED:
        return round(dice.uniform(3, 20), 1)
    return {"no-answer": 30.0, "busy": 2.0, "canceled": 8.0}.get(outcome, 0.0)


def _wrap_up(outcome: str, dice: Random) -> float:
    if outcome == "call-disconnected":
        return math.inf
    return round(dice.uniform(3, 20), 1) if outcome in ANSWERED else 0.0
