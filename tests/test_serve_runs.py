"""What is started from the page: a process of its own, which asks, outlives the page, and is stopped from the page."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness import PATIENCE, Batch, Bolna, sandbox, settled
from tests.pages import Page, serving
from tests.test_serve_api import SCHEMAS, check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox(speed=1e6, lines=100) as bolna:
        yield bolna


def live(page: Page, batch_id: str, is_there: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Return a campaign as the page shows it, once it shows what is waited for."""
    end = time.monotonic() + PATIENCE
    while True:
        view: dict[str, Any] = page.web.get(f"/api/v1/campaigns/{batch_id}").json()
        check(view, SCHEMAS["CampaignView"])
        if is_there(view):
            return view
        assert time.monotonic() < end, view
        time.sleep(0.1)


def asked(page: Page, batch_id: str) -> dict[str, Any]:
    """Return what the started command asks."""
    view = live(page, batch_id, lambda view: view["work"] and (view["work"]["question"] or view["work"]["ended"]))
    question: dict[str, Any] = view["work"]["question"]
    assert question, view
    return question


def yes(page: Page, batch_id: str, question: dict[str, Any]) -> None:
    path = f"/campaigns/{batch_id}/answer"
    assert page.post(path, question=question["id"], answer="yes", count=question["count"]).status_code == 200


def is_ended(view: dict[str, Any]) -> bool:
    return view["work"] is not None and view["work"]["state"] == "ended"


def test_a_run_from_the_page_asks_outlives_the_page_and_is_paused_by_the_next_one(tmp_path: Path, bolna: Bolna) -> None:
    """Nobody is called before the count was typed, twice, or not at all, wherever the page is killed."""
    batch = Batch.write(tmp_path / "w", people=300, rate="3/second")
    with serving(batch.folder, environment=bolna.environment) as page:
        (row,) = page.campaigns().values()
        page.post(f"/campaigns/{row['id']}/start")
        question = asked(page, row["id"])
        assert question["count"] == 300
        assert "300 people in" in question["text"]
        wrong = page.post(f"/campaigns/{row['id']}/answer", question=question["id"], answer="yes", count=6)
        assert (wrong.status_code, bolna.calls(batch.agent)) == (409, [])
        assert 'id="count-wrong"' in wrong.text
        assert "It is 300, and 6 was typed. Nothing was done." in wrong.text
        yes(page, row["id"], question)
        live(page, row["id"], lambda view: view["row"]["sent"] > 2)
        page.process.kill()
    with serving(batch.folder, environment=bolna.environment) as page:
        view = live(page, row["id"], lambda view: view["row"]["state"] == "running")
        assert view["work"]["state"] == "going on"
        page.post(f"/campaigns/{row['id']}/pause", why="lunch")
        view = live(page, row["id"], lambda view: view["row"]["state"] == "paused" and is_ended(view))
        assert "lunch" in view["work"]["ended"]
        assert 0 < len(bolna.calls(batch.agent)) < 300
        page.post(f"/campaigns/{row['id']}/resume")
        page.post(f"/campaigns/{row['id']}/start", limit=5)
        question = asked(page, row["id"])
        assert question["count"] == 5
        page.post(f"/campaigns/{row['id']}/start")  # somebody else is not quicker than the answer
        yes(page, row["id"], question)
        live(page, row["id"], is_ended)
        batch.campaign.write_text(batch.campaign.read_text().replace("3/second", "300/second"))
        page.post(f"/campaigns/{row['id']}/start")
        yes(page, row["id"], asked(page, row["id"]))
        view = live(page, row["id"], lambda view: is_ended(view) and view["row"]["state"] == "done")
        assert (view["row"]["sent"], view["row"]["left"], view["counts"]["queued"]) == (300, 0, 300)
    assert settled(batch, bolna).placed == 300


def test_a_question_that_is_open_when_the_page_is_killed_is_answered_with_no(tmp_path: Path, bolna: Bolna) -> None:
    batch = Batch.write(tmp_path / "w", people=3, rate="8/second")
    with serving(batch.folder, environment=bolna.environment) as page:
        (row,) = page.campaigns().values()
        page.post(f"/campaigns/{row['id']}/start")
        asked(page, row["id"])
        page.process.kill()
    with serving(batch.folder, environment=bolna.environment) as page:
        view = live(page, row["id"], is_ended)
        assert view["work"]["ended"]
    assert bolna.calls(batch.agent) == []


def test_cancel_asks_for_the_count_and_stops_the_run_and_the_calls(tmp_path: Path) -> None:
    with sandbox(speed=1, lines=1) as bolna:
        batch = Batch.write(tmp_path / "w", people=8, rate="8/second")
        with serving(batch.folder, environment=bolna.environment) as page:
            (row,) = page.campaigns().values()
            page.post(f"/campaigns/{row['id']}/start")
            yes(page, row["id"], asked(page, row["id"]))
            live(page, row["id"], lambda view: view["row"]["left"] == 0)
            page.post(f"/campaigns/{row['id']}/cancel")
            question = live(page, row["id"], lambda view: view["work"]["verb"] == "cancel" and view["work"]["question"])
            yes(page, row["id"], question["work"]["question"])
            view = live(page, row["id"], lambda view: is_ended(view) and view["row"]["state"] == "paused")
            assert "stopped" in view["work"]["ended"]
        assert sum(call["status"] == "stopped" for call in bolna.calls(batch.agent)) >= 6


def test_unknown_and_refused_calls_are_looked_for_and_called_again_from_the_page(tmp_path: Path) -> None:
    """A batch is not done while a call is unknown; nobody is called again before the count was typed."""
    faults = {"+919800000001": ("refused",), "+919800000002": ("error_before",)}
    with sandbox(speed=1e6, lines=100, number_faults=faults) as bolna:
        batch = Batch.write(tmp_path / "w", people=4, rate="50/second")
        with serving(batch.folder, environment=bolna.environment) as page:
            (row,) = page.campaigns().values()
            page.post(f"/campaigns/{row['id']}/start")
            yes(page, row["id"], asked(page, row["id"]))
            view = live(page, row["id"], lambda view: is_ended(view) and view["row"]["state"] == "unknown calls")
            assert {"reconcile", "redial", "retry"} <= set(view["row"]["actions"])
            assert page.post(f"/campaigns/{row['id']}/start", again="everybody").status_code == 422
            page.post(f"/campaigns/{row['id']}/reconcile")
            view = live(page, row["id"], lambda view: view["work"]["verb"] == "reconcile" and is_ended(view))
            assert "1 stays unknown" in view["work"]["ended"]
            page.post(f"/campaigns/{row['id']}/start", again="refused")
            question = asked(page, row["id"])
            assert (question["count"], len(bolna.calls(batch.agent))) == (1, 2)
            yes(page, row["id"], question)
            live(page, row["id"], lambda view: is_ended(view) and view["counts"]["queued"] == 3)
            with contextlib.closing(sqlite3.connect(batch.ledger)) as ledger, ledger:
                ledger.execute("UPDATE attempt SET at = at - 4000, answered_at = answered_at - 4000")
            page.post(f"/campaigns/{row['id']}/start", again="unknown")
            doubt = asked(page, row["id"])
            assert "may call them twice" in doubt["text"]
            page.post(f"/campaigns/{row['id']}/answer", question=doubt["id"], answer="yes")
            view = live(page, row["id"], lambda view: (view["work"]["question"] or doubt)["id"] != doubt["id"])
            question = view["work"]["question"]
            assert (question["count"], len(bolna.calls(batch.agent))) == (1, 3)
            yes(page, row["id"], question)
            view = live(page, row["id"], lambda view: is_ended(view) and view["row"]["state"] == "done")
            assert not {"reconcile", "redial", "retry"} & set(view["row"]["actions"])
        assert sorted(call["to_number"] for call in bolna.calls(batch.agent)) == sorted(batch.numbers)


def has(words: str) -> Callable[[dict[str, Any]], bool]:
    """Return what tells whether a batch has a trouble."""
    return lambda view: words in view["trouble"]


def test_a_batch_whose_campaign_file_is_gone_or_wrong_is_shown_with_what_is_missing(
    tmp_path: Path, bolna: Bolna
) -> None:
    """All that the ledger knows stays, and the results; nothing can be started until the file is back.

    It can be paused all the same: a run may go on.
    """
    batch = Batch.write(tmp_path / "w", people=4, rate="50/second")
    with serving(batch.folder, environment=bolna.environment) as page:
        (row,) = page.campaigns().values()
        page.post(f"/campaigns/{row['id']}/start", limit=3)
        yes(page, row["id"], asked(page, row["id"]))
        live(page, row["id"], is_ended)
        known = live(page, row["id"], lambda view: view["ended"] == 3)
        whole = batch.campaign.read_text()
        for what, words in (
            ("", "is missing"),
            ('recipients = "list.csv', "a text is not closed"),
            ("# to be written", "has no `recipients`"),
        ):
            batch.campaign.unlink(missing_ok=True)
            if what:
                batch.campaign.write_text(what)
            view = live(page, row["id"], has(words))
            assert str(batch.campaign) in view["trouble"]
            assert (view["counts"]["queued"], view["row"]["actions"]) == (3, ["pause", "results"])
            for name in ("counts", "outcomes", "timeline", "ended", "talked", "last_attempt"):
                assert view[name] == known[name], name
            assert (view["row"]["recipients"], view["row"]["reached"]) == ("list.csv", known["row"]["reached"])
            assert page.web.get(f"/campaigns/{row['id']}/results.csv").text.count("queued") == 3
            assert page.web.get(f"/campaigns/{row['id']}/results.xlsx").status_code == 409
            assert page.post(f"/campaigns/{row['id']}/pause", why="it is gone").status_code == 200
            assert live(page, row["id"], has(words))["row"]["state"] == "paused"
            assert page.post(f"/campaigns/{row['id']}/resume").status_code == 200
            assert words in page.web.get("/").text
            refused = page.post(f"/campaigns/{row['id']}/start")
            assert (refused.status_code, words in refused.text) == (409, True)
        batch.campaign.write_text(whole)
        assert "start" in live(page, row["id"], lambda view: not view["trouble"])["row"]["actions"]
