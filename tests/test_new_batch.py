"""Before a new ledger's first call: was this list called by another batch, and will the ledger be found again?"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.errors import ExitCode
from tests.engines import EACH_ENGINE
from tests.place import HEADER, awkward
from tests.terminals import at_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.place import Place


def campaign(place: Place, name: str, *, first: int, count: int, more: str = "") -> Path:
    """Write a campaign with a list of its own."""
    place.recipients(awkward(count, start=first), header=HEADER, name=f"{name}.csv")
    return place.campaign(name=name, recipients=f"{name}.csv", more=more)


@pytest.fixture
def monday(place: Place) -> Path:
    """A campaign that has called twenty people."""
    path = campaign(place, "monday", first=0, count=20)
    assert main(["run", str(path), "--yes", "-q"]) == 0
    return path


@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize(("first", "is_asked"), [(11, True), (12, False)])
def test_a_list_of_which_45_percent_were_called_needs_a_word(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    first: int,
    is_asked: bool,  # noqa: FBT001 - a case
) -> None:
    path = campaign(place, "tuesday", first=first, count=20)
    capsys.readouterr()
    code = main(["run", str(path), "--yes", "-q"])
    told = capsys.readouterr().err
    assert (code == ExitCode.USAGE) is is_asked
    if is_asked:
        assert "9 of 20 numbers were called before: 9 by the batch monday." in told
        assert f"dialer run {path} --new-batch" in told
        assert len(place.calls()) == 20
        # Nobody is called by being asked, so it is asked again.
        assert main(["run", str(path), "--yes", "-q"]) == ExitCode.USAGE
        assert main(["run", str(path), "--yes", "-q", "--new-batch"]) == ExitCode.LEFT
        assert main(["run", str(path), "--yes", "-q"]) == ExitCode.LEFT
    assert len(place.calls()) == 20 + (11 if is_asked else 12)


@pytest.mark.usefixtures("monday")
def test_also_calls_of_long_ago_make_it_ask(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """A list that was called last week under another name is not protected by the day."""
    path = campaign(place, "tuesday", first=0, count=20, more='[screening]\ncalled_elsewhere_within = "1s"')
    capsys.readouterr()
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.USAGE
    assert "20 of 20 numbers were called before: 20 by the batch monday." in capsys.readouterr().err


@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize("said", ["--batch", "--sandbox", 'called_elsewhere = "call"'])
def test_nobody_is_asked_where_it_is_clear(place: Place, said: str) -> None:
    more = f"[screening]\n{said}" if "=" in said else 'results = "{batch}.csv"' if said == "--batch" else ""
    path = campaign(place, "tuesday", first=0, count=20, more=more)
    words = ["--batch", "again"] if said == "--batch" else [said] if said == "--sandbox" else []
    assert main(["run", str(path), "--yes", "-q", *words]) != ExitCode.USAGE


def test_a_new_ledger_behind_a_symbolic_link_needs_a_word_and_an_existing_one_none(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    release = place.folder / "releases" / "7"
    release.mkdir(parents=True)
    (place.folder / "current").symlink_to(release)
    path = campaign(place, "c", first=0, count=3)
    for file in (path, place.folder / "c.csv"):
        shutil.move(file, release)
    path = place.folder / "current" / "c.toml"
    capsys.readouterr()
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.USAGE
    assert f"{place.folder / 'current'} is a symbolic link to {release}" in capsys.readouterr().err
    assert not place.calls()
    assert main(["run", str(path), "--yes", "-q", "--new-batch", "--limit", "1"]) == ExitCode.LEFT
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.DONE
    assert len(place.calls()) == 3


def test_a_copy_of_a_ledger_beside_its_original_is_refused_and_a_moved_one_is_not(
    place: Place, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original, copy = place.folder / "monday.results.ledger", place.folder / "copy.results.ledger"
    shutil.copy(original, copy)
    path = place.campaign(name="copy", recipients="monday.csv")
    capsys.readouterr()
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.USAGE
    assert f"{copy} is a copy of {original}" in capsys.readouterr().err
    for file in place.folder.glob("monday.results.*"):
        file.rename(file.with_name(file.name.replace("monday", "copy")))
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.DONE
    assert len(place.calls()) == 20
    assert monday.exists()


# -- the workspace -------------------------------------------------------------------------------------------------


def test_a_ledger_of_another_workspace_is_refused_until_it_is_said_to_be_moved(
    place: Place, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(22), header=HEADER, name="monday.csv")
    (place.folder.parent / "dialer.toml").touch()
    capsys.readouterr()
    try:
        assert main(["run", str(monday), "--yes", "-q"]) == ExitCode.USAGE
        told = capsys.readouterr().err
        assert (
            f"belongs to the workspace {place.folder}, and this run is in the workspace {place.folder.parent}" in told
        )
        assert f"dialer run {monday} --move-workspace" in told
        assert len(place.calls()) == 20
        assert main(["run", str(monday), "--yes", "-q", "--move-workspace"]) == ExitCode.DONE
        assert main(["run", str(monday), "--yes", "-q"]) == ExitCode.DONE
        assert len(place.calls()) == 22
    finally:
        for name in ("dialer.toml", "dialer.ledgers", "dialer.rate"):
            (place.folder.parent / name).unlink(missing_ok=True)


# -- a list that takes the place of another ----------------------------------------------------------------------------


def of_another_file(place: Place, *, first: int) -> None:
    """Write tomorrow.csv beside monday's list."""
    place.recipients(awkward(20, start=first), header=HEADER, name="tomorrow.csv")


def test_another_list_takes_the_place_of_the_called_one_only_where_the_user_says_so(
    place: Place, monday: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_another_file(place, first=15)
    monkeypatch.chdir(place.folder)
    words = ["monday.toml", "--recipients", "tomorrow.csv"]
    rows = place.results("monday.results.csv")
    main(["check", *words])
    checked = capsys.readouterr().out
    main(["run", *words, "--yes", "-q"])
    told = capsys.readouterr().err
    for said in (checked, told):
        assert "tomorrow.csv would take the place of monday.csv in monday.results.csv. 15 people were called" in said
        assert 'write results = "{recipients}.results.csv" at the top of monday.toml' in said
    assert main(["run", *words, "--yes", "-q"]) == ExitCode.USAGE
    assert place.results("monday.results.csv") == rows
    assert len(place.calls()) == 20

    code, _ = at_a_terminal("run", *words, question="Let it take that place?", answer="n\n")
    assert code == ExitCode.LEFT
    monday.write_text(f'results = "{{recipients}}.results.csv"\n{monday.read_text()}')
    assert main(["run", *words, "--yes", "-q"]) == ExitCode.LEFT
    assert len(place.calls()) == 20 + 15
    assert place.results("monday.results.csv") == rows


@EACH_ENGINE
def test_a_list_of_another_name_in_which_nobody_is_missing_goes_on_with_the_batch(place: Place, monday: Path) -> None:
    """It has grown, and its name has the date of today."""
    place.recipients(awkward(25), header=HEADER, name="tomorrow.csv")
    assert main(["run", str(monday), "--recipients", str(place.folder / "tomorrow.csv"), "--yes", "-q"]) == 0
    assert len(place.calls()) == 25
    # Back to the list before: it lacks five who were called.
    assert main(["run", str(monday), "--yes", "-q"]) == ExitCode.USAGE


def test_two_campaign_files_of_one_list_have_results_of_their_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.folder)
    place.recipients(awkward(3), header=HEADER, name="people.csv")
    for words, results in (([], "people.results.csv"), (["--to", "may.toml"], "may.people.results.csv")):
        assert main(["init", "people.csv", "--yes", *words]) == 0
        assert main(["run", words[-1] if words else "people.toml", "--sandbox", "--any-hour", "-q"]) == 0
        assert (place.folder / results.replace(".csv", ".sandbox.csv")).is_file()


@EACH_ENGINE
def test_people_who_are_in_the_list_no_longer_are_neither_sent_nor_reached(
    place: Place, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["track", str(monday), "-q"]) in {ExitCode.DONE, ExitCode.LEFT}
    place.recipients(awkward(4), header=HEADER, name="monday.csv")
    main(["run", str(monday), "--yes", "-q"])
    capsys.readouterr()
    assert main(["list", "--in", str(place.folder), "--json"]) == 0
    (batch,) = json.loads(capsys.readouterr().out)["batches"]
    assert batch["sent"] == 4
    assert (batch["reached"] or 0) <= batch["sent"]
