"""Bolna's idempotent requests: all but the one that places a call."""

from __future__ import annotations

import contextlib
import functools
import math
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import anyio

from dialer.errors import MustActError
from dialer.messages import provider as say
from dialer.provider.bolna import prompt
from dialer.provider.bolna.client.reply import parsed, says_stopped, tidy
from dialer.provider.bolna.client.requests import Requests
from dialer.provider.bolna.client.table import answer_of_exception
from dialer.provider.bolna.executions import account_in, agent_name_in, execution_in, page_in
from dialer.provider.bolna.limits import LIMITS, NAMES
from dialer.provider.interface import Account, Agent, Execution, Listed, Page, ProviderReadError, Stopped

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    import httpx

    from dialer.provider.bolna.client.sender import Reply

_PAGE = 64_000_000
"""Bytes of what is asked for; a page may hold 50 transcripts."""
_PASSES = 3
_STALE = 3
_PAGES = 20_000
_WAITS = (0.5, 1.0, 2.0, 4.0)
_LONGEST_WAIT = 30.0
_NOT_FOUND = 404
_TOO_MANY = 429

T = TypeVar("T")


class Reading(Requests):
    """One account at Bolna: every request but the one that places a call."""

    _last_error: ProviderReadError | None = None

    async def account(self) -> Account:
        """Return the answer to `GET /user/me`.

        Raises:
            ProviderReadError: there is no usable answer.
        """
        return _given(account_in(await self._get("/user/me")), "the account")

    async def agent(self, agent_id: str) -> Agent:
        """Return the agent.

        Raises:
            ProviderReadError: Bolna does not say; with the status 404 where this account has none with this id.
        """
        found = await self._get(f"/v2/agent/{quote(agent_id, safe='')}")
        agent = _given(found if isinstance(found, dict) else None, "the agent")
        _of(agent, agent.get("id", agent_id), agent_id, "agent")
        return Agent(
            name=agent_name_in(agent),
            variables=prompt.asked_for(agent),
            welcome=functools.partial(prompt.welcome, agent),
        )

    async def agents(self) -> Mapping[str, str]:
        """Return the names of the account's agents, by id.

        Raises:
            ProviderReadError: Bolna does not say.
        """
        found = await self._get("/v2/agent/all")
        rows = _given(found if isinstance(found, list) else None, "the agents")
        agents = (row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str))
        return {row["id"]: agent_name_in(row) for row in agents}

    async def phone_numbers(self) -> tuple[str, ...]:
        """Return the account's phone numbers as Bolna spells them.

        Raises:
            ProviderReadError: Bolna does not say.
        """
        found = await self._get("/phone-numbers/all")
        rows = _given(found if isinstance(found, list) else None, "the phone numbers")
        numbers = (row.get("phone_number") for row in rows if isinstance(row, dict))
        return tuple(number for number in numbers if isinstance(number, str))

    async def execution(self, execution_id: str) -> Execution | None:
        """Return the call with this id; None where Bolna knows none (for a while also of a new one).

        Raises:
            ProviderReadError: Bolna does not say.
        """
        try:
            found = await self._get(f"/executions/{quote(execution_id, safe='')}")
        except ProviderReadError as error:
            if error.is_not_found:
                return None
            raise
        execution = _given(execution_in(found), "the execution")
        return _of(execution, execution.id, execution_id, "call")

    async def executions(
        self, agent_id: str, *, start: datetime, end: datetime, turn: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[Listed, None]:
        """Yield the agent's calls created from `start` to `end`, each once.

        Rows move from page to page while calls run, so a list of several pages is read again until nothing new
        comes (three times at most).

        Args:
            agent_id: whose calls.
            start: first moment, with its zone.
            end: last moment, with its zone.
            turn: returns when the next page may be asked for.

        Raises:
            ProviderReadError: Bolna does not say.
        """
        seen: set[str] = set()
        for since, until in _slices(start, end):
            for _ in range(_PASSES):
                before, pages = len(seen), 0
                async with contextlib.aclosing(self._pages(agent_id, since, until, turn)) as found:
                    async for page in found:
                        pages += 1
                        for row in page:
                            if row.id not in seen:
                                seen.add(row.id)
                                yield row
                if pages <= 1 or len(seen) == before:
                    break

    async def _pages(
        self, agent_id: str, start: datetime, end: datetime, turn: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[tuple[Listed, ...], None]:
        seen: set[str] = set()
        stale = 0
        for number in range(1, _PAGES + 1):
            await turn()
            page = await self.executions_page(agent_id, start=start, end=end, number=number)
            yield page.rows
            stale = 0 if any(row.id not in seen for row in page.rows) else stale + 1
            seen.update(row.id for row in page.rows)
            if not page.more or stale == _STALE:
                return
        raise ProviderReadError(say.ENDLESS_LIST)

    async def executions_page(self, agent_id: str, *, start: datetime, end: datetime, number: int) -> Page:
        """Return one page of the agent's calls created from `start` to `end`, which are at most seven days apart.

        Args:
            agent_id: whose calls.
            start: first moment, with its zone.
            end: last moment, with its zone.
            number: which page, from 1.

        Raises:
            ProviderReadError: Bolna does not say.
        """
        size = LIMITS.page_rows
        query = {"page_number": str(number), "page_size": str(size), "from": _spelt(start), "to": _spelt(end)}
        found = await self._get(f"/v2/agent/{quote(agent_id, safe='')}/executions", **query)
        return _given(page_in(found, size=size), "the executions")

    async def stop_call(self, execution_id: str) -> Stopped:
        """Stop a call that is queued or scheduled at Bolna; a call that rings cannot be stopped.

        Raises:
            ProviderReadError: Bolna does not say whether it is stopped.
        """
        reply = await self._ask("POST", f"/call/{quote(execution_id, safe='')}/stop")
        if not reply.fault and 200 <= reply.status < 300 and says_stopped(reply.body, execution_id):  # noqa: PLR2004  the range of success
            return Stopped(stopped=True, words="", is_unknown=False)
        if reply.status in (400, _NOT_FOUND, 409, 422):
            return Stopped(stopped=False, words=self._words(reply), is_unknown=reply.status == _NOT_FOUND)
        # A 200 from a gateway proves nothing.
        raise read_error(self._words(reply), reply.status)

    async def _get(self, path: str, **query: str) -> object:
        reply = await self._ask("GET", path, **query)
        if reply.fault or not 200 <= reply.status < 300:  # noqa: PLR2004  the range of success
            raise read_error(self._words(reply), reply.status)
        return _given(parsed(reply.body), path)

    async def _ask(self, method: str, path: str, **query: str) -> Reply:
        """Return the reply to what may be asked twice without harm, asked again where that may help."""
        url = self._sender.url(path, **query)
        for wait in map(_jittered, _WAITS):
            reply = await self._try(method, url)
            if isinstance(reply, ProviderReadError):
                if reply.must_act is not None or self._left() <= wait:
                    raise reply
                await anyio.sleep(wait)
            elif _may_change(reply):
                await anyio.sleep(min(max(reply.retry_after or 0.0, wait), _LONGEST_WAIT))
            else:
                return reply
        reply = await self._try(method, url)
        if isinstance(reply, ProviderReadError):
            raise reply
        return reply

    async def _try(self, method: str, url: httpx.URL) -> Reply | ProviderReadError:
        if self._left() <= 0 and self._last_error is not None:
            return self._last_error  # What is wrong with one request is wrong with the next.
        try:
            with anyio.fail_after(self._left()):
                request, _ = self._sender.request(method, url)
                return await self._exchange(await self._sender.connect(), request, most=_PAGE)
        except Exception as error:  # noqa: BLE001  after any error, nothing was read
            answer = answer_of_exception(error, secret=self._key)
            self._last_error = read_error(answer.words, advice=answer.advice)
            return self._last_error

    def _left(self) -> float:
        """Return how many seconds to wait for the first answer; infinite once one has come."""
        return math.inf if self._is_answered else self._give_up_at - anyio.current_time()

    @functools.cached_property
    def _give_up_at(self) -> float:
        return anyio.current_time() + self._patience


def read_error(words: str, status: int | None = None, *, advice: str = "") -> ProviderReadError:
    """Return that Bolna gave no usable answer.

    Args:
        words: what it said, or what happened.
        status: status code of the answer; None where none came.
        advice: what a person has to do before anything can be asked; empty where that may pass by itself.
    """
    if status in {401, 403}:
        happened: tuple[str, str] | None = say.key_refused(words, NAMES)
    else:
        happened = say.cannot_leave(words, advice) if advice else None
    return ProviderReadError(words, status, must_act=MustActError(" ".join(happened)) if happened else None)


def _may_change(reply: Reply) -> bool:
    return bool(reply.fault) or reply.status == _TOO_MANY or reply.status >= 500  # noqa: PLR2004  server errors


def _jittered(wait: float) -> float:
    return wait * random.uniform(0.75, 1.25)  # noqa: S311  spreads load, guards nothing


def _given(value: T | None, what: str) -> T:
    if value is None:
        raise ProviderReadError(say.answer_not_understood(what, NAMES))
    return value


def _of(value: T, identity: object, wanted: str, what: str) -> T:
    """Return the answer if it is about what was asked for; answers may be mixed up on the way."""
    if str(identity).casefold() != wanted.casefold():
        other = say.answer_about_another(what, other=tidy(str(identity)), wanted=tidy(wanted), names=NAMES)
        raise ProviderReadError(other)
    return value


def _slices(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return spans of at most seven days, of whole seconds."""
    since, until = (moment.replace(microsecond=0) for moment in (start, end + timedelta(microseconds=999_999)))
    slices = []
    while since < until:
        slices.append((since, min(since + LIMITS.longest_span, until)))
        since += LIMITS.longest_span
    return slices


def _spelt(moment: datetime) -> str:
    """Return a moment as Bolna wants it here: UTC, `Z`, milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
