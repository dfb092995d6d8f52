"""The page in the browser, over real sockets: what it shows, and what its buttons do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from dialer.web import server
from tests.harness import PATIENCE
from tests.pages import Page, serving
from tests.place import Place, number, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


CAMPAIGN = """
agent_id = "123e4567-e89b-12d3-a456-426655440000"
recipients = "people.csv"
"""
PEOPLE = "phone,name\n" + "".join(f"+9198123456{number:02},P{number}\n" for number in range(6))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "spring.toml").write_text(CAMPAIGN)
    (folder / "people.csv").write_text(PEOPLE)
    with serving(folder, environment={"BOLNA_BASE_URL": "http://127.0.0.1:9"}) as page:
        yield page


def test_the_page_lists_a_campaign_that_was_never_run(page: Page) -> None:
    row = page.campaigns()["spring"]
    assert (row["state"], row["campaign"], row["recipients"]) == ("not started", "spring.toml", "people.csv")
    assert 'href="/campaigns/' + row["id"] in page.web.get("/").text
    assert "spring" in page.web.get(f"/campaigns/{row['id']}").text


def test_pause_everything_is_one_button_and_so_is_its_end(page: Page) -> None:
    assert "Every campaign in" in page.post("/organisation/pause", why="the bank called").text
    assert page.campaigns()["spring"]["state"] == "paused"
    assert "the bank called" in page.web.get("/organisation").text
    page.post("/organisation/resume")
    assert page.campaigns()["spring"]["state"] == "not started"


def test_who_pauses_everything_stays_where_they_are(page: Page) -> None:
    """The address is one of our pages, whatever a request says."""
    spring = f"/campaigns/{page.campaigns()['spring']['id']}"
    for came_from, to in (
        (spring, spring),
        ("/", "/"),
        ("/organisation", "/organisation"),
        ("//evil.example/", "/organisation"),
        ("/campaigns/../logout", "/organisation"),
    ):
        page.web.headers["Referer"] = page.address + came_from
        try:
            for verb in ("pause", "resume"):
                assert page.post(f"/organisation/{verb}").url.path == to
        finally:
            del page.web.headers["Referer"]


def test_a_pause_that_cannot_be_set_is_refused(page: Page) -> None:
    place = page.folder / "all.paused"
    place.mkdir()
    try:
        answer = page.post("/organisation/pause", why="the bank called")
    finally:
        place.rmdir()
    assert answer.status_code == 409
    assert "This pause was not set." in answer.text


@pytest.mark.parametrize(
    ("verb", "field", "text", "words"),
    [
        ("start", "limit", "0", "Type a whole number from 1 to"),
        ("start", "limit", "1000000000", "Type a whole number from 1 to"),
        ("start", "limit", "1,5", "Type a whole number from 1 to"),
        ("start", "until", "2020-01-01T10:00", "this is in the past"),
        ("pause", "until", "2020-01-01T10:00", "this is in the past"),
        ("pause", "until", "soon", "this is not a date and a time"),
        ("/organisation/pause", "until", "2020-01-01T10:00", "this is in the past"),
        ("/organisation/block", "number", "98123", "is not a whole number"),
    ],
)
def test_what_is_typed_wrong_is_said_beside_its_field_and_does_nothing(
    page: Page, verb: str, field: str, text: str, words: str
) -> None:
    """The form is shown again as it was filled in; a program gets a status and the same words."""
    path = verb if verb.startswith("/") else f"/campaigns/{page.campaigns()['spring']['id']}/{verb}"
    answer = page.post(path, **{field: text})
    assert answer.status_code == 422
    assert words in answer.text
    if verb != "pause":  # What was never run has no form for that.
        field_with_it = rf'name="{field}" value="{text}" aria-invalid="true".*?class="wrong".*?<bdi>.*?{words}'
        assert re.search(field_with_it, answer.text)
    program = page.web.post(f"/api/v1{path}", json={field: text, "csrf": page.csrf}, headers={"Origin": page.address})
    assert program.status_code == 422
    assert words in program.json()["error"]
    assert page.campaigns()["spring"]["state"] == "not started"


def test_the_do_not_call_list_is_shown_with_the_last_numbers_first(page: Page) -> None:
    assert "No number is on it." in page.web.get("/organisation").text
    try:
        for number in range(7):
            assert page.post("/organisation/block", number=f"+9198123457{number:02}", source="<b>asked").is_success
        listed = page.web.get("/api/v1/organisation").json()["do_not_call"]
        assert (listed["numbers"], listed["trouble"]) == (7, "")
        assert [one["number"] for one in listed["last"]] == [f"+9198123457{number:02}" for number in range(6, 1, -1)]
        assert {one["source"] for one in listed["last"]} == {"<b>asked"}
        shown = page.web.get("/organisation").text
        assert "7 numbers are on it. The last ones:" in shown
        assert "<b>asked" not in shown
        with (page.folder / "do_not_call.csv").open("a") as file:
            file.write("9.19877E+11,,,,\n")
        shown = page.post("/organisation/resume").text
        assert "do_not_call.csv" in shown
        assert "numbers are on it" not in shown
    finally:
        (page.folder / "do_not_call.csv").unlink()


def test_how_the_calls_went_adds_up_to_the_people(quick: Place) -> None:
    """Also after a second call of which nothing is known yet; each row has a name, and calls are not people."""
    tracked, untracked = (
        quick.campaign(name="tracked", recipients="a.csv"),
        quick.campaign(name="b", recipients="b.csv"),
    )
    quick.recipients([[number(at)] for at in range(6)], header=["phone"], name="a.csv")
    quick.recipients([[number(at)] for at in range(10, 14)], header=["phone"], name="b.csv")
    run(untracked)
    run(tracked, track=True)
    with contextlib.closing(sqlite3.connect(quick.folder / "tracked.results.ledger")) as ledger, ledger:
        # As if it had been yesterday.
        ledger.execute("UPDATE attempt SET at = at - 86400")
        ledger.execute("UPDATE call SET since = since - 86400, updated_at = NULL")
    run(tracked, redial=("no-answer",))
    with serving(quick.folder) as page:
        ids = {row["campaign"]: row["id"] for row in page.campaigns().values()}
        view = page.web.get(f"/api/v1/campaigns/{ids['tracked.toml']}").json()
        outcomes = {one["name"]: one["count"] for one in view["outcomes"]}
        assert outcomes == {"completed": 3, "voicemail": 1, "failed": 1, "not known yet": 1}
        assert (view["counts"]["queued"], view["ended"], view["accepted"]) == (6, 6, 7)
        shown = page.web.get(f"/campaigns/{ids['tracked.toml']}").text
        assert "6 of 7 calls have ended" in shown
        assert "of 6 people" in shown
        view = page.web.get(f"/api/v1/campaigns/{ids['b.toml']}").json()
        assert (view["outcomes"], view["ended"], view["accepted"]) == ([], None, 4)


def test_a_trial_has_no_limit_unless_it_is_set(tmp_path: Path) -> None:
    (tmp_path / "spring.toml").write_text(CAMPAIGN)
    (tmp_path / "people.csv").write_text(PEOPLE)
    settings = tmp_path / "dialer.toml"
    settings.touch()
    with serving(tmp_path, "--sandbox") as page:
        assert "no limit in a trial" in page.web.get("/organisation").text
        settings.write_text('[organisation]\nrate = "120/minute"\n')
        assert "120/minute" in page.web.get("/organisation").text


def test_a_link_opens_one_session_and_no_second_one(page: Page) -> None:
    with httpx.Client(base_url=page.address) as other:
        assert other.get("/login", params={"token": page.token}).status_code == 403
        assert other.get("/").status_code == 401


def test_another_link_opens_another_session(page: Page) -> None:
    words = [sys.executable, "-m", "dialer", "serve", "--link", str(page.folder)]
    link = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    assert link.startswith(page.address)
    with httpx.Client(base_url=page.address) as other:
        assert other.get(link).status_code == 200
        assert other.get("/").status_code == 200


def test_what_signs_sessions_is_for_the_owner_only(page: Page) -> None:
    folder = page.folder / ".dialer"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600


def test_a_lost_connection_needs_nothing_but_a_new_one(page: Page) -> None:
    """Each message is the whole of what is shown."""
    for _ in range(2):
        with page.web.stream("GET", "/api/v1/events") as stream:
            first = next(line for line in stream.iter_lines() if line.startswith("data: "))
        assert '"spring"' in first


def test_whether_it_lives_can_be_asked_without_a_session(page: Page) -> None:
    assert httpx.get(f"{page.address}/healthz").text == "ok"


def test_of_a_workspace_one_page_is_served_and_a_second_one_names_it(page: Page) -> None:
    """Two would not know of each other's commands; the link goes to the one that runs."""
    words = [sys.executable, "-m", "dialer", "serve", "--port", "0", str(page.folder)]
    second = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert second.returncode == 4
    assert page.address in second.stderr
    assert f"process {page.process.pid}" in second.stderr
    assert page.web.get("/").status_code == 200


def test_the_page_of_trials_is_another_one_that_runs_beside_it(tmp_path: Path) -> None:
    """One browser has both: neither signs it out of the other, and each takes lists of its own."""
    (tmp_path / "spring.toml").write_text(f'results = "{{batch}}.csv"\n{CAMPAIGN}')
    (tmp_path / "people.csv").write_text("phone\n+919812345600\n")
    with serving(tmp_path) as page, serving(tmp_path, "--sandbox") as trials:
        (row,) = trials.campaigns().values()
        file = {"file": ("tomorrow.csv", b"phone\n+919812345601\n")}
        headers = {"Origin": trials.address}
        taken = trials.web.post(f"/campaigns/{row['id']}/next", data={"csrf": trials.csrf}, files=file, headers=headers)
        assert taken.status_code == 200
        assert [len(one.campaigns()) for one in (page, trials)] == [1, 2]
        assert not {one.name for one in page.web.cookies.jar} & {one.name for one in trials.web.cookies.jar}
        trials.web.cookies.update(page.web.cookies)
        assert trials.web.get("/").status_code == 200
        words = [sys.executable, "-m", "dialer", "serve", "--sandbox", str(tmp_path)]
        link = subprocess.run([*words, "--link"], capture_output=True, text=True, check=True).stdout
        assert link.startswith(trials.address)
        second = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (second.returncode, trials.address in second.stderr) == (4, True)
        assert "dialer serve --link --sandbox" in second.stderr
        trials.web.cookies.clear()
        assert "dialer serve --link --sandbox" in trials.web.get("/").text


def test_ctrl_c_while_somebody_looks_says_nothing_in_the_terminal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A look at a large ledger takes its time; who is cut off meanwhile is no failure of the page."""
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "disabled", False)
    looks, listener = threading.Event(), server.listening("127.0.0.1", 0)

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        looks.set()
        await anyio.sleep_forever()
        await send({"type": "http.response.start", "status": 204, "headers": []})

    def interrupt() -> None:
        with socket.create_connection(listener.getsockname(), timeout=60) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert looks.wait(60)
            os.kill(os.getpid(), signal.SIGINT)
            connection.recv(1)

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(server._accept(slow, listener, lambda: pool.submit(interrupt)))
    assert looks.is_set()
    assert caplog.records == []


def test_a_page_that_was_killed_gives_no_link_and_lets_the_next_one_begin(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dialer", "serve", "--link", str(tmp_path)]
    with serving(tmp_path) as page:
        page.process.kill()
        page.process.wait()
        refused = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "does not run" in refused.stderr
    with serving(tmp_path) as page:
        link = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        assert link.startswith(page.address)


def test_a_page_that_is_killed_in_the_middle_of_an_upload_keeps_nothing_of_it(tmp_path: Path) -> None:
    """The list is neither taken nor left on the disk: it is sent again."""
    (tmp_path / "spring.toml").write_text(f'results = "{{batch}}.csv"\n{CAMPAIGN}')
    lists = tmp_path / ".dialer" / "lists"
    with serving(tmp_path) as page:
        (row,) = page.campaigns().values()

        def half() -> Iterator[bytes]:
            yield b"--x\r\n"
            while not list(lists.glob(".*.body")):
                time.sleep(0.01)
            page.process.kill()
            page.process.wait()
            yield b"more"

        kind = {"Origin": page.address, "Content-Type": "multipart/form-data; boundary=x"}
        with pytest.raises(httpx.TransportError):
            page.web.post(f"/campaigns/{row['id']}/next", content=half(), headers=kind).raise_for_status()
        assert list(lists.iterdir())
    with serving(tmp_path) as page:
        assert list(lists.iterdir()) == []
        assert list(page.campaigns()) == ["spring"]


def test_whoever_deletes_the_secret_signs_every_browser_out(tmp_path: Path) -> None:
    """A new link then opens a session as before; a stream that was open ends."""
    with serving(tmp_path) as page:
        with page.web.stream("GET", "/api/v1/events") as stream:
            (tmp_path / ".dialer" / "secret").unlink()
            assert [line for line in stream.iter_lines() if line.startswith("data: ")]
        assert page.web.get("/").status_code == 401
        words = [sys.executable, "-m", "dialer", "serve", "--link", str(tmp_path)]
        link = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        assert page.web.get(link).status_code == 200
        assert page.web.get("/").status_code == 200
