"""What a reply says: its words for a person, its id, when to come back, what its clock shows."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

from dialer.provider.bolna.client.secret import hidden

_LONGEST = 200
_LOOKED_AT = 20_000
_DEEPEST = 4
_A_DAY = 86_400.0
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_WORDS = ("message", "detail", "error", "msg")


def parsed(body: bytes) -> object:
    """Return the JSON value in `body`; None where there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def execution_id_in(body: bytes) -> str | None:
    """Return the `execution_id` in the body of an accepted call; None where it has none that could be one."""
    value = parsed(body)
    found = value.get("execution_id") if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    identity = str(found).strip()
    return identity if identity and identity.isprintable() and len(identity) <= _LONGEST else None


def says_stopped(body: bytes, execution_id: str) -> bool:
    """Tell whether the body of an answer says that this call is stopped."""
    value = parsed(body)
    if not isinstance(value, dict) or value.get("status") not in {"stopped", "canceled"}:
        return False
    return execution_id_in(body) == execution_id


def tidy(text: str, *, secret: str = "") -> str:
    """Return `text` on one line, printable, without `secret`, and not longer than a message should be."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:_LOOKED_AT]).split())
    return hidden(line, secret)[:_LONGEST]


def status_line(status: int) -> str:
    """Return a status code with its standard phrase."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def words_in(status: int, body: bytes, *, secret: str = "") -> str:
    """Return Bolna's words, else the status and the beginning of the body.

    Bolna puts its text into `message`, `detail` (a string, or a list as FastAPI writes it) or `error`.
    Of an HTML page only the title is shown.
    """
    said = tidy(_said(parsed(body)), secret=secret)
    if said:
        return said
    text = body[:_LOOKED_AT].decode("utf-8", "replace")
    if _MARKUP.match(text):
        title = _TITLE.search(text)
        text = html.unescape(title[1]) if title else "an HTML page"
    text = tidy(text, secret=secret)
    return f"{status_line(status)}: {text}" if text else status_line(status)


def _said(value: object, depth: int = 0) -> str:
    if depth > _DEEPEST or value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_said(one, depth + 1) for one in value[:_DEEPEST])))
    if isinstance(value, dict):
        said = next(filter(None, (_said(value.get(name), depth + 1) for name in _WORDS)), "")
        place = value.get("loc")
        return f"{place[-1]}: {said}" if said and isinstance(place, list) and place else said
    return str(value) if depth else ""


@lru_cache(maxsize=2)  # a server's clock shows the same second to many answers
def moment(header: str | None) -> datetime | None:
    """Return the moment in an HTTP date; None where it is none."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def seconds_to_wait(header: str | None, *, now: datetime) -> float | None:
    """Return the delay that a `Retry-After` header asks for, from 0 to a day.

    Args:
        header: seconds, or an HTTP date.
        now: the server's time (its Date header), else ours.

    Returns:
        Seconds; None if there is no such header or it is unreadable.
    """
    if header is None:
        return None
    if _SECONDS.fullmatch(header.strip()):
        return min(float(header), _A_DAY)
    until = moment(header)
    return None if until is None else min(max((until - now).total_seconds(), 0.0), _A_DAY)
