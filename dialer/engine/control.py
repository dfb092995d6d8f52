"""How a run is stopped, and how what goes on then is left without an error of its own wrapped in a group."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio

from dialer.errors import InterruptedRunError, only
from dialer.messages.engine import nothing_dialled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine


class Control:
    """How a run is stopped; the owner of the signals holds it."""

    def __init__(self) -> None:
        self.drain = anyio.Event()
        """Stop sending, let what is in flight finish."""
        self.abort = anyio.Event()
        """Cancel now: what is in flight is `unknown`."""
        self.stopped = ""
        """Who stopped it, in words; empty until then."""
        self.is_paused = False
        """Whether a pause is what stopped it, or came besides."""
        self._interrupted = False

    def interrupt(self) -> None:
        """The first time drain, the second time abort."""
        if self._interrupted:
            self.abort.set()
        self._interrupted = True
        self.stop("Interrupted")

    def stop(self, words: str) -> None:
        """Drain, for a reason that a person understands."""
        self.stopped = self.stopped or words
        self.drain.set()

    def pause(self, words: str) -> None:
        """Drain, because a person has paused it."""
        self.is_paused = True
        self.stop(words)


@contextlib.asynccontextmanager
async def beside(task: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> AsyncIterator[None]:  # noqa: ANN401 - the task's
    """Run a task beside what is inside, until that ends; an error of either is raised as it is."""
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(task, *arguments)
            yield
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        error = only(group)
        raise error from error.__cause__


@contextlib.asynccontextmanager
async def until(stop: anyio.Event) -> AsyncIterator[None]:
    """Leave what is inside at once when an event is set."""

    async def leave(scope: anyio.CancelScope) -> None:
        await stop.wait()
        scope.cancel()

    with anyio.CancelScope() as scope:
        async with beside(leave, scope):
            yield


@contextlib.asynccontextmanager
async def interruptible(control: Control, *, doing: str) -> AsyncIterator[None]:
    """Leave what is inside at once when a person asks to stop.

    Raises:
        InterruptedRunError: a person asked to stop.
    """
    async with until(control.drain):
        yield
    if control.drain.is_set():
        raise InterruptedRunError(nothing_dialled(control.stopped, doing=doing))
