"""A database that does not answer is waited for, in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dialer.errors import RunOverError, UnreachableError
from dialer.messages import database as say_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialer.models import Answer, Attempt
    from dialer.store.interface import Store

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to reach it; the pause doubles."""
_WORTH_SAYING = 1.0


def come_back(
    ledger: Store,
    error: UnreachableError,
    *,
    outcomes: Sequence[tuple[Attempt, Answer]],
    gives_up: Callable[[float], bool],
    say: Callable[[str], None],
) -> None:
    """Return once a database answers again.

    Args:
        ledger: a batch in it.
        error: why it does not.
        outcomes: of calls, to be recorded also where this run may not go on.
        gives_up: waits for so many seconds; tells whether to wait no more.
        say: given what a person should know.

    Raises:
        UnreachableError: it is waited for no more.
        RunOverError: another host has declared this run over; the outcomes are recorded.
    """
    began, pause, said = time.monotonic(), _FIRST_PAUSE, False
    while True:
        try:
            goes_on = ledger.come_back()
            if not goes_on:
                ledger.settle(outcomes)
            break
        except UnreachableError as again:
            error = again
        if gives_up(pause):
            raise error
        if not said and time.monotonic() - began > _WORTH_SAYING:
            said = True
            say(say_of.not_answering(str(error)))
        pause = min(2 * pause, _LONGEST_PAUSE)
    if not goes_on:
        raise RunOverError(say_of.run_over())
    if said:
        say(say_of.answers_again(seconds=time.monotonic() - began))
