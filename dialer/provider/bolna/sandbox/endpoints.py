"""What each endpoint answers, once key, rate and faults have let a request through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from dialer.provider.bolna.sandbox.execution import entry, full, row, stamp
from dialer.provider.bolna.sandbox.faults import reply
from dialer.provider.bolna.sandbox.order import POOL, POOL_ELSEWHERE, RefusedError, decode, read
from dialer.provider.bolna.sandbox.plan import STATUSES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dialer.provider.bolna.sandbox.book import Call
    from dialer.provider.bolna.sandbox.sandbox import Sandbox
    from dialer.provider.bolna.sandbox.settings import Settings

LONGEST_RANGE = timedelta(days=7)
PAGE_SIZE, MAX_PAGE_SIZE = 20, 50
BOOK_PAGE = 100_000
ANY_AGENT = str(uuid5(NAMESPACE_URL, "agent"))
COUNTED = "dialer_ref"
"""The variable that ends with the attempt's number, where the caller sends it."""


class ReceivedRequest:
    """A request of which the body has been read."""

    def __init__(self, request: Request, body: bytes, received_at: float) -> None:
        self.path: dict[str, str] = request.path_params
        self.query = request.query_params
        self.key = request.headers.get("authorization", "")
        self.connection: int = request.scope["state"]["connection"]
        self.body = body
        self.received_at = received_at

    def number(self) -> str | None:
        """Return the recipient's number, None where the body has none."""
        number = self._body().get("recipient_phone_number")
        return number if isinstance(number, str) else None

    def attempt(self) -> str:
        """Return the recipient's number and the number of this attempt, as the caller counts its attempts."""
        variables = self._body().get("user_data")
        mark = str(variables.get(COUNTED, "")) if isinstance(variables, dict) else ""
        return f"{self.number()}:{mark.rpartition('-')[2]}"

    def _body(self) -> dict[str, Any]:
        try:
            return decode(self.body)
        except RefusedError:
            return {}


def place_call(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`POST /call`."""
    settings = sandbox.settings
    order = read(request.body, numbers=settings.numbers, now=sandbox.clock.now())
    _known(order.agent_id, settings)
    call = sandbox.book.place(order, received_at=request.received_at, connection=request.connection)
    return reply(200, {"message": "done", "status": "queued", "execution_id": call.execution_id})


def stop_call(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`POST /call/{execution_id}/stop`."""
    call = _found(sandbox, request)
    if not sandbox.book.stop(call):
        raise RefusedError("Call is not queued or scheduled")
    return reply(200, {"message": "done", "status": "stopped", "execution_id": call.execution_id})


def show_execution(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`GET /executions/{execution_id}`."""
    return reply(200, full(_found(sandbox, request), sandbox.book, sandbox.settings))


def list_executions(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`GET /v2/agent/{agent_id}/executions`."""
    page = _whole(request, "page_number", 1)
    size = _whole(request, "page_size", PAGE_SIZE, most=MAX_PAGE_SIZE)
    begin, end = _bound(request, "from"), _bound(request, "to")
    if not timedelta(0) <= end - begin <= LONGEST_RANGE:
        raise RefusedError("`from` and `to` must be in order and at most 7 days apart")
    status = request.query.get("status")
    if status not in (None, *STATUSES):
        raise RefusedError("Invalid `status`")
    calls: list[Call] = []
    total = 0
    if request.query.get("call_type", "outbound") == "outbound":
        agent_id = request.path["agent_id"].lower()
        calls, total = sandbox.book.listed(agent_id, begin, end, status=status, skip=(page - 1) * size, size=size)
    content = {
        "page_number": page,
        "page_size": size,
        "total": total,
        "has_more": page * size < total,
        "data": [row(call, sandbox.book, sandbox.settings) for call in calls],
    }
    return reply(200, content)


def show_agent(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`GET /v2/agent/{agent_id}`."""
    agent_id = request.path["agent_id"].lower()
    _known(agent_id, sandbox.settings)
    return reply(200, _agent(sandbox, agent_id))


def list_agents(sandbox: Sandbox, _request: ReceivedRequest) -> Response:
    """`GET /v2/agent/all`: a bare array; if the settings let every agent exist, it has one of them."""
    agents = (ANY_AGENT,) if sandbox.settings.agents is None else sandbox.settings.agents
    return reply(200, [_agent(sandbox, agent_id) for agent_id in agents])


def _agent(sandbox: Sandbox, agent_id: str) -> dict[str, Any]:
    settings, began = sandbox.settings, stamp(sandbox.clock.moment(0))
    return {
        "id": agent_id,
        "agent_name": settings.agent_name,
        "agent_type": "other",
        "agent_status": "processed",
        "created_at": began,
        "updated_at": began,
        "tasks": [{"task_type": "conversation", "toolchain": {"execution": "parallel", "pipelines": [["llm"]]}}],
        "agent_prompts": {"task_1": {"system_prompt": settings.system_prompt}},
        "agent_welcome_message": settings.welcome_message,
    }


def show_user(sandbox: Sandbox, _request: ReceivedRequest) -> Response:
    """`GET /user/me`."""
    user = {
        "id": str(uuid5(NAMESPACE_URL, "sandbox")),
        "name": "Sandbox",
        "email": "sandbox@example.com",
        "wallet": round(sandbox.book.wallet, 2),
        "concurrency": {"max": sandbox.settings.lines, "current": sandbox.book.busy_lines},
    }
    return reply(200, user)


def list_numbers(sandbox: Sandbox, _request: ReceivedRequest) -> Response:
    """`GET /phone-numbers/all`."""
    numbers = sandbox.settings.numbers
    return reply(200, [_number(sandbox, text) for text in (numbers or (*POOL.values(), POOL_ELSEWHERE))])


def show_book(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`GET /_sandbox/book?offset=0&limit=100000`: every placed call, and the counters."""
    calls = sandbox.book.calls
    offset = int(request.query.get("offset", 0))
    end = offset + int(request.query.get("limit", BOOK_PAGE))
    content = {
        "counters": sandbox.traffic.counters(),
        "began": sandbox.clock.began,
        "elapsed": sandbox.clock.elapsed(),
        "total": len(calls),
        "next": end if end < len(calls) else None,
        "calls": [entry(call, sandbox.book) for call in calls[offset:end]],
    }
    return reply(200, content)


def force_faults(sandbox: Sandbox, request: ReceivedRequest) -> Response:
    """`POST /_sandbox/faults`: `{"next": […]}` for the next calls, `{"next_other": […]}` for other requests."""
    content = decode(request.body)
    try:
        sandbox.call_strikes.force(*content.get("next", ()))
        sandbox.other_strikes.force(*content.get("next_other", ()))
    except ValueError as error:
        raise RefusedError(str(error)) from error
    return reply(200, {"message": "done"})


def _known(agent_id: str, settings: Settings) -> None:
    if settings.agents is not None and agent_id not in map(str.lower, settings.agents):
        raise RefusedError("Agent not found", status=404)


def _found(sandbox: Sandbox, request: ReceivedRequest) -> Call:
    call = sandbox.book.find(request.path["execution_id"])
    if call is None:
        raise RefusedError("Execution not found", status=404)
    return call


def _whole(request: ReceivedRequest, name: str, default: int, *, most: int | None = None) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or int(text) < 1 or (most is not None and int(text) > most):
        raise RefusedError(f"Invalid `{name}`")
    return int(text)


def _bound(request: ReceivedRequest, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(request.query[name])
    except KeyError as error:
        raise RefusedError(f"`{name}` is required") from error
    except ValueError as error:
        raise RefusedError(f"Invalid `{name}`") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _number(sandbox: Sandbox, text: str) -> dict[str, Any]:
    began = stamp(sandbox.clock.moment(0))
    return {
        "id": uuid5(NAMESPACE_URL, text).hex,
        "phone_number": text,
        "agent_id": None,
        "telephony_provider": "plivo",
        "price": "$5.0",
        "rented": True,
        "renewal_at": "17th Dec, 2030",
        "humanized_created_at": "5 minutes ago",
        "created_at": began,
        "humanized_updated_at": "5 minutes ago",
        "updated_at": began,
    }
