"""The key, the agent and the address of the provider: from three places.

The environment takes precedence over the `.env` next to the campaign file, and that over the system's keyring.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import dotenv_values

from dialer import provider
from dialer.config.kept_key import KeyringError, key_in_keyring
from dialer.errors import UsageError
from dialer.files import unreadable
from dialer.messages.config import credentials as say
from dialer.messages.words import cannot_be_read, not_a_file

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.messages.commands import Selection

_MOST = 1 << 16
"""Bytes of a `.env`; reading another file that was put there by mistake would take minutes."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address and the API key; no `repr` shows the key."""

    base_url: str
    key: str = field(repr=False)


def agent_id(campaign: Path) -> str | None:
    """Return the agent that the environment names, else the `.env` beside the campaign file.

    Raises:
        UsageError: the `.env` cannot be read.
    """
    return _setting(provider.VENDOR.names.agent, campaign)


def credentials(selection: Selection) -> Credentials:
    """Return the key and the address; the environment takes precedence over `.env`, which cannot set the address.

    Args:
        selection: the campaign; `.env` is next to its file.

    Raises:
        UsageError: the key is missing, or the `.env` cannot be read.
    """
    names = provider.VENDOR.names
    key, trouble = _key(selection.campaign)
    if key is None:
        raise UsageError(say.no_key(names, selection=selection, trouble=trouble))
    return Credentials(base_url=address(), key=key)


def known_credentials(campaign: Path) -> Credentials | None:
    """Return the key and the address; None without a key.

    Args:
        campaign: the campaign file; `.env` is next to it.

    Raises:
        UsageError: the `.env` cannot be read.
    """
    key, _ = _key(campaign)
    return None if key is None else Credentials(base_url=address(), key=key)


def _key(campaign: Path) -> tuple[str | None, str]:
    """Return the key, and why the keyring cannot be asked; that does not matter if the key is found elsewhere."""
    if key := _setting(provider.VENDOR.names.key, campaign):
        return key, ""
    try:
        return key_in_keyring(address()), ""
    except KeyringError as error:
        return None, str(error)


def address() -> str:
    """Return the address of the provider, unless the environment names another."""
    return os.environ.get(provider.VENDOR.names.address, "").strip() or provider.VENDOR.names.base_url


def is_loopback(base_url: str) -> bool:
    """Tell whether an address is one of this machine, where no provider is."""
    host = urlsplit(base_url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _setting(name: str, campaign: Path) -> str | None:
    """Return a setting; a blank one counts as none."""
    return os.environ.get(name, "").strip() or _from_file(dotenv_of(campaign.parent), name).strip() or None


def dotenv_of(folder: Path) -> Path:
    """Return the `.env` of the campaign files in a folder."""
    return folder / ".env"


def has_key(path: Path) -> bool:
    """Tell whether a `.env` names a key."""
    return bool(_from_file(path, provider.VENDOR.names.key).strip())


def _from_file(path: Path, name: str) -> str:
    # No interpolation: a key may hold a `$`.
    return dotenv_values(stream=io.StringIO(text_of(path)), interpolate=False).get(name) or ""


def text_of(path: Path) -> str:
    """Return what a `.env` says; empty if there is none.

    Raises:
        UsageError: it cannot be read.
    """
    kind = unreadable(path)
    if kind:
        raise UsageError(not_a_file(path, kind))
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise UsageError(say.too_long(path, _MOST))
        return content.decode()
    except UnicodeDecodeError:
        # Not chained and not repeated: what cannot be decoded may be the key.
        raise UsageError(say.not_utf_8(path)) from None
    except OSError as error:
        raise UsageError(cannot_be_read(path, error.strerror or str(error))) from None
