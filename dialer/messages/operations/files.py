"""Why a command does not write the file that a person named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import has_page

if TYPE_CHECKING:
    from pathlib import Path


def of_the_campaign(option: str, path: Path) -> str:
    return f"{option} {path}: that file belongs to the campaign and would be overwritten. Name another one."


def stays(option: str, path: Path) -> str:
    return (
        f"{option} {path}: that file exists, and somebody has changed it since dialer wrote it, or dialer did not "
        "write it. It is not overwritten. Name another one."
    )


def unfit_rejects(path: Path, *, why: str) -> str:
    return f"--rejects {path}: it {why}."


def rejects_unwritable(path: Path, *, why: str | None) -> str:
    return f"--rejects {path}: cannot be written ({why}). Name another file."


def unfit_report(path: Path, *, why: str) -> str:
    return f"{path} {why}: --to FILE."


def report_unwritable(path: Path, *, why: str | None) -> str:
    return f"{path} cannot be written ({why}). Name another file: --to FILE."


def export_unwritable(path: Path, *, why: str | None) -> str:
    return f"--to {path}: cannot be written ({why}). Name another file."


def page_needs_packages(missing: str | None) -> str:
    return (
        f"The page needs the packages that draw it ({missing} is missing): pip install 'dialer[report]'."
        f"{'' if has_page() else ' --format md and --format json do without.'}"
    )


def no_such_zone(reason: str) -> str:
    return f"--timezone: {reason}."


# -- a backup ----------------------------------------------------------------------------------------------------------


def backup_inside(to: Path, workspace: Path) -> str:
    return (
        f"{to}: this folder is in the workspace {workspace}, where the copies would count as ledgers of their own. "
        "Name a folder outside it, best on another disk."
    )


def backup_exists(copy: Path, to: Path) -> str:
    return f"{copy} exists already, and a backup replaces nothing. Name another folder than {to}."


NOTHING_TO_SAVE = "There is nothing to save: no ledger, no campaign file. Name the workspace with --in FOLDER."
