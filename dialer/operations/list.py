"""Every batch of a workspace: its campaign files, also those that were never run, and its ledgers."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError, ExitCode, UsageError
from dialer.messages.operations import workspace as say
from dialer.models import Status
from dialer.moments import shown
from dialer.operations.batch_state import State, opening_of, state_of
from dialer.operations.campaign_files import CampaignFiles
from dialer.operations.last_run import LastRun, last_run
from dialer.operations.ledger_files import ledgers_below, pauses_below
from dialer.operations.ledger_identity import CAMPAIGN, RESULTS, TIMEZONE, noted_selection
from dialer.operations.memory import Memory, signature
from dialer.operations.paused import by_clock
from dialer.operations.redial_plan import noted_redials
from dialer.operations.status import without_a_run
from dialer.store import AGENT_NAME, NO_REDIALS
from dialer.store.engines import read_ledger
from dialer.store.pause_files import PauseFiles
from dialer.store.sqlite import held_by, holder, is_trial, lock_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.operations.campaign_files import Found
    from dialer.store import Redials, Store
    from dialer.store.shared import Pause
    from dialer.store.sqlite import Listed

RUNNING_LASTS, _LASTS, SETTLED_LASTS = 0.9, 10.0, 60.0
"""Seconds for which a batch stays as it is while its files do: one that goes on, one that waits, one that is over."""
_ID = 16
"""Letters of an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One batch, or a campaign file without a run.

    Attributes:
        id: unique in the workspace; stays the same from before the first run on.
        batch: its name; if the ledger cannot be read, the name of the file.
        state: its state.
        campaign: the campaign file; empty if the ledger does not record it.
        ledger: empty if it never ran.
        agent: name of the agent if the provider has sent it, else its id; empty if unknown.
        timezone: time zone of its times; None: the machine's.
        recipients: the CSV; empty if unknown.
        selection: its arguments on the command line; None if unknown.
        counts: rows by status.
        sent: recipients whose call was placed, refused or is unclear.
        reached: recipients who were reached; None if calls were not tracked yet.
        left: recipients who can be called and were not.
        open: calls that are still open.
        opens: when the first of these can be called; None if now, or if unknown.
        last: time of the last request, response or end of a call.
        redials: which recipients the campaign's plan calls again.
        running: the process that works on it, in words; empty if there is none.
        ended: how its last run ended; None if unknown, or it was never run.
        pauses: its pauses.
        trouble: why it cannot be read, in words; empty if it can.
        is_waiting: its list was uploaded through the page, and never ran.
        list_name: what its list was called where it was uploaded from; empty if it was not uploaded.
        uploaded: when; None as above.
        is_missing: the list of ledgers names it, but it does not exist.
        is_forgotten: the user said that it does not matter.
    """

    id: str
    batch: str
    state: State
    campaign: str = ""
    ledger: str = ""
    agent: str = ""
    timezone: str | None = None
    recipients: str = ""
    selection: Selection | None = None
    counts: Mapping[Status, int]
    sent: int = 0
    reached: int | None = None
    left: int = 0
    open: int = 0
    opens: datetime | None = None
    last: datetime | None = None
    redials: Redials = NO_REDIALS
    running: str = ""
    ended: LastRun | None = None
    pauses: tuple[Pause, ...] = ()
    trouble: str = ""
    is_waiting: bool = False
    list_name: str = ""
    uploaded: datetime | None = None
    is_missing: bool = False
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The batches of a workspace.

    Attributes:
        workspace: its folder.
        batches: one entry each.
        registry: the list of the workspace's ledgers.
        lists: how many ledgers that names.
        listed: how many it named before; None where nothing tells.
    """

    workspace: str
    batches: tuple[Entry, ...]
    registry: str
    lists: int
    listed: int | None

    @property
    def is_list_lost(self) -> bool:
        """Whether the list of ledgers names fewer than it did: `run` may refuse then."""
        return self.lists < (self.listed or 0)

    @property
    def exit_code(self) -> ExitCode:
        """LOOK if something is missing or unreadable, unless the user said that it does not matter."""
        trouble = any(one.trouble and not one.is_forgotten for one in self.batches)
        return ExitCode.LOOK if trouble or self.is_list_lost else ExitCode.DONE


def list_batches(folder: Path, *, sandbox: bool = False, memory: Memory | None = None) -> Listing:
    """Return the batches of the workspace around a folder.

    Args:
        folder: the workspace is the folder of the nearest `dialer.toml`, from here upward; without one it is this.
        sandbox: those of trials, and no others.
        memory: of what was found when it was last looked.

    Raises:
        DialerError: the folder, `dialer.toml` or the list of ledgers cannot be read.
    """
    workspace = workspace_of(folder)
    registry = workspace.registry(sandbox=sandbox)
    # Before the list is read: a run may add to it in between.
    listed_before = registry.noted()
    listed = registry.read()
    entries = tuple(_entries(workspace, listed, memory or Memory(), sandbox=sandbox))
    return Listing(str(workspace.folder), entries, str(registry.path), len(listed), listed_before)


def id_of(place: Path) -> str:
    """Return the id of a batch: by its ledger, or by the campaign file that does not say yet where that will be."""
    return hashlib.sha256(os.fsencode(os.path.realpath(place))).hexdigest()[:_ID]


def _selection(real: Path, ledger: Store, found: Found | None) -> Selection | None:
    """Return the arguments of a batch on the command line; None if its campaign file is gone, or unknown."""
    if found is None:
        return None
    if (noted := noted_selection(ledger)) is not None:
        return replace(noted, campaign=found.path, sandbox=found.sandbox)
    is_its_only = found.ledger is not None and os.path.realpath(found.ledger) == str(real)
    return found.selection if is_its_only else None


def _recipients(selection: Selection | None, found: Found | None) -> str:
    if selection is not None and selection.recipients is not None:
        return str(selection.recipients)
    return "" if selection is None or found is None else found.recipients


def _entries(workspace: Workspace, listed: Mapping[Path, Listed], memory: Memory, *, sandbox: bool) -> Iterator[Entry]:
    below = {path.resolve(): path for path in ledgers_below(workspace.folder)}
    campaigns = CampaignFiles(workspace.folder, sandbox=sandbox, memory=memory)
    pauses = signature(*pauses_below(workspace.folder))
    for real in sorted({*below, *listed}):
        path = below.get(real, real)
        entry = memory.recall(
            ("batch", path, sandbox),
            partial(_batch, real, path, listed.get(real), campaigns, sandbox=sandbox),
            lasts=_lasts,
            signature=(signature(*files_of(real)), listed.get(real), campaigns.signature, pauses),
        )
        if entry is not None:
            # For a remembered entry, the campaign file was not looked up.
            campaigns.of_ledger(real, entry.campaign)
            yield entry
    yield from map(_never_run, campaigns.never_run())


def files_of(ledger: Path) -> tuple[Path, ...]:
    """Return the files one of which changes when a batch does: the ledger, SQLite's log beside it, the lock."""
    return ledger, ledger.with_name(f"{ledger.name}-wal"), lock_of(ledger)


def _lasts(entry: Entry | None) -> float:
    """Return for how many seconds a batch stays as it is while its files do."""
    if entry is not None and entry.running:
        return RUNNING_LASTS
    is_settled = entry is None or (not (entry.left or entry.pauses or entry.trouble) and entry.redials.is_over)
    return SETTLED_LASTS if is_settled else _LASTS


def _never_run(found: Found) -> Entry:
    state = State.UNREADABLE if found.trouble else State.NOT_STARTED
    pauses = PauseFiles(campaign=found.path, results=found.results, sandbox=found.sandbox).in_force()
    return Entry(
        id=id_of(found.path if found.ledger is None else found.ledger),
        batch=found.name,
        state=State.PAUSED if pauses and not found.trouble else state,
        campaign=str(found.path),
        agent=found.agent,
        timezone=found.timezone,
        recipients=found.recipients,
        selection=None if found.ledger is None else found.selection,
        counts={},
        pauses=tuple(by_clock(pause, found.timezone) for pause in pauses),
        trouble=found.trouble,
    )


def _batch(real: Path, path: Path, listed: Listed | None, campaigns: CampaignFiles, *, sandbox: bool) -> Entry | None:
    """Return an entry; None where it is a trial's and others are wanted, or the other way round."""
    try:
        with contextlib.closing(read_ledger(real)) as ledger:
            if listed is None and is_trial(real, ledger.note("trial")) is not sandbox:
                return None
            found = campaigns.of_ledger(real, ledger.note(CAMPAIGN) or "")
            return _read(real, path, ledger, found, sandbox=sandbox)
    except UsageError as error:
        # A run was killed before it recorded anything in it.
        trouble, state = (str(error), State.NOT_STARTED) if os.path.lexists(real) else (say.MISSING, State.MISSING)
        trouble = "" if state is State.NOT_STARTED else trouble
    except DialerError as error:
        trouble, state = str(error), State.UNREADABLE
    if listed is None and is_trial(real, None) is not sandbox:
        return None
    return Entry(
        id=id_of(real),
        batch=path.name,
        state=state,
        ledger=str(path),
        counts={},
        last=None if listed is None else shown(datetime.fromtimestamp(listed.at, UTC), None),
        running=holder(lock_of(real)),
        trouble=trouble,
        is_missing=state is State.MISSING,
        is_forgotten=listed is not None and listed.is_forgotten,
    )


def _read(real: Path, path: Path, ledger: Store, found: Found | None, *, sandbox: bool) -> Entry:
    held, running = held_by(lock_of(real)), holder(lock_of(real))
    counts = ledger.counts() if running else without_a_run(ledger.counts(), ledger.released())
    zone = ledger.note(TIMEZONE) or (found.timezone if found else None)
    pulse, ended = ledger.pulse(), last_run(ledger, zone=zone)
    campaign, results = ledger.note(CAMPAIGN), ledger.note(RESULTS)
    pauses = PauseFiles(
        campaign=found.path if found else Path(campaign) if campaign else None,
        results=Path(results) if results else None,
        folder=real.parent,
        sandbox=sandbox,
    ).in_force()
    left, still_open = counts.get(Status.PENDING, 0), sum(one.calls for one in pulse.calls if not one.final)
    opens = opening_of(ledger, found) if left else None
    redials = noted_redials(ledger, sandbox=sandbox, zone=zone)
    is_running = held is not None and held.does == "run"
    if sandbox and not is_running:
        # The calls of a trial ended with the stand-in that took them.
        still_open = 0
    lasts = [pulse.last, ended.at.timestamp() if ended and ended.at else None]
    last = max((at for at in lasts if at is not None), default=None)
    state = state_of(
        ledger,
        ended,
        is_running=is_running,
        is_paused=bool(pauses),
        left=left,
        is_over=redials.is_over,
        still_open=still_open,
        opens=opens,
        is_idle=not (pulse.per_minute or counts.get(Status.SENDING)),
    )
    selection = _selection(real, ledger, found)
    return Entry(
        id=id_of(real),
        batch=ledger.note("batch") or path.name,
        state=state,
        campaign=str(found.path) if found else campaign or "",
        ledger=str(path),
        timezone=zone or None,
        agent=ledger.note(AGENT_NAME) or ledger.note("agent") or "",
        recipients=_recipients(selection, found),
        selection=selection,
        counts=counts,
        sent=sum(counts.get(status, 0) for status in (Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.SENDING)),
        reached=pulse.reached,
        left=left,
        open=still_open,
        opens=None if opens is None else shown(opens, zone),
        last=None if last is None else shown(datetime.fromtimestamp(last, UTC), zone),
        running=running,
        ended=None if is_running else ended,
        pauses=tuple(by_clock(pause, zone) for pause in pauses),
        redials=redials,
    )
