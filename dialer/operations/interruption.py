"""Leaving off when somebody asks to, without an error of its own wrapped in a group."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import anyio

from dialer.errors import InterruptedRunError, only

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from dialer.engine.control import Control


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
    """Leave what is inside at once when somebody asks to stop.

    Raises:
        InterruptedRunError: somebody did.
    """
    async with until(control.drain):
        yield
    if control.drain.is_set():
        raise InterruptedRunError(f"{control.stopped} while {doing}; nothing was dialled.")
