"""Phone numbers: raw text to E.164 or the reason why not; region and time zones (the only place for phonenumbers).

`text` repairs a cell and refuses what is not a number at all, `number` judges a cell, `column` many cells at once;
`plans` holds what is known of each calling code, `zones` where numbers are assigned, `spellings` which numbers are one
line; `patterns` is the automaton that answers fast.
"""

from dialer.numbers.chance import chance
from dialer.numbers.countries import region_named
from dialer.numbers.number import SPECIAL, Number, in_use, in_use_of, is_national, judge, marked, possible, with_plus
from dialer.numbers.plans import country, country_name, home, known_region, main_regions, origin, place
from dialer.numbers.spellings import line, lines, spellings
from dialer.numbers.text import SHORTEST
from dialer.numbers.zones import edition, zones

__all__ = [
    "SHORTEST",
    "SPECIAL",
    "Number",
    "chance",
    "country",
    "country_name",
    "edition",
    "home",
    "in_use",
    "in_use_of",
    "is_national",
    "judge",
    "known_region",
    "line",
    "lines",
    "main_regions",
    "marked",
    "origin",
    "place",
    "possible",
    "region_named",
    "spellings",
    "with_plus",
    "zones",
]
