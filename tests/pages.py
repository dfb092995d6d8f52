"""A `dialer serve` of its own on a workspace, and a browser that is signed in."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.harness import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINK = re.compile(r"(http://\S+)/login\?token=(\S+)")


@dataclass(frozen=True, slots=True)
class Page:
    """A server that runs.

    Attributes:
        address: where it is reached.
        token: of the link that it has printed.
        process: it.
        folder: of the workspace.
        web: a browser that is signed in.
    """

    address: str
    token: str
    process: subprocess.Popen[str]
    folder: Path
    web: httpx.Client

    @property
    def csrf(self) -> str:
        """What a form of this session carries."""
        found = re.search(r'name="csrf" value="(\w+)"', self.web.get("/").text)
        assert found is not None
        return found[1]

    def campaigns(self) -> dict[str, dict[str, Any]]:
        """Return every batch by its name."""
        return {one["name"]: one for one in self.web.get("/api/v1/campaigns").json()["campaigns"]}

    def post(self, path: str, **fields: object) -> httpx.Response:
        """Send a form as the page itself does."""
        form = {"csrf": self.csrf, **{name: str(value) for name, value in fields.items()}}
        return self.web.post(path, data=form, headers={"Origin": self.address})


@contextlib.contextmanager
def serving(folder: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Page]:
    """Serve the page of a workspace."""
    words = [sys.executable, "-m", "dialer", "serve", "--port", "0", *options, str(folder)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | (environment or {}), cwd=folder
    )
    try:
        page = signed_in(process, folder)
        with contextlib.closing(page.web):
            yield page
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def signed_in(process: subprocess.Popen[str], folder: Path) -> Page:
    """Return the page of a server that has just begun, with a browser that has opened its link."""
    assert process.stdout is not None
    for line in process.stdout:
        if link := _LINK.search(line):
            web = httpx.Client(base_url=link[1], timeout=PATIENCE, follow_redirects=True)
            assert web.get("/login", params={"token": link[2]}).status_code == httpx.codes.OK
            return Page(link[1], link[2], process, folder, web)
    raise AssertionError("it has printed no link")
