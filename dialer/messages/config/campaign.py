"""Mistakes in a campaign file: the key, its line, its value, and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

EXPECTED = {
    "string_type": "a text in quotes is expected",
    "string_too_short": "it must not be empty",
    "int_type": "a whole number is expected, without quotes",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected, without quotes",
    "bool_type": "true or false is expected, without quotes",
    "list_type": 'a list in brackets is expected, like [1, 2] or ["a", "b"]',
    "dict_type": 'keys in braces are expected, like {{ name = "value" }}',
    "model_type": "a table is expected: [{table}] on a line of its own, its keys below",
    "greater_than": "more than {gt:g} is expected",
    "greater_than_equal": "{ge:g} or more is expected",
    "less_than_equal": "{le:g} or less is expected",
    "literal_error": "one of {expected} is expected",
    "missing": "it is missing",
    "finite_number": "an ordinary number is expected",
}
"""What is said of every type of error that pydantic gives for our schema; `value_error` brings its own words."""

NOT_SHOWN = "(not shown)"
AGENT = "the agent's id is expected, a UUID like 123e4567-e89b-12d3-a456-426655440000"
VERSION = "the id of one of the agent's versions is expected, a UUID as its list of versions shows it"
RATE = (
    'write a whole number of requests per second, minute or hour, in quotes, like "300/minute", "5/second" or "30/hour"'
)
DURATION = 'write a time from "1s" to "24h", like "90s", "10m" or "2h"'
LONG_DURATION = 'write a time from "1s" to "31d", like "90m", "24h" or "7d"'
LIVE_CALLS = 'write a whole number from 1, or "account" for as many as the account has lines'
ZONE = 'a name of the time zone database is expected, like "Asia/Kolkata" or "America/New_York"'
MOMENT = 'a date and a time are expected, like "2026-12-01T10:00:00+05:30"'
HOURS = 'write hours = "09:00-20:00", or by day: { mon-fri = "09:00-20:00", sat = ["10:00-13:00", "15:00-18:00"] }'
DAYS = 'write days = ["mon", "tue", "sat"], or a run like ["mon-fri"]'
CALLER = 'a caller number is + and digits in quotes, like "+918035000001"; several: ["+918035000001", ...]'
NOT_JSON = "dates, times, inf and nan cannot be sent; write them as text in quotes"
PHONE = 'name a column of the CSV in quotes, or several in the order in which they count: ["Mobile", "Phone"]'
ZONE_COLUMN = "name a column of the CSV in quotes, or write false where no column says in which time zone somebody is"
CELL_TEXTS = 'write the texts of its cells in quotes, like ["TRUE", "yes"]'
PHONE_TWICE = "name each column once"
VARIABLE = 'name a column of the CSV in quotes, or a constant like { value = "Sunrise" }'
COUNTRY = 'a country\'s two capital letters are expected, like "IN" or "US"'
ENCODING = 'no text encoding has that name; usual ones are "utf-8", "cp1252" and "utf-16"'
DELIMITER = 'one character is expected, like "," or ";" or "\\t"'
NO_LIMIT = (
    'it says neither hours = "09:00-20:00" nor rules = ["us-federal"], so it would limit nothing. For no calling hours '
    "at all, put # before [window] too"
)
ANY_HOUR_IN_EARNEST = "--any-hour is for a trial: real people are called in their calling hours only. Add --sandbox."
DAYS_WITHOUT_HOURS = 'days go with hours, as in hours = "09:00-20:00"'
UNCOVERED_WITH_HOURS = "hours cover everybody; uncovered goes with rules alone"
NAMELESS_VARIABLE = "a variable needs a name"
NOT_STOPPED = "a person whose call was stopped is called again only with --redial stopped"
TIMES_FALL = 'no time may be shorter than the one before it, as in ["2h", "24h"]'
PLAN_WITHOUT_CALLS = "1 allows no second call; write 2 or more, or take out outcomes and times"
CALL_NEEDS_ID = '"call" needs an id in [columns]: without it two rows with one number are one person'


def mistake(place: str, value: str, expected: str) -> str:
    """Say what a key is and what is expected there."""
    return f"{place} is {value}: {expected}."


def missing(place: str) -> str:
    """Say that a key has to be there."""
    return f"{place} is missing."


def unknown(place: str, *, homes: Iterable[Sequence[str]], near: str | None, known: Iterable[str]) -> str:
    """Say that the key does not exist, and which key may be meant.

    Args:
        place: where it is.
        homes: the tables that have a key of this name; () is the top of the file.
        near: the key of this table with a similar spelling.
        known: all keys of this table.
    """
    tables = [f"in [{'.'.join(home)}]" if home else "at the top, before the first [table]" for home in homes]
    if tables:
        instead = f"It belongs {' or '.join(tables)}."
    else:
        instead = f"Did you mean `{near}`?" if near else f"Known here: {', '.join(known)}."
    return f"{place} is not a key of a campaign file. {instead}"


def expected(kind: str, *, table: str, limits: Mapping[str, object]) -> str:
    """Say what is expected, by pydantic's type of error.

    Args:
        kind: the type.
        table: the dotted key.
        limits: what pydantic says of it: `gt`, `ge`, `le`, `expected`.
    """
    return EXPECTED.get(kind, "it cannot be used").format(table=table, **limits).replace("'", '"')


def entry(place: str, number: int) -> str:
    """Say which entry of a list it is, from 1."""
    return f"{place}, entry {number},"


def more(count: int) -> str:
    """Say that there are more mistakes."""
    return f"... and {count:,} more."


def retries(count: int, *, by_default: bool) -> str:
    """Say how many intervals are expected."""
    default = " (there are 3 unless max_retries says otherwise)" if by_default else ""
    return f"one number for each retry is expected, so {count}{default}"


def redial_outcomes(known: Sequence[str]) -> str:
    """Say how calls can end after which somebody is called again."""
    return f"one of {', '.join(known)} is expected"


def plan_lacks(key: str) -> str:
    """Say that a plan to call again needs the other key as well."""
    needed = {
        "times": 'add times, how long after each call the next one is, like times = ["2h", "24h"]',
        "outcomes": 'add outcomes, after which somebody is called again, like outcomes = ["no-answer", "busy"]',
    }
    return needed[key]


def too_many_times(times: int, *, calls: int) -> str:
    """Say that a plan has more times than the calls that somebody gets by default."""
    return (
        f"{times} times make {times + 1} calls, and without max_attempts each person gets at most {calls}: add "
        f"max_attempts = {times + 1}"
    )


def not_after(start: str) -> str:
    """Say that a schedule ends before it starts."""
    return f"it is not after start ({start})"


def skipped(zone: str) -> str:
    """Say that the time does not exist in the time zone."""
    return f"the clocks in {zone} skip this time"


def no_zone(table: str) -> str:
    """Say that a time needs a time zone; `table` is where one can be named."""
    return f'there is no time zone: add an offset like +05:30, or timezone = "Asia/Kolkata" in [{table}]'


def reserved(provider: str) -> str:
    """Say that the provider fills in a variable."""
    return f"{provider} fills in this variable itself, so what you send under its name is lost; choose another name"


def ours(provider: str) -> str:
    """Say that a variable carries our reference."""
    return f"dialer uses this name to find its calls at {provider}; choose another name"


def placeholder(place: str, *, provider: str, trial: str) -> str:
    """Say that the agent's id is still to be written; `trial` is the command that needs none."""
    return (
        f"{place} is still the placeholder. Copy the agent's id from {provider}'s dashboard. "
        f"To try without one: {trial}"
    )


def no_agent(path: Path, *, provider: str, setting: str) -> str:
    """Say that no agent is named; `setting` is the environment variable that can name one."""
    return f"{path}: `agent_id` is missing. Copy the agent's id from {provider}'s dashboard, or set {setting}."
