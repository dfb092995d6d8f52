"""Everything that the ledgers of a folder know of one number: what is needed when somebody complains."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError, DoNotCallError, ExitCode, UsageError
from dialer.messages.operations import workspace as say
from dialer.models import Problem, e164
from dialer.numbers import SPECIAL, judge, spellings
from dialer.operations.dnc import entries_of
from dialer.operations.ledger_files import known_ledgers
from dialer.operations.ledger_identity import TIMEZONE
from dialer.store.engines import do_not_call_list, read_ledger

if TYPE_CHECKING:
    from dialer.operations.dnc import Entry
    from dialer.store import Person

_DIGIT = re.compile(r"\d")
_WHOLE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Found:
    """What one ledger knows.

    Attributes:
        ledger: its path.
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
            ledgers that it lists elsewhere.
        sandbox: search only ledgers of trials.

    Raises:
        UsageError: the text is not such a number, or there is no ledger.
    """
    number = _number(text)
    found: list[Found] = []
    unread: list[tuple[str, str]] = []
    for path in known_ledgers(folder, sandbox=sandbox):
        try:
            found.append(_found(path, number))
        except UsageError:
            # A run was killed before it recorded anything in it.
            found.append(Found(str(path), "", "", "", is_trial=False, people=()))
        except DialerError as error:
            unread.append((str(path), str(error)))
    listed = _listed(number, folder or Path(), unread)
    if not found and not unread and not listed:
        where = folder or workspace_of(Path()).folder
        raise UsageError(say.no_ledger(where))
    known = tuple(one for one in found if one.people)
    return Shown(e164(number), len(found), known, tuple(unread), workspace_of(folder or Path()).currency, listed)


def _listed(number: int, folder: Path, unread: list[tuple[str, str]]) -> tuple[Entry, ...]:
    try:
        return entries_of(number, folder)
    except DoNotCallError as error:
        unread.append((str(do_not_call_list(workspace_of(folder).folder).path), str(error)))
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


def _found(path: Path, number: int) -> Found:
    with contextlib.closing(read_ledger(path)) as ledger:
        return Found(
            ledger=str(path),
            batch=ledger.note("batch") or "",
            agent=ledger.note("agent") or "",
            timezone=ledger.note(TIMEZONE) or "",
            is_trial=ledger.note("server") == "loopback",
            people=tuple(person for spelling in spellings(number) for person in ledger.people_with(spelling)),
        )
