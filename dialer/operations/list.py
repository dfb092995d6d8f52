"""Every batch of a workspace: its campaign files, also those that were never run, and its ledgers."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError, UnreachableError, UsageError
from dialer.messages.operations import workspace as say
from dialer.messages.store import EMPTY
from dialer.models import Status
from dialer.moments import shown
from dialer.operations.batch_state import State, opening_of, places_left, state_of
from dialer.operations.campaign_files import CampaignFiles, trouble_of
from dialer.operations.entries import Entry, Listing
from dialer.operations.last_run import last_run
from dialer.operations.ledger_identity import TIMEZONE
from dialer.operations.memory import Memory
from dialer.operations.paused import by_clock
from dialer.operations.redial_plan import noted_redials
from dialer.operations.status import without_a_run
from dialer.operations.stores import in_words
from dialer.operations.workspace_batches import batches_of, key_of, noted_files
from dialer.store import AGENT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.config.batch import Batch
    from dialer.config.workspace import Workspace
    from dialer.messages.commands import Selection
    from dialer.operations.campaign_files import Found
    from dialer.operations.workspace_batches import Batches, Kept
    from dialer.store import Store

RUNNING_LASTS, _LASTS, SETTLED_LASTS = 0.9, 10.0, 60.0
"""Seconds for which a batch stays as it is while its files do: one that goes on, one that waits, one that is over."""
_ID = 16
"""Letters of an id."""


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


def _recipients(selection: Selection | None, found: Found | None, files: Batch | None) -> str:
    if selection is not None and selection.recipients is not None:
        return str(selection.recipients)
    if files is not None and files.recipients.name:
        return str(files.recipients)
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
        last=None if listed is None else shown(listed.at, None),
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
    campaign_trouble = trouble_of(found, campaign, is_known=selection is not None)
    files = noted_files(kept, ledger, sandbox=sandbox) if campaign_trouble else None
    return Entry(
        id=_id(kept.key),
        batch=ledger.note("batch") or Path(kept.shown).name,
        state=state,
        campaign=str(campaign or ""),
        ledger=kept.shown,
        timezone=zone or None,
        agent=ledger.note(AGENT_NAME) or ledger.note("agent") or "",
        recipients=_recipients(selection, found, files),
        selection=selection,
        counts=counts,
        pulse=pulse,
        sent=sum(counts.get(status, 0) for status in (Status.QUEUED, Status.ERROR, Status.UNKNOWN, Status.SENDING)),
        reached=pulse.reached,
        left=left,
        open=still_open,
        opens=shown(opens, zone),
        last=shown(last, zone),
        running=running,
        ended=None if is_running else ended,
        pauses=tuple(by_clock(pause, zone) for pause in pauses),
        redials=redials,
        campaign_trouble=campaign_trouble,
        files=files,
    )
