"""What every request passes: its host, who sends it, from where, how much; and the headers of every answer.

Any program and any web page on this machine can reach a loopback port. A page whose name leads here (DNS rebinding)
names another host; a form on another site has another origin, no cookie (`SameSite=Strict`) and no token of ours.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from dialer.errors import MustActError
from dialer.messages import web as say
from dialer.web.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dialer.web.sessions import Sessions

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # With no-referrer a browser sends `Origin: null` along with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_OPEN = ("/healthz", "/login")
_READS = {"GET", "HEAD"}
FORM = 1 << 16
"""Bytes of a form or of JSON at most."""
LIST = 1 << 28
"""Bytes of a list of recipients at most."""
SILENCE = 30.0
"""Seconds in which more of a body has to come: what a laptop that was closed has begun to send holds up nobody."""
SLOWEST = 10_000
"""Bytes a second that a body has to come with, after that time: nor does what drips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a request.

    Attributes:
        cookie: of their session; empty if they use a token of their own.
        csrf: the token in their forms; empty as above: a foreign page cannot make a program send its token.
    """

    cookie: str = ""
    csrf: str = ""


class Guard:
    """Lets a request through to the application, or answers it.

    Args:
        app: the application; it finds a `Caller` in `scope["state"]["caller"]`.
        hosts: the values of `Host` that are ours.
        sessions: who may come in by a cookie.
        token: what programs may come in by; empty: none.
        is_upload: whether a path takes a list of recipients.
        pace: tells whether one more request of somebody who is signed in may come now.
        pace_of_others: the same for everybody else: a page of another site in the browser, or a program, that asks
            without end keeps nobody out who is in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: frozenset[str],
        sessions: Sessions,
        token: str,
        is_upload: Callable[[str], bool],
        pace: Callable[[], bool],
        pace_of_others: Callable[[], bool],
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._sessions = sessions
        self._token = token
        self._is_upload = is_upload
        self._pace = pace
        self._pace_of_others = pace_of_others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        caller = self._caller(headers)
        refused = self._stranger(scope, headers, caller) or self._intruder(scope, headers, caller)
        if refused is not None:
            await refused(scope, receive, _guarded(scope, send))
            return
        body = _Bounded(receive, LIST if self._is_upload(scope["path"]) else FORM)
        await self._app(scope, body, _guarded(scope, send))

    def _stranger(self, scope: Scope, headers: Headers, caller: Caller | None) -> Response | None:
        """Return the response to a request that is refused for any sender; None if it is not refused."""
        if headers.get("host", "").lower() not in self._hosts:
            return refusal(421, say.OTHER_HOST)
        if not (self._pace_of_others() if caller is None else self._pace()):
            return refusal(429, say.TOO_FAST)
        most = LIST if self._is_upload(scope["path"]) else FORM
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > most:
            return refusal(413, say.too_large(most))
        return None

    def _intruder(self, scope: Scope, headers: Headers, caller: Caller | None) -> Response | None:
        """Return the response to a request without permission; None if the sender has it."""
        path, reads = scope["path"], scope["method"] in _READS
        if path in _OPEN or path.startswith("/static/"):
            return None if reads else refusal(405, say.NO_SUCH_METHOD)
        if caller is None:
            return refusal(401, say.no_session(), page=not path.startswith("/api/"))
        if not reads and (wrong := self._forged(headers, caller)):
            return refusal(403, wrong, page=not path.startswith("/api/"))
        scope.setdefault("state", {})["caller"] = caller
        return None

    def _caller(self, headers: Headers) -> Caller | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme:
            is_known = (
                scheme.lower() == "bearer"
                and self._token
                and hmac.compare_digest(token.strip().encode(), self._token.encode())
            )
            return Caller() if is_known else None
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
            name = self._sessions.cookie
            cookie = cookies[name].value if name in cookies else ""
            return Caller(cookie=cookie, csrf=self._sessions.csrf(cookie)) if self._sessions.is_valid(cookie) else None
        except (CookieError, MustActError):
            # Where it cannot be known who may come in, nobody may.
            return None

    def _forged(self, headers: Headers, caller: Caller) -> str:
        """Return why a request that changes something did not come from our own page; empty where it did."""
        if not caller.cookie:
            return ""
        # A browser sends `Origin` with every request except GET and HEAD.
        scheme, _, host = headers.get("origin", "").partition("://")
        if scheme != "http" or host.lower() != headers["host"].lower():
            return say.OTHER_ORIGIN
        given = headers.get("x-csrf-token")
        return say.FORGED if given is not None and not is_same(given, caller.csrf) else ""


def is_same(given: str, wanted: str) -> bool:
    """Tell whether a token is the one that is wanted, in a time that tells nothing of it."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def refusal(status: int, words: str, *, page: bool = False) -> Response:
    """Return a response with the reason, for a user who is not signed in."""
    if page:
        return rendered("error.html", status=status, heading=say.heading(status), words=words, is_signed_in=False)
    return JSONResponse({"error": words}, status)


class TooLargeError(Exception):
    """A body has more bytes than it may have."""


class TooSlowError(Exception):
    """Nothing more of a body has come for a while."""


class _Bounded:
    """Reads a body up to a maximum size in bytes, as long as it keeps coming."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self._due: float | None = None
        self._has_more = True

    async def __call__(self) -> Message:
        # What comes after the body is the end of the connection, which may be waited for: an event stream does.
        with anyio.move_on_after(self._patience() if self._has_more else None):
            message = await self._receive()
            self._has_more = bool(message.get("more_body"))
            size = len(message.get("body", b""))
            self._due = (self._due or 0.0) + size / SLOWEST
            self._left -= size
            if self._left < 0:
                raise TooLargeError
            return message
        raise TooSlowError

    def _patience(self) -> float:
        """Return in how many seconds more has to come."""
        now = anyio.current_time()
        if self._due is None:
            self._due = now + SILENCE
        return max(0.0, min(SILENCE, self._due - now))


def _guarded(scope: Scope, send: Send) -> Send:
    """Return what sends an answer with the headers that every one has."""
    reads = scope["method"] in _READS

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            # Else the body of what was refused would be read to its end, and thrown away.
            ends = [] if reads or message["status"] < HTTPStatus.BAD_REQUEST else [(b"connection", b"close")]
            own = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *ends, *(one for one in _HEADERS if one[0] not in own)]
        await send(message)

    return guarded
