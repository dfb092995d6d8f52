"""What is wrong with the key, and with the `.env` beside a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.messages.commands import Selection


def no_key(name: str, *, provider: str, example: str, selection: Selection) -> str:
    """Say how to set a key, and how to try without one.

    Args:
        name: the setting.
        provider: who gives keys.
        example: how a key begins.
        selection: the campaign; the `.env` lies beside its file.
    """
    return (
        f"There is no {name}. Make a key on {provider}'s dashboard (Developers), then: export {name}={example}\n"
        f"or write the line {name}={example} into {selection.campaign.parent / '.env'}. "
        f"To try without one: {selection.as_trial().command('run')}"
    )


def too_long(path: Path, limit: int) -> str:
    """Say that a `.env` is another file."""
    return f"{path}: more than {limit:,} bytes, which is too long for a .env. Is it another file?"


def not_utf_8(path: Path) -> str:
    """Say that a `.env` is in another encoding."""
    return f"{path}: not UTF-8. Save it as UTF-8."
