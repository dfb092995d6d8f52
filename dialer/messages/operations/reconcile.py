"""What came of looking for unknown calls, and for calls that no ledger knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import run_again
from dialer.messages.words import many
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from datetime import datetime

    from dialer.messages.names import ProviderNames

UNKNOWN = "looking for unknown calls"
"""What a run was doing when somebody stopped it; so are the next four."""
MISSING = "looking for calls that are not noted here"
RESULTS = "reading the results"
ACCOUNT = "reading the account"
LIST = "reading the list"
_INCOMPLETE = "it is an older copy, or replaces one that is lost"


def found(count: int, names: ProviderNames) -> str:
    return f"{many(count, 'unknown call was', 'unknown calls were')} found at {names.name}: `queued` now"


def unmarked(count: int, names: ProviderNames) -> str:
    return (
        f"{many(count, 'call')} at {names.name} cannot be matched to a person: the variables of the request are not "
        "shown"
    )


def cut_short(left: int, *, why: str, names: ProviderNames) -> str:
    return f"looking for {left} unknown at {names.name} was cut short: {why}"


def older_copy(count: int, names: ProviderNames) -> str:
    were = "was" if count == 1 else "were"
    return f"The ledger is an older copy: {many(count, 'call')} found at {names.name} {were} not in it"


def called_by_others(people: int, names: ProviderNames) -> str:
    who = many(people, "person was", "people were")
    return f"{who} called by something other than this ledger, as {names.name} shows: `unknown` now"


def not_searched(why: str, names: ProviderNames) -> str:
    return (
        f"{names.name} could not be searched to the end for calls that the ledger does not know ({why}); "
        "the next run searches on"
    )


def nobody_before(until: datetime, names: ProviderNames) -> str:
    """Return why no call is placed yet."""
    return (
        f"The ledger does not know all calls ({_INCOMPLETE}), and {names.name} may list a call half an hour late, "
        f"so no calls are made before {to_the_minute(until)}. {run_again().capitalize()} then."
    )


def might_be_twice(why: str, names: ProviderNames) -> str:
    return (
        f"The ledger does not know all calls that were placed ({_INCOMPLETE}), and {names.name} could not be searched "
        f"for them to the end: {why}.\nNothing was dialled, since somebody might be called twice. "
        f"{run_again().capitalize()} later."
    )


def unknown_not_read(why: str, names: ProviderNames) -> str:
    return (
        f"The unknown calls could not be looked up at {names.name} ({why}).\nNothing was dialled, since those people "
        "might be called twice. Try again later."
    )
