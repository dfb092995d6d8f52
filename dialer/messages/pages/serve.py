"""What the page in the browser shows of a workspace: figures and sentences, for its templates and as JSON alike."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dialer.messages import progress
from dialer.messages.pages.dnc import do_not_call_view
from dialer.messages.pages.list import details, to_do
from dialer.messages.pages.screens import (
    CampaignList,
    CampaignRow,
    CampaignView,
    CheckView,
    Column,
    Note,
    OrganisationView,
    Question,
    RejectedRows,
    Share,
    Working,
    WorkView,
)
from dialer.messages.pages.status import ago
from dialer.messages.values import duration, money
from dialer.messages.words import NOT_KNOWN, many
from dialer.models import Status
from dialer.moments import shown, to_the_minute, to_the_second
from dialer.operations.batch_state import State
from dialer.operations.paused import words_of
from dialer.operations.serve.work_log import ENDED, GOING_ON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.operations import Listing
    from dialer.operations.entries import Entry
    from dialer.operations.live_progress import LiveProgress
    from dialer.operations.serve.history import History
    from dialer.operations.serve.live import Live
    from dialer.operations.serve.organisation import Organisation
    from dialer.operations.serve.work_log import Said, Work
    from dialer.operations.status import Standing
    from dialer.store.shared import Pause

ASKS = "Nobody is called until then."
CANCEL_ASKS = "Cancelling waits for your answer. No call is stopped until then."
KILLED = (
    "It ended without a word: it was killed, or the machine was restarted. What was recorded is intact. "
    "Start it again to go on."
)
FAILED = "failed"
LOCAL_CLOCK = "by the clock of the server"
UNKNOWN, OPEN = "unknown calls", "calls still open"
"""States in which nobody is left to be called, and yet not all is done."""
ASKING = "waiting for your answer"
_DONE_SHOWN = 10
_STARTABLE = {State.NOT_STARTED, State.STOPPED, State.LEFT, State.PAUSED}
_OVER: frozenset[str] = frozenset({State.DONE, OPEN})
_GOING_ON = {State.RUNNING, State.HOURS, State.LINE}
_FIRST = (
    ASKING,
    State.MISSING,
    State.UNREADABLE,
    State.STOPPED,
    UNKNOWN,
    State.RUNNING,
    State.HOURS,
    State.LINE,
    State.PAUSED,
)


def campaign_list(listing: Listing, *, everything: Sequence[Pause], asking: Mapping[str, str]) -> CampaignList:
    """Return every batch of a workspace, those first with which something is wrong.

    Args:
        listing: the batches.
        everything: what holds all of them.
        asking: the ids of those that wait for an answer, each with the verb that asks.
    """
    rows = sorted(
        (campaign_row(one, workspace=listing.workspace, asks=asking.get(one.id, "")) for one in listing.batches),
        key=lambda row: (_FIRST.index(row.state) if row.state in _FIRST else len(_FIRST), row.name),
    )
    return CampaignList(
        workspace=listing.workspace,
        everything_paused=paused_words(everything),
        warnings=tuple(to_do(listing)),
        campaigns=tuple(rows),
    )


def without_most_done(listing: CampaignList) -> CampaignList:
    """Return a list without the batches that are done, but for the last ones."""
    done = [row for row in listing.campaigns if row.state in _OVER]
    last = sorted(done, key=lambda row: row.last.timestamp() if row.last else 0.0)[-_DONE_SHOWN:]
    shown = {row.id for row in last}
    rows = tuple(row for row in listing.campaigns if row.state not in _OVER or row.id in shown)
    return replace(listing, campaigns=rows, more=len(done) - len(last))


def campaign_row(one: Entry, *, workspace: str, asks: str = "") -> CampaignRow:
    """Return a batch as a row of the list; `asks`: the verb of a command that waits for an answer."""
    return CampaignRow(
        id=one.id,
        name=one.batch,
        agent=one.agent,
        campaign=os.path.relpath(one.campaign, workspace) if one.campaign else "",
        recipients=_list_name(one),
        # While a run asks, nothing runs yet; where a cancel asks, the run goes on meanwhile.
        state=ASKING if asks == "run" else _state(one),
        details=(*([ASKS if asks == "run" else CANCEL_ASKS] if asks else []), *_details(one)),
        total=sum(one.counts.values()),
        sent=one.sent,
        reached=one.reached,
        left=one.left,
        open=one.open,
        opens=one.opens,
        last=one.last,
        last_text="" if one.last is None else ago(one.last),
        actions=(*(["answer"] if asks else []), *_actions(one)),
    )


def _list_name(one: Entry) -> str:
    return one.list_name or os.path.basename(one.recipients)  # noqa: PTH119 - of a text


def _state(one: Entry) -> str:
    if one.state is not State.DONE:
        return str(one.state)
    return UNKNOWN if one.counts.get(Status.UNKNOWN) else OPEN if one.open else str(one.state)


def _details(one: Entry) -> list[str]:
    # Who has paused everything is said once, above all of them; who works where, by the page of the organisation.
    running = "" if one.state in _GOING_ON else one.running
    return details(replace(one, pauses=_own_pauses(one), running=running))


def _actions(one: Entry) -> list[str]:
    if one.trouble:
        return []
    if one.campaign_trouble:
        # A command needs the file. A pause needs none, and the results are there.
        return [] if one.files is None else [*_pause_or_resume(one), "results"]
    if one.selection is None:
        return ["next"]
    is_free = one.state in _STARTABLE and not one.pauses and not one.running
    found = ["start", "check"] if is_free else []
    found += ["discard"] if one.is_waiting else []
    found += _again(one)
    found += _pause_or_resume(one)
    if one.ledger:
        found += ["cancel"] if one.open or one.running else []
        found.append("results")
    return [*found, "next"]


def _pause_or_resume(one: Entry) -> list[str]:
    if _own_pauses(one):
        return ["resume"]
    return ["pause"] if one.ledger and one.state is not State.DONE else []


def _again(one: Entry) -> list[str]:
    """Return what can be done about the calls that were refused, are unknown or are open."""
    if one.running or not one.ledger:
        return []
    unknown, is_paused = bool(one.counts.get(Status.UNKNOWN)), bool(one.pauses)
    found = ["reconcile"] if unknown else []
    if is_paused:
        return found
    found += ["redial"] if unknown else []
    found += ["retry"] if one.counts.get(Status.ERROR) else []
    return [*found, *(["track"] if one.open and one.state is State.DONE else [])]


def _own_pauses(one: Entry) -> tuple[Pause, ...]:
    """Return what holds a batch, or all of its campaign."""
    return tuple(pause for pause in one.pauses if pause.of != "all")


def campaign_view(live: Live, *, workspace: str, wallet: str = "") -> CampaignView:
    """Return one batch, live."""
    asks = live.work.verb if live.work is not None and live.work.question is not None else ""
    entry, one, zone = live.entry, live.figures.standing, live.entry.timezone
    row = campaign_row(entry, workspace=workspace, asks=asks)
    trouble = live.figures.trouble or entry.campaign_trouble
    if trouble:
        # It is said at length below.
        row = replace(row, details=tuple(_details(replace(entry, trouble="", campaign_trouble=""))))
    view = CampaignView(
        row=row,
        counts={str(status): entry.counts.get(status, 0) for status in Status},
        wallet=wallet,
        work=None if live.work is None else _work(live.work),
        check=None if live.check is None else _check(live.check),
        notes=() if live.work is None else _notes(live.work.notes, zone),
        trouble=trouble,
        clock=f"{zone} time" if zone else LOCAL_CLOCK,
        same_list=_same_list(live.same_list),
    )
    if one is None:
        return view
    return replace(
        view,
        counts={str(status): one.counts.get(status, 0) for status in Status},
        outcomes=_outcomes(one),
        refusals=_refusals(live.figures.history),
        timeline=_timeline(live.figures.history, zone),
        timeline_step="" if live.figures.history is None else duration(live.figures.history.step),
        ended=one.ended,
        accepted=sum(count.calls for count in one.calls),
        held=f"Sending stands still for {duration(one.held)}: {one.held_for}" if one.held else "",
        talked=f"{duration(one.talked)} talked, cost {money(one.cost, one.workspace.currency)}" if one.talked else "",
        last_attempt="" if one.last is None else to_the_second(one.last),
        **({} if one.progress is None else _going(one.progress, per_minute=one.per_minute)),
    )


def _same_list(others: Sequence[Entry]) -> str:
    """Return which batch has the same list; of several, the one of which most were called."""
    if not others:
        return ""
    one = others[0]
    came = "" if one.uploaded is None else f", uploaded {to_the_minute(one.uploaded)}"
    more = "" if len(others) == 1 else f" {many(len(others) - 1, 'other batch has', 'other batches have')} it too."
    called = f"{many(one.sent, 'person was', 'people were') if one.sent else 'Nobody was'} called from it."
    if one.running:
        # What is counted is of a moment ago.
        called = f"It is being worked on now: {many(one.sent, 'person was', 'people were')} called from it so far."
    return f"The batch {one.batch} has the same list ({_list_name(one)}{came}). {called}{more}"


def _work(work: Work) -> WorkView:
    question = work.question
    return WorkView(
        verb=work.verb,
        state=work.state,
        doing=work.doing,
        question=None
        if question is None
        else Question(
            id=question.id,
            text="\n".join(filter(None, (question.about, question.text))),
            count=question.count,
        ),
        ended=work.ended or (KILLED if work.state == ENDED else ""),
    )


def _check(work: Work) -> CheckView:
    found = work.checked
    if found is None:
        if work.state != ENDED:
            return CheckView(state=GOING_ON, text=work.doing)
        return CheckView(state=FAILED, text=work.ended or KILLED)
    return CheckView(
        state=ENDED,
        rows=found.rows,
        to_call=found.to_call,
        problems=tuple(
            RejectedRows(code=one.code, meaning=one.meaning, count=one.count, rows=one.rows) for one in found.problems
        ),
        lists=tuple(Share(name=os.path.basename(path), count=count) for path, count in found.lists),  # noqa: PTH119
        text=work.ended,
        has_rejects=bool(found.problems),
    )


def _notes(notes: Sequence[Said], zone: str | None) -> tuple[Note, ...]:
    """Return notes by a zone's clock, the latest first."""
    by_clock = ((shown(note.at, zone), note.text) for note in reversed(notes))
    return tuple(Note(at=at, at_text=to_the_second(at), text=text) for at, text in by_clock)


def _refusals(history: History | None) -> tuple[Share, ...]:
    return tuple(Share(name=reason, count=count) for reason, count in ([] if history is None else history.refusals))


def _timeline(history: History | None, zone: str | None) -> tuple[Column, ...]:
    """Return calls over time by a zone's clock, with the day where they are of several."""
    if history is None:
        return ()
    moments = [(shown(datetime.fromtimestamp(at, UTC), zone), calls) for at, calls in history.columns]
    days = {at.date() for at, _ in moments}
    form = "%H:%M" if len(days) == 1 else "%m-%d %H:%M"
    return tuple(Column(at=at, at_text=f"{at:{form}}", calls=calls) for at, calls in moments)


def _going(run: LiveProgress, *, per_minute: float) -> dict[str, Any]:
    return {
        "done": run.done,
        "to_call": run.to_call,
        "progress": progress.done(run.done, among=run.to_call),
        "rate": progress.rate(per_minute * run.rate_per_seconds / 60, per=run.rate_per_seconds),
        "lines": progress.lines(run.live, most=run.lines),
        "ends": progress.ends(run.ends_at),
    }


def organisation_view(one: Organisation, *, wallet: str = "") -> OrganisationView:
    """Return what all batches of a workspace share."""
    return OrganisationView(
        workspace=one.folder,
        everything_paused=paused_words(one.everything),
        rate=one.rate or "",
        lines=one.lines,
        wallet=wallet,
        working=tuple(
            Working(id=entry.id, name=entry.batch, text=entry.running) for entry in one.entries if entry.running
        ),
        paused=tuple(campaign_row(entry, workspace=one.folder) for entry in one.entries if _own_pauses(entry)),
        do_not_call=do_not_call_view(one.blocked),
    )


def _outcomes(one: Standing) -> tuple[Share, ...]:
    """Return what became of the calls of all people; nothing if the provider was not asked yet."""
    return () if one.ended is None else _shares({name or NOT_KNOWN: count for name, count in one.outcomes.items()})


def _shares(counts: Mapping[str, int]) -> tuple[Share, ...]:
    return tuple(Share(name=name, count=count) for name, count in sorted(counts.items(), key=lambda one: -one[1]))


def paused_words(pauses: Sequence[Pause]) -> str:
    """Return who paused everything; empty if no pause covers all."""
    return " ".join(f"{words_of(pause)}." for pause in pauses)


def wallet_text(wallet: float) -> str:
    """Return what is left in a wallet; the provider does not say in which unit."""
    return f"{wallet:,.15g}"
