"""Names and texts as a campaign file has to write them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def quoted(text: str) -> str:
    """Return a text between quotation marks."""
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def array(texts: Iterable[str]) -> str:
    """Return several texts."""
    return f"[{', '.join(map(quoted, texts))}]"


def key(name: str) -> str:
    """Return what stands in front of `=`."""
    return name if _BARE.fullmatch(name) else quoted(name)
