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
from dialer.errors import DialerError, ExitCode, UnreachableError, UsageError
from dialer.messages.operations import workspace as say
from dialer.messages.store import EMPTY
from dialer.models import Status
from dialer.moments import shown
from dialer.operations.batch_state import State, opening_of, places_left, state_of
from dialer.operations.campaign_files import CampaignFiles, trouble_of
from dialer.operations.last_run import LastRun, last_run
from dialer.operations.ledger_identity import TIMEZONE
from dialer.operations.memory import Memory
from dialer.operations.paused import by_clock
from dialer.operations.redial_plan import noted_redials
from dialer.operations.status import without_a_run
from dialer.operations.stores import in_words
from dialer.operations.workspace_batches import batches_of, key_of
from dialer.store import AGENT_NAME, NO_REDIALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialer.config.batch import Batch
    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.operations.campaign_files import Found
    from dialer.operations.workspace_batches import Batches, Kept
    from dialer.store import Redials, Store
    from dialer.store.records import Pulse
    from dialer.store.shared import Pause

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
        ledger: the file, or its name in the workspace's database; empty if it never ran.
        agent: name of the agent if the provider has sent it, else its id; empty if unknown.
        timezone: time zone of its times; None: the machine's.
        recipients: the CSV; empty if unknown.
        selection: its arguments on the command line; None if unknown.
        counts: rows by status.
        pulse: what was counted in its ledger; None if it never ran, or cannot be read.
        sent: recipients whose call was placed, refused or is unknown.
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
        campaign_trouble: why its campaign file cannot be used, in words; empty if it can, or if `trouble` says so.
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
    pulse: Pulse | None = None
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
    campaign_trouble: str = ""
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
        registry: the list of the workspace's ledgers, or its database.
        lists: how many ledgers that list names; 0 with a database.
        listed: how many it named before; None where nothing tells.
        has_trials: there are trials, which it does not show.
    """

    workspace: str
    batches: tuple[Entry, ...]
    registry: str
    lists: int
    listed: int | None
    has_trials: bool = False

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
    with contextlib.closing(batches_of(workspace, sandbox=sandbox)) as batches:
        entries = tuple(_entries(workspace, batches, memory or Memory(), sandbox=sandbox))
        has_trials = not sandbox and workspace.registry(sandbox=True).path.exists()
        return Listing(str(workspace.folder), entries, batches.place, *batches.count(), has_trials)


def id_of(batch: Batch) -> str:
    """Return the id of a batch, also before its first run.

    Raises:
        DialerError: the workspace's settings are wrong.
    """
    return _id(key_of(batch))


def _id(key: str) -> str:
    return hashlib.sha256(os.fsencode(key)).hexdigest()[:_ID]


def _selection(kept: Kept, ledger: Store, found: Found | None) -> Selection | None:
    """Return the arguments of a batch on the command line; None if its campaign file is gone, or unknown."""
    if found is None:
        return None
    if (noted := kept.selection(ledger)) is not None:
        return replace(noted, campaign=found.path, sandbox=found.sandbox)
    return found.selection if found.key == kept.key else None


def _recipients(selection: Selection | None, found: Found | None) -> str:
    if selection is not None and selection.recipients is not None:
        return str(selection.recipients)
    return "" if selection is None or found is None else found.recipients


def _entries(workspace: Workspace, batches: Batches, memory: Memory, *, sandbox: bool) -> Iterator[Entry]:
    campaigns = CampaignFiles(workspace.folder, sandbox=sandbox, key_of=batches.key_of, memory=memory)
    pauses = batches.pauses_version()
    for kept in batches.all():
        entry = memory.recall(
            ("batch", kept.shown, sandbox),
            partial(_batch, kept, campaigns, batches, memory, sandbox=sandbox),
            lasts=_lasts,
            signature=(kept.version(), campaigns.signature, pauses),
        )
        if entry is not None:
            # For a remembered entry, the campaign file was not looked up.
            campaigns.of_batch(kept.key, entry.campaign)
            yield entry
    yield from (_never_run(found, batches) for found in campaigns.never_run())


def _lasts(entry: Entry | None) -> float:
    """Return for how many seconds a batch stays as it is while its files do."""
    if entry is not None and entry.running:
        return RUNNING_LASTS
    is_settled = entry is None or (not (entry.left or entry.pauses or entry.trouble) and entry.redials.is_over)
    return SETTLED_LASTS if is_settled else _LASTS


def _never_run(found: Found, batches: Batches) -> Entry:
    state = State.UNREADABLE if found.trouble else State.NOT_STARTED
    pauses = batches.pauses_of(found.path, found.results)
    return Entry(
        id=_id(os.path.realpath(found.path) if found.key is None else found.key),
        batch=found.name,
        state=State.PAUSED if pauses and not found.trouble else state,
        campaign=str(found.path),
        agent=found.agent,
        timezone=found.timezone,
        recipients=found.recipients,
        selection=None if found.key is None else found.selection,
        counts={},
        pauses=tuple(by_clock(pause, found.timezone) for pause in pauses),
        trouble=found.trouble,
    )


def _batch(kept: Kept, campaigns: CampaignFiles, batches: Batches, memory: Memory, *, sandbox: bool) -> Entry | None:
    """Return an entry; None where it is a trial's and others are wanted, or the other way round."""
    try:
        with kept.opened() as ledger:
            if not kept.is_meant(ledger):
                return None
            if kept.listed is None and _is_half_made(kept, ledger):
                return _half_made(kept, campaigns, batches)
            found = campaigns.of_batch(kept.key, kept.campaign(ledger))
            return _read(kept, ledger, found, memory, sandbox=sandbox)
    except UnreachableError:
        # With a database, none of the others could be read either.
        raise
    except UsageError:
        if kept.is_there and kept.listed is None:
            return _half_made(kept, campaigns, batches) if kept.is_meant(None) else None
        trouble, state = (EMPTY, State.UNREADABLE) if kept.is_there else (say.MISSING, State.MISSING)
    except DialerError as error:
        trouble, state = str(error), State.UNREADABLE
    if not kept.is_meant(None):
        return None
    listed = kept.listed
    return Entry(
        id=_id(kept.key),
        batch=Path(kept.shown).name,
        state=state,
        ledger=kept.shown,
        counts={},
        last=None if listed is None else shown(datetime.fromtimestamp(listed.at, UTC), None),
        running=in_words(kept.who_works()),
        trouble=trouble,
        is_missing=state is State.MISSING,
        is_forgotten=listed is not None and listed.is_forgotten,
    )


def _is_half_made(kept: Kept, ledger: Store) -> bool:
    """Tell whether a ledger does not say yet whose it is; that is noted before a list is loaded."""
    return kept.selection(ledger) is None and not ledger.counts() and not ledger.has_attempts()


def _half_made(kept: Kept, campaigns: CampaignFiles, batches: Batches) -> Entry | None:
    """Return an entry of a ledger that nothing is recorded in: a run makes it, or was killed, or found the disk full.

    Nobody was called with it, and the next run makes it whole: it is as if it were not there yet.
    """
    running, found = in_words(kept.who_works()), campaigns.of_batch(kept.key, None)
    if found is not None:
        entry = _never_run(found, batches)
        return replace(entry, running=running, state=State.RUNNING) if running else entry
    if not running:
        return None
    return Entry(id=_id(kept.key), batch=Path(kept.shown).name, state=State.RUNNING, counts={}, running=running)


def _read(kept: Kept, ledger: Store, found: Found | None, memory: Memory, *, sandbox: bool) -> Entry:
    holders = kept.who_works()
    running = in_words(holders)
    pulse = ledger.pulse()
    counts = pulse.counts if running else without_a_run(pulse.counts, ledger.released())
    zone = ledger.note(TIMEZONE) or (found.timezone if found else None)
    ended = last_run(ledger, zone=zone)
    pauses = kept.pauses(ledger, campaign=found.path if found else None)
    left, still_open = counts.get(Status.PENDING, 0), sum(one.calls for one in pulse.calls if not one.final)
    redials = noted_redials(ledger, sandbox=sandbox, zone=zone)
    is_running = any(one.does == "run" for one in holders)
    is_idle = not (pulse.per_minute or counts.get(Status.SENDING))
    # While calls are placed, some may be.
    may_wait = left and (is_idle or not is_running)
    opens = opening_of(ledger, found, partial(places_left, kept.shown, ledger, pulse, memory)) if may_wait else None
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
        is_idle=is_idle,
    )
    selection = _selection(kept, ledger, found)
    campaign = found.path if found else kept.campaign(ledger)
    return Entry(
        id=_id(kept.key),
        batch=ledger.note("batch") or Path(kept.shown).name,
        state=state,
        campaign=str(campaign or ""),
        ledger=kept.shown,
        timezone=zone or None,
        agent=ledger.note(AGENT_NAME) or ledger.note("agent") or "",
        recipients=_recipients(selection, found),
        selection=selection,
        counts=counts,
        pulse=pulse,
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
        campaign_trouble=trouble_of(found, campaign, is_known=selection is not None),
    )
