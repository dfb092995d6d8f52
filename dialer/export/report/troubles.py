"""What a report says of what went wrong, was slow, or is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.export.report.parts import Bar, Bars, Section, Table, Tone, isolated, parted
from dialer.messages.export import report as say
from dialer.messages.export.figures import share, time
from dialer.messages.words import many
from dialer.provider import VENDOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.export.report.figures import Reason, Report, Row

_MOST_TRIES: Final = 6
"""So many bars show how often somebody was tried."""
_MOST_ROWS: Final = 30


def tries(report: Report) -> Section:
    """Return how many attempts it took."""
    whole = sum(one.people for one in report.tries)
    again = sum(one.people for one in report.tries if one.attempts > 1)
    in_doubt = any(one.in_doubt for one in report.tries)
    return Section(
        "attempts",
        say.TRIES,
        say.requests(report.requests, people=whole, again=again),
        chart=Bars(
            [
                Bar(
                    many(one.attempts, say.AGAIN),
                    one.people,
                    f"{one.people:,}",
                    Tone.QUIET,
                    one.reached,
                    doubt=one.in_doubt,
                )
                for one in report.tries[:_MOST_TRIES]
            ]
        ),
        table=Table(
            (say.REQUESTS, say.PEOPLE, say.REACHED_, say.SHARE),
            [
                (f"{one.attempts}", f"{one.people:,}", f"{one.reached:,}", share(one.reached, one.people))
                for one in report.tries[:_MOST_ROWS]
            ],
            numbers=frozenset({0, 1, 2, 3}),
        ),
        legend=parted(in_doubt=in_doubt),
        note=say.put_off_counts(VENDOR.names),
    )


def troubles(report: Report) -> Iterator[Section]:
    """Yield what went wrong, was slow, or is not finished; nothing where all is well."""
    slow = _slow_moments(report)
    if slow is not None:
        yield slow
    if report.reasons:
        yield _reasons(report)
    if report.unfinished:
        yield _left_to_do(report)


def _slow_moments(report: Report) -> Section | None:
    slow = report.slow
    if not slow.pauses and not slow.too_many and not slow.put_off:
        return None
    words = [say.stood_still(slow.pauses, seconds=slow.paused)] if slow.pauses else []
    words += [say.too_many(slow.too_many, VENDOR.names)] if slow.too_many else []
    words += [say.made_again(slow.put_off)] if slow.put_off else []
    return Section(
        "slow",
        say.SLOW,
        " ".join(words),
        table=Table(
            (say.began(report.zone), say.LASTED, say.WHY),
            [(f"{one.at:%Y-%m-%d %H:%M:%S}", time(one.seconds), one.words) for one in slow.longest],
            numbers=frozenset({1}),
            whole=frozenset({0}),
        )
        if slow.longest
        else None,
        note=say.LONGEST if slow.pauses > len(slow.longest) else "",
        wide=True,
    )


def _reasons(report: Report) -> Section:
    rows = sum(one.count for one in report.reasons) + report.other_reasons
    return Section(
        "reasons",
        say.ERRORS,
        say.not_called(rows, with_other_reasons=report.other_reasons),
        table=Table(
            (say.ROWS, say.STATUS, say.REASON, say.WHICH),
            [
                (f"{one.count:,}", say.stands(one.status), one.words or say.NO_REASON, _rows(one))
                for one in report.reasons
            ],
            numbers=frozenset({0}),
            whole=frozenset({1}),
        ),
        note=say.WHERE_REASONS_STAND,
        wide=True,
    )


def _rows(reason: Reason) -> str:
    more = f" and {reason.count - len(reason.rows):,} more" if reason.count > len(reason.rows) else ""
    return ", ".join(map(_row, reason.rows)) + more


def _row(row: Row) -> str:
    return f"{row.position} ({isolated(row.number)})" if row.number else f"{row.position}"


def _left_to_do(report: Report) -> Section:
    return Section(
        "open",
        say.LEFT,
        say.not_finished(report.made_at if report.running else None),
        table=Table(
            (say.PEOPLE, say.THEY),
            [(f"{one.count:,}", one.words) for one in report.unfinished],
            numbers=frozenset({0}),
        ),
        wide=True,
    )
