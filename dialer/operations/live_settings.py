"""Changes to an active run: `dialer set` writes a small file next to the ledger, and the run reads it.

The file names the run that it is for, so one that is left behind changes no later run. The run notes in the ledger
what it has taken over: there `set` and `status` see it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import anyio

from dialer.engine.breaker import Trip
from dialer.errors import DialerError
from dialer.files import unreadable
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.engine.concurrency import Lines
    from dialer.engine.runner import Runner
    from dialer.operations.run_context import RunContext
    from dialer.store import Store

NOTE, WORK = "live_settings", "work"
"""Under these names it is noted in the ledger what a run has taken over, and which work goes on."""
LOOK_EVERY = 1.0
_LARGEST = 1 << 12


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What is changed of a run.

    Attributes:
        run: the id of the run that it is for.
        asked: the id of the request.
        rate: how fast requests leave, as a campaign file spells it; None: as before.
        lines: calls that may be live; None: as before.
    """

    run: str
    asked: str
    rate: str | None
    lines: int | None


def path_of(batch: Batch) -> Path:
    """Return the file by which a batch's run is changed."""
    return batch.ledger.with_name(f"{batch.ledger.name}.set")


def write(path: Path, settings: LiveSettings) -> None:
    """Have a run see it, whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(asdict(settings)), encoding="utf-8")
    new.replace(path)


def read(path: Path) -> LiveSettings | None:
    """Return what a file asks for; None if there is none that can be read."""
    if unreadable(path):
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return _settings(file.read(_LARGEST))
    except (OSError, ValueError):
        return None


def in_force(store: Store) -> LiveSettings | None:
    """Return what the work that goes on, or was the last, has taken over; None where nothing was changed of it."""
    settings = _settings(store.note(NOTE) or "")
    return settings if settings is not None and settings.run == store.note(WORK) else None


def _settings(text: str) -> LiveSettings | None:
    with contextlib.suppress(ValueError, TypeError):
        settings = LiveSettings(**json.loads(text))
        rate_is_one = settings.rate is None or (isinstance(settings.rate, str) and bool(Rate.parse(settings.rate)))
        lines = settings.lines
        lines_are = lines is None or (isinstance(lines, int) and not isinstance(lines, bool) and lines >= 1)
        return settings if rate_is_one and lines_are else None
    return None


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
    taken: LiveSettings = LiveSettings("", "", None, None)

    async def watch(self, end: Callable[[Trip], None]) -> None:
        """Look every second; a file for another run is removed."""
        path, ledger = path_of(self.context.campaign.batch), self.context.ledger
        run = await ledger.note(WORK) or ""
        self.taken = LiveSettings(run, "", None, None)
        try:
            while True:
                asked = read(path)
                if asked is None or asked.run != run:
                    with contextlib.suppress(OSError):
                        path.unlink()
                elif asked.asked != self.taken.asked:
                    await self._take_over(asked)
                await anyio.sleep(LOOK_EVERY)
        except DialerError as error:
            end(Trip(str(error), "", error.exit_code))
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    async def _take_over(self, asked: LiveSettings) -> None:
        if asked.rate is not None:
            self.runner.set_rate(Rate.parse(asked.rate))
            await self.context.ledger.expect_waits(self.runner.longest_wait)
        if asked.lines is not None:
            await self.lines.bind(asked.lines)
        rate, lines = asked.rate or self.taken.rate, asked.lines or self.taken.lines
        self.taken = replace(asked, rate=rate, lines=lines)
        await self.context.ledger.set_note(NOTE, json.dumps(asdict(self.taken)))
