"""Bolna's API as this program uses it: one request that places a call, and a few that ask or stop."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import anyio

from dialer.errors import MustActError
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client.connection import Connection, closed
from dialer.provider.bolna.client.reply import execution_id_in, parsed, says_stopped, status_line, tidy, words_in
from dialer.provider.bolna.client.secret import without
from dialer.provider.bolna.client.sender import Sender, WithheldError, checked_address, checked_key
from dialer.provider.bolna.client.table import TABLE, Row, answer_of_exception, answer_of_status, unsent
from dialer.provider.bolna.executions import Account, Execution, Listed, Page, account_in, execution_in, page_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    import httpx

    from dialer.provider.bolna.client.sender import Reply

__all__ = [
    "TABLE",
    "BolnaClient",
    "BolnaReadError",
    "CallConnection",
    "Row",
    "Stopped",
    "answer_of_exception",
    "answer_of_status",
]

_ANSWER = 1_000_000
"""Bytes of the answer to a call; Bolna's has about 100."""
_PAGE = 64_000_000
"""Bytes of what is asked for; a page may hold 50 transcripts."""
PAGE_ROWS = 50
"""Rows of a page; Bolna allows no more."""
LONGEST_SPAN = timedelta(days=7)
"""Bolna lists no longer time at once."""
_PASSES = 3
_STALE = 3
_PAGES = 20_000
_WAITS = (0.5, 1.0, 2.0, 4.0)
_LONGEST_WAIT = 30.0
_NOT_FOUND = 404
_TOO_MANY = 429

T = TypeVar("T")


class BolnaReadError(Exception):
    """Bolna was asked, several times where that may help, and gave no usable answer.

    Attributes:
        words: what it said, or what happened.
        status: status code of the last answer; None where none came.
        advice: what a person has to do before anything can be asked; empty where that may pass by itself.
    """

    def __init__(self, words: str, status: int | None = None, *, advice: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.advice = advice

    @property
    def must_act(self) -> MustActError | None:
        """What to raise instead where a person must act first: the key is refused, or nothing can be reached."""
        happened, advice = f"No request can leave: {self.words}", self.advice
        if self.status in {401, 403}:
            happened, advice = f"Bolna refused the key: {self.words}", "Set BOLNA_API_KEY to a valid key"
        return MustActError(f"{happened}. {advice}, then run the same command again.") if advice else None


class CallConnection:
    """An open connection that carries one `POST /call`.

    Args:
        connection: open, and not used before.
        post: sends a body on it, if it may leave, and returns what came of it.
    """

    def __init__(
        self,
        connection: httpx.AsyncBaseTransport,
        post: Callable[[bytes, Callable[[], bool]], Awaitable[Answer]],
    ) -> None:
        self._connection = connection
        self._post = post

    def is_untouched(self) -> bool:
        """Tell whether the server has neither closed it nor said anything yet, as far as can be seen."""
        return not isinstance(self._connection, Connection) or self._connection.is_untouched()

    async def call(self, body: bytes, may_leave: Callable[[], bool] = lambda: True) -> Answer:
        """Send one `POST /call`, once, and return what came of it; raise nothing but cancellation.

        Args:
            body: the JSON body.
            may_leave: asked when the body is about to leave; where it says no, nothing of it does.
        """
        return await self._post(body, may_leave)

    async def aclose(self) -> None:
        """Close it unused."""
        await closed(self._connection)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether a call was stopped before it rang; if not, Bolna's words and the status."""

    stopped: bool
    words: str
    http_status: int


class BolnaClient:
    """One account at Bolna; to be used as an asynchronous context manager.

    Args:
        base_url: `https://` and a host; `http://` for a server on this machine.
        key: API key; neither a message nor a `repr` holds it.
        transport: makes what stands in for a connection (in a test); None for the network.
        connect_timeout: seconds until there is a connection.
        read_timeout: seconds without a byte of the answer; also what one exchange may take.

    Raises:
        UsageError: the key cannot be sent, or not to this address, or the environment's proxy cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: str,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
    ) -> None:
        self._key = checked_key(key)
        self._sender = Sender(
            checked_address(base_url),
            key,
            transport=transport,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        self._call_url = self._sender.url("/call")
        self.skew: float | None = None
        """Seconds the server's clock was ahead of ours when it last answered; None before that."""

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing: each connection is closed as soon as its answer is there."""

    async def connect(self) -> CallConnection | Answer:
        """Return an open connection for one call, or what it means that there is none."""
        try:
            connection = await self._sender.connect()
        except Exception as error:  # noqa: BLE001  the table maps every one
            return unsent(answer_of_exception(error, secret=self._key))
        return CallConnection(connection, functools.partial(self._post_call, connection))

    async def _post_call(
        self, connection: httpx.AsyncBaseTransport, body: bytes, may_leave: Callable[[], bool]
    ) -> Answer:
        request, leaving = self._sender.request("POST", self._call_url, body, may_leave=may_leave)
        try:
            answer = self._answer(await self._exchange(connection, request, most=_ANSWER))
        except WithheldError:
            return Answer(Outcome.RETRY, Effect.WITHHOLD)
        except Exception as error:  # noqa: BLE001  the table maps every one, and what it does not name is in doubt
            answer = answer_of_exception(error, begun=leaving.begun, secret=self._key)
        # Without its body, which holds the number, no request places a call, whatever is answered.
        return answer if leaving.begun else unsent(answer)

    async def _exchange(self, connection: httpx.AsyncBaseTransport, request: httpx.Request, *, most: int) -> Reply:
        reply = await self._sender.exchange(connection, request, most=most)
        reply = replace(reply, body=without(reply.body, self._key))
        self.skew = self.skew if reply.skew is None else reply.skew
        return reply

    def _answer(self, reply: Reply) -> Answer:
        answer = answer_of_status(
            reply.status,
            is_whole=not reply.fault,
            execution_id=execution_id_in(reply.body),
            retry_after=reply.retry_after,
            skew=reply.skew,
        )
        return answer if answer.outcome is Outcome.QUEUED else replace(answer, words=self._words(reply))

    def _words(self, reply: Reply) -> str:
        if reply.fault:
            return tidy(f"{status_line(reply.status)}: the answer cannot be read: {reply.fault}", secret=self._key)
        if reply.location:
            return tidy(f"{status_line(reply.status)}: sent on to {reply.location}", secret=self._key)
        return words_in(reply.status, reply.body, secret=self._key)

    async def account(self) -> Account:
        """Return what `GET /user/me` says.

        Raises:
            BolnaReadError: it says nothing of use.
        """
        return _given(account_in(await self._get("/user/me")), "the account")

    async def agent(self, agent_id: str) -> dict[str, Any]:
        """Return the agent.

        Raises:
            BolnaReadError: Bolna does not say; with the status 404 where this account has none with this id.
        """
        found = await self._get(f"/v2/agent/{quote(agent_id, safe='')}")
        agent = _given(found if isinstance(found, dict) else None, "the agent")
        return _of(agent, agent.get("id", agent_id), agent_id, "agent")

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers as Bolna spells them.

        Raises:
            BolnaReadError: Bolna does not say.
        """
        found = await self._get("/phone-numbers/all")
        rows = _given(found if isinstance(found, list) else None, "the phone numbers")
        numbers = (row.get("phone_number") for row in rows if isinstance(row, dict))
        return tuple(number for number in numbers if isinstance(number, str))

    async def execution(self, execution_id: str) -> Execution | None:
        """Return the call with this id; None where Bolna knows none (for a while also of a new one).

        Raises:
            BolnaReadError: Bolna does not say.
        """
        try:
            found = await self._get(f"/executions/{quote(execution_id, safe='')}")
        except BolnaReadError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        execution = _given(execution_in(found), "the execution")
        return _of(execution, execution.id, execution_id, "call")

    async def executions(self, agent_id: str, *, start: datetime, end: datetime) -> AsyncIterator[Listed]:
        """Yield the agent's calls created from `start` to `end`, each once.

        Rows move from page to page while calls run, so a list of several pages is read again until nothing new
        comes (three times at most).

        Args:
            agent_id: whose calls.
            start: first moment, with its zone.
            end: last moment, with its zone.

        Raises:
            BolnaReadError: Bolna does not say.
        """
        seen: set[str] = set()
        for since, until in _slices(start, end):
            for _ in range(_PASSES):
                before, pages = len(seen), 0
                async for page in self._pages(agent_id, since, until):
                    pages += 1
                    for row in page:
                        if row.id not in seen:
                            seen.add(row.id)
                            yield row
                if pages <= 1 or len(seen) == before:
                    break

    async def _pages(self, agent_id: str, start: datetime, end: datetime) -> AsyncIterator[tuple[Listed, ...]]:
        seen: set[str] = set()
        stale = 0
        for number in range(1, _PAGES + 1):
            page = await self.executions_page(agent_id, start=start, end=end, number=number)
            yield page.rows
            stale = 0 if any(row.id not in seen for row in page.rows) else stale + 1
            seen.update(row.id for row in page.rows)
            if not page.more or stale == _STALE:
                return
        raise BolnaReadError("the list of executions does not end")

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        """Return one page of the agent's calls created from `start` to `end`, which are at most seven days apart.

        Args:
            agent_id: whose calls.
            start: first moment, with its zone.
            end: last moment, with its zone.
            number: which page, from 1.

        Raises:
            BolnaReadError: Bolna does not say.
        """
        query = {"page_number": str(number), "page_size": str(PAGE_ROWS), "from": _spelt(start), "to": _spelt(end)}
        found = await self._get(f"/v2/agent/{quote(agent_id, safe='')}/executions", **query)
        return _given(page_in(found, size=PAGE_ROWS), "the executions")

    async def stop_call(self, execution_id: str) -> Stopped:
        """Stop a call that is queued or scheduled at Bolna; a call that rings cannot be stopped.

        Raises:
            BolnaReadError: Bolna does not say whether it is stopped.
        """
        reply = await self._ask("POST", f"/call/{quote(execution_id, safe='')}/stop")
        if not reply.fault and 200 <= reply.status < 300 and says_stopped(reply.body, execution_id):  # noqa: PLR2004  the range of success
            return Stopped(stopped=True, words="", http_status=reply.status)
        if reply.status in (400, _NOT_FOUND, 409, 422):
            return Stopped(stopped=False, words=self._words(reply), http_status=reply.status)
        # A gateway's 200 stops nobody.
        raise BolnaReadError(self._words(reply), reply.status)

    async def _get(self, path: str, **query: str) -> object:
        reply = await self._ask("GET", path, **query)
        if reply.fault or not 200 <= reply.status < 300:  # noqa: PLR2004  the range of success
            raise BolnaReadError(self._words(reply), reply.status)
        return _given(parsed(reply.body), path)

    async def _ask(self, method: str, path: str, **query: str) -> Reply:
        """Return the reply to what may be asked twice without harm, asked again where that may help."""
        url = self._sender.url(path, **query)
        for wait in _WAITS:
            reply = await self._try(method, url)
            if isinstance(reply, BolnaReadError):
                if reply.advice:
                    raise reply
                await anyio.sleep(_jittered(wait))
            elif _may_change(reply):
                await anyio.sleep(min(max(reply.retry_after or 0.0, _jittered(wait)), _LONGEST_WAIT))
            else:
                return reply
        reply = await self._try(method, url)
        if isinstance(reply, BolnaReadError):
            raise reply
        return reply

    async def _try(self, method: str, url: httpx.URL) -> Reply | BolnaReadError:
        try:
            request, _ = self._sender.request(method, url)
            return await self._exchange(await self._sender.connect(), request, most=_PAGE)
        except Exception as error:  # noqa: BLE001  whatever it was, nothing was read
            answer = answer_of_exception(error, secret=self._key)
            return BolnaReadError(answer.words, advice=answer.advice)


def _may_change(reply: Reply) -> bool:
    return bool(reply.fault) or reply.status == _TOO_MANY or reply.status >= 500  # noqa: PLR2004  server errors


def _jittered(wait: float) -> float:
    return wait * random.uniform(0.75, 1.25)  # noqa: S311  spreads load, guards nothing


def _given(value: T | None, what: str) -> T:
    if value is None:
        raise BolnaReadError(f"Bolna's answer about {what} cannot be understood")
    return value


def _of(value: T, identity: object, asked: str, what: str) -> T:
    """Return an answer about what was asked for; another one's was crossed on the way."""
    if str(identity).casefold() != asked.casefold():
        raise BolnaReadError(f"Bolna answered about another {what}: {tidy(str(identity))} instead of {tidy(asked)}")
    return value


def _slices(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return spans of at most seven days, of whole seconds."""
    since, until = (moment.replace(microsecond=0) for moment in (start, end + timedelta(microseconds=999_999)))
    slices = []
    while since < until:
        slices.append((since, min(since + LONGEST_SPAN, until)))
        since += LONGEST_SPAN
    return slices


def _spelt(moment: datetime) -> str:
    """Return a moment as Bolna wants it here: UTC, `Z`, milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
