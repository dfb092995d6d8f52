"""What a run works with, its ledger open."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dialer.engine.control import interruptible
from dialer.engine.progress import shown
from dialer.operations.reconcile import summed_up
from dialer.operations.redial_plan import foreseen_redials
from dialer.sync.reconcile import Reconciled, reconcile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.engine.progress import Progress
    from dialer.engine.reads import Reads
    from dialer.operations.options import RunOptions
    from dialer.operations.paused import Held
    from dialer.provider.interface import Provider
    from dialer.store import Redials
    from dialer.store.writer import LedgerWriter


@dataclass(slots=True)
class Notes:
    """What a run says while it goes on, and again at the end."""

    progress: Progress
    lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Say something."""
        self.lines.append(text)
        self.progress.note(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What planning and sending work with.

    Attributes:
        campaign: the campaign.
        options: what this run is asked for.
        client: places and reads calls.
        ledger: records them.
        notes: where it says what the user should know.
        control: stops it.
        held: looks whether it is paused.
        reads: says when the provider may be asked how calls stand; one for the whole run.
        shares: other runs may work on the batch, since a database keeps it.
        joined: it calls a list that another one has brought.
    """

    campaign: Campaign
    options: RunOptions
    client: Provider
    ledger: LedgerWriter
    notes: Notes
    control: Control
    held: Held
    reads: Reads
    shares: bool = False
    joined: bool = False

    @contextlib.asynccontextmanager
    async def step(self, doing: str) -> AsyncIterator[None]:
        """Show that what is inside is being done, and leave it at once when somebody asks to stop."""
        async with interruptible(self.control, doing=doing), shown(self.notes.progress, doing):
            yield

    async def look_for_unknown(self, time_limit: float | None) -> Reconciled:
        """Look for every unknown call at the provider, for so many seconds at most, and tell what came of it."""
        agent_id = self.campaign.agent_id
        found = await reconcile(self.ledger, self.client, agent_id=agent_id, reads=self.reads, time_limit=time_limit)
        for text in summed_up(found):
            self.notes.add(text)
        return found

    async def redials(self) -> Redials:
        """Return which recipients the campaign's plan calls again."""
        return await self.ledger.call(functools.partial(foreseen_redials, self.campaign), again=True)
