"""What a report says of what went wrong, was slow, or is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from unicodedata import bidirectional

from dialer.export.report.parts import REACHED_OR_NOT, Bar, Bars, Section, Table, Tone
from dialer.messages.export import report as say
from dialer.messages.export.figures import share, time
from dialer.messages.words import many
from dialer.provider import VENDOR

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
        say.TRIES,
        say.requests(report.requests, people=whole, again=again),
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
        note=say.put_off_counts(VENDOR.names),
    )


def slow_moments(report: Report) -> Section:
    """Return when and why sending stood still."""
    slow = report.slow
    if not slow.pauses and not slow.too_many and not slow.put_off:
        return Section("slow", "Slowest moments", say.never_slow(VENDOR.names))
    words = [say.stood_still(slow.pauses, seconds=slow.paused)] if slow.pauses else []
    words += [say.too_many(slow.too_many, VENDOR.names)] if slow.too_many else []
    words += [say.made_again(slow.put_off)] if slow.put_off else []
    return Section(
        "slow",
        "Slowest moments",
        " ".join(words),
        table=Table(
            (f"Began ({report.zone})", "Lasted", "Why"),
            [(f"{one.at:%Y-%m-%d %H:%M:%S}", time(one.seconds), one.words) for one in slow.longest],
            numbers=frozenset({1}),
        )
        if slow.longest
        else None,
        note=say.LONGEST if slow.pauses > len(slow.longest) else "",
    )


def reasons(report: Report) -> Section:
    """Return why rows were not called, or their calls failed."""
    if not report.reasons:
        return Section("reasons", "Errors by reason", say.NO_ERRORS, wide=True)
    rows = sum(one.count for one in report.reasons) + report.other_reasons
    return Section(
        "reasons",
        "Errors by reason",
        say.not_called(rows, with_other_reasons=report.other_reasons),
        table=Table(
            ("Rows", "Status", "Reason", "Which rows"),
            [(f"{one.count:,}", one.status, _reason(one), _rows(one)) for one in report.reasons],
            numbers=frozenset({0}),
            whole=frozenset({1}),
        ),
        note=say.WHERE_REASONS_STAND,
        wide=True,
    )


def _reason(reason: Reason) -> str:
    said = f" (HTTP {reason.http_status})" if reason.http_status is not None else ""
    code = f" [{reason.code}]" if reason.code else ""
    return f"{reason.words or say.NO_REASON}{said}{code}"


def _rows(reason: Reason) -> str:
    more = f" and {reason.count - len(reason.rows):,} more" if reason.count > len(reason.rows) else ""
    return ", ".join(map(_row, reason.rows)) + more


def _row(row: Row) -> str:
    return f"{row.position} ({_isolated(row.number)})" if row.number else f"{row.position}"


def _isolated(cell: str) -> str:
    """Return a cell that cannot turn its neighbours round, when it is written from right to left."""
    turns = any(bidirectional(letter) in _TURNING for letter in cell)
    return f"\N{FIRST STRONG ISOLATE}{cell}\N{POP DIRECTIONAL ISOLATE}" if turns else cell


def left_to_do(report: Report) -> Section:
    """Return what is not finished, and what goes on with it."""
    if not report.unfinished:
        return Section("open", "Left to do", say.NOTHING_TO_DO, wide=True)
    return Section(
        "open",
        "Left to do",
        say.not_finished(report.made_at if report.running else None),
        table=Table(
            ("People", "They", "Command"),
            [(f"{one.count:,}", one.words, one.command) for one in report.unfinished],
            numbers=frozenset({0}),
            code=2,
        ),
        wide=True,
    )
