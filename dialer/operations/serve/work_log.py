"""What a command that the page has started says in its log: one JSON event a line."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TAIL = 1 << 18
"""Bytes of a log that are read at most, the last ones."""
_MOST_NOTES = 200
PREPARING, ASKING, GOING_ON, ENDED = "preparing", "asking", "going on", "ended"
_LAST = {"summary", "error", "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a command asks.

    Attributes:
        id: of the question.
        about: what it is about, of several lines.
        text: in words.
        count: how many calls are placed or stopped, to be typed to confirm; None: a yes will do.
    """

    id: str
    about: str
    text: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command has said, and when (UTC)."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Rows that are not called for one reason: its code, what that means, how many, and some of them in words."""

    code: str
    meaning: str
    count: int
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        rows: of the list.
        to_call: how many would be called.
        problems: why the others are not, the most frequent reason first.
        lists: do-not-call lists, each with how many people of the list are on it.
    """

    rows: int
    to_call: int
    problems: tuple[Rejected, ...]
    lists: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A command that was started from the page.

    Attributes:
        verb: `run`, `cancel`, `reconcile` or `check`.
        state: `preparing`, `asking`, `going on` or `ended`.
        doing: what it does before it sends anything, in words; may be empty.
        question: what it asks; None where it asks nothing.
        notes: what it has said, in order.
        ended: what came of it; empty while it goes on, or where it was killed.
        exit_code: how it ended; None as above.
        at: when it last said something.
        is_alive: its process is not gone yet.
        checked: what a check found; None of another command, or before its end.
    """

    verb: str
    state: str
    doing: str
    question: Question | None
    notes: tuple[Said, ...]
    ended: str
    exit_code: int | None
    at: datetime
    is_alive: bool
    checked: Checked | None = None


def with_list_name(work: Work, path: str, name: str) -> Work:
    """Return a command whose texts call its list by the name that it had where it came from.

    Args:
        work: the command; it knows the list by its path.
        path: of the list.
        name: what the list was called.
    """
    question, checked = work.question, work.checked
    if question is not None:
        about, text = question.about.replace(path, name), question.text.replace(path, name)
        question = replace(question, about=about, text=text)
    if checked is not None:
        problems = (replace(one, rows=tuple(row.replace(path, name) for row in one.rows)) for one in checked.problems)
        checked = replace(checked, problems=tuple(problems))
    return replace(
        work,
        doing=work.doing.replace(path, name),
        question=question,
        notes=tuple(replace(note, text=note.text.replace(path, name)) for note in work.notes),
        ended=work.ended.replace(path, name),
        checked=checked,
    )


def work_in(log: Path) -> Work | None:
    """Return what a log tells; None if there is none."""
    try:
        with log.open("rb") as file:
            is_alive = _is_held(file.fileno())
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _TAIL))
            events = [*_events(file.read(_TAIL).splitlines())]
    except OSError:
        return None
    return _work(events, is_alive=is_alive) if events else None


def _is_held(handle: int) -> bool:
    """Tell whether the command that writes a log lives: the kernel lets go of its lock when it does not."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _events(lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the events of a log; a line that is not an event comes from a failure."""
    for line in lines:
        text = line.decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            event = json.loads(text)
            if isinstance(event, dict) and isinstance(event.get("at"), int | float):
                yield event


def _work(events: Sequence[dict[str, Any]], *, is_alive: bool) -> Work:
    verb, doing, question, last = "run", "", None, events[-1]
    has_begun, end, notes = False, None, []
    for event in events:
        kind = event.get("event")
        if kind == "started":
            verb = str(event.get("verb"))
        elif kind == "doing":
            doing = str(event.get("text"))
        elif kind == "question":
            question = _question(event)
        elif kind == "answered":
            question, has_begun = None, True
        elif kind == "begin":
            has_begun = True
        elif kind == "note":
            notes.append(Said(at=_moment(event), text=str(event.get("text"))))
        elif kind in _LAST:
            end = event
    state = ENDED
    if is_alive and end is None:
        state = ASKING if question is not None else GOING_ON if has_begun else PREPARING
    return Work(
        verb=verb,
        state=state,
        doing=doing if state == PREPARING else "",
        question=question if state == ASKING else None,
        notes=tuple(notes[-_MOST_NOTES:]),
        ended="" if end is None else str(end.get("text", "")),
        exit_code=None if end is None else end.get("exit_code"),
        at=_moment(last),
        is_alive=is_alive,
        checked=None if end is None or "problems" not in end else _checked(end),
    )


def _checked(end: dict[str, Any]) -> Checked:
    return Checked(
        rows=end["rows"],
        to_call=end["to_call"],
        problems=tuple(Rejected(**{**one, "rows": tuple(one["rows"])}) for one in end["problems"]),
        lists=tuple((one["name"], one["count"]) for one in end["lists"]),
    )


def _question(event: dict[str, Any]) -> Question:
    count = event.get("count")
    return Question(
        id=str(event.get("id")),
        about=str(event.get("about", "")),
        text=str(event.get("text", "")),
        count=count if isinstance(count, int) else None,
    )


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["at"], UTC)
