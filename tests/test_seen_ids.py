"""An id is known again however many came in between, and no other one is taken for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.intake.seen_ids import SeenIds, _digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IDS = st.lists(st.lists(st.sampled_from(["", "a", "b", "\0", "é", "\ud800", '"', "a,b", "c\nd"]) | st.text(max_size=2)))


def _found(seen: SeenIds, parts: Sequence[Sequence[str]]) -> dict[int, int]:
    """Return by position the position of the first row with the same id."""
    found: dict[int, int] = {}
    start = 1
    for part in parts:
        found |= {start + at: first for at, first in seen.repeats(part, start=start).items()}
        start += len(part)
    return found


def _beginning(text: str) -> Callable[[str], bytes]:
    """Return what gives an id a digest of which only the end tells it from others."""
    return lambda id_: text.format(len(id_)).encode() + _digest(id_)[8:]


@pytest.mark.parametrize(
    "digest_of", [_digest, _beginning("{:08d}"), _beginning("00000000")], ids=["digest", "many alike", "all alike"]
)
@given(parts=IDS)
def test_the_first_row_of_an_id_is_found_and_no_other_id_is_taken_for_it(
    digest_of: Callable[[str], bytes], parts: list[list[str]]
) -> None:
    firsts: dict[str, int] = {}
    expected = {}
    for position, text in enumerate((text for part in parts for text in part), 1):
        if (first := firsts.setdefault(text, position)) != position:
            expected[position] = first
    assert _found(SeenIds(digest_of), parts) == expected
