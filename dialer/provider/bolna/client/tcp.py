"""A TCP connection on a bare socket.

Each request has a connection of its own, and what the event loop puts around one (a transport, a protocol, their turns)
costs more than all that a request does on it.
"""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Address = tuple[socket.AddressFamily, tuple[Any, ...]]

_HEAD_START = 0.25
"""Seconds until the next address of a name is tried beside those that have not answered (RFC 8305)."""


class TcpStream(ByteStream):
    """A connection that one task uses.

    Args:
        raw: a connected socket that does not block.
    """

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return what has come, as soon as something has.

        Raises:
            EndOfStream: the other side has ended it.
            BrokenResourceError: it broke.
        """
        while True:
            await anyio.wait_readable(self.raw)
            try:
                received = self.raw.recv(max_bytes)
            except BlockingIOError:
                continue
            except OSError as error:
                raise anyio.BrokenResourceError(str(error)) from error
            if received:
                return received
            raise anyio.EndOfStream

    async def send(self, item: bytes) -> None:
        """Hand all of it to the system.

        Raises:
            BrokenResourceError: the connection broke.
        """
        left = memoryview(item)
        while left:
            try:
                left = left[self.raw.send(left) :]
            except BlockingIOError:
                await anyio.wait_writable(self.raw)
            except OSError as error:
                raise anyio.BrokenResourceError(str(error)) from error

    async def send_eof(self) -> None:
        """Say that nothing more comes."""
        self.raw.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """Close it."""
        self.raw.close()


async def connected(host: str, port: int) -> TcpStream:
    """Return a connection to a server; of several addresses of a name, to the first that answers.

    Raises:
        OSError: there is none.
    """
    addresses = _numeric(host, port) or _by_turns(await _looked_up(host, port))
    return TcpStream(await (_opened(*addresses[0]) if len(addresses) == 1 else _first(addresses)))


@lru_cache(maxsize=8)
def _numeric(host: str, port: int) -> Sequence[_Address]:
    """Return the address of a host that is one; nothing for a name."""
    try:
        found = socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return ()
    return [(family, address) for family, *_, address in found[:1]]


async def _looked_up(host: str, port: int) -> Sequence[_Address]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, *_, address in found]


def _by_turns(addresses: Sequence[_Address]) -> Sequence[_Address]:
    """Return addresses in their order, but of both families by turns: one of them may lead nowhere."""
    first = [one for one in addresses if one[0] == addresses[0][0]]
    others = [one for one in addresses if one[0] != addresses[0][0]]
    return list(filter(None, chain.from_iterable(zip_longest(first, others))))


async def _first(addresses: Sequence[_Address]) -> socket.socket:
    """Return a connection to the first address that answers."""
    found: list[socket.socket] = []
    errors: list[OSError] = []

    async def attempt(address: _Address, ended: anyio.Event) -> None:
        try:
            found.append(await _opened(*address))
            tasks.cancel_scope.cancel()
        except OSError as error:
            errors.append(error)
        ended.set()

    try:
        async with anyio.create_task_group() as tasks:
            for address in addresses:
                ended = anyio.Event()
                tasks.start_soon(attempt, address, ended)
                with anyio.move_on_after(_HEAD_START):
                    await ended.wait()
    except BaseException:
        _close(found)
        raise
    if not found:
        raise errors[0]
    # Two may have answered in the same moment.
    _close(found[1:])
    return found[0]


def _close(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


async def _opened(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            raw.connect(address)
        except BlockingIOError:
            await anyio.wait_writable(raw)
            if failed := raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(failed, os.strerror(failed)) from None
    except BaseException:
        raw.close()
        raise
    return raw
