"""When a new campaign's people may be called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.hours import WeeklyHours, daily, load_pack, pack_names
from dialer.intake.country import first_filled, valid_in
from dialer.messages.local_times import times
from dialer.messages.operations import init as say
from dialer.operations.init.interview import AnswerError, Question, is_nothing
from dialer.operations.local_times import local_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.hours import RulePack
    from dialer.intake.table import Table
    from dialer.operations.init.interview import Interview
    from dialer.operations.init.text import Draft

HOURS: Final = "09:00-20:00"
"""The hours that are proposed: within those of most countries that have any."""


ANYTIME: Final = "any"
"""The answer that sets no hours."""


async def with_hours(draft: Draft, table: Table, interview: Interview) -> Draft:
    """Settle the hours: without a question those that are proposed, for they only leave people to later."""
    cells = [first_filled(table, draft.phones, row) for row in table.sample]
    people = valid_in(cells, region=draft.region, plus_lost=draft.plus_lost)
    packs = _packs(people)
    hours: str | None = HOURS
    if interview.has_person:
        places = [(one.country, one.earliest, one.latest) for one in local_times(people, now=datetime.now(UTC))]
        words = say.hours(times(places), preset=HOURS, packs=_hours_of(packs), about=_about(packs))
        hours = await interview.ask(Question(words, say.HOURS, _hours_in, proposed=HOURS))
    if hours is None:
        interview.note(say.ANY_HOURS)
        return replace(draft, hours=None, rules={}, timezone=_one_zone(people))
    own = WeeklyHours.parse(hours=hours, days=None)
    together = daily([own, *(pack.hours for pack in packs)]) if packs else ""
    interview.note(say.hours_taken(hours, _hours_of(packs), together=together))
    for name, about in _about(packs).items():
        interview.note(say.rule_is_for(name, about))
    return replace(draft, hours=hours, rules=_about(packs), together=together, timezone=_one_zone(people))


def _hours_of(packs: Sequence[RulePack]) -> dict[str, str]:
    return {pack.name: daily([pack.hours]) for pack in packs}


def _about(packs: Sequence[RulePack]) -> dict[str, str]:
    return {pack.name: pack.about for pack in packs}


def _one_zone(people: Sequence[int]) -> str | None:
    """Return the one zone in which all these people are; None where there are several."""
    zones = {numbers.zones(number) for number in people}
    (found,) = zones if len(zones) == 1 else ((),)
    return found[0] if len(found) == 1 else None


def _packs(people: Sequence[int]) -> list[RulePack]:
    """Return the rules for the countries of some recipients: all of them, for which are meant depends on the calls."""
    countries = {numbers.home(number) for number in people}
    return [pack for pack in map(load_pack, pack_names()) if countries & set(pack.countries)]


def _hours_in(answer: str) -> str | None:
    """Return the hours that an answer names; None for any time of the day.

    Raises:
        AnswerError: it names none.
    """
    if answer.casefold() == ANYTIME or is_nothing(answer):
        return None
    try:
        WeeklyHours.parse(hours=answer, days=None)
    except ValueError as error:
        raise AnswerError(str(error)) from None
    return answer
