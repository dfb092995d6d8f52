"""What the others may do with a batch's ledger: methods by name, values in, values out.

What changes something is a transaction: whole or not at all, and on disk when it returns.
`tests/test_store_contract.py` states what each promises: an engine that keeps it can take the place of SQLite.

    who uses it                    what it gets
    everybody                      Notes
    run, reconcile, track, cancel  Store, by way of `AsyncStore`
    status, show, results, check   Store, opened for reading
    report                         Report
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dialer.store.following import Following
from dialer.store.joining import Joining
from dialer.store.redial import Redialling

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dialer.input_rows import InputRows
    from dialer.models import (
        Answer,
        Attempt,
        CallCount,
        Recipient,
        Render,
        ResultRow,
        Status,
        Talk,
        Whereabouts,
    )
    from dialer.store.records import (
        Calls,
        Hold,
        Located,
        People,
        Person,
        Pulse,
        Talked,
        Trouble,
        Written,
    )


JUDGED = "input_judged"
"""Name of the note of the input that a ledger holds, and the rules it was judged by.

Other changes of the recipient that a row of the input belongs to (`permit`, `merge`, `adopt`) delete it."""


AGENT_NAME = "name_of_agent"
"""Name of the note of the agent's last known name at the provider."""


class Notes(Protocol):
    """Texts kept by name."""

    def note(self, name: str) -> str | None:
        """Return a named note, or None."""

    def set_note(self, name: str, value: str) -> None:
        """Keep a named note."""


class Work(Notes, Protocol):
    """One piece of work at a time holds the ledger, or several runs that joined each other."""

    def begin_work(self, *, former: str | None = None, does: str = "run", joins: bool = False) -> str:
        """Begin a piece of work and return its id; what a dead run left `sending` is `unknown` then.

        Where this is not the ledger that the last work left, that calls may be missing is noted.

        Args:
            former: the last work, as version 0.1 tells it beside the ledger.
            does: which command it is.
            joins: it works beside the runs that work on it.
        """

    def this_work(self) -> str:
        """Return the id of the work that was begun by this store; empty where none was."""

    def gaps(self) -> list[tuple[float, float]]:
        """Return when calls may have been placed of which the ledger does not know (Unix seconds), in order."""

    def note_gap(self, since: float, until: float) -> None:
        """Note that in a span of time (Unix seconds) calls may have been placed of which the ledger does not know."""

    def is_asked_to_stop(self, work: str) -> bool:
        """Tell whether another process asked this work to stop."""

    def transaction(self) -> AbstractContextManager[object]:
        """Do everything inside in one transaction."""

    def list_transaction(self) -> AbstractContextManager[object]:
        """Do a load and what goes with it in one transaction: where hosts share the batch, they wait for its end only.

        Raises:
            RunOverError: this run was declared over meanwhile, and another one brings the list.
        """

    def together(self) -> AbstractContextManager[object]:
        """Do everything inside in as few commits as it takes; each is durable at the end."""

    def may_send(self, attempt: Attempt) -> bool:
        """Tell whether a request may leave whose intent was recorded; to be asked right before it does."""

    def beat(self) -> bool:
        """Do what the signs of life of this work have found to be done; return whether it may go on."""

    def come_back(self) -> bool:
        """Connect again after an UnreachableError; return whether this work goes on.

        Raises:
            UnreachableError: it cannot be reached yet.
        """

    def checkpoint(self) -> None:
        """Bring everything into the one file that a copy of the ledger takes along."""

    def close(self) -> None:
        """Close it."""


class Input(Notes, Protocol):
    """The list of recipients, judged."""

    def load(
        self, header: Sequence[str], *, phones: Sequence[str], id_column: str | None, chunks: Iterable[InputRows]
    ) -> None:
        """Replace the input by a newly judged one, all of it or nothing."""

    def header(self) -> tuple[str, ...]:
        """Return the column names of the current input."""

    def phones(self) -> tuple[str, ...]:
        """Return the columns that the numbers of the current input are in, in the order in which they count."""

    def is_new(self) -> bool:
        """Tell whether no recipient was ever recorded here."""

    def has_attempts(self) -> bool:
        """Tell whether anybody was ever about to be called."""

    def attempted_numbers(self, *, of: Callable[[int], bool] = ..., refused: bool = True) -> dict[int, tuple[str, ...]]:
        """Return number → keys under which it was attempted, of the numbers that are asked for.

        Where not asked for the refused ones: only those to which a call may have been placed.
        """

    def attempted(self, keys: Sequence[str]) -> dict[str, Status]:
        """Return the state of those keys that were attempted."""


class Dialling(Protocol):
    """What a run needs: who is to be called, and what came of it."""

    def page(self, *, after: int, size: int) -> list[Recipient]:
        """Return the next callable recipients in input order, from beyond a position."""

    def peek(self, *, after: int, size: int) -> list[Recipient]:
        """Return what `page` would, and leave it to other runs to call them."""

    def intend(self, recipients: Sequence[Recipient], render: Render, *, now: float | None = None) -> list[Attempt]:
        """Note that these are about to be called, and with which bodies; those who may not be any more are left out."""

    def settle(self, outcomes: Sequence[tuple[Attempt, Answer]], *, now: float | None = None) -> None:
        """Note how attempts at different recipients ended."""

    def withhold(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Note that these were surely not sent: it is as if they were never tried."""

    def note_hold(self, seconds: float, words: str, *, now: float | None = None) -> None:
        """Record that all sending is held for a number of seconds from now, and why."""

    def expect_waits(self, seconds: float) -> None:
        """Note for how long somebody may hold an intent before the request leaves."""

    def whereabouts(self, *, width: int) -> list[Located]:
        """Return the places of the people to be called, by blocks of so many rows of the input."""

    def places(self) -> Iterator[tuple[Whereabouts, bool]]:
        """Yield the places of the people to be called, each place once, and whether at a `scheduled_at`."""

    def pending_among(self, numbers: Sequence[int]) -> dict[int, tuple[int, int, Whereabouts, str | None]]:
        """Return who is to be called and has one of some numbers (integer keys).

        Each with number, position, where they may be, and `scheduled_at`.
        """

    def spread(self, size: int) -> list[int]:
        """Return the numbers of at most so many of the callable rows, spread evenly over the input."""

    def numbers_with(self, code: str) -> list[int]:
        """Return the numbers of the input's rows that are not called for a reason."""


class Results(Protocol):
    """The rows of the results file, and what such a file knows more than the ledger."""

    def results(self, *, pending: bool = True, after: int = 0) -> Iterator[ResultRow]:
        """Yield one row per input row in input order, then the called recipients who are no longer in the input.

        Without those up to the position `after`, and, where `pending` is false, without those still to be called.
        """

    def results_of(self, positions: Sequence[int]) -> list[ResultRow]:
        """Return the result rows of some positions of the input, in input order."""

    def unchanged_results(self) -> int:
        """Return up to which position no result has changed since this was last asked, and watch them from now on."""

    def call_parts(self) -> frozenset[str] | None:
        """Return which of a call's long parts the results show; None where no call was tracked yet."""

    def show_call_parts(self, parts: Collection[str]) -> None:
        """Keep which of a call's long parts the results show from now on."""

    def knows(self, key: str) -> bool:
        """Tell whether a key is recorded."""

    def behind(self, rows: Iterable[Written]) -> int:
        """Return how many rows of a results file are further than the ledger."""

    def merge(self, header: Sequence[str], rows: Iterable[Written]) -> dict[Status, int]:
        """Take over what a results file knows further than the ledger; return how many by status taken over."""


class Progress(Protocol):
    """How far the batch is."""

    def counts(self) -> dict[Status, int]:
        """Count the rows of the input by state; a recipient who may be called again is pending."""

    def call_counts(self) -> list[CallCount]:
        """Count the accepted calls by status."""

    def pulse(self, *, now: float | None = None) -> Pulse:
        """Return how the batch goes on at this moment."""

    def recent_requests(self, *, most: int) -> list[float]:
        """Return when the last requests were made (Unix seconds), the latest first; look at so many at most."""

    def last_called(self) -> float | None:
        """Return when the last of the input was called who is `queued` and stays so (Unix seconds)."""

    def talk(self) -> Talk:
        """Return how long people talked in the last calls that are over."""

    def people_with(self, number: int) -> list[Person]:
        """Return everybody with a number, and the rows that have it and are not called."""


class Report(Progress, Notes, Protocol):
    """What a report counts."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Read everything inside from one snapshot, even while a run writes."""

    def span(self) -> tuple[int, float | None, float | None]:
        """Return how many requests were made, and when the first and the last one were (Unix seconds)."""

    def left(self) -> int:
        """Return how many were called and are no longer in the input."""

    def people(self) -> list[People]:
        """Return the people of the input, counted by all that they have in common."""

    def calls(self) -> list[Calls]:
        """Return all calls, counted by how they ended."""

    def calls_by_time(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield the start of each quarter of an hour (Unix seconds) and the number of calls placed in it.

        Also how many of them reached a person, and for how many that is unknown.
        """

    def called_numbers(self) -> Iterator[tuple[int, bool, bool]]:
        """Yield the number of each person with an accepted call.

        Also whether they were reached, and whether that is unknown.
        """

    def callers(self) -> Iterator[tuple[str | None, str | None, int]]:
        """Yield agent and caller number of calls (None: the batch's, the provider's) and to how many people."""

    def answers(self) -> Iterator[tuple[Talked, str]]:
        """Yield what the agent noted of each of the people who were reached: of their last call with a note."""

    def missed(self, size: int) -> Iterator[tuple[Talked, str, int]]:
        """Yield the first of those whom another call may reach, with their last call, its outcome, and how many."""

    def recorded(self, size: int) -> Iterator[tuple[Talked, float]]:
        """Yield the longest calls that reached somebody and were recorded, and their seconds."""

    def talks(self, *, step: float, ranks: Sequence[int]) -> tuple[list[tuple[int, int]], list[float]]:
        """Return how long the calls that reached somebody lasted.

        Args:
            step: the calls are counted that lasted from so many steps (of seconds) to one more.
            ranks: and the lengths returned of the calls that have so many shorter ones below them.
        """

    def retried(self) -> list[tuple[int | None, int]]:
        """Return HTTP status (None: no answer) and number of the requests that were surely not taken and made again."""

    def refusals(self) -> Iterator[tuple[str, int]]:
        """Yield why rows of the input were refused, and how many; the most frequent first."""

    def troubles(self, *, first: int) -> Iterator[Trouble]:
        """Yield what is wrong, by reason, with the first few rows of each."""

    def holds(self) -> Iterator[Hold]:
        """Yield the times when all sending was held, in order; overlapping ones are merged, with the first reason."""


class Store(Work, Joining, Input, Dialling, Redialling, Following, Results, Report, Protocol):
    """A batch's ledger; one thread at a time may use it."""
