"""When may this recipient be called: hours, rule packs, and the zones in which a recipient may be."""

from dialer.hours.calling import CallingWindow, Closed, Open, no_rule
from dialer.hours.hours import WEEKDAYS, Hours, WeeklyHours
from dialer.hours.packs import RulePack, load_pack, pack_names
from dialer.hours.spans import daily
from dialer.hours.zones import ZoneChoice, ZoneSource, zone_problem

__all__ = [
    "WEEKDAYS",
    "CallingWindow",
    "Closed",
    "Hours",
    "Open",
    "RulePack",
    "WeeklyHours",
    "ZoneChoice",
    "ZoneSource",
    "daily",
    "load_pack",
    "no_rule",
    "pack_names",
    "zone_problem",
]
