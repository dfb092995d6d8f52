"""The page against other users of this machine, and against pages of other sites in the same browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import time
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from dialer.errors import UsageError
from dialer.operations.serve.board import Board
from dialer.operations.serve.folder import own_folder
from dialer.operations.serve.next_list import NextLists
from dialer.operations.serve.work import Works
from dialer.rate import Rate
from dialer.web import downloads, guard, server
from dialer.web.app import build
from dialer.web.fields import Fields, RefusedError
from dialer.web.pace import Pace
from dialer.web.server import listening
from dialer.web.sessions import LASTS, LINK_LASTS, Sessions
from dialer.web.site import Site
from tests.harness import PATIENCE
from tests.pages import Page, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "t" * 40
CAMPAIGN = 'agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "people.csv"\n'


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "spring.toml").write_text(CAMPAIGN)
    (folder / "people.csv").write_text("phone\n+919812345600\n")
    (folder / "token").touch(mode=0o600)
    (folder / "token").write_text(TOKEN)
    environment = {"BOLNA_BASE_URL": "http://127.0.0.1:9", "BOLNA_API_KEY": "bn-secret-of-the-account"}
    with serving(folder, "--token-file", str(folder / "token"), environment=environment) as page:
        yield page


@pytest.fixture(scope="module")
def batch(page: Page) -> str:
    return str(page.campaigns()["spring"]["id"])


def is_paused(page: Page) -> bool:
    return (page.folder / "all.paused").exists()


def raw(page: Page, request: bytes) -> bytes:
    """Return the answer to what is no browser's request."""
    host, port = page.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            return connection.recv(1 << 16)
    return b""


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "", "[::1"]
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(page: Page, host: str) -> None:
    """DNS rebinding: the browser believes that it talks to another site, and says so."""
    name = host.replace("{port}", page.address.rpartition(":")[2])
    answer = page.web.get("/", headers={"Host": name})
    assert answer.status_code in {400, 421}
    assert "spring" not in answer.text


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://{own}", "http://{own}.evil.example", "http://127.0.0.1:1"]
)
def test_a_form_on_another_site_does_nothing(page: Page, origin: str | None) -> None:
    own = page.address.removeprefix("http://")
    headers = {} if origin is None else {"Origin": origin.replace("{own}", own)}
    answer = page.web.post("/organisation/pause", data={"csrf": page.csrf}, headers=headers)
    assert (answer.status_code, is_paused(page)) == (403, False)


@pytest.mark.parametrize("path", ["/organisation/pause", "/api/v1/organisation/pause", "/logout"])
@pytest.mark.parametrize("token", ["", "0" * 64, "\u20ac"])
def test_a_form_without_the_token_of_this_session_does_nothing(page: Page, path: str, token: str) -> None:
    for body in ({"data": {"csrf": token}}, {"json": {"csrf": token}}):
        answer = page.web.post(path, headers={"Origin": page.address}, **body)  # type: ignore[arg-type]
        assert (answer.status_code, is_paused(page)) == (403, False)


def test_nobody_without_a_session_sees_or_does_anything(page: Page, batch: str) -> None:
    paths = [
        "/",
        "/organisation",
        f"/campaigns/{batch}",
        "/api/v1/campaigns",
        "/api/v1/events",
        "/nothing",
        "/openapi.json",
    ]
    with httpx.Client(base_url=page.address, headers={"Origin": page.address}) as stranger:
        for path in paths:
            answer = stranger.get(path)
            assert answer.status_code == 401, path
            assert "spring" not in answer.text
        for cookie in ("", "x", "9" * 300, f"{2**40}.x.y", "1.2.3.4"):
            (name,) = page.web.cookies
            answer = stranger.post("/organisation/pause", headers={"Cookie": f"{name}={cookie}"})
            assert (answer.status_code, is_paused(page)) == (401, False)
        for header in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u20ac"):
            answer = stranger.get("/api/v1/campaigns", headers={b"Authorization": header.encode()})
            assert answer.status_code == 401, header


def test_a_program_with_the_token_of_the_file_needs_no_form(page: Page) -> None:
    with httpx.Client(base_url=page.address, headers={"Authorization": f"Bearer {TOKEN}"}) as program:
        assert program.get("/api/v1/campaigns").json()["campaigns"][0]["name"] == "spring"
        assert program.post("/api/v1/organisation/pause", json={"why": "test"}).status_code == 200
        assert is_paused(page)
        assert program.post("/api/v1/organisation/resume").status_code == 200
    assert not is_paused(page)


def test_a_session_ends_after_twelve_hours_and_a_link_after_ten_minutes(tmp_path: Path) -> None:
    now = 1_000_000.0
    sessions = Sessions(tmp_path, clock=lambda: now)
    late, token = sessions.new_link_token(), sessions.new_link_token()
    cookie = sessions.opened(token)
    assert cookie is not None
    assert sessions.opened(token) is None
    now += LINK_LASTS + 1
    assert sessions.opened(late) is None
    assert Sessions(tmp_path, clock=lambda: now).is_valid(cookie)
    ends, _, rest = cookie.partition(".")
    assert not sessions.is_valid(f"{int(ends) + 1}.{rest}")
    now += LASTS
    assert not sessions.is_valid(cookie)


@pytest.mark.parametrize(
    "path",
    [
        "/campaigns/../../../etc/passwd",
        "/campaigns/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static/../templates/base.html",
        "/static/%2e%2e/server.py",
        "/static//etc/passwd",
        "/campaigns/spring.toml",
        "/campaigns/.dialer%2fsecret/results.csv",
        "/campaigns/0000000000000000/rejects.csv",
        "/api/v1/campaigns/..%2f..%2fsecret",
        "/static/%00",
        "/static/page.css%00.js",
        "/campaigns/%ff%fe",
        "/api/v1/events?id=%00",
        f"/campaigns/{'a' * 3000}",
        "//evil.example/",
    ],
)
def test_what_a_request_names_is_looked_up_and_never_opened(page: Page, path: str) -> None:
    answer = raw(page, f"GET {path} HTTP/1.1\r\nHost: {page.address[7:]}\r\nCookie: {cookie_of(page)}\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 (404|400)", answer), answer[:200]
    assert b"root:" not in answer


@pytest.mark.parametrize("name", ["\u202egnp.exe", "new\nline", 'q"uo;te', "a\r\nX-Own: yes"])
def test_what_a_download_is_called_is_one_line_that_can_be_seen(tmp_path: Path, name: str) -> None:
    answer = downloads._file(tmp_path / "x", f"{name}.csv", "text/csv")
    (called,) = [value for key, value in answer.raw_headers if key == b"content-disposition"]
    assert not re.search(rb"%E2%80%AE|%0A|%0D|\n|\r", called)
    assert called.startswith(b"attachment; filename")


def cookie_of(page: Page) -> str:
    return "; ".join(f"{name}={value}" for name, value in page.web.cookies.items())


@pytest.mark.parametrize(("text", "number"), [("1,500", 1500), ("1,00,000", 100_000), ("12", 12), ("", None)])
def test_a_number_is_read_as_it_was_meant(text: str, number: int | None) -> None:
    assert Fields({"limit": text}).number("limit") == number


@pytest.mark.parametrize("text", ["1,5", "1,0", ",500", "1500,", "1.5", "-1", "1e9", "1,,000", "\u0663"])
def test_a_number_that_could_mean_another_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not a whole number"):
        Fields({"limit": text}).number("limit")


@pytest.mark.parametrize("path", ["/organisation/pause", "/login", "/", "/campaigns/{batch}/next"])
@pytest.mark.parametrize("head", ["Content-Length: 104857600", "Transfer-Encoding: chunked"])
def test_a_large_body_is_refused_before_it_has_come(page: Page, batch: str, path: str, head: str) -> None:
    """A list may be large, but only one from a page of ours."""
    name = path.replace("{batch}", batch)
    request = f"POST {name} HTTP/1.1\r\nHost: {page.address[7:]}\r\n{head}\r\n\r\n".encode()
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if "chunked" in head else b"x" * 0x10000
    sent = 0
    host, port = page.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(request)
        with contextlib.suppress(OSError):
            answer = connection.recv(1 << 12)
            assert re.match(rb"HTTP/1.1 (401|405|413)", answer), answer
            while sent < 100 << 20:
                sent += connection.send(chunk)
    assert sent < 100 << 20
    assert page.web.get("/healthz").text == "ok"


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "x" * 5000, "--yes", "1e99", "-1", "\u202e", "'; rm -rf /", "{{7*7}}"]
)
def test_whatever_stands_in_a_field_is_refused_in_words_or_harmless(page: Page, batch: str, text: str) -> None:
    headers = {"Origin": page.address, "X-CSRF-Token": page.csrf, "Content-Type": "application/json"}
    fields = dict.fromkeys(("limit", "until", "count", "question", "answer", "number", "source", "region"), text)
    for path in ("start", "answer", "discard", "resume"):
        answer = page.web.post(f"/api/v1/campaigns/{batch}/{path}", content=json.dumps(fields), headers=headers)
        assert answer.status_code < 500, (path, answer.text)
    for path in ("block", "pause"):
        answer = page.web.post(f"/api/v1/organisation/{path}", content=json.dumps(fields), headers=headers)
        assert 400 <= answer.status_code < 500, (path, answer.text)
    assert not is_paused(page)


def test_a_form_of_our_own_is_not_large_either(page: Page) -> None:
    assert page.post("/organisation/pause", why="x" * (1 << 17)).status_code == 413
    assert not is_paused(page)


def test_a_thousand_connections_that_say_nothing_do_not_keep_anybody_out(page: Page) -> None:
    host, port = page.address.removeprefix("http://").split(":")
    silent = []
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x")
            silent.append(connection)
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=page.address, timeout=5) as other:
                if other.get("/healthz").text == "ok":
                    break
            assert time.monotonic() < end, "nobody comes in any more"
    assert page.web.get("/healthz").text == "ok"


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("asked_before", [0, 1])
def test_a_request_that_is_begun_and_not_ended_holds_no_place(
    monkeypatch: pytest.MonkeyPatch, asked_before: int
) -> None:
    monkeypatch.setattr(server, "_HEAD_WITHIN", 0.2)

    async def wait_for_the_end() -> None:
        async with server.accepting(_nothing, listening("127.0.0.1", 0)) as listener:
            reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
            for _ in range(asked_before):
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b" 204 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"GET / HT")
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(asyncio.wait_for(wait_for_the_end(), PATIENCE))


def guarded(app: ASGIApp, sessions: Sessions, *, pace_of_others: Callable[[], bool] = bool) -> guard.Guard:
    """Return what lets in whoever has the token `t`, at any pace."""
    hosts = frozenset("x")
    return guard.Guard(
        app,
        hosts=hosts,
        sessions=sessions,
        token="t",
        is_upload=bool,
        pace=lambda: True,
        pace_of_others=pace_of_others,
    )


def test_who_asks_without_end_and_is_not_signed_in_keeps_nobody_out(tmp_path: Path) -> None:
    """A page of another site, open in the same browser, must not come between an operator and `Pause everything`."""
    now = 0.0
    others = Pace(Rate(10, 1.0), clock=lambda: now)
    transport = httpx.ASGITransport(guarded(_nothing, Sessions(tmp_path), pace_of_others=others))

    async def ask() -> tuple[list[int], int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
            flood = [(await web.get("/")).status_code for _ in range(50)]
            return flood, (await web.get("/", headers={"Authorization": "Bearer t"})).status_code

    flood, mine = anyio.run(ask)
    assert (flood[0], flood[-1], mine) == (401, 429, 204)


@pytest.mark.parametrize("then", ["nothing comes", "it drips", "the browser is gone"])
def test_a_body_that_stops_coming_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    """A laptop that is closed in the middle of its upload keeps nobody else from sending a list."""
    monkeypatch.setattr(guard, "SILENCE", 0.05)
    (tmp_path / "spring.toml").write_text(CAMPAIGN)
    own = own_folder(tmp_path)
    site = Site(Board(tmp_path, NextLists(own / "lists")), Sessions(own), Works(own / "runs"))
    (batch,) = site.board.listing().batches
    answers: list[Message] = []
    parts: list[Message] = [{"type": "http.request", "body": b"--x\r\n", "more_body": True}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        if then == "the browser is gone":
            return {"type": "http.disconnect"}
        await (anyio.sleep_forever() if then == "nothing comes" else anyio.sleep(0.01))
        return {"type": "http.request", "body": b"-", "more_body": True}

    async def send(message: Message) -> None:
        answers.append(message)

    async def upload() -> None:
        headers = [
            (b"host", b"x"),
            (b"authorization", b"Bearer t"),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ]
        path = f"/api/v1/campaigns/{batch.id}/next"
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        await guarded(build(site), site.sessions)(scope, receive, send)

    anyio.run(upload)
    assert answers[0]["status"] == 408
    assert not list((own / "lists").iterdir())


def test_nothing_of_the_key_reaches_the_browser_and_every_answer_is_fenced_in(page: Page, batch: str) -> None:
    for path in ("/", f"/campaigns/{batch}", f"/campaigns/{batch}/next", "/organisation", "/api/v1/campaigns", "/x"):
        answer = page.web.get(path)
        assert "bn-secret" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?! src=)|<style|\son\w+=|\sstyle=", answer.text), path


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", "127.0.0.1.example.com", ""])
def test_no_other_address_than_a_loopback_one_is_served(host: str) -> None:
    with pytest.raises(UsageError, match="this machine only"):
        listening(host, 0)
