"""When may this recipient be called: a pure function of zones, rules and a moment.

All arithmetic is on Unix seconds. A zone is cut into stretches of constant offset, every opening is laid onto each
stretch, and the spans of all zones and rules are intersected. So a wall-clock hour that daylight saving time skips is
never open, and one that it repeats is open twice.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dialer.hours.hours import WeeklyHours
from dialer.hours.spans import BLOCK, SPAN, agreed, daily
from dialer.hours.zones import ZoneChoice, ZoneSource, row_zone_problem, zone_problem
from dialer.messages import hours as say
from dialer.models import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.hours.hours import Span
    from dialer.hours.packs import RulePack

_YEAR = 53
"""Blocks in which every rule of daylight saving time has come by."""
_MOST_KEPT = 4096
"""Computations kept by one window; a campaign over the whole world needs some hundreds."""

_NO_COUNTRY = (None, "001")
"""Toll-free and international numbers: `001` is the numbering plan's own word for it."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


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
        calls_uncovered: without hours of its own, whether it calls numbers that no pack is for, at any hour.

    Raises:
        ValueError: `default_zone` is not a known zone, in words.
    """

    hours: WeeklyHours | None
    packs: tuple[RulePack, ...]
    default_zone: str | None
    calls_uncovered: bool = False
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

    def at_any_hour(self) -> CallingWindow:
        """Return the same with every hour of the week open; zones are judged as before."""
        return replace(self, hours=WeeklyHours.always(), packs=())

    def covers(self, regions: Iterable[str]) -> bool:
        """Tell whether hours or a pack limit the calls to a number that may be in these regions (ISO codes)."""
        return self.hours is not None or any(region in pack.countries for region in regions for pack in self.packs)

    def in_words(self, country: str | None) -> str:
        """Return what the packs that apply to a country leave of a day; empty where none does."""
        names = self._names(country)
        return say.together(names, daily(self._rules(country))) if names else ""

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
            number_zones: every zone in which the number may be.
            country: ISO region of the number; None where it has no single one: then every pack is reckoned with.
            at: the year from here on is searched for an opening; None for now.

        Returns:
            The zones and where they come from, or why the recipient can never be called.

        Raises:
            ValueError: `at` has no time zone.
        """
        moment = _unix(at or datetime.now(UTC))
        key = (row_zone, number_zones, country, moment // BLOCK)
        choice = self._chosen.get(key)
        if choice is None:
            choice = self._choose(row_zone, number_zones, country, int(moment // BLOCK))
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
        key = (zones, country, moment // BLOCK)
        timeline = self._kept.get(key)
        if timeline is None:
            timeline = self._timeline(zones, country, int(moment // BLOCK))
            _keep(self._kept, key, timeline)
        return timeline.verdicts[bisect_right(timeline.edges, moment)]

    def _choose(
        self, row_zone: str | None, number_zones: tuple[str, ...], country: str | None, block: int
    ) -> ZoneChoice | Problem:
        choice = self._named(row_zone, number_zones)
        rules = self._rules(country)
        if not rules:
            return choice if self.calls_uncovered else no_rule(country)
        if problem := _unusable(choice):
            return problem
        if any(agreed(choice.zones, rules, later) for later in range(block, block + _YEAR, SPAN // BLOCK)):
            return choice
        return Problem(
            "never_open", say.never_open(choice.zones, own=self.hours is not None, packs=self._names(country))
        )

    def _named(self, row_zone: str | None, number_zones: tuple[str, ...]) -> ZoneChoice:
        if row_zone is not None and row_zone.strip():
            return ZoneChoice((row_zone.strip(),), ZoneSource.COLUMN)
        if self.default_zone is not None:
            return ZoneChoice((self.default_zone,), ZoneSource.DEFAULT)
        return ZoneChoice(number_zones, ZoneSource.NUMBER)

    def _packs(self, country: str | None) -> list[RulePack]:
        return [pack for pack in self.packs if country in _NO_COUNTRY or country in pack.countries]

    def _rules(self, country: str | None) -> list[WeeklyHours]:
        own = [] if self.hours is None else [self.hours]
        return own + [pack.hours for pack in self._packs(country)]

    def _names(self, country: str | None) -> list[str]:
        return [pack.name for pack in self._packs(country)]

    def _timeline(self, zones: tuple[str, ...], country: str | None, block: int) -> _Timeline:
        rules = self._rules(country)
        if not rules:
            verdict = Open(None) if self.calls_uncovered else Closed(None, no_rule(country).reason)
            return _Timeline((), (verdict,))
        if problem := _unusable(ZoneChoice(zones, ZoneSource.DEFAULT)):
            return _Timeline((), (Closed(opens_at=None, reason=problem.reason),))
        return _laid_out(
            agreed(zones, rules, block),
            end=block * BLOCK + SPAN,
            reason=say.outside(zones, own=self.hours is not None, packs=self._names(country)),
        )


def no_rule(country: str | None) -> Problem:
    """Return why a number must not be called whose country none of the packs is for, where there are no other hours."""
    return Problem("no_rule", say.no_rule(country))


def _unusable(choice: ZoneChoice) -> Problem | None:
    if not choice.zones:
        return Problem("zone_missing", say.ZONE_MISSING)
    judge = row_zone_problem if choice.source is ZoneSource.COLUMN else zone_problem
    return next(filter(None, map(judge, choice.zones)), None)


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value


def _unix(at: datetime) -> float:
    if at.tzinfo is None:
        raise ValueError(say.NO_MOMENT)
    return at.timestamp()


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _laid_out(spans: list[Span], *, end: int, reason: str) -> _Timeline:
    verdicts: list[Open | Closed] = []
    for opens, closes in spans:
        verdicts += Closed(_moment(opens), reason), Open(None if closes == end else _moment(closes))
    return _Timeline(tuple(edge for span in spans for edge in span), (*verdicts, Closed(None, reason)))
