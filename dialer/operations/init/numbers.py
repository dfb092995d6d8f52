"""Whom a new campaign calls: the columns of the numbers, their country, and who wants no calls."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from dialer import numbers
from dialer.escaping import on_one_line
from dialer.input_rows import has_entry
from dialer.intake.country import first_filled, unmarked_numbers, valid_in
from dialer.intake.opt_outs import UnusedOptOuts
from dialer.intake.phone_column import likely_columns, looks_like_number
from dialer.intake.table import chunks
from dialer.messages.operations import init as say
from dialer.operations.init.interview import NOTHING, AnswerError, Question, chosen, is_nothing, is_yes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.intake.country import Unmarked
    from dialer.intake.phone_column import Candidate
    from dialer.intake.table import Table
    from dialer.operations.init.interview import Interview
    from dialer.operations.init.text import Draft

_EXAMPLES: Final = 2
_MOSTLY: Final = 0.5
"""When fewer numbers lack their country code, those rows are left to `check`."""


async def phone_columns(table: Table, interview: Interview) -> tuple[str, ...]:
    """Return the columns of the numbers, in the order in which they count; where that stays a doubt the likely ones."""
    candidates = likely_columns(table)
    sure = [candidate for candidate in candidates if candidate.is_sure]
    alone = sure if len(sure) == 1 else candidates
    if len(alone) == 1 and alone[0].is_usual and alone[0].numbers:
        phones: tuple[str, ...] = (alone[0].name,)
    else:
        phones = await _asked_columns(table, [candidate for candidate in candidates if candidate.numbers], interview)
    interview.note(say.numbers_from(phones))
    return phones


async def _asked_columns(table: Table, candidates: Sequence[Candidate], interview: Interview) -> tuple[str, ...]:
    """Ask which columns hold the numbers where several may, or none seems to."""
    names = [candidate.name for candidate in candidates] or list(table.header)
    proposed = _proposed(table, candidates)
    question = Question(
        words=say.which_columns(table.path, several=len(candidates) > 1),
        prompt=say.WHICH,
        read=lambda answer: chosen(answer, names),
        options=tuple(_shown(table, candidate) for candidate in candidates) or tuple(map(on_one_line, names)),
        proposed=",".join(str(names.index(name) + 1) for name in proposed),
    )
    doubt = say.phone_doubt([candidate.share for candidate in candidates], proposed, table.header)
    return await interview.answer(question, doubt=doubt) or proposed


def _shown(table: Table, candidate: Candidate) -> str:
    at = table.header.index(candidate.name)
    cells = dict.fromkeys(row[at].strip() for row in table.sample)
    examples = list(islice(filter(looks_like_number, cells), _EXAMPLES))
    return say.candidate(candidate.name, numbers=candidate.numbers, cells=candidate.cells, examples=examples)


def _proposed(table: Table, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Return the likeliest column, and those of a usual name that are filled where the ones before are empty."""
    proposed = [candidate.name for candidate in candidates[:1]]
    for candidate in candidates[1:]:
        at = table.header.index(candidate.name)
        lacking = (row for row in table.sample if not first_filled(table, proposed, row))
        if candidate.is_usual and any(has_entry(row[at]) for row in lacking):
            proposed.append(candidate.name)
    return tuple(proposed)


async def with_country(draft: Draft, table: Table, interview: Interview) -> Draft:
    """Settle of which country the numbers without a country code are."""
    found = unmarked_numbers(table, draft.phones) if draft.phones else None
    if found is None:
        return draft
    if not interview.has_person and found.count < _MOSTLY * found.of:
        interview.note(say.UNCALLED)
        return draft
    doubtful = found.doubtful
    words = say.country(
        found.count,
        of=found.of,
        examples=found.examples,
        likely=numbers.country_name(found.likely) if found.likely else "",
        why=_why(found),
        fitting=found.fitting,
        places=found.places,
        doubtful=None if doubtful is None else (doubtful.cell, [*map(numbers.country_name, doubtful.regions)]),
    )
    proposed = "+" if found.is_plus_lost else found.likely or NOTHING
    question = Question(words, say.COUNTRY, lambda answer: _region_in(answer, found.examples), proposed=proposed)
    doubt = say.country_doubt(found.count, of=found.of, likely=found.likely, plus_lost=found.is_plus_lost)
    region = await interview.answer(question, doubt=doubt)
    if region == "+":
        interview.note(say.PLUS_LOST)
        return replace(draft, plus_lost=True)
    interview.note(say.country_taken(numbers.country_name(region)) if region else say.UNCALLED)
    return replace(draft, region=region or None)


async def without_refusers(draft: Draft, table: Table, interview: Interview) -> Draft:
    """Leave out recipients who want no calls; also without a question, because that harms no one."""
    skip: dict[str, tuple[str, ...]] = {}
    opt_outs = UnusedOptOuts(table.header, used=draft.phones)
    for chunk in chunks(table) if opt_outs else ():
        opt_outs.count(chunk.cells)
    for column, values in opt_outs.found().items():
        words = say.opt_out(column, values=values, rows=table.rows)
        if not interview.has_person or await interview.ask(Question(words, say.LEAVE_OUT, is_yes, proposed="y")):
            # Blanks around a text and capitals make no difference there.
            skip[column] = tuple({text.strip().casefold(): text.strip() for text in values}.values())
            interview.note(say.skipped(column, skip[column], sum(values.values())))
    return replace(draft, skip=skip)


def _why(found: Unmarked) -> str:
    if found.named_by:
        return say.named_by_column(found.named_by)
    return say.NAMED_BY_OTHERS if len(found.fitting) > 1 else say.ONLY_ONE


def _region_in(answer: str, examples: Sequence[str]) -> str:
    """Return the country in an answer, `+` for a lost plus, or an empty text for none.

    Raises:
        AnswerError: it is not a country, or none of the examples is a number of that country.
    """
    if is_nothing(answer):
        return ""
    region = answer if answer == "+" else numbers.region_named(answer)
    if region is None:
        raise AnswerError(say.no_country(answer))
    if not valid_in(examples, region=None if region == "+" else region, plus_lost=region == "+"):
        raise AnswerError(say.none_valid(answer))
    return region
