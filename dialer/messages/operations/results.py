"""What is said of the results CSV, which is written from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dialer.models import Status


def unwritable(results: Path, *, why: str | None) -> str:
    return f"{results}: cannot be written ({why}). The ledger has everything; try again when it can be."


def not_rewritten(results: Path, *, why: str | None, command: str) -> str:
    return (
        f"{results} cannot be written ({why}). The ledger has everything. When the file can be written again: {command}"
    )


def not_written_meanwhile(results: Path, *, why: str, command: str) -> str:
    """Return what is said while a run goes on, `why` being one of those below."""
    return f"{results} {why}. The ledger records every call. When the file can be written again: {command}"


def workbook_not_written(path: Path, *, why: str, command: str) -> str:
    return f"{path} cannot be written ({why}). The CSV has all of it. When the file can be written again: {command}"


def workbook_needs_package(place: object) -> str:
    return f"{place}: a workbook needs the package that writes it: pip install 'dialer[xlsx]'. The CSV does without."


def another_workbook(path: Path, *, command: str) -> str:
    return f"{path}: another program wrote or changed this file, so it is not overwritten. Rename it, then: {command}"


def not_a_workbook_name(path: Path, *, command: str) -> str:
    return f"--to {path}: --to writes a workbook, so the name must end in .xlsx. To write the CSV: {command}"


def no_workbook(campaign: Path) -> str:
    return f"{campaign} asks for no workbook. Name one with --to FILE.xlsx, or add the line: results_xlsx = true"


def cannot_be_written(why: object) -> str:
    return f"cannot be written ({why})"


def hangs(seconds: float) -> str:
    return f"does not answer: nothing could be written for {seconds:.0f} s"


ABORTED = "stopped at once, as asked"
LEDGER_REPLACED = "its ledger was replaced while this was going on"


def may_know_more(results: Path, *, command: str) -> str:
    return (
        f"{results}: something other than this ledger wrote to it, so it may know more. Nothing was written.\n"
        f"To take over what it knows and write it again: {command}\n"
        "If it is of no use, move it away first."
    )


def taken_over(results: Path, counts: Mapping[Status, int]) -> str:
    return f"taken over from {results}: {', '.join(f'{count} {status}' for status, count in counts.items())}"
