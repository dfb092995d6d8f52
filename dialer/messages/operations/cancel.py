"""What is said while calls are cancelled, and what the user should know afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialer.messages.names import ProviderNames

NOTHING = "Nothing was cancelled."
ANOTHER_PROCESS = "another process"
TRIAL_OVER = "The calls of a trial ended with the run that placed them."


def asked_to_stop(running: str) -> str:
    return f"{running} is asked to stop; requests that are under way may finish ..."


def stopped_while_asking(stopped: str) -> str:
    return f"{stopped}; nothing was cancelled, but the run was asked to stop."


def progress(answered: int, *, among: int, stopped: int) -> str:
    return f"{answered:,} of {among:,}: {stopped:,} stopped"


def results_left(why: str) -> str:
    return f"The results CSV is left as it is: {why}"


def list_needed(why: str) -> str:
    return f"A lost run may have called more people; to find them, the list is needed: {why}"


def not_all_answered(why: str, names: ProviderNames) -> str:
    return f"{names.name} did not say of every call whether it is stopped: {why}"


def retried(names: ProviderNames) -> str:
    return (
        f"{names.name} itself retries calls that do not get through (retry_config). If one rings again, cancel again."
    )
