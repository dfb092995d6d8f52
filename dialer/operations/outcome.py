"""What a run is about to do, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from dialer.errors import ExitCode
from dialer.models import Status
from dialer.store import NO_REDIALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dialer.intake.do_not_call import Listed
    from dialer.models import CallCount
    from dialer.operations.coverage import Uncovered
    from dialer.operations.forecast import Outlook
    from dialer.store import Redials
    from dialer.store.shared import Pause


class Why(StrEnum):
    """What a command is for."""

    PAUSED = "paused"
    LEFT = "left"
    OPEN = "open"
    UNKNOWN = "unknown"
    ERRORS = "errors"
    NOT_REACHED = "not_reached"
    INVALID = "invalid"
    IN_EARNEST = "in_earnest"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Next:
    """What to do after a run.

    Attributes:
        command: as it can be typed.
        why: what it is for.
        at: before this moment it does nothing; None: it can be done at once.
    """

    command: str
    why: Why
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do.

    Attributes:
        batch: its name.
        recipients: the CSV.
        to_call: how many will be called.
        limited_to: `--limit`, where it cuts them short.
        counts: how many rows of the input stand where.
        called_last: when the last call of this batch was; None where there was none.
        agent_id: who calls.
        uncovered: numbers of countries that none of the rules is for; None where there are none.
        outlook: what the account and the agent say, and how long it takes.
        rate: the rate, in words.
        lists: what each suppression list holds.
        redialled: numbers that may have been called already and are called again because a person asked.
        once_more: how many were called before and are called once more, by what became of their last call.
        sandbox: nobody is really called.
        phone_words: how the column of the numbers was found, in words; empty where the campaign file names it.
        young: how many more are called once more as a person asked, but not yet.
        redials: who is called again by the campaign's plan.
    """

    batch: str
    recipients: str
    to_call: int
    limited_to: int | None
    counts: Mapping[Status, int]
    called_last: datetime | None
    agent_id: str
    uncovered: Uncovered | None
    outlook: Outlook
    rate: str
    lists: tuple[Listed, ...]
    redialled: tuple[str, ...]
    once_more: Mapping[str, int]
    sandbox: bool
    phone_words: str = ""
    young: int = 0
    redials: Redials = NO_REDIALS


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended.

    Attributes:
        batch: its name.
        results: path of the results CSV.
        counts: how many rows of the input stand where.
        sent: calls that this run placed, refused or left unclear.
        seconds: how long sending took.
        held: seconds of it that all sending was held, because the provider asked to or could not be reached.
        waited: seconds that were waited for somebody to be callable.
        left: recipients that can be called and were not.
        exit_code: what a script is told.
        ended: why it ended early, in words; empty where it did not.
        advice: what to do next, in words.
        notes: what a person should know, in words.
        may_ring: accepted calls that may still ring, as far as the ledger knows; 0 of a trial.
        calls: how the accepted calls stand, as far as was looked up.
        outcomes: how those of them ended that are over: outcome → calls.
        reasons: why rows were refused, without what differs from row to row: the most frequent ones.
        other_reasons: how many rows were refused for another reason.
        redials: who is called again by the campaign's plan, by a later run.
        unrecorded: calls whose outcome could not be written to the ledger: number and what came of it.
        paused: a person has paused it, so nobody is called; `ended` says who.
        pauses: the same for scripts.
        next: the command that goes on best; None where there is none.
        workbook: path of the results as a workbook; None where the campaign asks for none.
    """

    batch: str
    results: str
    counts: Mapping[Status, int]
    sent: int
    seconds: float
    held: float
    waited: float
    left: int
    exit_code: ExitCode
    ended: str = ""
    advice: str = ""
    notes: tuple[str, ...] = ()
    may_ring: int = 0
    calls: tuple[CallCount, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    other_reasons: int = 0
    redials: Redials = NO_REDIALS
    unrecorded: tuple[tuple[str, str], ...] = ()
    paused: bool = False
    pauses: tuple[Pause, ...] = ()
    next: Next | None = None
    workbook: str | None = None


def exit_code_of(counts: Mapping[Status, int], *, refused: int = 0) -> ExitCode:
    """Return what a script is told of a batch that stands so, where so many redials were refused."""
    if counts.get(Status.PENDING) or counts.get(Status.SENDING):
        return ExitCode.LEFT
    if refused or any(counts.get(status) for status in (Status.ERROR, Status.UNKNOWN, Status.INVALID)):
        return ExitCode.LOOK
    return ExitCode.DONE
