"""Changes to active runs: `dialer set` notes in the ledger what is asked, and each run notes there what it took over.

A request names the runs that it is for, so one that is left behind changes no later run.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import anyio

from dialer.engine.breaker import Trip
from dialer.errors import DialerError
from dialer.operations.stores import WORK
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.engine.concurrency import Lines
    from dialer.engine.runner import Runner
    from dialer.operations.run_context import RunContext
    from dialer.store import Store

ASKED, TAKEN = "live_settings_asked", "live_settings"
"""Under these names it is noted in the ledger what runs are asked to change, and what each of them has taken over."""
LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What is changed of a run.

    Attributes:
        run: the id of the run that has taken it over; empty of what is asked of several.
        asked: the id of the request.
        rate: how fast requests leave, as a campaign file spells it; None: as before.
        lines: calls that may be live; None: as before.
    """

    run: str
    asked: str
    rate: str | None
    lines: int | None


NOTHING = LiveSettings("", "", None, None)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of active runs.

    Attributes:
        runs: the ids of their work.
        settings: what is changed of each of them.
    """

    runs: tuple[str, ...]
    settings: LiveSettings

    def text(self) -> str:
        """Return it as it is noted."""
        return json.dumps({"runs": self.runs, **asdict(self.settings)})

    @classmethod
    def of(cls, text: str) -> Request | None:
        """Return what a note asks for; None if it asks for nothing that can be read."""
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            content = json.loads(text)
            runs, settings = tuple(map(str, content.pop("runs"))), _settings(content)
            return None if settings is None else cls(runs, settings)
        return None


def taken_over(store: Store) -> dict[str, LiveSettings]:
    """Return what the runs that were asked last have taken over, by the id of their work."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        found = {run: _settings(content) for run, content in json.loads(store.note(TAKEN) or "{}").items()}
        return {run: settings for run, settings in found.items() if settings is not None}
    return {}


def in_force(store: Store) -> LiveSettings | None:
    """Return what the work that began last has taken over; None where nothing was changed of it."""
    return taken_over(store).get(store.note(WORK) or "")


def _settings(content: Any) -> LiveSettings | None:  # noqa: ANN401 - whatever a note holds
    settings = LiveSettings(**content)
    rate_is_one = settings.rate is None or (isinstance(settings.rate, str) and bool(Rate.parse(settings.rate)))
    lines = settings.lines
    lines_are = lines is None or (isinstance(lines, int) and not isinstance(lines, bool) and lines >= 1)
    return settings if rate_is_one and lines_are else None


@dataclass(slots=True)
class Listener:
    """Takes over what a person changes of this run, until it ends.

    Attributes:
        context: of the run.
        runner: sends.
        lines: how many calls may be live.
        taken: what it has taken over so far.
    """

    context: RunContext
    runner: Runner
    lines: Lines
    taken: LiveSettings = NOTHING

    async def watch(self, end: Callable[[Trip], None]) -> None:
        """Look every second; a request to other runs changes nothing."""
        ledger = self.context.ledger
        run = await ledger.this_work()
        try:
            while True:
                request = Request.of(await ledger.note(ASKED) or "")
                if request is not None and run in request.runs and request.settings.asked != self.taken.asked:
                    await self._take_over(run, request)
                await anyio.sleep(LOOK_EVERY)
        except DialerError as error:
            end(Trip(str(error), "", error.exit_code))

    async def _take_over(self, run: str, request: Request) -> None:
        asked = request.settings
        if asked.rate is not None:
            self.runner.set_rate(Rate.parse(asked.rate))
            await self.context.ledger.expect_waits(self.runner.longest_wait)
        if asked.lines is not None:
            await self.lines.bind(asked.lines)
        self.taken = taken = LiveSettings(
            run, asked.asked, asked.rate or self.taken.rate, asked.lines or self.taken.lines
        )

        def note(store: Store) -> None:
            # Others may take it over at the same moment; runs that were not asked are over.
            with store.transaction():
                known = {other: one for other, one in taken_over(store).items() if other in request.runs}
                store.set_note(TAKEN, json.dumps({other: asdict(one) for other, one in {**known, run: taken}.items()}))

        await self.context.ledger.call(note)
