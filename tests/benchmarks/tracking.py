"""How long it takes to learn how calls went, within the vendor's limits of each kind of request."""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from tests.benchmarks.process import spend
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.process import Spent
    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_TRACKED = 10_000
_LATENCY = 0.2
_PATIENCE = 10.0
_LISTED, _READ = "GET /v2/agent/{agent_id}/executions", "GET /executions/{execution_id}"
_HEADER = ("", "", "calls", "clock", "CPU", "pages of a list", "read by id", "429s", "left")


def report(session: Session) -> str:
    """Return the table."""
    ended = unknown = 50 if session.quick else session.rows // 1000
    rows = []
    for version in session.versions:
        # All calls are over at once, so that nothing has to be waited for but the limits.
        with _bolna(session, lines=100_000, speed=1e6, latency=0.05) as url:
            took = _ended(session, version, ended, url)
            rows.append(("track", version.name, f"{ended:,}", _clock(took), *_requests(took, url), _left(took, "open")))
            of_many = took.clock * _TRACKED / ended / 60
            rows.append(("- the same of", version.name, f"{_TRACKED:,}", f"{of_many:.1f} min", *[""] * 5))
        with _bolna(session, lines=100_000, speed=1e6, latency=_LATENCY) as url:
            took = _unknown(session, version, unknown, url)
            rows.append(
                ("reconcile", version.name, f"{unknown:,}", _clock(took), *_requests(took, url), _left(took, "left"))
            )
    after = f"answers after {_LATENCY * 1000:.0f} ms"
    title = f"Calls that have ended, and unknown ones ({after}), starts included; one round"
    return table(title, _HEADER, rows)


def _ended(session: Session, version: Version, calls: int, url: str) -> Spent:
    campaign = session.campaign(version, "ended", calls)
    spend(version.task("place", campaign), url=url, folder=session.folder)
    return spend(version.command("track", campaign, "-o", "json"), url=url, folder=session.folder)


def _unknown(session: Session, version: Version, calls: int, url: str) -> Spent:
    campaign = session.campaign(version, "unknown", calls)
    spend(version.task("lose", campaign), url=url, folder=session.folder)
    return spend(version.command("reconcile", campaign, "-o", "json"), url=url, folder=session.folder)


def _clock(took: Spent) -> str:
    return f"{took.clock:.1f} s"


def _left(took: Spent, name: str) -> str:
    return f"{json.loads(took.output)[name]:,}"


def _requests(took: Spent, url: str) -> tuple[str, ...]:
    """Return the CPU, and how often each kind of request was made."""
    counters = _book(url)["counters"]
    requests = counters["requests"]
    return (
        f"{took.cpu:.1f} s",
        *(f"{requests.get(kind, 0):,}" for kind in (_LISTED, _READ)),
        f"{counters['throttled']:,}",
    )


def _book(url: str) -> Any:  # noqa: ANN401 - JSON
    with build_opener(ProxyHandler({})).open(f"{url}/_sandbox/book?limit=0", timeout=_PATIENCE) as reply:
        return json.load(reply)


@contextlib.contextmanager
def _bolna(session: Session, **settings: object) -> Iterator[str]:
    """Run the product's stand-in for the vendor, with the vendor's limits but for `POST /call`; yield its address."""
    given = json.dumps({"call_rate": None} | settings)
    command = [str(session.now.python), "-m", "dialer.provider.bolna.sandbox", "--port", "0", "--settings", given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=session.folder) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.kill()
