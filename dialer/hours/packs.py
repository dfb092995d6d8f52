"""Named rule packs: hours that the rules of some countries allow, as data files with their sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dialer.hours.hours import WeeklyHours
from dialer.messages import hours as say

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class RulePack:
    """Hours that the rules of some countries allow; a floor, and no legal advice.

    Attributes:
        name: how a campaign names it.
        countries: ISO regions to whose numbers it applies.
        hours: the allowed local hours.
        about: which calls it is for, and whose rule it is, in one line.
        source: the citation.
        date: when the source was last looked at.
        note: what the pack does not know.
    """

    name: str
    countries: tuple[str, ...]
    hours: WeeklyHours
    about: str
    source: str
    date: date
    note: str


@cache
def pack_names() -> tuple[str, ...]:
    """Return the names of the rule packs, sorted."""
    entries = (files("dialer.hours") / "rules").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


@cache
def load_pack(name: str) -> RulePack:
    """Read a rule pack.

    Raises:
        ValueError: there is none of this name; the message lists the known ones.
    """
    if name not in pack_names():
        raise ValueError(say.no_pack(pack_names()))
    table = tomllib.loads((files("dialer.hours") / "rules" / f"{name}.toml").read_text(encoding="utf-8"))
    hours = WeeklyHours.parse(hours=table.pop("hours"), days=None)
    return RulePack(name=name, countries=tuple(table.pop("countries")), hours=hours, **table)
