"""Set: change the rate or the lines of an active run."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.errors import DialerError, LeftError, UsageError
from dialer.messages.operations import set as say
from dialer.operations.ledger_identity import going_on_with
from dialer.operations.live_settings import ASKED, LiveSettings, Request, taken_over
from dialer.operations.stores import place_of, read_store, runs_on
from dialer.rate import Rate
from dialer.store.engines import put_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialer.config.batch import Batch
    from dialer.config.campaign import Campaign
    from dialer.store.shared import Holder

PATIENCE = 10.0
"""Seconds that a run gets to answer; it looks every second."""
_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Changed:
    """What active runs have taken over.

    Attributes:
        batch: its name.
        pid: the process of the run that began first.
        rate: how fast it calls from now on; None where that was never changed of it.
        lines: how many calls it has live at once at most; None as above.
        runs: all runs that have taken it over; more than one where they have joined each other.
    """

    batch: str
    pid: int
    rate: str | None
    lines: int | None
    runs: tuple[Holder, ...]


def set_live(campaign: Campaign, settings: Sequence[str], *, patience: float = PATIENCE) -> Changed:
    """Change the active runs of a batch, and return once they have applied the change.

    Args:
        campaign: from `load_campaign`.
        settings: `rate=200/minute` and `lines=5`, one or both.
        patience: seconds that the runs get.

    Raises:
        UsageError: the settings exceed the organisation's limits or are invalid, or no run is active.
        LeftError: a run does not answer.
        MustActError: they cannot be asked.
    """
    rate, lines = _checked(campaign, settings)
    batch = campaign.batch
    runs = runs_on(batch)
    if not runs:
        raise UsageError(_no_run(batch))
    asked = LiveSettings("", uuid.uuid4().hex, None if rate is None else str(rate), lines)
    place = place_of(batch)
    put_note(place, ASKED, Request(tuple(runs), asked).text())
    try:
        taken = _answers(batch, runs, asked, patience=patience)
    except DialerError:
        with contextlib.suppress(DialerError):
            put_note(place, ASKED, "")
        raise
    first = next(run for run in runs if run in taken)
    by = tuple(who for run, who in runs.items() if run in taken)
    return Changed(batch.name, runs[first].pid, taken[first].rate, taken[first].lines, by)


def _answers(
    batch: Batch, runs: Mapping[str, Holder], asked: LiveSettings, *, patience: float
) -> dict[str, LiveSettings]:
    """Return what the runs have taken over, once all of them have that are still active."""
    end = time.monotonic() + patience
    while True:
        with contextlib.closing(read_store(batch)) as ledger:
            taken = {run: one for run, one in taken_over(ledger).items() if one.asked == asked.asked}
        active = runs_on(batch)
        silent = [who for run, who in runs.items() if run in active and run not in taken]
        if not silent:
            if not taken:
                raise UsageError(_no_run(batch))
            return taken
        if time.monotonic() >= end:
            raise LeftError(say.no_answer(silent[0].pid, silent[0].host, others=len(taken)))
        time.sleep(_LOOK_EVERY)


def _no_run(batch: Batch) -> str:
    return say.no_run(batch.name, command=going_on_with(batch).command("run"))


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
