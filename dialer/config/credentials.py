"""The key, the agent and the address of the provider, from the environment and the `.env` beside the campaign file."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import dotenv_values

from dialer import provider
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
    """Where to call and as whom; the key is in no `repr`."""

    base_url: str
    key: str = field(repr=False)


def agent_id(campaign: Path) -> str | None:
    """Return the agent that the environment names, else the `.env` beside the campaign file.

    Raises:
        UsageError: the `.env` cannot be read.
    """
    return _setting(provider.VENDOR.names.agent, campaign)


def credentials(selection: Selection) -> Credentials:
    """Return the key and the address; the environment wins over the `.env`, which gives no address.

    Args:
        selection: the campaign; the `.env` lies beside its file.

    Raises:
        UsageError: there is no key, or the `.env` cannot be read.
    """
    names = provider.VENDOR.names
    found = known_credentials(selection.campaign)
    if found is None:
        raise UsageError(say.no_key(names.key, provider=names.name, example=names.example_key, selection=selection))
    return found


def known_credentials(campaign: Path) -> Credentials | None:
    """Return the key and the address; None where there is no key.

    Args:
        campaign: the campaign file; the `.env` lies beside it.

    Raises:
        UsageError: the `.env` cannot be read.
    """
    key = _setting(provider.VENDOR.names.key, campaign)
    return None if key is None else Credentials(base_url=address(), key=key)


def address() -> str:
    """Return the address of the provider, unless the environment names another."""
    return os.environ.get(provider.VENDOR.names.address, "").strip() or provider.VENDOR.names.base_url


def is_loopback(base_url: str) -> bool:
    """Tell whether an address is one of this machine, where no provider is."""
    host = urlsplit(base_url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _setting(name: str, campaign: Path) -> str | None:
    """Return a setting; a blank one counts as none."""
    return os.environ.get(name, "").strip() or _from_file(campaign.parent / ".env", name).strip() or None


def _from_file(path: Path, name: str) -> str:
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
        # No interpolation: a key may hold a `$`.
        values = dotenv_values(stream=io.StringIO(content.decode()), interpolate=False)
    except UnicodeDecodeError:
        # Not chained and not repeated: what cannot be decoded may be the key.
        raise UsageError(say.not_utf_8(path)) from None
    except OSError as error:
        raise UsageError(cannot_be_read(path, error.strerror or str(error))) from None
    return values.get(name) or ""
