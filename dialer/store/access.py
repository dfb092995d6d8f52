"""A store for callers in the event loop, which must not block: the same names, awaited."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from dialer.store.interface import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from dialer.errors import LedgerError
    from dialer.models import Answer, Attempt, Recipient, Render

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[Store, P], T], *, once: bool = False
) -> Callable[Concatenate[AsyncStore, P], Coroutine[Any, Any, T]]:
    """Return a method that does what one of the store does, once its turn comes.

    Args:
        method: of the store.
        once: done twice it would not be the same.
    """
    name = method.__name__

    async def ask(self: AsyncStore, /, *args: P.args, **kwargs: P.kwargs) -> T:
        # By name: what is asked is the engine's own method.
        return await self.call(lambda store: getattr(store, name)(*args, **kwargs), again=not once)

    ask.__name__, ask.__doc__ = name, method.__doc__
    return ask


class AsyncStore(ABC):
    """Async access to a `Store`; what is asked for is done in that order, outcomes before the intents of their group.

    Attributes:
        failure: why nothing can be recorded any more; nothing may be sent once this is set.
    """

    failure: LedgerError | None

    @abstractmethod
    async def call(self, work: Callable[[Store], T], *, again: bool = False) -> T:
        """Run work on the store that has no method of its own, such as reading or writing a file; return its result.

        Args:
            work: what to do.
            again: the work is idempotent; it may be repeated when it is unknown whether the database has done it.

        Raises:
            LedgerError: the ledger failed.
        """

    @abstractmethod
    async def intend(self, recipients: Sequence[Recipient], render: Render) -> list[Attempt]:
        """Return the attempts once their intents are on disk; see `Store.intend`.

        Raises:
            NoLineError: all lines are taken, where the store counts them.
        """

    @abstractmethod
    def settle(self, attempt: Attempt, answer: Answer) -> None:
        """Queue an outcome to be made durable; do not wait for it."""

    @abstractmethod
    def note_hold(self, seconds: float, words: str) -> None:
        """Queue a note that all sending is held, to be made durable; do not wait for it."""

    @abstractmethod
    def halt(self, why: str) -> None:
        """Queue that all runs of the batch stop; do not wait for it."""

    def may_send(self, attempt: Attempt) -> bool:  # noqa: ARG002 - as `Store` has it
        """Tell whether a request may leave whose intent was recorded; see `Store.may_send`."""
        return True

    async def flush(self) -> None:
        """Return once everything that was asked for is durable."""
        await self.call(lambda _: None)

    note = _awaited(Store.note)
    set_note = _awaited(Store.set_note)
    begin_work = _awaited(Store.begin_work, once=True)
    this_work = _awaited(Store.this_work)
    gaps = _awaited(Store.gaps)
    is_asked_to_stop = _awaited(Store.is_asked_to_stop)
    turn = _awaited(Store.turn)
    brings_list = _awaited(Store.brings_list)
    prepared = _awaited(Store.prepared)
    others = _awaited(Store.others)
    rest = _awaited(Store.rest)
    leave = _awaited(Store.leave)
    halted = _awaited(Store.halted)
    note_progress = _awaited(Store.note_progress)
    checkpoint = _awaited(Store.checkpoint)
    header = _awaited(Store.header)
    is_new = _awaited(Store.is_new)
    has_attempts = _awaited(Store.has_attempts)

    page = _awaited(Store.page)
    peek = _awaited(Store.peek)
    withhold = _awaited(Store.withhold)
    expect_waits = _awaited(Store.expect_waits)
    permit = _awaited(Store.permit, once=True)
    redial_by_plan = _awaited(Store.redial_by_plan, once=True)
    may_be_permitted = _awaited(Store.may_be_permitted)
    end_permissions = _awaited(Store.end_permissions)
    redialled = _awaited(Store.redialled)
    refused_again = _awaited(Store.refused_again)
    whereabouts = _awaited(Store.whereabouts)
    pending_among = _awaited(Store.pending_among)
    spread = _awaited(Store.spread)
    numbers_with = _awaited(Store.numbers_with)
    counts = _awaited(Store.counts)
    last_called = _awaited(Store.last_called)
    talk = _awaited(Store.talk)

    last_attempt = _awaited(Store.last_attempt)
    open_calls = _awaited(Store.open_calls)
    call_counts = _awaited(Store.call_counts)
    statuses = _awaited(Store.statuses)
    execution_ids = _awaited(Store.execution_ids)
    known_call = _awaited(Store.known_call)
    note_calls = _awaited(Store.note_calls)
    note_statuses = _awaited(Store.note_statuses)
    note_missing = _awaited(Store.note_missing)
    give_up = _awaited(Store.give_up)
    count_open = _awaited(Store.count_open)
    stoppable = _awaited(Store.stoppable)
    note_stopped = _awaited(Store.note_stopped)
    note_not_stopped = _awaited(Store.note_not_stopped)
    show_call_parts = _awaited(Store.show_call_parts)

    doubts = _awaited(Store.doubts)
    skew = _awaited(Store.skew)
    found = _awaited(Store.found, once=True)
    callable_numbers = _awaited(Store.callable_numbers)
    adopt = _awaited(Store.adopt, once=True)
    doubt = _awaited(Store.doubt, once=True)
    knows_reference = _awaited(Store.knows_reference)
    calls_since = _awaited(Store.calls_since)
    search_from = _awaited(Store.search_from)
    note_searched = _awaited(Store.note_searched)
    wait_until = _awaited(Store.wait_until)
