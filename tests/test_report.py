"""The report: figures that hold, and pages that can be mailed on."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dialer import cli
from dialer.errors import ExitCode
from dialer.export.report import markdown
from dialer.export.report.masking import masked
from dialer.messages.values import as_json
from dialer.models import Answer, Effect, Outcome, Status
from dialer.store.sqlite import Ledger, locked
from tests.ledgers import (
    AGAIN,
    ANYBODY,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    intend,
    load,
    number_of,
    opened,
    people,
    row,
)
from tests.reports import MADE, Page, batch_in, called, execution, page, report_of, talked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.config.batch import Batch


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return batch_in(tmp_path)


@pytest.fixture
def ledger(batch: Batch) -> Iterator[Ledger]:
    with contextlib.closing(opened(batch.ledger)) as ledger:
        yield ledger


# -- figures -------------------------------------------------------------------------------------------------------


def test_the_funnel_narrows_from_the_file_to_the_people_reached(ledger: Ledger, batch: Batch) -> None:
    load(
        ledger,
        [
            *(row(index, index) for index in range(1, 7)),
            row(7, 7, status=Status.INVALID),
            row(8, 1, status=Status.DUPLICATE),
            row(9, 9, status=Status.SUPPRESSED),
        ],
    )
    called(ledger, 1, "completed", **talked(30))
    called(ledger, 2, "busy")
    call(ledger, 3, QUEUED)
    call(ledger, 4, REFUSED)
    call(ledger, 5, UNCLEAR)
    funnel = report_of(batch).funnel
    assert (funnel.in_file, funnel.callable, funnel.queued, funnel.reached, funnel.left) == (9, 6, 3, 1, 0)


def test_who_was_called_and_left_the_file_is_told_apart(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    called(ledger, 1, "completed", **talked(30))
    load(ledger, [row(1, 2)])
    report = report_of(batch)
    assert (report.funnel.in_file, report.funnel.queued, report.funnel.left) == (1, 0, 1)
    assert report.calls == 1
    assert "1 more was called and is no longer in the list" in page(report)


def test_rows_that_a_cell_leaves_out_are_not_said_to_be_on_a_do_not_call_list(ledger: Ledger, batch: Batch) -> None:
    load(ledger, [row(1, 1), row(2, 2, status=Status.SUPPRESSED)])
    called(ledger, 1, "completed", **talked(30))
    words = markdown(report_of(batch))
    assert "1 on a do-not-call list or left out by a cell of the row" in words
    assert "| 1 | left out |" in words
    assert "; 1 was reached." in words


@pytest.mark.parametrize(
    ("status", "fields", "reached"),
    [
        ("completed", talked(1), True),
        ("completed", talked(0), False),
        ("completed", {}, False),
        ("completed", talked(20, machine=True), False),
        ("call-disconnected", talked(20), False),
        ("busy", {}, False),
    ],
)
def test_reached_is_whose_call_was_completed_with_a_person_who_spoke(
    ledger: Ledger,
    batch: Batch,
    status: str,
    fields: dict[str, Any],
    reached: bool,  # noqa: FBT001 - a case
) -> None:
    people(ledger, 1)
    called(ledger, 1, status, **fields)
    report = report_of(batch)
    assert report.funnel.reached == reached
    assert sum(hour.reached for hour in report.hours) == reached
    assert sum(country.reached for country in report.countries) == reached
    (ended,) = report.ended
    assert ended.outcome == execution(status, **fields).status


def test_somebody_called_twice_counts_once_among_people_and_twice_among_calls(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    for outcome, fields in (("no-answer", {}), ("completed", talked(40, cost=5.5))):
        called(ledger, 1, outcome, **fields)
        ledger.permit(Status.QUEUED, ANYBODY, what="test")
    report = report_of(batch)
    assert {(one.outcome, one.people, one.calls) for one in report.ended} == {("no-answer", 0, 1), ("completed", 1, 1)}
    assert (report.funnel.queued, report.funnel.reached) == (1, 1)
    assert (report.calls, report.talked, report.cost) == (2, 40.0, 5.5)
    assert [(one.attempts, one.people, one.reached) for one in report.tries] == [(2, 1, 1)]
    assert "How the calls went, of 1 person" in markdown(report)


def test_hours_are_those_of_the_time_zone_asked_for(ledger: Ledger, batch: Batch) -> None:
    """Nepal is 5 hours and 45 minutes ahead."""
    people(ledger, 2)
    at = datetime(2026, 11, 25, 10, 10, tzinfo=UTC).timestamp()
    called(ledger, 1, "completed", at=at, **talked(30))
    called(ledger, 2, "busy", at=at + 300)
    busy = {
        zone: [hour for hour in report_of(batch, zone=zone).hours if hour.calls] for zone in ("UTC", "Asia/Kathmandu")
    }
    assert [(hour.hour, hour.calls, hour.reached) for hour in busy["UTC"]] == [(10, 2, 1)]
    assert [(hour.hour, hour.calls, hour.reached) for hour in busy["Asia/Kathmandu"]] == [(15, 1, 1), (16, 1, 0)]
    assert report_of(batch, zone="Asia/Kathmandu").first == datetime(2026, 11, 25, 10, 10, tzinfo=UTC)


def test_a_call_that_bolna_is_to_place_later_counts_then(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    called(ledger, 1, "scheduled", at=MADE.timestamp(), scheduled_at="2026-11-25T18:00:00+00:00")
    called(ledger, 2, "scheduled", at=MADE.timestamp(), scheduled_at="9999-12-31T23:59:59+00:00")
    assert [hour.hour for hour in report_of(batch).hours if hour.calls] == [15, 18]
    assert report_of(batch, zone="Asia/Kolkata")


def test_people_are_told_apart_by_the_country_of_their_number(ledger: Ledger, batch: Batch) -> None:
    numbers = [919_800_000_001, 919_800_000_002, 442_079_460_000, 870_776_323_000]
    load(ledger, [row(at, at, number=number, key=f"+{number}") for at, number in enumerate(numbers, 1)])
    for at in range(1, 5):
        called(ledger, at, "completed", **talked(10))
    found = {(one.code, one.name, one.people) for one in report_of(batch).countries}
    assert found == {("IN", "India", 2), ("GB", "United Kingdom", 1), ("", "no country", 1)}


def test_durations_are_exact_in_the_middle_and_whole_in_the_bars(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 12)
    for index in range(1, 11):
        called(ledger, index, "completed", **talked(index * 10.0))
    called(ledger, 11, "completed", **talked(4000.0))
    called(ledger, 12, "completed", **talked(20, machine=True))
    talk = report_of(batch).talk
    assert talk is not None
    assert (talk.calls, talk.total, talk.median, talk.ninth, talk.longest) == (11, 4550.0, 60.0, 100.0, 4000.0)
    assert sum(span.calls for span in talk.spans) == 11
    assert (talk.spans[0].since, talk.spans[-1].until, talk.spans[-1].calls) == (0, None, 1)
    assert all(one.until == other.since for one, other in itertools.pairwise(talk.spans))


def test_errors_are_counted_by_reason_whatever_number_stands_in_it(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 4)
    for index in (1, 2, 3):
        words = f"Number +9198000{index:05d} is not reachable"
        call(ledger, index, Answer(Outcome.ERROR, Effect.GO_ON, words=words, http_status=400))
    called(ledger, 4, "failed", error_message="carrier refused")
    refused, failed = report_of(batch).reasons
    assert (refused.words, refused.count, refused.http_status) == ("Number … is not reachable", 3, 400)
    assert [shown.position for shown in refused.rows] == [1, 2, 3]
    assert (failed.status, failed.words, failed.count) == ("failed", "carrier refused", 1)


def test_only_the_reasons_with_the_most_rows_are_shown_and_the_others_counted(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 50)
    for index in range(1, 51):
        words = "the same" if index > 40 else f"reason {chr(64 + index)}"
        call(ledger, index, Answer(Outcome.ERROR, Effect.GO_ON, words=words, http_status=400))
    report = report_of(batch)
    assert (report.reasons[0].words, report.reasons[0].count) == ("the same", 10)
    assert len(report.reasons) == 20
    assert report.other_reasons == 21


def test_what_bolna_says_at_length_is_cut(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    call(ledger, 1, Answer(Outcome.ERROR, Effect.GO_ON, words="W" * 5000, http_status=400))
    assert report_of(batch).reasons[0].words == "W" * 200 + "…"


def test_slow_moments_are_holds_and_requests_put_off(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    call(ledger, 1, AGAIN)
    call(ledger, 1, Answer(Outcome.RETRY, Effect.BACK_OFF, words="connection refused"))
    ledger.note_hold(2.0, "short", now=100.0)
    ledger.note_hold(60.0, "long", now=200.0)
    slow = report_of(batch).slow
    assert (slow.pauses, slow.paused, slow.too_many, slow.put_off) == (2, 62.0, 1, 1)
    assert [(pause.words, pause.seconds) for pause in slow.longest] == [("long", 60.0), ("short", 2.0)]


def test_what_is_open_stands_with_the_command_that_goes_on(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 7)
    call(ledger, 1, REFUSED)
    call(ledger, 2, UNCLEAR)
    called(ledger, 3, "ringing")
    called(ledger, 4, "busy")
    called(ledger, 5, "completed", **talked(9))
    intend(ledger, 6)
    found = {one.what: (one.count, one.command) for one in report_of(batch).unfinished}
    assert found == {
        "pending": (1, "dialer run c.toml"),
        "sending": (1, "dialer reconcile c.toml"),
        "open": (1, "dialer track c.toml"),
        "unknown": (1, "dialer reconcile c.toml"),
        "not_reached": (1, "dialer run c.toml --redial no-answer,busy,voicemail"),
        "error": (1, "dialer run c.toml --retry-errors"),
    }
    meanwhile = {one.what: one.command for one in report_of(batch, running=True).unfinished}
    assert meanwhile["pending"] == meanwhile["sending"] == "dialer status c.toml"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("+919800000123", "+•••123"),
        ("98000 00123", "••• •••123"),
        ("123", "123"),
        ("9.19877E+11", "•••.•••7E+11"),
        ("call me", "call me"),
        ("", ""),
    ],
)
def test_of_a_phone_cell_the_last_three_digits_are_left(cell: str, shown: str) -> None:
    assert masked(cell) == shown


def test_whole_numbers_are_shown_only_when_asked_for(ledger: Ledger, batch: Batch) -> None:
    load(ledger, [row(1, 1, status=Status.INVALID)])
    whole = f"+{number_of(1)}"
    for written in (page, markdown, as_json):
        assert whole not in written(report_of(batch))
        assert whole in written(report_of(batch, full=True))


# -- the page ------------------------------------------------------------------------------------------------------

HOSTILE = "\x1b\n<script>alert('&')</script>\"|`*_ ليلى 🙂 $x^2$"


def busy_day(ledger: Ledger) -> None:
    """Load and call people so that every section has something to tell."""
    rows = [row(index, index, f"name {index}") for index in range(1, 61)]
    nobody = replace(row(61, 61, status=Status.INVALID, cells=(HOSTILE, "x")), number=None)
    load(ledger, [*rows, nobody])
    outcomes = itertools.cycle(
        [("completed", talked(33.0, cost=4.2)), ("busy", {}), ("completed", talked(12, machine=True))]
    )
    for index, (status, fields) in zip(range(1, 55), outcomes, strict=False):
        called(ledger, index, status, at=MADE.timestamp() + 60 * index, **fields)
    called(ledger, 55, HOSTILE)
    call(ledger, 56, Answer(Outcome.ERROR, Effect.GO_ON, words=HOSTILE, http_status=400))
    call(ledger, 57, UNCLEAR)
    ledger.note_hold(30.0, HOSTILE, now=MADE.timestamp())


def test_a_page_needs_no_network_and_runs_nothing(ledger: Ledger, batch: Batch) -> None:
    busy_day(ledger)
    text = page(report_of(batch))
    shown = Page(text)
    assert not shown.open
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & set(shown.tags)
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name in {"src", "xlink:href"}]
    assert not shown.values("href")
    assert not re.search(r"https?://(?!www\.w3\.org/)|url\(|@import", text)


def test_a_chart_tells_those_who_cannot_see_it_what_it_shows(ledger: Ledger, batch: Batch) -> None:
    busy_day(ledger)
    shown = Page(page(report_of(batch)))
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    assert set(itertools.chain.from_iterable(value.split() for value in shown.values("aria-labelledby"))) <= set(ids)
    charts = shown.tags.count("svg")
    assert charts >= 6
    assert shown.values("role").count("img") == shown.tags.count("desc") == shown.tags.count("details") == charts


def test_a_chart_has_text_and_the_page_s_colours(ledger: Ledger, batch: Batch) -> None:
    busy_day(ledger)
    charts = re.findall(r"<svg.*?</svg>", page(report_of(batch)), re.DOTALL)
    assert all("<text" in chart for chart in charts)
    assert not [chart for chart in charts if re.search(r"#[0-9a-f]{3,6}\b|DejaVu", chart)]


@pytest.mark.parametrize("people_in_it", [0, 3])
def test_a_ledger_in_which_nobody_was_called_has_a_report(ledger: Ledger, batch: Batch, people_in_it: int) -> None:
    people(ledger, people_in_it)
    report = report_of(batch)
    assert not Page(page(report)).open
    assert "No one was called yet" in page(report)
    assert markdown(report)


def test_before_bolna_was_asked_nothing_is_said_of_who_was_reached(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 3)
    call(ledger, 1, QUEUED)
    report = report_of(batch)
    for written in (page(report), markdown(report)):
        assert "How the calls went is not known" in written
        assert "% of 1 accepted" not in written
    assert [(one.outcome, one.people) for one in report.ended] == [("", 1)]
    assert [one.in_doubt for one in report.hours if one.calls] == [1]


def test_what_stands_in_a_cell_stays_text_in_markdown(ledger: Ledger, batch: Batch) -> None:
    busy_day(ledger)
    text = markdown(report_of(batch))
    assert "<script>" not in text.replace("\\<", "")
    columns = {
        len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|") and "Which" in line
    }
    rows = [line for line in text.splitlines() if "alert" in line and line.startswith("|")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows if "invalid" in line} == columns


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def campaign(ledger: Ledger, batch: Batch) -> Path:
    batch.campaign.write_text(
        'agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "list.csv"\n', encoding="utf-8"
    )
    busy_day(ledger)
    return batch.campaign


def test_the_page_lies_beside_the_results_for_its_owner_only(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(campaign)]) == ExitCode.DONE
    written = campaign.with_name("c.report.html")
    assert str(written) in capsys.readouterr().out
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_report_is_made_while_a_run_holds_the_batch(
    campaign: Path, ledger: Ledger, batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(batch.lock, command="run"), ledger.transaction():
        ledger.set_note("x", "y")
        assert cli.main(["report", str(campaign), "--format", "json"]) == ExitCode.DONE
    report = json.loads(capsys.readouterr().out)
    assert report["running"] is True
    assert report["funnel"]["in_file"] == 61


def test_text_goes_to_a_file_where_one_is_named(campaign: Path, tmp_path: Path) -> None:
    assert cli.main(["report", str(campaign), "--format", "md", "--to", str(tmp_path / "r.md")]) == ExitCode.DONE
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# c\n")


@pytest.mark.parametrize(
    ("name", "begins"), [("r.md", "# c\n"), ("r.JSON", "{"), ("r.html", "<!DOCTYPE html>"), ("r", "<!DOCTYPE html>")]
)
def test_a_report_is_what_its_file_is_named_after(campaign: Path, name: str, begins: str) -> None:
    assert cli.main(["report", str(campaign), "--to", str(campaign.with_name(name))]) == ExitCode.DONE
    assert campaign.with_name(name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--timezone", "Asia/Calcuta"], 'write a name like "Asia/Calcutta"'),
        (["--timezone", ""], "not the time zone"),
        (["--to", "list.csv"], "belongs to the campaign"),
        (["--to", "c.results.ledger"], "belongs to the campaign"),
        (["--to", "nowhere/r.html"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_overwritten(
    campaign: Path, options: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(campaign.parent)
    Path("list.csv").write_text("the list", encoding="utf-8")
    assert cli.main(["report", str(campaign), *options]) == ExitCode.USAGE
    assert words in capsys.readouterr().err
    assert Path("list.csv").read_text(encoding="utf-8") == "the list"


@pytest.mark.parametrize("name", ["dnc.csv", "other.ledger", ".env", "numbers"])
def test_a_report_takes_the_place_of_no_list_ledger_or_key(
    campaign: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its do-not-call list gone, a campaign calls those who must not be called, or nobody at all."""
    monkeypatch.chdir(campaign.parent)
    Path(name).write_text("kept", encoding="utf-8")
    assert cli.main(["report", str(campaign), "--format", "md", "--to", name]) == ExitCode.USAGE
    assert "Name another one" in capsys.readouterr().err
    assert Path(name).read_text(encoding="utf-8") == "kept"


def test_without_the_extra_the_page_says_what_to_install_and_text_is_written(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in [
        name for name in sys.modules if name.startswith("dialer.export.report.") and name.endswith(("page", "charts"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    assert cli.main(["report", str(campaign)]) == ExitCode.USAGE
    assert "pip install 'dialer[report]'" in capsys.readouterr().err
    assert cli.main(["report", str(campaign), "--format", "md"]) == ExitCode.DONE


def test_without_a_home_folder_nothing_is_said_but_that_it_is_written(campaign: Path, tmp_path: Path) -> None:
    bare = {"PATH": os.environ["PATH"], "HOME": "/proc/nowhere", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "dialer", "report", str(campaign)]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{campaign.with_name('c.report.html')} is written.\n", "")
