"""`dialer backup`: what it saves while runs go on, what it refuses, and that nobody is called twice after a restore."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from itertools import count
from typing import TYPE_CHECKING

import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.engine.progress import Progress
from dialer.errors import ExitCode
from dialer.operations.pause import target_of_batch
from dialer.store.ledger import gaps
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from pathlib import Path

LEDGER = "c.results.ledger"


@pytest.fixture
def path(place: Place) -> Path:
    """A campaign for thirty people in a workspace of its own; three at a time, so that a run is seen in its middle."""
    (place.folder / "w").mkdir()
    there = Place(place.folder / "w", place.sandbox)
    there.recipients(awkward(30), header=HEADER)
    (there.folder / "dialer.toml").write_text('[organisation]\nreads = "60000/minute"\n', encoding="utf-8")
    path = there.campaign()
    path.write_text(path.read_text("utf-8").replace("max_in_flight = 20", "max_in_flight = 3"), encoding="utf-8")
    return path


def saved(path: Path, *more: str) -> int:
    return main(["backup", str(path.parent.parent / "b"), "--in", str(path.parent), *more])


@pytest.mark.parametrize("lost", ["nothing", "the marks and results", "all but the list"])
def test_a_backup_made_during_a_run_calls_nobody_twice_when_it_comes_back(
    place: Place, path: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = count(1)

    class BackedUp(Progress):
        def outcome(self, *_: object, **__: object) -> None:
            if next(ended) == 5:
                assert saved(path) == ExitCode.DONE

    run(path, progress=BackedUp(), limit=20)
    monkeypatch.setattr(gaps, "LATE", 0.0)
    copy = path.parent.parent / "b"
    with contextlib.closing(sqlite3.connect(copy / LEDGER)) as ledger:
        (known,) = ledger.execute("SELECT count(*) FROM attempt").fetchone()
    assert 0 < known < 20
    if lost != "nothing":
        for found in path.parent.glob("c.results.*"):
            found.unlink()
    if lost == "all but the list":
        path.unlink()
        (path.parent / "dialer.ledgers").unlink()

    shutil.copytree(copy, path.parent, dirs_exist_ok=True)
    summary = run(path)

    assert sorted(call["recipient_phone_number"] for call in place.calls()) == [number(at) for at in range(30)]
    assert summary.sent == 10
    assert ("taken over" if lost == "nothing" else "an older copy") in "\n".join(summary.notes)


def test_it_prints_what_it_saved_and_only_its_owner_may_read_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, limit=3)
    assert saved(path) == ExitCode.DONE
    told = capsys.readouterr().out
    copy = path.parent.parent / "b"
    for name in (LEDGER, "c.toml", "dialer.toml", "dialer.ledgers"):
        assert f"{path.parent / name} -> {copy / name}\n" in told
        assert stat.S_IMODE((copy / name).stat().st_mode) == 0o600
    assert "4 files saved" in told
    assert sorted(found.name for found in copy.iterdir()) == [LEDGER, "c.toml", "dialer.ledgers", "dialer.toml"]


def test_a_ledger_outside_the_workspace_is_saved_by_its_whole_path(place: Place, path: Path) -> None:
    outside = place.folder / "disk" / "c.ledger"
    path.write_text(f'ledger = "{outside}"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    run(path, limit=3)
    assert saved(path) == ExitCode.DONE
    assert (place.folder / "b" / "outside" / outside.relative_to("/")).exists()


def test_pauses_are_saved_and_hold_when_they_come_back(place: Place, path: Path) -> None:
    """Also one of a ledger whose results lie elsewhere: a restored batch that was paused calls nobody."""
    elsewhere = place.folder / "disk" / "r.csv"
    path.write_text(f'results = "{elsewhere}"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    run(path, limit=3)
    assert main(["pause", str(path), "--note", "wrong prompt"]) == ExitCode.DONE
    assert main(["pause", "--all", "--in", str(path.parent)]) == ExitCode.DONE
    (file,) = (target.files[0] for target in [target_of_batch(load_campaign(path).batch)])
    file.write_text("not ours")
    copy = place.folder / "b"
    assert saved(path) == ExitCode.DONE
    assert (copy / "outside" / file.relative_to("/")).read_text() == "not ours"
    for one in (file, *path.parent.glob("*.paused")):
        one.unlink()
    for name, back in (("c.toml.paused", "wrong prompt"), ("all.paused", "Every campaign")):
        shutil.copy(copy / name, path.parent)
        summary = run(path)
        assert (summary.paused, summary.sent) == (True, 0)
        assert back in summary.ended
        (path.parent / name).unlink()


def test_a_pause_that_is_no_file_is_named_and_not_waited_for(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, limit=3)
    os.mkfifo(path.parent / "c.toml.paused")
    assert saved(path) == ExitCode.LOOK
    assert f"Not saved: {path.parent / 'c.toml.paused'}" in capsys.readouterr().out


@pytest.mark.parametrize("to", ["w", "w/deeper/b", "link"])
def test_a_folder_in_the_workspace_is_refused(
    place: Place, path: Path, to: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(path, limit=3)
    (place.folder / "link").symlink_to(path.parent)
    assert main(["backup", str(place.folder / to), "--in", str(path.parent)]) == ExitCode.USAGE
    assert "Name a folder outside it" in capsys.readouterr().err


def test_nothing_in_the_folder_is_replaced(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, limit=3)
    assert saved(path) == ExitCode.DONE
    before = (path.parent.parent / "b" / LEDGER).read_bytes()
    assert saved(path) == ExitCode.USAGE
    assert "exists already, and a backup replaces nothing" in capsys.readouterr().err
    assert (path.parent.parent / "b" / LEDGER).read_bytes() == before


def test_a_damaged_ledger_is_named_and_the_others_are_saved(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, limit=3)
    (path.parent / "bad.ledger").write_bytes(b"SQLite format 3\0" + bytes(5000))
    assert saved(path) == ExitCode.LOOK
    assert f"Not saved: {path.parent / 'bad.ledger'}" in capsys.readouterr().out
    assert sorted(found.name for found in (path.parent.parent / "b").glob("*.ledger")) == [LEDGER]


def test_trials_are_saved_apart(path: Path) -> None:
    run(path, limit=3)
    assert main(["run", str(path), "--sandbox", "--yes", "-q"]) == ExitCode.DONE
    assert saved(path, "--sandbox") == ExitCode.DONE
    assert [found.name for found in (path.parent.parent / "b").glob("*.ledger")] == ["c.results.sandbox.ledger"]


def test_where_there_is_nothing_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["backup", str(tmp_path / "b"), "--in", str(tmp_path / "empty")]) == ExitCode.USAGE
    assert "There is nothing to save" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
