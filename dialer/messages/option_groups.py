"""The groups in which a page of help shows the options of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HELP = "help"
"""What click calls otherwise: the option that shows the page itself."""

_FIRST = {"Which batch or folder": ("recipients", "batch", "sandbox", "any_hour", "everything", "folder")}
_LAST = {
    "Questions and output": (
        *("yes", "no_progress", "log_format", "output", "json", "quiet", "verbose", "color", HELP),
    )
}
_OF = {
    "run": {
        "How far": ("dry_run", "limit", "until", "strict", "track", "join"),
        "Call again": ("retry_errors", "redial", "redial_unknown"),
        "Lost or moved files": ("adopt", "new_batch", "move_workspace"),
        "Rehearse trouble, with --sandbox": ("refuse", "lose", "slow"),
    }
}
_OTHERS = "Options"


def groups_of(verb: str) -> Mapping[str, tuple[str, ...]]:
    """Return the groups of a command's options by heading, in order; the one without names is for all others."""
    return {_OTHERS: (), **_FIRST, **_OF.get(verb, {}), **_LAST}
