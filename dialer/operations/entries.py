"""The batches of a workspace as they are listed: values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import ExitCode
from dialer.store import NO_REDIALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dialer.config.batch import Batch
    from dialer.messages.commands import Selection
    from dialer.models import Status
    from dialer.operations.batch_state import State
    from dialer.operations.last_run import LastRun
    from dialer.store import Redials
    from dialer.store.records import Pulse
    from dialer.store.shared import Pause


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
        files: its files as its last run has noted them, where its campaign file cannot be used and they are known.
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
    files: Batch | None = None
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
