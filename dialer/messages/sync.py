"""What the provider says, or does not say, of the account, its agents and its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import many, without_stop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialer.messages.names import ProviderNames

# -- before a run: the account, the agents, the caller numbers --------------------------------------------------------


def account_unreadable(words: str) -> str:
    return f"the account could not be read ({words})"


def agent_unreadable(words: str, *, agent_id: str | None) -> str:
    """Return that an agent could not be read.

    Args:
        words: why.
        agent_id: one that a column names; None: the campaign's own.
    """
    return f"the agent{'' if agent_id is None else f' {agent_id}'} could not be read ({words})"


def no_such_agent(agent_id: str, *, words: str, of_column: bool, names: ProviderNames) -> str:
    setting = "the column that `agent_id` in [columns] names" if of_column else "`agent_id` in the campaign file"
    return (
        f"{names.name} knows no agent {agent_id}: {without_stop(words)}. Check {setting}, "
        "and whether the key is of the same account."
    )


def many_agents(count: int, *, read: int) -> str:
    return f"a column names {count} other agents; only the first {read} were looked up"


def numbers_unreadable(words: str) -> str:
    return f"the account's numbers could not be read ({words})"


def foreign_callers(callers: Iterable[str], names: ProviderNames) -> str:
    listed = ", ".join(callers)
    return f"from_phone_number: the account does not list {listed}; {names.name} refuses foreign numbers"


def variable_differs(wanted: str, *, own: str) -> str:
    return (
        f"the prompt asks for {{{wanted}}}, the campaign gives {own!r}: the names differ in case, so the agent says "
        "nothing there"
    )


def variables_missing(wanted: Iterable[str]) -> str:
    listed = ", ".join(f"{{{name}}}" for name in wanted)
    return f"the prompt asks for {listed}, which the campaign does not give: the agent says nothing there"


# -- after it: the calls -----------------------------------------------------------------------------------------------


def not_all_read(seconds: float) -> str:
    return f"not everything could be read in {seconds:.0f} seconds"


def recipients_not_shown(calls: int, names: ProviderNames) -> str:
    return f"{names.name} does not say yet whom {many(calls, 'call')} went to"


def calls_not_known(calls: int, names: ProviderNames) -> str:
    return f"{many(calls, 'call is', 'calls are')} not known at {names.name} (yet)"


def other_account(names: ProviderNames) -> str:
    return f"{names.name} knows none of these calls. Is the key of the account that made them?"
