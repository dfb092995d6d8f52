"""What a ledger, and the results beside it, are refused for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.buttons import Button
from dialer.messages.commands import has_page, in_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dialer.messages.names import ProviderNames


def asked_to_stop() -> str:
    return f'Asked to stop by "{Button.CANCEL}"' if has_page() else "Asked to stop by `dialer cancel`"


def replaced_meanwhile(ledger: Path) -> str:
    return (
        f"{ledger}, its lock or its mark was moved or replaced while this was going on (restored from a backup?). "
        "Other runs would not know of this one, so it stopped"
    )


def of_another_workspace(ledger: Path, *, former: str, workspace: Path, command: str) -> str:
    return (
        f"{ledger} belongs to the workspace {former}, and this run is in the workspace {workspace}.\n"
        "The batches of that other workspace do not know whom this one called, and do not share its limits.\n"
        f"If the ledger or dialer.toml was moved on purpose: {command}"
    )


def copied(ledger: Path, *, former: str) -> str:
    return (
        f"{ledger} is a copy of {former}, which is still there: each would call people whom the other has called.\n"
        "Go on with one of them and move the other away. To call everybody again on purpose, make it another "
        f"batch: another `results` name, or {in_terminal('--batch NAME')}."
    )


def emptied(results: Path, *, command: str) -> str:
    return (
        f"{results} says who was called, but the ledger beside it is empty: the right one is lost. "
        f"To see what to do: {command}"
    )


# -- adopting results whose ledger is lost -----------------------------------------------------------------------------


def lost(results: Path, *, called: int, unknown: int, refused: int, never_sent: int) -> str:
    return (
        f"{results} says who was called, but there is no ledger beside it.\n"
        f"Going on from it: {called} called, {unknown} unknown, {refused} refused, {never_sent} not sent; "
        "everybody without a row there counts as not called."
    )


def not_adopted(doubt: str, *, ledger: str, command: str) -> str:
    return (
        f"{doubt}\nNothing was dialled. Copy the ledger ({ledger}) here as well. To go on from the CSV alone: {command}"
    )


def id_column_differs(results: Path, *, written_with_id: bool) -> str:
    written, has = ("with", "none") if written_with_id else ("without", "one")
    return (
        f"{results} was written {written} an id column, this campaign has {has}: "
        "so it is not known who in the list was called.\n"
        "Put [columns] id back as it was, or choose another `results` name."
    )


def account_unread(results: Path, *, why: str, names: ProviderNames) -> str:
    return f"{results}: its calls could not be looked up at {names.name} ({why}). Nothing was dialled; try again later."


def of_another_account(results: Path, calls: Iterable[str], *, files: Sequence[Path]) -> str:
    """Say that results are not of this account; `files` are all that belong to them."""
    return (
        f"{results}: none of its calls exists in this account (looked up: {', '.join(sorted(calls))}).\n"
        "They are of the sandbox or of another account. Use that account's key, or start again: move these files into "
        f"another folder: {', '.join(map(str, files))}"
    )
