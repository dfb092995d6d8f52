"""Fixtures that several test modules share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dialer.provider.bolna.sandbox import Settings, running
from dialer.store.sqlite import schema
from tests.engines import new_database, use_database
from tests.ledgers import opened, people
from tests.place import Place, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store.sqlite import Ledger


# Where a campaign names no zone, times are shown by the machine's clock: wherever the tests run, it is this one.
os.environ["TZ"] = "UTC"
time.tzset()

# Each worker and each process that the tests start would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is written here is to outlive processes, not the machine: in memory, nobody waits for a disk.
MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2_000_000_000:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

# A busy machine is no failure. Many more examples: --hypothesis-profile thorough
settings.register_profile("patient", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """Let no collection of garbage look at thousands of tests again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _nothing_leaves_this_machine() -> Iterator[None]:
    """A test that names no server of its own finds none, wherever it runs and whatever is set there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
        patch.delenv("BOLNA_API_KEY", raising=False)
        yield


def _in_memory() -> sqlite3.Connection:
    # Ledgers are opened in threads of their own.
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


@pytest.fixture(autouse=True, scope="session")
def _tables_are_made_once() -> Iterator[None]:
    """A new ledger is a copy of one that the migrations have made: they take fifty times as long as the copy."""
    with pytest.MonkeyPatch.context() as patch, closing(_in_memory()) as made:
        migrate, migrations = schema.migrate, schema.MIGRATIONS
        migrate(made)

        def copy(connection: sqlite3.Connection) -> None:
            if schema.MIGRATIONS is migrations and not schema.version_of(connection):
                made.backup(connection)
            migrate(connection)

        patch.setattr(schema, "migrate", copy)
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """What a script starts in the background ignores Ctrl-C, and so would each process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A folder and a Bolna; with `EACH_ENGINE`, its workspace uses a database as well."""
    if getattr(request, "param", "files") == "database":
        use_database(tmp_path, new_database())
        # A call may leave although a database on a busy machine takes more than half a second for it.
        monkeypatch.setattr("dialer.store.postgres.store.YOUNG", 60.0)
    with running(Settings(call_rate=None, agent_rate=None, other_rate=None)) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield Place(tmp_path, sandbox)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with six people, of whom nobody was called."""
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 6)
        yield ledger


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A Bolna where a call is over as soon as it is placed."""
    settings = Settings(
        speed=1e6,
        lines=100,
        call_rate=None,
        agent_rate=None,
        other_rate=None,
        welcome_message="=1+1, {customer_name}",
        number_outcomes={number(1): "voicemail", number(2): "failed", number(3): "no-answer"},
        outcomes={"completed": 1},
    )
    with running(settings) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield Place(tmp_path, sandbox)
