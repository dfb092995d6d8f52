"""Which agent a new campaign's calls have, and what it is sent of the list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.config.campaign import PLACEHOLDER
from dialer.config.campaign.values import agent_in
from dialer.config.credentials import agent_id
from dialer.escaping import on_one_line
from dialer.messages.operations import init as say
from dialer.operations.forecast import PREFLIGHT
from dialer.operations.init.interview import ALL, NOTHING, Question, chosen, is_nothing, one_of
from dialer.operations.init.text import can_be_sent
from dialer.provider.interface import ProviderReadError
from dialer.sync.prompt import column_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dialer.intake.table import Table
    from dialer.operations.init.interview import Interview
    from dialer.operations.init.text import Draft
    from dialer.provider.interface import Agent, KnowsAgents


async def with_agent(
    draft: Draft, table: Table, interview: Interview, *, target: Path, client: KnowsAgents | None
) -> Draft:
    """Choose the agent, and the variables that it receives.

    Args:
        draft: the decisions so far.
        table: the list.
        interview: asks the user.
        target: the campaign file; a `.env` beside it may name the agent.
        client: the account; None without a key.
    """
    agent_id, agent = await _agent(target, client, interview)
    if agent_id:
        interview.note(say.agent_taken(agent.name if agent else "", agent_id))
    draft = replace(draft, agent=agent_id or PLACEHOLDER)
    columns = [name for name in table.header if name not in draft.phones and name not in draft.skip]
    if agent is None:
        draft = replace(draft, mapping=await _chosen(columns, interview))
    else:
        draft = await _mapped(draft, agent, table, interview)
    interview.note(say.sent(draft.mapping, of=len(table.header) - len(draft.phones), names=provider.VENDOR.names))
    if draft.missing:
        interview.note(say.no_column_for(draft.missing))
    return draft


async def _agent(target: Path, client: KnowsAgents | None, interview: Interview) -> tuple[str | None, Agent | None]:
    """Return the agent's id, and the agent as far as it can be read.

    Raises:
        MustActError: the key is refused.
    """
    named = _named_agent(target)
    if client is None:
        return named, None
    try:
        with anyio.fail_after(PREFLIGHT):
            agents = {} if named else await client.agents()
        agent_id = named or await _which_agent(agents, interview)
        with anyio.fail_after(PREFLIGHT):
            return agent_id, await client.agent(agent_id) if agent_id else None
    except (ProviderReadError, TimeoutError) as error:
        if isinstance(error, ProviderReadError) and error.must_act is not None:
            raise error.must_act from error
        words = error.words if isinstance(error, ProviderReadError) else say.TOO_SLOW
        interview.note(say.account_unread(words, provider.VENDOR.names))
        return named, None


def _named_agent(target: Path) -> str | None:
    """Return the agent that the environment names; None where it names none."""
    try:
        return agent_in(agent_id(target))
    except ValueError:
        return None


async def _which_agent(agents: Mapping[str, str], interview: Interview) -> str | None:
    names = provider.VENDOR.names
    if not agents:
        interview.note(say.no_agents(names))
    if len(agents) <= 1:
        return next(iter(agents), None)
    question = Question(
        words=say.agent(names),
        prompt=say.WHICH,
        read=lambda answer: one_of(answer, list(agents)),
        options=tuple(say.agent_option(identity, name) for identity, name in agents.items()),
    )
    return await interview.answer(question, doubt=say.agent_doubt(agents, names))


async def _mapped(draft: Draft, agent: Agent, table: Table, interview: Interview) -> Draft:
    """Send what the prompt asks for, and nothing else."""
    wanted = sorted(agent.variables - provider.VENDOR.reserved)
    matches = {name: column_for(name, table.header) for name in wanted}
    mapping = {name: match.column for name, match in matches.items() if match and match.is_sure}
    unclear = {name: match.column if match else None for name, match in matches.items() if name not in mapping}
    if unclear and not interview.has_person:
        interview.doubts.append(say.variables_doubt(unclear, table.header))
    elif unclear:
        mapping |= await _asked_columns(unclear, agent, table, interview)
    return replace(draft, mapping=mapping, missing=tuple(name for name in wanted if name not in mapping))


async def _asked_columns(
    guesses: Mapping[str, str | None], agent: Agent, table: Table, interview: Interview
) -> dict[str, str]:
    """Return the columns that a person names for variables; the columns are listed once."""
    found: dict[str, str] = {}
    options = tuple(map(on_one_line, table.header))
    for name, guess in guesses.items():
        words = say.variable(name, agent=agent.name)
        question = Question(
            words, say.NO_COLUMN, partial(_one_or_none, names=table.header), options, proposed=guess or NOTHING
        )
        column = await interview.ask(question)
        found |= {name: column} if column else {}
        options = ()
    return found


async def _chosen(columns: Sequence[str], interview: Interview) -> dict[str, str]:
    """Return the columns that the user lets the agent receive; every column if questions are not allowed."""
    possible = tuple(filter(can_be_sent, columns))
    if interview.has_person and possible:
        words = say.columns_to_send(provider.VENDOR.names)
        read = partial(_several, names=possible)
        question = Question(words, say.COLUMNS, read, tuple(map(on_one_line, possible)), proposed=ALL)
        possible = await interview.ask(question)
    return {name: name for name in possible}


def _one_or_none(answer: str, *, names: Sequence[str]) -> str | None:
    return None if is_nothing(answer) and answer not in names else one_of(answer, names)


def _several(answer: str, *, names: Sequence[str]) -> tuple[str, ...]:
    if answer not in names and is_nothing(answer):
        return ()
    return tuple(names) if answer == ALL and ALL not in names else chosen(answer, names)
