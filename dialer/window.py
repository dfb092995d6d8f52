"""When may this recipient be called: a pure function of zones, rules and a moment.

All arithmetic is on Unix seconds. A zone is cut into stretches of constant offset, every opening is laid onto each
stretch, and the spans of all zones and rules are intersected. So a wall-clock hour that daylight saving time skips is
never open, and one that it repeats is open twice.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_HOUR = 3600
_DAY = 24 * _HOUR
_BLOCK = 7 * _DAY
"""One computation serves every moment of a week of Unix time ..."""
_SPAN = _BLOCK + 15 * _DAY
"""... and looks at least 15 days ahead from each."""
_STEP = _DAY
"""Two changes of a zone's offset have never been less than three days apart (Freetown, 1939)."""
_YEAR = 53
"""Blocks in which every rule of daylight saving time has come by."""
_MOST_KEPT = 4096
"""Computations kept by one window; a campaign over the whole world needs some hundreds."""

_OPENING = re.compile(r"(\d\d?):(\d\d)\s*[-\u2013]\s*(\d\d?):(\d\d)")
_OFFSETS = re.compile(r"EST|MST|HST|Factory|localtime|Etc/(?!UTC$).*")
"""Names in the database that are no place: fixed offsets that look like zones with daylight saving time."""
_NO_COUNTRY = (None, "001")
"""Toll-free and international numbers: `001` is the numbering plan's own word for it."""
_ADVICE = "give one zone in a timezone column, or a default in the campaign"

_Span = tuple[int, int]
"""Seconds, [start, end)."""
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


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
        found = _OPENING.fullmatch(text.strip())
        if found is None:
            raise ValueError(f'"{text}" are not hours; write them like "09:00-20:00"')
        hour, minute, end_hour, end_minute = map(int, found.groups())
        at_midnight = (end_hour, end_minute) == (24, 0)
        try:
            opening = cls(start=time(hour, minute), end=time() if at_midnight else time(end_hour, end_minute))
        except ValueError:
            raise ValueError(f'"{text}" has a time that no clock shows; write hours like "09:00-20:00"') from None
        if opening.start == opening.end and not at_midnight:
            raise ValueError(f'"{text}" ends when it begins; write "00:00-24:00" for a whole day')
        return opening

    def span(self, day: int) -> _Span:
        """Return the opening in seconds of local time, for the day on which it begins (days since 1970)."""
        start, end = _seconds(self.start), _seconds(self.end)
        return day * _DAY + start, day * _DAY + end + (_DAY if end <= start else 0)


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
            raise ValueError("days go with one opening for all of them; here the hours name their own days")
        week: dict[int, tuple[Hours, ...]] = {}
        for name, texts in hours.items():
            openings = tuple(map(Hours.parse, [texts] if isinstance(texts, str) else texts))
            for day in _days(name):
                if day in week:
                    raise ValueError(f'hours are given twice for "{WEEKDAYS[day]}"')
                week[day] = openings
        if not any(week.values()):
            raise ValueError('no day is open; name at least one, such as "mon"')
        return cls(openings=tuple(week.get(day, ()) for day in range(7)))

    def spans(self, day: int) -> list[_Span]:
        """Return the openings that begin on a day (days since 1970, a Thursday) in seconds of local time."""
        return [opening.span(day) for opening in self.openings[(day + 3) % 7]]


@dataclass(frozen=True, slots=True)
class RulePack:
    """Hours that the rules of some countries allow; a floor, and no legal advice.

    Attributes:
        name: how a campaign names it.
        countries: ISO regions to whose numbers it applies.
        hours: the allowed local hours.
        source: the citation.
        date: when the source was last looked at.
        note: what the pack does not know.
    """

    name: str
    countries: tuple[str, ...]
    hours: WeeklyHours
    source: str
    date: date
    note: str


@cache
def pack_names() -> tuple[str, ...]:
    """Return the names of the rule packs, sorted."""
    entries = (files("dialer") / "rules").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


@cache
def load_pack(name: str) -> RulePack:
    """Read a rule pack.

    Raises:
        ValueError: there is none of this name; the message lists the known ones.
    """
    if name not in pack_names():
        raise ValueError(f'there is no rule pack "{name}"; there are {", ".join(pack_names())}')
    table = tomllib.loads((files("dialer") / "rules" / f"{name}.toml").read_text(encoding="utf-8"))
    hours = WeeklyHours.parse(hours=table.pop("hours"), days=None)
    return RulePack(name=name, countries=tuple(table.pop("countries")), hours=hours, **table)


class ZoneSource(StrEnum):
    """Where the time zones of a recipient come from."""

    COLUMN = "timezone column"
    DEFAULT = "campaign default"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """The zones in which a recipient may be, by name, and where they come from."""

    zones: tuple[str, ...]
    source: ZoneSource


@dataclass(frozen=True, slots=True)
class Open:
    """Callable now.

    Attributes:
        until: the first moment at which that ends (UTC); None if it does not within 15 days.
    """

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Closed:
    """Not callable now.

    Attributes:
        opens_at: the first moment at which that ends (UTC); None if it does not within 15 days.
        reason: which zones and rules say so, in words.
    """

    opens_at: datetime | None
    reason: str


class _Timeline(NamedTuple):
    """The verdicts of one block: `verdicts[i]` holds from `edges[i - 1]` up to `edges[i]`."""

    edges: tuple[int, ...]
    verdicts: tuple[Open | Closed, ...]


@dataclass(frozen=True, slots=True)
class CallingWindow:
    """The local hours in which a recipient may be called: the campaign's own, within every pack that applies.

    Args:
        hours: the campaign's own hours; None where only packs limit it.
        packs: floors, each for the numbers of its countries; a number of no single country falls under all of them.
        default_zone: the zone of recipients without one of their own; None to take the zones of the number.

    Raises:
        ValueError: `default_zone` is no known zone, in words.
    """

    hours: WeeklyHours | None
    packs: tuple[RulePack, ...]
    default_zone: str | None
    # A dict and not lru_cache: hashing the window's rules for each recipient would cost more than the verdict.
    _kept: dict[tuple[tuple[str, ...], str | None, float], _Timeline] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _chosen: dict[tuple[str | None, tuple[str, ...], str | None, float], ZoneChoice | Problem] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:  # noqa: D105 - the class docstring says what it refuses
        if self.default_zone is not None and (problem := zone_problem(self.default_zone)):
            raise ValueError(problem.reason)

    def zones_for(
        self,
        *,
        row_zone: str | None,
        number_zones: tuple[str, ...],
        country: str | None = None,
        at: datetime | None = None,
    ) -> ZoneChoice | Problem:
        """Choose the zones of a recipient: the row's, else the campaign's default, else all those of the number.

        Args:
            row_zone: the cell of the timezone column; None or blank where there is none.
            number_zones: every zone in which the number may be; `Etc/Unknown` counts as none.
            country: ISO region of the number; None where it has no single one: then every pack is reckoned with.
            at: the year from here on is searched for an opening; None for now.

        Returns:
            The zones and where they come from, or why the recipient can never be called.

        Raises:
            ValueError: `at` has no time zone.
        """
        moment = _unix(at or datetime.now(UTC))
        key = (row_zone, number_zones, country, moment // _BLOCK)
        choice = self._chosen.get(key)
        if choice is None:
            choice = self._choose(row_zone, number_zones, country, int(moment // _BLOCK))
            _keep(self._chosen, key, choice)
        return choice

    def verdict(self, *, zones: tuple[str, ...], country: str | None, at: datetime) -> Open | Closed:
        """Judge one moment: open only while every zone is within the campaign's hours and each pack that applies.

        Args:
            zones: as `zones_for` chose them.
            country: ISO region of the number; None where it has no single one (toll-free): then every pack applies.
            at: the moment, with a time zone.

        Returns:
            `Open` with the closing moment, or `Closed` with the next opening and the reason.

        Raises:
            ValueError: `at` has no time zone.
        """
        moment = _unix(at)
        key = (zones, country, moment // _BLOCK)
        timeline = self._kept.get(key)
        if timeline is None:
            timeline = self._timeline(zones, country, int(moment // _BLOCK))
            _keep(self._kept, key, timeline)
        return timeline.verdicts[bisect_right(timeline.edges, moment)]

    def _choose(
        self, row_zone: str | None, number_zones: tuple[str, ...], country: str | None, block: int
    ) -> ZoneChoice | Problem:
        choice = self._named(row_zone, number_zones)
        rules = self._rules(country)
        if not rules:
            return choice
        if problem := _unusable(choice.zones):
            return problem
        if any(_agreed(choice.zones, rules, later) for later in range(block, block + _YEAR, _SPAN // _BLOCK)):
            return choice
        advice = f"; {_ADVICE}" if len(choice.zones) > 1 else ""
        reason = f"{_where(choice.zones)} no time to call is ever within {self._by(country)}{advice}"
        return Problem("never_open", reason)

    def _named(self, row_zone: str | None, number_zones: tuple[str, ...]) -> ZoneChoice:
        if row_zone is not None and row_zone.strip():
            return ZoneChoice((row_zone.strip(),), ZoneSource.COLUMN)
        if self.default_zone is not None:
            return ZoneChoice((self.default_zone,), ZoneSource.DEFAULT)
        return ZoneChoice(tuple(zone for zone in number_zones if zone != "Etc/Unknown"), ZoneSource.NUMBER)

    def _packs(self, country: str | None) -> list[RulePack]:
        return [pack for pack in self.packs if country in _NO_COUNTRY or country in pack.countries]

    def _rules(self, country: str | None) -> list[WeeklyHours]:
        own = [] if self.hours is None else [self.hours]
        return own + [pack.hours for pack in self._packs(country)]

    def _by(self, country: str | None) -> str:
        own = [] if self.hours is None else ["the campaign's hours"]
        return " and ".join(own + [pack.name for pack in self._packs(country)])

    def _timeline(self, zones: tuple[str, ...], country: str | None, block: int) -> _Timeline:
        rules = self._rules(country)
        if not rules:
            return _Timeline((), (Open(until=None),))
        if problem := _unusable(zones):
            return _Timeline((), (Closed(opens_at=None, reason=problem.reason),))
        return _laid_out(
            _agreed(zones, rules, block),
            end=block * _BLOCK + _SPAN,
            reason=f"{_where(zones)} it is not within {self._by(country)}",
        )


def zone_problem(name: str) -> Problem | None:
    """Tell why a name is no time zone of a place, with the nearest known one; None where it is one."""
    known = _zone_names()
    if name in known.values():
        return None
    near = get_close_matches(name.casefold(), (key for key in known if "/" in key), n=1)
    example = known[near[0]] if near else "America/New_York"
    return Problem("zone_unknown", f'"{name}" is no time zone of a place; write a name like "{example}"')


def _unusable(zones: tuple[str, ...]) -> Problem | None:
    if not zones:
        return Problem("zone_missing", f"the number has no known time zone; {_ADVICE}")
    return next(filter(None, map(zone_problem, zones)), None)


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones()) if not _OFFSETS.fullmatch(name)}


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value


def _days(name: str) -> list[int]:
    first, _, last = name.strip().lower().partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        raise ValueError(f'"{name}" is no day; write {", ".join(WEEKDAYS)}, or a run like mon-fri')
    start = WEEKDAYS.index(first)
    length = (WEEKDAYS.index(last or first) - start) % 7 + 1
    return [(start + step) % 7 for step in range(length)]


def _seconds(clock: time) -> int:
    return clock.hour * _HOUR + clock.minute * 60 + clock.second


def _where(zones: tuple[str, ...]) -> str:
    if len(zones) == 1:
        return f"in {zones[0]}"
    return f"in all {len(zones)} zones that the number may be in ({zones[0]} … {zones[-1]})"


def _unix(at: datetime) -> float:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.timestamp()


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _offset(zone: str, at: int) -> int:
    offset = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


def _change(zone: str, after: int, until: int) -> int:
    """Find the second in (after, until] at which the zone's offset changes."""
    old = _offset(zone, after)
    seconds = range(after + 1, until + 1)
    return seconds[bisect_left(seconds, True, key=lambda at: _offset(zone, at) != old)]


@lru_cache(maxsize=_MOST_KEPT)
def _stretches(zone: str, block: int) -> tuple[tuple[int, int, int], ...]:
    """Cut a block into (start, end, offset) of constant offset to UTC."""
    start, end = block * _BLOCK, block * _BLOCK + _SPAN
    marks = [(mark, _offset(zone, mark)) for mark in range(start, end + 1, _STEP)]
    changes = [_change(zone, a, b) for (a, old), (b, new) in pairwise(marks) if old != new]
    return tuple((a, b, _offset(zone, a)) for a, b in pairwise([start, *changes, end]) if a < b)


def _spans(zone: str, hours: WeeklyHours, block: int) -> list[_Span]:
    """Lay weekly hours onto a block: sorted, apart from one another."""
    spans = [
        (max(start, opens - offset), min(end, closes - offset))
        for start, end, offset in _stretches(zone, block)
        for day in range((start + offset) // _DAY - 1, (end + offset) // _DAY + 1)
        for opens, closes in hours.spans(day)
    ]
    return _merged(span for span in spans if span[0] < span[1])


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _agreed(zones: Iterable[str], rules: Sequence[WeeklyHours], block: int) -> list[_Span]:
    """Intersect the openings of all zones and rules over a block."""
    agreed = [(block * _BLOCK, block * _BLOCK + _SPAN)]
    for zone in zones:
        for hours in rules:
            agreed = _common(agreed, _spans(zone, hours, block))
        if not agreed:
            break
    return agreed


def _common(left: list[_Span], right: list[_Span]) -> list[_Span]:
    both = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return [(start, end) for start, end in both if start < end]


def _laid_out(spans: list[_Span], *, end: int, reason: str) -> _Timeline:
    verdicts: list[Open | Closed] = []
    for opens, closes in spans:
        verdicts += Closed(_moment(opens), reason), Open(None if closes == end else _moment(closes))
    return _Timeline(tuple(edge for span in spans for edge in span), (*verdicts, Closed(None, reason)))
