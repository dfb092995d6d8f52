"""Where the key is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer import provider

if TYPE_CHECKING:
    from dialer.operations.login import LoggedIn, LoggedOut


def logged_in_text(done: LoggedIn) -> str:
    """Return where a key is kept."""
    names = provider.VENDOR.names
    account = f"{names.name} accepts the key{f' (account {done.account})' if done.account else ''}."
    lines = [account, *_keyring_trouble(done.trouble)]
    if done.file is None:
        lines.append("It is kept in the keyring of this system. All campaigns of this user find it there.")
    else:
        lines.append(
            f"It is kept in {done.file}, which only you can read. Campaign files in this folder find it there."
        )
        lines.append("Do not share that file, and keep it out of version control.")
    return "\n".join([*lines, *_overruled(is_overruled=done.is_overruled)])


def logged_out_text(done: LoggedOut) -> str:
    """Return where a key was."""
    lines = [f"The key was deleted from {done.file}."] if done.file is not None else []
    lines += ["The key was deleted from the keyring of this system."] if done.keyring else []
    lines = lines or ["No key was kept here."]
    return "\n".join([*lines, *_keyring_trouble(done.trouble), *_overruled(is_overruled=done.is_overruled)])


def _keyring_trouble(trouble: str) -> list[str]:
    return [f"The keyring of this system cannot be used ({trouble})."] if trouble else []


def _overruled(*, is_overruled: bool) -> list[str]:
    name = provider.VENDOR.names.key
    return [f"Note: {name} is set in this shell. Commands use that key first."] if is_overruled else []
