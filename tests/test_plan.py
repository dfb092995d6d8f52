"""What a person reads before saying yes: at most seven lines, the most important first; no is an answer, no error."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from dialer.cli import main
from dialer.errors import DeclinedError, ExitCode
from dialer.messages.pages.plan import plan_text
from dialer.models import Status
from tests.place import HEADER, awkward, number, run
from tests.terminals import at_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.operations import Plan
    from tests.place import Place

PRICE = "[forecast]\ncost_per_minute = 0.08\n"


def plan(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """Return what is said before the first call."""
    main(["run", "--yes", "--no-progress", str(path), *options])
    return capsys.readouterr().err.partition(f"\n{path.stem}: ")[0].splitlines()


def test_it_says_who_when_for_how_much_who_not_and_what_is_heard(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([*awkward(5), ["no number", "x", "y", "z"]], header=["Mobile", *HEADER[1:]])
    (place.folder / "dnc.csv").write_text(f"{awkward(1)[0][0]}\n")
    lines = plan(place.campaign(more=f'{PRICE}[screening]\nsuppression = ["dnc.csv"]'), capsys)
    begins = ["4 people in", "Sending takes", "The calls cost", "Not called", "The first one will hear", "Note", "Note"]
    for line, begin in zip(lines, begins, strict=True):
        assert line.startswith(begin)
    assert "The numbers come from the column" in lines[0]
    assert "The last call ends" in lines[1]
    assert "wallet" in lines[2]
    assert lines[3] == "Not called: 1 invalid, 1 suppressed."


def test_however_much_there_is_to_say_it_takes_seven_lines(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not fit is counted, with the command that shows it."""
    rows = [[row[0], "NULL", "&amp;", "ZoÃ«"] for row in awkward(5)]
    place.recipients([*rows, ["no number", "x", "y", "z"]], header=["Mobile", *HEADER[1:]])
    for name in ("one", "two"):
        (place.folder / f"{name}.csv").write_text("+919999999999\n")
    path = place.campaign(more=f'{PRICE}[screening]\nsuppression = ["one.csv", "two.csv"]')
    assert main(["run", str(path), "--yes", "-q", "--limit", "2"]) == ExitCode.LEFT
    lines = plan(path, capsys)
    assert len(lines) == 7
    assert lines[3].startswith("Already called: 2 of 6 (the last one on ")
    assert lines[-1].endswith(f" more notes: dialer check {path}")


def planned(place: Place, *, people: int, more: str = "") -> Plan:
    """Return the plan of a run that is declined."""
    place.recipients(awkward(people), header=HEADER)
    seen: list[Plan] = []

    async def no(plan: Plan) -> bool:
        seen.append(plan)
        return False

    with pytest.raises(DeclinedError, match="No call was placed"):
        run(place.campaign(more=more), confirm=no)
    return seen[0]


def test_what_may_be_a_second_call_is_in_it(place: Place) -> None:
    found = planned(place, people=3, more=PRICE)
    doubtful = replace(found, redialled=("+919812345678", "+919812345679"), once_more={"busy": 1})
    doubtful = replace(doubtful, outlook=replace(found.outlook, notes=("a", "b", "c", "d")))
    lines = plan_text(doubtful, check="dialer check c.toml").splitlines()
    assert len(lines) == 7
    assert lines[3] == "Already called: 1 of 3."
    assert lines[4] == (
        "2 of them may have been called already, and may be called twice. "
        "1 was called before and will be called again: 1 busy."
    )


@pytest.mark.parametrize("answer", ["n", "", "nein", "yes please"])
def test_no_is_an_answer_and_no_error(place: Place, answer: str) -> None:
    place.recipients(awkward(2), header=HEADER)
    code, screen = at_a_terminal("run", place.campaign(), question="[y/N]", answer=f"{answer}\n")
    assert (code, place.calls()) == (ExitCode.LEFT, [])
    assert screen.splitlines()[-1] == "No call was placed."
    assert "Error" not in screen


def test_yes_calls_them(place: Place) -> None:
    place.recipients(awkward(2), header=HEADER)
    code, _ = at_a_terminal("run", place.campaign(), question="[y/N]", answer="y\n")
    assert (code, len(place.calls())) == (ExitCode.DONE, 2)


def test_no_to_cancel_cancels_nothing(place: Place) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    assert run(path).sent == 2
    code, screen = at_a_terminal("cancel", path, question="[y/N]", answer="n\n")
    assert (code, screen.splitlines()[-1]) == (ExitCode.LEFT, "Nothing was cancelled.")


def test_the_requests_themselves_are_shown_only_when_asked_for(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = str(place.campaign())
    assert main(["check", path]) == 0
    assert "POST /call" not in capsys.readouterr().out
    assert main(["check", path, "--verbose"]) == 0
    assert "POST /call {" in capsys.readouterr().out


def test_with_a_limit_it_still_says_who_is_outside_their_hours_and_who_is_called_first(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its first row may not be called now: what is shown is what the first person who is called will hear."""
    now = datetime.now(ZoneInfo("Asia/Kolkata"))
    hours = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    closed, opened = (
        [[f"+1212555014{at}", "Closed"] for at in range(3)],
        [[number(at), f"Open {at}"] for at in range(4)],
    )
    place.recipients([*closed, *opened], header=["phone", "customer_name"])
    lines = plan(place.campaign(more=f'[window]\nhours = "{hours}"'), capsys, "--limit", "2")
    assert lines[0].startswith("2 people in ")
    assert "(limit: 2)" in lines[0]
    (later,) = [line for line in lines if "for a later run" in line]
    assert later.startswith("5 stay for a later run: 3 outside their calling hours, ")
    assert later.endswith("2 beyond the limit of this run.")
    (heard,) = [line for line in lines if line.startswith("The first one will hear")]
    assert "Open 0" in heard


def test_who_is_called_once_more_was_called_already(place: Place) -> None:
    again = replace(planned(place, people=3), counts={Status.QUEUED: 21, Status.PENDING: 19}, once_more={"busy": 8})
    assert "Already called: 29 of 40." in plan_text(again, check="dialer check c.toml")


def test_a_redial_says_how_many_are_called_again_and_how_many_for_the_first_time(place: Place) -> None:
    first = planned(place, people=8)
    assert "(" not in plan_text(first, check="").partition(" by ")[0]
    redial = replace(first, once_more={"no-answer": 4, "busy": 2})
    assert "8 people in " in (head := plan_text(redial, check="").splitlines()[0])
    assert " will be called (6 again, 2 for the first time), by " in head
    # A run with a limit may call other ones first.
    forecast = replace(first.outlook.forecast, calls=3)
    limited = plan_text(replace(redial, limited_to=3, outlook=replace(first.outlook, forecast=forecast)), check="")
    assert " will be called (limit: 3), by " in limited
    assert "Of 8 who are left, 6 were called before: 4 no-answer, 2 busy." in limited
