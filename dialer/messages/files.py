"""Why something is not read, or written, as a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A path has lost one of the two strokes, and may stand behind the folder of the campaign file.
_WEB = re.compile(r"(?:.*/)?((?:https?|ftps?|sftp|s3|gs):)/+(.+)", re.DOTALL)

ADDRESS = "an address on the web"
IS_FOLDER = "is a folder; name a file in it"


def web_address(path: Path) -> str:
    """Return the address that was typed where a file is expected; empty where a path was."""
    match = _WEB.fullmatch(str(path))
    return f"{match[1]}//{match[2]}" if match else ""


def not_a_file(kind: str) -> str:
    return f"{kind}, not a file. Save it as a file first"


def is_not_a_file(kind: str) -> str:
    return f"is {kind}, not a file; name a file"


def unusable(why: str | None) -> str:
    return f"cannot be used ({why})"


def leads_nowhere(target: str) -> str:
    return f"is a link to {target}, whose folder does not exist; bring the folder back, or delete the link"
