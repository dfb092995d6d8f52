"""Who may use the page: one-time links, session cookies, and tokens against requests that another site makes.

A cookie is `ends.nonce.signature`; the secret that signs it lies in the workspace, so it survives a restart.
Without that file nobody is signed in any more.
A link's token is known only to who got the link: its hash is the name of a file, and who deletes that file is in.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

from dialer.errors import MustActError, UsageError
from dialer.messages.operations import serve as say
from dialer.operations.serve.folder import private_file, read_private_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LASTS = 12 * 3600
"""Seconds that a session lasts."""
LINK_LASTS = 600
"""Seconds in which a link has to be opened."""
_LEAST = 32
"""Characters of a token for programs at least."""
_LONGEST = 200
"""Characters of a cookie or a token at most."""


class Sessions:
    """The sessions of a workspace's page.

    Args:
        folder: the page's own.
        clock: Unix seconds.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / "secret"
        self._known: tuple[tuple[int, int], bytes] | None = None
        self._address = folder / "address"
        self._links = folder / "links"
        self._links.mkdir(mode=0o700, exist_ok=True)
        self._clock = clock
        self._secret()

    def _secret(self) -> bytes:
        """Return what signs cookies. Deleting its file signs everybody out: the next request makes another one.

        Raises:
            MustActError: it cannot be made, or others can read it.
        """
        while True:
            with contextlib.suppress(FileNotFoundError):
                status = self._path.stat()
                version = status.st_ino, status.st_mtime_ns
                if self._known is None or self._known[0] != version:
                    self._known = version, read_private_file(self._path)
                return self._known[1]
            private_file(self._path, secrets.token_hex(32).encode())

    @property
    def cookie(self) -> str:
        """The name of the cookie: it is sent to every port, and two workspaces must not take each other's."""
        return f"dialer_{hashlib.sha256(self._secret()).hexdigest()[:8]}"

    def new_link_token(self) -> str:
        """Return a token that opens one session, within ten minutes."""
        self._sweep()
        token = secrets.token_urlsafe(32)
        private_file(self._link(token), str(int(self._clock()) + LINK_LASTS).encode())
        return token

    def note_address(self, address: str) -> None:
        """Keep where the page is reached, for `dialer serve --link`."""
        self._address.unlink(missing_ok=True)
        private_file(self._address, address.encode())

    def last_address(self) -> str:
        """Return where the page is reached, or was; empty if it never ran."""
        return read_private_file(self._address).decode() if self._address.exists() else ""

    def address(self, *, is_served: bool) -> str:
        """Return where the page is reached.

        Raises:
            UsageError: it does not run.
        """
        address = self.last_address()
        if not (is_served and address):
            raise UsageError(say.not_served())
        return address

    def opened(self, token: str) -> str | None:
        """Return a new session's cookie for a link's token; None where it is not valid, or not any more."""
        if not 0 < len(token) <= _LONGEST:
            return None
        path = self._link(token)
        try:
            ends = int(path.read_text(encoding="ascii"))
            # Of several that come at once one deletes it.
            path.unlink()
        except (OSError, ValueError):
            return None
        return self._new_cookie() if ends >= self._clock() else None

    def is_valid(self, cookie: str) -> bool:
        """Tell whether a cookie is a session's that has not ended."""
        ends, _, rest = cookie.partition(".")
        nonce, _, signature = rest.partition(".")
        if len(cookie) > _LONGEST or not (ends.isascii() and ends.isdigit() and cookie.isascii()):
            return False
        try:
            wanted = self._sign(f"session.{ends}.{nonce}")
        except MustActError:
            return False
        return hmac.compare_digest(signature, wanted) and int(ends) > self._clock()

    def csrf(self, cookie: str) -> str:
        """Return what a form of this session carries."""
        return self._sign(f"csrf.{cookie}")

    def _new_cookie(self) -> str:
        body = f"{int(self._clock()) + LASTS}.{secrets.token_hex(16)}"
        return f"{body}.{self._sign(f'session.{body}')}"

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret(), text.encode(), hashlib.sha256).hexdigest()

    def _link(self, token: str) -> Path:
        return self._links / hashlib.sha256(token.encode()).hexdigest()

    def _sweep(self) -> None:
        for path in self._links.iterdir():
            try:
                if int(path.read_text(encoding="ascii")) < self._clock():
                    path.unlink(missing_ok=True)
            except (OSError, ValueError):
                continue


def token_in(path: Path) -> str:
    """Return the token by which programs may come in.

    Raises:
        DialerError: the file cannot be read, others can read it, or the token is too short to be safe.
    """
    token = read_private_file(path).decode("ascii", "replace").strip()
    if len(token) < _LEAST:
        raise UsageError(say.short_token(path, least=_LEAST))
    return token
