"""What cannot be seen, or turns the text around it, is shown as what it is; all else stays as it is."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.escaping import is_plain, on_one_line, visible, visible_json

EVERYTHING = tuple(map(chr, range(sys.maxunicode + 1)))
JOINERS = "\u200c\u200d"
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Controls, format characters, lone surrogates, and what separates lines and paragraphs (Unicode's categories)."""


def test_no_character_that_a_terminal_obeys_passes() -> None:
    """Of all of Unicode; a line break is our own, and joiners belong to the spelling of names."""
    unseen = [one for one in EVERYTHING if unicodedata.category(one) in UNSEEN and one != "\n"]
    assert len(unseen) > 2_000
    assert [one for one in unseen if visible(one) == one or not visible(one).isascii()] == []


def test_every_letter_passes() -> None:
    letters = [one for one in EVERYTHING if unicodedata.category(one) in {"Lu", "Ll", "Lm", "Nd", "Sc", "So", "Po"}]
    assert len(letters) > 10_000
    assert [one for one in letters if visible(one) != one] == []


@pytest.mark.parametrize(
    "name", ["अनन्या", "क्‍ष", "علی‌رضا", "👩‍👧", "ليلى", "Zoë", "李娜", "a b\N{NO-BREAK SPACE}c", "two\nlines"]
)
def test_a_name_is_shown_as_it_is_spelled(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("pa\u200dypal", "pa\\u200dypal"),
        ("a\tb\r", "a\\tb\\r"),
        ("\0\b", "\\x00\\x08"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_a_person_can_tell_what_stands_there(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\u202e\u200d\u200c\u2066\udcffअ\n")))
def test_what_is_shown_once_is_plain(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert is_plain(on_one_line(text))


@given(
    st.recursive(
        st.text(st.characters() | st.sampled_from("\x9b\u202e\udcff")), lambda inner: st.dictionaries(st.text(), inner)
    )
)
def test_a_value_in_json_stays_exact_and_hides_nothing(value: object) -> None:
    document = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(document) == value
    assert visible(document) == document
