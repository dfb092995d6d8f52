"""What one request leaves on and its answer comes by: an open connection as httpcore wants it."""

from __future__ import annotations

from ssl import SSLError
from typing import TYPE_CHECKING, Any

import anyio
import httpcore
from anyio.streams.tls import TLSStream

from dialer.provider.bolna.client import tcp

if TYPE_CHECKING:
    import socket
    import ssl

    from anyio.abc import ByteStream

_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError)


class Stream(httpcore.AsyncNetworkStream):
    """A connection on which the head of a request waits for the body: both leave at once, in one write.

    So nothing at all has left when it is asked whether the body may leave, and a call takes one write instead of two.
    It keeps no time: connecting and exchanging have one limit each, around all that they do.

    Args:
        stream: the connection.
        raw: the socket under it.
    """

    def __init__(self, stream: ByteStream, raw: socket.socket) -> None:
        self._stream = stream
        self._raw = raw
        self._head: bytes | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - httpcore's
        """Keep the head; write it together with the next chunk, which is empty if there is no body."""
        if self._head is None:
            self._head = buffer
            return
        content, self._head = self._head + buffer, b""
        if not content:
            return
        try:
            await self._stream.send(content)
        except _GONE as error:
            raise httpcore.WriteError(str(error)) from error

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - as above
        """Return what has come; nothing at the end."""
        try:
            return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except _GONE as error:
            raise httpcore.ReadError(str(error)) from error

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection encrypted."""
        try:
            stream = await TLSStream.wrap(
                self._stream,
                hostname=server_hostname,
                ssl_context=ssl_context,
                standard_compatible=False,
                server_side=False,
            )
        except (anyio.BrokenResourceError, anyio.EndOfStream, SSLError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return Stream(stream, self._raw)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's
        """Return the socket; nothing else is available."""
        return self._raw if info == "socket" else None


async def connected(host: str, port: int) -> httpcore.AsyncNetworkStream:
    """Return a connection.

    Raises:
        httpcore.ConnectError: there is none.
    """
    try:
        stream = await tcp.connected(host, port)
    except OSError as error:
        raise httpcore.ConnectError(error.strerror or str(error)) from error
    return Stream(stream, stream.raw)
