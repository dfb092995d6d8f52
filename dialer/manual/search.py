"""Where the manual speaks of something."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer import manual
from dialer.manual.markdown import Code, Heading, Items, Table
from dialer.manual.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.manual.markdown import Block

_SENTENCE = re.compile(r"(?<=[.?]) (?=[A-Z`])")


@dataclass(frozen=True, slots=True)
class Passage:
    """A place on a page.

    Attributes:
        heading: what it stands below.
        text: its sentence in which the first of the words stands; None where the heading itself is meant.
    """

    heading: str
    text: str | None


def search(words: Sequence[str]) -> dict[str, list[Passage]]:
    """Return for each topic where its page speaks of something: headings first, and pages with such a heading first.

    Args:
        words: what has to stand in one paragraph, row or line, each also as the beginning of a longer word.
    """
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE) for word in words]
    found = {topic: sorted(_passages(topic, patterns), key=_is_text) for topic in manual.topics()}
    topics = sorted((topic for topic in found if found[topic]), key=lambda topic: _is_text(found[topic][0]))
    return {topic: found[topic] for topic in topics}


def _is_text(passage: Passage) -> bool:
    return passage.text is not None


def _passages(topic: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Passage]:
    for heading, text in _texts(manual.page(topic)):
        if all(pattern.search(heading if text is None else text) for pattern in patterns):
            yield Passage(heading, None if text is None else _matched(text, patterns))


def _texts(page: list[Block]) -> Iterator[tuple[str, str | None]]:
    """Yield each text of a page with its heading; a heading itself without a text."""
    heading = ""
    for block in page:
        if isinstance(block, Heading):
            heading = plain(block.text)
            yield heading, None
        elif isinstance(block, Code):
            yield from ((heading, " ".join(line.split())) for line in block.text.splitlines())
        elif isinstance(block, Items):
            yield from ((heading, plain(text)) for _, text in block.items)
        elif isinstance(block, Table):
            yield from ((heading, ": ".join(plain(cell) for cell in row if cell)) for row in block.rows)
        else:
            yield heading, plain(block.text)


def _matched(text: str, patterns: Sequence[re.Pattern[str]]) -> str:
    sentences = _SENTENCE.split(text)
    return next((one for one in sentences if any(pattern.search(one) for pattern in patterns)), text)
