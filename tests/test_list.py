"""`dialer list`: every ledger of a workspace, and those that a person lets go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dialer.cli import main
from dialer.errors import ExitCode
from tests.test_new_batch import campaign

if TYPE_CHECKING:
    import pytest

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
    assert lines[0] == f"{place.folder}: 2 ledgers"
    assert [line.split(";")[0] for line in lines[1:]] == [
        f"  {far / 'm.ledger'}: 3 queued",
        f"  {place.folder / 'tuesday.results.ledger'}: 2 queued",
    ]
    for file in far.iterdir():
        file.unlink()
    assert main(["list", "-o", "json"]) == ExitCode.LOOK
    found = json.loads(capsys.readouterr().out)["ledgers"]
    assert [one["is_missing"] for one in found] == [True, False]
    wednesday = campaign(place, "wednesday", first=5, count=2)
    assert main(["run", str(wednesday), "--yes", "-q"]) == ExitCode.MUST_ACT
    assert f"dialer list --forget {far / 'm.ledger'}" in capsys.readouterr().err
    assert main(["check", str(wednesday)]) == 0
    assert main(["list", "--forget", str(far / "m.ledger")]) == 0
    assert main(["list"]) == 0
    assert main(["run", str(wednesday), "--yes", "-q"]) == 0
    assert main(["list", "--sandbox"]) == 0
    assert "1 ledger\n" in capsys.readouterr().out


def test_a_sound_ledger_is_not_forgotten(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    monday = campaign(place, "monday", first=0, count=3)
    assert main(["run", str(monday), "--yes", "-q"]) == 0
    ledger = place.folder / "monday.results.ledger"
    capsys.readouterr()
    assert main(["list", "--in", str(place.folder), "--forget", str(ledger)]) == ExitCode.USAGE
    assert f"{ledger}: this ledger is sound" in capsys.readouterr().err
    assert main(["list", "--in", str(place.folder), "--forget", str(place.folder / "typo.ledger")]) == ExitCode.USAGE
    assert "typo.ledger" in capsys.readouterr().err
