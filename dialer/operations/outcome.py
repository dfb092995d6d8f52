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
    ANY_HOUR = "any_hour"
    NEEDS_AGENT = "needs_agent"
    OWN_LIST = "own_list"
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
    """The plan of a run.

    Attributes:
        batch: its name.
        recipients: the CSV.
        to_call: number of recipients to call.
        limited_to: `--limit`, if it is less than that.
        counts: rows of the input by status.
        called_last: time of the batch's last call; None if there was none.
        agent_id: UUID of the agent.
        uncovered: numbers of countries without a rule; None if there are none.
        outlook: data of the account and the agent, and the expected duration.
        rate: the rate of calls, in words.
        lists: the contents of each do-not-call list.
        redialled: numbers that may have been called already and are called again on request.
        once_more: recipients who were called before and are called again, by outcome of their last call.
        sandbox: no real call is placed.
        phone_words: how the phone column was detected, in words; empty if the campaign file names it.
        young: recipients whose requested redial is not due yet.
        ripe_from: when the first of these is due; None if there are none.
        redials: which recipients the campaign's plan calls again.
        stands_by: other runs are calling, and this one takes over whom one of them leaves.
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
    ripe_from: datetime | None = None
    redials: Redials = NO_REDIALS
    stands_by: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended.

    Attributes:
        batch: its name.
        results: path of the results CSV.
        counts: rows of the input by status.
        sent: calls that this run placed, refused or left unknown.
        seconds: duration of sending.
        held: seconds of it without any sending, because the provider asked to wait or could not be reached.
        waited: seconds of waiting for recipients to become callable.
        left: recipients that can be called and were not.
        exit_code: for scripts.
        ended: why it ended early, in words; empty if it did not.
        advice: what to do next, in words.
        notes: what the user should know, in words.
        may_ring: accepted calls that may still ring, according to the ledger; 0 for a trial.
        calls: accepted calls by status, as far as it was looked up.
        outcomes: outcome → number of ended calls.
        reasons: the most frequent reasons of refused rows, without the parts that differ between rows.
        other_reasons: number of rows refused for other reasons.
        redials: which recipients a later run calls again by the campaign's plan.
        unrecorded: calls whose result could not be written to the ledger: number and result.
        paused: the user has paused it, so no call is placed; `ended` says who.
        pauses: the same for scripts.
        next: the best next command; None if there is none.
        in_earnest: after a trial, the command of the real run; None if there is none, or no agent yet.
        workbook: path of the results as a workbook; None if the campaign does not ask for one.
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
    in_earnest: str | None = None
    workbook: str | None = None


def exit_code_of(counts: Mapping[Status, int], *, refused: int = 0) -> ExitCode:
    """Return the exit code for the counts of a batch and its number of refused redials."""
    if counts.get(Status.PENDING) or counts.get(Status.SENDING):
        return ExitCode.LEFT
    if refused or any(counts.get(status) for status in (Status.ERROR, Status.UNKNOWN, Status.INVALID)):
        return ExitCode.LOOK
    return ExitCode.DONE
