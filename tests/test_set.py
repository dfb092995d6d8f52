"""A run that goes on is changed by `dialer set`, up and down, within what the organisation may; no other run is."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.errors import ExitCode, LeftError, UsageError
from dialer.operations.set import set_live
from dialer.store.sqlite import locked
from tests.harness import Batch, Forked, sandbox, wait_until
from tests.place import HEADER, Place, awkward

if TYPE_CHECKING:
    from pathlib import Path


def told(batch: Batch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return what `status` shows of a batch, once its run has noted how far it is."""
    while True:
        capsys.readouterr()
        assert main(["status", str(batch.campaign), "-o", "json"]) == ExitCode.DONE
        (standing,) = json.loads(capsys.readouterr().out)
        if standing["progress"] is not None:
            return dict(standing)


def test_a_run_that_goes_on_is_changed_down_and_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = Batch.write(tmp_path / "b", people=400, rate="5/second")
    left_behind = batch.ledger.with_name("c.results.ledger.set")
    # Of a run that is over: it changes nothing.
    left_behind.write_text(json.dumps({"run": "gone", "asked": "x", "rate": "1/hour", "lines": 1}))
    with sandbox() as bolna:
        for name in ("BOLNA_BASE_URL", "BOLNA_API_KEY"):
            monkeypatch.setenv(name, bolna.environment[name])
        process = Forked(batch.command("run"), environment=bolna.environment, log=tmp_path / "log")
        wait_until(lambda: len(bolna.calls(batch.agent)) >= 5, process)
        assert main(["set", str(batch.campaign), "rate=30/hour", "lines=3"]) == ExitCode.DONE
        placed = len(bolna.calls(batch.agent))
        capsys.readouterr()
        main(["status", str(batch.campaign)])
        assert "changed while it runs, to 30/hour and at most 3 live calls" in capsys.readouterr().out
        while (progress := told(batch, capsys)["progress"])["lines"] != 3:
            assert process.poll() is None, process.told()
        # What is left takes more than ten hours now.
        assert datetime.fromisoformat(progress["ends_at"]) > datetime.now(UTC) + timedelta(hours=10)
        assert len(bolna.calls(batch.agent)) <= placed + 1
        assert main(["set", str(batch.campaign), "rate=400/second", "lines=1000"]) == ExitCode.DONE
        assert process.wait() == ExitCode.LOOK
        assert len(bolna.calls(batch.agent)) == 400
        assert main(["set", str(batch.campaign), "rate=5/second"]) == ExitCode.USAGE
    assert not left_behind.exists()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["rate=11/second"], "the organisation's limit, 600/minute"),
        (["lines=4"], "the `lines` of dialer.toml, 3"),
        (["rate=fast"], "not a rate"),
        (["lines=0"], "whole number of calls"),
        (["lines=-1"], "whole number of calls"),
        (["lines=٣"], "whole number of calls"),
        (["lines=2", "lines=3"], "at most once"),
        (["pace=3"], "write what is to change"),
        (["rate"], "write what is to change"),
        (["rate=5/second"], "no run goes on"),
    ],
)
def test_what_must_not_be_is_refused_in_words(
    place: Place, settings: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(2), header=HEADER)
    (place.folder / "dialer.toml").write_text('[organisation]\nrate = "600/minute"\nlines = 3\n')
    assert main(["set", str(place.campaign()), *settings]) == ExitCode.USAGE
    assert why in capsys.readouterr().err
    assert list(place.folder.glob("*.set")) == []


def test_a_run_that_does_not_answer_is_named_and_is_not_changed_later(place: Place) -> None:
    """It may be stopped (Ctrl-Z): what it did not take over in time it finds no more when it goes on."""
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q", "--limit", "1"]) == ExitCode.LEFT
    campaign = load_campaign(path)
    asked: list[str] = []
    with locked(campaign.batch.lock, command="run"):
        with pytest.raises(LeftError, match=rf"process {os.getpid()}") as raised:
            set_live(campaign, ["rate=30/hour"], patience=0.3)
        asked += [file.name for file in place.folder.glob("*.set*")]
    assert (raised.value.exit_code, asked) == (ExitCode.LEFT, [])


def test_a_run_that_ends_before_it_answers_is_said_to_be_over(place: Place) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q", "--limit", "1"]) == ExitCode.LEFT
    campaign = load_campaign(path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(campaign.batch.lock, command="run"))
        ends = threading.Timer(0.3, stack.close)
        ends.start()
        with pytest.raises(UsageError, match="no run goes on"):
            set_live(campaign, ["rate=30/hour"])
        ends.join()
    assert list(place.folder.glob("*.set*")) == []
