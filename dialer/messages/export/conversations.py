"""What a report says of what people said, whom to call back, and which calls to listen to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.export.report import HIDDEN, outcome
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Sequence

# -- what people said --------------------------------------------------------------------------------------------------


def question(topic: str, name: str) -> str:
    """Return what was asked, as a heading."""
    words = f"{topic}: {name}" if topic else name
    return f"{words[:1].upper()}{words[1:]}"


def answered(people: int, reached: int) -> str:
    return f"{many(people, 'person', 'people')} answered, of {reached:,} reached."


BY_AGENT = "As the agent noted it. An answer that one person alone gave in their own words counts as other."


def no_such_question(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(known)
    return f"--wanted {name}: no call of this batch has an answer to that. The agent noted: {listed}."


def not_an_answer(text: str) -> str:
    return f'--wanted {text}: write the name of the answer, =, and the answer that is wanted, as in "interested=yes".'


# -- whom to call back, and what to listen to --------------------------------------------------------------------------

CALL_BACK, LISTEN = "Whom to call back", "Calls to listen to"
ROW, NUMBER, WHEN, RECORDING = "Row", "Number", "When", "Recording"
ASKED = "asked for it"


def call_back(asked: int, missed: int) -> str:
    """Return how many are to be called back, and why."""
    words = [f"{many(asked, 'person', 'people')} asked to be called back"] if asked else []
    words += [f"{many(missed, 'person was', 'people were')} not reached"] if missed else []
    return f"{'; '.join(words)}."


def asked_for(words: str) -> str:
    return f"{ASKED}: {words}" if words else ASKED


def not_reached(state: str, calls: int | None) -> str:
    return outcome(state) if calls is None else f"{outcome(state)}, {many(calls, 'call')}"


def first_of_each(*, more: bool, masked: bool) -> str:
    words = [HIDDEN] if masked else []
    return " ".join(([MORE_IN_RESULTS] if more else []) + words)


MORE_IN_RESULTS = "The first of each; the results have all of them."
LONGEST_CALLS = "The longest calls that reached somebody and were recorded."
