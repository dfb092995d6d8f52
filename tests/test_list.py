"""`dialer list`: every campaign and batch of a workspace, where it stands, and what a person lets go."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main, terminal
from dialer.errors import ExitCode
from dialer.store.sqlite import locked
from tests.test_new_batch import campaign

if TYPE_CHECKING:
    from tests.place import Place


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
        ["monday", "done", "3", "-", "0", "now"],
        ["3", "calls", "still", "open."],
    ]
    assert lines[4].split() == ["tuesday", "done", "2", "-", "0", "now"]
    for file in far.iterdir():
        file.unlink()
    assert main(["list", "-o", "json"]) == ExitCode.LOOK
    found = json.loads(capsys.readouterr().out)["batches"]
    assert [(one["is_missing"], one["state"]) for one in found[:2]] == [(True, "missing"), (False, "done")]
    wednesday = campaign(place, "wednesday", first=5, count=2)
    assert main(["run", str(wednesday), "--yes", "-q"]) == ExitCode.MUST_ACT
    assert f"dialer list --forget {far / 'm.ledger'}" in capsys.readouterr().err
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


# -- where each stands -------------------------------------------------------------------------------------------------


def states(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    main(["list", "--in", str(folder), "-o", "json"])
    return {one["batch"]: one for one in json.loads(capsys.readouterr().out)["batches"]}


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
    assert "Stopped: the account has no money." in text
    assert "is paused by" in text
    assert f"Next opening: {opens:%Y-%m-%d %H:%M} Etc/UTC." in text
    ledger = place.folder / "money.results.ledger"
    with contextlib.closing(sqlite3.connect(ledger)) as db, db:
        db.execute("UPDATE meta SET value = '' WHERE name = 'run_ended'")
    assert main(["list", "--in", str(place.folder)]) == 0
    assert "Stopped: the run was killed." in capsys.readouterr().out
    with locked(ledger.with_name(f"{ledger.name}.lock"), command="run"):
        assert states(place.folder, capsys)["money"]["state"] == "running"


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
)


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


@pytest.mark.parametrize("may_write", [True, False])
def test_a_command_that_only_reads_changes_no_file_and_leaves_none_behind(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, may_write: bool
) -> None:
    path = campaign(place, "c", first=0, count=3)
    assert main(["run", str(path), "--yes", "-q"]) == 0
    if not may_write:
        # Root may write anywhere; what a reader has to do in a folder of somebody else is told by this.
        allowed = os.access
        monkeypatch.setattr(os, "access", lambda where, mode: not mode & os.W_OK and allowed(where, mode))
    before = files(place.folder)
    for command in READERS:
        words = [word.format(folder=place.folder, campaign=path) for word in command]
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
