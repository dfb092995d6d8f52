"""The buttons and fields of the page: their names, there and in a sentence that leads to one."""

from __future__ import annotations

from enum import StrEnum


class Button(StrEnum):
    """What the page has to press."""

    CALL_ALL = "Call everybody…"
    CALL_REST = "Call the rest…"
    TRACK = "Ask how the open calls went"
    RETRY = "Try the refused again…"
    REDIAL = "Call the unknown again…"
    RECONCILE = "Look for the unknown calls"
    PAUSE = "Pause"
    PAUSE_ALL = "Pause everything"
    RESUME = "Resume"
    RESUME_ALL = "Resume everything"
    CANCEL = "Cancel…"
    CHECK = "Check the list"
    CHECK_AGAIN = "Check the list again"
    DISCARD = "Discard this list"
    NEXT = "Next list…"
    RESULTS = "Results (CSV)"
    WORKBOOK = "Results (Excel)"
    REPORT = "Report"


class Field(StrEnum):
    """What the page has to fill in."""

    LIMIT = "Call at most"
    UNTIL = "Until"


_OF_COMMANDS = {
    ("run",): Button.CALL_REST,
    ("run", "--retry-errors"): Button.RETRY,
    ("run", "--redial-unknown"): Button.REDIAL,
    ("track",): Button.TRACK,
    ("track", "--watch"): Button.TRACK,
    ("reconcile",): Button.RECONCILE,
    ("cancel",): Button.CANCEL,
    ("resume",): Button.RESUME,
    ("check",): Button.CHECK,
    ("report",): Button.REPORT,
}
_OF_OPTIONS = {"--retry-errors": Button.RETRY, "--redial-unknown": Button.REDIAL}
_FIELDS = {"--limit": Field.LIMIT, "--until": Field.UNTIL}


def of_command(verb: str, *options: str) -> str:
    """Return the button that does what a command on a batch does; empty where there is none."""
    return _OF_COMMANDS.get((verb, *options), "")


def of_option(option: str) -> str:
    """Return the button that does what a run with an option does; empty where there is none."""
    return _OF_OPTIONS.get(option, "")


def field_of(option: str) -> str:
    """Return the field for the value of an option; empty where there is none."""
    return _FIELDS.get(option, "")
