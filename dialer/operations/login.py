"""Login: the provider's key is kept where every command finds it, once the provider has taken it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.config.credentials import address, dotenv_of, has_key, text_of
from dialer.config.kept_key import (
    KeyringError,
    forget_in_file,
    forget_in_keyring,
    keep_in_file,
    keep_in_keyring,
)
from dialer.errors import UsageError
from dialer.messages.operations import login as say
from dialer.provider.interface import ProviderReadError

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.provider.interface import Account

_PATIENCE = 30.0
"""Seconds for the provider's answer."""
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{6,512}")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Where a key is kept.

    Attributes:
        account: whose key it is, as the provider says; empty where it does not.
        address: of the provider.
        file: the `.env` that holds it; None: the system's keyring does.
        trouble: why the keyring does not, in a word; empty where it does, or there is none.
        is_overruled: the environment names a key, which wins.
    """

    account: str
    address: str
    file: Path | None
    trouble: str
    is_overruled: bool


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What was forgotten.

    Attributes:
        file: the `.env` that held a key; None: none did.
        keyring: the system's keyring held one.
        trouble: why that could not be asked, in a word.
        is_overruled: the environment still names a key.
    """

    file: Path | None
    keyring: bool
    trouble: str
    is_overruled: bool


def log_in(key: str, folder: Path, *, in_file: bool = False) -> LoggedIn:
    """Check a key with the provider, then keep it: in the system's keyring, else in the `.env` of a folder.

    A `.env` that names a key gets the new one, since it wins over the keyring.

    Args:
        key: as it was typed.
        folder: of the campaign files.
        in_file: not in the keyring.

    Raises:
        UsageError: it cannot be a key, the provider does not take it, or it cannot be kept.
    """
    key = key.strip()
    names = provider.VENDOR.names
    if not _KEY.fullmatch(key):
        raise UsageError(say.no_key(names))
    account = anyio.run(_account, key)
    path, trouble = dotenv_of(folder), ""
    content = text_of(path)
    is_kept = False
    if not in_file and not has_key(path):
        try:
            is_kept = keep_in_keyring(address(), key)
        except KeyringError as error:
            trouble = str(error)
    if not is_kept:
        keep_in_file(path, names.key, key, content=content)
    owner = account.email or account.name
    return LoggedIn(owner, address(), None if is_kept else path, trouble, _is_overruled())


async def _account(key: str) -> Account:
    names = provider.VENDOR.names
    try:
        async with provider.VENDOR.client(base_url=address(), key=key, patience=_PATIENCE) as client:
            with anyio.fail_after(_PATIENCE):
                return await client.account()
    except ProviderReadError as error:
        say_why = say.not_checked if error.must_act is None else say.not_taken
        raise UsageError(say_why(error.words, names)) from None
    except TimeoutError:
        raise UsageError(say.not_checked(say.NO_ANSWER, names)) from None


def log_out(folder: Path) -> LoggedOut:
    """Forget the key: in the system's keyring, and in the `.env` of a folder.

    Args:
        folder: of the campaign files.

    Raises:
        UsageError: the `.env` cannot be read or written.
    """
    path, was_kept, trouble = dotenv_of(folder), False, ""
    was_there = forget_in_file(path, provider.VENDOR.names.key, content=text_of(path))
    try:
        was_kept = forget_in_keyring(address())
    except KeyringError as error:
        trouble = str(error)
    return LoggedOut(path if was_there else None, was_kept, trouble, _is_overruled())


def _is_overruled() -> bool:
    return bool(os.environ.get(provider.VENDOR.names.key, "").strip())
