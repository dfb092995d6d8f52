"""What is wrong with a ledger, who holds it, and how it knows of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import added, command_text, has_page, in_terminal, run_again
from dialer.moments import by_clock

if TYPE_CHECKING:
    from pathlib import Path

# -- a ledger that cannot be used --------------------------------------------------------------------------------------

_ELSEWHERE = (
    'Set `ledger = "/var/lib/dialer/NAME.ledger"` (a local disk) in the campaign file; the results may stay where '
    "they are."
)


def _rebuild() -> str:
    adopt = in_terminal("--adopt")
    return f"Keep the results CSV, move the ledger away and run again with {adopt}, which rebuilds it from the results."


def disk_full(path: Path) -> str:
    return f"{path}: the disk is full. What was recorded is intact: free some room, then {run_again()}."


def read_only(path: Path) -> str:
    return (
        f"{path}: the ledger cannot be used: it or its folder is read-only, or another user's. Make both writable for "
        "yourself. Only a batch that has called no one yet can have its ledger in another place (`ledger` in the "
        "campaign file): a new ledger does not know who was called."
    )


def damaged(path: Path, *, why: str) -> str:
    return f"{path}: the ledger is damaged ({why}). {_rebuild()}"


def not_a_ledger(path: Path, *, why: str) -> str:
    return f"{path}: this is not a ledger, or a damaged one ({why}). {_rebuild()}"


def kept_locked(path: Path) -> str:
    return f"{path}: another program keeps the ledger locked. Close it (a database browser?), then {run_again()}."


def not_usable(path: Path, *, why: str) -> str:
    return f"{path}: the ledger cannot be read or written ({why}). What was recorded is intact; {run_again()}."


def not_writable(path: Path, *, why: str | None) -> str:
    return f"{path}: the ledger cannot be written ({why}). Nothing was sent without being recorded."


def log_without_ledger(path: Path, *, log: str) -> str:
    return (
        f"{path} is missing, but {log} is there: a run was killed, and most of what it recorded may be in it. "
        "Nothing was dialled.\nBring the ledger back beside it; they belong together. If it is lost, move "
        f"{log} away and run again with {in_terminal('--adopt')}."
    )


def on_a_share(path: Path, *, kind: str) -> str:
    return f"{path}: this folder is on a network share ({kind}), where SQLite's locks cannot be trusted.\n{_ELSEWHERE}"


def no_shared_memory(path: Path) -> str:
    return f"{path}: this file system cannot hold a ledger (no shared memory for SQLite).\n{_ELSEWHERE}"


def none_yet(path: Path, *, has_trial: bool = False) -> str:
    """Say that there is no ledger; `has_trial`: there is one of a trial."""
    trial = f"\nThere is a trial of this batch: {added('--sandbox')} to see it." if has_trial else ""
    return (
        f"{path}: there is no ledger yet. The first run of a batch creates it. If this batch has called people before, "
        f"the ledger is lost: check the campaign to see what to do.{trial}"
    )


def of_another_program(path: Path) -> str:
    return f"{path}: this is another program's SQLite file, not a ledger. Set `ledger` to another place."


def newer_version(path: Path, *, version: int, known: int) -> str:
    return (
        f"{path}: written by a newer version of dialer (ledger version {version}, this one knows {known}). "
        "Install that version again: pip install --upgrade dialer."
    )


def older_version(path: Path) -> str:
    return f"{path}: written by an older version of dialer. The next run of its campaign updates it."


def moved(path: Path, *, to: str) -> str:
    return (
        f"{path}: the calls of this batch are recorded in the database {to} now. This file is kept as it was when they "
        "were moved, and no run uses it.\n"
        "Run the campaign with the database: write the line database = true at the top of dialer.toml, and set "
        "DIALER_DATABASE to its address."
    )


def copy_damaged(path: Path, *, why: str) -> str:
    return f"{path}: the copy is damaged ({why}). Check the disk."


# -- a ledger that belongs to something else ---------------------------------------------------------------------------


def of_another_agent(path: Path | str, *, noted: str, wanted: str) -> str:
    return _bound(path, f"calls by agent {noted}, this campaign names agent {wanted}")


def of_another_server(path: Path | str, *, noted: str, wanted: str) -> str:
    return _bound(path, f"calls placed at {noted}, this run goes to {wanted}")


def by_another_key(path: Path | str, *, noted: str, wanted: str) -> str:
    return _bound(path, f"people identified by {noted}, this campaign by {wanted}")


def _bound(path: Path | str, holds: str) -> str:
    return (
        f"{path} holds {holds}. So it is not known who was called already.\n"
        "Put it back as it was to go on with this batch, or make it another batch: another `results` name, or "
        f"{in_terminal('--batch NAME')}."
    )


# -- who holds it ------------------------------------------------------------------------------------------------------


def holder(command: str, *, process: int, host: str, since: str) -> str:
    what = f"`dialer {command}`" if not has_page() else "a run" if command == "run" else f'"{command}"'
    return f"{what} (process {process} on {host}, since {by_clock(since)})"


def held(path: Path, *, by: str, status: str) -> str:
    """Return that another process works on a batch.

    Args:
        path: the lock file.
        by: who, in words; empty where that is not known.
        status: the command that shows how far it is; empty if there is none.
    """
    words = f"{path}: {by or 'another process'} is working on this batch. Wait until it ends, or "
    if has_page():
        return f"{words}pause it."
    look = f" To see how far it is: {status}" if status else ""
    return f"{words}stop it there with Ctrl-C.{look}"


def lock_not_writable(path: Path, *, why: str | None) -> str:
    return f"{path}: the lock file cannot be written ({why}). Nothing was dialled."


# -- ledgers of other batches ------------------------------------------------------------------------------------------

NOT_A_FILE = "it is not a file"
EMPTY = "it is empty"
MISSING = "it is missing"


def neighbour_unreadable(path: Path, *, why: str) -> str:
    return (
        f"{path}: this ledger of another batch cannot be read ({why}).\n"
        "So it is not known whom that batch called, and this run might call them again. Bring the ledger back from a "
        "backup, or rebuild it from its results (run its campaign with "
        f"{in_terminal('--adopt')}). If that batch made no calls lately: "
        f"{command_text('list', '--forget', path)}"
    )


def neighbour_incomplete(path: Path) -> str:
    return (
        f"{path}: this ledger of another batch does not know all calls (it is an older copy, or replaces one that is "
        "lost), so this run might call people again whom that batch has called.\n"
        "Run or reconcile that batch until it knows them: it looks for them at the provider, and once more after half "
        "an hour."
    )


def list_is(path: Path, fault: str) -> str:
    """Return that the list of ledgers is of no use.

    Args:
        path: the list.
        fault: what it is, or what cannot be done with it.
    """
    return f"{path} {fault}. {_WHY}"


def list_unreadable(path: Path, *, why: str | None) -> str:
    return list_is(path, f"cannot be read ({why})") + (
        f" Bring the list back as it was. Or move away what is there, then: {command_text('list', '--rebuild')}"
    )


def list_not_permitted(path: Path, *, why: str | None) -> str:
    return list_is(path, f"cannot be read ({why})") + " It is another user's: make it readable, and what it lists."


def list_unwritable(path: Path, *, why: str | None) -> str:
    return list_is(path, f"cannot be written ({why})") + (f" Make it a file that can be written, then {run_again()}.")


def list_line_unreadable(path: Path, *, line: int) -> str:
    return (
        f"{path}, line {line} cannot be read, so it is not known which ledger it names. {_WHY} "
        f"Bring the line back as it was, or delete it, then: {command_text('list', '--rebuild')}"
    )


_WHY = "It lists the ledgers of this workspace, so that no one is called twice."

# -- how a ledger knows of a call --------------------------------------------------------------------------------------

BY_PLAN = "[redial]"
"""In place of the words of a command: no person asked, the campaign's plan says so."""
RUN_ENDED = "the run ended before the provider's answer was recorded"
FOUND = "found at the provider by its reference"
FOUND_AND_NEW = f"{FOUND}; the ledger did not know of it"
FROM_RESULTS = "taken over from the results CSV"


def called_by_others(execution_id: str) -> str:
    return f"the provider has a call to this number that was not placed with this ledger ({execution_id})"
