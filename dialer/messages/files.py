"""Why something is not read, or written, as a file."""

from __future__ import annotations

IS_FOLDER = "is a folder; name a file in it"


def not_a_file(kind: str) -> str:
    return f"{kind}, not a file. Save it as a file first"


def is_not_a_file(kind: str) -> str:
    return f"is {kind}, not a file; name a file"


def unusable(why: str | None) -> str:
    return f"cannot be used ({why})"


def leads_nowhere(target: str) -> str:
    return f"is a link to {target}, whose folder does not exist; bring the folder back, or delete the link"
