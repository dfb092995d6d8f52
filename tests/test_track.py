"""`dialer track` from the outside: what a person gets, and that what the results show survives."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer import RunOptions, Summary, load_campaign, run_campaign
from dialer.cli import main
from dialer.cli.progress import Bar
from dialer.engine.control import Control
from dialer.engine.progress import Progress
from dialer.errors import ExitCode
from dialer.escaping import unguarded
from dialer.messages.pages.track import tracked_text
from dialer.models import RINGING, CallCount, Status
from dialer.operations import track, track_campaign
from dialer.provider.bolna.executions import execution_in
from dialer.provider.bolna.sandbox import Settings
from dialer.store.sqlite import Ledger
from tests.draw_terminal import Screen
from tests.ledgers import ANYBODY, QUEUED, call, opened, people, result_of
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PEOPLE = 30


@pytest.fixture
def path(quick: Place) -> Path:
    """A campaign of which everybody was called."""
    quick.recipients(awkward(PEOPLE), header=HEADER)
    path = quick.campaign()
    assert run(path).sent == PEOPLE
    return path


COLUMNS = (
    "row", "recipient_phone_number", "status", "execution_id", "error", "reason", "http_status", "attempts",
    "updated_at", "key",
)  # fmt: skip
CALL_COLUMNS = ("call_status", "call_duration", "call_cost", "hangup_reason", "recording_url")


def header(quick: Place) -> list[str]:
    return list(quick.results()[0])


def test_the_results_show_how_the_calls_went_once_they_were_tracked(quick: Place, path: Path) -> None:
    assert header(quick) == [*COLUMNS, *HEADER]
    assert main(["track", str(path)]) == 0
    assert header(quick) == [*COLUMNS, *CALL_COLUMNS, *HEADER]
    rows = quick.results()
    assert [row["call_status"] for row in rows[:5]] == ["completed", "voicemail", "failed", "no-answer", "completed"]
    book = {one.execution_id: one for one in quick.sandbox.book.calls}
    for row in rows:
        plan = quick.sandbox.book.plan(row["recipient_phone_number"])
        assert float(row["call_duration"]) == plan.talk
        assert float(row["call_cost"]) == pytest.approx(sum(plan.costs.values()), abs=0.001)
        assert bool(row["recording_url"]) == bool(plan.talk)
        assert row["hangup_reason"]
        assert row["execution_id"] in book


def test_long_columns_are_shown_where_they_are_asked_for_and_kept_by_later_rewrites(quick: Place, path: Path) -> None:
    assert main(["track", str(path), "--with", "transcript,extracted"]) == 0
    expected = [*COLUMNS, *CALL_COLUMNS, "call_transcript", "call_extracted", *HEADER]
    assert header(quick) == expected
    row = quick.results()[0]
    assert row["call_transcript"].startswith("assistant: =1+1")
    assert json.loads(row["call_extracted"])["call_outcome"].keys() == {"user_interested", "callback_user"}
    for command in (["results"], ["track"], ["run", "--yes", "-q"], ["reconcile"]):
        assert main([command[0], str(path), *command[1:]]) == 0
        assert header(quick) == expected
        assert quick.results()[0] == row
    assert main(["track", str(path), "--with", "none"]) == 0
    assert header(quick) == [*COLUMNS, *CALL_COLUMNS, *HEADER]


def test_a_part_that_does_not_exist_is_refused_with_those_there_are(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["track", str(path), "--with", "transcripts"]) == 2
    assert "'transcripts' is not one of transcript, extracted" in capsys.readouterr().err


def test_results_with_columns_of_calls_are_adopted_with_them_when_the_ledger_is_lost(quick: Place, path: Path) -> None:
    assert main(["track", str(path), "--with", "transcript"]) == 0
    before = quick.results()
    path.with_name("c.results.ledger").unlink()

    summary = run(path, adopt=True)

    assert summary.counts == {Status.QUEUED: PEOPLE}
    assert len(quick.calls()) == PEOPLE
    assert quick.results() == before
    # A results CSV does not hold all that Bolna knows.
    asked = quick.sandbox.traffic.requests["GET /executions/{execution_id}"]
    assert main(["track", str(path)]) == 0
    assert quick.sandbox.traffic.requests["GET /executions/{execution_id}"] == asked + PEOPLE
    assert quick.results() == before


def test_what_is_foretold_goes_by_the_calls_that_were_tracked(
    quick: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.recipients(awkward(PEOPLE + 20), header=HEADER)
    main(["check", str(path)])
    assert "lines, 1 min a call)" in capsys.readouterr().out
    main(["track", str(path)])
    capsys.readouterr()
    main(["check", str(path), "-o", "json"])
    told = json.loads(capsys.readouterr().out)
    over = [
        row for row in quick.results()[:PEOPLE] if row["call_status"] in {"completed", "voicemail", "no-answer", "busy"}
    ]
    talk = sum(float(row["call_duration"]) for row in over) / len(over)
    answered = sum(row["call_status"] == "completed" for row in over)
    assert told["talk"] == {"calls": len(over), "seconds": pytest.approx(talk), "answered": answered}
    assert told["outlook"]["forecast"]["average"] == pytest.approx(talk + RINGING)
    main(["check", str(path)])
    assert f"a call like the last {len(over)})" in capsys.readouterr().out


def test_a_run_appends_to_tracked_results_in_their_form(quick: Place, path: Path) -> None:
    assert main(["track", str(path)]) == 0
    quick.recipients(awkward(PEOPLE + 20), header=HEADER)
    assert run(path).sent == 20
    rows = quick.results()
    assert header(quick) == [*COLUMNS, *CALL_COLUMNS, *HEADER]
    assert [bool(row["call_status"]) for row in rows] == [True] * PEOPLE + [False] * 20
    assert [unguarded(row["customer_name"]) for row in rows] == [cells[1] for cells in awkward(PEOPLE + 20)]
    assert main(["track", str(path)]) == 0
    assert all(row["call_status"] for row in quick.results())


def test_columns_of_the_input_that_are_called_like_ours_come_back(quick: Place) -> None:
    names = ["contact_number", "call_status", "call_transcript", "hangup_reason"]
    quick.recipients([[number(1), "a", "b", "c"]], header=names)
    path = quick.campaign()
    run(path)
    assert main(["track", str(path), "--with", "transcript"]) == 0
    (row,) = quick.results()
    assert [row[f"input_{name}"] for name in names[1:]] == ["a", "b", "c"]
    path.with_name("c.results.ledger").unlink()
    assert run(path, adopt=True).sent == 0
    (row,) = quick.results()
    assert [row[f"input_{name}"] for name in names[1:]] == ["a", "b", "c"]


def test_a_row_shows_the_call_that_its_execution_id_names(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 1)
        for status, execution_id in (("no-answer", "exec-1"), ("completed", "exec-2")):
            ledger.permit(Status.QUEUED, ANYBODY, what="why", now=time.time() + 60)
            attempt = call(ledger, 1, replace(QUEUED, execution_id=execution_id))
            assert result_of(ledger, 1).execution_id == execution_id
            assert result_of(ledger, 1).call is None
            execution = execution_in({"id": execution_id, "status": status, "error_message": "what went wrong"})
            assert execution is not None
            ledger.note_calls([(attempt.id, execution)])
            shown = result_of(ledger, 1).call
            assert shown is not None
            assert (shown.outcome, shown.hangup_reason) == (status, "what went wrong")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"hangup_reason": "Q.850 16"}, "Q.850 16"),
        ({"hangup_reason": "Q.850 16", "termination_reason": "callee_busy"}, "callee_busy"),
        ({"termination_reason": "never_dialled", "error_message": "not your number"}, "not your number"),
    ],
)
def test_why_a_call_ended_is_told_by_what_is_the_same_for_every_carrier(
    tmp_path: Path, told: dict[str, str], shown: str
) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 1)
        attempt = call(ledger, 1, QUEUED)
        carrier = {"telephony_data": {"hangup_reason": told.pop("hangup_reason", None)}}
        execution = execution_in({"id": "exec-1", "status": "busy", **carrier, **told})
        assert execution is not None
        ledger.note_calls([(attempt.id, execution)])
        found = result_of(ledger, 1).call
        assert found is not None
        assert found.hangup_reason == shown


def test_the_outcome_as_json_is_one_object(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["track", str(path), "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {count["outcome"]: count["calls"] for count in told["counts"]} == {
        "completed": PEOPLE - 3, "voicemail": 1, "failed": 1, "no-answer": 1,
    }  # fmt: skip
    assert (told["open"], told["ended"], told["requests"]) == (0, PEOPLE, PEOPLE + 1)


def test_what_is_final_is_not_asked_for_again(quick: Place, path: Path) -> None:
    assert main(["track", str(path), "-q"]) == 0
    before = quick.sandbox.traffic.requests.total()
    assert main(["track", str(path), "-q"]) == 0
    assert quick.sandbox.traffic.requests.total() == before


def test_calls_that_are_not_over_leave_something_for_later(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(PEOPLE), header=HEADER)
    path = place.campaign()
    run(path)
    assert main(["track", str(path)]) == 3
    assert f"To ask again: dialer track {path} --watch" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["soon", "0s", "30", "2 weeks"])
def test_a_time_that_is_none_is_refused(path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["track", str(path), "--every", text]) == 2
    assert 'write a time from "1s" to "24h"' in capsys.readouterr().err


def test_results_that_cannot_be_written_any_more_are_told_and_lose_nothing(quick: Place) -> None:
    quick.recipients(awkward(3), header=HEADER)
    path = quick.campaign(more='results = "out/c.csv"\nledger = "c.ledger"')
    run(path)
    campaign = load_campaign(path)
    in_the_way = quick.folder / "out"
    shutil.rmtree(in_the_way)
    in_the_way.touch()
    tracked = anyio.run(track_campaign, campaign)
    assert f"dialer results {path}" in tracked_text(tracked, selection=campaign.batch.selection)
    in_the_way.unlink()
    assert main(["results", str(path)]) == 0
    assert all(row["call_status"] for row in quick.results("out/c.csv"))


def test_a_refused_key_is_exit_code_five(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "nonsense")
    assert main(["track", str(path)]) == 5


def test_before_anybody_was_called_there_is_nothing_to_track(quick: Place, capsys: pytest.CaptureFixture[str]) -> None:
    quick.recipients(awkward(3), header=HEADER)
    assert main(["track", str(quick.campaign())]) == 2
    assert "The first run of a batch creates it" in capsys.readouterr().err
    assert sorted(path.name for path in quick.folder.iterdir()) == ["c.toml", "list.csv"]


def test_a_watch_ends_when_all_are_final(place: Place) -> None:
    place.recipients(awkward(2), header=HEADER)
    place.sandbox.book._settings = Settings(speed=600.0)
    path = place.campaign()
    run(path)
    assert main(["track", str(path), "--watch", "--every", "1s", "-q"]) == 0
    with closing(Ledger.read(path.with_name("c.results.ledger"))) as ledger:
        assert ledger.open_calls() == []


def test_a_run_goes_on_until_every_call_is_over_where_it_is_asked_to(quick: Place) -> None:
    quick.recipients(awkward(PEOPLE), header=HEADER)
    summary = run(quick.campaign(), track=True)
    assert summary.exit_code is ExitCode.DONE
    assert {count.outcome: count.calls for count in summary.calls} == {
        "completed": PEOPLE - 3, "voicemail": 1, "failed": 1, "no-answer": 1,
    }  # fmt: skip
    assert all(row["call_status"] for row in quick.results())


class Interrupting(Progress):
    """Asks to stop as soon as it is told of calls."""

    def __init__(self) -> None:
        self.control = Control()

    def calls(self, counts: Sequence[CallCount], *, every: float | None = None) -> None:  # noqa: ARG002 - Progress
        self.control.interrupt()


def test_tracking_after_a_run_ends_orderly_when_it_is_interrupted(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "SHOW_EVERY", 0.1)
    place.recipients(awkward(PEOPLE), header=HEADER)
    campaign = load_campaign(place.campaign())

    async def main() -> Summary:
        progress = Interrupting()
        return await run_campaign(campaign, RunOptions(track=True), progress=progress, control=progress.control)

    summary = anyio.run(main)
    assert (summary.exit_code, summary.ended) == (ExitCode.INTERRUPTED, "Interrupted.")
    assert 0 < summary.may_ring <= PEOPLE
    assert summary.counts == {Status.QUEUED: PEOPLE}
    # What was read until then is in the results.
    known = sum(count.calls for count in summary.calls if count.outcome)
    assert sum(bool(row.get("call_status")) for row in place.results()) == known


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_only_the_summary_says_how_many_calls_have_ended(quick: Place) -> None:
    quick.recipients(awkward(PEOPLE), header=HEADER)
    campaign, terminal = load_campaign(quick.campaign()), Terminal()
    anyio.run(partial(run_campaign, campaign, RunOptions(track=True), progress=Bar(stream=terminal)))
    screen = Screen()
    screen.write(terminal.getvalue())
    assert "calls have ended" in terminal.getvalue()
    assert not any("calls have ended" in "".join(character for character, _ in line) for line in screen.lines)


def test_a_trial_does_not_wait_for_calls_that_went_with_an_earlier_stand_in(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(PEOPLE), header=HEADER)
    trial = ["run", str(place.campaign()), "--sandbox", "--yes", "--no-progress"]
    assert main([*trial, "--limit", "5"]) == ExitCode.LEFT
    with closing(sqlite3.connect(place.folder / "c.results.sandbox.ledger")) as ledger, ledger:
        # One rang when it was last looked up, the others were not looked up.
        ledger.execute("DELETE FROM call")
        ledger.execute(
            "INSERT INTO call (attempt, recipient, status, final, asked_at, since) "
            "SELECT min(id), recipient, 'ringing', 0, at, at FROM attempt"
        )
    capsys.readouterr()
    # None of them is over: this run would wait for ever.
    assert main([*trial, "--track"]) == ExitCode.DONE
    assert "5 calls went with the stand-in of an earlier run" in capsys.readouterr().err
    assert main([*trial, "--redial", "no-answer", "--limit", "1"]) in {ExitCode.DONE, ExitCode.LEFT}
    said = capsys.readouterr().err
    assert "5 are not redialled: their call went with the stand-in of an earlier run" in said
    assert "may still ring" not in said
    assert "has said nothing" not in said


def test_track_of_a_trial_says_that_its_calls_cannot_be_asked_for_any_more(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 would say that all of them have ended."""
    place.recipients(awkward(PEOPLE), header=HEADER)
    path = str(place.campaign())
    assert main(["run", path, "--sandbox", "-q"]) == ExitCode.DONE
    with closing(sqlite3.connect(place.folder / "c.results.sandbox.ledger")) as ledger, ledger:
        ledger.execute("DELETE FROM call")
    capsys.readouterr()
    assert main(["track", path, "--sandbox"]) == ExitCode.LOOK
    assert f"{PEOPLE} calls went with the stand-in of an earlier run" in capsys.readouterr().out
    assert main(["run", path, "--sandbox", "--track", "-q"]) == ExitCode.DONE
    assert main(["track", path, "--sandbox"]) == ExitCode.DONE


def test_a_run_that_a_person_must_mend_first_does_not_track(quick: Place) -> None:
    quick.recipients(awkward(PEOPLE), header=HEADER)
    path = quick.campaign()
    run(path, limit=10)
    quick.sandbox.call_strikes.force("payment_required")
    summary = run(path, track=True)
    assert summary.exit_code is ExitCode.MUST_ACT
    assert not any(count.asked for count in summary.calls)
