"""The workspace's do-not-call list: add numbers, show it, remove numbers, accept outside changes."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer import numbers
from dialer.config.workspace import workspace_of
from dialer.errors import DeclinedError, DialerError, DoNotCallError, UsageError
from dialer.escaping import guarded
from dialer.export.results import rewritten, was_changed
from dialer.files import unwritable
from dialer.intake.do_not_call import SharedList
from dialer.intake.do_not_call.reading import read
from dialer.intake.do_not_call.shared_list import current, reason_of
from dialer.messages.operations import dnc as say
from dialer.messages.operations import files
from dialer.models import Problem, e164
from dialer.moments import shown
from dialer.operations.accepted_calls import accepted_calls
from dialer.operations.do_not_call import Seen
from dialer.operations.pause import IN_DATABASE
from dialer.operations.stores import shared_place
from dialer.operations.workspace_batches import kept_batches
from dialer.store.do_not_call import NOTHING, Row
from dialer.store.engines import do_not_call_list

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from dialer.config.workspace import Workspace
    from dialer.operations.accepted_calls import Accepted
    from dialer.operations.workspace_batches import Kept
    from dialer.store.do_not_call import DoNotCall, Extent

LEAVING = 0.1
"""Seconds that a request may need from its last check until it has left: `add_numbers` returns so long after its fsync.

A run that is frozen or starved in between (Ctrl-Z, SIGSTOP, a suspended machine) may still send that one request when
it goes on: a request is checked last as its body is handed to the connection, and nothing can be checked after that.
"""
_SAME = 6
"""Digits at the end that all spellings of a line have in common, however its beginning is written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A number on the list, as added by one source.

    Attributes:
        number: E.164.
        since: when it was added, as written in the list.
        source: who or what requested it.
        is_in_force: the number is not called.
        ended: when the entry was revoked; empty if it was not.
        reason: why it was revoked.
    """

    number: str
    since: str
    source: str
    is_in_force: bool
    ended: str
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """What was added.

    Attributes:
        path: the list.
        added: E.164.
        known: numbers that an entry of the same source already blocked.
        is_alone: there is no `dialer.toml`, so the list applies to the campaigns with results in this folder.
        accepted: calls to them that the provider accepted before, and that may still ring.
    """

    path: str
    added: tuple[str, ...]
    known: tuple[str, ...]
    is_alone: bool
    accepted: tuple[Accepted, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """A ledger that has seen another list.

    Attributes:
        ledger: its path, or the batch's name in the workspace's database.
        lines: how many lines that list had.
        at: when it was seen.
    """

    ledger: str
    lines: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What is accepted.

    Attributes:
        path: the list.
        lines: how many lines it has.
        lost: the ledgers that have seen another one, that of the longest list first.
    """

    path: str
    lines: int
    lost: tuple[Lost, ...]


def add_numbers(
    typed: Sequence[str], folder: Path, *, file: Path | None = None, source: str = "", region: str | None = None
) -> Added:
    """Put numbers on the list of a workspace: in force, for all its runs, before this returns.

    Args:
        typed: numbers, as people write them.
        folder: of the workspace, as in `list_batches`.
        file: a list of more numbers, read as do-not-call lists are.
        source: who or what asked for it, in words.
        region: ISO code of the country of numbers without a plus; None when there may be none.

    Raises:
        UsageError: something is not a whole number; nothing is added.
        DoNotCallError: the list cannot be read or written.
    """
    if region is not None and not numbers.known_region(region):
        raise UsageError(say.no_region(region))
    wanted = dict.fromkeys(number for text in typed for number in _possible(text, region))
    if file is not None:
        wanted |= dict.fromkeys(read(file, region=region, plus_lost=False).numbers)
    shared, source = list_of(folder), _one_line(source)
    try:
        known = SharedList.load(shared)
    except DoNotCallError as error:
        raise DoNotCallError(say.not_added(str(error))) from error
    with shared.adding() as adding:
        known = _again(known)
        fresh = [number for number in wanted if not known.has(number, source)]
        if fresh:
            adding.add([Row(e164(number), _now(), source) for number in fresh])
    time.sleep(LEAVING if shared.files else IN_DATABASE)
    return Added(
        str(shared.path),
        tuple(map(e164, fresh)),
        tuple(map(e164, wanted.keys() - set(fresh))),
        is_alone=not workspace_of(folder).has_settings,
        accepted=accepted_calls(wanted, folder),
    )


def listed_numbers(folder: Path) -> tuple[Entry, ...]:
    """Return every current and former entry of a workspace's list, in the list's order.

    Raises:
        DoNotCallError: the list cannot be read.
    """
    shared = list_of(folder)
    return tuple(_entry(*one) for one in current(_rows(shared), shared.path))


def entries_of(number: int, folder: Path) -> tuple[Entry, ...]:
    """Return what the list of a workspace has of a number, in whatever spelling.

    Raises:
        DoNotCallError: the list cannot be read.
    """
    spelled = set(map(e164, numbers.spellings(number)))
    shared, ending = list_of(folder), str(number)[-_SAME:]
    # Of a million rows all but a few need not be read as numbers.
    rows = (row for row in _rows(shared) if row.number.endswith(ending) or not _ends_in_digits(row.number))
    found = [_entry(*one) for one in current(rows, shared.path)]
    return tuple(entry for entry in found if entry.number in spelled)


def remove_number(text: str, folder: Path, *, reason: str, source: str | None = None) -> Entry:
    """End an entry: the number may be called again, unless another source has put it on the list as well.

    Args:
        text: the number with `+` and country code, as people write it.
        folder: of the workspace, as in `list_batches`.
        reason: why, in words.
        source: whose entry; None where there is only one.

    Raises:
        UsageError: it has no such entry, or several; or no reason is given.
        DoNotCallError: the list cannot be read or written.
    """
    reason = _one_line(reason)
    if not reason:
        raise UsageError(say.NO_REASON)
    (number, *_) = _possible(text, None)
    shared = list_of(folder)
    with shared.adding() as adding:
        entries = [entry for entry in entries_of(number, folder) if entry.is_in_force]
        named = [entry for entry in entries if source is None or entry.source == _one_line(source)]
        if not entries:
            raise UsageError(say.not_listed(e164(number), shared.path))
        if len(named) != 1:
            raise UsageError(say.which_source(e164(number), [entry.source for entry in entries]))
        (entry,) = named
        ended = _now()
        adding.add([Row(entry.number, entry.since, entry.source, ended, reason)])
    return replace(entry, is_in_force=False, ended=ended, reason=reason)


def export_numbers(folder: Path, to: Path | None) -> str:
    """Return the numbers that are blocked as a CSV that others can read, or write it to a file.

    Raises:
        UsageError: the file cannot be written, or was changed since it was written.
        DoNotCallError: the list cannot be read.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("phone_number", "since", "source"))
    for entry in listed_numbers(folder):
        if entry.is_in_force:
            writer.writerow((entry.number, *map(guarded, (entry.since, entry.source))))
    if to is None:
        return text.getvalue()
    if to.resolve() in {path.resolve() for path in list_of(folder).files}:
        raise UsageError(say.onto_itself(to))
    if why := unwritable(to):
        raise UsageError(say.unfit_export(to, why=why))
    if was_changed(to):
        raise UsageError(files.stays("--to", to))
    try:
        with rewritten(to) as file:
            file.write(text.getvalue())
    except OSError as error:
        raise UsageError(files.export_unwritable(to, why=error.strerror)) from None
    return ""


async def accept_list(folder: Path, *, confirm: Callable[[Change], Awaitable[bool]]) -> Change:
    """Accept the list of a workspace as it is: batches no longer miss entries of an earlier list.

    Args:
        folder: of the workspace, as in `list_batches`.
        confirm: receives what would be accepted; if it returns no, nothing is.

    Raises:
        DeclinedError: `confirm` did not return yes.
        DoNotCallError: the list cannot be read.
    """
    workspace, shared = workspace_of(folder), list_of(folder)
    # An unreadable line stops every run, even if accepted.
    extent = SharedList.load(shared).extent
    change = Change(str(shared.path), extent.lines, tuple(_lost(shared, workspace)))
    if not await confirm(change):
        raise DeclinedError(say.NOT_ACCEPTED)
    shared.accept(extent)
    return change


def _lost(shared: DoNotCall, workspace: Workspace) -> Sequence[Lost]:
    found = []
    for sandbox in (False, True):
        with kept_batches(workspace, sandbox=sandbox) as batches:
            for kept in batches:
                extent = _seen_by(kept, shared)
                if not shared.begins_with(extent):
                    found.append(Lost(kept.shown, extent.lines, shown(extent.at, None)))
    return sorted(found, key=lambda one: -one.lines)


def _seen_by(kept: Kept, shared: DoNotCall) -> Extent:
    # `list` and the next run report an unreadable ledger.
    with contextlib.suppress(DialerError), kept.opened() as store:
        return Seen.of(store).expected(shared).extent
    return NOTHING


def list_of(folder: Path) -> DoNotCall:
    """Return the list of the workspace around a folder.

    Raises:
        DialerError: `dialer.toml` is wrong, or its database cannot be used.
    """
    workspace = workspace_of(folder)
    return do_not_call_list(workspace.folder, database=shared_place(workspace))


def _again(known: SharedList) -> SharedList:
    try:
        return known.again()
    except DoNotCallError:
        # An editor has saved it meanwhile.
        return SharedList.load(known.file)


def _rows(shared: DoNotCall) -> Iterable[Row]:
    return shared.read().rows()


def _ends_in_digits(text: str) -> bool:
    return text.isascii() and text[-_SAME:].isdigit()


def _entry(number: int, row: Row, in_force: bool) -> Entry:  # noqa: FBT001 - as `current` gives it
    return Entry(e164(number), row.since, row.source, in_force, row.ended, row.reason)


def _possible(text: str, region: str | None) -> tuple[int, ...]:
    found = numbers.possible(text, region=region)
    if isinstance(found, Problem):
        raise UsageError(say.not_whole(text, why=reason_of(found)))
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
