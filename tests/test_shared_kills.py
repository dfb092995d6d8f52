"""Real runs in one workspace, against a server that refuses what is more than the organisation may place."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest

from tests.harness import Batch, Forked, run, sandbox, settled, wait_until
from tests.test_pacing import most_within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Bolna


@contextlib.contextmanager
def running(bolna: Bolna, batch: Batch, *options: str) -> Iterator[Forked]:
    """Run a batch in a process of its own, until the end of the block."""
    process = Forked(batch.command("run", *options), environment=bolna.environment, log=batch.folder / "log")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def workspace(folder: Path, *, organisation: str, own: str, people: int) -> tuple[Batch, Batch]:
    """Write two campaigns that share a rate, and nobody whom both call."""
    (folder / "dialer.toml").write_text(f'[organisation]\nrate = "{organisation}"\n', encoding="utf-8")
    one, other = (
        Batch.write(folder / name, people=people, rate=own, start=start)
        for name, start in (("one", 0), ("other", people))
    )
    return one, other


def wait_until_asked(bolna: Bolna, count: int) -> None:
    wait_until(lambda: bolna.requests() >= count)


@pytest.mark.parametrize("what", ["end", "killed", "frozen"])
def test_two_campaigns_keep_the_organisations_rate_and_nobody_is_called_twice(tmp_path: Path, what: str) -> None:
    """Whatever becomes of one of them, the other one goes on, and the server never has to refuse."""
    batches = workspace(tmp_path, organisation="600/minute", own="480/minute", people=24)
    # In 3 seconds lie 30 slots, and two runs alone would place 48; the rest is for a machine that is busy.
    with sandbox(call_rate=38, rate_window=3.0, latency=0.1, lines=100) as bolna:
        with running(bolna, batches[0]) as one, running(bolna, batches[1]) as other:
            if what != "end":
                wait_until_asked(bolna, 10)
                one.send_signal(signal.SIGKILL if what == "killed" else signal.SIGSTOP)
            assert other.wait() == 1, other.told()
            if what == "frozen":
                one.send_signal(signal.SIGCONT)
            if what != "killed":
                assert one.wait() == 1, one.told()
        if what == "killed":
            assert run(bolna, batches[0].command("run")) == 1
        assert bolna.refused() == 0
        for batch in batches:
            settled(batch, bolna)


# -- the whole of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """What the server saw of two campaigns.

    Attributes:
        per_minute: calls a minute, of both or of the one that is left.
        most: the most in any 60 s.
        refused: answers with 429.
    """

    per_minute: float
    most: int
    refused: int


def measured(folder: Path, what: Literal["both", "killed", "frozen"], *, seconds: float = 180.0) -> Measured:
    batches = workspace(folder, organisation="500/minute", own="400/minute", people=2000)
    with sandbox(call_rate=500, rate_window=60.0, latency=0.2, lines=5000) as bolna:
        with running(bolna, batches[0]), running(bolna, batches[1]) as other:
            wait_until_asked(bolna, 20)
            if what != "both":
                other.send_signal(signal.SIGKILL if what == "killed" else signal.SIGSTOP)
            first = bolna.requests()
            began = time.monotonic()
            time.sleep(seconds)
            count, took = bolna.requests() - first, time.monotonic() - began
        moments = sorted(call["received_at"] for batch in batches for call in bolna.calls(batch.agent))
        return Measured(count / took * 60, most_within(moments, 60.0), bolna.refused())


@pytest.mark.long
@pytest.mark.parametrize(("what", "least"), [("both", 485), ("killed", 388), ("frozen", 388)])
def test_the_rate_is_used_and_kept_for_three_minutes(
    tmp_path: Path, what: Literal["both", "killed", "frozen"], least: int
) -> None:
    found = measured(tmp_path, what)
    print(what, found)  # noqa: T201 - the figures
    assert found.refused == 0
    assert found.most <= 500
    assert found.per_minute >= least
