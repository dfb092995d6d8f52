"""Joined runs that wait: for the list, for the database at their start, and for each other after a failover."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from dialer.errors import ExitCode
from dialer.store.postgres.runs import LEASE
from tests.harness import wait_until
from tests.place import HEADER, awkward
from tests.test_database_run import database
from tests.test_join import PATIENCE, Hosts, hosts

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable


__all__ = ["database", "hosts"]

_FREEZES_IN_COPY = """
import os, signal, sys
from dialer.__main__ import main
from dialer.store.postgres.runs import Runs
from dialer.store.postgres.session import Session
copy_text = Session.copy_text
def freeze_after(blocks):
    for block in blocks:
        yield block
        os.kill(os.getpid(), signal.SIGSTOP)
Session.copy_text = lambda self, sql, blocks: copy_text(self, sql, freeze_after(blocks))
Runs.lease = float(sys.argv.pop(1))
sys.exit(main())
"""


def start_frozen(here: Hosts, *, lease: float) -> subprocess.Popen[bytes]:
    """Start a run that stands still in the middle of the list, which it has copied in part."""
    # So long that the server has put the first rows into the table and its index before the last ones come.
    here.place.recipients([[*row[:2], "x" * 5000, row[3]] for row in awkward(here.count)], header=HEADER)
    frozen = here.start(program=("-c", _FREEZES_IN_COPY, str(lease)))
    wait_until(lambda: is_frozen(frozen) or frozen.poll() is not None)
    return frozen


def is_frozen(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process stands still."""
    stat = Path(f"/proc/{process.pid}/stat").read_text() if process.poll() is None else ""
    return stat.rpartition(")")[2].split()[:1] == ["T"]


def test_one_that_is_frozen_while_it_copies_the_list_holds_nobody_up_for_long(hosts: Callable[..., Hosts]) -> None:
    """Another one brings the list once the lease is over; what the frozen one has copied is gone, and so is its run."""
    here = hosts(40, rate="50/second")
    frozen = start_frozen(here, lease=LEASE)
    assert here.start().wait(PATIENCE) == ExitCode.DONE, here.told()
    frozen.send_signal(signal.SIGCONT)
    assert frozen.wait(PATIENCE) == ExitCode.LEFT, here.told()
    assert "declared over" in here.said(0)
    here.check()


ASKED = pytest.mark.parametrize(
    ("ask", "code"), [(signal.SIGTERM, ExitCode.TERMINATED), (signal.SIGINT, ExitCode.INTERRUPTED)]
)


@ASKED
def test_one_that_waits_for_the_list_says_for_whom_and_ends_at_once_when_asked_to(
    hosts: Callable[..., Hosts], ask: signal.Signals, code: ExitCode
) -> None:
    here = hosts(40)
    frozen, waiting = start_frozen(here, lease=PATIENCE), here.start()
    wait_until(lambda: f"(process {frozen.pid} on " in here.said(1))
    waiting.send_signal(ask)
    assert waiting.wait(PATIENCE) == code, here.told()
    assert "Interrupted while waiting for another run, which is reading the list; nothing was dialled." in here.said(1)
    assert not here.place.calls()


@ASKED
def test_one_that_the_database_lets_wait_at_its_start_ends_at_once_when_asked_to(
    hosts: Callable[..., Hosts], database: str, ask: signal.Signals, code: ExitCode
) -> None:
    """As while the tables are upgraded, or a server answers nothing more."""
    here = hosts(3)
    with psycopg.connect(database) as upgrade, psycopg.connect(database, autocommit=True) as look:
        upgrade.execute("LOCK TABLE dialer.run IN ACCESS EXCLUSIVE MODE")
        process = here.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        wait_until(lambda: look.execute(waits).fetchone() is not None or process.poll() is not None)
        process.send_signal(ask)
        assert process.wait(PATIENCE) == code, here.told()
    assert "Interrupted while waiting for the database; nothing was dialled." in here.told()
    assert not here.place.calls()
