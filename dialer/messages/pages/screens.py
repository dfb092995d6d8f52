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
        agent: who calls: a name, or an id; empty where nobody knows.
        campaign: the campaign file, within the workspace; empty where nobody knows.
        recipients: the list's file name; empty where nobody knows.
        state: where it stands, in a word or a few: `running`, `paused`, `waiting for hours`, ...
        details: what has to be said besides, a sentence each: who has paused it, why it stopped, the next opening.
        total: rows of the list; 0 before its first run.
        sent: people whose call was placed, refused or is unclear.
        reached: people who were reached; None where the provider was not asked yet.
        left: people who can be called and were not.
        open: calls that are still open.
        opens: when the first of those who are left can be called; None where that is now, or not known.
        last: when something last happened.
        last_text: how long ago that is; empty where nothing happened yet.
        actions: what can be done: `start`, `check`, `pause`, `resume`, `cancel`, `next`, `results`, `discard`, and
            `answer` where a command waits for one.
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
    """Every batch of a workspace, those first with which something is wrong.

    Attributes:
        workspace: its folder.
        everything_paused: who has paused every campaign, in words; empty where nobody has.
        warnings: what is wrong with the workspace, in words.
        campaigns: the batches.
        more: batches that are done and not among these.
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
    """What a started command asks before it goes on.

    Attributes:
        id: to be sent with the answer, so that nobody answers another question.
        text: the plan and the question, of several lines.
        count: how many calls are placed or stopped: to be typed to confirm; None: a yes will do.
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
        text: all that it found, of several lines; why it failed, where it has.
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
        counts: how many rows of the list stand where, by status.
        outcomes: what became of the calls, the most frequent first.
        refusals: why rows were refused, the most frequent first.
        ended: of the accepted calls; None where the provider was not asked yet.
        done: how many people of those it is to call the run has called; None where none goes on.
        to_call: how many it is to call; None as above.
        progress: how far the run is, in words; empty where none goes on.
        rate: how fast it calls, in words; empty as above.
        lines: how many lines are in use, in words; empty where nobody knows.
        ends: when the last call will have ended, in words; empty where nobody knows.
        held: why sending stands still, in words; empty where it does not.
        talked: how long people talked, and what it cost, in words; empty where nobody did.
        wallet: what is left in the wallet, in words; empty where nobody knows.
        last_attempt: when something was last sent or ended, by the campaign's clock; empty where nothing was.
        timeline: the last calls over time.
        timeline_step: what a column of it stands for, in words; empty where there is none.
        notes: what the run has said, the latest first.
        work: what was started from the page; None where nothing was.
        check: what the last check from the page has found; None where there was none, or the batch was run since.
        trouble: why there are no figures, in words; empty where there are.
    """

    row: CampaignRow
    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, Status), 0))
    outcomes: tuple[Share, ...] = ()
    refusals: tuple[Share, ...] = ()
    ended: int | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """Who works on a batch: its id and name, and in words the process, its machine and since when."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    """What all batches of a workspace share.

    Attributes:
        workspace: its folder.
        everything_paused: who has paused every campaign, in words; empty where nobody has.
        rate: calls that all runs together may place, in words; empty: any number.
        lines: calls of all runs that may be live at once; None where `dialer.toml` does not say.
        wallet: what is left in the wallet, in words; empty where nobody knows.
        working: who works where.
        paused: the batches that are paused.
    """

    workspace: str
    everything_paused: str
    rate: str
    lines: int | None
    wallet: str = ""
    working: tuple[Working, ...] = ()
    paused: tuple[CampaignRow, ...] = ()
