"""Where `dialer login` keeps a key: the system's keyring (only here: keyring, an extra), or a `.env`."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.files import unwritable
from dialer.messages.config import credentials as say
from dialer.messages.words import not_a_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SERVICE = "dialer"
_FIT = 1.0
"""Priority from which on keyring itself recommends a backend; what is below keeps keys in plain text, or nowhere."""


class KeyringError(Exception):
    """The system's keyring cannot be used; the message says why, without the key."""


def key_in_keyring(address: str) -> str | None:
    """Return the key for an address; None if there is none, or no keyring.

    Raises:
        KeyringError: it is locked, or does not answer.
    """
    try:
        import keyring  # noqa: PLC0415 - an extra, and seldom needed
    except ImportError:
        return None
    with _in_words():
        return keyring.get_password(_SERVICE, address) or None if _is_fit(keyring.get_keyring()) else None


def keep_in_keyring(address: str, key: str) -> bool:
    """Keep a key for an address; tell whether there is a keyring to keep it in.

    Raises:
        KeyringError: it is locked, or does not answer.
    """
    try:
        import keyring  # noqa: PLC0415 - as above
    except ImportError:
        return False
    with _in_words():
        if not _is_fit(keyring.get_keyring()):
            return False
        keyring.set_password(_SERVICE, address, key)
        return bool(keyring.get_password(_SERVICE, address) == key)


def forget_in_keyring(address: str) -> bool:
    """Delete the key for an address; tell whether there was one.

    Raises:
        KeyringError: it is locked, or does not answer.
    """
    if key_in_keyring(address) is None:
        return False
    import keyring  # noqa: PLC0415 - as above

    with _in_words():
        keyring.delete_password(_SERVICE, address)
    return True


def _is_fit(backend: object) -> bool:
    return float(getattr(backend, "priority", 0.0)) >= _FIT


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - backends raise what their systems do
        # What such an error says may hold what it was given.
        raise KeyringError(type(error).__name__) from None


def keep_in_file(path: Path, name: str, key: str, *, content: str) -> None:
    """Write a setting into a `.env` that only its owner can read; its other lines stay.

    Args:
        path: the file.
        name: of the setting.
        key: its value.
        content: what the file says now.

    Raises:
        UsageError: it cannot be written.
    """
    lines = _others(content, name)
    _replace(path, "".join([*lines, f"{name}={key}\n"]))


def forget_in_file(path: Path, name: str, *, content: str) -> bool:
    """Take a setting out of a `.env`; tell whether it was there."""
    lines = _others(content, name)
    if "".join(lines) == _ended(content):
        return False
    _replace(path, "".join(lines))
    return True


def _others(content: str, name: str) -> list[str]:
    own = re.compile(rf"[\s\ufeff]*(export\s+)?{re.escape(name)}\s*(=|$)")
    return [line for line in _ended(content).splitlines(keepends=True) if not own.match(line)]


def _ended(content: str) -> str:
    return content if not content or content.endswith("\n") else f"{content}\n"


def _replace(path: Path, content: str) -> None:
    if why := unwritable(path):
        raise UsageError(not_a_file(path, why))
    # A link to a file stays one.
    target = os.path.realpath(path)
    beside = f"{target}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)  # noqa: PTH105 - of texts
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)  # noqa: PTH108 - as above
        raise UsageError(say.cannot_be_written(path, error.strerror or str(error))) from None
