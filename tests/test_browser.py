"""The page as an operator sees it, in a real Chromium: what one person does the other sees, whatever breaks between."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.operations import pause_campaigns, targets_of, track_campaign
from dialer.provider.bolna.sandbox import Settings, running
from tests import test_hostile
from tests.browser import Person, chromium, findings
from tests.pages import Page, serving
from tests.place import AGENT, number, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

EVIL = "<img src=x onerror=pwn(1)><script>pwn(2)</script><svg/onload=pwn(3)>\"' onfocus=pwn(4) {{7*7}}"
"""What a browser would run if it were put into a page as it stands."""
IN_SIGHT = """(selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return document.querySelector(".bar").getBoundingClientRect().bottom <= box.top && box.bottom <= innerHeight;
}"""
PACING = '[pacing]\nrate = "5000/second"\nreads = "5000/second"\n'
SCREENS = ("/", "/organisation", "/campaigns/{spring}", "/campaigns/{spring}/next", "/campaigns/{long}", "/nowhere")
"""One of each kind; in braces the name of a batch."""


def apart(work: Callable[..., object], *given: object, **options: object) -> None:
    """Do something in a thread: Playwright's loop goes on in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(partial(work, *given, **options)).result()


def campaign(folder: Path, name: str, *, people: int, pacing: str = PACING) -> None:
    (folder / f"{name}.toml").write_text(f'agent_id = "{AGENT}"\nrecipients = "{name}.csv"\n{pacing}')
    (folder / f"{name}.csv").write_text("phone,name\n" + "".join(f"{number(at)},P{at}\n" for at in range(people)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace: all calls of `spring` have ended, some badly; `long` was never run, and takes ten minutes."""
    folder = tmp_path_factory.mktemp("workspace")
    settings = Settings(
        speed=1e6,
        lines=100,
        call_rate=None,
        agent_rate=None,
        other_rate=None,
        number_faults={number(3): "refused"},
        number_outcomes={number(1): "voicemail", number(2): "no-answer"},
        outcomes={"completed": 1},
    )
    with running(settings) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        patch.setenv("BOLNA_API_KEY", "bn-test")
        campaign(folder, "spring", people=8)
        with (folder / "spring.csv").open("a") as file:
            file.write("not a number,Nobody\n")
        campaign(folder, "long", people=3000, pacing='[pacing]\nrate = "5/second"\nmax_in_flight = 2\n')
        apart(run, folder / "spring.toml", track=True)
        yield folder


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    with serving(folder) as page:
        yield page


@pytest.fixture
def person(browser: Browser, page: Page) -> Iterator[Callable[..., Tab]]:
    """Somebody who has signed in with a browser of their own; in the end nothing has run in it that is not ours."""
    people: list[Person] = []

    def come(**options: object) -> Tab:
        people.append(Person(browser, **options))
        people[-1].has_signed_in(page)
        return people[-1].page

    yield come
    for one in people:
        ran = one.ran()
        one.close()
        assert ran == []


def link(page: Page) -> str:
    words = [sys.executable, "-m", "dialer", "serve", "--link", str(page.folder)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def see(tab: Tab, selector: str, text: str | re.Pattern[str]) -> None:
    """Wait until a text is seen, without touching anything."""
    tab.locator(selector, has_text=text).first.wait_for()


def confirm(tab: Tab) -> None:
    """Type the count that is asked for."""
    count = tab.locator("#count")
    count.fill(count.get_attribute("title") or "")
    tab.keyboard.press("Enter")
    count.wait_for(state="detached")


def dropped(tab: Tab, *files: Path) -> None:
    """Drop files somewhere on the page, as a person does with a mouse, who is not faster than its script."""
    tab.wait_for_load_state()
    session = tab.context.new_cdp_session(tab)
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 20, "y": 500, "data": data})


def figures(tab: Tab, selector: str) -> dict[str, int]:
    """Return the first two columns of a table."""
    cells: list[list[str]] = tab.locator(f"{selector} tr").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.innerText))"
    )
    return {name: int(count.replace(",", "")) for name, count, *_ in cells}


def test_what_one_person_does_the_other_sees_without_touching_anything(person: Callable[..., Tab], page: Page) -> None:
    ana, ben = person(), person()
    ben.goto(f"{page.address}/campaigns/{page.campaigns()['spring']['id']}")
    ana.click("#pause-everything")
    see(ana, "#said", "paused")
    see(ben, "#hold-all", "Everything is paused")
    see(ben, "#head .state", "Paused")
    ben.click("#resume-everything")
    see(ana, "#pause-everything", "Pause everything")
    # What her button did is no longer so.
    ana.locator("#said").wait_for(state="detached")
    ana.reload()
    assert ana.locator("#everything").inner_text().strip() == ""
    assert ana.locator("#said").count() == 0


def test_back_shows_what_is_and_a_reload_sends_nothing_again(person: Callable[..., Tab], page: Page) -> None:
    tab = person()
    tab.click("text=spring")
    see(tab, "h1", "spring")
    page.post("/organisation/pause")
    tab.go_back()
    see(tab, "#hold-all", "Everything is paused")
    tab.click("#resume-everything")
    see(tab, "#said", "resumed")
    page.post("/organisation/pause")
    tab.reload()
    see(tab, "#hold-all", "Everything is paused")
    page.post("/organisation/resume")


def test_a_run_outlives_its_page_and_is_paused_from_the_next_one(
    browser: Browser, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server is killed in the middle; the page says so, goes on by itself, and has the figures of `status`."""
    assert folder.is_dir()  # Bolna is there.
    campaign(tmp_path, "kept", people=3000, pacing='[pacing]\nrate = "5/second"\nmax_in_flight = 2\n')
    ana = Person(browser)
    tab = ana.page
    with serving(tmp_path) as first:
        ana.has_signed_in(first)
        tab.click("text=kept")
        tab.click("#start")
        confirm(tab)
        see(tab, "#head .state", "Running")
        see(tab, "#sent", re.compile("[3-9]|[0-9]{2}"))
        first.process.send_signal(signal.SIGKILL)
        see(tab, "#lost", "No connection")
        see(tab, "#head .state", "Running")
    with serving(tmp_path, "--port", first.address.rpartition(":")[2]):
        tab.locator("#lost").wait_for(state="hidden")
        tab.click("#pause")
        see(tab, "#head .state", "Paused")
        see(tab, "#ended", "paused")
        main(["status", str(tmp_path / "kept.toml"), "-o", "json"])
        (status,) = json.loads(capsys.readouterr().out)
        assert status["counts"]["pending"] > 0
        see(tab, "#sent", re.compile(rf"^\s*{status['counts']['queued'] + status['counts']['error']}\s*$"))
        see(tab, "#left", f"{status['counts']['pending']:,}")
        last = datetime.fromisoformat(status["last"])
        see(tab, "#figures", f"last attempt {last:%Y-%m-%d %H:%M:%S}")
    assert ana.ran() == []
    ana.close()


def test_after_a_sleep_a_dead_connection_is_noticed_and_made_again(person: Callable[..., Tab], page: Page) -> None:
    """A laptop that was closed keeps a connection that looks open, and hears nothing of what has happened meanwhile."""
    tab = person()
    tab.clock.install()
    tab.reload()
    see(tab, "#pause-everything", "Pause everything")
    page.process.send_signal(signal.SIGSTOP)
    try:
        tab.clock.fast_forward("01:00")
        see(tab, "#lost", "No connection")
    finally:
        page.process.send_signal(signal.SIGCONT)
    page.post("/organisation/pause")
    tab.locator("#lost").wait_for(state="hidden")
    see(tab, "#hold-all", "Everything is paused")
    page.post("/organisation/resume")


def test_a_session_that_has_ended_says_how_to_come_back(person: Callable[..., Tab], page: Page) -> None:
    tab = person()
    tab.context.clear_cookies()
    page.post("/organisation/pause")
    see(tab, "#signed-out", "dialer serve --link")
    page.post("/organisation/resume")
    tab.goto(f"{page.address}/organisation")
    see(tab, "main", "dialer serve --link")
    assert tab.locator("button").count() == 0


def test_everything_is_in_reach_of_the_keyboard_and_where_it_is_can_be_seen(person: Callable[..., Tab]) -> None:
    tab = person()
    seen = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        name, outline = tab.evaluate(
            "[document.activeElement.innerText, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", name
        seen.append(name)
        if name == "Pause everything":
            break
    assert seen[0] == "Skip to the content"
    tab.keyboard.press("Enter")
    see(tab, "#hold-all", "Everything is paused")
    while tab.evaluate("document.activeElement.id") != "resume-everything":
        tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    see(tab, "#hold-all", "Pause everything")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (390, 600), (1280, 400)])
def test_what_is_typed_wrong_is_in_sight_with_its_label_and_the_words_below(
    person: Callable[..., Tab], page: Page, width: int, height: int
) -> None:
    """Also on a phone, where most of a form lies below the screen; the field has the focus."""
    tab = person(viewport={"width": width, "height": height})
    long = f"/campaigns/{page.campaigns()['long']['id']}"
    for path, opened, field, text, button in (
        ("/organisation", "", "#number", "98123", "#block"),
        ("/organisation", "#pause-until summary", "#until", "2020-01-01T10:00", "#pause-until button"),
        (long, "#start-options summary", "#start-until", "2020-01-01T10:00", "#start-some"),
    ):
        tab.goto(page.address + path)
        if opened:
            tab.click(opened)
        tab.fill(field, text)
        tab.click(button)
        tab.locator(".wrong").wait_for()
        tab.locator(f"{field}:focus").wait_for()
        for part in (f"label:has({field})", field, ".wrong"):
            tab.wait_for_function(IN_SIGHT, arg=part)


def test_without_scripts_everything_works_by_its_forms(browser: Browser, page: Page) -> None:
    ana = Person(browser, java_script_enabled=False)
    ana.page.goto(link(page))
    see(ana.page, "h1", "Campaigns")
    ana.page.click("#pause-everything")
    see(ana.page, "#hold-all", "Everything is paused")
    ana.page.click("#resume-everything")
    see(ana.page, "#hold-all", "Pause everything")
    ana.close()


def test_tomorrows_list_from_the_drop_to_the_results(person: Callable[..., Tab], tmp_path: Path) -> None:
    """Check, five first, the rest, the results: by what the page shows alone."""
    (tmp_path / "tomorrow.csv").write_text(
        "phone,name\n" + "".join(f"{number(at)},Zoë {at}\n" for at in range(100, 112)) + "9.19877E+11,Lost\n"
    )
    tab = person()
    tab.click("text=spring")
    tab.click("#next")
    see(tab, "h1", "Next list")
    dropped(tab, tmp_path / "tomorrow.csv")
    see(tab, "#callable", "12")
    see(tab, "#head", "tomorrow.csv")
    see(tab, "#problems", "a spreadsheet turned the number into 9.19877E+11")
    with tab.expect_download() as rejects:
        tab.click("text=Rows that are not called (CSV)")
    assert "Lost" in rejects.value.path().read_text("utf-8")
    tab.click("#first")
    see(tab, "#work", "Type 5 to confirm")
    tab.wait_for_function("document.activeElement.id == 'question-heading'")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "count"
    assert findings(tab) == []
    confirm(tab)
    see(tab, "#left", "7")
    see(tab, "#ended", "5 sent")
    tab.click("#start")
    confirm(tab)
    see(tab, "#head .state", "Done")
    with tab.expect_download() as results:
        tab.click("text=Results (CSV)")
    assert results.value.path().read_text("utf-8-sig").count("queued") == 12


def test_what_is_dropped_and_is_no_list_is_said(person: Callable[..., Tab], page: Page, tmp_path: Path) -> None:
    """Two files, a folder, a picture: nothing is lost without a word, and the browser stays on the page."""
    lists = [tmp_path / f"{day}.csv" for day in ("monday", "tuesday")]
    for path in lists:
        path.write_text(f"phone,name\n{number(200)},Ana\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (tmp_path / "lists").mkdir()
    tab = person()
    tab.goto(f"{page.address}/campaigns/{page.campaigns()['spring']['id']}")
    here = tab.url
    tab.evaluate("addEventListener('dragover', (event) => { window.isKept = event.defaultPrevented; })")
    dropped(tab, lists[0])
    assert tab.evaluate("window.isKept")  # else the browser leaves the page to show the file
    tab.goto(f"{here}/next")
    dropped(tab, *lists)
    see(tab, "[data-refused]:visible", "These are several files")
    dropped(tab, tmp_path / "lists")
    see(tab, "[data-refused]:visible", "This is a folder")
    assert tab.locator("[data-refused]:visible").count() == 1
    dropped(tab, tmp_path / "logo.png")
    see(tab, "#checked", "is a picture")
    see(tab, "#head", "logo.png")
    tab.click("#discard")


def test_page_and_status_have_the_same_figures(
    person: Callable[..., Tab], page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    tab = person()
    tab.goto(f"{page.address}/campaigns/{page.campaigns()['spring']['id']}")
    main(["status", str(page.folder / "spring.toml"), "-o", "json"])
    (status,) = json.loads(capsys.readouterr().out)
    counts = status["counts"]
    assert figures(tab, "#rows") == counts
    assert int(tab.inner_text("#reached")) == status["reached"]
    assert int(tab.inner_text("#sent")) == counts["queued"] + counts["error"]
    assert figures(tab, "#outcomes") == {outcome or "not known yet": n for outcome, n in status["outcomes"].items()}


def test_nothing_of_a_cell_a_file_or_an_answer_is_run(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_hostile, "SAID", EVIL)
    monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
    name = EVIL.replace("/", "|")
    placed, refused = {"message": EVIL, "status": EVIL, "execution_id": "e-1"}, {"error": EVIL, "message": EVIL}
    for at, answer in enumerate([(200, placed), (400, refused)]):
        with test_hostile.lying(answer) as address:
            monkeypatch.setenv("BOLNA_BASE_URL", address)
            file = f"{at}{name}"
            text = f"agent_id = {json.dumps(AGENT)}\nrecipients = {json.dumps(f'{file}.csv')}\n{PACING}"
            (tmp_path / f"{file}.toml").write_text(text)
            cell = EVIL.replace('"', '""')
            (tmp_path / f"{file}.csv").write_text(f'phone,"{cell}"\n{number(at)},"{cell}"\n"{cell}",x\n')
            apart(run, tmp_path / f"{file}.toml")
            apart(anyio.run, track_campaign, load_campaign(tmp_path / f"{file}.toml"))
    pause_campaigns(targets_of([], everything=True, folder=tmp_path), why=EVIL)
    ana = Person(browser)
    with serving(tmp_path) as page:
        ana.has_signed_in(page)
        for row in page.campaigns().values():
            ana.page.goto(f"{page.address}/campaigns/{row['id']}")
            assert EVIL[:20] in ana.page.inner_text("main")
            ana.page.goto(f"{page.address}/campaigns/{row['id']}/next")
        taken = page.web.post(
            f"/campaigns/{row['id']}/next",
            data={"csrf": page.csrf},
            files={"file": (name, f'phone,"{cell}"\n"{cell}",x\n'.encode())},
            headers={"Origin": page.address},
        )
        ana.page.goto(str(taken.url))
        see(ana.page, "#checked, .say", re.compile("cannot be called|Rows of the list"))
        assert f"list {name}" in ana.page.inner_text("#head")
        ana.page.goto(f"{page.address}/organisation")
        assert EVIL in ana.page.inner_text("main")
        assert ana.ran() == []
        assert ana.page.locator("img, main script").count() == 0
    ana.close()


def look_at_all(tab: Tab, page: Page, widths: Sequence[int]) -> None:
    ids = {name: row["id"] for name, row in page.campaigns().items()}
    for screen in SCREENS:
        for width in widths:
            tab.set_viewport_size({"width": width, "height": 900})
            tab.goto(page.address + screen.format(**ids))
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{screen} is wider than {width}"
            assert findings(tab) == [], f"{screen} at {width}"


def test_no_screen_has_a_serious_fault_for_people_who_see_or_move_badly(person: Callable[..., Tab], page: Page) -> None:
    tab = person(color_scheme="dark")
    look_at_all(tab, page, [390])
    # A fault would be found.
    tab.evaluate("document.querySelector('h1').innerHTML = '<button></button>'")
    assert "button-name" in findings(tab)[0]


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_a_serious_fault_at_any_size(person: Callable[..., Tab], page: Page, scheme: str) -> None:
    look_at_all(person(color_scheme=scheme), page, [390, 1280, 1920])
