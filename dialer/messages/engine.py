"""Why a run ends early, why a call did not leave, and what a run waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import added, run_again
from dialer.messages.values import duration
from dialer.messages.words import many, without_stop

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.messages.names import ProviderNames

# -- why a run ends early: what happened, and what to do ---------------------------------------------------------------


def many_errors(count: int, *, last: str) -> tuple[str, str]:
    advice = (
        f"Look at the `error` column of the results, fix the cause, then {run_again()}; "
        f"{added('--retry-errors')} to call the refused ones as well."
    )
    return f"{answers_in_a_row(count)}; the last one: {without_stop(last)}.", advice


def answers_in_a_row(count: int) -> str:
    return many(
        count,
        "answer was a refusal or left the call unknown",
        "answers in a row were refusals or left the call unknown",
    )


def many_unknown(count: int, *, among: int, last: str, names: ProviderNames) -> tuple[str, str]:
    happened = f"{count} of the last {among} answers left a call unknown; the last one: {without_stop(last)}."
    advice = (
        f"{names.name} or the network has trouble. {run_again().capitalize()} later: the run looks for the unknown "
        "calls first."
    )
    return happened, advice


def no_connection(seconds: float, *, last: str, names: ProviderNames) -> tuple[str, str]:
    return (
        f"No connection to {names.name} for {duration(seconds)}: {without_stop(last)}.",
        f"Check the network, then {run_again()}.",
    )


def too_many_requests(seconds: float, *, last: str, names: ProviderNames) -> tuple[str, str]:
    advice = (
        "The limit is shared by the whole organisation: something else may be using it up. "
        f"{run_again().capitalize()} later."
    )
    return (
        f"No call got through for {duration(seconds)}, {names.name} asks to wait (429): {without_stop(last)}.",
        advice,
    )


def no_money(wallet: float, names: ProviderNames) -> tuple[str, str]:
    return f"The account's wallet is at {wallet:g}.", f"Recharge it on {names.name}'s dashboard, then {run_again()}."


def must_pay(words: str, names: ProviderNames) -> tuple[str, str]:
    return (
        f"{names.name} asks for payment: {without_stop(words)}.",
        f"Recharge the account on {names.name}'s dashboard, then {run_again()}.",
    )


def agent_not_known(words: str, names: ProviderNames) -> tuple[str, str]:
    return (
        f"{names.name} does not know the agent: {without_stop(words)}.",
        f"Check `agent_id` in the campaign file, then {run_again()}.",
    )


def other_server(words: str, names: ProviderNames) -> tuple[str, str]:
    return (
        f"The server is not {names.name}'s API: {without_stop(words)}.",
        f"The base URL is wrong: check {names.address}, then {run_again()}.",
    )


def calls_stand_still(live: int, *, trouble: str, names: ProviderNames) -> tuple[str, str]:
    why = f" ({trouble})" if trouble else ""
    none = "the only live call" if live == 1 else f"none of the {live} live calls"
    changed = "has not changed" if live == 1 else "has changed"
    return (
        f"For an hour, {none} at {names.name} {changed}, as far as can be seen{why}.",
        "Others may be using the account's lines. Try again later, or set another live_calls.",
    )


def fix_that() -> str:
    return f"Fix that, then {run_again()}."


# -- why a call did not leave, or is in doubt --------------------------------------------------------------------------

NO_LINE_LEFT = "another batch took the last line"
SENDING_ENDED = "the sending ended before the request had left"
INTENT_TOO_OLD = "the database had confirmed this call too long before the request could leave"
DATABASE_TOO_SLOW = (
    "The database takes more than half a second to confirm a call, and by then the call may no longer leave: "
    "none was placed for 30 s. Check how busy the database is, and the network. The run goes on by itself."
)
MOMENT_OVER = "its time slot was over before the request had left"
SENDING_PAUSED = "the run was paused before the request had left"
SENDING_HELD = "all sending was held before the request had left"
SERVER_ENDS_CONNECTIONS = "the server ends each connection before a request is sent"


def id_of_another_call(execution_id: str) -> str:
    return f"the answer has the id of another call ({execution_id})"


# -- what a run waits for ----------------------------------------------------------------------------------------------


def waiting_for_hours(opening: str, *, left: int) -> str:
    return f"waiting until {opening}: {left:,} cannot be called before"


def waiting_for_others(runs: int) -> str:
    return f"no one is left here: waiting for {many(runs, 'other run')}, to call the people they leave"


def waiting(seconds: float, *, why: str) -> str:
    return f"{why}: waiting {seconds:.0f} s"


# -- the rate that all runs share --------------------------------------------------------------------------------------

ORGANISATION_TOO_FAST = "too many requests from this organisation"
A_LINK = "it is a link"
NOT_A_FILE = "it is not a file"


def all_runs_wait(seconds: float, names: ProviderNames) -> str:
    return f"{names.name} gets too many requests from this organisation: all runs wait {seconds:.0f} s"


def rate_held_by(process: int, path: Path) -> str:
    return (
        f"Process {process} has locked {path} and does nothing (was it stopped, as by Ctrl-Z?). Nothing is sent "
        "until it goes on or ends."
    )


def rate_on_two_machines(path: Path) -> str:
    return (
        f"{path}: another machine uses this file at the same time, so neither of the two can keep the "
        "organisation's rate. Run all campaigns of this folder on one machine."
    )


def rate_file_unusable(path: Path, *, why: str | None) -> str:
    return (
        f"{path} cannot be read and written ({why}). All runs of this folder keep the organisation's rate by it. "
        f"Make it and its folder writable, then {run_again()}."
    )


# -- a person stopped it -----------------------------------------------------------------------------------------------


def nothing_dialled(stopped: str, *, doing: str) -> str:
    return f"{stopped} while {doing}; nothing was dialled."
