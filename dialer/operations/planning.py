"""Planning: what only the results know, who is called again, and what a run is about to do."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer import numbers, provider
from dialer.engine.progress import shown
from dialer.errors import LeftError, MustActError, ReplacedError
from dialer.messages.operations import reconcile as reconciling
from dialer.messages.operations.redial import errors_called, went_with_stand_in
from dialer.messages.operations.results import taken_over
from dialer.messages.operations.run import other_agents
from dialer.models import NOWHERE, Status
from dialer.moments import shown as by_clock
from dialer.numbers import line, spellings
from dialer.operations.adoption import merge
from dialer.operations.coverage import uncovered
from dialer.operations.first_called import first_called
from dialer.operations.forecast import outlook, read_standing
from dialer.operations.intake import load
from dialer.operations.joining import joined_words
from dialer.operations.list_order import Kind, in_order, width_of
from dialer.operations.local_times import AT_ONCE, PARTS, no_hours
from dialer.operations.outcome import Plan
from dialer.operations.reconcile import look_for_unrecorded, unrecorded_notes
from dialer.operations.redial import Release, redial_by_plan
from dialer.operations.replaced_list import allowed
from dialer.operations.timing import Place, again_at, placed_elsewhere, placed_last, places_of
from dialer.operations.track import give_up_former
from dialer.store import AGENT_NAME, Redial
from dialer.sync import preflight

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dialer.operations.coverage import Uncovered
    from dialer.operations.intake import Loaded
    from dialer.operations.run_context import RunContext
    from dialer.store import Store
    from dialer.store.shared import LineSharers, OtherBatches

_AT_ONCE = 500_000
"""Numbers that are looked for in the list at once."""
SEARCH_FIRST = 60.0
"""Seconds that looking for calls that the ledger does not know may take, unless it is an older copy."""
RECONCILE_FIRST = 60.0
"""Seconds that looking for unknown calls may take before dialling; the rest comes at the end."""


@dataclass(frozen=True, slots=True)
class Released:
    """Who may be called again.

    Attributes:
        unknown: the numbers of those who may have been called already.
        young: recipients of a requested redial whose last call ended too recently.
        ripe_from: when the first of these can be called (Unix seconds); None if there are none.
        errors: those whom the provider refused are among them.
    """

    unknown: tuple[str, ...] = ()
    young: int = 0
    ripe_from: float | None = None
    errors: bool = False


def _released(store: Store) -> Mapping[Status, int]:
    return store.released()


@dataclass(frozen=True, slots=True)
class Planning:
    """Finds out what a run is about to do.

    Attributes:
        context: what it works with.
        others: the batches whose calls count as well; None where none do.
        sharers: the batches that share the lines; None where none do.
    """

    context: RunContext
    others: OtherBatches | None
    sharers: LineSharers | None

    async def merge(self, *, adopt: Callable[[str], Awaitable[bool]] | None) -> None:
        """Take over what the results CSV knows and the ledger does not."""
        async with self.context.step(reconciling.RESULTS):
            # Who has brought the list has looked there, and another run may be writing it now.
            if self.context.joined:
                return
            taken = await merge(self.context.campaign, self.context.ledger, self.context.client, adopt=adopt)
        if taken:
            self.context.notes.add(taken_over(self.context.campaign.batch.results, taken))

    async def release(self, *, ask: Callable[[str], Awaitable[bool]] | None) -> Released:
        """Make recipients callable again on request, and those due by the campaign's plan."""
        campaign, options = self.context.campaign, self.context.options
        # Before anything asks how calls went: each run of a trial has a stand-in of its own.
        if campaign.sandbox and (gone := await give_up_former(self.context.ledger)):
            self.context.notes.add(went_with_stand_in(gone))
        release = Release(self.context.ledger, campaign.redial, self.context.notes.add, batch=campaign.batch)
        if options.retry_errors:
            await release.errors()
        redial = await release.outcomes(options.redial) if options.redial else Redial()
        unknown: tuple[str, ...] = ()
        if options.redial_unknown:
            async with self.context.step(reconciling.UNKNOWN):
                found = await self.context.look_for_unknown(None)
                if found.left and found.trouble:
                    raise MustActError(reconciling.unknown_not_read(found.trouble, provider.VENDOR.names))
            unknown = await release.unknown(ask)
        await redial_by_plan(self.context)
        return Released(unknown, redial.young, redial.ripe_from, errors=options.retry_errors)

    async def load(self, *, ask: Callable[[str], Awaitable[bool]] | None) -> Loaded:
        """Have the input in the ledger, and find out who of it was called without the ledger knowing it."""
        try:
            loaded = await self._read_list()
        except ReplacedError as refusal:
            await allowed(refusal, ask=ask)
            loaded = await self._read_list(replaces=True)
        if self.context.joined:
            # As above; and other runs are placing calls now.
            self.context.notes.add(await joined_words(self.context))
            return loaded
        async with self.context.step(reconciling.MISSING):
            found = await self._look_for_unrecorded()
        if found:
            # People whose number was called under another id must not be called any more.
            loaded = await self._read_list()
        await self.context.ledger.prepared()
        return loaded

    async def _read_list(self, *, replaces: bool = False) -> Loaded:
        async with shown(self.context.notes.progress, reconciling.LIST):
            context = self.context
            return await load(
                context.campaign, context.ledger, context.control, joined=context.joined, replaces=replaces
            )

    async def plan(self, loaded: Loaded, released: Released) -> Plan:
        """Return what the run is about to do, once it is clear who was called."""
        limit = self.context.options.limit
        counts = await self.context.ledger.counts()
        standing = preflight.Standing(None, None, ())
        if counts.get(Status.PENDING) or counts.get(Status.UNKNOWN):
            async with self.context.step(reconciling.ACCOUNT):
                standing = await read_standing(self.context.campaign, self.context.client, agents=loaded.agents)
            if standing.agent_name:
                await self.context.ledger.set_note(AGENT_NAME, standing.agent_name)
            async with self.context.step(reconciling.UNKNOWN):
                found = await self.context.look_for_unknown(RECONCILE_FIRST)
            if found.settled:
                counts = await self.context.ledger.counts()
        if released.errors:
            # Which people it concerns is known once the list is loaded.
            self.context.notes.add(errors_called((await self.context.ledger.call(_released)).get(Status.ERROR, 0)))
        last = await self.context.ledger.last_called()
        pending = counts.get(Status.PENDING, 0)
        elsewhere = await self._called_elsewhere()
        places = await self._places(pending, elsewhere, rows=sum(counts.values()))
        first = await first_called(self.context, left_out={position for position, _ in elsewhere})
        to_call = pending if limit is None else min(limit, pending)
        ends = self.context.campaign.schedule.ends
        is_over = (ends is not None and ends <= datetime.now(UTC)) or await self._waits()
        to_call = 0 if is_over else to_call
        view = outlook(
            self.context.campaign,
            standing,
            variables=loaded.payload.variables,
            header=loaded.payload.header,
            samples=[
                provider.VENDOR.request_in(loaded.payload.body(recipient, "").text).variables for recipient in first
            ],
            places=places,
            placed=await self._placed(),
            limit=to_call if to_call < pending else None,
            hints=(*loaded.hints, *self._other_agents(loaded.agents), *await self._no_hours(sum(counts.values()))),
            talk=await self.context.ledger.talk(),
        )
        return Plan(
            batch=self.context.campaign.batch.name,
            recipients=str(self.context.campaign.batch.recipients),
            # A run that has joined others goes on for what those leave.
            to_call=0 if view.forecast.calls_nobody and not self.context.joined else to_call,
            limited_to=limit if limit is not None and limit < pending else None,
            counts=counts,
            called_last=by_clock(last, self.context.campaign.batch.timezone),
            agent_id=self.context.campaign.agent_id,
            uncovered=await self._uncovered(places),
            outlook=view,
            rate=str(self.context.campaign.rate),
            lists=loaded.lists,
            redialled=await self._in_the_list(released.unknown),
            young=released.young,
            ripe_from=by_clock(released.ripe_from, self.context.campaign.batch.timezone),
            redials=await self.context.redials(),
            once_more=await self.context.ledger.redialled(),
            sandbox=self.context.campaign.sandbox,
            phone_words=loaded.phone_words,
            stands_by=self.context.joined and limit is None and not is_over,
        )

    async def _in_the_list(self, released: Sequence[str]) -> tuple[str, ...]:
        """Return those of some numbers that are in the list, so that this run may call them."""
        people = await self.context.ledger.pending_among([int(number) for number in released])
        listed = {number for number, *_ in people.values()}
        return tuple(number for number in released if int(number) in listed)

    async def _placed(self) -> list[float]:
        """Return when calls were placed that may be live."""
        elsewhere = placed_elsewhere(self.sharers)
        if self.sharers is not None and self.sharers.has_own_batch:
            return elsewhere
        return [*elsewhere, *await self.context.ledger.call(placed_last)]

    async def _no_hours(self, rows: int) -> Sequence[str]:
        """Return a note on the current local time of the recipients of a campaign without hours."""
        campaign, ledger = self.context.campaign, self.context.ledger
        if campaign.window is not None or campaign.sandbox:
            return ()
        pages = [await ledger.peek(after=rows * part // PARTS, size=AT_ONCE) for part in range(PARTS)]
        return no_hours(
            campaign, [one.number for one in {one.position: one for page in pages for one in page}.values()]
        )

    def _other_agents(self, agents: Sequence[str]) -> list[str]:
        """Return a note on agents other than the campaign's, named in a column."""
        others = [agent for agent in agents if agent != self.context.campaign.agent_id]
        return [other_agents(others)] if others else []

    async def _places(self, pending: int, elsewhere: Sequence[tuple[int, Kind]], *, rows: int) -> Sequence[Place]:
        """Return the places of the people to be called, in the order of the list."""
        campaign, width = self.context.campaign, width_of(rows)
        if campaign.window is None and not (elsewhere or campaign.call.scheduled_at or campaign.columns.scheduled_at):
            return [Place(NOWHERE, pending)]
        return places_of(in_order(await self.context.ledger.whereabouts(width=width), elsewhere, width=width))

    async def _called_elsewhere(self) -> list[tuple[int, Kind]]:
        """Return those who are to be called and another batch called lately: position, and what is known of them."""
        again = {} if self.others is None else again_at(self.context.campaign, self.others)
        spelled = (spelling for one in again for spelling in spellings(one))
        found: dict[int, tuple[int, Kind]] = {}
        # Each look goes through the whole list.
        while numbers := list(itertools.islice(spelled, _AT_ONCE)):
            people = await self.context.ledger.pending_among(numbers)
            found |= {
                recipient: (position, Kind(where, scheduled_at, again[line(number)]))
                for recipient, (number, position, where, scheduled_at) in people.items()
            }
        return list(found.values())

    async def _waits(self) -> bool:
        """Tell whether calls must wait, because the provider may list missing calls late."""
        until = await self.context.ledger.wait_until()
        return until is not None and until > time.time() and not self.context.campaign.sandbox

    async def _uncovered(self, places: Sequence[Place]) -> Uncovered | None:
        window = self.context.campaign.window
        if window is None or window.hours is not None:
            return None
        refused = Counter(map(numbers.home, await self.context.ledger.numbers_with("no_rule")))
        return uncovered(self.context.campaign, places=places, refused=refused)

    async def _look_for_unrecorded(self) -> int:
        """Return how many recipients were called without a record in the ledger.

        Raises:
            LeftError: calls are missing, and their recipients are not known.
        """
        context = self.context
        found = await look_for_unrecorded(
            context.campaign, context.ledger, context.client, reads=context.reads, time_limit=SEARCH_FIRST
        )
        if found.why_unfinished and await context.ledger.gaps():
            if found.must_act is not None:
                raise found.must_act
            raise LeftError(reconciling.might_be_twice(found.why_unfinished, provider.VENDOR.names))
        for text in await unrecorded_notes(context.ledger, found, zone=context.campaign.batch.timezone):
            context.notes.add(text)
        return found.adopted + found.doubted
