"""What a file is that holds no table as text, and what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 60

ARCHIVE = "is a spreadsheet or an archive, not a text file; save it as CSV (UTF-8) or as .xlsx"
OLD_EXCEL = "is an old Excel file, or protected by a password; save it as CSV (UTF-8) or as .xlsx"
PDF = "is a PDF; export the table as CSV (UTF-8)"
PICTURE = "is a picture, not a table; export the table as CSV (UTF-8)"
PACKED = "is an archive; unpack it, and take the CSV or .xlsx file in it"
TEXT_DOCUMENT = "is a text document (RTF), not a table; save it as plain text or CSV (UTF-8)"
WEB_PAGE = "is a web page (HTML), not a table; open it in a spreadsheet program, and save it as CSV (UTF-8) or .xlsx"
EXCEL_XML = "is an Excel file in XML; open it in a spreadsheet program, and save it as CSV (UTF-8) or .xlsx"
XML = "is XML, not a table; export the list as CSV (UTF-8) or .xlsx"
JSON = "is JSON, not a table; export the list as CSV (UTF-8) or .xlsx"
CONTACTS = "is a file of contacts (vCard), not a table; export the contacts as CSV"
CALENDAR = "is a calendar, not a table; export the list as CSV (UTF-8) or .xlsx"
SQL = "is a dump of a database (SQL), not a table; export the table as CSV (UTF-8)"
PLAIN_TEXT = "is a plain text, not a spreadsheet; if it is a CSV, give it a name that ends in .csv"


def other_format(path: Path, what: str, *, begins: str = "") -> str:
    """Say what a file is.

    Args:
        path: the file.
        what: one of the sentences above.
        begins: its first characters; empty where it is not a text.
    """
    if not begins:
        return f"{path} {what}."
    text = on_one_line(begins[:_SHOWN])
    return f"{path} {what}.\nIt begins: {text}{'...' if len(begins) > _SHOWN else ''}"
