"""What is said of the files that the batches of a workspace share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def rate_file_unwritable(path: Path, why: str | None) -> str:
    """Return what is said where `dialer.rate` cannot be written."""
    return (
        f"{path} cannot be written ({why}). All runs of this folder use it. Make it and its folder writable, then run "
        "the same command again."
    )


def lines_not_a_number(place: str, given: str) -> str:
    """Return what is said where `lines` in `dialer.toml` is not a number of lines."""
    return f"{place} is {given}: write a whole number from 1, without quotes, like 10."


def settings_not_a_file(path: Path) -> str:
    """Return what is said where `dialer.toml` is a folder, or a link that leads nowhere."""
    what = "a folder" if path.is_dir() else "a link that leads nowhere"
    return f"{path} is {what}, not a file. It has the limits of all campaigns in this folder: bring it back."


def settings_missing(path: Path, rate_file: Path) -> str:
    """Return what is said where a workspace had a `dialer.toml`, and has none any more."""
    return (
        f"{path} is missing. Through it, the campaigns in this folder and below share their limits, and know each "
        "other's calls.\n"
        f"Bring it back. If it had no limits, an empty file will do. If they share nothing any more, delete {rate_file}"
    )


def list_lost(path: Path, *, lists: int, listed: int | None, own: Path | None, folder: Path) -> str:
    """Return the message for a list of ledgers that no longer names all ledgers of its workspace.

    Args:
        path: the list.
        lists: number of ledgers that it names, or that were found again.
        listed: number that it named before; None if unknown.
        own: the ledger of this run, if the list does not name it.
        folder: of the workspace.
    """
    before = "all that it named before" if listed is None else f"{listed:,} before"
    add = () if own is None else ("--add", own)
    rebuild = command_text("list", "--rebuild", "--in", folder, *add)
    return (
        f"{path} does not list all ledgers of this workspace any more ({lists:,} now, {before}): it was deleted, or "
        "replaced by an older copy. So it is not known whom the other batches called, and this run might call them "
        "again.\n"
        f"Bring the list back. Or make it again: {rebuild}\n"
        f"That finds the ledgers in {folder} and below. For each one that lies elsewhere, write --add LEDGER as well."
    )


def ledgers_found_again(path: Path, ledgers: Sequence[Path]) -> str:
    """Return what is said where ledgers were put on the list again."""
    them = many(len(ledgers), "ledger")
    return f"{path} did not list {them} of this workspace any more; listed again: {', '.join(map(str, ledgers))}"


def not_a_ledger(path: Path) -> str:
    """Return what is said of a file that is to be listed."""
    return f"{path}: there is no ledger there, so it cannot be listed."


def belongs_elsewhere(path: Path, workspace: str, *, folder: Path) -> str:
    """Return what is said of a ledger of another workspace that is to be listed."""
    return f"{path}: this ledger belongs to the workspace {workspace}, not to {folder}."
