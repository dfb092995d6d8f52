"""Who has paused what, and why a pause cannot be made or lifted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dialer.messages.commands import field
from dialer.messages.words import many
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

NOT_OURS = "it is not a file that a pause writes"
_OF = {"batch": "This batch", "campaign": "This campaign"}


def paused(of: str, *, place: str, by: str, since: datetime | None, until: datetime | None, why: str) -> str:
    """Return that something is paused, by whom, since when, until when and why."""
    began = "" if since is None else f" since {to_the_minute(since)}"
    return f"{held(of, place=place)} is paused by {by}{began}, {lasts(until)}{f': {why}' if why else ''}"


def was_paused(*, by: str, since: datetime | None, why: str, until: datetime | None = None) -> str:
    began = "" if since is None else f" since {to_the_minute(since)}"
    end = "" if until is None else f", until {to_the_minute(until)}"
    return f"It was paused by {by}{began}{end}{f': {why}' if why else ''}."


LONGER_STAYS = "This pause was there already and lasts as long or longer, so it stays. To end it sooner, resume first."


ONLY_TRIAL = "There is only a trial of it, which this does not pause: add --sandbox."


def held(of: str, *, place: str) -> str:
    return _OF.get(of) or f"Every campaign in {os.path.dirname(place)}"  # noqa: PTH120 - of a text


def lasts(until: datetime | None) -> str:
    return "until it is resumed" if until is None else f"until {to_the_minute(until)}"


def paused_unread(of: str, *, place: str, trouble: str) -> str:
    return f"{held(of, place=place)} is paused without end: {place} is there, but cannot be read ({trouble})"


def not_written(path: Path, *, why: str | None) -> str:
    return f"{path} cannot be written ({why}). This pause was not set. Make its folder writable, then pause again."


def not_removed(path: Path, *, why: str | None) -> str:
    return f"{path} cannot be removed ({why}). The pause stays: remove the file by hand."


# -- the words of a command line ---------------------------------------------------------------------------------------

NAME_ONE = "Name a campaign, or give --all for every campaign of the workspace."
ALL_OR_ONE = "--all is every campaign of the workspace: leave the campaign file, --batch and --recipients out."
ONE_END = "Give --until or --for, not both."


def not_a_moment(text: str) -> str:
    return f'{field("--until", text)}: this is not a date and a time. Write them like "2026-12-01 09:00".'


def skipped(text: str) -> str:
    return f"{field('--until', text)}: the clocks skip this time that night. Take another one."


def not_a_length(text: str) -> str:
    return f"--for {text}: this is not a length of time. Write it as in --for 2h (s, m, h or d; at most 31d)."


def past(text: str) -> str:
    return f"{field('--until', text)}: this is in the past. Take a later time."


def no_campaign(path: Path) -> str:
    return f"{path}: there is no such campaign file. Nothing was paused."


# -- how a run takes it ------------------------------------------------------------------------------------------------


def to_go_on(commands: Sequence[str]) -> str:
    return f"No calls are made. To go on: {', then '.join(commands)}"


def over_by_now(command: str) -> str:
    return f"The pause is over by now. To go on: {command}"


# -- while runs are waited for -----------------------------------------------------------------------------------------


def waiting_for(runs: int) -> str:
    return f"Waiting until {many(runs, 'run has', 'runs have')} ended ..."


BY_CANCEL = "cancelled"
INTERRUPTED = "Interrupted. The pause is set; runs may still be ending."
