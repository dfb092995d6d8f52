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
from dialer.config.batch import locate
from dialer.errors import ExitCode, LeftError, UsageError
from dialer.operations.live_settings import ASKED, LiveSettings, Request
from dialer.operations.set import set_live
from dialer.operations.stores import place_of, read_store
from dialer.store.engines import put_note
from tests.engines import EACH_ENGINE, new_database, use_database, worked_on
from tests.harness import Batch, Forked, sandbox, wait_until
from tests.place import HEADER, Place, awkward
from tests.test_join import Hosts

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


def change(batch: Batch, process: Forked, *settings: str) -> None:
    """Change a run, however long it takes to answer."""
    while (code := main(["set", str(batch.campaign), *settings])) == ExitCode.LEFT:
        assert process.poll() is None, process.told()
    assert code == ExitCode.DONE


@pytest.mark.parametrize("kept", ["files", "database"])
def test_a_run_that_goes_on_is_changed_down_and_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: str
) -> None:
    batch = Batch.write(tmp_path / "b", people=400, rate="5/second")
    if kept == "database":
        use_database(batch.folder, new_database())
    with sandbox() as bolna:
        for name in ("BOLNA_BASE_URL", "BOLNA_API_KEY"):
            monkeypatch.setenv(name, bolna.environment[name])
        assert main(["run", str(batch.campaign), "--yes", "-q", "--limit", "1"]) == ExitCode.LEFT
        # Of a run that is over: it changes nothing.
        left_behind = Request(("gone",), LiveSettings("", "x", "1/hour", 1))
        put_note(place_of(locate(batch.campaign)), ASKED, left_behind.text())
        process = Forked(batch.command("run"), environment=bolna.environment, log=tmp_path / "log")
        wait_until(lambda: len(bolna.calls(batch.agent)) >= 5, process)
        change(batch, process, "rate=30/hour", "lines=3")
        placed = len(bolna.calls(batch.agent))
        capsys.readouterr()
        main(["status", str(batch.campaign)])
        assert "changed while it runs, to 30/hour and at most 3 live calls" in capsys.readouterr().out
        while (progress := told(batch, capsys)["progress"])["lines"] != 3:
            assert process.poll() is None, process.told()
        # What is left takes hours now.
        assert datetime.fromisoformat(progress["ends_at"]) > datetime.now(UTC) + timedelta(hours=1)
        assert len(bolna.calls(batch.agent)) <= placed + 1
        change(batch, process, "rate=400/second", "lines=1000")
        assert process.wait() == ExitCode.LOOK
        assert len(bolna.calls(batch.agent)) == 400
        assert main(["set", str(batch.campaign), "rate=5/second"]) == ExitCode.USAGE


def test_all_runs_that_have_joined_are_changed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    hosts = Hosts(place, new_database(), count=60, rate="1/second")
    hosts.start_together(2, rate="100/second")
    assert "each of 2 runs goes on with 100/second" in capsys.readouterr().out
    assert hosts.end() == [ExitCode.DONE, ExitCode.DONE]
    assert max(hosts.called().values()) == 1


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


@EACH_ENGINE
def test_a_run_that_does_not_answer_is_named_and_is_not_changed_later(place: Place) -> None:
    """It may be stopped (Ctrl-Z): what it did not take over in time it finds no more when it goes on."""
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q", "--limit", "1"]) == ExitCode.LEFT
    campaign = load_campaign(path)
    with worked_on(campaign.batch):
        with pytest.raises(LeftError, match=rf"process {os.getpid()}") as raised:
            set_live(campaign, ["rate=30/hour"], patience=0.3)
        with contextlib.closing(read_store(campaign.batch)) as ledger:
            assert ledger.note(ASKED) == ""
    assert raised.value.exit_code is ExitCode.LEFT


@EACH_ENGINE
def test_a_run_that_ends_before_it_answers_is_said_to_be_over(place: Place) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q", "--limit", "1"]) == ExitCode.LEFT
    campaign = load_campaign(path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(worked_on(campaign.batch))
        ends = threading.Timer(0.3, stack.close)
        ends.start()
        with pytest.raises(UsageError, match="no run goes on"):
            set_live(campaign, ["rate=30/hour"])
        ends.join()
