"""Several runs of one batch, on hosts that share a database: all of them call the same list by the same rules."""

from __future__ import annotations

import contextlib
import json
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING
from uuid import uuid4

import anyio
from anyio import to_thread

from dialer.engine.breaker import Trip
from dialer.engine.control import beside
from dialer.errors import ExitCode, LedgerError, MustActError, UsageError
from dialer.export.results import stamp_of
from dialer.messages.operations import joining as say
from dialer.numbers import edition
from dialer.operations.stores import in_words
from dialer.store.joining import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dialer.config.campaign import Campaign
    from dialer.operations.run_context import RunContext
    from dialer.store import AsyncStore, Store

_LOOK_EVERY = 0.5
"""Seconds between two looks whether the list is there."""
_SAY_AFTER, _SAY_EVERY = 5.0, 60.0
"""Seconds of waiting until it is said for whom, and from then on between two times."""
_HALT_EVERY = 1.0
"""Seconds between two looks whether another run has stopped all of them."""
_STOPS_ALL = frozenset({"key_refused", "no_money", "agent_not_known"})
"""Codes of a `Trip` that would end each run: what they are about is the same on every host."""
_OWN = frozenset({"recipients", "results", "ledger", "results_xlsx", "results_bom", "forecast"})
"""Keys of a campaign file that may differ from host to host: where files lie, and what is only shown."""
_NOTE = "agreed: {}"
_LISTS = _NOTE.format(say.SUPPRESSION)
_OTHERS = 5
"""So many looks at other do-not-call files end a run: a folder that machines share shows a change to all at once, but
not at the same moment."""


async def take_turn(context: RunContext) -> bool:
    """Return whether this run calls a list that others have brought; wait while another one brings it.

    Raises:
        InterruptedRunError: a person asked to stop.
        MustActError: an answer has stopped all runs, and they have not ended yet.
    """
    turn = await context.ledger.turn()
    if turn is Turn.WAIT:
        async with context.step(say.ANOTHER_BRINGS_IT), beside(_say_for_whom, context):
            while turn is Turn.WAIT:
                await anyio.sleep(_LOOK_EVERY)
                turn = await context.ledger.turn()
    if turn is not Turn.JOIN:
        return False
    if why := await context.ledger.halted():
        words, advice, _ = json.loads(why)
        raise MustActError(f"{say.stopped_by_another(words)}\n{advice}")
    return True


async def _say_for_whom(context: RunContext) -> None:
    """Say who brings the list, once that takes long."""
    wait = _SAY_AFTER
    while True:
        await anyio.sleep(wait)
        by = await context.ledger.brings_list()
        if by is not None:
            context.notes.progress.note(say.waiting_for(in_words([by])))
        wait = _SAY_EVERY


async def joined_words(context: RunContext) -> str:
    """Return which runs this one has joined, in words."""
    command = context.campaign.batch.selection.command("status")
    return say.joined((await context.ledger.others()).working, command=command)


class Halt:
    """Stops all runs of a batch at once when one of them gets an answer that each would end with.

    Args:
        ledger: that they share.
    """

    def __init__(self, ledger: AsyncStore) -> None:
        self._ledger = ledger
        self._heard = False

    def tell(self, trip: Trip) -> None:
        """Tell the others why this run ends, where it concerns them."""
        if trip.code in _STOPS_ALL and not self._heard:
            self._ledger.halt(json.dumps([trip.words, trip.advice, trip.code]))

    async def watch(self, end: Callable[[Trip], None]) -> None:
        """End this run when another one has recorded why; this run calls nobody from then on."""
        # A ledger that cannot be read any more ends the run where it records something.
        with contextlib.suppress(LedgerError):
            while not (why := await self._ledger.halted()):  # noqa: ASYNC110 - it stands in the database
                await anyio.sleep(_HALT_EVERY)
            self._heard = True
            words, advice, code = json.loads(why)
            end(Trip(say.stopped_by_another(words), advice, code=code))


class SameLists:
    """Has runs that joined each other go by the same do-not-call files, also where one changes while they call.

    Who has read a changed file says so to the others. Who has another one then, and not a moment later the same, ends:
    it would call people whom another run must not call.

    Args:
        files: of this run.
        ledger: that all of them share.
    """

    def __init__(self, files: Sequence[Path], ledger: AsyncStore) -> None:
        self._files, self._ledger = files, ledger
        self._mine = ""

    @classmethod
    async def begin(cls, context: RunContext) -> SameLists | None:
        """Return what looks after them, before this run reads them; None where it has none, or joins nobody."""
        files = context.campaign.suppression
        # What is not a file was different from the first.
        if not (context.options.join and files and all(file.is_file() for file in files)):
            return None
        made = cls(files, context.ledger)
        made._mine = await made._read()
        return made

    async def tell(self) -> None:
        """Tell the others what this run's files are, where they have changed."""
        before, now = self._mine, await self._read()
        if now and now != before:
            self._mine = now
            await self._ledger.set_note(_LISTS, now)

    async def watch(self, end: Callable[[Trip], None]) -> None:
        """End this run when another one goes by other files."""
        # A ledger that cannot be read any more ends the run where it is asked for somebody.
        with contextlib.suppress(LedgerError):
            others = 0
            while others < _OTHERS:
                await anyio.sleep(_HALT_EVERY)
                others = 0 if await self._is_agreed() else others + 1
            end(Trip(*say.other_lists(), ExitCode.LEFT, "other_lists"))

    async def _is_agreed(self) -> bool:
        agreed = await self._ledger.note(_LISTS)
        if agreed == self._mine:
            return True
        now = await self._read()
        if agreed == now:
            self._mine = now
        return agreed == now

    async def _read(self) -> str:
        """Return a digest of this run's files; empty where one cannot be read: those are not what was agreed on."""
        try:
            return _digest(
                await to_thread.run_sync(lambda: [_content(file) for file in self._files], abandon_on_cancel=True)
            )
        except OSError:
            return ""


def _digests(campaign: Campaign) -> Mapping[str, str]:
    """Return digests of all that the runs of one batch have to agree on, by name."""
    rules = {name: value for name, value in campaign.file.content.items() if name not in _OWN}
    agreed: dict[str, object] = {
        say.LIST: _content(campaign.batch.recipients),
        say.CAMPAIGN: [rules, campaign.agent_id, campaign.columns.model_dump(mode="json")],
        say.HOURS: [None if campaign.window is None else str(campaign.window), edition()],
        say.SUPPRESSION: [_content(file) for file in campaign.suppression],
        say.WORKSPACE: [str(campaign.organisation_rate), campaign.workspace.lines],
        say.VERSION: [version(name) for name in ("dialer", "phonenumbers", "tzdata")],
    }
    return {name: _digest(value) for name, value in agreed.items()}


def _digest(value: object) -> str:
    return blake2b(json.dumps(value, sort_keys=True, default=str).encode(), digest_size=20).hexdigest()


def _content(file: Path) -> str:
    # What is not a file cannot be read twice, so it counts as different each time.
    return stamp_of(file) if file.is_file() else uuid4().hex


def note_digests(campaign: Campaign, store: Store) -> None:
    """Keep what other runs have to agree on, in the transaction that loads the list; with files there are none."""
    if campaign.workspace.database is None or campaign.sandbox:
        return
    for name, digest in _digests(campaign).items():
        store.set_note(_NOTE.format(name), digest)


def refuse_different(campaign: Campaign, store: Store) -> None:
    """Refuse to call beside runs with another list or other rules.

    Raises:
        UsageError: something differs.
    """
    different = [name for name, digest in _digests(campaign).items() if store.note(_NOTE.format(name)) != digest]
    if different:
        raise UsageError(say.different(different, command=campaign.batch.selection.command("status")))
