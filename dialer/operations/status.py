"""Where a batch stands, from its ledger alone; needs neither pandas nor a network."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.config.batch import locate
from dialer.config.workspace import find_workspace
from dialer.errors import DialerError, ExitCode, UsageError
from dialer.models import Status
from dialer.moments import shown
from dialer.operations.batch_state import is_stopped
from dialer.operations.last_run import last_run
from dialer.operations.ledger_identity import as_last_run
from dialer.operations.live_progress import LiveProgress, live_progress
from dialer.operations.live_settings import LiveSettings, in_force
from dialer.operations.paused import holding
from dialer.operations.redial_plan import noted_redials
from dialer.operations.results import refuse_emptied
from dialer.operations.stores import in_words, is_begun, read_store, who_works

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dialer.config.batch import Batch
    from dialer.models import CallCount
    from dialer.operations.last_run import LastRun
    from dialer.store import Redials
    from dialer.store.records import Pulse
    from dialer.store.shared import Holder, Pause


@dataclass(frozen=True, slots=True)
class Shared:
    """What a batch shares with the others of its workspace.

    Attributes:
        folder: the workspace's folder.
        rate: calls that all of them together may place; None for any number.
        lines: calls of all of them that may be live at once; None where `dialer.toml` does not say.
        currency: of all costs; None where `dialer.toml` does not say.
    """

    folder: str
    rate: str | None
    lines: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a batch.

    Attributes:
        batch: its name.
        counts: rows of the input by status.
        total: rows of the input.
        attempts: attempts by outcome; an empty outcome is not known yet.
        calls: accepted calls by status; a recipient who was called again has several.
        outcomes: outcome → recipients, by the call in each recipient's result; an empty outcome is not known yet.
        reached: recipients who were reached by any call; None if calls were not tracked yet.
        ended: accepted calls that have ended; None if calls were not tracked yet.
        open: accepted calls that are still open: not known to be over, and not given up.
        talked: seconds of conversation of all calls.
        cost: of all calls, as the provider reports it (cents, according to its documentation).
        per_minute: recipients whose attempt ended within the last minute.
        left: seconds until all pending recipients are called at that rate; None if no run is sending.
        progress: progress of the active run; None if there is none, or its last report is old.
        refused_for: the most frequent reason of refused rows; empty if none was refused.
        held: seconds until sending continues; 0 if it is not on hold.
        held_for: why sending is on hold, in words.
        redials: which recipients the plan of the last run calls again.
        last: when the last attempt started or ended; None if there was none.
        stopped: how the last run ended, if recipients are left and no process works on the batch; else None.
        running: the process that works on it, in words; empty if there is none.
        runs: the same for scripts; at most one works on a batch.
        pauses: its pauses; empty if it is not paused.
        changed: rate and lines of the active run, if `dialer set` has changed them; else None.
        results: path of the results CSV.
        workspace: figures shared with other batches.
        any_hour: it is a trial that was last called outside its calling hours as well.
    """

    batch: str
    counts: Mapping[Status, int]
    total: int
    attempts: Mapping[str, int]
    calls: tuple[CallCount, ...]
    outcomes: Mapping[str, int]
    reached: int | None
    ended: int | None
    open: int
    talked: float
    cost: float
    per_minute: float
    left: float | None
    progress: LiveProgress | None
    refused_for: str
    held: float
    held_for: str
    redials: Redials
    last: datetime | None
    stopped: LastRun | None
    running: str
    runs: tuple[Holder, ...]
    pauses: tuple[Pause, ...]
    changed: LiveSettings | None
    results: str
    workspace: Shared
    any_hour: bool = False

    exit_code = ExitCode.DONE

    @property
    def is_over(self) -> bool:
        """Whether the batch is complete: no process works on it, no recipient is left, no call is open."""
        left = self.counts.get(Status.PENDING) or self.counts.get(Status.SENDING) or self.open
        return not left and not self.running and self.redials.is_over


@dataclass(frozen=True, slots=True)
class NotShown:
    """A batch without figures: no recipient was called yet, or it cannot be read.

    Attributes:
        batch: its name.
        state: for scripts: `not started` or `not readable`.
        error: why it cannot be read, in words; empty if it was not started.
        exit_code: for scripts.
        has_trial: there is a trial of it.
    """

    batch: str
    state: str
    error: str
    exit_code: ExitCode
    has_trial: bool = False
    is_over = True


def standings(batches: Sequence[Batch]) -> list[Standing | NotShown]:
    """Return where each of some batches stands; one of several that cannot be read hides no other.

    Raises:
        DialerError: there is only one, and it cannot be read.
    """
    return [_standing_or_why(batch, is_alone=len(batches) == 1) for batch in batches]


def _standing_or_why(batch: Batch, *, is_alone: bool) -> Standing | NotShown:
    try:
        return standing(batch)
    except DialerError as error:
        # Beside results that say who was called a ledger is lost, not to be made.
        if isinstance(error, UsageError) and not (is_begun(batch) or batch.results.exists()):
            return NotShown(batch.name, "not started", "", ExitCode.DONE, has_trial=_has_trial(batch))
        if is_alone:
            raise
        return NotShown(batch.name, "not readable", str(error), error.exit_code)


def _has_trial(batch: Batch) -> bool:
    selection = batch.selection
    trial = locate(batch.campaign, recipients=selection.recipients, batch=selection.batch, sandbox=True)
    return not selection.sandbox and trial.ledger.exists()


def standing(batch: Batch, *, pulse: Pulse | None = None) -> Standing:
    """Return the status of a batch; a run may be active.

    Args:
        batch: which one.
        pulse: what was just counted in its ledger; None: it is counted.

    Raises:
        UsageError: the batch has no ledger yet.
        CampaignError: the `dialer.toml` of its workspace is wrong.
        LedgerError: it cannot be read.
    """
    runs = who_works(batch)
    running = in_words(runs)
    with contextlib.closing(read_store(batch)) as ledger:
        refuse_emptied(batch, ledger)
        pulse = pulse or ledger.pulse()
        counts = pulse.counts if running else without_a_run(pulse.counts, ledger.released())
        calls = pulse.calls
        redials = noted_redials(ledger, sandbox=batch.selection.sandbox, zone=batch.timezone)
        changed = in_force(ledger) if running else None
        progress = live_progress(ledger, counts, zone=batch.timezone) if running else None
        refused_for = next((reason for reason, _ in ledger.refusals()), "") if counts.get(Status.ERROR) else ""
        stopped = None if running else last_run(ledger, zone=batch.timezone)
        stopped = stopped if is_stopped(ledger, stopped, left=counts.get(Status.PENDING, 0)) else None
        any_hour = as_last_run(batch.selection, ledger).any_hour
        shared = _shared(batch, is_loopback=ledger.note("server") == "loopback")
    pending = counts.get(Status.PENDING, 0)
    sends = any(who.does == "run" for who in runs)
    return Standing(
        batch=batch.name,
        counts=counts,
        total=sum(counts.values()),
        attempts=pulse.attempts,
        calls=calls,
        outcomes=pulse.outcomes,
        reached=pulse.reached,
        ended=sum(count.calls for count in calls if count.final) if any(count.asked for count in calls) else None,
        open=sum(count.calls for count in calls if not count.final),
        talked=round(sum(count.seconds for count in calls), 3),
        cost=round(sum(count.cost for count in calls), 3),
        per_minute=round(pulse.per_minute, 1),
        left=pulse.held + 60 * pending / pulse.per_minute if sends and pulse.per_minute else None,
        progress=progress,
        refused_for=refused_for,
        held=pulse.held if running else 0.0,
        held_for=pulse.held_for if running else "",
        redials=redials,
        last=shown(pulse.last, batch.timezone),
        stopped=stopped,
        running=running,
        runs=runs,
        pauses=holding(batch),
        changed=changed,
        results=str(batch.results),
        workspace=shared,
        any_hour=any_hour,
    )


def _shared(batch: Batch, *, is_loopback: bool) -> Shared:
    workspace = find_workspace(batch.campaign, results=batch.results)
    rate = workspace.rate_at(loopback=is_loopback)
    return Shared(str(workspace.folder), None if rate is None else str(rate), workspace.lines, workspace.currency)


def without_a_run(counts: Mapping[Status, int], released: Mapping[Status, int]) -> dict[Status, int]:
    """Return the counts as the next start finds them: after a dead run, no row is `sending` or due for a redial."""
    standing_now = Counter(counts)
    standing_now[Status.UNKNOWN] += standing_now.pop(Status.SENDING, 0)
    for state, count in released.items():
        standing_now[state] += count
        standing_now[Status.PENDING] -= count
    return dict(+standing_now)
