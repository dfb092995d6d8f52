"""The part of a report on conversations: answers, recipients to call back, calls to listen to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.export.report.answers import plain
from dialer.export.report.parts import Bar, Bars, Section, Table, Tone, isolated
from dialer.export.report.unfinished import NOT_REACHED
from dialer.messages.export import conversations as spoken
from dialer.messages.export import report as say
from dialer.messages.export.figures import counted, moment, share, time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.export.report.answers import Question
    from dialer.export.report.call_backs import CallBack
    from dialer.export.report.figures import Funnel, Report


def answers(report: Report) -> Iterator[Section]:
    """Yield what people said, a section for each question."""
    names = [one.name for one in report.answers]
    for at, question in enumerate(report.answers, 1):
        topic = plain(question.topic) if names.count(question.name) > 1 else ""
        yield _question(f"answers-{at}", spoken.question(topic, plain(question.name)), question, report.funnel)


def _question(name: str, title: str, question: Question, funnel: Funnel) -> Section:
    rows = [(one.words, one.people) for one in question.answers]
    rows += [(say.OTHER_ANSWERS, question.others)] if question.others else []
    tones = [Tone.ACCENT if one.is_wanted or funnel.wanted is None else Tone.QUIET for one in question.answers]
    return Section(
        name,
        isolated(title),
        spoken.answered(question.people, funnel.reached),
        chart=Bars(
            [
                Bar(words, people, counted(people, question.people), tone)
                for (words, people), tone in zip(rows, [*tones, Tone.QUIET], strict=False)
            ]
        ),
        table=Table(
            (say.ANSWER, say.PEOPLE, say.SHARE),
            [(isolated(words), f"{people:,}", share(people, question.people)) for words, people in rows],
            numbers=frozenset({1, 2}),
        ),
        note=spoken.BY_AGENT,
    )


def people(report: Report) -> Iterator[Section]:
    """Yield the recipients to call back, and the calls to listen to."""
    if report.call_backs.people:
        yield _call_backs(report)
    if report.recordings:
        yield _recordings(report)


def _call_backs(report: Report) -> Section:
    found = report.call_backs
    missed = sum(one.count for one in report.unfinished if one.what == NOT_REACHED)
    table = Table(
        (spoken.ROW, spoken.NUMBER, say.WHY, say.LAST_CALL, spoken.RECORDING),
        [(f"{one.position}", one.number, _why(one), moment(one.at), one.recording) for one in found.people],
        numbers=frozenset({0}),
        whole=frozenset({1}),
        link=4,
    )
    return Section(
        "call-back",
        spoken.CALL_BACK,
        spoken.call_back(found.asked, missed),
        table=_with_links(table),
        note=spoken.first_of_each(more=len(found.people) < found.asked + missed, masked=report.masked),
        wide=True,
    )


def _why(one: CallBack) -> str:
    if one.asked:
        return spoken.asked_for(isolated(one.words))
    return spoken.not_reached(one.words, one.calls)


def _recordings(report: Report) -> Section:
    return Section(
        "recordings",
        spoken.LISTEN,
        spoken.LONGEST_CALLS,
        table=Table(
            (spoken.ROW, spoken.NUMBER, spoken.WHEN, say.LENGTH, spoken.RECORDING),
            [(f"{one.position}", one.number, moment(one.at), time(one.seconds), one.link) for one in report.recordings],
            numbers=frozenset({0, 3}),
            whole=frozenset({1}),
            link=4,
        ),
        wide=True,
    )


def _with_links(table: Table) -> Table:
    """Return a table without its last column, where that has no link in it."""
    if any(row[-1] for row in table.rows):
        return table
    rows: Sequence[Sequence[str]] = [row[:-1] for row in table.rows]
    return replace(table, names=table.names[:-1], rows=rows, link=None)
