"""What a form or a JSON object says, read once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dialer.messages import web as say
from dialer.web.guard import Caller, is_same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_MOST = 20
"""Fields of a form at most."""
_DIGITS = 9
MOST_CALLED = 10_000_000
"""Of one list; more than that is a slip of the finger."""
_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}")
"""Commas stand between thousands, also as in India: 1,00,000. One that may be a decimal point is refused."""


class RefusedError(Exception):
    """A request cannot be carried out: its status, and why in words; `field`: beside which field that is shown."""

    def __init__(self, status: int, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.field = field


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a form that a person has sent: it is shown again as it was filled in.

    Attributes:
        verb: what the form does.
        field: which of its fields is wrong.
        words: why.
        typed: what stood in the fields.
    """

    verb: str
    field: str
    words: str
    typed: Mapping[str, str]


NO_MISTAKE = Mistake("", "", "", {})


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a form, or of a JSON object, as texts."""

    _texts: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a text without the blanks around it; empty where it is missing."""
        return self._texts.get(name, "").strip()

    @property
    def texts(self) -> Mapping[str, str]:
        """All of them, as they were sent."""
        return self._texts

    def number(self, name: str) -> int | None:
        """Return a whole number, as it is written or with commas; None where the field is empty or missing.

        Raises:
            RefusedError: it is not a number.
        """
        text = self.text(name)
        if not text:
            return None
        digits = text.replace(",", "")
        if not _WHOLE.fullmatch(text) or len(digits) > _DIGITS:
            raise RefusedError(422, say.not_a_number(text), field=name)
        return int(digits)

    def limit(self) -> int | None:
        """Return how many people are called at most; None for all.

        Raises:
            RefusedError: it is not such a number.
        """
        try:
            limit = self.number("limit")
        except RefusedError:
            limit = 0
        if limit is not None and not 1 <= limit <= MOST_CALLED:
            raise RefusedError(422, say.not_a_limit(self.text("limit"), most=MOST_CALLED), field="limit")
        return limit


async def fields_of(request: Request) -> Fields:
    """Return the fields of a request that changes something.

    Raises:
        RefusedError: it is neither a form nor a JSON object, or it does not come from a page of this session.
    """
    kind, body = request.headers.get("content-type", "").partition(";")[0].strip().lower(), await request.body()
    try:
        if kind == "application/json":
            fields = Fields(_flat(json.loads(body or b"{}")))
        elif kind == "application/x-www-form-urlencoded" or not body:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST)
            fields = Fields(dict(pairs))
        else:
            raise RefusedError(415, say.NOT_A_FORM)
    except (ValueError, RecursionError):
        raise RefusedError(400, say.NOT_A_FORM) from None
    refuse_forged(request, fields.text("csrf"))
    return fields


def refuse_forged(request: Request, token: str) -> None:
    """Refuse a request from outside the pages of this session; a program with its own token is not a forgery.

    Args:
        request: with `X-CSRF-Token` if a script sent it.
        token: the CSRF token of its form.

    Raises:
        RefusedError: the token is missing or wrong.
    """
    caller: Caller = request.state.caller
    if caller.cookie and not is_same(request.headers.get("x-csrf-token") or token, caller.csrf):
        raise RefusedError(403, say.FORGED)


def _flat(value: object) -> dict[str, str]:
    """Return an object's texts, numbers and flags as texts."""
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - of a body, not of a type
    texts: dict[str, str] = {}
    for name, item in value.items():
        if item is None:
            continue
        if not isinstance(item, str | int | bool):
            raise ValueError  # noqa: TRY004 - as above
        texts[name] = ("yes" if item else "") if isinstance(item, bool) else str(item)
        # A lone surrogate can be written nowhere.
        texts[name].encode()
    return texts
