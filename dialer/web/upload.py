"""A list that a browser sends: `multipart/form-data` (RFC 7578), written to a file as it comes, not held in memory."""

from __future__ import annotations

import mmap
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, open_file

from dialer.messages import web as say
from dialer.web.fields import RefusedError, refuse_forged
from dialer.web.site import in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

_BOUNDARY = re.compile(r'multipart/form-data;\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')
_MOST_PARTS = 8
_HEAD = 1 << 12
_BLOCK = 1 << 16
_AT_ONCE = CapacityLimiter(2)


@dataclass(frozen=True, slots=True)
class Upload:
    """A list that has come.

    Attributes:
        path: the file.
        named: what the browser calls it; never a path of ours.
    """

    path: Path
    named: str


async def receive(request: Request, *, to: Path) -> Upload:
    """Save the list in a form to a new file, and return it.

    Args:
        request: the form, with a field `csrf` and a file `file`.
        to: a new file.

    Raises:
        RefusedError: the form is invalid, has no file, or is not from a page of this session. The new file may exist
            all the same.
    """
    found = _BOUNDARY.fullmatch(request.headers.get("content-type", "").strip())
    if found is None:
        raise RefusedError(415, say.NOT_A_FORM)
    body = to.with_name(f"{to.name}.body")
    async with _AT_ONCE:
        try:
            async with await open_file(body, "xb") as file:
                async for chunk in request.stream():
                    await file.write(chunk)
            named, csrf = await in_thread(_taken_apart, body, found[1].encode(), to)
        finally:
            await in_thread(body.unlink, missing_ok=True)
    refuse_forged(request, csrf)
    if named is None:
        raise RefusedError(422, say.NO_FILE)
    return Upload(to, named)


def _taken_apart(body: Path, boundary: bytes, to: Path) -> tuple[str | None, str]:
    """Write the file of a form to a file; return what it is called (None: there is none), and the form's token."""
    named, csrf = None, ""
    with _mapped(body) as form:
        for head, begin, end in _parts(form, b"--" + boundary):
            name, filename = _NAME.search(head), _FILENAME.search(head)
            if name is None:
                continue
            if name[1] == b"csrf":
                csrf = form[begin : min(end, begin + _HEAD)].decode("ascii", "replace")
            elif name[1] == b"file" and filename is not None and end > begin and named is None:
                named = filename[1].decode("utf-8", "replace")
                _copy(body, begin, end, to)
    return named, csrf


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file:
        try:
            form = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # It is empty.
            raise RefusedError(422, say.NO_FILE) from None
        with form:
            yield form


def _parts(form: mmap.mmap, mark: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the head of each part of a form, and where its content begins and ends."""
    at = form.find(mark)
    for _ in range(_MOST_PARTS):
        begin = form.find(b"\r\n\r\n", at, at + len(mark) + _HEAD)
        end = form.find(b"\r\n" + mark, begin + 2) if at >= 0 and begin >= 0 else -1
        if end < 0:
            return
        yield form[at + len(mark) : begin], begin + 4, max(begin + 4, end)
        at = end + 2


def _copy(body: Path, begin: int, end: int, to: Path) -> None:
    with body.open("rb") as source, to.open("xb") as target:
        to.chmod(0o600)
        source.seek(begin)
        left = end - begin
        while left and (chunk := source.read(min(left, _BLOCK))):
            target.write(chunk)
            left -= len(chunk)
