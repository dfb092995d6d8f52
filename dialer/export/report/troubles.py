"""What a report says of what went wrong, was slow, or is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import bidirectional

from dialer.export.report.parts import REACHED_OR_NOT, Bar, Bars, Section, Table, Tone
from dialer.export.report.wording import many, moment, share, time

if TYPE_CHECKING:
    from dialer.export.report.figures import Reason, Report, Row

_TURNING: Final = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI"})
_MOST_TRIES: Final = 6
"""So many bars show how often somebody was tried."""


def tries(report: Report) -> Section:
    """Return how many requests it took."""
    whole = sum(one.people for one in report.tries)
    again = sum(one.people for one in report.tries if one.attempts > 1)
    return Section(
        "attempts",
        "Attempts for each person",
        f"{many(report.requests, 'request')} for {many(whole, 'person', 'people')}; "
        f"{f'{again:,}' if again else 'nobody'} needed more than one.",
        chart=Bars(
            [
                Bar(many(one.attempts, "request"), one.people, f"{one.people:,}", Tone.QUIET, one.reached)
                for one in report.tries[:_MOST_TRIES]
            ]
        ),
        table=Table(
            ("Requests", "People", "Reached", "Share"),
            [
                (f"{one.attempts}", f"{one.people:,}", f"{one.reached:,}", share(one.reached, one.people))
                for one in report.tries
            ],
            numbers=frozenset({0, 1, 2, 3}),
        ),
        legend=REACHED_OR_NOT,
        note="A request that Bolna put off and that was made again counts.",
    )


def slow(report: Report) -> Section:
    """Return when and why sending stood still."""
    found = report.slow
    if not found.pauses and not found.too_many and not found.put_off:
        return Section("slow", "Slowest moments", "Sending never stood still, and Bolna put off no request.")
    words = [f"All sending stood still {_often(found.pauses)}, {time(found.paused)} in all."] if found.pauses else []
    words += [f"Bolna put off {many(found.too_many, 'request')} as too many."] if found.too_many else []
    words += [f"{many(found.put_off, 'request')} did not get through and were made again."] if found.put_off else []
    return Section(
        "slow",
        "Slowest moments",
        " ".join(words),
        table=Table(
            (f"Began ({report.zone})", "Lasted", "Why"),
            [(f"{one.at:%Y-%m-%d %H:%M:%S}", time(one.seconds), one.words) for one in found.longest],
            numbers=frozenset({1}),
        )
        if found.longest
        else None,
        note="The longest of them." if found.pauses > len(found.longest) else "",
    )


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"


def reasons(report: Report) -> Section:
    """Return why rows were not called, or their calls failed."""
    if not report.reasons:
        return Section("reasons", "Errors by reason", "Every row could be called, and no call failed.", wide=True)
    rows = sum(one.count for one in report.reasons) + report.other_reasons
    others = f" {report.other_reasons:,} more rows have other reasons." if report.other_reasons else ""
    return Section(
        "reasons",
        "Errors by reason",
        f"{many(rows, 'row')}: not called, or the call failed.{others}",
        table=Table(
            ("Rows", "Status", "Reason", "Which rows"),
            [(f"{one.count:,}", one.status, _reason(one), _rows(one)) for one in report.reasons],
            numbers=frozenset({0}),
            whole=frozenset({1}),
        ),
        note="Rows are data rows of the file, from 1; each one's reason stands in the results CSV.",
        wide=True,
    )


def _reason(reason: Reason) -> str:
    said = f" (HTTP {reason.http_status})" if reason.http_status is not None else ""
    code = f" [{reason.code}]" if reason.code else ""
    return f"{reason.words or 'no reason was given'}{said}{code}"


def _rows(reason: Reason) -> str:
    more = f" and {reason.count - len(reason.rows):,} more" if reason.count > len(reason.rows) else ""
    return ", ".join(map(_row, reason.rows)) + more


def _row(row: Row) -> str:
    return f"{row.position} ({_isolated(row.number)})" if row.number else f"{row.position}"


def _isolated(cell: str) -> str:
    """Return a cell that cannot turn its neighbours round, when it is written from right to left."""
    turns = any(bidirectional(letter) in _TURNING for letter in cell)
    return f"\N{FIRST STRONG ISOLATE}{cell}\N{POP DIRECTIONAL ISOLATE}" if turns else cell


def still_open(report: Report) -> Section:
    """Return what is not finished, and what goes on with it."""
    if not report.open:
        return Section("open", "Still open", "Nothing: everybody is done.", wide=True)
    running = f" A run was going on at {moment(report.made_at)}." if report.running else ""
    return Section(
        "open",
        "Still open",
        f"What is not finished, and the command that goes on with it.{running}",
        table=Table(
            ("People", "They", "Command"),
            [(f"{one.count:,}", one.words, one.command) for one in report.open],
            numbers=frozenset({0}),
            code=2,
        ),
        wide=True,
    )
