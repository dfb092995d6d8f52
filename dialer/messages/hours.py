"""When somebody may be called, and why not now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_MOMENT = "a moment needs a time zone"
NO_OPEN_DAY = 'no day is open; name at least one, such as "mon"'
DAYS_TWICE = "`days` goes with hours that are the same on each day; here the hours name their days themselves"
_ADVICE = "give one zone in a timezone column, or a default in the campaign"
ZONE_MISSING = f"the number has no known time zone; {_ADVICE}"
_NAMED = 3
"""So many zones are named one by one."""
_MEANT = 6
"""So many of the zones that a text may mean are named."""


def no_rule(country: str | None) -> str:
    """Say that no rule covers a number, where there are no other hours."""
    where = f"a number of {country}" if country else "this number"
    return (
        f"the campaign has no hours, and none of its rules is for {where}; "
        'set hours in [window], or uncovered = "allow" to call at any hour'
    )


def outside(zones: Sequence[str], *, own: bool, packs: Sequence[str]) -> str:
    """Say that it is not the time to call.

    Args:
        zones: in which the recipient may be.
        own: whether the campaign has hours of its own.
        packs: names of the rules that apply.
    """
    if len(zones) == 1:
        return f"in {zones[0]} it is not within {_rules(packs, own=own)}"
    return f"it is not within {_rules(packs, own=own)} in all {_several(zones)}"


def together(packs: Sequence[str], hours: str) -> str:
    """Say what rules leave of each day; `hours` is empty where the days differ."""
    rules = f"with the {'rule' if len(packs) == 1 else 'rules'} {' and '.join(packs)}"
    return f"{hours} {rules}" if hours else rules


def never_open(zones: Sequence[str], *, own: bool, packs: Sequence[str]) -> str:
    """Say that it is never the time to call; arguments as of `outside`."""
    where, advice = (zones[0], "") if len(zones) == 1 else (f"the {_several(zones)}", f"; {_ADVICE}")
    return f"in {where} no time to call is ever within {_rules(packs, own=own)}{advice}"


def schedule_outside(reason: str) -> str:
    """Say that a call is scheduled for an hour at which it is not allowed."""
    return f"scheduled_at is outside the calling hours: then {reason}"


def not_a_place(name: str, *, example: str) -> str:
    """Say that a name is not the time zone of a place, with one that may be meant."""
    return f'"{name}" is not the time zone of a place; write a name like "{example}"'


def may_be_zones(name: str, zones: Sequence[str]) -> str:
    """Say that a name is not the time zone of a place, and which ones it may mean."""
    said = f'"{name}" is not the time zone of a place'
    shown = [f'"{zone}"' for zone in zones[:_MEANT]]
    if len(zones) == 1:
        return f"{said}; write {shown[0]} if that is meant"
    last = shown.pop() if len(zones) <= _MEANT else "another one"
    return f"{said}; it may mean {', '.join(shown)} or {last}: write the one that is meant"


def not_hours(text: str) -> str:
    """Say that a text is not an opening."""
    return f'"{text}" are not hours; write them like "09:00-20:00"'


def no_such_time(text: str) -> str:
    """Say that an opening has an hour over 24 or a minute over 59."""
    return f'"{text}" has a time that no clock shows; write hours like "09:00-20:00"'


def no_length(text: str) -> str:
    """Say that an opening ends when it begins."""
    return f'"{text}" ends when it begins; write "00:00-24:00" for a whole day'


def twice(day: str) -> str:
    """Say that a day has hours in two places."""
    return f'hours are given twice for "{day}"'


def not_a_day(name: str, *, days: Sequence[str]) -> str:
    """Say that a name is not a weekday, and which there are."""
    return f'"{name}" is not a weekday; write {", ".join(days)}, or a run like mon-fri'


def no_pack(names: Sequence[str]) -> str:
    """Say that the rule pack does not exist, and list those that do."""
    return f"no rule pack has that name; there are {', '.join(names)}"


def _rules(packs: Sequence[str], *, own: bool) -> str:
    rules = f"the {'rule' if len(packs) == 1 else 'rules'} {' and '.join(packs)}"
    return " and ".join([*(["the campaign's hours"] if own else []), *([rules] if packs else [])])


def _several(zones: Sequence[str]) -> str:
    named = ", ".join(zones) if len(zones) <= _NAMED else f"{zones[0]} … {zones[-1]}"
    return f"{len(zones)} zones that the number may be in ({named})"
