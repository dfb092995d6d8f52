"""The errors that end a command, each with its exit code.

DialerError
 +-- UsageError                  2  nothing was dialled: the command, a file or a setting is wrong
 |    +-- CampaignError          2  the campaign file
 |    +-- InputError             2  the recipients CSV, a do-not-call list or a results CSV
 |    |    +-- ColumnError       2  it is not clear which column holds the phone numbers
 |    +-- ReplacedError          2  a list would take the place of another, whose people were called
 |    +-- BoundError             2  the ledger belongs to another agent, server or key definition
 |    +-- UnansweredError        2  a question could not be asked or was not answered
 +-- LockedError                 4  another run holds this batch
 +-- LeftError                   3  no call was placed for now; the same command continues later
 |    +-- DeclinedError          3  the user answered a question with no
 |    +-- NoLineError            3  all lines of the organisation are taken, for now
 +-- MustActError                5  stopped: the user must act first (key, money, agent, breaker)
 |    +-- LedgerError            5  the ledger cannot be read or written
 |    |    +-- UnreachableError  5  the database does not answer, for now
 |    |    +-- RunOverError      3  another host has declared this run over
 |    |    +-- OtherServerError  5  the database may lack what was recorded: another server took its place
 |    +-- DoNotCallError         5  the workspace's do-not-call list cannot be read, or lacks what it had
 +-- InterruptedRunError       130  Ctrl-C or a signal before anything was dialled

A row that cannot be called is never an exception: it is a row with a reason.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class ExitCode(IntEnum):
    """What a script can tell from the exit code; several campaigns end with the gravest."""

    DONE = 0
    """Every recipient is final and none needs a look."""
    LOOK = 1
    """Finished, but some are `error`, `unknown` or `invalid`."""
    USAGE = 2
    """Usage, campaign file or CSV wrong; nothing was dialled."""
    LEFT = 3
    """Rows are left for later: run the same command again."""
    LOCKED = 4
    """Another run holds this batch."""
    MUST_ACT = 5
    """Stopped: a person must act first."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C, drained."""
    TERMINATED = 143
    """Interrupted by SIGTERM, drained."""


class DialerError(Exception):
    """The root: a message a person can act on."""

    exit_code: ExitCode = ExitCode.MUST_ACT


class UsageError(DialerError):
    """The command, a file or a setting is wrong; nothing was dialled."""

    exit_code = ExitCode.USAGE


class CampaignError(UsageError):
    """The campaign file is wrong; the message names the key and the line."""


class InputError(UsageError):
    """A table cannot be read; the message names the file and the line."""


class ColumnError(InputError):
    """It is not clear which column holds the phone numbers; a person can choose.

    Attributes:
        columns: those that may be meant.
    """

    def __init__(self, words: str, columns: Sequence[str]) -> None:
        super().__init__(words)
        self.columns = tuple(columns)


class ReplacedError(UsageError):
    """A list would take the place of another file's, whose people were called; the user may allow it.

    Attributes:
        doubt: what would happen, in words.
    """

    def __init__(self, words: str, doubt: str) -> None:
        super().__init__(words)
        self.doubt = doubt


class BoundError(UsageError):
    """The ledger belongs to another agent, server or key definition."""


class UnansweredError(UsageError):
    """A question could not be asked, or got no answer."""


class LockedError(DialerError):
    """Another run holds this batch; the message says who and since when.

    Attributes:
        pid: the process that holds it; None where it does not say.
        host: its machine.
        since: when it began, ISO 8601.
        does: which command it is.
    """

    exit_code = ExitCode.LOCKED

    def __init__(self, words: str, *, pid: int | None = None, host: str = "", since: str = "", does: str = "") -> None:
        super().__init__(words)
        self.pid, self.host, self.since, self.does = pid, host, since, does


class LeftError(DialerError):
    """No call was placed for now; the same command continues later."""

    exit_code = ExitCode.LEFT


class DeclinedError(LeftError):
    """A person answered a question with no: nothing is wrong, and nothing was done."""


class NoLineError(LeftError):
    """All lines of the organisation are taken: a call has to wait for one."""


class MustActError(DialerError):
    """The user must act before it can continue: key, money, agent."""

    exit_code = ExitCode.MUST_ACT


class LedgerError(MustActError):
    """The ledger cannot be read or written; nothing is sent that cannot be recorded."""


class UnreachableError(LedgerError):
    """The database does not answer, or the connection is lost; what was asked may have been done."""


class RunOverError(LedgerError):
    """Another host has declared this run over: it was silent for too long. The same command continues."""

    exit_code = ExitCode.LEFT


class OtherServerError(LedgerError):
    """Another server has taken the database's place, or an older state of it: it may lack what was recorded."""


class DoNotCallError(MustActError):
    """The workspace's do-not-call list cannot be read or written, or lost entries; no call is placed."""


class InterruptedRunError(DialerError):
    """A signal came before anything was dialled."""

    exit_code = ExitCode.INTERRUPTED


def only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error in a task group; of several, the first that has a message for users, else the group."""
    errors = list(_errors(group))
    if len(errors) == 1 or all(isinstance(error, DialerError) for error in errors):
        return errors[0]
    return group


def _errors(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _errors(error)
        else:
            yield error
