"""What is said when somebody is put on the workspace's do-not-call list, or taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import has_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NO_REASON = "Say why the number is taken off the list: --reason TEXT."
NOT_ACCEPTED = "Nothing was accepted: runs that miss numbers on the list make no calls."


def not_whole(text: str, *, why: str) -> str:
    like = "+91 98765 43210" if has_page() else '"+91 98765 43210" (in quotes), or name the country: --region IN'
    changed = "Nothing was changed. Write it with + and the country code"
    return f"{text!r} is not a whole number: {why}. {changed}, like {like}."


def not_added(why: str) -> str:
    return f"{why}\nNothing was added: fix that, then add the numbers again."


def no_region(region: str) -> str:
    return f'--region {region}: this is not a country. Write its two letters, such as "IN" or "US".'


def not_listed(number: str, path: Path) -> str:
    return f"{number} is not on the list {path}, so there is nothing to end."


def which_source(number: str, sources: Sequence[str]) -> str:
    shown = ", ".join(repr(source) for source in sources)
    return f"{number} was put on the list by: {shown}. Say which of these entries ends: --source TEXT."


def onto_itself(path: Path) -> str:
    return f"{path}: this is the list itself. Write the export to another file."


def unfit_export(path: Path, *, why: str) -> str:
    return f"--to {path}: {why}"
