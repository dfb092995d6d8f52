"""What the commands say themselves, and ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.messages.names import ProviderNames

INTERRUPTED = "Interrupted; nothing was dialled."
STOPPING = "\nStopping: calls that are being sent are finished first. Interrupt again to stop at once."
CALL_THEM = "Call them now?"
CANCEL_THEM = "Cancel them?"


def error(why: object) -> str:
    return f"Error: {why}"


def running(who: object) -> str:
    return f"Running already: {who}"


def file_error(file: object, why: str | None) -> str:
    return f"Error: {file or 'a file'}: {why}"


def unforeseen(problem: Exception) -> str:
    return (
        f"Error: something unexpected happened ({type(problem).__name__}: {problem}). What was recorded is intact; "
        "`status` shows it. Please report this, with what the same command prints under DIALER_DEBUG=1."
    )


def output_lost(why: str) -> str:
    return f"Error: some output could not be written ({why}). The exit code is still right."


def not_dialled(stopped: str) -> str:
    return f"{stopped}; nothing was dialled."


def not_written(stopped: str) -> str:
    return f"{stopped}; nothing was written."


NOT_ANSWERED = "No answer; nothing was written."


# -- questions ---------------------------------------------------------------------------------------------------------


def cannot_ask(question: str) -> str:
    return f"There is no terminal to ask on. To answer yes in advance, add --yes. Nothing was done.\n({question})"


def yes_or_no(question: str) -> str:
    return f"{question} [y/N] "


def which_one(options: int) -> str:
    return f"Which one? [1-{options}, Enter: none] "


def prompt(words: str, proposed: str) -> str:
    """Return what stands before the answer; `proposed` is what Enter gives."""
    return f"{words} [Enter: {on_one_line(proposed)}] " if proposed else f"{words} "


def cancel(what: str) -> str:
    return f"{what} Cancel?"


DNC_ACCEPT = "Go on with the list as it is?"


def dnc_accepted(path: str) -> str:
    return f"Accepted: runs use {path} as it is now."


def column_taken(column: str) -> str:
    return f'This time the numbers come from the column "{column}".'


KEY_INTERRUPTED = "Interrupted; no key was kept."
NO_KEY_TYPED = "No key was typed, so none was kept."


def key_prompt(provider: str) -> str:
    return f"Your {provider} API key (it is not shown while you type): "


# -- options -----------------------------------------------------------------------------------------------------------

DNC_ADD_NEEDS = "name the numbers, or a file with them: --file FILE."
ADD_NEEDS_REBUILD = "--add is for --rebuild: write both."
NAME_OUTCOMES = "name how the last call ended, like no-answer,busy."


def no_such_part(name: str, parts: Sequence[str]) -> str:
    return f"{name!r} is not one of {', '.join(parts)} (or none)."


def no_such_command(why: str, commands: Sequence[str]) -> str:
    return f"{why} The commands are: {', '.join(commands)}."


# -- what a command did ------------------------------------------------------------------------------------------------


def report_written(path: Path) -> str:
    return f"{path} is written."


def results_written(path: Path, rows: int) -> str:
    from dialer.messages.words import many  # noqa: PLC0415 - this module is loaded for each Ctrl-C, that one is not

    return f"{path}: {many(rows, 'row')} written"


def listed_again(ledger: Path) -> str:
    return f"{ledger} is listed again."


def forgotten(ledger: Path) -> str:
    return f"{ledger} is forgotten: runs go on without it until its batch is run again."


def not_all_read(batch: str, why: str) -> str:
    return f"{batch}: some calls could not be read: {why}"


def ledger_not_read(path: str, why: str) -> str:
    return f"Not read: {path}\n  {why}"


def would_be_called(count: int) -> str:
    return f"{count:,} would be called"


SHARE = "write a share of the calls in percent, from 0% to 100%, like 5% or 0.5%"
SLOW = "write a time from 1s to 24h, like 2s"
TOO_MUCH_TROUBLE = "--refuse and --lose are more than 100% together"


def sandbox_listens(url: str, key: str, names: ProviderNames) -> str:
    return f"The sandbox is running. In another terminal:\n  export {names.address}={url} {names.key}={key}"


def port_taken(port: int, why: str | None) -> str:
    return f"port {port}: {why}. A sandbox may be running there already: use that one, or --port {port + 1}."


# -- while a run goes on -----------------------------------------------------------------------------------------------


def still_waiting(time_left: str) -> str:
    return f"still waiting, {time_left} left"


def waiting(time_left: str) -> str:
    return f"waiting {time_left}"


READING_CAMPAIGN = "reading the campaign file"


def doing(what: str, *, seconds: float) -> str:
    return f"{what} …" + (f" {seconds:.0f} s" if seconds >= 1 else "")
