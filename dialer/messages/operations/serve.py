"""What is wrong with the folder, the secret or the address of the page in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import page_command
from dialer.moments import by_clock

if TYPE_CHECKING:
    from pathlib import Path


DOCUMENT_TAKES_LONG = "This takes too long here. Make it in a terminal."
GOES_ON = "A command works on this campaign already. Wait until it has ended, or pause it."
OTHER_CHECKS = "Other lists are checked first. This one follows by itself."
TOO_MUCH_MEMORY = (
    "This list needs more memory than a check on the page may take. Check it in the terminal, or save it as CSV UTF-8."
)
NOT_ASKED = "This question is not open any more: it was answered, or the command has ended. Nothing was done."


def not_served() -> str:
    return f"The page does not run here. To start it: {page_command()}"


def served_already(address: str, *, process: int | None, since: str) -> str:
    which = "" if process is None else f" (process {process}, since {by_clock(since)})"
    where = f", at {address}" if address else ""
    link, stop = page_command("--link"), "" if process is None else f" To start it anew, first: kill {process}"
    return f"The page of this workspace runs already{where}{which}. For a link to it: {link}.{stop}"


def folder_unwritable(path: Path, *, why: str | None) -> str:
    return f"{path} cannot be written ({why}). The page keeps its secret there. Make the folder writable."


def folder_open(path: Path) -> str:
    return f"{path}: other people can look into this folder, or it is not yours. Run: chmod 700 {path}"


def file_open(path: Path) -> str:
    return f"{path}: other people can read this file, or it is not yours. Run: chmod 600 {path}"


def file_unreadable(path: Path, *, why: str | None) -> str:
    return f"{path} cannot be read ({why})."


def not_loopback(host: str) -> str:
    return (
        f"--host {host}: the page is for this machine only. Use 127.0.0.1, ::1 or localhost. From another machine: "
        "ssh -L 8080:127.0.0.1:8080 HOST, then open the link there."
    )


def port_taken(port: int, why: str | None) -> str:
    return (
        f"port {port}: {why}. If the page runs there already, take another link to it: "
        f"{page_command('--link')}. "
        f"Else take another port: --port {port + 1}."
    )


def short_token(path: Path, *, least: int) -> str:
    return f"{path}: the token has fewer than {least} characters. To make one: openssl rand -hex 32 > {path}"


def not_started(*, why: str | None) -> str:
    return f"This could not be started ({why}). Nobody was called."


def other_count(count: int, *, typed: int | None) -> str:
    if typed is None:
        return f"Type the number to confirm: {count:,}. Nothing was done."
    return f"It is {count:,}, and {typed:,} was typed. Nothing was done."


def no_document(*, code: int) -> str:
    return f"It could not be made: the command for it ended with exit code {code}."


def not_discarded() -> str:
    return "This list has a run already, so it stays. To call no one else on it, cancel it."


def one_name_for_results(campaign: Path) -> str:
    return (
        f"{campaign}: `results` has one name for all lists, so each list would replace the one before it. "
        'Write {batch} into it, as in results = "results/{batch}.csv". Then take the list again.'
    )


def too_many_lists(most: int) -> str:
    return f"This campaign has {most} lists of today. Use a terminal for more."
