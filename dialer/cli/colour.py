"""The one place that knows colours: red for what failed, yellow for what waits, green for what is done.

A text says the same without colours. So no other mark is needed: colours follow the words, where these are a count,
the state in a table, or the label of a line.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from dialer.provider.states import CallState
from dialer.streams import steady

if TYPE_CHECKING:
    from typing import TextIO

    from dialer.streams import Steady

CHOICES: Final = ("auto", "always", "never")
_CHOICE: Final[ContextVar[str]] = ContextVar("colour", default="auto")
_PLAIN: Final = "\x1b[0m"
_TONES: Final = {
    "\x1b[31m": (
        *("Error", "Stopped", CallState.STOPPED, "missing", "not readable"),
        *("error", "unknown", "invalid", "refused", CallState.FAILED, CallState.NO_MONEY),
    ),
    "\x1b[33m": (
        *("Warning", "Running already", "pending", "sending", "paused", "waiting for hours", "waiting for a line"),
        *(
            "left for later",
            "calls still open",
            "not asked yet",
            CallState.SCHEDULED,
            CallState.RESCHEDULED,
            CallState.INITIATED,
            CallState.RINGING,
            CallState.IN_PROGRESS,
        ),
        CallState.DISCONNECTED,
    ),
    "\x1b[32m": ("queued", "accepted", CallState.COMPLETED, "reached", "running", "done"),
}
_TONE: Final = {word: tone for tone, words in _TONES.items() for word in words}
_ANY: Final = "|".join(sorted(map(re.escape, _TONE), key=len, reverse=True))
_LABEL: Final = rf"^ *(?:{_ANY})(?=: )"
_COUNT: Final = rf"(?<![\w.,:/+-])[1-9][\d,]* (?:{_ANY})(?![\w.-])"
_ROW: Final = rf"^  (?:{_ANY})(?= +[\d,]+ +[\d.]+%)"
_CELL: Final = rf"(?<=  )(?:{_ANY})(?=  |$)"
_MEANT: Final = re.compile(f"{_LABEL}|{_COUNT}|{_ROW}|{_CELL}", re.MULTILINE)
"""Where a word is meant: before a colon, after a count, before a count and a share, as the cell of a table."""


def choose(choice: str) -> None:
    """Use colours `auto` (on a terminal that shows them), `always` or `never`."""
    _CHOICE.set(choice)


def painted(text: str, stream: TextIO | Steady | None) -> str:
    """Return a text as it goes to a stream: with colours where they are wanted there."""
    return _MEANT.sub(_in_its_tone, text) if _wanted(stream) else text


def _wanted(stream: TextIO | Steady | None) -> bool:
    if (choice := _CHOICE.get()) != "auto":
        return choice == "always"
    # https://no-color.org
    is_refused = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in {"", "dumb"}
    return not is_refused and steady(stream).isatty()


def _in_its_tone(match: re.Match[str]) -> str:
    found = match[0]
    tone = _TONE[re.sub(r"^[\d, ]+", "", found)]
    return f"{tone}{found}{_PLAIN}"
