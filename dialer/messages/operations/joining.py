"""What is said where several runs call one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text, run_again
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDS_DATABASE = (
    "--join needs a database that several machines share: with files, one run at a time calls the list. Leave --join "
    f"out, or set up a database: {command_text('help', 'database')}"
)
TRIAL_IS_ALONE = "--join does not work with --sandbox: a trial uses files. Leave one of the two out."
ANOTHER_BRINGS_IT = "waiting for another run, which is reading the list"


def waiting_for(holder: str) -> str:
    """Return which process a run waits for.

    Args:
        holder: who reads the list, in words.
    """
    return f"Waiting for {holder}, which is reading the list. If it is killed or stops, this run reads the list."


LIST, CAMPAIGN, HOURS, SUPPRESSION, WORKSPACE, VERSION = (
    *("the list", "the campaign file", "the rules for calling hours", "the do-not-call files"),
    *("the limits in dialer.toml", "the version of dialer or of its libraries"),
)
"""What all runs of a batch have to agree on."""


def different(what: Sequence[str], *, command: str) -> str:
    """Return that a run cannot call beside others.

    Args:
        what: some of the above.
        command: shows who works.
    """
    return (
        f"Other runs are calling this batch, and here something differs from what they use: {', '.join(what)}. Make it "
        f"the same on all machines, or wait until those runs have ended. To see them: {command}"
    )


def other_lists() -> tuple[str, str]:
    """Return that another run goes by other do-not-call files, and what to do."""
    return (
        "A do-not-call file was changed on another machine that calls this batch, and not on this one.",
        f"Make the do-not-call files the same on all machines, then {run_again()}.",
    )


def joined(runs: int, *, command: str) -> str:
    """Return that a run calls beside others.

    Args:
        runs: how many.
        command: shows who works.
    """
    return f"This run joins {many(runs, 'other run')} of the batch. To see all: {command}"


def stopped_by_another(words: str) -> str:
    return f"Another run of this batch got an answer that stops all of them: {words}"
