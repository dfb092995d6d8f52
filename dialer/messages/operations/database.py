"""What is said where a workspace's files are moved into a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def not_ready(troubles: Sequence[str]) -> str:
    """Say why nothing is imported; each trouble is a sentence of its own."""
    return "\n".join(["Nothing is imported, since a part would be missing in the database:", *troubles])


def listed_and_missing(ledger: Path, *, registry: Path) -> str:
    return (
        f"{ledger}: {registry} lists this ledger, and it is missing. Bring it back. If nobody called from it lately: "
        f"take the line `database` out of dialer.toml for a moment, and {command_text('list', '--forget', ledger)}"
    )


def not_a_ledger(path: Path, *, registry: Path) -> str:
    return f"{path}: {registry} lists this file, and it is not a ledger. Bring the ledger back."


def same_name(ledger: Path, other: Path, *, name: str) -> str:
    return f"{ledger} and {other} belong to one batch ({name}). Move away the one that is a copy."


def lacks_entries(ledger: Path, path: Path) -> str:
    return f"{path} lacks entries that it had when {ledger} was last used. Bring it back as it was."


def not_imported(files: Sequence[Path]) -> str:
    """Say that calls, or who must not be called, are still in files."""
    them = "\n".join(f"  {path}" for path in files)
    return (
        "This workspace uses a database, but these files of it were not imported. They say who was called, or must not "
        f"be called:\n{them}\n"
        f"Import them first: {command_text('database', 'import')}"
    )
