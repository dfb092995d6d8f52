"""What a browser shows leads to what the page has, not to a command line that its reader has never seen."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from dialer.messages.buttons import Button
from tests.harness import Batch, Bolna, sandbox
from tests.pages import serving
from tests.test_serve_runs import asked, is_ended, live, yes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pages import Page

_COMMAND = re.compile(r"(?:^|\s)--[a-z]|\bdialer [a-z]+|\brm -|same command|Ctrl-C")
_IN_TERMINAL = ("(in a terminal)", "where the server runs")
"""So begins or ends what the page cannot do itself."""


def lines(page: Page) -> Iterator[str]:
    """Yield what is read on every page of a workspace."""
    ids = [row["id"] for row in page.web.get("/api/v1/campaigns").json()["campaigns"]]
    paths = ["/", "/?all=1", "/organisation", "/nowhere", *(f"/campaigns/{one}" for one in ids)]
    for path in (*paths, *(f"/campaigns/{one}/next" for one in ids), *(f"/campaigns/{one}/report" for one in ids)):
        text = re.sub(r"(?s)<(script|style).*?</\1>|<!--.*?-->", "", page.web.get(path).text)
        yield from html.unescape(re.sub(r"<[^>]*>", "", text)).splitlines()


def refuse_commands(page: Page) -> None:
    found = [line for line in lines(page) if _COMMAND.search(line)]
    assert [line for line in found if not any(where in line for where in _IN_TERMINAL)] == []


def start(page: Page, batch_id: str, **fields: object) -> None:
    page.post(f"/campaigns/{batch_id}/start", **fields)
    yes(page, batch_id, asked(page, batch_id))
    live(page, batch_id, is_ended)


def lively(folder: Path, bolna: Bolna) -> dict[str, Batch]:
    """Return the batches of a workspace: each name says what becomes of it."""
    (folder / "dialer.toml").touch()
    names = ("mixed", "held", "asks", "never")
    found = {}
    for at, name in enumerate(names):
        batch = Batch.write(folder / name, people=4, rate="50/second", start=10 * at)
        found[name] = batch
    (folder / "broken.toml").write_text('recipients = "a.csv\n')
    assert bolna.base_url
    return found


@pytest.mark.long
def test_no_page_of_a_lively_workspace_tells_a_command(tmp_path: Path) -> None:
    faults = {"+919800000001": ("refused",), "+919800000002": ("error_before",)}
    with sandbox(speed=1e6, lines=100, number_faults=faults) as bolna:
        batches = lively(tmp_path, bolna)
        with serving(tmp_path, environment=bolna.environment) as page:
            rows = page.web.get("/api/v1/campaigns").json()["campaigns"]
            ids = {row["campaign"].partition("/")[0]: row["id"] for row in rows}
            page.post(f"/campaigns/{ids['never']}/check")
            for name in ("mixed", "held"):
                start(page, ids[name], limit=3)
            page.post(f"/campaigns/{ids['mixed']}/reconcile")
            live(page, ids["mixed"], lambda view: view["work"]["verb"] == "reconcile" and is_ended(view))
            page.post(f"/campaigns/{ids['asks']}/start", limit=2)
            asked(page, ids["asks"])
            refuse_commands(page)
            page.post(f"/campaigns/{ids['held']}/pause", why="the script changes")
            page.post(f"/campaigns/{ids['held']}/start")
            view = live(page, ids["held"], lambda view: is_ended(view) and "paused" in view["work"]["ended"])
            assert "the script changes" in view["work"]["ended"]
            refuse_commands(page)
            resumed = page.post(f"/campaigns/{ids['held']}/resume").text
            assert f'To go on: press "{Button.CALL_REST}"' in html.unescape(resumed)
            page.post(f"/campaigns/{ids['mixed']}/cancel")
            live(page, ids["mixed"], lambda view: view["work"]["verb"] == "cancel" and is_ended(view))
            page.post("/organisation/pause")
            refuse_commands(page)
            page.post("/organisation/resume")
            for path in batches["held"].folder.glob("*.ledger*"):
                path.unlink()
            batches["mixed"].campaign.unlink()
            page.post(f"/campaigns/{ids['never']}/start")
            live(page, ids["never"], is_ended)
            refuse_commands(page)


def test_every_button_that_a_sentence_may_name_is_on_the_page() -> None:
    """A sentence and the page have the name from one place: what no template shows, nobody can press."""
    from dialer.web import app  # noqa: PLC0415 - only to find the templates

    templates = "".join(path.read_text() for path in (app.STATIC.parent / "templates").glob("*.html"))
    assert [button for button in Button if f"Button.{button.name}" not in templates] == []
