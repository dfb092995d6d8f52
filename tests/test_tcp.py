"""Connecting to a server: which of its addresses answers first, and what is left open."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer.provider.bolna.client import tcp

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "bolna.test"


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of a server that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def named(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Have a name stand for some addresses of this machine."""

    async def looked_up(host: str, _port: int, **_: object) -> list[Any]:
        assert host == NAME
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", one)) for one in ports]

    monkeypatch.setattr(anyio, "getaddrinfo", looked_up)


def reached(backend: str, host: str, port: int) -> int:
    """Connect; return the port that was reached."""

    async def main() -> int:
        stream = await tcp.connected(host, port)
        with contextlib.closing(stream.raw):
            return int(stream.raw.getpeername()[1])

    return anyio.run(main, backend=backend)


def test_an_address_is_connected_to_without_a_look_up(monkeypatch: pytest.MonkeyPatch, backend: str, port: int) -> None:
    named(monkeypatch)
    assert reached(backend, "127.0.0.1", port) == port


def test_an_address_that_refuses_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch, backend: str, port: int, closed_port: int
) -> None:
    named(monkeypatch, closed_port, port)
    assert reached(backend, NAME, 443) == port


def test_an_address_that_does_not_answer_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, backend: str, port: int, closed_port: int
) -> None:
    """A name has an address of IPv6 that leads nowhere from here: that costs a quarter of a second."""
    opened = tcp._opened

    async def silent(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
        if address[1] == closed_port:
            await anyio.sleep_forever()
        return await opened(family, address)

    monkeypatch.setattr(tcp, "_opened", silent)
    named(monkeypatch, closed_port, port)
    assert reached(backend, NAME, 443) == port


@pytest.mark.parametrize("count", [1, 2])
def test_that_nobody_answers_is_said_in_the_systems_words(
    monkeypatch: pytest.MonkeyPatch, backend: str, closed_port: int, count: int
) -> None:
    named(monkeypatch, *[closed_port] * count)
    with pytest.raises(ConnectionRefusedError, match="refused"):
        reached(backend, NAME, 443)


def test_of_two_addresses_that_answer_at_once_one_is_closed_again(
    monkeypatch: pytest.MonkeyPatch, backend: str, port: int
) -> None:
    made: list[socket.socket] = []
    opened, both, there = tcp._opened, 2, anyio.Event()

    async def together(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
        mine = await opened(family, address)
        made.append(mine)
        if len(made) == both:
            there.set()
        with anyio.CancelScope(shield=True):
            await there.wait()
        return mine

    monkeypatch.setattr(tcp, "_opened", together)
    named(monkeypatch, port, port)
    reached(backend, NAME, 443)
    assert [one.fileno() for one in made] == [-1, -1]


def test_a_stream_gives_all_that_was_sent_and_says_where_it_ends(backend: str) -> None:
    """More than the system takes at once, in both directions."""
    content = bytes(range(256)) * 20_000
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    received = bytearray()

    async def main() -> None:
        stream, other = tcp.TcpStream(ours), tcp.TcpStream(theirs)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, other)
            with contextlib.suppress(anyio.EndOfStream):
                while True:
                    received.extend(await stream.receive())
        await stream.aclose()
        await other.aclose()

    async def send(stream: tcp.TcpStream) -> None:
        await stream.send(content)
        await stream.send_eof()

    anyio.run(main, backend=backend)
    assert bytes(received) == content
