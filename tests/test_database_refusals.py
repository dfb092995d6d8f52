"""A database that can be reached, and takes no writes for a while: a full disk, or a replica in the server's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialer.errors import UnreachableError
from tests.engines import freeze
from tests.ledgers import QUEUED, call, intend, key_of, standing
from tests.test_postgres import opened, url, working

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.store.postgres import Batch
    from dialer.store.postgres.session import Session

__all__ = ["opened", "url"]


def takes_writes(session: Session, *, does: bool) -> None:
    session._db.execute(f"SET default_transaction_read_only = {'off' if does else 'on'}".encode())


def test_a_run_waits_for_a_database_that_takes_no_writes(opened: Callable[..., Batch]) -> None:
    """As for one that is away: what was answered meanwhile is recorded later, in place of `unknown`."""
    batch = working(opened())
    attempts = intend(batch, 1)
    takes_writes(batch._session, does=False)
    for ask in (lambda: intend(batch, 2), lambda: batch.settle([(attempts[0], QUEUED)])):
        with pytest.raises(UnreachableError):
            ask()
    takes_writes(batch._session, does=True)
    batch.settle([(attempts[0], QUEUED)])
    call(batch, 2, QUEUED)
    assert [standing(batch)[key_of(one)] for one in (1, 2)] == ["queued", "queued"]


def test_after_such_a_while_no_run_declares_the_others_over_at_once(opened: Callable[..., Batch]) -> None:
    """None of them could show that it lives; who comes back first gives the others time."""
    first, other = working(opened(), joins=True), working(opened(), joins=True)
    beats = first._beats
    assert beats is not None
    # From here on a heartbeat comes only where this test asks for one.
    beats._ended.set()
    beats._thread.join()
    beats._session.reconnect()
    freeze(other)
    takes_writes(beats._session, does=False)
    assert not beats.turn()
    takes_writes(beats._session, does=True)
    assert beats.turn()
    assert first._session.one("SELECT ended FROM run WHERE id = ?", (other._session.run,)) == (None,)
    beats._held_up -= 2 * first.lease
    assert beats.turn()
    assert first._session.one("SELECT ended FROM run WHERE id = ?", (other._session.run,)) != (None,)
