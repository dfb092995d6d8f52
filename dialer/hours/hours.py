"""Openings in local time, by weekday."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

from dialer.messages import hours as say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

HOUR = 3600
DAY = 24 * HOUR

Span = tuple[int, int]
"""Seconds, [start, end)."""

_OPENING = re.compile(r"(\d\d?):(\d\d)\s*[-\u2013]\s*(\d\d?):(\d\d)")


@dataclass(frozen=True, slots=True)
class Hours:
    """One opening in local time, [start, end); an end not after the start lies on the next day."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Read an opening such as `09:00-20:00`.

        Args:
            text: two wall-clock times; `24:00` may be the end, an end before the start crosses midnight.

        Raises:
            ValueError: it is not one, in words with an example.
        """
        match = _OPENING.fullmatch(text.strip())
        if match is None:
            raise ValueError(say.not_hours(text))
        hour, minute, end_hour, end_minute = map(int, match.groups())
        at_midnight = (end_hour, end_minute) == (24, 0)
        try:
            opening = cls(start=time(hour, minute), end=time() if at_midnight else time(end_hour, end_minute))
        except ValueError:
            raise ValueError(say.no_such_time(text)) from None
        if opening.start == opening.end and not at_midnight:
            raise ValueError(say.no_length(text))
        return opening

    @property
    def goes_past_midnight(self) -> bool:
        """Whether it ends on the next day, later than at midnight."""
        return time() < self.end <= self.start

    def span(self, day: int) -> Span:
        """Return the opening in seconds of local time, for the day on which it begins (days since 1970)."""
        start, end = _seconds(self.start), _seconds(self.end)
        return day * DAY + start, day * DAY + end + (DAY if end <= start else 0)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The openings of each weekday, Monday first; a day belongs to the openings that begin on it."""

    openings: tuple[tuple[Hours, ...], ...]

    @classmethod
    def parse(cls, *, hours: str | Mapping[str, str | list[str]], days: Sequence[str] | None) -> WeeklyHours:
        """Read weekly hours as a campaign file or a rule pack gives them.

        Args:
            hours: one opening for every day, or openings by day; a day is `mon` to `sun`, or a run like `mon-fri`.
            days: the open days where `hours` is one opening; None for all.

        Raises:
            ValueError: a day or an opening cannot be read, a day comes twice, or no day is open.
        """
        if isinstance(hours, str):
            hours = dict.fromkeys(WEEKDAYS if days is None else days, hours)
        elif days is not None:
            raise ValueError(say.DAYS_TWICE)
        week: dict[int, tuple[Hours, ...]] = {}
        for name, texts in hours.items():
            openings = tuple(map(Hours.parse, [texts] if isinstance(texts, str) else texts))
            for day in _days(name):
                if day in week:
                    raise ValueError(say.twice(WEEKDAYS[day]))
                week[day] = openings
        if not any(week.values()):
            raise ValueError(say.NO_OPEN_DAY)
        return cls(openings=tuple(week.get(day, ()) for day in range(7)))

    @classmethod
    def always(cls) -> WeeklyHours:
        """Return all hours of every day."""
        return cls.parse(hours="00:00-24:00", days=None)

    def overnight(self) -> tuple[str, ...]:
        """Return the openings that go on after midnight, each once, as they are written."""
        openings = (
            f"{one.start:%H:%M}-{one.end:%H:%M}" for day in self.openings for one in day if one.goes_past_midnight
        )
        return tuple(dict.fromkeys(openings))

    def spans(self, day: int) -> list[Span]:
        """Return the openings that begin on a day (days since 1970, a Thursday) in seconds of local time."""
        return [opening.span(day) for opening in self.openings[(day + 3) % 7]]


def _days(name: str) -> list[int]:
    first, _, last = name.strip().lower().partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise ValueError(say.not_a_day(name, days=WEEKDAYS))
    start = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last or first) - start) % 7 + 1
    return [(start + step) % 7 for step in range(length)]


def _seconds(clock: time) -> int:
    return clock.hour * HOUR + clock.minute * 60 + clock.second
