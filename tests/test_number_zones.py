"""No number is called at an hour that is outside the hours at the place where it may have been assigned.

The oracle says at which clocks a number may be. It is made from zone.tab, from phonenumbers' regions and place names,
and from the lists below with their sources; it never looks at `dialer/numbers/zones.toml`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tomllib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import phonenumbers
import pytest
from phonenumbers import PhoneNumberType, geocoder, timezone

from dialer import numbers

HOURS = ((8, 21), (9, 20))

# -- the oracle: countries -----------------------------------------------------------------------------------------

UNOFFICIAL = {"Asia/Urumqi"}
"""China's legal time is Beijing's everywhere (tz database, file asia)."""
NOT_IN_ZONE_TAB = {"AC": {"Atlantic/St_Helena"}, "TA": {"Atlantic/St_Helena"}, "XK": {"Europe/Belgrade"}}
"""tz database: file backward (Saint Helena's islands), file europe (Kosovo)."""
PLACED = {"fixed_line", "mobile", "fixed_line_or_mobile"}
BELONG_TO_NO_PLACE = {"premium_rate", "toll_free", "shared_cost", "personal_number", "pager", "uan", "voicemail"}

# -- the oracle: states and provinces ------------------------------------------------------------------------------

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
BRITISH_COLUMBIA = "Vancouver Creston Dawson_Creek Fort_Nelson Edmonton"
NORTH = "Whitehorse Dawson Inuvik Edmonton Cambridge_Bay Rankin_Inlet Resolute Iqaluit Atikokan"
# 49 CFR 71 (the boundaries of the zones), and what the tz database's file northamerica says of other customs. Canada:
# zone.tab's comments. A state not named here has one clock.
SPLIT = {
    **{name: {EASTERN, CENTRAL} for name in ("Florida", "Tennessee", "Kentucky", "Indiana", "Michigan")},
    **{name: {CENTRAL, MOUNTAIN} for name in ("Texas", "Kansas", "Nebraska", "South Dakota", "North Dakota")},
    "Alabama": {CENTRAL, EASTERN},  # Phenix City
    "Oklahoma": {CENTRAL, MOUNTAIN},  # Kenton
    "Idaho": {MOUNTAIN, PACIFIC},
    "Oregon": {PACIFIC, MOUNTAIN},  # Malheur County
    "Nevada": {PACIFIC, MOUNTAIN},  # West Wendover
    "Arizona": {"America/Phoenix", MOUNTAIN},  # the Navajo Nation
    "Alaska": {"America/Anchorage", "America/Adak"},
    "British Columbia": {f"America/{name}" for name in BRITISH_COLUMBIA.split()},
    "Northwest Territories/Nunavut/Yukon": {f"America/{name}" for name in NORTH.split()},
    "Saskatchewan": {"America/Regina", "America/Edmonton", "America/Winnipeg"},
    "Ontario": {"America/Toronto", "America/Winnipeg", "America/Atikokan"},
    "Quebec": {"America/Toronto", "America/Halifax", "America/Blanc-Sablon", "America/Moncton"},
    "Newfoundland and Labrador": {"America/St_Johns", "America/Goose_Bay"},
}
WHOLE = {
    EASTERN: "Connecticut Delaware Georgia Massachusetts Maryland Maine New_Hampshire New_Jersey New_York "
    "North_Carolina Ohio Pennsylvania Rhode_Island South_Carolina Virginia Vermont West_Virginia Washington_D.C.",
    CENTRAL: "Arkansas Iowa Illinois Louisiana Minnesota Missouri Mississippi Wisconsin",
    MOUNTAIN: "Colorado Montana New_Mexico Utah Wyoming",
    PACIFIC: "California Washington_State",
    "Pacific/Honolulu": "Hawaii",
    "America/Edmonton": "Alberta",
    "America/Winnipeg": "Manitoba",
    "America/Moncton": "New_Brunswick",
    "America/Halifax": "Nova_Scotia/Prince_Edward_Island",
}
STATES = SPLIT | {name.replace("_", " "): {zone} for zone, names in WHOLE.items() for name in names.split()}
# Area codes of split states that lie on one side: NANPA's report of area codes (npa_report.csv, 26 November 2025),
# whose column TIME_ZONE has a single letter for them, and for the codes that they overlay.
ONE_SIDED = {
    EASTERN: "239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954 260 317 463 765 502 "
    "859 231 248 269 313 517 586 616 734 810 947 989 865",
    CENTRAL: "205 251 256 659 938 316 913 405 539 572 918 615 629 731 901 210 214 254 281 325 346 361 409 430 469 512 "
    "682 713 726 737 806 817 830 832 903 936 940 945 956 972 979",
    PACIFIC: "702 725 503 971",
    "America/Phoenix": "480 520 602 623",
    "America/Vancouver": "604",
    "America/Toronto": "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942 "
    "263 354 438 450 468 514 579 819 873",
}
ON_ONE_SIDE = {code: {zone} for zone, codes in ONE_SIDED.items() for code in codes.split()}
LETTERS = {
    "AB": "Alberta", "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "BC": "British Columbia",
    "CA": "California", "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "MA": "Massachusetts", "MB": "Manitoba", "MD": "Maryland", "ME": "Maine", "MI": "Michigan",
    "MN": "Minnesota", "MO": "Missouri", "MS": "Mississippi", "MT": "Montana", "NB": "New Brunswick",
    "NC": "North Carolina", "ND": "North Dakota", "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey",
    "NL": "Newfoundland and Labrador", "NM": "New Mexico", "NS": "Nova Scotia/Prince Edward Island",
    "NT": "Northwest Territories/Nunavut/Yukon", "NU": "Northwest Territories/Nunavut/Yukon", "NV": "Nevada",
    "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "ON": "Ontario", "OR": "Oregon", "PA": "Pennsylvania",
    "PE": "Nova Scotia/Prince Edward Island", "QC": "Quebec", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "SK": "Saskatchewan", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia",
    "VT": "Vermont", "WA": "Washington State", "WI": "Wisconsin", "WV": "West Virginia", "WY": "Wyoming",
    "YT": "Northwest Territories/Nunavut/Yukon",
}  # fmt: skip

MISSPELT = {"British Colombia": "British Columbia", "Watson Lake": LETTERS["YT"]}
"""Places that phonenumbers writes otherwise than the rest."""

# -- the oracle: first digits and places of other countries --------------------------------------------------------

# Russia: Federal Law 107-FZ "On the reckoning of time", by subjects, as phonenumbers calls those.
RUSSIA = {
    "Europe/Kaliningrad": "Kaliningrad",
    "Europe/Moscow": (
        "Arkhangelsk, Belgorod, Bryansk, Chechen Republic, Cherepovets, Chuvashi Republic, Ingushi Republic, "
        "Ivanovo, Kabardino-Balkarian Republic, Kaluga, Karachayevo-Cherkessian Republic, Kirov, Komi Republic, "
        "Kostroma, Krasnodar Territory, Kursk, Leningrad region, Lipetsk, Mineranye Vody, Moscow, Murmansk, "
        "Naberezhnye Chelny, Nizhni Novgorod, Orel, Penza, Pskov, Republic of Adygeya, Republic of Daghestan, "
        "Republic of Kalmykia, Republic of Karelia, Republic of Marij El, Republic of Mordovia, Republic of North "
        "Ossetia, Republic of Tatarstan, Rostov, Ryazan, Sevastopol, Simferopol, Smolensk, Sochi, St Petersburg, "
        "Stavropol territory, Tambov, Tula, Tver, Veliky Novgorod, Vladimir, Volgograd, Vologda, Voronezh, "
        "Yaroslavl"
    ),
    "Europe/Samara": "Astrakhan, Samara, Saratov, Tolyatti, Udmurtian Republic, Ulyanovsk",
    "Asia/Yekaterinburg": (
        "Chelyabinsk, Ekaterinburg, Kurgan, Orenburg, Perm, Republic of Bashkortostan, Surgut, Tyumen, Yamalo- "
        "Nenets Autonomous District"
    ),
    "Asia/Omsk": "Omsk",
    "Asia/Krasnoyarsk": (
        "Altai Territory, Kemerovo, Krasnoyarsk Territory, Novosibirsk, Republic of Altai, Republic of Khakassia, "
        "Republic of Tuva, Tomsk"
    ),
    "Asia/Irkutsk": "Irkutsk, Republic of Buryatia",
    "Asia/Chita": "Amur Region, Chita",
    "Asia/Vladivostok": "Jewish Autonomous Region, Khabarovsk Territory, Primorie territory",
    "Asia/Magadan": "Magadan, Sakhalin Region",
    "Asia/Kamchatka": "Chukotka Autonomous District, Kamchatka Region",
}
SUBJECTS = {name: {zone} for zone, names in RUSSIA.items() for name in names.split(", ")}
SUBJECTS["Republic of Sakha"] = {"Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan"}
# Brazil: Lei 11.662/2008 and 12.876/2013. Every state that is not named has Brasilia's time.
WEST = {
    "America/Rio_Branco": "AC,Acre",
    "America/Manaus": "AM,Amazonas,RR,Roraima,RO,Rondônia",
    "America/Eirunepe": "AM,Amazonas",
    "America/Cuiaba": "MT,Mato Grosso",
    "America/Campo_Grande": "MS,Mato Grosso do Sul",
    "America/Noronha": "PE,Pernambuco",
    "America/Recife": "PE,Pernambuco",
}
SANTIAGO = "2 33 34 35 41 42 43 45 51 52 53 55 57 58 63 64 65 71 72 73 75"
# What the first digits of fixed lines mean by the plans of the others. Australia: ACMA; Indonesia: KM 4/2001; Mexico:
# IFT; Spain: CNMC; Portugal: ANACOM; Chile: Subtel; Ecuador: Arcotel; Norfolk's code: ACMA (the Antarctic stations).
# Other first digits: anywhere in the country.
FIRST_DIGITS = {
    "AU": {
        "2": {"Australia/Sydney", "Australia/Lord_Howe", "Australia/Brisbane"},
        "3": {"Australia/Melbourne", "Australia/Hobart", "Australia/Sydney"},
        "7": {"Australia/Brisbane", "Australia/Sydney"},
        "8": {f"Australia/{name}" for name in ("Adelaide", "Darwin", "Perth", "Eucla", "Broken_Hill")},
    },
    "ID": {
        **{digits: {"Asia/Jakarta"} for digits in ("2", "6", "7", "31", "32", "33", "34", "35")},
        **{digits: {"Asia/Makassar"} for digits in ("4", "36", "37", "38")},
        "5": {"Asia/Pontianak", "Asia/Makassar"},
        "9": {"Asia/Jayapura"},
    },
    "MX": {digits: {"America/Mexico_City"} for digits in ("55", "56", "33", "81")},
    "ES": {
        **{digits: {"Europe/Madrid", "Africa/Ceuta"} for digits in ("8", "9")},
        **{digits: {"Atlantic/Canary"} for digits in ("822", "828", "922", "928")},
    },
    "PT": {f"2{digit}": {"Europe/Lisbon"} for digit in "12345678"}
    | {"291": {"Atlantic/Madeira"}, "292": {"Atlantic/Azores"}, "295": {"Atlantic/Azores"}, "296": {"Atlantic/Azores"}},
    "CL": {digits: {"America/Santiago"} for digits in SANTIAGO.split()}
    | {"32": {"America/Santiago", "Pacific/Easter"}, "61": {"America/Punta_Arenas"}, "67": {"America/Coyhaique"}},
    "NF": {"1": {"Pacific/Norfolk", *(f"Antarctica/{name}" for name in ("Casey", "Davis", "Mawson", "Macquarie"))}},
    "EC": {digit: {"America/Guayaquil"} for digit in "23467"},
}
# Islands and stations by phonenumbers' names: whatever the first digits say, the number may be there.
FAR = {
    "Christmas": {"Indian/Christmas"},
    "Cocos": {"Indian/Cocos"},
    "Las Palmas": {"Atlantic/Canary"},
    "Tenerife": {"Atlantic/Canary"},
    "Funchal": {"Atlantic/Madeira"},
    "Angra do Heroísmo": {"Atlantic/Azores"},
    "Horta": {"Atlantic/Azores"},
    "Ponta Delgada": {"Atlantic/Azores"},
    "Punta Arenas": {"America/Punta_Arenas"},
    "Aisén": {"America/Coyhaique"},
    "Galápagos": {"Pacific/Galapagos"},
    "Northern Cyprus": {"Asia/Famagusta"},
}
GUESSED_WRONG = {
    "1689": "Orlando is Eastern: 689 overlays 407 (NANPA)",
    "1879": "879 overlays 709; Puerto Rico's clock is that of Labrador in winter only",
    "1867": "the Yukon and Nunavut have had their own clocks since 2020 and 2026",
    "1907": "Unalaska has Alaska's time, not Hawaii's (49 CFR 71.11)",
}
"""Area codes for which phonenumbers names a clock that the place does not have."""


@cache
def zone_tab() -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            found[line.split("\t")[0]].add(line.split("\t")[2])
    return {region: zones - UNOFFICIAL for region, zones in found.items()} | NOT_IN_ZONE_TAB


def kind_of(number: phonenumbers.PhoneNumber) -> str:
    return str(PhoneNumberType.to_string(phonenumbers.number_type(number)).lower())


def may_be_in(number: phonenumbers.PhoneNumber) -> frozenset[str]:
    """Say in which zones a number may have been assigned; none for one that is not valid anywhere."""
    regions = list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[number.country_code or 0])
    kind = kind_of(number)
    if not phonenumbers.is_valid_number(number):
        return frozenset()
    if kind not in BELONG_TO_NO_PLACE:
        regions = [region for region in regions if phonenumbers.is_valid_number_for_region(number, region)]
    zones = set[str]()
    for region in regions:
        named = named_place(number, region, kind) if kind in PLACED else set[str]()
        zones |= named or zone_tab().get(region, set())
    return frozenset(zones)


def named_place(number: phonenumbers.PhoneNumber, region: str, kind: str) -> set[str]:
    """Say which zones the place has that a number begins like; none where it names no place."""
    text, national = geocoder.description_for_number(number, "en"), str(number.national_number)
    if region in {"US", "CA"}:
        return ON_ONE_SIDE.get(national[:3]) or state_zones(text)
    if region == "BR":
        return brazil(text, national)
    if region == "RU":
        return SUBJECTS.get(text, set())
    first = {} if kind == "mobile" else FIRST_DIGITS.get(region, {})
    zones = first.get(national[:3]) or first.get(national[:2]) or first.get(national[0]) or zone_tab()[region]
    return zones.union(*(far for name, far in FAR.items() if name in text))


def state_zones(text: str) -> set[str]:
    name = LETTERS.get(text.rpartition(", ")[2], text) if ", " in text else text
    return STATES.get(MISSPELT.get(name, name), set())


def brazil(text: str, national: str) -> set[str]:
    if text in {"", "Brazil"}:
        return set()
    name = text.rpartition(" - ")[2]
    zones = {zone for zone, names in WEST.items() if name in names.split(",")} or {"America/Sao_Paulo"}
    # Fernando de Noronha's DDD is 81; 87 is the inland of Pernambuco (Anatel).
    return zones - {"America/Noronha"} if national.startswith("87") else zones


# -- clocks --------------------------------------------------------------------------------------------------------


class Year:
    """The coming year, looked at every so often."""

    def __init__(self, step: timedelta) -> None:
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.moments = [start + at * step for at in range(timedelta(days=366) // step)]
        self._of_day = np.array([at.hour * 60 + at.minute for at in self.moments])
        self._clocks: dict[str, np.ndarray] = {}

    def clock(self, zone: str) -> np.ndarray:
        """Return what a zone's clock shows at each moment, in minutes of the day."""
        if zone not in self._clocks:
            info = ZoneInfo(zone)
            ahead = [info.utcoffset(at.astimezone(info)) or timedelta() for at in self.moments]
            self._clocks[zone] = (self._of_day + np.array([round(at.total_seconds() / 60) for at in ahead])) % 1440
        return self._clocks[zone]

    def is_open(self, zones: tuple[str, ...] | frozenset[str], hours: tuple[int, int]) -> np.ndarray:
        """Tell for each moment whether all clocks are within the hours."""
        clocks = [self.clock(zone) for zone in sorted(zones)]
        within = [(hours[0] * 60 <= clock) & (clock < hours[1] * 60) for clock in clocks]
        every: np.ndarray = np.logical_and.reduce(within)
        return every

    def wrongly_open(self, ours: tuple[str, ...], may_be: frozenset[str]) -> bool:
        return any(bool((self.is_open(ours, hours) & ~self.is_open(may_be, hours)).any()) for hours in HOURS)

    def one_clock(self, zones: frozenset[str]) -> bool:
        return len({self.clock(zone).tobytes() for zone in zones}) == 1


@pytest.fixture(scope="module")
def year() -> Year:
    # 7 h 15 min: every quarter of an hour of the day comes by, at every season.
    return Year(timedelta(hours=7, minutes=15))


def parsed(digits: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(f"+{digits}")


def numbers_of(region: str, *, variations: int, chance: random.Random) -> list[str]:
    """Return the example numbers of a region, one for each type, and others that begin a bit differently."""
    found = []
    for kind in PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        digits = f"{example.country_code}{phonenumbers.national_significant_number(example)}"
        found.append(digits)
        start = len(str(example.country_code))
        for _ in range(variations):
            changed = list(digits)
            for at in chance.sample(range(start, min(start + 5, len(digits))), 2):
                changed[at] = chance.choice("0123456789")
            found.append("".join(changed))
    return found


# -- promises ------------------------------------------------------------------------------------------------------


def judge_the_world(year: Year, *, variations: int) -> None:
    chance, judged = random.Random(12), set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        pairs = {}
        for number in map(parsed, numbers_of(region, variations=variations, chance=chance)):
            if phonenumbers.is_valid_number(number):
                text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                pairs[numbers.zones(int(text[1:])), may_be_in(number)] = text
        for (ours, may_be), text in pairs.items():
            words = f"{text} is in {ours}, but may be in {sorted(may_be)}"
            assert ours, words
            assert not year.wrongly_open(ours, may_be), words
            assert year.one_clock(frozenset(ours)) or not year.one_clock(may_be), words
            judged.add(region)
    assert judged == phonenumbers.SUPPORTED_REGIONS


def test_numbers_of_every_region_and_type_are_open_only_when_all_their_clocks_are(year: Year) -> None:
    """And where the place has one clock, they are never closed while that clock is within the hours."""
    judge_the_world(year, variations=2)


@pytest.mark.long
def test_numbers_of_every_region_and_type_at_length() -> None:
    judge_the_world(Year(timedelta(minutes=30)), variations=30)


def test_the_table_of_places_has_no_slip() -> None:
    """A prefix named twice would have the last one's zones, and a zone misspelt would end the run."""
    content = tomllib.loads((files("dialer.numbers") / "zones.toml").read_text(encoding="utf-8"))
    listed = set[str]().union(*zone_tab().values(), UNOFFICIAL)
    assert set(content["left_out"]) == UNOFFICIAL
    for region, entry in content["regions"].items():
        prefixes = [prefix for place in entry["places"] for prefix in place["prefixes"].split()]
        assert len(prefixes) == len(set(prefixes)), region
        code = str(phonenumbers.country_code_for_region(region))
        assert all(prefix.startswith(code) for prefix in prefixes), region
        assert listed.issuperset(zone for place in entry["places"] for zone in place["zones"]), region


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        (61891010123, "Indian/Cocos"),
        (61851030123, "Indian/Christmas"),
        (61265630123, "Australia/Lord_Howe"),
        (61412345678, "Indian/Cocos"),
        (672106123, "Antarctica/Davis"),
        (56322100123, "Pacific/Easter"),
        (558136191234, "America/Noronha"),
        (13342970123, EASTERN),
        (14028230123, MOUNTAIN),
        (15802610123, MOUNTAIN),
        (17756640123, MOUNTAIN),
        (18508270123, EASTERN),
        (12195670123, EASTERN),
        (19286720123, MOUNTAIN),
        (12504260123, "America/Edmonton"),
        (14189860123, "America/Halifax"),
        (13068250123, "America/Edmonton"),
        (19078840123, "America/Adak"),
    ],
)
def test_a_far_corner_s_clock_counts(year: Year, number: int, zone: str) -> None:
    """Cocos, Christmas, Lord Howe, Davis, Easter, Noronha; Phenix City, Cody, Kenton, West Wendover, Tallahassee,
    Francesville, Window Rock; Cranbrook, the Magdalen Islands, Lloydminster; Adak."""
    clocks = {year.clock(one).tobytes() for one in numbers.zones(number)}
    assert year.clock(zone).tobytes() in clocks


def judge_area_codes(year: Year, *, places: range, step: int = 1) -> None:
    """Judge every +1 area code: its exchanges by our zones; the oracle knows the place by some of them."""
    judged = set()
    for area in range(200, 1000):
        examples = [
            int(f"1{area}{exchange}1234") for exchange in range(200 + area % step, 1000, step) if exchange % 100 != 11
        ]
        ours = {
            numbers.zones(number) for number in examples if (found := numbers.origin(number)) and found.kind in PLACED
        }
        asked = [parsed(f"1{area}{exchange}1234") for exchange in places] if ours else []
        for may_be in {may_be_in(number) for number in asked if kind_of(number) in PLACED}:
            judged.add(area)
            for zones in ours:
                assert zones, f"+1 {area} has no zone"
                assert not year.wrongly_open(zones, may_be), f"+1 {area}: {zones}, but may be in {sorted(may_be)}"
    assert len(judged) > 400


def test_every_area_code_is_open_only_when_all_its_clocks_are(year: Year) -> None:
    judge_area_codes(year, places=range(234, 1000, 255), step=4)


@pytest.mark.long
def test_every_exchange_of_every_area_code_at_length() -> None:
    judge_area_codes(Year(timedelta(minutes=30)), places=range(200, 1000))


def test_no_clock_is_missing_that_phonenumbers_names_for_a_place(year: Year) -> None:
    """Its zones are likely ones, and for whole countries wrong; but what it knows of a town we know as well."""
    missing = []
    for area in range(200, 1000):
        for exchange in range(200, 1000, 41):
            digits = f"1{area}{exchange}1234"
            ours, theirs = numbers.zones(int(digits)), timezone.time_zones_for_number(parsed(digits))
            likely = frozenset(zone for zone in theirs if zone != "Etc/Unknown")
            if not ours or len(theirs) > 8 or digits[:4] in GUESSED_WRONG:
                continue
            clocks = {year.clock(zone).tobytes() for zone in ours}
            missing += [(digits, zone) for zone in likely if year.clock(zone).tobytes() not in clocks]
    assert missing == []


def test_countries_are_called_as_phonenumbers_calls_them() -> None:
    """Of the three that it leaves unnamed, since their numbers may be another's, the name is known as well."""
    named = {}
    for region in phonenumbers.SUPPORTED_REGIONS:
        example = phonenumbers.example_number(region)
        named[region] = (geocoder.country_name_for_number(example, "en") if example else "") or region
    others = {"MF": "Saint Martin", "BL": "Saint Barthélemy", "EH": "Western Sahara"}
    assert {region: numbers.country_name(region) for region in named} == named | others


def test_a_name_of_a_country_does_not_load_the_names_of_all_places() -> None:
    program = "import sys; from dialer.numbers import country_name, region_named"
    program += "; print(country_name('IN'), region_named('Indien'), 'phonenumbers.geodata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["India", "IN", "False"]
