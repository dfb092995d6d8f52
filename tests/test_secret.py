"""However a server repeats the key, nobody can read eight of its characters in a row."""

from __future__ import annotations

import base64
import html
import json
import string
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.provider.bolna.client.secret import hidden, without

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "bn-4f9c2d7e8a1b4c6d9e0f1a2b3c4d5e6f"
KEYS = st.builds(
    lambda kind, rest: f"{kind}-{rest}",
    st.sampled_from(["bn", "sa"]),
    st.text(string.ascii_letters + string.digits + "_", min_size=16, max_size=60),
)
BETWEEN = st.sampled_from(
    ["", "", "", " ", "\n", "\r\n", "\t", "\0", "\x1b", "\u200b", "\u202e", '"', "'", ", ", "..."]
)
HOWEVER: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.swapcase,
    lambda text: quote(text, safe=""),
    lambda text: "".join(f"%{ord(one):02X}" for one in text if one.isascii()),
    lambda text: quote(quote(text, safe="")),
    html.escape,
    lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    lambda text: f"<a href='?k={quote(text)}'>",
    lambda text: f"<b>{text[:6]}</b><wbr>{text[6:]}",
    lambda text: json.dumps(text)[1:-1],
    lambda text: repr(text.encode())[2:-1],
    lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
)
AROUND = st.text(st.sampled_from("xyz .,:;<>&%\\\n€ü"), max_size=20)


def readable(text: str, key: str, *, run: int = 8) -> list[str]:
    """Return the runs of a key that a person finds in a text, blanks and marks aside."""
    seen = "".join(one for one in text.lower() if one.isascii() and (one.isalnum() or one in "-_"))
    return [key[at : at + run] for at in range(len(key) - run + 1) if key[at : at + run].lower() in seen]


@given(key=KEYS, data=st.data(), said=st.sampled_from(HOWEVER), before=AROUND, after=AROUND)
def test_no_run_of_the_key_can_be_read(
    key: str, data: st.DataObject, said: Callable[[str], str], before: str, after: str
) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(key))] * 2)))
    part = key[start:end]
    spaced = "".join(one + data.draw(BETWEEN) for one in part) if said in HOWEVER[:3] else part
    shown = hidden(f"{before}{said(spaced)}{after}", key)
    for read in (str, html.unescape, unquote, lambda text: unquote(unquote(text))):
        assert not readable(read(shown), key)


@given(key=KEYS, user=st.text(string.ascii_letters + ":", max_size=5), tail=st.text(string.digits, max_size=5))
def test_base64_of_the_key_gives_nothing_away(key: str, user: str, tail: str) -> None:
    """As in `Authorization: Basic`: of the key at most its ends can be decoded."""
    shown = hidden(f"Basic {base64.b64encode((user + key + tail).encode()).decode()}", key)
    for piece in shown.removeprefix("Basic ").split("***"):
        for cut in range(4):
            raw = piece[cut : cut + (len(piece) - cut) // 4 * 4]
            assert not readable(base64.b64decode(raw).decode("latin-1"), key)


@given(key=KEYS, name=st.sampled_from(["message", "detail", "email"]), nested=st.booleans())
def test_a_body_stays_json_and_holds_nothing_of_the_key(key: str, name: str, *, nested: bool) -> None:
    value: object = {name: f"token {key[:12]}\n{key[12:]} is wrong", key: [key, 7, None, True]}
    body = without(json.dumps([value] if nested else value).encode(), key)
    assert not readable(body.decode(), key)
    assert not readable(json.dumps(json.loads(body), ensure_ascii=False), key)
    assert b"is wrong" in body


@pytest.mark.parametrize(
    "text",
    [
        '{"message": "done", "execution_id": "4f9c2d7e-8a1b-4c6d-9e0f-000000000000"}',
        '{"message": "the key ends in 5e6f", "share": 1.25, "text": "100% of <b>it</b> \\u0041 &amp; more"}',
        "not JSON at all: 50% & <html>",
    ],
)
def test_what_does_not_hold_the_key_stays_as_it_is(text: str) -> None:
    assert without(text.encode(), KEY) == text.encode()


def test_an_id_that_has_some_digits_of_the_key_by_chance_stays_an_id() -> None:
    """Eight hexadecimal digits are shared by one in some million ids; a call whose id is lost cannot be found."""
    assert hidden("4f9c2d7e-1111-4111-8111-111111111111", KEY).startswith("4f9c2d7e")
    assert not readable(
        hidden("4f9c2d7e-8a1b-4c6d-9e0f-1a2b3c4d5e6f", KEY.replace("-", "")), "4f9c2d7e8a1b4c6d", run=16
    )


@pytest.mark.parametrize(("key", "text", "shown"), [("k$", "a k$ b", "a *** b"), ("bn-test", "a BN-TEST b", "a *** b")])
def test_a_short_key_is_hidden_as_well(key: str, text: str, shown: str) -> None:
    assert hidden(text, key) == shown


def test_a_body_that_is_nested_too_deeply_still_hides_the_key() -> None:
    body = b"[" * 5000 + json.dumps(f"{KEY[:9]} {KEY[9:]}").encode() + b"]" * 5000
    assert not readable(without(body, KEY).decode(), KEY)
