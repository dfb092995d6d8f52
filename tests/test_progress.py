"""How a run shows that it is alive, on a terminal, in a log, and where nobody listens any more."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dialer.cli.events import LINE_EVERY, JsonLines
from dialer.cli.progress import Bar, Lines
from dialer.engine.progress import NOT_LOOKED, Going, Progress
from dialer.models import Answer, CallCount, Effect, Outcome
from tests.harness import Batch, sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes no place on a terminal is not counted here."""
    monkeypatch.setenv("NO_COLOR", "1")


def came(outcome: Outcome, words: str = "") -> Answer:
    accepted = outcome is Outcome.QUEUED
    return Answer(outcome, Effect.GO_ON, words, execution_id="e" if accepted else None, http_status=200)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    """A terminal that was closed, or a pipe that nobody reads."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, _text: str) -> int:
        raise self.error

    def flush(self) -> None:
        raise self.error


def told(progress: Progress, *outcomes: Outcome) -> None:
    """Tell a whole run."""
    progress.note("before")
    progress.begin(batch="monday", to_call=len(outcomes))
    for position, outcome in enumerate(outcomes, 1):
        progress.outcome(came(outcome), position=position)
    progress.note("Too many requests: waiting 2 s")
    progress.end()
    progress.note("after")


MIXED = (Outcome.QUEUED, Outcome.QUEUED, Outcome.ERROR, Outcome.UNKNOWN, Outcome.RETRY)


@pytest.mark.parametrize("make", [lambda _: Progress(), lambda stream: Bar(stream=stream)])
def test_silent_and_the_bar_may_end_twice(make: Callable[[io.StringIO], Progress]) -> None:
    progress = make(io.StringIO())
    told(progress, *MIXED)
    progress.end()


def test_the_bar_counts_by_outcome_and_retries_do_not_move_it() -> None:
    stream = Terminal()
    progress = Bar(stream=stream)
    progress.begin(batch="monday", to_call=10)
    for outcome in MIXED:
        progress.outcome(came(outcome), position=1)
    progress.end()
    last = stream.getvalue().split("\r")[-1]
    assert "4/10" in last
    assert "2 accepted, 1 refused, 1 unknown" in last


def test_the_bar_begins_anew_with_each_batch() -> None:
    stream = Terminal()
    progress = Bar(stream=stream)
    for _ in range(2):
        progress.begin(batch="monday", to_call=1)
        progress.outcome(came(Outcome.QUEUED), position=1)
        progress.end()
    assert "2 accepted" not in stream.getvalue()


def test_the_bar_draws_nothing_into_a_file_but_notes_are_kept() -> None:
    stream = io.StringIO()
    told(Bar(stream=stream), *MIXED)
    assert stream.getvalue().splitlines() == ["before", "Too many requests: waiting 2 s", "after"]


def test_lines_come_every_so_often_and_at_the_end() -> None:
    now = 0.0
    stream = io.StringIO()
    progress = Lines(stream=stream, clock=lambda: now)
    progress.begin(batch="monday", to_call=9)
    for position in range(1, 10):
        now += LINE_EVERY / 4
        progress.outcome(came(Outcome.QUEUED), position=position)
    progress.end()
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["4", "8", "9"]
    assert lines[-1].startswith("monday: 9 of 9 done, 9 accepted, ")


def test_a_line_counts_by_outcome_and_leaves_retries_out() -> None:
    now = [0.0]
    stream = io.StringIO()
    progress = Lines(stream=stream, clock=lambda: now[0])
    progress.begin(batch="monday", to_call=10)
    for outcome in MIXED:
        progress.outcome(came(outcome), position=1)
    now[0] = 2.0
    progress.end()
    assert stream.getvalue() == "monday: 4 of 10 done, 2 accepted, 1 refused, 1 unknown, 2.0/s\n"


def test_json_lines_mask_every_phone_number_in_their_texts() -> None:
    stream = io.StringIO()
    lines = JsonLines(stream=stream, clock=lambda: 1.0)
    lines.note("\nBolna refused +919812345678 and +14155550123: +1 line")
    (event,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert event["text"] == "Bolna refused **********678 and *********123: +1 line"


def test_json_lines_are_one_event_a_line_without_a_number() -> None:
    stream = io.StringIO()
    told(JsonLines(stream=stream, clock=lambda: 1.23456), *MIXED[:2], Outcome.ERROR)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["note", "begin", *["outcome"] * 3, "note", "end", "note"]
    assert events[1] == {"at": 1.235, "event": "begin", "batch": "monday", "to_call": 3}
    assert events[4] == {
        "at": 1.235, "event": "outcome", "batch": "monday", "row": 3, "status": "error", "execution_id": None,
        "reason": "", "http_status": 200,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [Bar, Lines, JsonLines])
@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError(errno.EIO, "Input/output error"), ValueError("closed file")],
)
def test_a_terminal_that_is_gone_ends_no_run(kind: type[Bar | Lines | JsonLines], error: Exception) -> None:
    told(kind(stream=Gone(error)), *MIXED)


CALLS = [
    CallCount("completed", 1, 1200, 3.5, 2.0, asked=True),
    CallCount("ringing", 0, 2, 0.0, 0.0, asked=True),
    CallCount("", 0, 3, 0.0, 0.0, asked=True),
]
IN_WORDS = "1,200 of 1,205 calls have ended; 2 ringing, 3 not known yet"


def test_how_calls_stand_is_shown_in_place_on_a_terminal() -> None:
    terminal = Terminal()
    bar = Bar(stream=terminal)
    bar.calls(CALLS[:1])
    bar.calls(CALLS)
    shown = f"1,200 of 1,200 calls have ended\x1b[K\n\x1b[J\r\x1b[1A{IN_WORDS}\x1b[K\n\x1b[J"
    assert terminal.getvalue() == shown
    bar.calls(CALLS[:1], every=30.0)
    shown += "\r\x1b[1A1,200 of 1,200 calls have ended; looking again every 30 s\x1b[K\n\x1b[J"
    bar.done()
    assert terminal.getvalue() == f"{shown}\r\x1b[1A\x1b[J", "the summary would say it a second time"


def test_in_a_log_how_calls_stand_is_a_line_now_and_then_if_it_has_changed() -> None:
    now = [0.0]
    stream = io.StringIO()
    lines = Lines(stream=stream, every=30.0, clock=lambda: now[0])
    for now[0], calls in ((10.0, CALLS), (31.0, CALLS), (62.0, CALLS), (93.0, CALLS[:1])):
        lines.calls(calls)
    assert stream.getvalue().splitlines() == [IN_WORDS, "1,200 of 1,200 calls have ended"]


def test_for_a_log_collector_how_calls_stand_is_an_event() -> None:
    now = [0.0]
    stream = io.StringIO()
    events = JsonLines(stream=stream, clock=lambda: now[0])
    for now[0] in (10.0, 31.0, 45.0):
        events.calls(CALLS)
    (event,) = map(json.loads, stream.getvalue().splitlines())
    assert (event["event"], event["open"]) == ("calls", 5)
    assert event["standing"] == {"completed": 1200, "ringing": 2, "not_known": 3}


def test_lines_come_also_while_nothing_happens_but_not_beside_a_countdown() -> None:
    stream, clock = io.StringIO(), [0.0]
    lines = Lines(stream=stream, clock=lambda: clock[-1])
    lines.begin(batch="b", to_call=3)
    for moment in (10.0, 20.0, 31.0, 41.0):
        clock.append(moment)
        lines.beat(NOT_LOOKED)
    assert stream.getvalue().count("0 of 3 done") == 1
    for moment in (51.0, 61.0, 71.0, 81.0):
        clock.append(moment)
        lines.waiting(100.0)
        lines.beat(NOT_LOOKED)
    assert stream.getvalue().count("0 of 3 done") == 1


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_no_line_of_the_bar_is_longer_than_the_terminal_and_a_reason_is_cut_after_a_word(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: (columns, 24))
    reason = "the number is not one that this account may call since it was never verified in the dashboard of Bolna"
    stream, now = Terminal(), [0.0]
    bar = Bar(stream=stream, clock=lambda: now[0])
    bar.begin(batch="december-renewals", to_call=1200, per=60.0)
    for position in range(300):
        now[0] += 0.2
        bar.outcome(came(Outcome.ERROR if position % 3 else Outcome.QUEUED, reason), position=position)
    bar.beat(Going(ended={"completed": 60, "busy": 20}, reached=60, live=20, lines=10))
    rows = stream.getvalue().split("\r")[-1].replace("\x1b[K", "").replace("\x1b[J", "").split("\n")
    rows[0] = rows[0][rows[0].index("d") :]
    text = " ".join(rows)
    assert max(map(len, rows)) < columns
    assert "300/1,200" in text
    assert "300/minute" in text
    for part in ("100 accepted", "200 refused (most: the number", "80 ended", "60 reached", "lines 10/10 (10 wait)"):
        assert part in text
    cut = [row for row in rows if row.endswith("…")]
    assert all(f"{row[row.index('most: ') + 6 : -1]} " in reason for row in cut)


def test_from_the_first_moment_on_a_run_says_what_it_does_while_the_server_takes_its_time(tmp_path: Path) -> None:
    """On a terminal that nobody sized, too: what is on the screen before the account was answered."""
    batch = Batch.write(tmp_path / "b", people=3, rate="5/second")
    ours, theirs = pty.openpty()
    screen = ""
    with sandbox(latency=600.0) as bolna, os.fdopen(ours, "rb", buffering=0) as terminal:
        command = [sys.executable, "-m", "dialer", "run", str(batch.campaign), "--yes"]
        with subprocess.Popen(command, env=bolna.environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            while not re.search(r"reading the account … [1-9]", screen):
                assert process.poll() is None, screen
                screen += terminal.read(1000).decode(errors="replace")
            counters = bolna.web.get("/_sandbox/book", params={"limit": 0}).json()["counters"]
            process.kill()
    assert (counters["requests"], counters["answers"]) == ({"GET /user/me": 1}, {})
    first = screen.index("reading the campaign file …")
    assert first < screen.index("reading the account …")
    assert screen[:first].strip() == ""
