"""A server on loopback that does to a connection whatever a test says, and certificates for it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.harness import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Request(NamedTuple):
    """A request as it came."""

    method: str
    target: str
    head: str
    body: bytes


async def request_from(reader: asyncio.StreamReader) -> Request:
    """Return the next request on a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lengths = [line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
    body = await reader.readexactly(int(lengths[0])) if lengths else b""
    method, target, _ = head.split(" ", 2)
    return Request(method, target, head, body)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer as bytes."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection by an RST."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def finish(writer: asyncio.StreamWriter) -> None:
    """Close a connection by a FIN at once, over TLS as well."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as end:
        end.shutdown(socket.SHUT_WR)


async def ended(writer: asyncio.StreamWriter) -> None:
    """Return when a connection is gone, over TLS as well, where closing alone waits for the other side."""
    writer.transport.abort()
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), PATIENCE)


@contextmanager
def serving(talk: Talk, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve each connection by `talk`, in a thread; yield the port."""
    ready, ports, stop = threading.Event(), list[int](), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks[task] = writer
        with suppress(OSError, EOFError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        server = await asyncio.start_server(guarded, "127.0.0.1", 0, ssl=tls, backlog=1000)
        ports.append(server.sockets[0].getsockname()[1])
        loops.append(loop)
        ready.set()
        await stop.wait()
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for writer in talks.values():
            await ended(writer)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


def certificate(folder: Path, *, name: str, days: int = 2, ip: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Make a certificate that signs itself; return its file and a server's context."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, file = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(file), "-days", str(days), "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName=DNS:{name},IP:{ip}"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return file, context
