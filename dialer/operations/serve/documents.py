"""What can be taken along: the workbook and the report, made by commands of their own, so that the page stays quick."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.messages.operations import serve as say

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.messages.commands import Selection

PATIENCE = 900.0
"""Seconds that a workbook of a million rows may take."""


def make_document(selection: Selection, verb: str, *, to: Path) -> None:
    """Make a workbook (`results`) or a report (`report`) of a batch.

    Args:
        selection: the batch.
        verb: which of them.
        to: a new file.

    Raises:
        UsageError: it cannot be made; the message is the command's.
    """
    program = [sys.executable, "-P", "-m", "dialer"]
    words = [*program, verb, "--by-page", *map(str, selection.options), "--to", str(to), "--", str(selection.campaign)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(say.DOCUMENT_TAKES_LONG) from None
    if not to.exists():
        raise UsageError(done.stderr.strip().removeprefix("Error: ") or say.no_document(code=done.returncode))
