"""Runs a sandbox on loopback: in a thread of this process, or in the foreground.

uvicorn speaks HTTP; the loop around it is our own, because uvicorn's loop polls, installs signal handlers,
and does not end while a request hangs on purpose.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from dialer.provider.bolna.sandbox.app import build
from dialer.provider.bolna.sandbox.sandbox import Sandbox
from dialer.provider.bolna.sandbox.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BACKLOG = 2048
LONGEST_STOP = 5.0
_TURNS = 4
"""Turns of the event loop in which a connection that was accepted gets its transport."""

Stop = tuple[asyncio.AbstractEventLoop, asyncio.Event]


@contextlib.contextmanager
def running(settings: Settings | None = None, *, port: int = 0) -> Iterator[Sandbox]:
    """Run a sandbox in a daemon thread of this process for as long as the block lasts.

    Args:
        settings: how it behaves; the defaults by default.
        port: on 127.0.0.1; 0 for a free one.

    Yields:
        The sandbox, with `base_url` and `book`; it takes connections.

    Raises:
        OSError: the port is taken.
    """
    sandbox = Sandbox(settings or Settings())
    listener = _listen(sandbox, "127.0.0.1", port)
    ready: Future[Stop] = Future()
    thread = threading.Thread(target=_run, args=(sandbox, listener, ready), name="sandbox", daemon=True)
    thread.start()
    loop, stop = ready.result()
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(LONGEST_STOP)


def serve(
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run a sandbox in the foreground until Ctrl-C.

    Args:
        settings: how it behaves; the defaults by default.
        host: a loopback address.
        port: 0 for a free one.
        on_ready: called once with the base URL, when it takes connections.

    Raises:
        ValueError: the host is not loopback: there is no encryption and no real key here.
        OSError: the port is taken.
    """
    sandbox = Sandbox(settings or Settings())
    listener = _listen(sandbox, host, port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_accept(sandbox, listener, lambda _: on_ready(sandbox.base_url) if on_ready else None))


class _Wire(H11Protocol):
    """uvicorn's connection, which tells the application its number and its transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        connection = self.app_state["traffic"].connect()
        self.app_state = {"connection": connection, "transport": transport}


def _listen(sandbox: Sandbox, host: str, port: int) -> socket.socket:
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise ValueError(f"the sandbox listens on loopback only, not on {host}")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - the IP version
    # asyncio turns Nagle's algorithm off only where the protocol is named: without it a request waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    name = f"[{address}]" if family == socket.AF_INET6 else str(address)
    sandbox.base_url = f"http://{name}:{listener.getsockname()[1]}"
    return listener


def _run(sandbox: Sandbox, listener: socket.socket, ready: Future[Stop]) -> None:
    try:
        asyncio.run(_accept(sandbox, listener, ready.set_result))
    except BaseException as error:
        if ready.done():
            raise
        ready.set_exception(error)


async def _accept(sandbox: Sandbox, listener: socket.socket, started: Callable[[Stop], None]) -> None:
    config, state = _config(sandbox), ServerState()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(
        lambda: _Wire(config, state, {"traffic": sandbox.traffic}), sock=listener, backlog=BACKLOG
    )
    started((loop, stop))
    try:
        await stop.wait()
    finally:
        # asyncio forgets to close what it accepted if the server is closed before the connection has a transport.
        loop.remove_reader(listener)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def _config(sandbox: Sandbox) -> uvicorn.Config:
    """Return a configuration without logging: a sandbox prints nothing by itself."""
    config = uvicorn.Config(
        build(sandbox),
        http=_Wire,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=sandbox.settings.keep_alive,
    )
    config.load()
    return config
