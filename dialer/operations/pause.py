"""Pause: no run places a call from now on."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import socket
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.batch import locate, read_campaign_file, timezone_of
from dialer.config.workspace import folder_of_all
from dialer.errors import CampaignError, DialerError, ExitCode, MustActError, UsageError
from dialer.messages import pause as say
from dialer.messages.commands import Selection
from dialer.messages.operations.workspace import no_folder
from dialer.operations.live_runs import LiveRun, LiveRuns
from dialer.operations.paused import by_clock, lift_commands
from dialer.operations.stores import held_in_database
from dialer.operations.until import ends_at
from dialer.store.engines import InDatabase, pauses_in
from dialer.store.pause_files import PauseFiles, all_paused, pause_in
from dialer.store.pause_files import put as write_pause
from dialer.store.shared import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.config.batch import Batch

PATIENCE = 60.0
"""Seconds that the runs get to end: what they have in flight gets 50 of them."""
_LOOK_EVERY = 0.1
IN_DATABASE = 1.0
"""Seconds after a commit in which a request may still leave whose intent was recorded before it, and a little more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is paused or resumed.

    Attributes:
        of: `batch`, `campaign` or `all`, as in `Pause`.
        files: the files that pause it; a campaign file that is a link has two.
        selection: as it is named on the command line; None: every campaign in a folder.
        folder: of all campaigns.
        batch: which batch it is, or the one that the campaign has without more options; None where that is not known.
        sandbox: it is trials that are meant.
        place: where it is in a database; None: the files hold it.
    """

    of: str
    files: tuple[Path, ...]
    selection: Selection | None = None
    folder: Path | None = None
    batch: Batch | None = None
    sandbox: bool = False
    place: InDatabase | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """What was paused.

    Attributes:
        pauses: what holds now, one for each file.
        kept: those of them that were there already and last as long as was asked, or longer: they stay as they are.
        replaced: those that were there and were to end earlier.
        stopped: the runs that have ended for it.
        running: the runs that have not ended in time.
        troubles: what could not be paused, in words.
        lift: the commands that lift it.
        only_trial: of what was paused there is only a trial, which goes on.
        exit_code: LOOK where a run goes on, MUST_ACT where something could not be paused.
    """

    pauses: tuple[Pause, ...]
    kept: tuple[Pause, ...]
    replaced: tuple[Pause, ...]
    stopped: tuple[LiveRun, ...]
    running: tuple[LiveRun, ...]
    troubles: tuple[str, ...]
    lift: tuple[str, ...]
    only_trial: bool
    exit_code: ExitCode


def targets_of(
    campaigns: Sequence[Path],
    *,
    recipients: Path | None = None,
    batch: str | None = None,
    sandbox: bool = False,
    everything: bool = False,
    folder: Path = Path(),
) -> list[Target]:
    """Return the targets of a pause: some campaigns with all their batches, one named batch, or every campaign.

    Args:
        campaigns: the campaign files.
        recipients: the CSV of one batch.
        batch: the name of one batch.
        sandbox: select trials.
        everything: select every campaign of a workspace.
        folder: a folder in that workspace.

    Raises:
        UsageError: the campaign or batch does not exist, none is named, or one and every one.
    """
    if everything:
        if campaigns or recipients is not None or batch is not None:
            raise UsageError(say.ALL_OR_ONE)
        if not folder.is_dir():
            raise UsageError(no_folder(folder))
        return [target_of_all(folder, sandbox=sandbox)]
    if not campaigns:
        raise UsageError(say.NAME_ONE)
    return [_target(Selection(path, recipients, batch, sandbox)) for path in campaigns]


def target_of_all(folder: Path, *, sandbox: bool = False) -> Target:
    """Return what is meant by every campaign of the workspace around a folder, also where `dialer.toml` is wrong."""
    around = folder_of_all(folder)
    place = None if sandbox else held_in_database(around)
    return Target(of="all", files=(all_paused(around, sandbox=sandbox),), folder=around, sandbox=sandbox, place=place)


def pause_batch(batch: Batch, *, why: str) -> list[str]:
    """Pause a batch until it is resumed; return what could not be paused, in words."""
    return _put([target_of_batch(batch)], [None], why).troubles


def target_of_batch(batch: Batch) -> Target:
    """Return what is meant by a batch."""
    files = PauseFiles(results=batch.results).batch
    trial = batch.selection.sandbox
    place = None if trial else held_in_database(batch.campaign.absolute().parent, batch=batch)
    return Target(of="batch", files=files, selection=batch.selection, batch=batch, sandbox=trial, place=place)


def pause_campaigns(
    targets: Sequence[Target],
    *,
    until: datetime | None = None,
    why: str = "",
    tell: Callable[[str], None] = lambda _: None,
    patience: float = PATIENCE,
) -> Paused:
    """Pause, and return once the affected runs have ended; no call starts after that.

    An existing pause that lasts longer stays: its author relies on it. Only `resume` ends a pause early.

    Args:
        targets: what to pause.
        until: when it ends by itself; without an offset, local time of each campaign, else of this machine.
        why: the reason, shown to users of the paused campaigns.
        tell: receives what the command waits for.
        patience: seconds that the runs get to end.

    Raises:
        UsageError: `until` is invalid.
    """
    ends = [ends_at(until, zone=zone_of(target)) for target in targets]
    put = _put(targets, ends, why)
    runs = LiveRuns()
    for target in targets:
        if target.place is not None:
            runs.add_database(target.place)
        elif target.folder is not None:
            runs.add_below(target.folder, sandbox=target.sandbox)
        elif target.of == "batch" and target.batch is not None:
            runs.add_batch(target.batch)
        elif target.selection is not None:
            runs.add_campaign(target.selection, target.batch)
    before = runs.live()
    if before:
        tell(say.waiting_for(len(before)))
    if any(target.place is not None for target in targets):
        # By then what was begun before has left, or never will.
        time.sleep(IN_DATABASE)
    seen, left = dict.fromkeys(before), before
    end = time.monotonic() + patience
    while left and time.monotonic() < end:
        time.sleep(_LOOK_EVERY)
        left = runs.live()
        seen |= dict.fromkeys(left)
    code = ExitCode.LOOK if left else ExitCode.DONE
    return Paused(
        pauses=tuple(put.pauses),
        kept=tuple(put.kept),
        replaced=tuple(put.replaced),
        stopped=tuple(run for run in seen if run not in left),
        running=tuple(left),
        troubles=tuple(put.troubles),
        lift=tuple(command for target in targets for command in _lift_commands(target)),
        only_trial=any(map(_has_only_trial, targets)),
        exit_code=ExitCode.MUST_ACT if put.troubles else code,
    )


def this_person() -> str:
    """Return who does it, as `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _target(selection: Selection) -> Target:
    campaign = selection.campaign
    files = PauseFiles(campaign=campaign, sandbox=selection.sandbox)
    if not campaign.is_file() and not any(map(os.path.lexists, files.campaign)):
        raise UsageError(say.no_campaign(campaign))
    if selection.recipients is not None or selection.batch is not None:
        return target_of_batch(_located(selection))
    try:
        batch = _located(selection)
    except DialerError:
        # Its runs are stopped also where the file was spoiled meanwhile.
        batch = None
    place = None if selection.sandbox else held_in_database(campaign.absolute().parent, campaign=campaign)
    return Target(
        of="campaign",
        files=files.campaign,
        selection=selection,
        batch=batch,
        sandbox=selection.sandbox,
        place=place,
    )


def _located(selection: Selection) -> Batch:
    return locate(selection.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=selection.sandbox)


def _has_only_trial(target: Target) -> bool:
    """Tell whether what is paused never began, and a trial of it did, which is paused apart."""
    if target.batch is None or target.sandbox or target.place is not None or target.batch.ledger.exists():
        return False
    # The pause is in force already: what cannot be read by now must not end the command.
    with contextlib.suppress(DialerError):
        return _located(replace(target.batch.selection, sandbox=True)).ledger.exists()
    return False


def _lift_commands(target: Target) -> list[str]:
    pauses = [Pause(target.of, str(path)) for path in target.files[: 1 if target.place else None]]
    return lift_commands(target.selection, pauses, sandbox=target.sandbox)


@dataclass(slots=True)
class _Put:
    """What holds by now, and what could not be paused in words; see `Paused`."""

    pauses: list[Pause] = field(default_factory=list)
    kept: list[Pause] = field(default_factory=list)
    replaced: list[Pause] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def _put(targets: Sequence[Target], ends: Sequence[datetime | None], why: str) -> _Put:
    """Have everything paused that can be."""
    by, since, put = this_person(), datetime.now(UTC).replace(microsecond=0), _Put()
    for target, until in zip(targets, ends, strict=True):
        pause = Pause(target.of, "", by=by, since=since, until=until, why=" ".join(why.split()))
        if target.place is not None:
            _put_in_database(target.place, pause, put, zone=zone_of(target))
            continue
        for path in target.files:
            held = pause_in(str(path), pause.of)
            keep = functools.partial(write_pause, path)
            _put_one(held, replace(pause, place=str(path)), put, keep=keep, zone=zone_of(target))
    return put


def _put_in_database(place: InDatabase, pause: Pause, put: _Put, *, zone: str | None) -> None:
    with contextlib.closing(pauses_in(place)) as pauses:
        held = next((one for one in pauses.in_force() if one.of == pause.of), None)
        _put_one(held, replace(pause, place=pauses.place_of(pause.of)), put, keep=pauses.put, zone=zone)


def _put_one(held: Pause | None, pause: Pause, put: _Put, *, keep: Callable[[Pause], None], zone: str | None) -> None:
    before = [] if held is None else [by_clock(held, zone)]
    if held is not None and _lasts_as_long(held, pause):
        put.pauses += before
        put.kept += before
        return
    try:
        keep(pause)
    except MustActError as error:
        put.troubles.append(str(error))
    else:
        put.pauses.append(by_clock(pause, zone))
        put.replaced += before


def _lasts_as_long(held: Pause, pause: Pause) -> bool:
    if held.until is not None:
        return pause.until is not None and held.until >= pause.until
    # One that cannot be read has no end; one that can be, and has none either, may take its place.
    return not (held.trouble and pause.until is None)


def zone_of(target: Target) -> str | None:
    """Return the zone by whose clock a campaign's times are read and shown; None: the machine's."""
    if target.batch is not None:
        return target.batch.timezone
    if target.selection is None:
        return None
    try:
        return timezone_of(read_campaign_file(target.selection.campaign))
    except CampaignError:
        return None
