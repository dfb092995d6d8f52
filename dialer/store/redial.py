"""Who may be called again: by which rules, what came of them, and what a store does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from dialer.models import Status


@dataclass(frozen=True, slots=True)
class RedialRules:
    """Who may be called again.

    Attributes:
        outcomes: what has to have become of the last call, where it was accepted.
        max_attempts: how many calls somebody gets at most, all together; one that may have been placed counts.
        after: seconds from the end of the last one that was accepted.
        times: by plan: seconds from the end of the first call, of the second one, and so on; empty: `after` holds.
    """

    outcomes: Collection[str]
    max_attempts: int
    after: float
    times: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Redial:
    """What came of asking for people to be called again.

    Attributes:
        released: how many may be, as far as they are in the input.
        young: of how many the last call has ended too short a while ago.
        ripe_from: when the first of them may be called (Unix seconds); None where there is none.
        ripe_by: when all of them may be.
        spent: how many had all the calls they get.
        open: how many have a call that is not final.
        untracked: of how many of those the provider was never asked, or knew no such call.
        reached: how many of those in doubt were reached by another call.
    """

    released: int = 0
    young: int = 0
    ripe_from: float | None = None
    ripe_by: float | None = None
    spent: int = 0
    open: int = 0
    untracked: int = 0
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Redials:
    """Who of the input is called again by plan.

    Attributes:
        due: how many may be called now.
        later: how many more have to wait.
        first: when the first of those may be called (UTC); None where there is none.
        last: when all of them may be (UTC).
        open: how many have a call that is not over, and another one to come if it ends so.
        refused: how many are not called again, since that was refused.
    """

    due: int = 0
    later: int = 0
    first: datetime | None = None
    last: datetime | None = None
    open: int = 0
    refused: int = 0

    @property
    def is_over(self) -> bool:
        """Whether no recipient will be called again."""
        return not (self.due or self.later or self.open)


NO_REDIALS = Redials()


class Redialling(Protocol):
    """What a run needs to call people again."""

    def permit(
        self,
        state: Status,
        rules: RedialRules,
        *,
        what: str,
        keys: Collection[str] | None = None,
        now: float | None = None,
    ) -> Redial:
        """Let everybody in a state be called again whom the rules allow, for this work only; a person asked."""

    def redial_by_plan(self, rules: RedialRules, *, now: float | None = None) -> int:
        """Let everybody be called again, by this work only, who is due by a plan, as long as they are."""

    def redials(self, rules: RedialRules, *, now: float | None = None) -> Redials:
        """Return who is called again by a plan."""

    def may_be_permitted(self, state: Status, rules: RedialRules, *, keys: Collection[str]) -> list[int]:
        """Return the numbers of the recipients that `permit` would allow to be called again."""

    def end_permissions(self) -> int:
        """End what this work may still do because a person asked; return how many are not called again after all."""

    def released(self) -> dict[Status, int]:
        """Count the recipients who will be called again because a person asked, by state."""

    def redialled(self) -> Mapping[str, int]:
        """Return how many are about to be called once more, by what became of their last call."""

    def refused_again(self) -> int:
        """Count this work's refused redials of recipients who have an earlier accepted call."""
