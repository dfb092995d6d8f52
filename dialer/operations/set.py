"""Set: change the rate or the lines of an active run."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import DialerError, LeftError, MustActError, UsageError
from dialer.messages.operations import set as say
from dialer.operations import live_settings
from dialer.operations.live_settings import LiveSettings
from dialer.operations.stores import refuse_database
from dialer.rate import Rate
from dialer.store.engines import read_ledger
from dialer.store.sqlite import held_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.store.shared import Holder

PATIENCE = 10.0
"""Seconds that a run gets to answer; it looks every second."""
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Changed:
    """What a run has taken over.

    Attributes:
        batch: its name.
        pid: the run's process.
        rate: how fast it calls from now on; None where that was never changed of it.
        lines: how many calls it has live at once at most; None as above.
    """

    batch: str
    pid: int
    rate: str | None
    lines: int | None


def set_live(campaign: Campaign, settings: Sequence[str], *, patience: float = PATIENCE) -> Changed:
    """Change an active run, and return once it has applied the change.

    Args:
        campaign: from `load_campaign`.
        settings: `rate=200/minute` and `lines=5`, one or both.
        patience: seconds that the run gets.

    Raises:
        UsageError: the settings exceed the organisation's limits or are invalid, or no run is active.
        LeftError: the run does not answer.
        MustActError: it cannot be asked.
    """
    rate, lines = _checked(campaign, settings)
    batch = campaign.batch
    refuse_database(batch, command="set")
    by = held_by(batch.lock)
    if by is None or by.does != "run":
        raise UsageError(say.no_run(batch.name, command=batch.selection.command("run")))
    asked = LiveSettings(_run_of(batch), uuid.uuid4().hex, None if rate is None else str(rate), lines)
    path = live_settings.path_of(batch)
    try:
        live_settings.write(path, asked)
    except OSError as error:
        raise MustActError(say.not_written(path, why=error.strerror)) from error
    try:
        taken = _answer(batch, by, asked, patience=patience)
    except DialerError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return Changed(batch.name, by.pid, taken.rate, taken.lines)


def _answer(batch: Batch, by: Holder, asked: LiveSettings, *, patience: float) -> LiveSettings:
    """Return what the run has taken over, once it has."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        taken = _taken(batch)
        if taken is not None and taken.asked == asked.asked:
            return taken
        if held_by(batch.lock) != by:
            raise UsageError(say.no_run(batch.name, command=batch.selection.command("run")))
        time.sleep(_LOOK_EVERY)
    raise LeftError(say.no_answer(by.pid, by.host))


def _checked(campaign: Campaign, settings: Sequence[str]) -> tuple[Rate | None, int | None]:
    given: dict[str, str] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in {"rate", "lines"} or not value or name in given:
            raise UsageError(say.not_a_setting(setting))
        given[name] = value
    rate = _rate(given["rate"], campaign.organisation_rate) if "rate" in given else None
    return rate, _lines(given["lines"], campaign.workspace.lines) if "lines" in given else None


def _rate(text: str, most: Rate | None) -> Rate:
    try:
        rate = Rate.parse(text)
    except ValueError as error:
        raise UsageError(f"rate={text}: {error}") from None
    if most is not None and rate.per_second > most.per_second:
        raise UsageError(say.rate_beyond(str(rate), most=str(most)))
    return rate


def _lines(text: str, most: int | None) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) >= 1 and len(text) <= 9):  # noqa: PLR2004 - digits
        raise UsageError(say.not_lines(text))
    if most is not None and int(text) > most:
        raise UsageError(say.lines_beyond(int(text), most=most))
    return int(text)


def _run_of(batch: Batch) -> str:
    with contextlib.closing(read_ledger(batch.ledger)) as ledger:
        return ledger.note(live_settings.WORK) or ""


def _taken(batch: Batch) -> LiveSettings | None:
    with contextlib.closing(read_ledger(batch.ledger)) as ledger:
        return live_settings.in_force(ledger)
