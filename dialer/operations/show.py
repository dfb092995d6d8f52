"""Everything that the ledgers of a folder know of one number: what is needed when somebody complains."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError, DoNotCallError, ExitCode, UnreachableError, UsageError
from dialer.messages.operations import workspace as say
from dialer.models import Problem, e164
from dialer.numbers import SPECIAL, judge, spellings
from dialer.operations.dnc import entries_of, list_of
from dialer.operations.ledger_identity import TIMEZONE
from dialer.operations.workspace_batches import batches_around

if TYPE_CHECKING:
    from dialer.config.workspace import Workspace
    from dialer.operations.dnc import Entry
    from dialer.operations.workspace_batches import Kept
    from dialer.store import Person

_DIGIT = re.compile(r"\d")
_WHOLE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Found:
    """What one ledger knows.

    Attributes:
        ledger: its path, or the batch's name in the workspace's database.
        batch: the batch's name.
        agent: the agent's id.
        timezone: the zone by whose clock its times are shown; empty: the machine's.
        is_trial: it calls a stand-in on this machine: no phone rings.
        people: all recipients with the number.
    """

    ledger: str
    batch: str
    agent: str
    timezone: str
    is_trial: bool
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the ledgers of a folder know.

    Attributes:
        number: E.164.
        ledgers: how many were read.
        found: those that know the number.
        unread: those that could not be read, or the do-not-call list: path and why.
        currency: of the costs; None where `dialer.toml` does not say.
        listed: what the workspace's do-not-call list has of it.
    """

    number: str
    ledgers: int
    found: tuple[Found, ...]
    unread: tuple[tuple[str, str], ...]
    currency: str | None
    listed: tuple[Entry, ...]

    @property
    def exit_code(self) -> ExitCode:
        """LOOK where a ledger could not be read: it may know more."""
        return ExitCode.LOOK if self.unread else ExitCode.DONE


def show_number(text: str, *, folder: Path | None = None, sandbox: bool = False) -> Shown:
    """Return every attempt at a number; runs may be active.

    Args:
        text: the number with `+` and country code, as people write it.
        folder: searched for ledgers, with the folders in it; None: the workspace around the working directory, with the
            ledgers that it lists elsewhere. A workspace with a database is searched whole.
        sandbox: search only ledgers of trials.

    Raises:
        UsageError: the text is not such a number, or there is no ledger.
    """
    number = _number(text)
    found: list[Found] = []
    unread: list[tuple[str, str]] = []
    with batches_around(folder, sandbox=sandbox) as batches:
        for kept in batches:
            try:
                found.append(_found(kept, number))
            except UsageError:
                # A run was killed before it recorded anything in it.
                found.append(Found(kept.shown, "", "", "", is_trial=False, people=()))
            except UnreachableError:
                # With a database, none of the others could be read either.
                raise
            except DialerError as error:
                unread.append((kept.shown, str(error)))
    workspace, listed = workspace_of(folder or Path()), _listed(number, folder or Path(), unread)
    if not found and not unread and not listed:
        raise UsageError(_nothing(workspace, folder, sandbox=sandbox))
    known = tuple(one for one in found if one.people)
    return Shown(e164(number), len(found), known, tuple(unread), workspace.currency, listed)


def _nothing(workspace: Workspace, folder: Path | None, *, sandbox: bool) -> str:
    if workspace.database is not None and not sandbox:
        return say.no_batch(workspace.database.shown)
    return say.no_ledger(folder or workspace.folder, has_trials=not sandbox and _has_trials(folder))


def _has_trials(folder: Path | None) -> bool:
    with batches_around(folder, sandbox=True) as trials:
        return bool(trials)


def _listed(number: int, folder: Path, unread: list[tuple[str, str]]) -> tuple[Entry, ...]:
    try:
        return entries_of(number, folder)
    except DoNotCallError as error:
        unread.append((str(list_of(folder).path), str(error)))
        return ()


def _number(text: str) -> int:
    # What a ledger has is shown, whatever is thought of the number by now.
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    judged = judge(text, allow=frozenset(SPECIAL))
    if isinstance(judged, Problem):
        reason = say.NO_COUNTRY if "+" not in text and _DIGIT.search(text) else judged.reason
        raise UsageError(say.not_a_number(text, why=reason))
    return judged.digits


def _found(kept: Kept, number: int) -> Found:
    with kept.opened() as ledger:
        return Found(
            ledger=kept.shown,
            batch=ledger.note("batch") or "",
            agent=ledger.note("agent") or "",
            timezone=ledger.note(TIMEZONE) or "",
            is_trial=ledger.note("server") == "loopback",
            people=tuple(person for spelling in spellings(number) for person in ledger.people_with(spelling)),
        )
