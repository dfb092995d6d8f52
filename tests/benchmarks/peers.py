"""What others would use for the same requests: without ledger, results or progress; each in a process of its own.

Run by the benchmarks: python -m tests.benchmarks.peers NAME URL COUNT
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import anyio
import httpx

from tests.benchmarks.limit import LIMIT, PER
from tests.benchmarks.lists import AGENT, IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_HEADERS = {"Authorization": "Bearer bn-benchmark", "Content-Type": "application/json"}
_PATIENCE = 60.0


def _bodies(count: int) -> list[bytes]:
    return [json.dumps(_call(row), ensure_ascii=False, separators=(",", ":")).encode() for row in range(count)]


def _call(row: int) -> dict[str, object]:
    variables = {
        "customer_name": f"Zoë {row}",
        "appointment": "2026-12-01 10:30",
        "amount": f"{row % 900}.50",
        "dialer_ref": f"{row:020x}-1",
    }
    return {"agent_id": AGENT, "recipient_phone_number": f"+9198{row:08d}", "user_data": variables}


# -- unlimited ---------------------------------------------------------------------------------------------------


async def _each(bodies: list[bytes], send: Callable[[bytes], Awaitable[object]]) -> None:
    """Send all of them, so many in flight."""
    left = iter(bodies)

    async def work() -> None:
        for body in left:
            await send(body)

    async with anyio.create_task_group() as workers:
        for _ in range(IN_FLIGHT):
            workers.start_soon(work)


def _bare_sender(url: str, *, kept: int = 1) -> Callable[[bytes], Awaitable[None]]:
    """Return what sends by a last-in-first-out list of clients, each with one connection that it keeps, or not."""
    free: list[httpx.AsyncClient] = []
    target, tls = httpx.URL(url + "/call"), ssl.create_default_context()
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=kept, keepalive_expiry=1.0)

    async def send(body: bytes) -> None:
        client = free.pop() if free else httpx.AsyncClient(verify=tls, limits=limits, timeout=_PATIENCE)
        reply = await client.post(target, content=body, headers=_HEADERS)
        free.append(client)
        _read(reply.status_code, reply.content)

    return send


def _read(status: int, content: bytes) -> None:
    assert status == 429 or json.loads(content)["execution_id"]


async def bare(url: str, bodies: list[bytes]) -> None:
    await _each(bodies, _bare_sender(url))


async def fresh(url: str, bodies: list[bytes]) -> None:
    """As the product does: no answer can belong to another request than the one it was waited for."""
    await _each(bodies, _bare_sender(url, kept=0))


async def shared(url: str, bodies: list[bytes]) -> None:
    # No timeout: waiting for one of its connections outlasts any.
    async def send(body: bytes) -> None:
        reply = await client.post(target, content=body, headers=_HEADERS)
        _read(reply.status_code, reply.content)

    target = httpx.URL(url + "/call")
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(limits=limits, timeout=None) as client, anyio.create_task_group() as tasks:
        for body in bodies:
            tasks.start_soon(send, body)


async def aiohttp(url: str, bodies: list[bytes]) -> None:
    from aiohttp import ClientSession, TCPConnector  # noqa: PLC0415 - only this peer needs it

    async def send(body: bytes) -> None:
        async with session.post(url + "/call", data=body, headers=_HEADERS) as reply:
            _read(reply.status, await reply.read())

    async with ClientSession(connector=TCPConnector(limit=IN_FLIGHT)) as session:
        await _each(bodies, send)


def urllib(url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        _post(url, body)


def _post(url: str, body: bytes) -> None:
    with urlopen(Request(url + "/call", data=body, headers=_HEADERS), timeout=_PATIENCE) as reply:
        _read(reply.status, reply.read())


# -- at the limit ------------------------------------------------------------------------------------------------


def sleep(url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        _post(url, body)
        time.sleep(PER / LIMIT)


async def aiolimiter(url: str, bodies: list[bytes]) -> None:
    from aiolimiter import AsyncLimiter  # noqa: PLC0415 - only this peer needs it

    limiter, post = AsyncLimiter(LIMIT, PER), _bare_sender(url)

    async def send(body: bytes) -> None:
        async with limiter:
            await post(body)

    await _each(bodies, send)


async def aiometer(url: str, bodies: list[bytes]) -> None:
    from aiometer import run_on_each  # noqa: PLC0415 - only this peer needs it

    await run_on_each(_bare_sender(url), bodies, max_at_once=IN_FLIGHT, max_per_second=LIMIT / PER)


_ASYNC = {peer.__name__: peer for peer in (bare, fresh, shared, aiohttp, aiolimiter, aiometer)}
_SERIAL = {peer.__name__: peer for peer in (urllib, sleep)}


def main(name: str, url: str, count: int) -> None:
    """Send so many calls; print how many seconds it took."""
    bodies = _bodies(count)
    started = time.perf_counter()
    if name in _SERIAL:
        _SERIAL[name](url, bodies)
    else:
        anyio.run(_ASYNC[name], url, bodies)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
