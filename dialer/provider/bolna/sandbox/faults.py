"""What can go wrong with a request, by name, and which request it strikes."""

from __future__ import annotations

import json
import socket
import struct
from collections import Counter, deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

HALF_AN_ANSWER = b'{"message":"done","status":"que'
GZIP = {"content-encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        acts: whether the request is carried out all the same (for `POST /call`: the call is placed).
        answer: makes the answer, from the headers of a 429 and of a 503.
    """

    acts: bool
    answer: Callable[[Mapping[str, str], Mapping[str, str]], ASGIApp]


def reply(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON, in plain ASCII so that any text survives."""
    return Response(json.dumps(content), status, headers, media_type="application/json")


def problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a failure in the documented envelope."""
    return reply(status, {"error": status, "message": message}, headers)


async def _hang_up(scope: Scope, receive: Receive, _send: Send) -> None:
    _transport(scope).close()
    await _gone(receive)


async def _reset(scope: Scope, receive: Receive, _send: Send) -> None:
    """Close with RST: what a kernel also sends when a connection is closed with the request unread."""
    transport = _transport(scope)
    if transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def _half(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"94")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HALF_AN_ANSWER, "more_body": True})
    await _hang_up(scope, receive, send)


async def _silent(_scope: Scope, receive: Receive, _send: Send) -> None:
    await _gone(receive)


def _transport(scope: Scope) -> Transport:
    transport: Transport = scope["state"]["transport"]
    return transport


async def _gone(receive: Receive) -> None:
    """Wait until the connection is down: an application that returned earlier would be answered for with a 500."""
    while (await receive())["type"] != "http.disconnect":
        pass


FAULTS: dict[str, Fault] = {
    "refused": Fault(acts=False, answer=lambda *_: problem(400, "Invalid `recipient_phone_number`")),
    "unauthorized": Fault(acts=False, answer=lambda *_: problem(401, "Access denied")),
    "payment_required": Fault(acts=False, answer=lambda *_: problem(402, "Insufficient balance")),
    "forbidden": Fault(acts=False, answer=lambda *_: reply(403, {"detail": "Unrecognized access token"})),
    "agent_gone": Fault(acts=False, answer=lambda *_: problem(404, "Agent not found")),
    "rate_limited": Fault(acts=False, answer=lambda limited, _: problem(429, "Too many requests", limited)),
    "redirect": Fault(acts=False, answer=lambda *_: Response(status_code=307, headers={"location": "/elsewhere"})),
    "error_before": Fault(acts=False, answer=lambda *_: problem(500, "Internal server error")),
    "error_after": Fault(acts=True, answer=lambda *_: problem(500, "Internal server error")),
    "unavailable_before": Fault(acts=False, answer=lambda _, busy: problem(503, "Service unavailable", busy)),
    "unavailable_after": Fault(acts=True, answer=lambda _, busy: problem(503, "Service unavailable", busy)),
    "closed_before": Fault(acts=False, answer=lambda *_: _reset),
    "closed_after": Fault(acts=True, answer=lambda *_: _hang_up),
    "reset_after": Fault(acts=True, answer=lambda *_: _reset),
    "half_after": Fault(acts=True, answer=lambda *_: _half),
    "silent_before": Fault(acts=False, answer=lambda *_: _silent),
    "silent_after": Fault(acts=True, answer=lambda *_: _silent),
    "garbage": Fault(acts=True, answer=lambda *_: Response("<html>Gateway</html>", media_type="text/html")),
    "broken_gzip": Fault(acts=True, answer=lambda *_: Response(b"\x1f\x8b no gzip at all", headers=GZIP)),
    "no_id": Fault(acts=True, answer=lambda *_: reply(200, {"message": "done", "status": "queued"})),
}
"""Every fault by name; `_before` and `_after` mean before and after the request is carried out."""


def check_names(names: Iterable[str]) -> None:
    """Refuse a fault that does not exist.

    Raises:
        ValueError: with the names there are.
    """
    for name in names:
        if name not in FAULTS:
            raise ValueError(f"no fault is called {name!r}; there are: {', '.join(FAULTS)}")


class Strikes:
    """Chooses the fault of each request: forced ones first, then by number, then by share."""

    def __init__(
        self, seed: int, shares: Mapping[str, float], by_number: Mapping[str, str | tuple[str, ...]] | None = None
    ) -> None:
        self._seed = seed
        self._shares = shares
        self._by_number = by_number or {}
        self._tried: Counter[str] = Counter()
        self._requests = 0
        self._forced: deque[str] = deque()

    def force(self, *names: str) -> None:
        """Let the next requests fail in these ways, one each.

        Raises:
            ValueError: a fault of that name does not exist.
        """
        check_names(names)
        self._forced.extend(names)

    def next(self, number: str | None = None, *, who: str | None = None) -> Fault | None:
        """Return the fault that strikes this request, None for none; counts the request.

        Args:
            number: of the recipient.
            who: decides whether a share of the requests includes this one; None: its number in the order of requests.
        """
        name = self._next_name(number, who)
        return FAULTS[name] if name else None

    def _next_name(self, number: str | None, who: str | None) -> str | None:
        self._requests += 1
        if self._forced:
            return self._forced.popleft()
        if number is not None and number in self._by_number:
            return self._named(number)
        return self._drawn(who or str(self._requests)) if self._shares else None

    def _named(self, number: str) -> str | None:
        names = self._by_number[number]
        if isinstance(names, str):
            return names
        turn = self._tried[number]
        self._tried[number] += 1
        return names[turn] if turn < len(names) else None

    def _drawn(self, what: str) -> str | None:
        roll = Random(f"{self._seed}:{what}").random()  # noqa: S311 - repeatable mishaps, no secret
        for name, share in self._shares.items():
            roll -= share
            if roll < 0:
                return name
        return None
