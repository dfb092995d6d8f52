"""A stand-in for Bolna much faster than any client: fixed answers, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_PATIENCE = 10.0
_LOOK_EVERY = 0.02


@dataclass
class _State:
    """What the server was told, and what it has seen since.

    Attributes:
        latency: seconds between a request and its answer.
        limit: so many calls are accepted in any `per` seconds; 0: no limit.
        per: seconds of the limit's window.
        cut: of every so many calls the line of one is cut once it is placed, before the answer; 0: of none.
        serial: how many calls it ever accepted: no two have the same id.
        starts: when each accepted call came (monotonic seconds, the same clock in every process).
        refused: how many calls were answered with 429.
        bodies: of the accepted calls, where lines are cut: who was called with what is looked at only there.
        waiting: who wants to know when the first call comes.
    """

    latency: float = 0.0
    limit: float = 0.0
    per: float = 0.0
    cut: float = 0.0
    serial: int = 0
    starts: list[float] = field(default_factory=list)
    refused: int = 0
    bodies: list[str] = field(default_factory=list)
    recent: deque[float] = field(default_factory=deque)
    waiting: list[_Connection] = field(default_factory=list)

    def begin(self, *, latency: float, limit: float, per: float, cut: float) -> None:
        self.latency, self.limit, self.per, self.cut = latency, limit, per, cut
        self.starts, self.refused, self.bodies = [], 0, []
        self.recent.clear()

    def accepts(self, now: float) -> bool:
        if not self.limit:
            return True
        while self.recent and self.recent[0] <= now - self.per:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            return False
        self.recent.append(now)
        return True

    def call(self, body: bytes) -> tuple[int, object] | None:
        """Return the answer; None where the line is cut."""
        now = time.monotonic()
        if not self.accepts(now):
            self.refused += 1
            return 429, {"message": "Too many requests"}
        self.starts.append(now)
        while self.waiting:
            self.waiting.pop().tell(now)
        if self.cut:
            self.bodies.append(body.decode(errors="replace"))
            if len(self.starts) % self.cut == 0:
                return None
        self.serial += 1
        execution_id = f"{self.serial:08x}-0000-4000-8000-000000000000"
        return 200, {"message": "done", "status": "queued", "execution_id": execution_id}

    def other(self, path: str, query: dict[str, list[str]]) -> object:
        if path == "/rules":
            self.begin(**{name: float(values[0]) for name, values in query.items()})
        elif path == "/seen":
            return {"starts": self.starts, "refused": self.refused, "bodies": self.bodies}
        elif path == "/count":
            return len(self.starts)
        elif path.endswith("/executions"):
            return {"data": [], "has_more": False}
        elif path.endswith("/stop"):
            return {"message": "done", "status": "stopped", "execution_id": path.split("/")[-2]}
        return {"name": "benchmark", "wallet": 1000.0, "agent_name": "benchmark"}


@lru_cache(maxsize=2)
def _date(_second: int) -> str:
    return formatdate(usegmt=True)


def _answer(status: int, value: object) -> bytes:
    body = json.dumps(value)
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nDate: {_date(int(time.time()))}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class _Connection(asyncio.Protocol):
    """One connection: whole requests in, answers out, some later."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left += data
        while (end := self._left.find(b"\r\n\r\n") + 4) > 3:
            head = self._left[:end]
            length = _LENGTH.search(head)
            whole = end + (int(length[1]) if length else 0)
            if len(self._left) < whole:
                return
            body, self._left = self._left[end:whole], self._left[whole:]
            self._respond(head, body)

    def tell(self, moment: float) -> None:
        """Answer who waits for the first call."""
        self._write(_answer(200, moment), True)

    def _respond(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        if method == b"POST" and target == b"/call":
            found = self._state.call(body)
            if found is None:
                self._transport.close()
                return
            answer, latency = _answer(*found), self._state.latency
        elif target == b"/first":
            starts = self._state.starts
            self.tell(starts[0]) if starts else self._state.waiting.append(self)
            return
        else:
            parts = urlsplit(target.decode())
            answer, latency = _answer(200, self._state.other(parts.path, parse_qs(parts.query))), 0.0
        last = _CLOSE.search(head) is not None
        if latency:
            asyncio.get_running_loop().call_later(latency, self._write, answer, last)
        else:
            self._write(answer, last)

    def _write(self, answer: bytes, last: bool) -> None:  # noqa: FBT001 - call_later passes no names
        self._transport.write(answer)
        if last:
            self._transport.close()


async def _serve() -> None:
    state = _State()
    # By host and port: only on sockets made this way does asyncio switch Nagle's 40 ms off.
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(state), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server has seen since it was last told its rules.

    Attributes:
        starts: when each accepted call came (monotonic seconds).
        refused: how many were answered with 429.
        bodies: of the accepted calls, where lines are cut.
    """

    starts: Sequence[float]
    refused: int
    bodies: Sequence[str]


class Server:
    """The server's process, as the benchmarks hold it."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.server"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def begin(self, *, latency: float, limit: int = 0, per: float = 1.0, cut: int = 0) -> None:
        """Forget what was seen; answer after `latency` seconds, refuse beyond `limit` calls in `per` seconds.

        `cut`: of every so many calls one is placed and its line cut before the answer.
        """
        self._ask(f"/rules?latency={latency}&limit={limit}&per={per}&cut={cut}")

    def first_call(self, *, within: float) -> float:
        """Return when the first call came (monotonic seconds), as soon as it has.

        Raises:
            TimeoutError: none did within so many seconds.
        """
        return float(self._ask("/first", within=within))

    def until(self, count: int, *, within: float) -> None:
        """Return when so many calls were accepted.

        Raises:
            TimeoutError: they were not within so many seconds.
        """
        deadline = time.monotonic() + within
        while self._ask("/count") < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} calls within {within:.0f} s")
            time.sleep(_LOOK_EVERY)

    def seen(self) -> Seen:
        """Return what was seen."""
        found = self._ask("/seen")
        return Seen(found["starts"], found["refused"], found["bodies"])

    def _ask(self, path: str, *, within: float = _PATIENCE) -> Any:  # noqa: ANN401 - JSON
        opener = build_opener(ProxyHandler({}))
        with opener.open(Request(self.url + path), timeout=within) as reply:
            return json.load(reply)


if __name__ == "__main__":
    asyncio.run(_serve())
