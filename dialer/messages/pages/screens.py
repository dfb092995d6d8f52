"""What each screen of the page in the browser holds, for its template and as JSON alike (`web/openapi.json`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """One batch in the list of campaigns.

    Attributes:
        id: of the batch.
        name: of the batch.
        agent: name or id of the agent; empty if unknown.
        campaign: the campaign file, within the workspace; empty if unknown.
        recipients: file name of the list, as it was called where it came from; empty if unknown.
        state: its state, in a few words: `running`, `paused`, `waiting for hours`, ...
        details: further sentences: who paused it, why it stopped, when the calling hours start.
        total: rows of the list; 0 before its first run.
        sent: recipients whose call was placed, refused or is unknown.
        reached: recipients who were reached; None if calls were not tracked yet.
        left: recipients who can be called and were not.
        open: calls that are still open.
        opens: when the first of these can be called; None if now, or if unknown.
        last: time of the last event.
        last_text: how long ago that was; empty if nothing happened yet.
        actions: available actions: `start`, `check`, `pause`, `resume`, `cancel`, `next`, `results`, `discard`,
            `reconcile`, `retry` (start, with the refused), `redial` (start, with the unknown), `track` (start: only
            asks how the calls went), and `answer` if a command waits for one.
    """

    id: str
    name: str
    agent: str
    campaign: str
    recipients: str
    state: str
    details: tuple[str, ...]
    total: int
    sent: int
    reached: int | None
    left: int
    open: int
    opens: datetime | None
    last: datetime | None
    last_text: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignList:
    """Every batch of a workspace, those with a problem first.

    Attributes:
        workspace: its folder.
        everything_paused: who paused every campaign, in words; empty if no pause covers all.
        warnings: problems of the workspace, in words.
        campaigns: the batches.
        more: number of finished batches that are not included.
    """

    workspace: str
    everything_paused: str
    warnings: tuple[str, ...]
    campaigns: tuple[CampaignRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of something there are."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a run has said.

    Attributes:
        at: when.
        at_text: the same by the campaign's clock.
        text: what.
    """

    at: datetime
    at_text: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Some minutes or hours: when they begin, and the calls that were placed in them."""

    at: datetime
    at_text: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question of a started command.

    Attributes:
        id: sent back with the answer, so that the answer cannot go to another question.
        text: the plan and the question, in several lines.
        count: number of calls to place or stop, which the user types to confirm; None: a yes is enough.
    """

    id: str
    text: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """A command that was started from the page.

    Attributes:
        verb: `run` or `cancel`.
        state: `preparing`, `asking`, `going on` or `ended`.
        doing: what it does at this moment, in words; may be empty.
        question: what it asks; None where it asks nothing.
        ended: how it ended, of several lines; empty while it goes on.
    """

    verb: str
    state: str
    doing: str
    question: Question | None
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRows:
    """Rows of a list that are not called for one reason: its code, what that means, how many, and some in words."""

    code: str
    meaning: str
    count: int
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """What a check of the list has found.

    Attributes:
        state: `going on`, `ended` or `failed`.
        rows: of the list; None before the end.
        to_call: how many would be called; None as above.
        problems: why the others are not, the most frequent reason first.
        lists: do-not-call lists, each with how many people of the list are on it.
        text: all that it found, of several lines; why it failed, where it has; what it waits for, if it waits.
        has_rejects: the rows that are not called can be taken along.
    """

    state: str
    rows: int | None = None
    to_call: int | None = None
    problems: tuple[RejectedRows, ...] = ()
    lists: tuple[Share, ...] = ()
    text: str = ""
    has_rejects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """One batch, live.

    Attributes:
        row: as in the list of campaigns.
        counts: rows of the list by status.
        outcomes: people by outcome of their call, the most frequent first; empty if calls were not tracked yet.
        refusals: why rows were refused, the most frequent first.
        ended: accepted calls that have ended; None if calls were not tracked yet.
        accepted: accepted calls; a person who was called again has several.
        done: how many recipients the run has called; None if no run is active.
        to_call: how many recipients the run will call; None as above.
        progress: progress of the run, in words; empty if no run is active.
        rate: rate of calls, in words; empty as above.
        lines: number of lines in use, in words; empty if unknown.
        ends: expected end of the last call, in words; empty if unknown.
        held: why sending is on hold, in words; empty if it is not.
        talked: duration and cost of conversations, in words; empty if there were none.
        wallet: balance of the wallet, in the account's own unit; empty if unknown.
        last_attempt: when an attempt last started or ended, in the campaign's time zone; empty if there was none.
        timeline: the last calls over time.
        timeline_step: time span of one column, in words; empty if there is no timeline.
        notes: messages of the run, the latest first.
        work: the command started from the page; None if there is none.
        check: result of the last check from the page; None if there was none, or the batch ran since.
        trouble: why figures are missing, in words; empty if they are not.
        clock: by which clock its times are shown, and read in its forms, in words.
        same_list: which batch has the same list already, in words; empty if none has, or the batch ran.
    """

    row: CampaignRow
    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Status), 0))
    outcomes: tuple[Share, ...] = ()
    refusals: tuple[Share, ...] = ()
    ended: int | None = None
    accepted: int = 0
    done: int | None = None
    to_call: int | None = None
    progress: str = ""
    rate: str = ""
    lines: str = ""
    ends: str = ""
    held: str = ""
    talked: str = ""
    wallet: str = ""
    last_attempt: str = ""
    timeline: tuple[Column, ...] = ()
    timeline_step: str = ""
    notes: tuple[Note, ...] = ()
    work: WorkView | None = None
    check: CheckView | None = None
    trouble: str = ""
    same_list: str = ""
    clock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Who works on a batch: its id and name, and in words the process, its machine and since when."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNumber:
    """A number on the do-not-call list.

    Attributes:
        number: E.164.
        since: when it was added, by the clock of the server; as written in the list where that is not a time.
        source: who asked for it; empty if unknown.
    """

    number: str
    since: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallView:
    """The do-not-call list of a workspace.

    Attributes:
        numbers: how many numbers are on it.
        last: the numbers that were added last, the latest first.
        trouble: why it cannot be read, in words; empty if it can.
    """

    numbers: int
    last: tuple[ListedNumber, ...]
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    """The settings and limits shared by all batches of a workspace.

    Attributes:
        workspace: its folder.
        everything_paused: who paused every campaign, in words; empty if no pause covers all.
        rate: limit on calls of all runs together, in words; empty: no limit.
        lines: limit on simultaneous calls of all runs; None if `dialer.toml` does not set it.
        wallet: balance of the wallet, in the account's own unit; empty if unknown.
        working: the active commands and their batches.
        paused: the paused batches.
        do_not_call: the do-not-call list.
    """

    workspace: str
    everything_paused: str
    rate: str
    lines: int | None
    wallet: str = ""
    working: tuple[Working, ...] = ()
    paused: tuple[CampaignRow, ...] = ()
    do_not_call: DoNotCallView
