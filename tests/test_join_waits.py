"""Joined runs that wait: for the list, for the database at their start, and for each other after a failover."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from dialer.errors import ExitCode
from dialer.store.postgres.runs import LEASE
from tests.engines import skip_where_missing
from tests.harness import PATIENCE, wait_until
from tests.place import HEADER, awkward
from tests.postgres_proxy import Proxy
from tests.test_database_run import database
from tests.test_join import Hosts, hosts

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.place import Place
    from tests.postgres_server import Server

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
    here.place.recipients([[*row[:2], "x" * 20_000, row[3]] for row in awkward(here.count)], header=HEADER)
    frozen = here.start(program=("-c", _FREEZES_IN_COPY, str(lease)))
    wait_until(lambda: is_frozen(frozen) or frozen.poll() is not None)
    return frozen


def is_frozen(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process stands still."""
    stat = Path(f"/proc/{process.pid}/stat").read_text() if process.poll() is None else ""
    return stat.rpartition(")")[2].split()[:1] == ["T"]


def test_one_that_is_frozen_while_it_copies_the_list_holds_nobody_up_for_long(hosts: Callable[..., Hosts]) -> None:
    """Another one brings the list once the lease is over; what the frozen one has copied is gone, and so is its run."""
    here = hosts(8)
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
    here = hosts(8)
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


_PATIENT = """
import sys
from dialer.__main__ import main
from dialer.store.postgres.runs import Runs
Runs.lease = float(sys.argv.pop(1))
sys.exit(main())
"""
_CALLED = "SELECT count(*) FROM dialer.attempt a JOIN dialer.run r ON r.id = a.run WHERE r.pid = %s"


@pytest.fixture
def server() -> Iterator[Server]:
    skip_where_missing("postgres")
    from tests.postgres_server import Server  # noqa: PLC0415 - where it is installed

    made = Server(fsync="off")
    yield made
    made.close()


@contextlib.contextmanager
def standing_still(processes: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Have processes stand still while something is done that takes long on a busy machine."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    yield
    for process in processes:
        process.send_signal(signal.SIGCONT)


def test_after_a_failover_a_run_calls_nobody_until_each_other_one_has_said_whom_it_has_called(
    place: Place, server: Server
) -> None:
    """The server that takes the place lacks calls of both, and one of them stands still when it does."""
    name = server.database().rpartition("dbname=")[2]
    proxy = Proxy(str(server.folder))
    here = Hosts(place, f"postgresql:///{name}?host={proxy.folder}&user=owner", count=40, rate="5/second")
    with contextlib.ExitStack() as stack:
        for one in (proxy, here):
            stack.callback(one.close)
        goes_on, silent = runs = [here.start(program=("-c", _PATIENT, str(PATIENCE))) for _ in range(2)]
        here.wait_for_calls(5)
        with standing_still(runs):
            replica = server.copied()
            stack.callback(replica.close)
        with psycopg.connect(server.url(name), autocommit=True) as db:
            before = [asked(db, _CALLED, run.pid) for run in runs]
            wait_until(
                lambda: all(asked(db, _CALLED, run.pid) > count for run, count in zip(runs, before, strict=True))
            )
        silent.send_signal(signal.SIGSTOP)
        with standing_still([goes_on]):
            server.stop(signal.SIGQUIT)
            replica.promote()
            proxy.leads_to(str(replica.folder))
            proxy.cut()
        with psycopg.connect(replica.url(name), autocommit=True) as db:
            wait_until(lambda: asked(db, "SELECT count(*) FROM dialer.run WHERE server = dialer.identity()") == 1)
            since, refused = time.time(), asked(db, _REFUSED)
            wait_until(lambda: asked(db, _REFUSED) >= refused + 5)
            until = time.time()
            silent.send_signal(signal.SIGCONT)
            assert here.end() == [ExitCode.DONE, ExitCode.DONE], here.told()
            assert asked(db, f"{_CALLED} AND a.at BETWEEN %s AND %s", goes_on.pid, since, until) == 0
        here.check()


_REFUSED = "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"


def asked(db: psycopg.Connection[tuple[int]], query: str, *values: object) -> int:
    row = db.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]
