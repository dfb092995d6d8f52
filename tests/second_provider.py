"""Another vendor, as small as one can be: other words for everything, a body that is not JSON, no sockets."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode

from dialer.messages.names import ProviderNames
from dialer.models import Answer, Effect, Outcome
from dialer.provider.interface import (
    NO_TROUBLES,
    Account,
    Agent,
    CallField,
    Execution,
    Limits,
    Listed,
    Noted,
    Order,
    Page,
    ProviderReadError,
    Request,
    Stopped,
    Troubles,
)
from dialer.provider.states import CallState
from dialer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
    from types import TracebackType

STATES = {
    "LINING_UP": CallState.QUEUED,
    "TALKED": CallState.COMPLETED,
    "MACHINE": CallState.VOICEMAIL,
    "NOBODY": CallState.NO_ANSWER,
    "WITHDRAWN": CallState.STOPPED,
}
_FIELDS = {
    CallField.CALLER: "origin",
    CallField.SCHEDULED_AT: "not-before",
    CallField.AGENT: "persona",
    CallField.AGENT_VERSION: "persona-edition",
    CallField.VOICE: "timbre",
}


@dataclass
class Ticket:
    """A call at the vendor's."""

    id: str
    slip: dict[str, str]
    at: datetime
    phase: str = "LINING_UP"


@dataclass
class Exchange:
    """The vendor: a phone company in memory.

    Attributes:
        ends: how calls end, by number; the others are talked through.
        cut: numbers of which the answer is lost after the call was placed.
    """

    ends: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    tickets: dict[str, Ticket] = field(default_factory=dict)

    names = ProviderNames(
        name="Exchange",
        key="EXCHANGE_KEY",
        address="EXCHANGE_ADDRESS",
        agent="EXCHANGE_PERSONA",
        base_url="http://127.0.0.1:9",
        example_key="x-...",
    )
    limits = Limits(
        calls=Rate(600, 60.0),
        stops=Rate(600, 60.0),
        reads=Rate(60_000, 60.0),
        pages=Rate(60_000, 60.0),
        page_rows=2,
        longest_span=timedelta(days=1),
        soonest=timedelta(minutes=1),
        furthest=timedelta(days=3),
    )
    reserved = frozenset({"persona_name"})
    sandbox_call = 60.0

    def body(self, order: Order) -> str:
        return urlencode(
            {"dial": order.number, "persona": order.common["agent_id"]}
            | {_FIELDS[name]: value for name, value in order.own.items() if value is not None}
            | {f"say.{name}": cell for name, cell in order.variables.items()}
            | {f"say.{name}": json.dumps(value) for name, value in order.constants.items()}
            | ({"ticket": order.reference} if order.reference else {})
        )

    def fields_of(self, body: str) -> Mapping[str, Any]:
        return _slip(body)

    def request_in(self, body: str) -> Request:
        said = {name.removeprefix("say."): text for name, text in _slip(body).items() if name.startswith("say.")}
        moment = _slip(body).get("not-before")
        at = None if moment is None else datetime.fromisoformat(moment)
        return Request(retries=None, scheduled_at=at, variables=said)

    def answers_in(self, extracted: str) -> tuple[Noted, ...]:
        found: dict[str, str] = json.loads(extracted or "{}")
        return tuple(Noted("", name, answer, is_predefined=True, words="") for name, answer in found.items())

    def client(self, *, base_url: str, key: str, patience: float = 0.0) -> Customer:  # noqa: ARG002 - it answers at once
        assert base_url
        assert key
        return Customer(self)

    @contextlib.contextmanager
    def sandbox(self, troubles: Troubles = NO_TROUBLES) -> Iterator[tuple[str, str]]:  # noqa: ARG002 - has none
        yield "http://127.0.0.1:9", "key"

    def serve_sandbox(
        self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None], troubles: Troubles
    ) -> None:
        raise NotImplementedError  # this vendor has no stand-in: no command of the tests serves one

    def place(self, body: bytes) -> Answer:
        slip = _slip(body.decode())
        ticket = Ticket(f"T-{len(self.tickets)}", slip, datetime.now(UTC))
        self.tickets[ticket.id] = ticket
        if slip["dial"] in self.cut:
            return Answer(Outcome.UNKNOWN, Effect.GO_ON, words="the line to the exchange broke")
        return Answer(Outcome.QUEUED, Effect.GO_ON, execution_id=ticket.id)

    def end_calls(self) -> None:
        """Let every call that waits come to its end."""
        for ticket in self.tickets.values():
            if ticket.phase == "LINING_UP":
                ticket.phase = self.ends.get(ticket.slip["dial"], "TALKED")


def _slip(body: str) -> dict[str, str]:
    return dict(parse_qsl(body, keep_blank_values=True))


@dataclass
class Line:
    """A connection for one call."""

    exchange: Exchange

    def is_untouched(self) -> bool:
        return True

    async def call(self, body: bytes, may_leave: Callable[[], bool] = lambda: True) -> Answer:
        return self.exchange.place(body) if may_leave() else Answer(Outcome.RETRY, Effect.WITHHOLD)

    async def aclose(self) -> None:
        pass


class Customer:
    """An account at the vendor's."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.skew: float | None = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def connect(self) -> Line:
        return Line(self._exchange)

    async def account(self) -> Account:
        return Account(name="Second", email="", wallet=None, lines=5, live=0)

    async def agent(self, agent_id: str) -> Agent:
        if agent_id.startswith("9"):
            raise ProviderReadError("no such persona", 404)
        return Agent(
            name="Persona", variables=frozenset({"name"}), welcome=lambda said: f"Good day, {said.get('name', '')}!"
        )

    async def agents(self) -> Mapping[str, str]:
        return {"persona-1": "Persona"}

    async def phone_numbers(self) -> tuple[str, ...]:
        return ()

    async def execution(self, execution_id: str) -> Execution | None:
        ticket = self._exchange.tickets.get(execution_id)
        return None if ticket is None else _shown(ticket)

    async def executions(
        self, agent_id: str, *, start: datetime, end: datetime, turn: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[Listed, None]:
        await turn()
        for ticket in self._exchange.tickets.values():
            if ticket.slip["persona"] == agent_id and start <= ticket.at <= end:
                yield _listed(ticket)

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        rows = tuple([row async for row in self.executions(agent_id, start=start, end=end, turn=_at_once)])
        size = self._exchange.limits.page_rows
        shown = rows[(number - 1) * size : number * size]
        return Page(rows=shown, more=number * size < len(rows), total=len(rows))

    async def stop_call(self, execution_id: str) -> Stopped:
        ticket = self._exchange.tickets.get(execution_id)
        if ticket is None:
            return Stopped(stopped=False, words="no such ticket", is_unknown=True)
        if ticket.phase != "LINING_UP":
            return Stopped(stopped=False, words="too late", is_unknown=False)
        ticket.phase = "WITHDRAWN"
        return Stopped(stopped=True, words="", is_unknown=False)


async def _at_once() -> None:
    """Return at once."""


def _listed(ticket: Ticket) -> Listed:
    number = f"+{ticket.slip['dial']}"
    return Listed(id=ticket.id, status=STATES[ticket.phase], to_number=number, created_at=ticket.at)


def _shown(ticket: Ticket) -> Execution:
    state = STATES[ticket.phase]
    return Execution(
        id=ticket.id,
        status=state,
        reference=ticket.slip.get("ticket", ""),
        recipient_number=f"+{ticket.slip['dial']}",
        created_at=ticket.at,
        updated_at=ticket.at,
        duration=30.0 if state.was_reached else None,
        cost=1.0,
        hangup_by="",
        hangup_reason="hung up" if state.was_reached else "",
        error_message="",
        termination_reason="",
        recording_url="",
        extracted=None,
        transcript="",
        scheduled_at=None,
        retry_count=0,
        retries=None,
    )
