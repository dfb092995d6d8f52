"""Who is called again, because a person asked or by plan, and who is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.store import BY_PLAN
from dialer.messages.values import duration
from dialer.messages.words import many
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dialer.messages.names import ProviderNames

_SHOWN = 10
"""Numbers that a question names."""
ASKING = "reading how the calls ended"
"""What a run was doing when somebody stopped it."""


def due(count: int) -> str:
    return f"{many(count, 'is', 'are')} due to be called again by plan ([redial])"


def ends_not_read(why: str) -> str:
    return f"how the calls ended was not read to the end, so not everybody who is due is called again: {why}"


def decided(what: str) -> str:
    """Return who decided that somebody may be called again; `what` is the words of a command, or of the plan."""
    return f"due to be called again by plan ({BY_PLAN})" if what == BY_PLAN else f"asked to be called again: {what}"


def errors_called(count: int) -> str:
    if not count:
        return "no call to repeat: the provider refused none"
    return f"{many(count, 'refused call is', 'refused calls are')} made again, as asked"


def unknown_too_young(count: int, *, seconds: float, names: ProviderNames) -> str:
    return (
        f"{many(count, 'unknown call is', 'unknown calls are')} not redialled: less than {seconds / 60:.0f} minutes "
        f"old, so {names.name} may still list them"
    )


def may_be_twice(numbers: Sequence[str]) -> str:
    shown = f"{', '.join(numbers[:_SHOWN])}{' ...' if len(numbers) > _SHOWN else ''}"
    who = many(len(numbers), "person", "people")
    return f"{who} may have been called already. This run may call them twice:\n  {shown}"


def ended_lately(count: int, *, seconds: float, first: datetime, last: datetime) -> str:
    have, from_on, until = many(count, "has", "have"), to_the_minute(first), to_the_minute(last)
    when = f"until {until}" if from_on == until else f"the first until {from_on}, the last until {until}"
    return f"{have} to wait, {when}: {duration(seconds)} after their last call ended (`redial_after` in [redial])"


def called_often(count: int, *, calls: int) -> str:
    return f"{many(count, 'is', 'are')} not redialled: they had {many(calls, 'call')} (max_attempts)"


def still_open(count: int, names: ProviderNames) -> str:
    those = many(count, "is", "are")
    return f"{those} not redialled: their call is still open: it may ring, or {names.name} may try it again"


def went_with_stand_in(count: int) -> str:
    them = "it" if count == 1 else "them"
    return f"{many(count, 'call')} went with the stand-in of an earlier run: nothing more can be read of {them}"


def never_known(count: int) -> str:
    return f"{many(count, 'is', 'are')} not redialled: their call went with the stand-in of an earlier run"


def reached(count: int) -> str:
    return f"{many(count, 'is', 'are')} not redialled: another call has reached them"


def not_tracked(count: int, *, command: str, names: ProviderNames) -> str:
    return f"{names.name} has said nothing about {count:,} of those calls yet. To ask: {command}"


def nobody_for(outcome: str, outcomes: Sequence[str]) -> str:
    return f"--redial {outcome}: calls that end so are not redialled. Use: {', '.join(outcomes)}."


def refused_again(count: int, names: ProviderNames) -> str:
    return f"{names.name} refused {many(count, 'redial')}: the earlier call stands, and the `error` column says why"
