"""Requests to one account, each sent once; the key is removed from every answer."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from dialer.messages.provider import answer_unreadable, sent_on
from dialer.provider.bolna.client.reply import status_line, tidy, words_in
from dialer.provider.bolna.client.secret import without
from dialer.provider.bolna.client.sender import Sender, checked_address, checked_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import httpx

    from dialer.provider.bolna.client.sender import Reply


class Requests:
    """Requests to one account at Bolna; an asynchronous context manager.

    Args:
        base_url: `https://` and a host; `http://` for a server on this machine.
        key: API key; neither a message nor a `repr` holds it.
        transport: makes substitutes for connections (in a test); None for the network.
        connect_timeout: seconds until there is a connection.
        read_timeout: seconds that one exchange may take.
        patience: seconds for the first answer to a read; if none comes, no further read is sent.

    Raises:
        UsageError: the key cannot be sent, or not to this address, or the environment's proxy is unusable.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: str,
        transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        patience: float = math.inf,
    ) -> None:
        self._key = checked_key(key)
        self._sender = Sender(
            checked_address(base_url),
            key,
            transport=transport,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        self._patience = patience
        self._is_answered = False
        self.skew: float | None = None
        """Seconds the server's clock was ahead of ours when it last answered; None before that."""

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing: each connection is closed as soon as its answer is there."""

    async def _exchange(self, connection: httpx.AsyncBaseTransport, request: httpx.Request, *, most: int) -> Reply:
        reply = await self._sender.exchange(connection, request, most=most)
        self._is_answered = True
        reply = replace(reply, body=without(reply.body, self._key))
        self.skew = self.skew if reply.skew is None else reply.skew
        return reply

    def _words(self, reply: Reply) -> str:
        if reply.fault:
            return tidy(answer_unreadable(status_line(reply.status), why=reply.fault), secret=self._key)
        if reply.location:
            return tidy(sent_on(status_line(reply.status), location=reply.location), secret=self._key)
        return words_in(reply.status, reply.body, secret=self._key)
