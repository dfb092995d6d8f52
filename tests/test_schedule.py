"""From when and until when a run sends, and several campaigns under one command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.provider.bolna.sandbox import Settings, running
from tests.place import HEADER, Place, awkward, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KNOWN, GONE = "123e4567-e89b-12d3-a456-426655440000", "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def one_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A Bolna that knows one agent, and no other."""
    with running(Settings(call_rate=None, agent_rate=None, other_rate=None, agents=(KNOWN,))) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield Place(tmp_path, sandbox)


def campaign(place: Place, name: str, *, agent: str = KNOWN, more: str = "", rate: str = "5000/second") -> Path:
    path = place.folder / f"{name}.toml"
    path.write_text(
        f'agent_id = "{agent}"\nrecipients = "{name}.csv"\n{more}\n[pacing]\nrate = "{rate}"\nreads = "5000/second"\n',
        encoding="utf-8",
    )
    return path


def spelled(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def schedule(**moments: datetime) -> str:
    return "[schedule]\n" + "\n".join(f'{key} = "{spelled(moment)}"' for key, moment in moments.items())


def cut_short(place: Place, run: Callable[[datetime, str], int]) -> None:
    """Run something that ends after 50 calls at most; on a machine too busy for the first one by then, do so slower."""
    for seconds in (2.5, 10.0, 40.0, 160.0):
        # A run ends at a whole second.
        ends = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
        code = run(ends, f"{round(3000 / seconds)}/minute")
        if place.calls():
            assert code == 3
            assert len(place.calls()) <= 51
            return
    pytest.fail("nobody was called")


def test_a_schedule_that_begins_later_is_waited_for_and_nothing_leaves_before(place: Place) -> None:
    place.recipients(awkward(5), header=HEADER, name="later.csv")
    begins = datetime.now(UTC) + timedelta(seconds=1.5)
    path = campaign(place, "later", more=schedule(start=begins))
    assert main(["run", str(path), "--yes"]) == 0
    book = place.sandbox.book
    assert len(book.calls) == 5
    assert min(book.clock.moment(call.received_at) for call in book.calls) >= begins.replace(microsecond=0)


def test_a_schedule_that_ends_stops_the_sending_and_the_rest_is_left(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(100), header=HEADER, name="short.csv")

    def called_until(ends: datetime, rate: str) -> int:
        return main(["run", str(campaign(place, "short", more=schedule(until=ends), rate=rate)), "--yes"])

    cut_short(place, called_until)
    path, calls = place.folder / "short.toml", place.calls()
    told = capsys.readouterr().err
    assert " stay for a later run: the schedule ends before their turn." in told
    assert "The schedule ended at " in told

    # Whatever cron does from here on, a person has to act.
    assert main(["run", str(path), "--yes"]) == 5
    told = capsys.readouterr().err
    assert "no one was called.\nSet another `until` in [schedule], or take it out." in told
    assert main(["check", str(path)]) == 2
    assert "To call them" not in capsys.readouterr().out
    assert len(place.calls()) == len(calls)


def test_a_run_that_is_to_end_at_a_time_leaves_the_rest_to_the_next_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(100), header=HEADER, name="until.csv")

    def called_until(ends: datetime, rate: str) -> int:
        return main(["run", str(campaign(place, "until", rate=rate)), "--yes", "--until", spelled(ends)])

    cut_short(place, called_until)
    path = campaign(place, "until")
    assert main(["run", str(path), "--yes"]) == 0
    assert len(place.calls()) == 100
    capsys.readouterr()
    assert main(["run", str(path), "--yes", "--until", "2020-01-01 09:00"]) == 2
    assert "this is in the past" in capsys.readouterr().err


def test_several_campaigns_end_with_one_summary_and_the_gravest_exit_code(
    one_agent: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first waits for its hours, the second is refused since Bolna does not know its agent."""
    for name, start in (("a", 0), ("b", 500), ("c", 900)):
        one_agent.recipients(awkward(60, start=start), header=HEADER, name=f"{name}.csv")
    opens = datetime.now(UTC) + timedelta(hours=6)
    hours = f'[window]\nhours = "{opens:%H:%M}-{opens + timedelta(minutes=1):%H:%M}"\ntimezone = "UTC"'
    waits = campaign(one_agent, "a", more=hours)
    refused, good = campaign(one_agent, "b", agent=GONE), campaign(one_agent, "c")

    assert main(["run", str(waits), str(refused), str(good), "--yes"]) == 5

    told = capsys.readouterr().err
    (overview,) = told.split("All:\n")[1:]
    lines = overview.splitlines()
    assert lines[0].startswith(f"  {waits}: exit 3: 60 pending; 60 were not called now; ")
    assert lines[1].startswith(f"  {refused}: exit 5: Bolna knows no agent {GONE}: ")
    assert lines[2] == f"  {good}: exit 0: 60 queued"

    # A second start goes on where each of them was: the second's agent was mended.
    refused.write_text(refused.read_text().replace(GONE, KNOWN))
    assert main(["run", str(waits), str(refused), str(good), "--yes"]) == 3
    assert sorted({call["recipient_phone_number"] for call in one_agent.calls()}) == [
        number(index) for start in (500, 900) for index in range(start, start + 60)
    ]
    assert len(one_agent.calls()) == 120


def test_several_campaigns_are_one_json_document(one_agent: Place, capsys: pytest.CaptureFixture[str]) -> None:
    one_agent.recipients(awkward(3), header=HEADER, name="a.csv")
    one_agent.recipients(awkward(3, start=50), header=HEADER, name="b.csv")
    good, refused = campaign(one_agent, "a"), campaign(one_agent, "b", agent=GONE)
    assert main(["run", str(good), str(refused), "--yes", "-o", "json"]) == 5
    ran, failed = json.loads(capsys.readouterr().out)
    assert (ran["batch"], ran["counts"]) == ("a", {"queued": 3})
    assert (failed["campaign"], failed["exit_code"]) == (str(refused), 5)
    assert main(["check", str(good), str(refused), "-o", "json"]) == 5
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_a_log_of_events_holds_nothing_else_and_no_phone_number(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(4), header=HEADER, name="log.csv")
    assert main(["run", str(campaign(place, "log")), "--yes", "--log-format", "json"]) == 0
    told = capsys.readouterr()
    events: list[dict[str, Any]] = [json.loads(line) for line in told.err.splitlines()]
    # On a busy machine it also says what it does meanwhile.
    plan, *rest = [event for event in events if event["event"] != "doing"]
    assert [event["event"] for event in (plan, *rest)] == ["plan", "begin", *["outcome"] * 4, "end", "summary"]
    assert plan["to_call"] == 4
    assert {event["execution_id"] for event in events if event["event"] == "outcome"} == {
        call.execution_id for call in place.sandbox.book.calls
    }
    assert (events[-1]["counts"], events[-1]["exit_code"]) == ({"queued": 4}, 0)
    assert not any(call.to_number in told.err for call in place.sandbox.book.calls)


def test_in_a_log_of_events_a_mistake_is_an_event_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(2), header=HEADER, name="good.csv")
    good, bad = campaign(place, "good"), campaign(place, "bad", agent="no agent")
    assert main(["run", str(bad), str(good), "--yes", "--log-format", "json", "--no-progress"]) == 2
    told = capsys.readouterr().err
    events = [event for event in map(json.loads, told.splitlines()) if event["event"] != "doing"]
    assert [event["event"] for event in events] == ["error", "plan", "begin", "end", "summary"]
    assert (events[0]["campaign"], events[0]["exit_code"]) == (str(bad), 2)
    assert main(["run", str(bad), "--yes", "--log-format", "json"]) == 2
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["error"]


def test_hours_past_midnight_are_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(1), header=HEADER, name="night.csv")
    path = campaign(place, "night", more='[window]\nhours = { mon-fri = "20:00-09:00", sat = "09:00-24:00" }')
    main(["check", str(path)])
    assert "Calling hours past midnight: 20:00-09:00, until the next day." in capsys.readouterr().out


# -- what is told beforehand ---------------------------------------------------------------------------------------


def test_check_says_who_can_be_called_now_and_when_the_others_become_so(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the time is: of India and of a zone twelve and a half hours away, one is asleep."""
    rows = [["+919812345678", "Asha", "", ""], ["+61412345678", "Jack", "America/Phoenix", ""]]
    place.recipients(rows, header=["phone", "name", "timezone", "note"], name="hours.csv")
    more = '[window]\nhours = "08:00-19:30"\n[columns]\ntimezone = "timezone"'
    assert main(["check", str(campaign(place, "hours", more=more)), "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    forecast = told["outlook"]["forecast"]
    assert forecast["calls"] + sum(later["count"] for later in forecast["later"]) == 2
    assert len(forecast["later"]) >= 1
    assert all(datetime.fromisoformat(later["since"]) > datetime.now(UTC) for later in forecast["later"])
    zones = {tuple(place["where"]["zones"]): place["where"]["source"] for place in told["places"]}
    assert zones == {("Asia/Kolkata",): "number", ("America/Phoenix",): "timezone column"}


def test_a_run_that_leaves_everybody_for_later_says_when_and_ends_with_three(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    closed = f"{(now.hour + 2) % 24:02}:00-{(now.hour + 3) % 24:02}:00"
    place.recipients(awkward(3), header=HEADER, name="asleep.csv")
    more = f'[window]\nhours = "{closed}"\ntimezone = "UTC"'
    assert main(["run", str(campaign(place, "asleep", more=more)), "--limit", "2"]) == 3
    told = capsys.readouterr().err
    opens = f"{now.replace(minute=0) + timedelta(hours=2):%Y-%m-%d %H:%M} UTC"
    assert "No one is called now." in told
    assert "[y/N]" not in told
    assert f"3 stay for a later run: outside their calling hours, from {opens}." in told
    assert f"  3: outside their calling hours; from {opens}" in told
    assert not place.calls()


def test_what_is_foretold_is_by_the_campaigns_clock_and_in_json_in_utc(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clock of Kathmandu is 5:45 ahead: no machine and no number of the list has it."""
    here = datetime.now(UTC) + timedelta(hours=5, minutes=45)
    opens = here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    closed = f"{opens.hour:02}:00-{(opens.hour + 1) % 24:02}:00"
    place.recipients(awkward(3), header=HEADER, name="asleep.csv")
    more = f'[window]\nhours = "{closed}"\ntimezone = "Asia/Kathmandu"\n'
    path = campaign(place, "asleep", more=more)
    assert main(["check", str(path)]) == 0
    shown = f"{opens:%Y-%m-%d %H:%M} Asia/Kathmandu"
    assert f"3 stay for a later run: outside their calling hours, from {shown}." in capsys.readouterr().out
    assert main(["check", str(path), "-o", "json"]) == 0
    (later,) = json.loads(capsys.readouterr().out)["outlook"]["forecast"]["later"]
    assert later["since"] == (opens - timedelta(hours=5, minutes=45)).isoformat()
    path = campaign(place, "asleep", more=f'{more}outside = "wait"\n')
    assert main(["check", str(path)]) == 0
    assert f"Sending begins at {shown} (calling hours are closed until then)" in capsys.readouterr().out
