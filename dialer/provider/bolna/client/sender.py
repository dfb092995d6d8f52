"""Requests out, replies in: one connection each, nothing repeated and nothing followed."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import anyio
import httpx

from dialer.errors import UsageError
from dialer.messages import provider as say
from dialer.provider.bolna.client.connection import Route, closed
from dialer.provider.bolna.client.reply import moment, seconds_to_wait, tidy
from dialer.provider.bolna.limits import NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable

_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came.

    Attributes:
        status: the status code.
        body: the decoded body, as far as it came.
        fault: why the body is not whole; empty if it is.
        location: where a redirect points to; empty without one.
        retry_after: seconds the server asked to wait.
        skew: seconds the server's clock is ahead of ours.
    """

    status: int
    body: bytes
    fault: str
    location: str
    retry_after: float | None
    skew: float | None


class WithheldError(Exception):
    """The body may not leave any more; nothing of it did."""


def _always() -> bool:
    return True


class Body(httpx.AsyncByteStream):
    """A request's body that knows whether it began to leave: before that, surely no call was placed.

    Args:
        content: the body.
        may_leave: asked once, when the connection is there and all but the body has left.
    """

    def __init__(self, content: bytes, may_leave: Callable[[], bool] = _always) -> None:
        self._left = [content] if content else []
        self._may_leave = may_leave
        self.begun = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Hand the body to the connection.

        Raises:
            WithheldError: it may not leave any more.
        """
        if not self._may_leave():
            raise WithheldError
        # No generator: a write that fails would leave it unfinished, which trio complains about.
        self.begun = True
        return self

    async def __anext__(self) -> bytes:
        """Return the body, once."""
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


def checked_key(key: str) -> str:
    """Return the key, if a header can carry it.

    Raises:
        UsageError: it cannot; the message does not hold the key.
    """
    if not key:
        raise UsageError(say.key_empty(NAMES))
    if any(not "!" <= c <= "~" for c in key):
        raise UsageError(say.key_not_sendable(NAMES))
    return key


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    address = _ip(host)
    return host == "localhost" if address is None else address.is_loopback


def _is_host(host: str) -> bool:
    return _NAME.fullmatch(host) is not None or _ip(host) is not None


def _fault_of(url: httpx.URL) -> str:
    faults = (
        (url.scheme not in {"http", "https"}, say.NO_SCHEME),
        (not _is_host(url.raw_host.decode("ascii")), say.NO_HOST),
        (url.port is not None and not 0 < url.port < 1 << 16, say.NO_PORT),
        (url.userinfo or url.query or url.fragment, say.HOST_AND_PATH_ONLY),
        (url.scheme == "http" and not _is_loopback(url.host), say.HTTPS_ONLY),
    )
    return next((words for wrong, words in faults if wrong), "")


def checked_address(base_url: str) -> httpx.URL:
    """Return the base URL, if the key may be sent there.

    Raises:
        UsageError: it may not, or it is not a URL.
    """
    try:
        url = httpx.URL(base_url)
        fault = say.HOLDS_BLANK if base_url.split() != [base_url] else _fault_of(url)
    except (httpx.InvalidURL, ValueError) as error:
        fault = tidy(str(error))
    if fault:
        # Not repeated: what was put there by mistake may be the key.
        raise UsageError(say.address_unusable(fault, NAMES))
    return url


class Sender:
    """Sends each request on a connection of its own and returns the answer.

    On a kept connection, a surplus answer from a server or gateway would be read as the answer to the next request.
    Nothing here follows a redirect, keeps a cookie, reads `.netrc` or repeats a request.

    Args:
        address: base URL, checked.
        key: checked.
        transport: substitute for each connection; None for the network.
        connect_timeout: seconds.
        read_timeout: seconds that an exchange may take.

    Raises:
        UsageError: a proxy or certificate that the environment names cannot be used.
    """

    def __init__(
        self,
        address: httpx.URL,
        key: str,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        self._address = address
        self._transport = transport
        self._longest = read_timeout
        self._headers = httpx.Headers(
            {
                "Host": address.netloc.decode("ascii"),
                "Authorization": f"Bearer {key}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # what is not compressed cannot fail to be decompressed
                "User-Agent": "dialer",
                "Connection": "close",
            }
        )
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._route = Route(
            address=address,
            tls=_tls(address),
            proxy=_proxy_for(address),
            timeout=connect_timeout,
        )

    async def connect(self) -> httpx.AsyncBaseTransport:
        """Return an open connection.

        Raises:
            Exception: there is none; which ones, the outcome table tells.
        """
        return await self._route.connect() if self._transport is None else self._transport()

    def url(self, path: str, **query: str) -> httpx.URL:
        """Return the address of `path`, which begins with a slash and is percent-encoded."""
        url = self._address.copy_with(path=self._address.path.rstrip("/") + path)
        return url.copy_merge_params(query) if query else url

    def request(
        self, method: str, url: httpx.URL, content: bytes = b"", *, may_leave: Callable[[], bool] = _always
    ) -> tuple[httpx.Request, Body]:
        """Return a request, and its body that knows whether it began to leave."""
        body = Body(content, may_leave)
        headers = httpx.Headers(self._headers)
        if method == "POST":
            headers["Content-Length"] = str(len(content))
        if content:
            headers["Content-Type"] = "application/json"
        # With a stream httpx adds no headers by itself, nor looks for what is missing: that takes longer than the rest.
        return httpx.Request(method, url, headers=headers, stream=body), body

    async def exchange(self, connection: httpx.AsyncBaseTransport, request: httpx.Request, *, most: int) -> Reply:
        """Send once, return the reply, and close the connection.

        Args:
            connection: open, and not used before.
            request: what to send.
            most: bytes of the body that are read at most.

        Raises:
            Exception: no reply came; which ones, the outcome table tells.
        """
        try:
            with anyio.CancelScope(deadline=anyio.current_time() + self._longest):
                reply = await _exchange(connection, request, most)
                _log.debug("%s %s: HTTP %d", request.method, request.url.path, reply.status)
                return reply
            raise TimeoutError
        finally:
            await closed(connection)


def _tls(address: httpx.URL) -> ssl.SSLContext | None:
    if address.scheme != "https":
        return None
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise UsageError(_no_certificates(error)) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_certificates(error: OSError) -> str:
    """Return why the certificates that the environment names cannot be used; httpx takes the file first."""
    name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
    why = say.NO_CERTIFICATE if isinstance(error, ssl.SSLError) else error.strerror
    return say.certificates_unusable(name, path=tidy(os.environ.get(name, "")), why=why)


def _proxy_for(address: httpx.URL) -> httpx.Proxy | None:
    """Return the environment's proxy; what is sent to this machine does not leave it.

    Raises:
        UsageError: it cannot be used; the message does not repeat it, since it may hold a password.
    """
    if _is_loopback(address.host) or proxy_bypass(address.netloc.decode("ascii")):
        return None
    proxies = getproxies()
    named = proxies.get(address.scheme) or proxies.get("all")
    if not named:
        return None
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
    except (ValueError, httpx.InvalidURL):
        raise UsageError(say.PROXY_NOT_A_URL) from None
    if proxy.url.scheme not in {"http", "https"}:
        raise UsageError(say.PROXY_IS_SOCKS)
    return proxy


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request, most: int) -> Reply:
    left = time.time()
    response = await transport.handle_async_request(request)
    middle = (left + time.time()) / 2
    try:
        body, fault = await _read(response, most)
    finally:
        with suppress(httpx.HTTPError):
            await response.aclose()
    date = moment(response.headers.get("Date"))
    now = datetime.fromtimestamp(middle, UTC) if date is None else date
    return Reply(
        status=response.status_code,
        body=body,
        fault=fault,
        location=response.headers.get("Location", ""),
        retry_after=seconds_to_wait(response.headers.get("Retry-After"), now=now),
        skew=None if date is None else date.timestamp() - middle,
    )


async def _read(response: httpx.Response, most: int) -> tuple[bytes, str]:
    """Return the body, and why it is not whole: the status has come and says what it says."""
    body = bytearray()
    try:
        async for chunk in _chunks(response):
            body += chunk
            if len(body) > most:
                return bytes(body[:most]), say.answer_too_long(most)
    except httpx.HTTPError as error:
        return bytes(body), tidy(f"{type(error).__name__}: {error}")
    return bytes(body), ""


def _chunks(response: httpx.Response) -> AsyncIterable[bytes]:
    """Return what yields the decoded body."""
    # Straight from the connection, unless the server encoded it though it was asked not to.
    if "Content-Encoding" in response.headers or not isinstance(response.stream, httpx.AsyncByteStream):
        return response.aiter_bytes()
    return response.stream
