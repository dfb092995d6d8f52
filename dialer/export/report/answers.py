"""What people said, counted: by question, as the agent noted it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dialer.errors import UsageError
from dialer.export.report.masking import cut, without_numbers
from dialer.messages.export import conversations as spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.provider.interface import Noted

_QUESTIONS, _ANSWERS = 8, 6
"""So many questions are shown, and answers to each."""
_MOST_QUESTIONS, _MOST_ANSWERS = 100, 200
"""So many are counted, whatever an agent notes."""
_LETTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question.

    Attributes:
        words: as the agent noted it.
        people: who gave it.
        is_wanted: the campaign is made for it, as far as somebody said so.
    """

    words: str
    people: int
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and what people answered.

    Attributes:
        topic: under which it stands; empty where it stands by itself.
        name: of the question.
        people: who answered it.
        answers: the most frequent first.
        others: people who gave another answer, or one that only they gave.
    """

    topic: str
    name: str
    people: int
    answers: tuple[Answer, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer that a campaign is made for.

    Attributes:
        question: its name.
        answer: to it.
    """

    question: str
    answer: str

    def is_given(self, question: str, answer: str) -> bool:
        """Tell whether it is what somebody answered."""
        return answer.casefold() == self.answer.casefold() and self.is_asked(question)

    def is_asked(self, question: str) -> bool:
        """Tell whether it is an answer to a question, however that is spelled."""
        return plain(question).casefold() == plain(self.question).casefold()


def plain(name: str) -> str:
    """Return a question as it is read: `user_interested` is `user interested`."""
    return " ".join(name.replace("_", " ").split())


@dataclass(slots=True)
class _Given:
    """How many people gave an answer, and how it was first spelled."""

    words: str
    is_predefined: bool
    people: int = 0


@dataclass(slots=True)
class _Tally:
    people: int = 0
    given: dict[str, _Given] = field(default_factory=dict)

    def add(self, noted: Noted) -> None:
        self.people += 1
        words = cut(noted.answer, _LETTERS)
        given = self.given.get(words.casefold())
        if given is None and len(self.given) < _MOST_ANSWERS:
            given = self.given[words.casefold()] = _Given(words, noted.is_predefined)
        if given is not None:
            given.people += 1


class Poll:
    """Counts what people answered, in bounded memory.

    Args:
        wanted: the answers that the campaign is made for.
        full_numbers: show whole phone numbers.
    """

    def __init__(self, wanted: Sequence[Wanted], *, full_numbers: bool) -> None:
        self._wanted = wanted
        self._unasked = list(wanted)
        self._full_numbers = full_numbers
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._as_wanted = 0

    def add(self, noted: Sequence[Noted]) -> None:
        """Count the answers of one more person."""
        self._as_wanted += any(wanted.is_given(one.question, one.answer) for wanted in self._wanted for one in noted)
        self._unasked = [wanted for wanted in self._unasked if not any(wanted.is_asked(one.question) for one in noted)]
        for one in noted:
            tally = self._tallies.get((one.topic, one.question))
            if tally is None and len(self._tallies) < _MOST_QUESTIONS:
                tally = self._tallies[one.topic, one.question] = _Tally()
            if tally is not None:
                tally.add(one)

    @property
    def as_wanted(self) -> int | None:
        """How many gave a wanted answer; None if the wanted answers are not defined."""
        return self._as_wanted if self._wanted else None

    def refuse_unasked(self) -> None:
        """Refuse a wanted answer to a question that no agent asked, if agents asked any other.

        Raises:
            UsageError: such an answer is wanted.
        """
        names = sorted({name for _, name in self._tallies})
        if names and self._unasked:
            shown = [cut(name, _LETTERS) for name in names[:_QUESTIONS]]
            raise UsageError(spoken.no_such_question(self._unasked[0].question, shown))

    def questions(self) -> tuple[Question, ...]:
        """Return the questions to which an answer is wanted, then those that most people answered."""
        asked = {place for place in self._tallies if any(wanted.is_asked(place[1]) for wanted in self._wanted)}
        most = sorted(self._tallies.items(), key=lambda item: (item[0] not in asked, -item[1].people, item[0]))
        return tuple(self._question(*place, tally) for place, tally in most[:_QUESTIONS])

    def _question(self, topic: str, name: str, tally: _Tally) -> Question:
        # What somebody said in words of their own may tell who they are.
        shown = [given for given in tally.given.values() if given.is_predefined or given.people > 1]
        shown = sorted(shown, key=lambda given: (-given.people, given.words))[:_ANSWERS]
        others = tally.people - sum(given.people for given in shown)
        topic, name = cut(topic, _LETTERS), cut(name, _LETTERS)
        return Question(topic, name, tally.people, tuple(self._answer(name, given) for given in shown), others)

    def _answer(self, question: str, given: _Given) -> Answer:
        words = given.words if self._full_numbers else without_numbers(given.words)
        is_wanted = any(wanted.is_given(question, given.words) for wanted in self._wanted)
        return Answer(words, given.people, is_wanted=is_wanted)
