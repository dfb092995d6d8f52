"""What no command does by itself, done by whichever version's interpreter runs this file: it imports nothing of ours.

Run by the benchmarks: PYTHON -P inside.py TASK ARGUMENTS; the before version is asked the same, so only what both have
is asked for.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, Request, build_opener

import anyio

from dialer import load_campaign
from dialer.config.credentials import address
from dialer.engine.control import Control
from dialer.models import Answer, Effect, Outcome
from dialer.operations.intake import load
from dialer.operations.opening import opened
from dialer.provider.records import Execution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dialer.models import Attempt, Recipient, Render
    from dialer.operations.intake import Loaded
    from dialer.store import AsyncStore, Store

_PAGE = 1000
_AT_ONCE = 50
_CHUNK = 10_000
"""Rows of which one digest is made: where two versions differ, it is seen where."""
_AGO = 2 * 86_400.0
"""Seconds since the calls of an earlier run: nobody is called again for a day, and nothing of them is waited for."""


@contextlib.asynccontextmanager
async def _loaded(file: Path) -> AsyncIterator[tuple[AsyncStore, Loaded]]:
    campaign, control = load_campaign(file), Control()
    async with opened(campaign, command="run", base_url=address(), control=control) as ledger:
        yield ledger, await load(campaign, ledger, control)


async def loading(file: Path) -> None:
    """Judge the list into the ledger, and read the first page."""
    async with _loaded(file) as (ledger, _):
        assert await ledger.page(after=0, size=500)


async def called(file: Path, count: int) -> None:
    """Have the first so many called and done with, as an earlier run and `track` would leave them."""
    async with _loaded(file) as (ledger, loaded):
        await ledger.call(lambda store: _call(store, loaded.payload.body, count))


def _call(store: Store, render: Render, count: int) -> None:
    done = 0
    for page in _pages(store):
        attempts = store.intend(page[: count - done], render, now=time.time() - _AGO)
        answers = [_accepted(f"{attempt.id:032x}") for attempt in attempts]
        store.settle(list(zip(attempts, answers, strict=True)), now=time.time() - _AGO + 1.0)
        store.note_calls([(attempt.id, _over(f"{attempt.id:032x}")) for attempt in attempts])
        done += len(attempts)
        if done >= count:
            return


def _pages(store: Store) -> Iterator[list[Recipient]]:
    after = 0
    while page := store.page(after=after, size=_PAGE):
        after = page[-1].position
        yield page


def _accepted(execution_id: str) -> Answer:
    return Answer(Outcome.QUEUED, Effect.GO_ON, execution_id=execution_id, http_status=200, skew=0.0)


def _over(execution_id: str) -> Execution:
    at = datetime.fromtimestamp(time.time() - _AGO + 60.0, UTC)
    return Execution(
        id=execution_id,
        status="completed",
        reference=None,
        recipient_number=None,
        created_at=at,
        updated_at=at,
        duration=31.0,
        cost=4.2,
        hangup_by="Caller",
        hangup_reason="Normal Hangup",
        error_message="",
        termination_reason="",
        recording_url="",
        extracted=None,
        transcript="",
        scheduled_at=None,
        retry_count=0,
        retries=None,
    )


async def placed(file: Path, *, answers: bool) -> None:
    """Have everybody called; without `answers` end as a killed run does, before any of them is noted."""
    async with _loaded(file) as (ledger, loaded):
        attempts = await ledger.call(lambda store: _intend(store, loaded.payload.body))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            found = list(threads.map(_post, attempts))
        if not answers:
            os._exit(0)
        await ledger.call(lambda store: store.settle(list(zip(attempts, map(_accepted, found), strict=True))))


def _intend(store: Store, render: Render) -> list[Attempt]:
    return [attempt for page in list(_pages(store)) for attempt in store.intend(page, render)]


def _post(attempt: Attempt) -> str:
    headers = {"Authorization": "Bearer bn-benchmark", "Content-Type": "application/json"}
    request = Request(address() + "/call", data=attempt.body.text.encode(), headers=headers)
    with build_opener(ProxyHandler({})).open(request, timeout=60.0) as reply:
        return str(json.load(reply)["execution_id"])


async def bodies(file: Path) -> None:
    """Print a digest for each chunk of the bodies that would leave, and of what stands in the results."""
    async with _loaded(file) as (ledger, loaded):
        await ledger.call(lambda store: _print_digests(_rendered(store, loaded.payload.body)))
        await ledger.call(lambda store: _print_digests(_judged(store)))


def _rendered(store: Store, render: Render) -> Iterator[str]:
    for page in _pages(store):
        yield from (f"{one.position} {render(one, 'reference').text}" for one in page)


def _judged(store: Store) -> Iterator[str]:
    for row in store.results():
        yield repr((row.position, row.key, row.number, str(row.status), row.error, sorted(row.cells.items())))


def _print_digests(texts: Iterator[str]) -> None:
    while True:
        digest, count = blake2b(digest_size=16), 0
        for count, text in enumerate(texts, 1):
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
            if count == _CHUNK:
                break
        if not count:
            break
        print(count, digest.hexdigest())
    print()


def main(task: str, file: str, *words: str) -> None:
    """Do one of the tasks with a campaign."""
    tasks = {
        "load": functools.partial(loading, Path(file)),
        "call": functools.partial(called, Path(file), int(words[0]) if words else 0),
        "place": functools.partial(placed, Path(file), answers=True),
        "lose": functools.partial(placed, Path(file), answers=False),
        "bodies": functools.partial(bodies, Path(file)),
    }
    anyio.run(tasks[task])


if __name__ == "__main__":
    main(*sys.argv[1:])
