"""The report, the results, the status and Bolna itself say the same of how a batch stands."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dialer import cli
from dialer.provider.bolna.sandbox import Settings, running
from dialer.provider.states import CallState
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.provider.bolna.sandbox.book import Book
    from dialer.provider.bolna.sandbox.plan import Plan

CALLABLE = 150
FAULTS: dict[str, str | tuple[str, ...]] = {
    number(7): "refused",
    number(8): ("rate_limited",),
    number(9): ("error_before",),
    number(10): ("error_after",),
}
"""Refused, put off once, in doubt for good, in doubt and found."""


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A list with every kind of row in it, called, and tracked to the end."""
    settings = Settings(
        speed=1e6,
        lines=100,
        call_rate=None,
        agent_rate=None,
        other_rate=None,
        retry_after="seconds",
        number_faults=FAULTS,
    )
    with running(settings) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        place = Place(tmp_path, sandbox)
        broken = [["call me", "", "", ""], ["", "", "", ""], *awkward(3), [number(CALLABLE + 1), "", "", ""]]
        place.recipients([*awkward(CALLABLE), *broken], header=HEADER)
        (tmp_path / "never.csv").write_text(f"{number(CALLABLE + 1)}\n", encoding="utf-8")
        path = place.campaign(more='[screening]\nsuppression = ["never.csv"]\n[redial]\nredial_after = "2h"')
        run(path)
        assert cli.main(["track", str(path)]) == 0
        yield place


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    capsys.readouterr()
    cli.main(arguments)
    return json.loads(capsys.readouterr().out)


@dataclass(frozen=True)
class Told:
    """What somebody says of the calls; seconds and cents are rounded, since they are added up in different orders."""

    calls: int
    outcomes: dict[str, int]
    talked: float
    cost: float


def by_report(report: dict[str, Any]) -> Told:
    outcomes = {one["outcome"]: one["people"] for one in report["ended"]}
    return Told(report["calls"], outcomes, round(report["talked"], 1), round(report["cost"], 1))


def by_status(status: dict[str, Any]) -> Told:
    calls = sum(count["calls"] for count in status["calls"])
    return Told(calls, status["outcomes"], round(status["talked"], 1), round(status["cost"], 1))


def by_results(rows: list[dict[str, str]]) -> Told:
    called = [row for row in rows if row["execution_id"]]
    return Told(
        calls=len({row["execution_id"] for row in called}),
        outcomes=Counter(row["call_status"] for row in called),
        talked=round(sum(float(row["call_duration"]) for row in called), 1),
        cost=round(sum(float(row["call_cost"]) for row in called), 1),
    )


def plans_of(book: Book) -> list[Plan]:
    return [book.plan(call.to_number, placing=call.placing) for call in book.calls]


def by_bolna(book: Book) -> Told:
    plans = plans_of(book)
    return Told(
        calls=len(plans),
        outcomes=Counter({call.to_number: plan.outcome for call, plan in zip(book.calls, plans, strict=True)}.values()),
        talked=round(sum(plan.talk for plan in plans), 1),
        cost=round(sum(sum(plan.costs.values()) for plan in plans), 1),
    )


def test_report_results_status_and_bolna_agree(tracked: Place, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = str(tracked.folder / "c.toml")
    report = told(capsys, "report", campaign, "--format", "json")
    (status,) = told(capsys, "status", campaign, "-o", "json")
    results, book = tracked.results(), tracked.sandbox.book

    states = {"queued": CALLABLE - 2, "error": 1, "unknown": 1, "invalid": 2, "duplicate": 3, "suppressed": 1}
    assert report["statuses"] == status["counts"] == Counter(row["status"] for row in results) == states
    assert by_report(report) == by_status(status) == by_results(results) == by_bolna(book)
    assert CallState.VOICEMAIL in by_bolna(book).outcomes

    reached = sum(plan.outcome == "completed" and plan.talk > 0 for plan in plans_of(book))
    assert 0 < reached < CALLABLE
    assert report["funnel"]["reached"] == reached
    assert sum(row["call_status"] == "completed" and float(row["call_duration"]) > 0 for row in results) == reached
    for part in ("hours", "countries", "tries"):
        assert sum(one["reached"] for one in report[part]) == reached
    assert sum(one["calls"] for one in report["talk"]["spans"]) == reached
    assert report["slow"]["too_many"] == 1
    assert report["slow"]["pauses"] >= 1
    missed = sum(by_bolna(book).outcomes[outcome] for outcome in ("no-answer", "busy", CallState.VOICEMAIL))
    is_open = {one["what"]: one["count"] for one in report["unfinished"]}
    assert is_open == {"error": 1, "unknown": 1, "invalid": 2, "not_reached": missed}


def test_they_agree_on_people_who_were_called_twice(tracked: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """The results show the last call of each of them, report and status also count the ones before."""
    campaign, book = str(tracked.folder / "c.toml"), tracked.sandbox.book
    once = len(book.calls)
    with contextlib.closing(sqlite3.connect(tracked.folder / "c.results.ledger")) as ledger, ledger:
        # As if it had been yesterday.
        ledger.execute("UPDATE attempt SET at = at - 86400")
        ledger.execute("UPDATE call SET since = since - 86400, updated_at = NULL")
    cli.main(["run", campaign, "--yes", "-q", "--redial", "no-answer,busy,voicemail"])
    assert cli.main(["track", campaign]) == 0
    report = told(capsys, "report", campaign, "--format", "json")
    (status,) = told(capsys, "status", campaign, "-o", "json")

    assert len(book.calls) > once
    assert by_report(report) == by_status(status) == by_bolna(book)
    assert by_results(tracked.results()).outcomes == by_bolna(book).outcomes
    plans = zip(book.calls, plans_of(book), strict=True)
    reached = {call.to_number for call, plan in plans if plan.outcome == "completed" and plan.talk > 0}
    assert report["funnel"]["reached"] == len(reached) == sum(one["reached"] for one in report["tries"])
    assert report["funnel"]["queued"] == once
