"""Bolna's API as this program uses it: one request that places a call, and a few that ask or stop."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from dialer.messages.provider import ENDED_BEFORE_REQUEST
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client.connection import Connection, closed
from dialer.provider.bolna.client.reading import Reading, read_error
from dialer.provider.bolna.client.reply import execution_id_in
from dialer.provider.bolna.client.sender import WithheldError
from dialer.provider.bolna.client.table import TABLE, Row, answer_of_exception, answer_of_status, unsent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.provider.bolna.client.sender import Reply

__all__ = ["TABLE", "BolnaClient", "CallConnection", "Row", "answer_of_exception", "answer_of_status", "read_error"]

_ANSWER = 1_000_000
"""Bytes of the answer to a call; Bolna's has about 100."""


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
        """Tell whether the server has neither closed it nor sent anything yet, as far as is visible."""
        return _is_untouched(self._connection)

    async def call(self, body: bytes, may_leave: Callable[[], bool] = lambda: True) -> Answer:
        """Send one `POST /call`, once, and return what came of it; raise nothing but cancellation.

        Args:
            body: the JSON body.
            may_leave: called when the body is about to leave; if it returns False, no part of the body is sent.
        """
        return await self._post(body, may_leave)

    async def aclose(self) -> None:
        """Close it unused."""
        await closed(self._connection)


def _is_untouched(connection: httpx.AsyncBaseTransport) -> bool:
    return not isinstance(connection, Connection) or connection.is_untouched()


class BolnaClient(Reading):
    """One account at Bolna; to be used as an asynchronous context manager."""

    @functools.cached_property
    def _call_url(self) -> httpx.URL:
        return self._sender.url("/call")

    async def connect(self) -> CallConnection | Answer:
        """Return an open connection for one call, or the outcome if it fails."""
        try:
            connection = await self._sender.connect()
        except Exception as error:  # noqa: BLE001  the table maps every one
            return unsent(answer_of_exception(error, secret=self._key))
        return CallConnection(connection, functools.partial(self._post_call, connection))

    async def _post_call(
        self, connection: httpx.AsyncBaseTransport, body: bytes, may_leave: Callable[[], bool]
    ) -> Answer:
        def may() -> bool:
            # On a connection that has ended it would stay unknown whether the request was read.
            if not _is_untouched(connection):
                raise httpx.ConnectError(ENDED_BEFORE_REQUEST)
            return may_leave()

        request, leaving = self._sender.request("POST", self._call_url, body, may_leave=may)
        try:
            answer = self._answer(await self._exchange(connection, request, most=_ANSWER))
        except WithheldError:
            return Answer(Outcome.RETRY, Effect.WITHHOLD)
        except Exception as error:  # noqa: BLE001  the table maps every one, and what it does not name is in doubt
            answer = answer_of_exception(error, begun=leaving.begun, secret=self._key)
        # Without its body, which holds the number, a request cannot place a call, whatever the answer.
        return answer if leaving.begun else unsent(answer)

    def _answer(self, reply: Reply) -> Answer:
        answer = answer_of_status(
            reply.status,
            is_whole=not reply.fault,
            execution_id=execution_id_in(reply.body),
            retry_after=reply.retry_after,
            skew=reply.skew,
        )
        return answer if answer.outcome is Outcome.QUEUED else replace(answer, words=self._words(reply))
