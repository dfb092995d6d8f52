"""What the page in the browser says when a request cannot be carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.buttons import Button, Field
from dialer.messages.commands import page_command, pressed

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHER_HOST = "The page answers under its own address only. Open the link that the server has printed."
TOO_FAST = "Too many requests. Try again in a second."
NO_SUCH_METHOD = "This cannot be done here."
OTHER_ORIGIN = "This request did not come from the page itself. Nothing was done."
FORGED = "This form is from an earlier session. Nothing was done. Reload the page, then try again."
NOT_A_FORM = "Send a form or a JSON object."
TOO_MANY_VIEWERS = "Too many pages are open. Close some of them."
TOO_MANY_CHECKS = "Many lists are being checked already. Try again when some of them are done."
TOO_SLOW = "No data came for a while, so nothing was done. Try again."
TOO_LARGE = "This is too large."
NO_FILE = "No file has come, or it is empty. Choose the list, then try again."
NO_RESULTS = "There are no results yet."
NO_REJECTS = "There is no check yet, or every row would be called."
NO_PAGE = "There is no such page."
NO_CAMPAIGN = "There is no such campaign. It may have been deleted or moved."
FAILED = "Something unexpected happened. What was recorded is intact. The log of the server says more."


_HEADINGS = {
    401: "You are not signed in",
    403: "Not allowed",
    404: "Not found",
    408: "Too slow",
    409: "That did not work",
    413: "Too large",
    422: "Please check what you typed",
    429: "Too fast",
    503: "Too busy",
}


def heading(status: int) -> str:
    return _HEADINGS.get(status, "Something went wrong")


def no_session() -> str:
    return f"You are not signed in, or your session has ended. {_new_link()}"


def link_used() -> str:
    return f"This link was used already, or is older than 10 minutes. {_new_link()}"


def _new_link() -> str:
    return f"For a new link, type where the server runs: {page_command('--link')}"


def discarded(name: str) -> str:
    return f"{name} is discarded: no one on it was called."


def not_a_number(text: str) -> str:
    return f"{text!r} is not a whole number."


def not_a_limit(text: str, *, most: int) -> str:
    return f'"{Field.LIMIT}" is {text!r}. Type a whole number from 1 to {most:,}, or leave it empty to call everybody.'


def no_list_yet() -> str:
    return f"Each list of this campaign is a batch of its own. To take one: {pressed(Button.NEXT)}."


def other_people(names: Iterable[str]) -> str:
    return f"Only these are called again: {', '.join(names)}."


def too_large(most: int) -> str:
    return f"This is too large: {most // (1 << 20):,} MB at most." if most >= 1 << 20 else "This is too large."
