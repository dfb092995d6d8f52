"""Write a campaign file for a list: what the list says for sure is taken, and the rest is asked."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dialer import provider
from dialer.config.batch import stem_of
from dialer.config.campaign import PLACEHOLDER
from dialer.config.credentials import known_credentials
from dialer.errors import InputError, UsageError
from dialer.export.results import own_file_in
from dialer.intake.phone_column import likely_columns, refuse_without_header
from dialer.intake.table import Table, examine
from dialer.messages.operations import init as say
from dialer.operations.forecast import FIRST_ANSWER
from dialer.operations.init.agent import with_agent
from dialer.operations.init.hours import with_hours
from dialer.operations.init.interview import Interview
from dialer.operations.init.numbers import phone_columns, with_country, without_refusers
from dialer.operations.init.text import Draft, campaign_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dialer.operations.init.interview import Ask
    from dialer.provider.interface import KnowsAgents


@dataclass(frozen=True, slots=True)
class NewList:
    """A list without a campaign file.

    Attributes:
        table: the list, its structure checked.
        target: the campaign file to write.
        encoding: of the list, as given; None for UTF-8, or UTF-16 with a byte order mark.
    """

    table: Table
    target: Path
    encoding: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A new campaign file.

    Attributes:
        path: where it is.
        lines: what it says, in words.
        needs_agent: it has no agent's id yet.
    """

    path: Path
    lines: tuple[str, ...]
    needs_agent: bool


def write_campaign(recipients: Path, *, to: Path | None = None, encoding: str | None = None) -> Path:
    """Write a commented campaign file that calls everybody in a CSV, without asking; return its path.

    Args:
        recipients: the CSV.
        encoding: its encoding; None for UTF-8, or UTF-16 where a byte order mark says so.
        to: the campaign file; None: named after the CSV, in the working directory. It is never overwritten.

    Raises:
        InputError: the CSV cannot be read.
        UsageError: something is not clear, or the campaign file exists or cannot be written.
        MustActError: the provider refused the key.
    """
    return anyio.run(partial(init_campaign, new_list(recipients, to=to, encoding=encoding))).path


def new_list(recipients: Path, *, to: Path | None = None, encoding: str | None = None) -> NewList:
    """Return a list that can have a campaign file; arguments and errors as of `write_campaign`."""
    target = to or _default_target(recipients)
    remedy = say.other_encoding(encoding or "cp1252")
    table = examine(recipients, encoding=encoding, remedy=remedy, known=own_file_in(recipients))
    # Ask no questions for a file that cannot be written.
    if os.path.lexists(target):
        raise UsageError(say.campaign_exists(target))
    if not target.parent.is_dir():
        raise UsageError(say.campaign_unwritable(target, why=os.strerror(errno.ENOENT)))
    refuse_without_header(table)
    for candidate in likely_columns(table)[:1]:
        refuse_without_header(table, [candidate.name])
    return NewList(table, target, encoding)


def _default_target(recipients: Path) -> Path:
    return Path(f"{stem_of(recipients)}.toml")


async def init_campaign(new: NewList, *, ask: Ask | None = None) -> Written:
    """Write a campaign file, and ask what the list leaves open.

    Args:
        new: the list.
        ask: asks the user; None: refuse what is open.

    Raises:
        UsageError: something is open and `ask` is None, or the file exists or cannot be written.
        MustActError: the provider refused the key.
    """
    interview = Interview(ask)
    table = new.table
    draft = Draft(header=table.header, phones=await phone_columns(table, interview), encoding=new.encoding)
    draft = await with_country(draft, table, interview)
    draft = await without_refusers(draft, table, interview)
    async with _account(new.target) as client:
        draft = await with_agent(draft, table, interview, target=new.target, client=client)
    draft = await with_hours(draft, table, interview)
    if interview.doubts:
        is_named = new.target != _default_target(table.path)
        why = say.not_sure(table.path, interview.doubts, target=new.target, is_named=is_named, encoding=new.encoding)
        raise UsageError(why)
    _write(new, campaign_text(draft, recipients=table.path, target=new.target))
    return Written(new.target, tuple(interview.settled), needs_agent=draft.agent == PLACEHOLDER)


@contextlib.asynccontextmanager
async def _account(target: Path) -> AsyncIterator[KnowsAgents | None]:
    """Yield the account; None without a key."""
    access = known_credentials(target)
    if access is None:
        yield None
        return
    async with provider.VENDOR.client(base_url=access.base_url, key=access.key, patience=FIRST_ANSWER) as client:
        yield client


def _write(new: NewList, text: str) -> None:
    target = new.target
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise InputError(say.name_unfit(str(new.table.path))) from None
    try:
        # Only its owner may read it, as the results: it may name people.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(say.campaign_exists(target)) from None
    except OSError as error:
        raise UsageError(say.campaign_unwritable(target, why=error.strerror)) from None
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(content)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise UsageError(say.campaign_unwritable(target, why=error.strerror)) from None
