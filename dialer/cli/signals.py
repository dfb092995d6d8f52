"""Ctrl-C, SIGTERM and SIGHUP: the first one drains, the second one aborts."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from dialer.cli.asking import say
from dialer.errors import ExitCode, InterruptedRunError, only
from dialer.messages.cli import STOPPING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.engine.control import Control


def with_signals(
    work: Callable[[Control], Awaitable[Any]], *, say: Callable[[str], None] = say
) -> tuple[Any, signal.Signals | None]:
    """Run some work that Ctrl-C, SIGTERM and SIGHUP ask to drain, and a second time to stop at once."""
    import anyio  # noqa: PLC0415 - status and help do without

    from dialer.engine.control import Control  # noqa: PLC0415 - as above

    control = Control()
    first: list[signal.Signals] = []
    watched = [signal.SIGINT, signal.SIGTERM]
    # nohup ignores SIGHUP, and so do we then.
    watched += [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]

    async def listen(*, task_status: Any) -> None:  # noqa: ANN401 - anyio's
        with anyio.open_signal_receiver(*watched) as signals:
            task_status.started()
            async for received in signals:
                first.append(received)
                control.interrupt()
                if len(first) == 1:
                    say(STOPPING)

    async def main() -> Any:  # noqa: ANN401 - whatever the work returns
        async with anyio.create_task_group() as tasks:
            await tasks.start(listen)
            outcome = await work(control)
            tasks.cancel_scope.cancel()
        return outcome

    try:
        outcome = anyio.run(main)
    except BaseExceptionGroup as group:
        error = only(group)
        if isinstance(error, InterruptedRunError) and first and first[0] == signal.SIGTERM:
            error.exit_code = ExitCode.TERMINATED
        raise error from None
    return outcome, first[0] if first else None


def unless_terminated(code: ExitCode, stopped_by: signal.Signals | None) -> ExitCode:
    """Return the exit code, that of SIGTERM where this is what interrupted it."""
    return ExitCode.TERMINATED if code is ExitCode.INTERRUPTED and stopped_by == signal.SIGTERM else ExitCode(code)
