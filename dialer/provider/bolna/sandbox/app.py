"""The sandbox as an ASGI application: routes, and what comes before an endpoint's answer."""

from __future__ import annotations

import asyncio
import math
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route, Router

from dialer.provider.bolna.sandbox import endpoints
from dialer.provider.bolna.sandbox.endpoints import ReceivedRequest
from dialer.provider.bolna.sandbox.faults import problem, reply
from dialer.provider.bolna.sandbox.order import RefusedError
from dialer.provider.bolna.sandbox.traffic import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dialer.provider.bolna.sandbox.sandbox import Sandbox
    from dialer.provider.bolna.sandbox.settings import Settings

    Answer = Callable[[Sandbox, ReceivedRequest], Response]

PLACE = "POST /call"


def build(sandbox: Sandbox) -> Router:
    """Return the application; it expects the connection and its transport in `scope["state"]`."""
    settings = sandbox.settings
    calls = Window(settings.call_rate, settings.rate_window)
    agent = Window(settings.agent_rate, settings.rate_window)
    listing = Window(settings.agent_rate, settings.rate_window)
    others = Window(settings.other_rate, settings.rate_window)
    table: list[tuple[str, str, Answer, Window | None]] = [
        ("POST", "/call", endpoints.place_call, calls),
        ("POST", "/call/{execution_id}/stop", endpoints.stop_call, others),
        ("GET", "/executions/{execution_id}", endpoints.show_execution, others),
        ("GET", "/v2/agent/{agent_id}/executions", endpoints.list_executions, listing),
        ("GET", "/v2/agent/all", endpoints.list_agents, others),
        ("GET", "/v2/agent/{agent_id}", endpoints.show_agent, agent),
        ("GET", "/user/me", endpoints.show_user, others),
        ("GET", "/phone-numbers/all", endpoints.list_numbers, others),
        ("GET", "/_sandbox/book", endpoints.show_book, None),
        ("POST", "/_sandbox/faults", endpoints.force_faults, None),
    ]
    routes = [
        Route(path, _endpoint(sandbox, f"{method} {path}", answer, window), methods=[method])
        for method, path, answer, window in table
    ]
    return Router(routes, default=reply(404, {"detail": "Not Found"}))


def _endpoint(sandbox: Sandbox, name: str, answer: Answer, window: Window | None) -> ASGIApp:
    return Own(sandbox, answer) if window is None else Documented(sandbox, name, answer, window)


class Own:
    """An endpoint of the sandbox's own: not counted, needs no key, never fails on purpose."""

    def __init__(self, sandbox: Sandbox, answer: Answer) -> None:
        self._sandbox = sandbox
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = await _read(self._sandbox, scope, receive)
        await self._carried_out(request)(scope, receive, send)

    def _carried_out(self, request: ReceivedRequest) -> Response:
        try:
            return self._answer(self._sandbox, request)
        except RefusedError as refused:
            return problem(refused.status, refused.message)


class Documented(Own):
    """An endpoint of Bolna's: counted; key, rate and faults come before its answer."""

    def __init__(self, sandbox: Sandbox, name: str, answer: Answer, window: Window) -> None:
        super().__init__(sandbox, answer)
        self._name = name
        self._window = window
        self._strikes = sandbox.call_strikes if name == PLACE else sandbox.other_strikes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it fail."""
        with self._sandbox.traffic.flight(self._name):
            request = await _read(self._sandbox, scope, receive)
            await self._half_the_latency()
            answer = self._decide(request)
            await self._half_the_latency()
            await answer(scope, receive, self._dated(send))

    async def _half_the_latency(self) -> None:
        if self._sandbox.settings.latency:
            await asyncio.sleep(self._sandbox.settings.latency / 2)

    def _decide(self, request: ReceivedRequest) -> ASGIApp:
        settings = self._sandbox.settings
        wait = 0.0
        refused = _refused_key(request.key, settings)
        if refused is None:
            wait = self._window.wait(request.received_at)
        if wait:
            return problem(429, "Too many requests", self._retry_after(wait, settings.retry_after))
        return refused or self._carried_out_or_failed(request)

    def _carried_out_or_failed(self, request: ReceivedRequest) -> ASGIApp:
        settings = self._sandbox.settings
        fault = self._strikes.next(
            request.number() if settings.number_faults else None,
            who=request.attempt() if settings.faults_by_recipient and self._name == PLACE else None,
        )
        if fault is None:
            return self._carried_out(request)
        if fault.acts:
            self._carried_out(request)
        wait, form = settings.retry_after_seconds, settings.retry_after
        return fault.answer(
            self._retry_after(wait, form), self._retry_after(wait, "seconds" if form == "absent" else form)
        )

    def _retry_after(self, seconds: float, form: str) -> dict[str, str]:
        whole = math.ceil(seconds)
        if form == "date":
            return {"retry-after": formatdate(self._sandbox.clock.now().timestamp() + whole, usegmt=True)}
        return {"retry-after": str(whole)} if form == "seconds" else {}

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._sandbox.traffic.answers[message["status"]] += 1
                date = formatdate(self._sandbox.clock.now().timestamp(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        return dated


async def _read(sandbox: Sandbox, scope: Scope, receive: Receive) -> ReceivedRequest:
    received_at = sandbox.clock.elapsed()
    request = Request(scope, receive)
    return ReceivedRequest(request, await request.body(), received_at)


def _refused_key(header: str, settings: Settings) -> Response | None:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return problem(401, "Access denied")
    if key == settings.api_key or (settings.api_key is None and key.startswith(("bn-", "sa-"))):
        return None
    if settings.refused_key_status == 401:  # noqa: PLR2004 - a status code
        return problem(401, "Access denied")
    return reply(403, {"detail": "Unrecognized access token"})
