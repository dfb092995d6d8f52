"""Checks that the page starts: a few at a time, with a bound on what each takes of the machine."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from dialer.operations.serve.board import Board
from dialer.operations.serve.folder import own_folder
from dialer.operations.serve.next_list import NextLists
from dialer.operations.serve.turn import AT_ONCE
from dialer.operations.serve.work import Works
from dialer.web import actions, app
from dialer.web.guard import Caller
from dialer.web.sessions import Sessions
from dialer.web.site import Site
from tests.pages import serving
from tests.place import AGENT
from tests.test_serve_runs import live

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

_GREEDY = """
import sys
from pathlib import Path
from dialer.operations.serve.turn import turn
with turn(Path(sys.argv[1]), waits=lambda: None):
    bytearray(3 << 30)
"""


def workspace(folder: Path) -> Path:
    (folder / "spring.toml").write_text(f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n')
    (folder / "people.csv").write_text("phone\n+919812345600\n")
    return folder


def test_a_check_waits_while_others_go_on_and_says_so(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    with serving(folder, environment={"BOLNA_BASE_URL": "http://127.0.0.1:9"}) as page, contextlib.ExitStack() as stack:
        for number in range(AT_ONCE):
            file = stack.enter_context((folder / ".dialer" / "runs" / f"turn-{number}").open("ab"))
            fcntl.flock(file, fcntl.LOCK_EX)
        batch = page.campaigns()["spring"]["id"]
        page.post(f"/campaigns/{batch}/check")
        view = live(page, batch, lambda view: view["check"] and view["check"]["text"])
        assert "Other lists are checked first" in view["check"]["text"]
        assert "Other lists are checked first" in page.web.get(f"/campaigns/{batch}").text
        stack.close()
        view = live(page, batch, lambda view: view["check"]["state"] != "going on")
        assert view["check"]["to_call"] == 1


def test_a_check_that_needs_more_memory_than_it_may_have_ends_in_words(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _GREEDY, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "This list needs more memory than a check on the page may take." in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("verb", ["check", "next"])
def test_one_check_too_many_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(actions, "MOST_CHECKS", 0)
    own = own_folder(workspace(tmp_path))
    site = Site(Board(tmp_path, NextLists(own / "lists")), Sessions(own), Works(own / "runs"))
    built = app.build(site)

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": Caller()}
        await built(scope, receive, send)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(signed_in), base_url="http://x") as web:
            (batch,) = (await web.get("/api/v1/campaigns")).json()["campaigns"]
            files = {"file": ("a.csv", b"phone\n1\n")} if verb == "next" else None
            return await web.post(f"/api/v1/campaigns/{batch['id']}/{verb}", files=files)

    answer = anyio.run(ask)
    assert (answer.status_code, answer.json()["error"][:10]) == (503, "Many lists")
    assert not list((own / "lists").iterdir())
