"""What `init` asks and why, what it is not sure of, and what it has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.escaping import on_one_line
from dialer.messages.commands import command_text
from dialer.messages.intake.phone_column import share
from dialer.messages.toml import array, key, quoted
from dialer.messages.words import many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dialer.messages.names import ProviderNames

_SHOWN = 30
"""So many columns are named one by one."""
_WIDE = 40
"""Characters of an example."""

# -- the campaign file itself ------------------------------------------------------------------------------------------


def name_unfit(name: str) -> str:
    return f"{name!r}: a campaign file cannot hold this name. Rename the CSV."


def campaign_exists(path: Path) -> str:
    return f"{path} exists already; name another file with --to FILE, or edit that one."


def campaign_unwritable(path: Path, *, why: str | None) -> str:
    return f"{path}: cannot be written ({why})."


def other_encoding(encoding: str) -> str:
    return f"Add the one that reads right, like --encoding {encoding}, or save the file as CSV UTF-8."


# -- the columns of the numbers ----------------------------------------------------------------------------------------


def candidate(name: str, *, numbers: int, cells: int, examples: Sequence[str]) -> str:
    """Say what a column holds."""
    like = f", like {' and '.join(map(_cut, examples))}" if examples else ""
    return f"{on_one_line(name)}: {share(numbers, cells)}{like}"


def which_columns(path: Path, *, several: bool) -> str:
    """Ask which columns hold the phone numbers; several: more than one may."""
    why = "several columns may hold the phone numbers" if several else "it is not clear which column holds the numbers"
    return (
        f"{path}: {why}.\n"
        "Name one, or several in order, like 1,2: the first that is filled in a row is called, and no other."
    )


WHICH = "Which one?"


def phone_doubt(candidates: Sequence[tuple[str, int, int]], proposed: Sequence[str], columns: Sequence[str]) -> str:
    """Say that it is not clear which column holds them, with the lines to write.

    Args:
        candidates: of each its name, how many of its cells are numbers, and how many were looked at.
        proposed: those that are likely, in order.
        columns: all there are.
    """
    what = "Which column holds the phone numbers? In [columns]"
    if not candidates:
        return f"{what}: phone = {quoted('')}   # one of: {_listed(columns)}"
    lines = [f"phone = {quoted(name)}   # {share(numbers, cells)}" for name, numbers, cells in candidates]
    if len(proposed) > 1:
        lines.insert(0, f"phone = {array(proposed)}   # of each row the first that is filled")
    return _lines(f"{what}{' one of these lines' if len(lines) > 1 else ''}:", lines)


def no_such_choice(text: str, *, options: int) -> str:
    choice = f"a number from 1 to {options}, or a name as it is written there"
    return f"{text!r} is none of them: write {choice}." if text else f"Write {choice}."


# -- the country of the numbers ----------------------------------------------------------------------------------------


def country(
    count: int,
    *,
    of: int,
    examples: Sequence[str],
    likely: str,
    why: str,
    fitting: Sequence[str],
    places: Sequence[tuple[str, int]],
    doubtful: tuple[str, Sequence[str]] | None,
) -> str:
    """Ask of which country the numbers without a country code are.

    Args:
        count: how many have none.
        of: how many numbers there are.
        examples: some of them.
        likely: the country's name that the list names itself; empty where it names none.
        why: how it names it, in words.
        fitting: ISO codes of the countries in which they would be numbers.
        places: where they belong if they have only lost their plus.
        doubtful: one of them that may be of several countries of the list, and their names.
    """
    has = "has" if count == 1 else "have"
    lines = [f"{count:,} of {many(of, 'number')} {has} no country code, like {' and '.join(map(_cut, examples))}."]
    if likely:
        lines.append(f"They look like numbers of {likely}: {why}.")
    elif places and not fitting:
        named = ", ".join(f"{place} {number:,}" for place, number in places[:3])
        lines.append(f"With a + in front they are numbers of: {named}. A spreadsheet takes the + away.")
    elif fitting:
        lines.append(f"They would be numbers of any of these: {', '.join(fitting[:_SHOWN])}.")
    if doubtful:
        cell, countries = doubtful
        lines.append(
            f"Careful: {_cut(cell)} is valid in {' and in '.join(countries)}, and this list has numbers of several "
            "countries. Your answer is for all of them; check names the rows that may be of another country."
        )
    return "\n".join(lines)


COUNTRY = "Which country? A code like IN; + if only the + is missing; none: they are not called."


def named_by_column(column: str) -> str:
    return f'the column "{on_one_line(column)}" says so'


NAMED_BY_OTHERS = "the numbers with a country code are from there"
ONLY_ONE = "nearly all are valid there, and in no other country"


def country_doubt(count: int, *, of: int, likely: str | None, plus_lost: bool) -> str:
    line = "plus_lost = true" if plus_lost else f"region = {quoted(likely or '')}"
    has = "has" if count == 1 else "have"
    return _lines(f"{count:,} of {many(of, 'number')} {has} no country code. Of which country? In [csv]:", [line])


def no_country(text: str) -> str:
    return f"{text!r} is not a country. Write its two capital letters, like IN, or its name."


def none_valid(answer: str) -> str:
    return f"With {answer} none of them is a valid number."


# -- who wants no calls ------------------------------------------------------------------------------------------------


def opt_out(column: str, *, values: Mapping[str, int], rows: int) -> str:
    """Ask whether to leave out the people who want no calls, as a column says."""
    said = " or ".join(f"{_cut(value)} in {count:,}" for value, count in list(values.items())[:3])
    total = many(rows, "row")
    these = "this person seems" if sum(values.values()) == 1 else "these people seem"
    return (
        f'The column "{on_one_line(column)}" is {said} of {total}: {these} to want no calls.\n'
        "This leaves out only these rows: another row with the same number is still called. To block a number "
        f"everywhere: {command_text('dnc', 'add')}"
    )


LEAVE_OUT = "Leave them out? y or n."
YES_OR_NO = "Write y or n."


# -- the agent and what it hears ---------------------------------------------------------------------------------------


def agent(names: ProviderNames) -> str:
    return f"Which agent calls? These are in your {names.name} account:"


def agent_option(identity: str, name: str) -> str:
    return f"{on_one_line(name) or '(no name)'}  {on_one_line(identity)}"


def agent_doubt(agents: Mapping[str, str], names: ProviderNames) -> str:
    lines = [f"agent_id = {quoted(identity)}   # {on_one_line(name)}" for identity, name in agents.items()]
    return _lines(f"Which agent calls? At the top, or as {names.agent} in the environment:", lines[:_SHOWN])


def no_agents(names: ProviderNames) -> str:
    return f"Your {names.name} account has no agent yet: make one on its dashboard."


def account_unread(words: str, names: ProviderNames) -> str:
    return f"{names.name} could not be asked for your agents ({words}), so the prompt's variables are not known."


TOO_SLOW = "no answer in time"


def variable(name: str, *, agent: str) -> str:
    who = f"The prompt of {agent!r}" if agent else "The agent's prompt"
    return f"{who} asks for {{{on_one_line(name)}}}. Which column holds it? Without one, the agent says nothing there."


def variables_doubt(guesses: Mapping[str, str | None], columns: Sequence[str]) -> str:
    """Say which variables of the prompt have no column of their name; a guess is a column that may be meant."""
    lines = [
        f"{key(name)} = {quoted(guess or '')}{'   # is it this column?' if guess else ''}"
        for name, guess in guesses.items()
    ]
    return _lines(f"Which columns hold what the prompt asks for ({_listed(columns)})? In [user_data]:", lines)


def columns_to_send(names: ProviderNames) -> str:
    return (
        f"Which columns may the agent hear? What you name is sent to {names.name} with each call; without a "
        f"{names.key} it is not known what the prompt asks for."
    )


COLUMNS = "Which ones? Numbers like 1,3-5, or all, or none."
NO_COLUMN = "Which one? A number or a column's name, or none."


# -- hours -------------------------------------------------------------------------------------------------------------


def hours(times: str, *, preset: str, packs: Mapping[str, str], about: Mapping[str, str]) -> str:
    """Ask when somebody may be called.

    Args:
        times: what time it is where the recipients are, in words; empty where that is not known.
        preset: the hours that are proposed.
        packs: the rules for the recipients' countries, each with its hours; those are empty where the days differ.
        about: which calls each of them is for.
    """
    lines = ["When may they be called, by their own clock?", *([f"It is now {times}."] if times else [])]
    if packs:
        lines.append(f"{'This rule narrows' if len(packs) == 1 else 'These rules narrow'} the hours:")
        lines += [f"- {_with_hours({name: packs[name]})}: {calls}" for name, calls in about.items()]
        lines.append("If your calls are of another kind, delete the rule from `rules` in the file that is written.")
    anytime = "any time of the day, without these rules" if packs else "any time of the day"
    return "\n".join([*lines, f"Write hours like {preset}, or any: {anytime}."])


HOURS = "Hours?"


# -- the outcome -------------------------------------------------------------------------------------------------------


def not_sure(path: Path, doubts: Sequence[str], *, target: Path, is_named: bool, encoding: str | None) -> str:
    """Say what cannot be known without asking.

    Args:
        path: the list.
        doubts: what is not clear.
        target: the campaign file.
        is_named: whether its name was given.
        encoding: of the list, where it was named.
    """
    those = "\n".join(f"- {doubt}" for doubt in doubts)
    options = (*(("--to", target) if is_named else ()), *(("--encoding", encoding) if encoding else ()))
    read_as = f", encoding = {quoted(encoding)} in [csv]" if encoding else ""
    return (
        f"{path}: no campaign file is written, since something is not clear.\n{those}\n"
        f"On a terminal, this command asks: {command_text('init', path, *options)}\n"
        f"Or write {target} by hand, with agent_id, recipients{read_as} and these lines."
    )


def sent(mapping: Mapping[str, str], *, of: int, names: ProviderNames) -> str:
    """Say what leaves with each call."""
    each = [name if name == column else f"{name} ({column})" for name, column in mapping.items()]
    rest = of - len(set(mapping.values()))
    others = f"; {many(rest, 'other column is', 'other columns are')} not" if rest else ""
    # All of them are named, however many: what leaves is said.
    return f"Sent to {names.name} with each call: {', '.join(map(on_one_line, each)) or 'no column'}{others}"


def numbers_from(columns: Sequence[str]) -> str:
    return f"Numbers: {', else '.join(map(on_one_line, columns))}"


def country_taken(name: str) -> str:
    return f"Numbers without a country code: {name}"


PLUS_LOST = "Numbers without a +: with a + in front"
UNCALLED = "Numbers without a country code: not called"


def skipped(column: str, values: Sequence[str], rows: int) -> str:
    return f'Not called: {many(rows, "row")} with {" or ".join(map(_cut, values))} in "{on_one_line(column)}"'


ANY_HOURS = "Hours: any time of the day"


def hours_taken(hours: str, rules: Mapping[str, str], *, together: str) -> str:
    """Say when people may be called.

    Args:
        hours: by their own clock.
        rules: what narrows these, each with its hours.
        together: what is left of each day; empty where the days differ.
    """
    within = f", within {_with_hours(rules)}{f': together {together}' if together else ''}" if rules else ""
    return f"Hours: {hours} by their own clock{within}"


def rule_is_for(name: str, about: str) -> str:
    return f"Rule {name}: {about}"


def _with_hours(rules: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({hours})" if hours else name for name, hours in rules.items())


def agent_taken(name: str, identity: str) -> str:
    return f"Agent: {agent_option(identity, name) if name else identity}"


def no_column_for(variables: Iterable[str]) -> str:
    listed = ", ".join(f"{{{on_one_line(name)}}}" for name in variables)
    return f"The agent says nothing for these, since no column holds them: {listed}"


def written(path: Path, lines: Sequence[str], *, command: str, trial: str, needs_agent: bool) -> str:
    """Say what was written and what to do next: a check, or, before there is an agent, a trial."""
    following = [f"Put the agent's id in, then: {command}", f"To try it before that: {trial}"]
    if not needs_agent:
        following = [f"Next: {command}"]
    return "\n".join([f"{path} is written.", *(f"  {line}" for line in lines), *following])


def _lines(what: str, lines: Iterable[str]) -> str:
    return "\n".join([what, *(f"    {line}" for line in lines)])


def _cut(text: str) -> str:
    shown = on_one_line(text)
    return shown if len(shown) <= _WIDE else f"{shown[:_WIDE]}…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(on_one_line, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
