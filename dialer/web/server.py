"""Runs the page: uvicorn on a loopback socket, with its own loop around it, as the sandbox does."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from dialer.errors import UsageError
from dialer.messages.operations import serve as say
from dialer.rate import Rate
from dialer.web.app import build
from dialer.web.guard import Guard
from dialer.web.pace import Pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp

    from dialer.web.site import Site

_BACKLOG = 1024
_TURNS = 4
"""Turns of the event loop in which a connection that was accepted gets its transport."""
_MOST_CONNECTIONS = 500
"""Connections at once; one more is closed at once."""
_HEAD_WITHIN = 10.0
"""Seconds in which the head of a request has to have come; the first one's count from the connection on."""
_KEEP_ALIVE = 30
_HEAD = 1 << 15
"""Bytes of a request's head at most."""
_REQUESTS = Rate(100, 1.0)


class _Wire(H11Protocol):
    """uvicorn's connection: there are not too many of them, and each has to ask for something."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
            return
        self._due = self.loop.call_later(_HEAD_WITHIN, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._let_be()
        elif self._due is None:
            # It waits no longer between two requests, which uvicorn bounds: the next one has begun.
            self._due = self.loop.call_later(_HEAD_WITHIN, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._let_be()

    def _let_be(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a loopback address.

    Raises:
        UsageError: it is another address, or the port is taken.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise UsageError(say.not_loopback(host)) from None
    if not address.is_loopback:
        raise UsageError(say.not_loopback(host))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - the IP version
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(say.port_taken(port, error.strerror)) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address of a socket, as a browser has it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(site: Site, listener: socket.socket, *, token: str, ready: Callable[[], object]) -> None:
    """Serve the page until Ctrl-C or SIGTERM; commands started from it keep running."""
    port = listener.getsockname()[1]
    hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]", listener.getsockname()[0]))
    guard = Guard(
        build(site),
        hosts=hosts,
        sessions=site.sessions,
        token=token,
        is_upload=lambda path: path.endswith("/next"),
        pace=Pace(_REQUESTS),
        pace_of_others=Pace(_REQUESTS),
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_accept(guard, listener, ready))


async def _accept(guard: ASGIApp, listener: socket.socket, ready: Callable[[], object]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with accepting(guard, listener):
        ready()
        await stop.wait()
        # Open pages are cut off at this moment: this is not reported as a failure.
        logging.getLogger("uvicorn.error").disabled = True


@contextlib.asynccontextmanager
async def accepting(app: ASGIApp, listener: socket.socket) -> AsyncIterator[asyncio.Server]:
    """Answer the requests that come to a socket; in the end, cut all connections."""
    config, state = _config(app), ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Wire(config, state, {}), sock=listener, backlog=_BACKLOG
    )
    try:
        yield server
    finally:
        # asyncio forgets to close what it accepted if the server is closed before the connection has a transport.
        asyncio.get_running_loop().remove_reader(listener)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


def _config(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_Wire,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        # What a stranger sends is no news for the terminal; what fails here is.
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        h11_max_incomplete_event_size=_HEAD,
    )
    config.load()
    return config
