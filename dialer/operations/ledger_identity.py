"""The place and the workspace of a ledger. A copy is refused; a move to another workspace must be confirmed."""

from __future__ import annotations

import contextlib
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from anyio import to_thread

from dialer.errors import BoundError, DialerError, LedgerError
from dialer.messages.commands import Selection
from dialer.messages.operations import ledger as say
from dialer.operations.stores import read_store
from dialer.store.engines import read_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.store import AsyncStore, Store

IDENTITY, PLACE, WORKSPACE = "identity", "place", "workspace"
"""Under these names a ledger notes what tells it from every other, where it lay, and its workspace."""
CAMPAIGN, RESULTS, TIMEZONE = "campaign", "results", "timezone"
"""Under these, whose it is: the campaign file, the results, and the zone by whose clock its times are shown."""
TRIAL, _LATER = "trial", "later"
"""Under these, whether it is a trial's, and whether phones may ring later than their calls are placed."""
_ANY_HOUR = "any_hour"
"""Under this, whether a trial was last called outside its calling hours as well."""
_SELECTION = "selection"
"""Under this, which list and which name of a batch were given on the command line."""
LISTED = "listed"
"""Under this, that the list of its workspace has named it."""


def settle_in(campaign: Campaign, store: Store, *, move: bool = False) -> None:
    """Note where a ledger lies and what it shares; to be done by each run, before its first intent.

    Args:
        campaign: whose ledger it is.
        store: the ledger.
        move: it may come from another workspace.

    Raises:
        BoundError: it is a copy of another ledger, or comes from another workspace.
    """
    if campaign.workspace.database is not None and not campaign.sandbox:
        # There it is at home on every host, and copied with all others.
        _note_owner(campaign, store)
        return
    place, workspace = campaign.batch.ledger.resolve(), campaign.workspace.folder.resolve()
    moved = _refuse_copy(place, store)
    former = store.note(WORKSPACE)
    # Without an attempt, a move cannot cause a second call.
    is_elsewhere = former not in {None, str(workspace)} and not campaign.sandbox
    if is_elsewhere and not move and store.has_attempts():
        again = campaign.batch.selection.command("run", "--move-workspace")
        raise BoundError(say.of_another_workspace(place, former=str(former), workspace=workspace, command=again))
    notes = {PLACE: str(place), WORKSPACE: str(workspace), TRIAL: "yes" if campaign.sandbox else ""}
    notes[_ANY_HOUR] = "yes" if campaign.batch.selection.any_hour else ""
    if former != str(workspace):
        notes[LISTED] = ""
    for name, value in notes.items():
        store.set_note(name, value)
    identity = _note_owner(campaign, store)
    if moved and store.has_attempts():
        # By this the others know that it is not missing in its former place.
        campaign.workspace.registry(sandbox=campaign.sandbox).add(place, identity=identity)


def _note_owner(campaign: Campaign, store: Store) -> str:
    """Note whose ledger it is, and what tells it from every other one; return the latter."""
    batch, identity = campaign.batch, store.note(IDENTITY) or uuid4().hex
    notes = {CAMPAIGN: str(batch.campaign.absolute()), RESULTS: str(batch.results.absolute())}
    notes |= {TIMEZONE: batch.timezone or "", _SELECTION: _selection_noted(campaign), IDENTITY: identity}
    # Once set, it stays: the calls of an older version are not known.
    is_known = store.note(_LATER) is not None or not store.has_attempts()
    notes[_LATER] = "no" if is_known and store.note(_LATER) != "yes" and not _rings_later(campaign) else "yes"
    for name, value in notes.items():
        store.set_note(name, value)
    return identity


def _selection_noted(campaign: Campaign) -> str:
    selection, database = campaign.batch.selection, campaign.workspace.database
    if selection.recipients is None:
        return json.dumps([None, selection.batch])
    recipients = selection.recipients.absolute()
    # Another host may have the workspace in another folder.
    folder = None if database is None or selection.sandbox else database.folder.absolute()
    is_inside = folder is not None and recipients.is_relative_to(folder)
    return json.dumps([str(recipients.relative_to(folder) if folder and is_inside else recipients), selection.batch])


def noted_selection(store: Store, *, campaign: Path | None = None, folder: Path = Path()) -> Selection | None:
    """Return which list and which name of a batch the last run was given; None where the ledger does not say.

    Args:
        store: the ledger.
        campaign: the campaign file; None: as the ledger says.
        folder: of the workspace, where it is in a database.
    """
    noted = store.note(_SELECTION)
    if not noted:
        return None
    recipients, batch = json.loads(noted)
    return Selection(
        campaign or Path(store.note(CAMPAIGN) or ""), None if recipients is None else folder / recipients, batch
    )


def as_last_run(selection: Selection, store: Store) -> Selection:
    """Return a batch as a command names it that goes on with its last run: a trial at any hour goes on at any hour."""
    return selection.at_any_hour() if selection.sandbox and store.note(_ANY_HOUR) else selection


def going_on_with(batch: Batch) -> Selection:
    """Return the same where the ledger is not open, and need not be there."""
    if batch.selection.sandbox:
        with contextlib.suppress(DialerError), contextlib.closing(read_store(batch)) as store:
            return as_last_run(batch.selection, store)
    return batch.selection


def _rings_later(campaign: Campaign) -> bool:
    retries = campaign.call.retry_config
    return bool(
        campaign.call.scheduled_at or campaign.columns.scheduled_at or (retries is not None and retries.enabled)
    )


@contextlib.asynccontextmanager
async def listed(campaign: Campaign, ledger: AsyncStore) -> AsyncIterator[None]:
    """Have the workspace's list name a ledger, durable before its first intent; its time is renewed at the end.

    Raises:
        LedgerError: the list cannot be written.
    """
    if campaign.workspace.database is not None and not campaign.sandbox:
        yield
        return
    identity = await ledger.note(IDENTITY) or ""
    registry, place = campaign.workspace.registry(sandbox=campaign.sandbox), campaign.batch.ledger.resolve()
    add = functools.partial(registry.add, place, identity=identity)
    is_new = not await ledger.note(LISTED)
    await to_thread.run_sync(functools.partial(add, is_new=is_new))
    await ledger.set_note(LISTED, "yes")
    try:
        yield
    finally:
        # Later runs must notice if it is missing; the entry from the start is enough for that.
        with contextlib.suppress(LedgerError):
            add()


def _refuse_copy(place: Path, store: Store) -> bool:
    """Refuse a copy; tell whether the ledger was moved."""
    former, identity_ = store.note(PLACE), store.note(IDENTITY)
    if former is None or identity_ is None or Path(former) == place:
        return False
    if _identity_at(Path(former), place) == identity_:
        raise BoundError(say.copied(place, former=former))
    return True


def _identity_at(path: Path, place: Path) -> str | None:
    """Return the identity of the ledger at a path; None if there is none, or it is the one at `place`."""
    with contextlib.suppress(DialerError, OSError):
        if path.is_file() and not path.samefile(place):
            with contextlib.closing(read_ledger(path)) as ledger:
                return ledger.note(IDENTITY)
    return None
