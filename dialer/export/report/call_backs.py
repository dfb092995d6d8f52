"""Recipients to call back, and calls worth listening to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dialer.export.report.answers import Poll
from dialer.export.report.masking import cut, masked, without_numbers
from dialer.models import e164
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dialer.export.report.view import View
    from dialer.provider.interface import Noted
    from dialer.store import Talked, interface

_SHOWN: Final = 25
"""So many of each kind."""
_RECORDINGS: Final = 5
_LETTERS: Final = 60
_LONGEST_LINK: Final = 500
_ABOUT: Final = "callback"
_NO: Final = re.compile(r"(no|not|none|never|false|0)\b|(n|nope|nil)\b[.!]?\Z|[-_./\u2013\u2014]+\Z", re.IGNORECASE)
_YES: Final = re.compile(r"(yes|true|y|1)\b[.!]?\Z", re.IGNORECASE)
_LINK: Final = re.compile(r"https://[!-~]+")


@dataclass(frozen=True, slots=True)
class CallBack:
    """A recipient to call back.

    Attributes:
        position: data row, from 1.
        number: all but the last three digits hidden unless the report shows whole numbers.
        at: when their last call was placed.
        asked: they asked for it; else the last call did not reach them.
        words: what they asked for, or how the last call ended; empty where they only said yes.
        calls: how many they had; None where that does not matter.
        recording: a link to the call; or empty.
    """

    position: int
    number: str
    at: datetime
    asked: bool
    words: str
    calls: int | None
    recording: str


@dataclass(frozen=True, slots=True)
class CallBacks:
    """The recipients to call back.

    Attributes:
        asked: how many asked for it.
        people: the first of those, and then the first of those who were not reached.
    """

    asked: int
    people: tuple[CallBack, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call that reached a person.

    Attributes:
        position: data row, from 1.
        number: as of a `CallBack`.
        at: when it was placed.
        seconds: how long it lasted.
        link: to the recording.
    """

    position: int
    number: str
    at: datetime
    seconds: float
    link: str


def read_answers(ledger: interface.Report, view: View) -> tuple[Poll, CallBacks]:
    """Return the answers, and the recipients to call back."""
    poll = Poll(view.wanted, full_numbers=view.full_numbers)
    asked, first = 0, list[CallBack]()
    for call, noted in ledger.answers():
        said = VENDOR.answers_in(noted)
        poll.add(said)
        words = _asked_for(said)
        if words is not None:
            asked += 1
            if len(first) < _SHOWN:
                first.append(_asking(call, words, view))
    missed = (_missed(call, outcome, calls, view) for call, outcome, calls in ledger.missed(_SHOWN))
    return poll, CallBacks(asked, (*first, *missed))


def recordings(ledger: interface.Report, view: View) -> tuple[Recording, ...]:
    """Return the longest recorded calls, without unsafe links."""
    longest = (
        Recording(call.position, number_of(call, view), view.moment(call.at), seconds, link(call.recording_url))
        for call, seconds in ledger.recorded(_RECORDINGS)
    )
    return tuple(one for one in longest if one.link)


def link(url: str) -> str:
    """Return an address that can be a link in a page; empty where it is none, whatever the provider says."""
    if len(url) > _LONGEST_LINK or not _LINK.fullmatch(url) or set(url) & set("<>\"'`|\\"):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.hostname and parts.username is None else ""


def number_of(call: Talked, view: View) -> str:
    """Return the recipient of a call."""
    return e164(call.number) if view.full_numbers else masked(e164(call.number))


def _asked_for(said: Iterable[Noted]) -> str | None:
    """Return what somebody asked for who wants to be called back, empty where they only said so; else None."""
    found: list[str] = [one.answer for one in said if _is_about_it(one.question) and not _NO.match(one.answer)]
    if not found:
        return None
    return next((answer for answer in found if not _YES.match(answer)), "")


@lru_cache(maxsize=1000)
def _is_about_it(question: str) -> bool:
    return _ABOUT in "".join(filter(str.isalpha, question.casefold()))


def _asking(call: Talked, words: str, view: View) -> CallBack:
    shown = words if view.full_numbers else without_numbers(words)
    return CallBack(
        position=call.position,
        number=number_of(call, view),
        at=view.moment(call.at),
        asked=True,
        words=cut(shown, _LETTERS),
        calls=None,
        recording=link(call.recording_url),
    )


def _missed(call: Talked, outcome: str, calls: int, view: View) -> CallBack:
    return CallBack(
        position=call.position,
        number=number_of(call, view),
        at=view.moment(call.at),
        asked=False,
        words=outcome,
        calls=calls,
        recording=link(call.recording_url),
    )
