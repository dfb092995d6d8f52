"""A connection of its own for each request: opened before the request is there, used once, then closed."""

from __future__ import annotations

import select
from base64 import b64encode
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from ssl import SSLError
from typing import TYPE_CHECKING

import anyio
import httpcore
import httpx

from dialer.messages.provider import no_connection_to_proxy
from dialer.provider.bolna.client.setup import of_plain, of_proxy, of_tls, speaks_tls
from dialer.provider.bolna.client.stream import connected

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

_SUCCESS = range(200, 300)
_ENDED = select.POLLERR | select.POLLHUP | getattr(select, "POLLRDHUP", 0)
"""What the kernel says of a connection that the other side has ended; only Linux tells it before all is read."""
FOREIGN = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in httpcore.__all__
    if isinstance(getattr(httpcore, name), type) and issubclass(getattr(httpcore, name), Exception)
    if hasattr(httpx, name)
}
"""httpcore's exceptions and httpx's, which have the same names and meanings."""


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(FOREIGN) as error:
        raise FOREIGN[type(error)](str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a server is reached.

    Attributes:
        address: the server's URL.
        tls: for https://.
        proxy: through which; None: directly.
        timeout: seconds that connecting may take, all of it.
    """

    address: httpx.URL
    tls: ssl.SSLContext | None
    proxy: httpx.Proxy | None
    timeout: float

    async def connect(self) -> Connection:
        """Return an open connection.

        Raises:
            SetupError: a person has to change something first.
            httpx.TransportError: it could not be opened.
        """
        with _as_httpx(), anyio.CancelScope(deadline=anyio.current_time() + self.timeout):
            return Connection(await self._open(), address=self.address, is_tls=self.tls is not None)
        raise httpx.ConnectTimeout(f"not within {self.timeout:g} s")

    async def _open(self) -> httpcore.AsyncNetworkStream:
        if self.proxy is None:
            stream = await connected(self.address.host, _port(self.address))
        else:
            stream = await self._through(self.proxy)
        return stream if self.tls is None else await _secured(stream, self.tls, self.address.host)

    async def _through(self, proxy: httpx.Proxy) -> httpcore.AsyncNetworkStream:
        """Return a tunnel through a proxy."""
        place = f"{proxy.url.host}:{_port(proxy.url)}"
        try:
            stream = await connected(proxy.url.host, _port(proxy.url))
        except httpcore.ConnectError as error:
            raise httpx.ProxyError(no_connection_to_proxy(place, why=str(error))) from error
        if proxy.url.scheme == "https":
            assert self.tls is not None
            stream = await _secured(stream, self.tls, proxy.url.host, is_proxy=True)
        async with _closed_on_failure(stream):
            return await self._tunnel(stream, proxy, place)

    async def _tunnel(
        self, stream: httpcore.AsyncNetworkStream, proxy: httpx.Proxy, place: str
    ) -> httpcore.AsyncNetworkStream:
        target = f"{self.address.raw_host.decode('ascii')}:{_port(self.address)}".encode()
        origin = _origin(proxy.url)
        headers = [(b"Host", target), (b"Accept", b"*/*")]
        if proxy.raw_auth is not None:
            headers.append((b"Proxy-Authorization", b"Basic " + b64encode(b":".join(proxy.raw_auth))))
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target)
        request = httpcore.Request(b"CONNECT", url, headers=headers)
        response = await httpcore.AsyncHTTP11Connection(origin=origin, stream=stream).handle_async_request(request)
        if response.status not in _SUCCESS:
            raise of_proxy(response.status, place=place, target=target.decode("ascii"))
        tunnel: httpcore.AsyncNetworkStream = response.extensions["network_stream"]
        return tunnel


class Connection(httpx.AsyncBaseTransport):
    """An open connection to a server, for one request.

    Args:
        stream: the connection.
        address: the server's URL.
        is_tls: whether what is on the wire is encrypted.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream, *, address: httpx.URL, is_tls: bool) -> None:
        self._stream = stream
        self._origin = _origin(address)
        self._http = httpcore.AsyncHTTP11Connection(origin=self._origin, stream=stream)
        # httpcore's own lock is for several tasks, but there is only one; it would cost a turn of the event loop.
        self._http._state_lock = _NoLock()  # type: ignore[assignment] # noqa: SLF001 - it takes no other way
        self._is_tls = is_tls

    def is_untouched(self) -> bool:
        """Tell whether the other side has neither ended the connection nor said anything, as far as can be seen."""
        poll = select.poll()
        poll.register(self._stream.get_extra_info("socket").fileno(), select.POLLIN | _ENDED)
        seen = poll.poll(0)
        # Over TLS something comes by itself: tickets to resume the session.
        return not any(events & _ENDED if self._is_tls else events for _, events in seen)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return the answer, whose body is still to be read."""
        url = httpcore.URL(
            scheme=self._origin.scheme, host=self._origin.host, port=self._origin.port, target=request.url.raw_path
        )
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sent = httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
        try:
            with _as_httpx():
                answer = await self._http.handle_async_request(sent)
        except httpx.RemoteProtocolError as error:
            if not self._is_tls and speaks_tls(str(error)):
                raise of_plain() from error
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_AnswerBody(answer))

    async def aclose(self) -> None:
        """Close it in any state."""
        await self._stream.aclose()


class _NoLock(AbstractAsyncContextManager[None]):
    async def __aexit__(self, *_: object) -> None:
        """Leave it."""


class _AnswerBody(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _as_httpx():
            await self._answer.aclose()


async def _secured(
    stream: httpcore.AsyncNetworkStream, tls: ssl.SSLContext, host: str, *, is_proxy: bool = False
) -> httpcore.AsyncNetworkStream:
    async with _closed_on_failure(stream):
        try:
            return await stream.start_tls(tls, server_hostname=host)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, SSLError):
                raise of_tls(error.__cause__, host=host, is_proxy=is_proxy) from error
            raise


@asynccontextmanager
async def _closed_on_failure(stream: httpcore.AsyncNetworkStream) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await closed(stream)
        raise


async def closed(connection: httpx.AsyncBaseTransport | httpcore.AsyncNetworkStream) -> None:
    """Close a connection, which waits for nothing; how that goes must not hide what happened on it."""
    with suppress(Exception):
        await connection.aclose()


def _port(url: httpx.URL) -> int:
    return url.port or {"https": 443, "http": 80}[url.scheme]


def _origin(url: httpx.URL) -> httpcore.Origin:
    return httpcore.Origin(scheme=url.raw_scheme, host=url.raw_host, port=_port(url))
