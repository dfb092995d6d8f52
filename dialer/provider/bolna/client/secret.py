"""Removal of the key from a server's text, also if the server repeats it in parts, spaced out or encoded."""

from __future__ import annotations

import base64
import html
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN: Final = 8
"""So many characters of the key in a row are not shown; the last four, which some services show, are no secret."""
_LONG: Final = 12
"""The same in base64, where four digits are three characters."""
_RUN_IN_ID: Final = 16
"""A UUID is hexadecimal, as keys are: among millions of ids one has eight of their digits by chance."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEPT: Final = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
_LOWER: Final = bytes(range(256)).lower()
_NOISE: Final = bytes(byte for byte in range(256) if _LOWER[byte] not in _KEPT)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|[abfnrtv0])", re.IGNORECASE)
_ESCAPED_NOISE: Final = re.compile(r"\\(?:u(?!00[0-7])[0-9a-f]{4}|x[89a-f][0-9a-f]|[abfnrtv0])", re.IGNORECASE)
"""Of those, the ones that encode no character of a key: a page of transcripts may hold a million."""
_MARKS: Final = b"\\%&<"
"""A character of these is in every text that changes when an encoding is undone, or its markup removed."""
_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_DEEPEST: Final = 3
_MOST: Final = 20
"""A text that still contains the key after so many passes of masking is not shown at all."""
_STARS: Final = "***"


def hidden(text: str, secret: str) -> str:
    """Return a text in which no run of the key's characters can be read.

    Blanks, line breaks, marks and case do not count, and neither do the encodings that servers use on an error page.

    Args:
        text: what somebody says.
        secret: the key; empty where there is none.
    """
    if not _forms(secret):
        return text.replace(secret, _STARS) if secret else text
    text = text.replace(secret, _STARS)
    least = _RUN_IN_ID if _UUID.fullmatch(text) else RUN
    for _ in range(_MOST):
        said = next((said for said in _readings(text) if _holds(said, secret, least)), None)
        if said is None:
            return text
        text = _starred(said, secret, least)
    return _STARS


def without(body: bytes, secret: str) -> bytes:
    """Return the body of an answer in which nothing holds the key; as it is where it never did."""
    if not _may_hold(body, secret):
        return body
    try:
        return json.dumps(_hidden_in(json.loads(body), secret)).encode()
    except (ValueError, RecursionError):
        return hidden(body.decode("utf-8", "replace"), secret).encode("utf-8", "replace")


def _may_hold(body: bytes, secret: str) -> bool:
    if not _forms(secret):
        return False
    if _may_be_in(_squeezed(body), secret):
        return True
    # Without any of their marks no encoding changes how it reads: so it is with the answer to nearly every call.
    if not any(mark in body for mark in _MARKS):
        return False
    readings = _readings(_ESCAPED_NOISE.sub(" ", body.decode("utf-8", "replace")))
    return any(_may_be_in(_squeezed(said.encode("utf-8", "replace")), secret) for said in readings)


def _hidden_in(value: Any, secret: str) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return hidden(value, secret)
    if isinstance(value, list):
        return [_hidden_in(one, secret) for one in value]
    if isinstance(value, dict):
        return {hidden(name, secret): _hidden_in(one, secret) for name, one in value.items()}
    return value


def _squeezed(text: bytes) -> bytes:
    return text.translate(_LOWER, _NOISE)


@lru_cache(maxsize=8)
def _forms(secret: str) -> tuple[bytes, ...]:
    """Return the key as it is, and in base64 at each place that its first byte can have there."""
    key = secret.encode("utf-8", "replace")
    # The first and the last digits also depend on the characters around the key.
    encoded = [base64.b64encode(bytes(before) + key)[4 if before else 0 : -4] for before in range(3)]
    return tuple(filter(None, (_squeezed(key), *(_squeezed(form) for form in encoded if len(form) >= _LONG))))


@lru_cache(maxsize=8)
def _runs(secret: str, least: int) -> tuple[bytes, ...]:
    """Return every run that gives the key away."""
    key, *encoded = _forms(secret)
    sizes = [(key, min(least, len(key))), *((form, _LONG) for form in encoded)]
    return tuple(dict.fromkeys(form[at : at + size] for form, size in sizes for at in range(len(form) - size + 1)))


@lru_cache(maxsize=8)
def _blocks(secret: str) -> tuple[bytes, ...]:
    """Return a few short pieces of which each run holds one: one of 8 holds a five that begins at 0, 4, 8 ..."""
    key, *encoded = _forms(secret)
    if len(key) < RUN:
        return (key,)
    pieces = [key[at : at + 5] for at in range(0, len(key) - 4, 4)]
    return tuple(pieces + [form[at : at + 6] for form in encoded for at in range(0, len(form) - 5, 7)])


def _holds(text: str, secret: str, least: int) -> bool:
    squeezed = _squeezed(text.encode("utf-8", "replace"))
    return _may_be_in(squeezed, secret) and any(run in squeezed for run in _runs(secret, least))


def _may_be_in(squeezed: bytes, secret: str) -> bool:
    """Tell whether a run may be there: an answer may have many megabytes."""
    return any(block in squeezed for block in _blocks(secret))


def _starred(text: str, secret: str, least: int) -> str:
    """Return a text with stars instead of each run of the key, including separators between its characters."""
    places = [at for at, character in enumerate(text) if character.isascii() and _squeezed(character.encode())]
    squeezed = _squeezed("".join(text[at] for at in places).encode())
    marked = bytearray(len(squeezed))
    for run in _runs(secret, least):
        at = squeezed.find(run)
        while at >= 0:
            marked[at : at + len(run)] = b"\1" * len(run)
            at = squeezed.find(run, at + 1)
    shown, after = [], 0
    for match in re.finditer(b"\1+", bytes(marked)):
        shown += [text[after : places[match.start()]], _STARS]
        after = places[match.end() - 1] + 1
    return "".join([*shown, text[after:]])


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is, and as it reads once each encoding is undone: one may hide in another, or in markup."""
    yield text
    yield from _decoded(text)
    if "<" in text:
        untagged = _TAG.sub("", text)
        yield untagged
        yield from _decoded(untagged)


def _decoded(text: str) -> Iterator[str]:
    for _ in range(_DEEPEST):
        before = text
        for undone in (_unescaped, _unquoted, html.unescape):
            read = undone(text)
            if read != text:
                yield read
            text = read
        if text == before:
            return


def _unescaped(text: str) -> str:
    """Return a text with the byte escapes of Python and JSON undone."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace") if "%" in text else text


def _meant(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    return chr(int(digits, 16)) if digits else " "
