"""At its end a run says why rows were refused, how calls ended, and the one command that goes on best."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.errors import ExitCode
from dialer.messages.commands import Selection
from dialer.messages.pages.reconcile import settled_text
from dialer.messages.pages.run import summary_text
from dialer.models import CallCount, Status
from dialer.operations import Summary
from dialer.operations.next_command import next_command
from dialer.operations.outcome import Why
from dialer.operations.reconcile import Settled
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store import Redials
from tests.place import HEADER, Place, awkward, run
from tests.test_commands import parsed, told

if TYPE_CHECKING:
    from collections.abc import Mapping

REAL = Selection(Path("c.toml"), batch="may")
TRIAL = replace(REAL, sandbox=True)
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ENDED = Summary(
    *("c", "c.csv", {Status.QUEUED: 9}),
    sent=9,
    seconds=1.0,
    held=0.0,
    waited=0.0,
    left=0,
    exit_code=ExitCode.DONE,
    calls=(CallCount("busy", 1, 9, 0.0, 0.0, asked=True),),
)
OPEN = (CallCount("", 0, 9, 0.0, 0.0, asked=False),)
MISSED_HOW = "no-answer,busy,voicemail"
MISSED = {"missed": lambda: Redials(due=9)}


def with_rows(**counts: int) -> Summary:
    return replace(ENDED, counts={Status(name): count for name, count in counts.items()}, exit_code=ExitCode.LOOK)


LEFT = replace(ENDED, left=3, exit_code=ExitCode.LEFT, calls=OPEN)
PLANNED = Redials(later=2, first=NOON, last=NOON)


@pytest.mark.parametrize(
    ("summary", "more", "line"),
    [
        (LEFT, {}, "Next: dialer run c.toml --batch may"),
        (LEFT, {"more": ("--redial", "busy")}, "Next: dialer run c.toml --batch may --redial busy"),
        (LEFT, {"opens": NOON}, "Next, from 2026-11-30 12:00 UTC: dialer run c.toml --batch may"),
        (
            ENDED,
            {"more": ("--redial", "busy"), "ripe_from": NOON},
            "Next, from 2026-11-30 12:00 UTC: dialer run c.toml --batch may --redial busy",
        ),
        (replace(LEFT, exit_code=ExitCode.MUST_ACT), {}, "Next: dialer run c.toml --batch may"),
        (replace(LEFT, exit_code=ExitCode.INTERRUPTED), {}, "Next: dialer run c.toml --batch may"),
        (replace(ENDED, redials=PLANNED), {}, "Next, from 2026-11-30 12:00 UTC: dialer run c.toml --batch may"),
        (replace(ENDED, redials=replace(PLANNED, due=1)), {}, "Next: dialer run c.toml --batch may"),
        (with_rows(queued=1, unknown=1, error=1), {}, "Next: dialer reconcile c.toml --batch may"),
        (
            with_rows(queued=1, error=1, invalid=1),
            MISSED,
            "Next, when the cause is fixed: dialer run c.toml --batch may --retry-errors",
        ),
        (replace(ENDED, calls=OPEN), MISSED, "Next: dialer track c.toml --batch may"),
        (
            replace(with_rows(unknown=1), calls=OPEN, exit_code=ExitCode.LEFT),
            {},
            "Next: dialer track c.toml --batch may",
        ),
        (
            ENDED,
            MISSED,
            f"Next, to call again the people who were not reached: dialer run c.toml --batch may --redial {MISSED_HOW}",
        ),
        (
            with_rows(queued=1, invalid=1),
            {},
            "Next, when the invalid rows are fixed in the CSV: dialer run c.toml --batch may",
        ),
        (ENDED, {}, "Next: dialer report c.toml --batch may"),
    ],
)
def test_a_run_ends_with_the_one_command_that_goes_on_best(
    summary: Summary, more: Mapping[str, Any], line: str
) -> None:
    text = summary_text(replace(summary, next=next_command(summary, selection=REAL, **more)), selection=REAL)
    assert text.splitlines()[-1] == line
    (command,) = told(line)
    assert parsed(command).params["batch"] == "may"
    assert text.count("Next") == 1


def test_a_finished_trial_says_how_to_call_in_earnest() -> None:
    trial = replace(ENDED, calls=OPEN)
    text = summary_text(replace(trial, next=next_command(trial, selection=TRIAL)), selection=TRIAL)
    assert text.splitlines()[-1] == "Next, to call the people in this list for real: dialer run c.toml --batch may"
    assert next_command(LEFT, selection=TRIAL).command == "dialer run c.toml --batch may --sandbox"
    waiting = summary_text(replace(trial, next=next_command(trial, selection=TRIAL, needs_agent=True)), selection=TRIAL)
    assert waiting.splitlines()[-1].startswith("Next, when the agent's id is in the campaign file, ")
    sample = summary_text(replace(trial, next=next_command(trial, selection=TRIAL, is_sample=True)), selection=TRIAL)
    assert sample.splitlines()[-1] == "Next, with a list of your own: dialer init YOUR.csv"
    assert "for real" not in sample
    # Its calls ended with the stand-in.
    assert "With --track, a run waits until it knows how each call went." in sample


def test_refusals_are_counted_by_reason_and_told_to_scripts(quick: Place, capsys: pytest.CaptureFixture[str]) -> None:
    quick.recipients(awkward(6), header=HEADER)
    path = quick.campaign()
    quick.sandbox.call_strikes.force("refused", "refused")
    assert main(["run", str(path), "--yes", "-o", "json", "--log-format", "json"]) == ExitCode.LOOK
    out, err = capsys.readouterr()
    document, event = json.loads(out), json.loads(err.splitlines()[-1])
    (reason,) = document["reasons"]
    assert document["reasons"] == event["reasons"] == {reason: 2}
    assert document["next"] == {"command": f"dialer run {path} --retry-errors", "why": "errors", "at": None}
    main(["run", str(path), "--yes"])
    assert f"refused, by reason:\n          2  {reason}\n" in capsys.readouterr().err


def test_at_most_five_reasons_are_shown() -> None:
    reasons = {f"reason {index}": 9 - index for index in range(5)}
    lines = summary_text(replace(ENDED, reasons=reasons, other_reasons=7), selection=REAL).splitlines()
    at = lines.index("refused, by reason:")
    assert [line.split() for line in lines[at + 1 : at + 7]] == [
        *(["9", "reason", "0"], ["8", "reason", "1"], ["7", "reason", "2"], ["6", "reason", "3"]),
        *(["5", "reason", "4"], ["7", "more,", "for", "other", "reasons"]),
    ]


def test_who_was_not_reached_is_called_again_by_hand_or_by_the_plan_where_there_is_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(call_rate=None, agent_rate=None, other_rate=None, speed=100_000.0, outcomes={"busy": 1.0})
    place.recipients(awkward(2), header=HEADER)
    with running(settings) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        path = place.campaign()
        summary = run(path, track=True)
        assert (summary.outcomes, summary.exit_code) == ({"busy": 2}, ExitCode.DONE)
        assert summary.next is not None
        assert (summary.next.command, summary.next.why) == (
            f"dialer run {path} --redial no-answer,busy,voicemail --track",
            Why.NOT_REACHED,
        )
        # By the campaign two hours have to pass.
        assert summary.next.at is not None
        assert summary.next.at > datetime.now(UTC)
        path = place.campaign(more='[redial]\noutcomes = ["busy"]\ntimes = ["2h"]')
        summary = run(path, track=True)
        assert summary.next is not None
        assert (summary.next.command, summary.next.at) == (f"dialer run {path} --track", summary.redials.first)


def test_a_paused_run_says_paused_first_and_how_to_resume_last(
    quick: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.recipients(awkward(2), header=HEADER)
    path = quick.campaign()
    main(["pause", str(path)])
    capsys.readouterr()
    main(["run", str(path), "--yes"])
    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[-1]) == ("c: paused", f"Next: dialer resume {path}")
    assert "\n".join(lines).count(f"dialer resume {path}") == 1


def test_each_outcome_has_one_line_however_much_is_known_of_its_calls() -> None:
    counts = (CallCount("completed", 3, 2, 0.0, 0.0, asked=True), CallCount("completed", 1, 17, 0.0, 0.0, asked=True))
    lines = summary_text(replace(ENDED, calls=counts), selection=REAL).splitlines()
    (line,) = [line.split() for line in lines if "completed" in line]
    assert line == ["completed", "19", "100.0%", "2", "details", "not", "read", "yet"]


def test_a_run_that_ends_with_calls_under_way_says_how_to_ask_for_them_whatever_comes_next() -> None:
    summary = replace(with_rows(queued=8, error=1), calls=(*ENDED.calls, *OPEN))
    text = summary_text(replace(summary, next=next_command(summary, selection=REAL)), selection=REAL)
    assert "To ask how the other calls went: dialer track c.toml --batch may" in text


def test_an_unknown_call_that_is_not_found_leaves_two_choices_and_one_of_a_trial_is_not_looked_for() -> None:
    settled = Settled(*("may", 0, 1, 7), counts={}, notes=(), results="c.csv")
    said = settled_text(settled, selection=REAL)
    assert "(some may be called twice): dialer run c.toml --batch may --redial-unknown\n" in said
    assert "Or leave it: it stays unknown, no run calls that person, and the exit code stays 1." in said
    said = settled_text(settled, selection=TRIAL)
    assert "The stand-in of that trial is over, so it cannot be asked." in said
    assert "half an hour" not in said
    unknown = with_rows(unknown=1)
    assert "reconcile" not in next_command(unknown, selection=TRIAL).command


def test_a_trial_that_was_stopped_is_not_advised_to_track_which_it_may_have_done() -> None:
    ended = replace(ENDED, calls=(CallCount("ringing", 0, 4, 0.0, 0.0, asked=True),))
    assert "With --track, a run waits" in summary_text(ended, selection=TRIAL)
    stopped = summary_text(replace(ended, exit_code=ExitCode.INTERRUPTED, ended="Interrupted."), selection=TRIAL)
    assert "The run was stopped before it knew how each call went" in stopped
    assert "--track" not in stopped
