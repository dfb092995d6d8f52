"""What a backup saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import many

if TYPE_CHECKING:
    from dialer.operations.backup import Saved


def saved_text(saved: Saved) -> str:
    """Return what was saved where, and what was not."""
    lines = [f"{many(len(saved.files), 'file')} saved in {saved.folder}:"]
    lines += [f"  {path} -> {copy}" for path, copy in saved.files.items()]
    lines += [f"Not saved: {path}\n  {why}" for path, why in saved.failed.items()]
    return "\n".join([*lines, "Not in a backup: lists of people, results, and the key in .env."])
