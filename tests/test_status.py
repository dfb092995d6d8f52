"""`dialer status`: figures that agree with everything else, and what a person needs at a glance."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.cli.terminal import Screen
from dialer.engine.control import Control
from dialer.engine.progress import Progress
from dialer.messages.values import duration
from dialer.moments import to_the_minute
from dialer.operations import live_progress
from dialer.store.sqlite import locked
from tests.ledgers import AGAIN, QUEUED, REFUSED, UNCLEAR, call, intend, opened, people
from tests.place import HEADER, awkward, number, run
from tests.test_track import PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.engine.progress import Going
    from tests.place import Place


@pytest.fixture
def path(quick: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign of which everybody was called but who was refused, with a row that is no number."""
    monkeypatch.setattr("dialer.engine.throttle._HOLD_FIRST", 0.05)
    quick.recipients([*awkward(PEOPLE), ["no number", "", "", ""]], header=HEADER)
    path = quick.campaign()
    quick.sandbox.call_strikes.force("rate_limited", "refused", "error_before")
    run(path)
    return path


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (standing,) = json.loads(capsys.readouterr().out)
    assert isinstance(standing, dict)
    return standing


def test_its_figures_agree_with_the_results_and_with_bolnas_book(
    quick: Place,
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["track", str(path), "-q"])
    capsys.readouterr()
    assert main(["status", str(path), "-o", "json"]) == 0
    standing, rows, book = told(capsys), quick.results(), quick.sandbox.book
    assert standing["counts"] == Counter(row["status"] for row in rows)
    assert standing["total"] == len(rows)
    assert standing["attempts"] == {"queued": PEOPLE - 2, "error": 1, "unknown": 1, "retry": 1}
    # On a busy machine heads of requests come whose body is withheld.
    assert len(book.calls) <= sum(standing["attempts"].values()) <= quick.sandbox.traffic.requests["POST /call"]
    assert standing["outcomes"] == Counter(row["call_status"] for row in rows if row["call_status"])
    assert {count["outcome"]: count["calls"] for count in standing["calls"]} == standing["outcomes"]
    plans = [book.plan(placed.to_number) for placed in book.calls]
    assert standing["outcomes"] == Counter(plan.outcome for plan in plans)
    assert standing["talked"] == pytest.approx(sum(plan.talk for plan in plans))
    assert standing["talked"] == pytest.approx(sum(float(row["call_duration"] or 0) for row in rows))
    assert standing["cost"] == pytest.approx(sum(sum(plan.costs.values()) for plan in plans))
    assert (standing["open"], standing["running"], standing["left"]) == (0, "", None)


def test_it_names_what_needs_a_look_with_the_command_for_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(path)]) == 0
    text = capsys.readouterr().out
    assert f"1 unknown: may or may not have been called. To look for it: dialer reconcile {path}" in text
    assert f"1 refused, see the `error` column. When the cause is fixed: dialer run {path} --retry-errors" in text
    assert f"1 invalid, see the `error` column. Fix it in the CSV, then: dialer run {path}" in text
    assert f"{PEOPLE - 2} calls are still open. To ask how they went: dialer track {path}" in text


def test_several_campaigns_are_a_line_each(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(path), str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    queued = PEOPLE - 2
    assert lines[0] == (
        f"c: {queued} queued, 1 error, 1 unknown, 1 invalid; how the {queued} accepted calls went: not asked yet"
    )


def test_nothing_is_said_of_calls_that_nobody_has_asked_for(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["status"], ["report", "--format", "md"]):
        assert main([*command, str(path)]) == 0
        text = capsys.readouterr().out
        assert "not asked yet" in text
        assert "0 of" not in text
    assert main(["status", str(path), "-o", "json"]) == 0
    standing = told(capsys)
    assert (standing["ended"], standing["open"]) == (None, PEOPLE - 2)
    assert [count["asked"] for count in standing["calls"]] == [False]
    assert main(["report", str(path), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["tracked"], report["open"]) == (0, PEOPLE - 2)


def test_a_batch_that_was_never_run_hides_no_other(
    quick: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    never, lost = quick.campaign(name="never"), quick.campaign(name="lost")
    for more in ([], ["--watch"]):
        assert main(["status", str(never), *more]) == 0
        assert capsys.readouterr().out.strip() == "never: not started"
    assert main(["status", str(path), str(never)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"c: {PEOPLE - 2} queued")
    assert second == "never: not started"
    (quick.folder / "lost.results.csv").write_text((quick.folder / "c.results.csv").read_text())
    assert main(["status", str(path), str(never), str(lost), "-o", "json"]) == 2
    batches = json.loads(capsys.readouterr().out)
    assert [one.get("state") for one in batches] == [None, "not started", "not readable"]


def test_without_a_currency_a_cost_stays_the_number_that_came(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["track", str(path), "-q"]) == 0
    capsys.readouterr()
    assert main(["status", str(path), "-o", "json"]) == 0
    cost = told(capsys)["cost"]
    for command in (["status"], ["track"], ["report", "--format", "md"]):
        assert main([*command, str(path)]) == 0
        shown = re.search(r"([0-9.,]+) \(in hundredths; currency not set in dialer.toml\)", capsys.readouterr().out)
        assert shown is not None
        assert float(shown[1].replace(",", "")) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (59.2, "1 min"), (60, "1 min"), (121, "2 min 1 s"), (3599, "59 min 59 s"), (3600, "1 h")),
        *((3601, "1 h 1 min"), (7199.5, "2 h"), (100_000, "27 h 47 min")),
    ],
)
def test_a_time_is_not_longer_than_it_was(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# -- how it goes on --------------------------------------------------------------------------------------------------


def test_the_pace_is_that_of_the_last_minute(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 40)
        assert ledger.pulse(now=1000.0).last is None
        for index in range(1, 31):
            (attempt,) = intend(ledger, index)
            ledger._db.execute("UPDATE attempt SET at = ? WHERE id = ?", (1000.0 + 4 * index, attempt.id))
            ledger.settle([(attempt, (QUEUED, REFUSED, UNCLEAR, AGAIN)[index % 4])], now=1001.0 + 4 * index)
        pulse = ledger.pulse(now=1121.0)
        # Fifteen began within the last minute, of which three are to be tried again.
        assert pulse.per_minute == pytest.approx(60 * 12 / 57)
        assert pulse.last == 1121.0
        assert ledger.pulse(now=1300.0).per_minute == 0
        assert ledger.pulse().attempts == {"error": 8, "unknown": 8, "retry": 7, "queued": 7}


def test_a_hold_is_told_until_it_is_over(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        ledger.note_hold(30.0, "too many requests", now=100.0)
        pulse = ledger.pulse(now=120.0)
        assert (pulse.held, pulse.held_for) == (10.0, "too many requests")
        assert ledger.pulse(now=131.0).held == 0


class Watched(Progress):
    """Asks for the status at each beat of a run, until the run has noted how far it is; then stops it."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.control = Control()
        self.beats = 0
        self._path, self._capsys = path, capsys

    def status(self) -> tuple[dict[str, Any], str]:
        self._capsys.readouterr()
        main(["status", str(self._path), "-o", "json"])
        standing = told(self._capsys)
        main(["status", str(self._path)])
        return standing, self._capsys.readouterr().out

    def beat(self, going: Going) -> None:
        self.beats += 1
        self.going, (self.standing, self.text) = going, self.status()
        with pytest.MonkeyPatch.context() as patch:
            # The run stands still: what it has noted is of long ago.
            patch.setattr(live_progress, "FRESH", -1.0)
            self.stale, _ = self.status()
        if self.standing["progress"] is not None:
            self.control.interrupt()


def test_of_a_run_that_goes_on_it_shows_what_that_shows_itself(
    quick: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_progress, "BEAT_EVERY", 0.2)
    quick.recipients(awkward(1000), header=HEADER)
    path = quick.campaign()
    path.write_text(path.read_text().replace('rate = "5000/second"', 'rate = "300/minute"'))
    quick.sandbox.call_strikes.force("refused")
    watched = Watched(path, capsys)
    run(path, progress=watched, control=watched.control)
    progress = watched.standing["progress"]
    assert (progress["to_call"], progress["rate_per_seconds"], progress["lines"]) == (1000, 60, 100)
    counts = watched.standing["counts"]
    assert progress["done"] == sum(counts.get(status, 0) for status in ("queued", "error", "unknown")) > 0
    assert watched.going.ends_at is not None
    ends_at = datetime.fromisoformat(progress["ends_at"])
    assert ends_at.utcoffset() == timedelta(0)
    # 1,000 calls at 5 a second, the last of them a minute long.
    assert 200 <= (ends_at - datetime.now(UTC)).total_seconds() <= 1000
    assert abs(ends_at - watched.going.ends_at) < timedelta(seconds=60)
    line = re.search(
        r"this run: (\d+) of 1,000 done, [\d.]+/minute, lines \d+/10.*, ends about [^,]* UTC\n", watched.text
    )
    assert line is not None, watched.text
    assert "error                      1    0.1%  most: Invalid `recipient_phone_number`" in watched.text
    assert watched.stale["progress"] is None
    standing, text = watched.status()
    assert standing["progress"] is None
    assert "this run" not in text


def test_what_a_run_noted_that_died_is_not_shown_of_the_next_one(
    quick: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {
        "decided_before": PEOPLE - 1,
        "to_call": 2,
        "rate_per_seconds": 60.0,
        "live": 1,
        "lines": 1,
        "ends_at": None,
    }
    ledger = quick.folder / "c.results.ledger"
    for run_of, is_shown in (("another", False), (None, True)):
        with closing(sqlite3.connect(ledger)) as db, db:
            (work,) = db.execute("SELECT value FROM meta WHERE name = 'work'").fetchone()
            value = json.dumps({"run": run_of or work, "at": time.time(), **figures})
            db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('live_progress', ?)", (value,))
        with locked(ledger.with_name(f"{ledger.name}.lock"), command="run"):
            main(["status", str(path)])
        assert ("this run: 1 of 2 done" in capsys.readouterr().out) is is_shown


def test_a_completed_call_counts_as_reached_before_its_details_are_read(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 2)
        first, second = (call(ledger, at, QUEUED) for at in (1, 2))
        ledger.note_statuses([(first.id, "completed"), (second.id, "no-answer")])
        assert ledger.pulse().reached == 1


# -- watching --------------------------------------------------------------------------------------------------------


def test_a_watch_ends_when_all_is_over(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["track", str(path), "-q"])
    capsys.readouterr()
    assert main(["status", str(path), "--watch", "-o", "json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_watch_shows_what_changes_and_is_ended_by_ctrl_c(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt
        if len(slept) == 2:
            with closing(sqlite3.connect(path.with_name("c.results.ledger"))) as ledger, ledger:
                ledger.execute("UPDATE recipient SET state = 'queued' WHERE state = 'error'")

    monkeypatch.setattr(time, "sleep", sleep)
    assert main(["status", str(path), "--watch"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")[:-1]
    assert [re.findall(r"(queued|error) +(\d+)", block)[:2] for block in blocks] == [
        [("queued", str(PEOPLE - 2)), ("error", "1")],
        [("queued", str(PEOPLE - 1))],
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_text_takes_the_place_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_, **__: (10, 4))
    terminal = Terminal()
    shown = Screen(terminal)
    with shown.shown():
        shown.show("one\ntwo")
        shown.show("far 李娜 wide\n2\n3\n4\n5")
        shown.show("end")
    assert terminal.getvalue() == (
        "\x1b[?25l"
        "one\x1b[K\ntwo\x1b[K\n\x1b[J"
        "\r\x1b[2Afar 李娜 \x1b[K\nwide\x1b[K\n2\x1b[K\n\x1b[J"
        "\r\x1b[3Aend\x1b[K\n\x1b[J"
        "\x1b[?25h"
    )


def test_elsewhere_a_text_is_written_only_when_it_has_changed() -> None:
    stream = io.StringIO()
    shown = Screen(stream)
    for text in ("one", "one", "two"):
        shown.show(text)
    assert stream.getvalue() == "one\n\ntwo\n\n"


def test_a_call_counts_as_open_until_it_is_final(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 2)
        call(ledger, 1, QUEUED)
        (count,) = ledger.call_counts()
        assert (count.outcome, count.final, count.calls) == ("", 0, 1)


def test_of_a_run_that_died_nobody_is_being_called_or_called_again(
    quick: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the next start finds them: who was released is what they were, who was being called is unknown."""
    with closing(sqlite3.connect(quick.folder / "c.results.ledger")) as db, db:
        db.execute(
            "INSERT INTO permission (at, what, recipient, run) "
            "SELECT 0, 'why', id, (SELECT value FROM meta WHERE name = 'work') FROM recipient WHERE state = 'error'"
        )
        db.execute(
            "UPDATE recipient SET state = 'sending' WHERE id = (SELECT max(id) FROM recipient WHERE state IS NOT NULL)"
        )
    assert main(["status", str(path), "-o", "json"]) == 0
    assert told(capsys)["counts"] == {"queued": PEOPLE - 3, "error": 1, "unknown": 2, "invalid": 1}


@pytest.mark.parametrize("command", [["status"], ["report", "--format", "md"], ["cancel", "--yes"]])
def test_an_empty_ledger_beside_results_that_say_who_was_called_is_a_lost_one(
    quick: Place, path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for ledger in quick.folder.glob("*.ledger"):
        ledger.unlink()
    with closing(opened(quick.folder / "c.results.ledger")):
        pass
    name, *options = command
    assert main([name, str(path), *options]) == 2
    assert "the ledger beside it is empty: the right one is lost" in capsys.readouterr().err


def test_no_cancel_says_that_all_is_stopped_where_the_ledger_is_lost(
    quick: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ledger in quick.folder.glob("*.ledger"):
        ledger.unlink()
    assert main(["cancel", str(path), "--yes"]) == 2
    assert "says who was called, but there is no ledger beside it" in capsys.readouterr().err
    assert not list(quick.folder.glob("*.ledger"))


def test_times_are_shown_by_the_campaigns_clock_with_its_zone_as_it_was_written_and_in_json_in_utc(
    quick: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asia/Calcutta is the same clock under another name; what the user wrote is what is shown."""
    quick.recipients(awkward(2), header=HEADER)
    path = quick.campaign(more='[window]\nhours = "00:00-24:00"\ntimezone = "Asia/Kolkata"')
    assert main(["run", str(path), "--yes", "-q"]) == 0
    capsys.readouterr()
    assert main(["status", str(path), "-o", "json"]) == 0
    last = datetime.fromisoformat(told(capsys)["last"])
    assert last.utcoffset() == timedelta(0)
    shown = f"{last + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M:%S} Asia/Kolkata"
    assert main(["status", str(path)]) == 0
    assert f"last attempt {shown}" in capsys.readouterr().out
    assert main(["show", number(0), "--in", str(quick.folder)]) == 0
    assert " Asia/Kolkata  queued" in capsys.readouterr().out
    assert main(["report", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["zone"] == "Asia/Kolkata"


def test_a_zone_without_a_name_is_shown_by_its_offset() -> None:
    moment = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    india = timezone(timedelta(hours=5, minutes=30), "IST")
    assert to_the_minute(moment.astimezone(india)) == "2026-12-01 14:30 UTC+05:30"
    assert to_the_minute(moment) == "2026-12-01 09:00 UTC"


def test_a_call_that_was_taken_is_not_said_to_wait(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(3), header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q"]) == 0
    assert main(["status", str(path)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  queued ")]
    assert line.endswith("taken by Bolna; how these calls went is below")
