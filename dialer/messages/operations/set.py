"""Why a run that goes on is not changed."""

from __future__ import annotations

from dialer.messages.words import many


def not_a_setting(text: str) -> str:
    return f"{text}: write what is to change as rate=200/minute or lines=5, each at most once."


def not_lines(text: str) -> str:
    return f"lines={text}: write a whole number of calls, from 1."


def rate_beyond(rate: str, *, most: str) -> str:
    return f"rate={rate}: this is more than the organisation's limit, {most}. Nothing was changed."


def lines_beyond(lines: int, *, most: int) -> str:
    return f"lines={lines}: this is more than the `lines` of dialer.toml, {most}. Nothing was changed."


def no_run(batch: str, *, command: str) -> str:
    return (
        f"{batch}: no run goes on, so there is nothing to change. For later runs write it into the campaign file; "
        f"to start one: {command}"
    )


def no_answer(process: int, host: str, *, others: int) -> str:
    changed = "nothing was changed"
    if others:
        changed = f"it was not changed; {many(others, 'other run was', 'other runs were')}"
    return (
        f"The run (process {process} on {host}) does not answer, so {changed}. It answers as soon as it sends: set it "
        "again then. Is it stopped (Ctrl-Z)?"
    )
