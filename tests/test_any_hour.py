"""A trial at any hour: the first `completed` call does not wait for tomorrow morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.errors import ExitCode, UsageError
from tests.place import number
from tests.test_commands import parsed, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.place import Place

PEOPLE = 3


@pytest.fixture
def path(place: Place) -> Path:
    """A campaign whose calling hours begin in six hours; one row has a time zone that does not exist."""
    rows = [[number(index), "Atlantic/Reykjavik"] for index in range(PEOPLE)]
    place.recipients([*rows, [number(PEOPLE), "Mars/Base"]], header=["phone", "timezone"])
    opens = datetime.now(UTC) + timedelta(hours=6)
    return place.campaign(more=f'[window]\nhours = "{opens:%H:%M}-{opens + timedelta(minutes=1):%H:%M}"\n')


def test_a_trial_that_its_hours_keep_from_calling_says_how_to_call_at_any_hour(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_any_hour = f"dialer run {path} --sandbox --any-hour"
    assert main(["check", str(path), "--sandbox"]) == ExitCode.LOOK
    checked = capsys.readouterr().out
    assert "0 would be called now." in checked
    # How long it takes is of interest while nobody can be called.
    assert ", sending takes about " in checked
    assert checked.splitlines()[-1].endswith(at_any_hour)
    assert main(["run", str(path), "--sandbox", "--no-progress"]) == ExitCode.LEFT
    assert capsys.readouterr().err.splitlines()[-1].endswith(at_any_hour)

    assert main([*at_any_hour.split()[1:], "--track", "-q"]) == ExitCode.LOOK
    rows = place.results("c.results.sandbox.csv")
    assert [row["status"] for row in rows] == ["queued"] * PEOPLE + ["invalid"]
    assert all(row["call_status"] for row in rows[:PEOPLE])


def test_a_check_at_any_hour_says_how_many_would_be_called_and_leads_to_the_same_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(path), "--sandbox", "--any-hour"]) == ExitCode.LOOK
    lines = capsys.readouterr().out.splitlines()
    assert f"{PEOPLE} would be called." in lines
    assert lines[-1] == f"To call them: dialer run {path} --sandbox --any-hour"


def test_real_people_are_not_called_outside_their_hours_whatever_is_typed(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("run", "check"):
        assert main([verb, str(path), "--any-hour"]) == ExitCode.USAGE
        assert "Add --sandbox." in capsys.readouterr().err
    with pytest.raises(UsageError, match="trial"):
        load_campaign(path, any_hour=True)
    assert place.calls() == []
    # Where the hours keep a real run from calling, nothing leads to that option.
    assert main(["run", str(path), "--yes", "--no-progress"]) == ExitCode.LEFT
    assert "--any-hour" not in capsys.readouterr().err


def test_a_trial_at_any_hour_ends_with_the_command_for_the_real_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", str(path), "--sandbox", "--any-hour", "--no-progress"])
    assert f"for real: dialer run {path}\n" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status {} --sandbox", "pause {} --sandbox; resume {} --sandbox"])
def test_what_is_printed_for_a_trial_at_any_hour_calls_those_who_are_left_when_it_is_pasted(
    place: Place, path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the option, the pasted command calls nobody until tomorrow morning."""
    assert main(["run", str(path), "--sandbox", "--any-hour", "--limit", "1", "-q"]) == ExitCode.LEFT
    capsys.readouterr()
    for line in command.split("; "):
        assert main(line.format(path).split()) == ExitCode.DONE
    (paste,) = {one for one in told(capsys.readouterr().out) if parsed(one).info_name == "run"}
    assert main([*paste.split()[1:], "-q"]) == ExitCode.LOOK
    assert [row["status"] for row in place.results("c.results.sandbox.csv")] == ["queued"] * PEOPLE + ["invalid"]


def test_a_trial_within_its_hours_is_not_led_out_of_them(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", str(path), "--sandbox", "--any-hour", "--limit", "1", "-q"])
    main(["run", str(path), "--sandbox", "-q"])
    capsys.readouterr()
    main(["status", str(path), "--sandbox"])
    assert "--any-hour" not in capsys.readouterr().out


def test_the_next_command_asks_for_what_the_run_was_asked_for(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasted, it stays until the calls have ended, as the one before, and does not call what that refused to call."""
    main(["run", str(path), "--sandbox", "--any-hour", "--track", "--strict", "--limit", "1", "--no-progress"])
    paste = told(capsys.readouterr().err.splitlines()[-1])[0]
    assert paste == f"dialer run {path} --sandbox --any-hour --strict --track"
    main([*paste.split()[1:], "-q"])
    rows = place.results("c.results.sandbox.csv")
    assert all(row["call_status"] for row in rows[1:PEOPLE])
