"""The interview with the person at the terminal: questions with their reasons, and what stays unclear without."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from dialer.messages.operations import init as say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

NOTHING: Final = "none"
"""The answer that names none of what is offered."""
ALL: Final = "all"
"""The answer that names everything."""
_RANGE = re.compile(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?", re.ASCII)


def is_nothing(answer: str) -> bool:
    """Tell whether an answer names none of what is offered; a dash says it as well."""
    return answer.casefold() in {NOTHING, "-"}


class AnswerError(Exception):
    """An answer cannot be taken; the message says why, and the question is asked again."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A question for a person.

    Attributes:
        words: what is asked, and why.
        prompt: what stands in front of the answer.
        read: returns what an answer says, or raises AnswerError.
        options: to choose from, numbered from 1.
        proposed: the answer that Enter gives; empty if there is none.
    """

    words: str
    prompt: str
    read: Callable[[str], T]
    options: tuple[str, ...] = ()
    proposed: str = ""


class Ask(Protocol):
    """Asks a person until there is an answer that can be taken."""

    async def __call__(self, question: Question[T], /) -> T:
        """Return the answer."""


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks the user, or collects the open questions.

    Attributes:
        person: asks the user; None if questions are not allowed.
        doubts: the open questions, in words.
        settled: the decisions, in words.
    """

    person: Ask | None
    doubts: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    @property
    def has_person(self) -> bool:
        """Whether somebody can be asked."""
        return self.person is not None

    async def ask(self, question: Question[T]) -> T:
        """Return the answer of somebody who is there."""
        assert self.person is not None
        return await self.person(question)

    async def answer(self, question: Question[T], *, doubt: str) -> T | None:
        """Return the answer; if questions are not allowed, add a doubt and return None."""
        if self.person is None:
            self.doubts.append(doubt)
            return None
        return await self.person(question)

    def note(self, words: str) -> None:
        """Keep what was settled."""
        self.settled.append(words)


def chosen(answer: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that an answer chooses, in its order: by their numbers from 1, as `2,4-6`, or by themselves.

    Raises:
        AnswerError: a number is not among them, or nothing is named.
    """
    if answer in names:
        return (answer,)
    found: list[str] = []
    for part in filter(None, (part.strip() for part in answer.split(","))):
        match = _RANGE.fullmatch(part)
        if part in names:
            found.append(part)
        elif match is None:
            raise AnswerError(say.no_such_choice(part, options=len(names)))
        else:
            first, last = int(match[1]), int(match[2] or match[1])
            if not 1 <= first <= last <= len(names):
                raise AnswerError(say.no_such_choice(part, options=len(names)))
            found += names[first - 1 : last]
    if not found:
        raise AnswerError(say.no_such_choice(answer, options=len(names)))
    return tuple(dict.fromkeys(found))


def one_of(answer: str, names: Sequence[str]) -> str:
    """Return the one name that an answer chooses.

    Raises:
        AnswerError: it names none or several.
    """
    names_chosen = chosen(answer, names)
    if len(names_chosen) != 1:
        raise AnswerError(say.no_such_choice(answer, options=len(names)))
    return names_chosen[0]


def is_yes(answer: str) -> bool:
    """Tell whether an answer is yes.

    Raises:
        AnswerError: it is neither yes nor no.
    """
    if answer.casefold() not in {"y", "yes", "n", "no"}:
        raise AnswerError(say.YES_OR_NO)
    return answer.casefold() in {"y", "yes"}
