"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dialer.provider.bolna.sandbox import Settings, running
from tests.ledgers import opened, people
from tests.place import Place, number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.store.sqlite import Ledger


# Where a campaign names no zone, times are shown by the machine's clock: wherever the tests run, it is this one.
os.environ["TZ"] = "UTC"
time.tzset()

# Each worker and each process that the tests start would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _nothing_leaves_this_machine() -> Iterator[None]:
    """A test that names no server of its own finds none, wherever it runs and whatever is set there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
        patch.delenv("BOLNA_API_KEY", raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """What a script starts in the background ignores Ctrl-C, and so would each process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
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
