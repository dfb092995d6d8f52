"""What is wrong with the key, and with the `.env` beside a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.messages.commands import Selection
    from dialer.messages.names import ProviderNames


def no_key(names: ProviderNames, *, selection: Selection, trouble: str = "") -> str:
    """Say how to set a key, and how to try without one.

    Args:
        names: of the provider.
        selection: the campaign; the `.env` lies beside its file.
        trouble: why the system's keyring cannot be asked, in a word.
    """
    login = command_text("login", *_folder(selection.campaign.parent))
    keyring = f" The keyring of this system cannot be used ({trouble})." if trouble else ""
    return (
        f"There is no {names.key}.{keyring} Make a key on {names.name}'s dashboard (Developers), then: {login}\n"
        f"or: export {names.key}={names.example_key}\n"
        f"To try without one: {selection.at_any_hour().command('run')}"
    )


def _folder(folder: Path) -> tuple[str | Path, ...]:
    return () if str(folder) == "." else ("--in", folder)


def cannot_be_written(path: Path, why: str) -> str:
    """Say that a `.env` cannot be written, in the system's words."""
    return f"{path}: cannot be written ({why}), so the key was not kept. Make it and its folder writable."


def too_long(path: Path, limit: int) -> str:
    """Say that a `.env` is another file."""
    return f"{path}: more than {limit:,} bytes, which is too long for a .env. Is it another file?"


def not_utf_8(path: Path) -> str:
    """Say that a `.env` is in another encoding."""
    return f"{path}: not UTF-8. Save it as UTF-8."
