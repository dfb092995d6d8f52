"""What is to be expected of a run: does the agent get its variables, how long it takes, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from dialer import provider
from dialer.engine.forecast import Course, Forecast
from dialer.engine.pace import Pace
from dialer.engine.simulation import Reason
from dialer.errors import UsageError
from dialer.messages.operations import run as say
from dialer.moments import shown
from dialer.operations.connection import connected
from dialer.operations.timing import Place, groups_of, when_of
from dialer.sync import preflight
from dialer.sync.prompt import Match, compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dialer.config.campaign import Campaign
    from dialer.models import Talk
    from dialer.operations.check import Check
    from dialer.provider.interface import Account, KnowsAgents
    from dialer.sync.prompt import Comparison

PREFLIGHT = 30.0
"""Seconds that reading the account may take."""
FIRST_ANSWER = 1.8
"""Timeout of requests by a check, in seconds: it places no call, and a person waits for it."""
_UNREAD = preflight.Standing(None, None, (say.ACCOUNT_UNREAD_IN_TIME,))


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast of a run.

    Attributes:
        account: the account of the key; None if it could not be read.
        agent_name: name of the agent; empty if it could not be read.
        forecast: the expected course of the run.
        then: the course of one that starts when the calling hours begin; None if this one can call someone.
        hours: which rules narrow the calling hours, and to what, in words; empty if none do, or several countries.
        course: the inputs of the forecast.
        cost: of the calls at the campaign's price per minute; None if it sets none.
        talk: what this batch's calls were like so far.
        begins: start of the schedule; None if it has passed, or there is none.
        ended: end of the schedule if it has passed: no call is placed then.
        overnight: calling hours that continue after midnight, as written.
        is_prompt_known: the agent's prompt was read; otherwise `--strict` places no call.
        warnings: doubts about the prompt's variables, in words; errors with `--strict`.
        unused: variables that the prompt does not use.
        mapping: variables of the prompt → columns, as suggested for `[user_data]`; else empty.
        is_whole: the campaign file has no `[user_data]` yet: with it, no other column is sent.
        welcome: the welcome message as the first recipients will hear it.
        notes: what could not be read, and what else the user should know, in words.
        currency: of the costs; None if `dialer.toml` does not set it.
    """

    account: Account | None
    agent_name: str
    forecast: Forecast
    then: Forecast | None
    hours: str
    course: Course
    cost: float | None
    talk: Talk
    begins: datetime | None
    ended: datetime | None
    overnight: tuple[str, ...]
    is_prompt_known: bool
    warnings: tuple[str, ...]
    unused: tuple[str, ...]
    mapping: Mapping[str, Match]
    is_whole: bool
    welcome: tuple[str, ...]
    notes: tuple[str, ...]
    currency: str | None

    @property
    def is_closed_now(self) -> bool:
        """Whether a run that starts now calls no one, since it is outside their calling hours."""
        return _is_closed(self.forecast)


async def read_standing(campaign: Campaign, client: KnowsAgents, *, agents: Sequence[str]) -> preflight.Standing:
    """Return the data of the account that can be read in time.

    Args:
        campaign: the campaign.
        client: the account.
        agents: the agents named in a column of the input.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    with anyio.move_on_after(PREFLIGHT):
        # The sandbox's account and agent are not real: what they lack says nothing about the campaign.
        callers, others = ([], []) if campaign.sandbox else (campaign.call.from_phone_number or [], agents)
        return await preflight.look(client, agent_id=campaign.agent_id, others=others, callers=callers)
    return _UNREAD


def outlook(
    campaign: Campaign,
    standing: preflight.Standing,
    *,
    limit: int | None,
    variables: Collection[str],
    header: Sequence[str],
    samples: Sequence[Mapping[str, Any]],
    places: Sequence[Place],
    placed: Sequence[float],
    talk: Talk,
    hints: Sequence[str],
) -> Outlook:
    """Return what is to be expected.

    Args:
        campaign: the campaign.
        standing: what the account says.
        limit: so many are called at most; None for all.
        variables: the names of the variables that the campaign gives.
        header: the names of the list's columns.
        samples: the variables of the first recipients.
        places: the places of the people to be called, in the order of the list.
        placed: when calls were placed that may be live and take lines (Unix seconds).
        talk: what this batch's calls were like so far.
        hints: what is odd about the columns, in words.
    """
    now = datetime.now(UTC)
    lines = campaign.lines(None if standing.account is None else standing.account.lines)
    live = campaign.live_calls(lines=lines)
    average = provider.VENDOR.sandbox_call if campaign.sandbox else talk.average(campaign.forecast.average_call)
    # Their outcome was not looked up: older calls are over for sure.
    busy = sum(now.timestamp() - at < 2 * average for at in placed) if live else 0
    course = Course(
        tuple(groups_of(campaign, places, now=now)),
        Pace(campaign.rate.per_second, lines=lines, live=live, average=average, busy=busy),
        now=now,
        when=when_of(campaign, now=now, limit=limit),
    )
    zone = campaign.batch.timezone
    foretold, schedule = by_clock(course.forecast(), zone), campaign.schedule
    then = _then(course, foretold, zone=zone)
    wanted = frozenset() if standing.agent is None else standing.agent.variables
    given = variables if wanted and not campaign.sandbox else wanted
    fit = compare(wanted, given, filled_in=provider.VENDOR.reserved, columns=header)
    others = [
        say.of_agent(other.name, text)
        for other in standing.others
        for text in compare(other.variables, variables, filled_in=provider.VENDOR.reserved).warnings()
    ]
    wanted_by_others = frozenset().union(*(other.variables for other in standing.others))
    return Outlook(
        account=standing.account,
        agent_name=standing.agent_name,
        forecast=foretold,
        then=then,
        hours=_hours(campaign, places),
        course=course,
        cost=_cost(campaign, (then or foretold).calls, talk),
        talk=talk,
        begins=shown(schedule.begins, zone) if schedule.begins and schedule.begins > now else None,
        ended=shown(schedule.ends, zone) if schedule.ends and schedule.ends <= now else None,
        overnight=() if campaign.window is None or campaign.window.hours is None else campaign.window.hours.overnight(),
        is_prompt_known=campaign.sandbox or standing.agent is not None,
        warnings=(*fit.warnings(), *others),
        unused=tuple(name for name in fit.unused if name not in wanted_by_others),
        mapping=_mapping(fit, kept=wanted & set(variables) if campaign.user_data is None else ()),
        is_whole=campaign.user_data is None,
        welcome=tuple(
            text
            for sample in samples
            if not campaign.sandbox and standing.agent and (text := standing.agent.welcome(sample)) is not None
        ),
        notes=(*_too_fast(campaign), *standing.notes, *hints),
        currency=campaign.workspace.currency,
    )


def _mapping(fit: Comparison, *, kept: Iterable[str]) -> dict[str, Match]:
    """Return the lines that `[user_data]` lacks, or the whole table where there is none."""
    if not fit.mapping:
        return {}
    return {name: Match(name, is_sure=True) for name in sorted(kept)} | dict(fit.mapping)


def _is_closed(foretold: Forecast) -> bool:
    return not foretold.calls and any(one.reason is Reason.CLOSED for one in foretold.later)


def _then(course: Course, foretold: Forecast, *, zone: str | None) -> Forecast | None:
    """Return the course of a run that starts when the first can be called; None where that is now, or not in sight."""
    opens = min((one.since for one in foretold.later if one.since is not None), default=None)
    if opens is None or not _is_closed(foretold):
        return None
    begins = max(course.when.begins, (opens - course.now).total_seconds())
    pace = replace(course.pace, busy=0)
    return by_clock(replace(course, pace=pace, when=replace(course.when, begins=begins)).forecast(), zone)


def _hours(campaign: Campaign, places: Sequence[Place]) -> str:
    countries = {place.where.country or None for place in places}
    return campaign.window.in_words(countries.pop()) if campaign.window is not None and len(countries) == 1 else ""


def by_clock(foretold: Forecast, zone: str | None) -> Forecast:
    """Return a forecast whose moments are by the clock that a person reads them by."""
    return replace(
        foretold,
        begins=shown(foretold.begins, zone),
        sent_by=shown(foretold.sent_by, zone),
        ends_at=shown(foretold.ends_at, zone),
        later=tuple(replace(one, since=shown(one.since, zone)) for one in foretold.later),
    )


def _cost(campaign: Campaign, calls: int, talk: Talk) -> float | None:
    """Return what so many calls cost: they go like the batch's last ones, or else everybody answers."""
    price = campaign.forecast.cost_per_minute
    seconds = talk.seconds if talk.is_enough else campaign.forecast.average_call
    return None if price is None else calls * seconds / 60 * price


def _not_asked(campaign: Campaign) -> list[str]:
    """Return a note where a trial has no agent yet: its stand-in asks for other variables."""
    return [say.AGENT_UNKNOWN] if campaign.sandbox and campaign.needs_agent else []


def _too_fast(campaign: Campaign) -> list[str]:
    """Return a note where the campaign's rate is higher than the organisation's."""
    own, most = campaign.pacing.rate, campaign.organisation_rate
    return [] if most is None or own.per_second <= most.per_second else [say.too_fast(str(own), most=str(most))]


async def look_ahead(campaign: Campaign, check: Check) -> Outlook:
    """Return the forecast for a check; without a key, only the parts that need none.

    Raises:
        MustActError: the key is refused, the agent does not exist, or there is no money.
    """
    try:
        async with connected(campaign, patience=FIRST_ANSWER) as (client, _):
            standing = await read_standing(campaign, client, agents=check.agents)
    except UsageError as error:
        standing = preflight.Standing(None, None, (say.account_unread(str(error)),))
    return outlook(
        campaign,
        standing,
        limit=check.limit,
        variables=check.variables,
        header=check.header,
        samples=check.heard,
        places=check.places,
        placed=check.placed,
        hints=(*_not_asked(campaign), *check.hints),
        talk=check.talk,
    )
