"""What a file is that holds no table as text, by how it begins."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from dialer.errors import InputError
from dialer.messages.intake import formats as say

if TYPE_CHECKING:
    from pathlib import Path

HEAD: Final = 2048
"""So many bytes show what a file is."""
ZIP: Final = b"PK\x03\x04"

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BINARY: Final = {
    b"\xd0\xcf\x11\xe0": say.OLD_EXCEL,
    b"%PDF": say.PDF,
    b"{\\rtf": say.TEXT_DOCUMENT,
    b"\x89PNG": say.PICTURE,
    b"\xff\xd8\xff": say.PICTURE,
    b"Rar!": say.PACKED,
    b"7z\xbc\xaf": say.PACKED,
    b"BZh": say.PACKED,
    b"\xfd7zXZ": say.PACKED,
}
_TEXT: Final = {
    r"<\?xml.*office:spreadsheet": say.EXCEL_XML,
    r"(<\?xml.*)?<!?(doctype html|html|head|meta|body|table|style|div|thead|tr|center)\b": say.WEB_PAGE,
    r"mime-version:": say.WEB_PAGE,
    r"<\?xml": say.XML,
    r'\[\s*[\[{"]|\{\s*["}]': say.JSON,
    r"begin:vcard": say.CONTACTS,
    r"begin:vcalendar": say.CALENDAR,
    r"-- (mysql|mariadb|phpmyadmin)|insert into": say.SQL,
}


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding named by the byte order mark of a text; None without a mark."""
    return next((name for bom, name in _BOMS if head.startswith(bom)), None)


def refuse_other_than_text(path: Path, head: bytes) -> None:
    """Refuse a file that holds no table as text.

    Args:
        path: the file.
        head: its first bytes, `HEAD` of them.

    Raises:
        InputError: it is a spreadsheet, a web page, JSON or the like.
    """
    if head.startswith(ZIP):
        raise InputError(say.other_format(path, say.ARCHIVE))
    _refuse_known(path, head)


def refuse_other_than_zip(path: Path, head: bytes) -> None:
    """Refuse a file that has the name of an .xlsx file, and is not one.

    Args:
        path: the file.
        head: its first bytes, `HEAD` of them.

    Raises:
        InputError: it is something else.
    """
    if head.startswith(ZIP):
        return
    _refuse_known(path, head)
    if b"\0" not in head and head.strip():
        raise InputError(say.other_format(path, say.PLAIN_TEXT, begins=_text(head)))


def _refuse_known(path: Path, head: bytes) -> None:
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise InputError(say.other_format(path, what))
    text = _text(head)
    for pattern, what in _TEXT.items():
        if re.match(pattern, text, re.DOTALL | re.IGNORECASE):
            raise InputError(say.other_format(path, what, begins=text))


def _text(head: bytes) -> str:
    return head.decode(marked_encoding(head) or "latin-1", "replace").strip()
