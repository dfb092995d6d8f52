"""A real Chromium that looks at the page of `dialer serve`, as an operator does.

Debian's Chromium is taken (`apt-get install chromium`), no build of Playwright's own. Where there is none the tests are
skipped, and say so; where DIALER_ALL_TESTS is set, as `.ci/run` does, they fail instead.
"""

from __future__ import annotations

import contextlib
import shutil
from importlib import resources
from typing import TYPE_CHECKING, Any

from tests.harness import PATIENCE
from tests.missing import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.pages import Page as Server

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_WATCH = """
window.ran = [];
window.pwn = (what) => window.ran.push(what);
window.alert = window.pwn;
document.addEventListener("securitypolicyviolation", (event) => window.ran.push(event.violatedDirective));
"""
"""What runs in a page that should not, and what the page's policy has kept from running: both are failures."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a window."""
    path = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if path is None:
        missing("there is no Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - may be missing
    except ImportError:
        missing("there is no Playwright: pip install -e '.[dev]'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Person:
    """Somebody with a browser of their own: a session of their own, and whatever goes wrong in it.

    Args:
        browser: where.
        options: of the context: size, colour scheme, whether scripts run.
    """

    def __init__(self, browser: Browser, **options: Any) -> None:  # noqa: ANN401 - Playwright's own
        # What moves is drawn again sixty times a second, by the processor.
        self.context: BrowserContext = browser.new_context(**{"reduced_motion": "reduce", **options})
        self.context.set_default_timeout(PATIENCE * 1000)
        self.context.add_init_script(_WATCH)
        self.page: Page = self.context.new_page()

    def has_signed_in(self, server: Server) -> None:
        """Have the session of the server's own client, without another link, and look at the campaigns."""
        for one in server.web.cookies.jar:
            self.context.add_cookies([{"name": one.name, "value": one.value or "", "url": server.address}])
        self.page.goto(server.address)

    def ran(self) -> list[str]:
        """Return what has run in the page, or was kept from it, that is not ours."""
        found: list[str] = self.page.evaluate("window.ran")
        return found

    def close(self) -> None:
        self.context.close()


def findings(page: Page) -> list[str]:
    """Return what axe-core finds serious in a page: its rule, and the elements."""
    # As a value that is evaluated: the page's policy lets in no script from elsewhere.
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {[node['html'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
