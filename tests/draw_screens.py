"""Draws every screen of the page at 390, 1280 and 1920 px, light and dark: `python -m tests.draw_screens FOLDER`.

They are made to be looked at, by a person, whenever a screen has changed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.provider.bolna.sandbox import Settings, running
from tests.browser import Person, chromium
from tests.pages import Page, serving
from tests.place import AGENT, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

WIDTHS = (390, 1280, 1920)
SCHEMES = ("light", "dark")
LISTS = {"reminders": 600, "renewals": 90, "survey": 12, "collections": 40, "feedback": 25}
"""People of each campaign; with numbers of their own, except those of the last two."""


def main() -> None:
    """Draw all of them."""
    with tempfile.TemporaryDirectory() as place, running(_bolna()) as bolna, chromium() as browser:
        workspace = Path(place) / "calls"
        workspace.mkdir()
        (workspace / "dialer.toml").write_text('[organisation]\nrate = "500/minute"\nlines = 50\ncurrency = "USD"\n')
        for name, people in LISTS.items():
            _campaign(workspace, name, people)
        environment = {"BOLNA_BASE_URL": bolna.base_url, "BOLNA_API_KEY": "bn-picture", "TZ": "Asia/Kolkata"}
        with serving(workspace, environment=environment) as page:
            _work(page)
            _draw_all(browser, page, Path(sys.argv[1]))
            page.post("/organisation/pause")


def _bolna() -> Settings:
    return Settings(speed=20, lines=40, number_faults={number(at): "refused" for at in range(0, 600, 31)})


def _campaign(workspace: Path, name: str, people: int) -> None:
    (workspace / f"{name}.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "{name}.csv"\n[pacing]\nrate = "300/minute"\n'
    )
    rows = "".join(f"{number(at)},Person {at}\n" for at in range(people))
    (workspace / f"{name}.csv").write_text(f"phone,customer_name\n{rows}not a number,Nobody\n")


def _work(page: Page) -> None:
    """Have one batch done, one paused, one that waits for an answer, and one that runs."""
    ids = {name: row["id"] for name, row in page.campaigns().items()}
    for name in ("survey", "renewals", "reminders"):
        _start(page, ids[name])
        time.sleep(20 if name == "renewals" else 0)
        if name == "renewals":
            page.post(f"/campaigns/{ids[name]}/pause", why="the customer changes the script")
    page.post(f"/campaigns/{ids['collections']}/start")
    page.post(f"/campaigns/{ids['feedback']}/check")
    time.sleep(45)


def _start(page: Page, batch_id: str) -> None:
    page.post(f"/campaigns/{batch_id}/start")
    for _ in range(300):
        work = page.web.get(f"/api/v1/campaigns/{batch_id}").json()["work"]
        if work and (question := work["question"]):
            page.post(f"/campaigns/{batch_id}/answer", question=question["id"], answer="yes", count=question["count"])
            return
        time.sleep(0.1)
    raise AssertionError(work)


def _draw_all(browser: Browser, page: Page, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for name, path in _screens(page):
        for width in WIDTHS:
            for scheme in SCHEMES:
                _draw(browser, page, path, to=to / f"{name}-{width}-{scheme}.png", width=width, scheme=scheme)


def _screens(page: Page) -> Iterator[tuple[str, str]]:
    ids = {name: row["id"] for name, row in page.campaigns().items()}
    yield from (("campaigns", "/"), ("organisation", "/organisation"), ("error", "/nowhere"))
    yield from ((name, f"/campaigns/{ids[name]}") for name in LISTS)
    yield "next", f"/campaigns/{ids['survey']}/next"


def _draw(browser: Browser, page: Page, path: str, *, to: Path, width: int, scheme: str) -> None:
    person = Person(browser, viewport={"width": width, "height": 800}, color_scheme=scheme)
    person.has_signed_in(page)
    person.page.goto(page.address + path)
    person.page.wait_for_timeout(500)
    person.page.screenshot(path=to, full_page=True)
    person.close()


if __name__ == "__main__":
    main()
