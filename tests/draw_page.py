"""Takes the README's picture of the page: `python -m tests.draw_page` serves the samples while one is called."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.provider.bolna.sandbox import Settings, running
from tests.browser import Person, chromium
from tests.pages import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "sample_data" / "page.png"
PLACED = 80
"""So many calls are placed when the picture is taken."""


def called(folder: Path, name: str, *options: str) -> subprocess.Popen[bytes]:
    """Run a sample campaign."""
    command = [sys.executable, "-m", "dialer", "run", f"campaigns/{name}.toml", "--yes", "--quiet", *options]
    return subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})


def taken(folder: Path) -> bytes:
    """Return the picture of a campaign in the middle of its run."""
    called(folder, "survey").wait()
    run = called(folder, "reminders")
    try:
        with serving(folder) as server, chromium() as browser:
            somebody = Person(browser, viewport={"width": 1360, "height": 728}, color_scheme="light")
            somebody.has_signed_in(server)
            somebody.page.get_by_role("link", name="reminders").first.click()
            while int(somebody.page.inner_text("#sent")) < PLACED:
                somebody.page.wait_for_timeout(500)
            return somebody.page.screenshot()
    finally:
        run.terminate()
        run.wait()


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Have the samples in a folder with a name that people would give it: the picture shows it."""
    folder = Path.home() / "calls"
    folder.mkdir()
    try:
        for part in ("campaigns", "sample_data"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "dialer.toml").touch()
        yield folder
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    settings = Settings(speed=20, lines=60, call_rate=None, agent_rate=None, other_rate=None)
    with running(settings) as sandbox, workspace() as copied:
        os.environ |= {"BOLNA_BASE_URL": sandbox.base_url, "BOLNA_API_KEY": "bn-sandbox"}
        PICTURE.write_bytes(taken(copied))
