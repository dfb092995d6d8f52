"""`dialer list`: every campaign and batch of a workspace, where it stands, and what a person lets go."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main, terminal
from dialer.config.batch import locate
from dialer.engine.control import Control
from dialer.engine.progress import Progress
from dialer.errors import ExitCode
from dialer.operations.stores import place_of
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store import Binding
from dialer.store.engines import reopen_ledger
from dialer.store.ledger import throughput
from dialer.store.sqlite import Ledger
from dialer.store.sqlite.schema import APPLICATION_ID
from tests.engines import EACH_ENGINE, worked_on
from tests.ledgers import opened, people
from tests.place import AGENT, HEADER, Place, awkward, run
from tests.test_new_batch import campaign

if TYPE_CHECKING:
    from dialer.engine.progress import Going


def test_list_shows_every_ledger_of_the_workspace_and_forgets_one_that_is_missing(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "dialer.toml").touch()
    far = place.folder.parent / "far"
    monday = campaign(place, "monday", first=0, count=3, more=f'ledger = "{far / "m.ledger"}"')
    tuesday = campaign(place, "tuesday", first=3, count=2)
    for path in (monday, tuesday):
        assert main(["run", str(path), "--yes", "-q"]) == 0
    assert main(["run", str(tuesday), "--sandbox", "--yes", "-q"]) == 0
    (place.folder / "deep").mkdir()
    monkeypatch.chdir(place.folder / "deep")
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{place.folder}: 2 batches"
    assert [line.split() for line in lines[1:4]] == [
        ["BATCH", "STATE", "SENT", "REACHED", "LEFT", "LAST"],
        ["monday", "calls", "still", "open", "3", "-", "0", "now"],
        ["3", "calls", "still", "open."],
    ]
    assert lines[4].split() == ["tuesday", "calls", "still", "open", "2", "-", "0", "now"]
    for file in far.iterdir():
        file.unlink()
    assert main(["list", "-o", "json"]) == ExitCode.LOOK
    found = json.loads(capsys.readouterr().out)["batches"]
    assert [(one["is_missing"], one["state"]) for one in found[:2]] == [(True, "missing"), (False, "done")]
    wednesday = campaign(place, "wednesday", first=5, count=2)
    assert main(["run", str(wednesday), "--yes", "-q"]) == ExitCode.MUST_ACT
    assert f"dialer list --forget {shlex.quote(str(far / 'm.ledger'))}" in capsys.readouterr().err
    assert main(["check", str(wednesday)]) == 0
    assert main(["list", "--forget", str(far / "m.ledger")]) == 0
    assert main(["list"]) == 0
    assert main(["run", str(wednesday), "--yes", "-q"]) == 0
    assert main(["list", "--sandbox"]) == 0
    assert "tuesday.sandbox" in capsys.readouterr().out


def test_a_sound_ledger_is_not_forgotten(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    monday = campaign(place, "monday", first=0, count=3)
    assert main(["run", str(monday), "--yes", "-q"]) == 0
    ledger = place.folder / "monday.results.ledger"
    capsys.readouterr()
    assert main(["list", "--in", str(place.folder), "--forget", str(ledger)]) == ExitCode.USAGE
    assert f"{ledger}: this ledger is sound" in capsys.readouterr().err
    assert main(["list", "--in", str(place.folder), "--forget", str(place.folder / "typo.ledger")]) == ExitCode.USAGE
    assert "typo.ledger" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["list", "status", "report"])
def test_a_campaign_that_was_only_tried_names_its_trial(
    place: Place, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    path = campaign(place, "monday", first=0, count=1)
    assert main(["run", str(path), "--sandbox", "-q"]) == 0
    main([verb, *(["--in", str(place.folder)] if verb == "list" else [str(path)])])
    assert "--sandbox" in "".join(capsys.readouterr())


# -- where each stands -------------------------------------------------------------------------------------------------


def states(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    main(["list", "--in", str(folder), "-o", "json"])
    return {one["batch"]: one for one in json.loads(capsys.readouterr().out)["batches"]}


@EACH_ENGINE
def test_list_names_campaigns_that_were_never_run_and_says_of_a_broken_one_why(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign(place, "never", first=0, count=3)
    (place.folder / "broken.toml").write_text('recipients = "a.csv\n')
    (place.folder / "pyproject.toml").write_text('[project]\nname = "not one"\n')
    (place.folder / "each.toml").write_text(place.campaign(name="x", more='results = "{batch}.csv"').read_text())
    (place.folder / "x.toml").unlink()
    found = states(place.folder, capsys)
    assert {name: one["state"] for name, one in found.items()} == {
        "never": "not started",
        "broken": "not readable",
        "each": "not started",
    }
    assert "line 1: a text is not closed" in found["broken"]["trouble"]
    assert main(["list", "--in", str(place.folder)]) == ExitCode.LOOK
    assert "broken.toml, line 1: a text is not closed" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["nothing", "no tables", "no list"])
def test_a_ledger_whose_first_run_was_cut_short_is_as_if_it_were_not_there(
    place: Place, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """A kill or a full disk leaves a file in which nobody was called: the campaign can be started as before."""
    path = campaign(place, "monday", first=0, count=2, more='results = "{recipients}.results.csv"')
    (before,) = states(place.folder, capsys).values()
    for ledger in (place.folder / "monday.results.ledger", place.folder / "other.results.ledger"):
        match what:
            case "nothing":
                ledger.touch()
            case "no tables":
                with contextlib.closing(sqlite3.connect(ledger)) as file:
                    file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    file.execute("PRAGMA journal_mode = WAL")
            case _:
                binding = Binding(agent=AGENT, server="loopback", key_definition="number")
                opened(ledger, binding=binding, batch="monday").close()
    assert [*states(place.folder, capsys).values()] == [before]
    assert main(["run", str(path), "--yes", "-q"]) == 0
    assert states(place.folder, capsys)["monday"]["state"] == "done"


@EACH_ENGINE
def test_list_says_what_every_batch_waits_for(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Done, left for later until the hours begin, stopped and why, killed, paused by whom, and the run that goes on."""
    paths = {name: campaign(place, name, first=10 * at, count=3) for at, name in enumerate(["done", "money", "paused"])}
    closed = next(hour for hour in (3, 15) if abs(datetime.now(UTC).hour - hour) > 2)
    hours = f'[window]\nhours = "{closed:02}:00-{closed:02}:30"\ntimezone = "Etc/UTC"'
    paths["hours"] = campaign(place, "hours", first=40, count=3, more=hours)
    assert main(["run", str(paths["done"]), "--yes", "-q"]) == 0
    assert main(["run", str(paths["hours"]), "--yes", "-q"]) == ExitCode.LEFT
    place.sandbox.call_strikes.force("payment_required")
    assert main(["run", str(paths["money"]), "--yes", "-q"]) == ExitCode.MUST_ACT
    assert main(["pause", str(paths["paused"]), "--note", "the list is wrong"]) == 0
    found = states(place.folder, capsys)
    assert {name: (one["state"], one["sent"], one["left"]) for name, one in found.items()} == {
        "done": ("done", 3, 0),
        "hours": ("left for later", 0, 3),
        "money": ("stopped", 0, 3),
        "paused": ("paused", 0, 0),
    }
    opens = datetime.fromisoformat(found["hours"]["opens"])
    assert (opens.hour, opens.minute) == (closed, 0)
    assert opens > datetime.now(UTC)
    assert (found["money"]["ended"]["reason"], found["money"]["ended"]["exit_code"]) == ("no_money", 5)
    assert found["paused"]["pauses"][0]["why"] == "the list is wrong"
    assert main(["list", "--in", str(place.folder)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"Stopped: the account has no money, [-0-9]+ [:0-9]+ UTC\.", text)
    assert "is paused by" in text
    assert f"Next opening: {opens:%Y-%m-%d %H:%M} Etc/UTC." in text
    with contextlib.closing(reopen_ledger(place_of(locate(paths["money"])))) as ledger:
        ledger.set_note("run_ended", "")
    assert main(["list", "--in", str(place.folder)]) == 0
    assert "Stopped: the run was killed." in capsys.readouterr().out
    with worked_on(locate(paths["money"])):
        assert states(place.folder, capsys)["money"]["state"] == "running"


class Waiting(Progress):
    """Asks for the list while a run waits or goes on, until that says what was expected; then stops the run."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], expected: str) -> None:
        self.control = Control()
        self.states: list[str] = []
        self._folder, self._capsys, self._expected = folder, capsys, expected

    def waiting(self, seconds: float) -> None:  # noqa: ARG002 - Progress
        self._look()

    def beat(self, going: Going) -> None:  # noqa: ARG002 - Progress
        self._look()

    def _look(self) -> None:
        self.states.append(states(self._folder, self._capsys)["c"]["state"])
        if self.states[-1] == self._expected:
            self.control.interrupt()


def test_list_says_of_a_run_that_goes_on_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its only line is taken for hours; then its hours are over."""
    monkeypatch.setattr(throughput, "_WINDOW", 0.5)
    with running(Settings(lines=1, speed=0.001, call_rate=None)) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        place = Place(tmp_path, sandbox)
        for state, hours in (("waiting for a line", None), ("waiting for hours", 6)):
            begins = datetime.now(UTC) + timedelta(hours=hours or -1)
            ends = begins + timedelta(hours=3 if hours is None else 1)
            span = f'hours = "{begins:%H:%M}-{ends:%H:%M}"\ntimezone = "Etc/UTC"\noutside = "wait"'
            path = campaign(place, "c", first=0, count=3, more=f"[window]\n{span}")
            waiting = Waiting(place.folder, capsys, state)
            run(path, progress=waiting, control=waiting.control)
            assert waiting.states[-1] == state
        assert len(place.calls()) == 1


@EACH_ENGINE
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (Settings(api_key="bn-another"), "Bolna refused the key"),
        (Settings(wallet=0.0), "wallet is at 0"),
        (Settings(agents=("00000000-0000-0000-0000-000000000000",)), "knows no agent"),
        (None, "list.csv"),
    ],
)
def test_a_run_that_failed_before_it_sent_anything_says_why_in_list_and_status(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: Settings | None,
    why: str,
) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    with contextlib.ExitStack() as stack:
        if settings is None:
            (place.folder / "list.csv").rename(place.folder / "moved.csv")
        else:
            monkeypatch.setenv("BOLNA_BASE_URL", stack.enter_context(running(settings)).base_url)
        code = main(["run", str(path), "--yes", "-q"])
    told = capsys.readouterr().err
    assert why in told
    assert states(place.folder, capsys)["c"]["state"] == "stopped"
    for command in (["list", "--in", str(place.folder)], ["status", str(path)], ["status", str(path), str(path)]):
        assert main(command) == 0
        text = capsys.readouterr().out
        assert re.search(rf"[Ss]topped: [^\n]*{why}[^\n]*, [-0-9]+ [:0-9]+ UTC", text), text
    assert main(["status", str(path), "-o", "json"]) == 0
    (standing,) = json.loads(capsys.readouterr().out)
    assert (standing["stopped"]["reason"], standing["stopped"]["exit_code"]) == ("failed", code)
    # A run that ends as it should takes its place.
    place.recipients(awkward(2), header=HEADER)
    monkeypatch.setenv("BOLNA_BASE_URL", place.sandbox.base_url)
    assert main(["run", str(path), "--yes", "-q"]) == 0
    assert states(place.folder, capsys)["c"]["state"] == "done"


def test_that_a_person_said_no_is_no_failure(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(2), header=HEADER)
    assert main(["run", str(place.campaign())]) == ExitCode.USAGE
    assert states(place.folder, capsys)["c"]["state"] == "not started"


def test_list_says_how_many_are_called_again_by_plan_and_from_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # So fast that the first look finds both calls over: the next one comes half a minute later.
    with running(Settings(call_rate=None, speed=1e6, outcomes={"no-answer": 1.0})) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        more = '[redial]\noutcomes = ["no-answer"]\ntimes = ["2h"]'
        path = campaign(Place(tmp_path, sandbox), "c", first=0, count=2, more=more)
        assert main(["run", str(path), "--yes", "-q", "--track"]) == ExitCode.LEFT
    assert states(tmp_path, capsys)["c"]["state"] == "left for later"
    assert main(["list", "--in", str(tmp_path)]) == 0
    at = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    told = rf"Redial by plan: 2 are called again later, (from {at}|the first from {at}, all from {at})\."
    assert re.search(told, capsys.readouterr().out)


def test_list_fits_a_terminal_and_shortens_long_names_in_the_middle(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(place, f"first{'-' * 90}last", first=0, count=3)
    for width in (80, 120):
        monkeypatch.setattr(terminal, "width_of_output", lambda width=width: width)
        assert main(["list", "--in", str(place.folder)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines[1:])) < width
        assert lines[2].startswith("first")
        assert "…" in lines[2]
        assert "last  not started" in lines[2]


def test_list_says_that_the_list_of_ledgers_is_shorter_than_it_was(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.folder / "dialer.toml").touch()
    for at, name in enumerate(["one", "two"]):
        assert main(["run", str(campaign(place, name, first=10 * at, count=3)), "--yes", "-q"]) == 0
    ledgers = place.folder / "dialer.ledgers"
    ledgers.write_text(ledgers.read_text().splitlines(keepends=True)[0])
    capsys.readouterr()
    assert main(["list", "--in", str(place.folder)]) == ExitCode.LOOK
    assert f"{ledgers} names 1 ledger, and named 2 before" in capsys.readouterr().out


@EACH_ENGINE
def test_status_without_a_name_is_the_list(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign(place, "never", first=0, count=3)
    monkeypatch.chdir(place.folder)
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert main(["status"]) == 0
    assert capsys.readouterr().out == listed


# -- reading changes nothing -------------------------------------------------------------------------------------------

READERS = (
    ["list", "--in", "{folder}"],
    ["status", "{campaign}"],
    ["report", "{campaign}", "--format", "md"],
    ["show", "+919800000000", "--in", "{folder}"],
    ["check", "{campaign}"],
    ["check", "{other}"],
    ["dnc", "list", "--in", "{folder}"],
    ["backup", "{folder}.backup", "--in", "{folder}"],
)


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


@pytest.mark.parametrize("may_write", [True, False])
def test_a_command_that_only_reads_changes_no_file_and_leaves_none_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, may_write: bool
) -> None:
    path, other = campaign(place, "c", first=0, count=3), campaign(place, "d", first=2, count=3)
    assert main(["run", str(path), "--yes", "-q"]) == 0
    if not may_write:
        # Root may write anywhere; what a reader has to do in a folder of somebody else is told by this.
        allowed = os.access
        monkeypatch.setattr(os, "access", lambda where, mode: not mode & os.W_OK and allowed(where, mode))
    before = files(place.folder)
    for command in READERS:
        words = [word.format(folder=place.folder, campaign=path, other=other) for word in command]
        assert main(words) == 0, command
        assert files(place.folder) == before, command
    capsys.readouterr()


def test_a_reader_beside_the_log_of_a_killed_run_reads_it_and_leaves_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = campaign(place, "c", first=0, count=3)
    assert main(["run", str(path), "--yes", "-q"]) == 0
    ledger = place.folder / "c.results.ledger"
    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None)) as killed:
        killed.execute("UPDATE recipient SET state = 'error' WHERE id = 1")
        log, content = Path(f"{ledger}-wal").read_bytes(), ledger.read_bytes()
        capsys.readouterr()
        assert main(["status", str(path)]) == 0
        assert re.search(r"error +1 ", capsys.readouterr().out)
        assert (Path(f"{ledger}-wal").read_bytes(), ledger.read_bytes()) == (log, content)


def test_a_reader_that_ends_after_the_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """A report of a large batch takes longer than the rest of its run."""
    ledger = opened(tmp_path / "l.ledger")
    people(ledger, 3)
    with contextlib.closing(Ledger.read(tmp_path / "l.ledger")) as reader:
        assert reader.counts() == {"pending": 3}
        ledger.close()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("l.ledger-")] == []
