"""A new campaign file as text: what is settled is written, what may be set besides is shown as a comment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.batch import stem_of
from dialer.config.campaign import PLACEHOLDER
from dialer.messages.operations import campaign_lines as say
from dialer.messages.toml import array, key, quoted
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CAMPAIGN = Template("""\
# A campaign file: who is called, by which agent, how fast. Lines that begin with # are off.

# The agent's id, from $provider's dashboard.
agent_id = $agent$agent_note
recipients = $recipients
results = $results   # each list has results of its own

[columns]
phone = $phone
# id = "customer_id"            # a stable identity; needed where two people share a number
# from = "caller_id"            # per row: the caller number
# scheduled_at = "call_at"      # per row: when $provider is to call
# timezone = "timezone"         # per row: a name like Asia/Kolkata

[csv]
$region
$encoding

# What is sent to $provider with each call, and what the agent hears: variable = column. Nothing else is sent.
$left_out\
[user_data]
$user_data\
# clinic = { value = "Sunrise" }   # a constant

[call]
# from_phone_number = ["+918035000001"]
# scheduled_at = "2026-12-01T10:00:00+05:30"

[pacing]
rate = "300/minute"             # $provider allows $calls for the whole organisation
max_in_flight = 20

# When somebody may be called, by their own clock; without this table at any time:
$window\
# days = ["mon", "tue", "wed", "thu", "fri"]
# timezone = "Asia/Kolkata"     # of everybody without one of their own; default: that of the number
# outside = "leave"             # leave them to a later run | wait

# By whose clock times are shown, and `start` and `until` are meant:
$schedule
[screening]
duplicates = "skip"             # skip | refuse | call (needs an id column)
# suppression = ["opted_out.csv"]
$skip\
$required\
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a new campaign file is to say.

    Attributes:
        header: the list's columns.
        phones: the columns of the numbers, in order.
        agent: the agent's id; the placeholder where it is not known.
        region: ISO code of the country of numbers without a plus.
        plus_lost: whether these have lost it.
        encoding: as it was named.
        mapping: variable → column: what is sent.
        missing: variables that the prompt asks for and no column holds.
        hours: by the recipients' clocks; None for any time of the day.
        rules: for the recipients' countries, each with what it is for.
        together: what these leave of each day with `hours`; empty where the days differ.
        timezone: the one in which all recipients are; None where there are several.
        skip: column → cells of people who are not called.
    """

    header: tuple[str, ...]
    phones: tuple[str, ...]
    agent: str = PLACEHOLDER
    region: str | None = None
    plus_lost: bool = False
    encoding: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    hours: str | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    together: str = ""
    timezone: str | None = None
    skip: Mapping[str, Sequence[str]] = field(default_factory=dict)


def can_be_sent(name: str) -> bool:
    """Tell whether a column can be a variable of its name: the provider fills some in itself, and one is ours."""
    return name not in provider.VENDOR.reserved and name != VARIABLE


def campaign_text(draft: Draft, *, recipients: Path, target: Path) -> str:
    """Return the text of a campaign file.

    Args:
        draft: what it says.
        recipients: the list.
        target: where it will lie.
    """
    vendor = provider.VENDOR
    columns = list(draft.mapping.values())
    return _CAMPAIGN.substitute(
        provider=vendor.names.name,
        calls=vendor.limits.calls,
        agent=quoted(draft.agent),
        agent_note=say.YOUR_AGENT if draft.agent == PLACEHOLDER else "",
        recipients=quoted(_from(target, recipients)),
        results=quoted(_results(target, recipients)),
        phone=quoted(draft.phones[0]) if len(draft.phones) == 1 else array(draft.phones),
        region=say.PLUS_LOST_LINE
        if draft.plus_lost
        else say.REGION_LINE
        if draft.region is None
        else f"region = {quoted(draft.region)}",
        encoding=say.ENCODING_LINE if draft.encoding is None else f"encoding = {quoted(draft.encoding)}",
        left_out=_left_out(draft),
        user_data=_user_data(draft),
        window=_window(draft),
        schedule=_schedule(draft),
        skip=_skip(draft),
        required=say.required(columns[0]) if columns else "",
    )


def _left_out(draft: Draft) -> str:
    others = [name for name in draft.header if name not in {*draft.phones, *draft.mapping.values()}]
    reserved = [name for name in others if not can_be_sent(name)]
    rest = [name for name in others if can_be_sent(name)]
    lines = [say.left_out(_plain(reserved), provider.VENDOR.names.name)] if reserved else []
    return "".join([*lines, *([say.not_sent(_plain(rest))] if rest else [])])


def _user_data(draft: Draft) -> str:
    lines = [f"{key(name)} = {quoted(column)}\n" for name, column in draft.mapping.items()]
    return "".join([*lines, say.no_column(draft.missing)])


def _window(draft: Draft) -> str:
    if draft.hours is None:
        return f'# [window]\n# hours = "09:00-20:00"\n# rules = ["us-federal"]{say.RULES}\n'
    rules = (
        f"rules = {array(tuple(draft.rules))}{say.all_rules(draft.together)}"
        if draft.rules
        else f'# rules = ["us-federal"]{say.RULES}'
    )
    about = "".join(say.rule(name, about) for name, about in draft.rules.items())
    return f"[window]\nhours = {quoted(draft.hours)}\n{about}{rules}\n"


def _schedule(draft: Draft) -> str:
    if draft.timezone is None:
        return say.NO_SCHEDULE
    return f"[schedule]\ntimezone = {quoted(draft.timezone)}\n"


def _skip(draft: Draft) -> str:
    if not draft.skip:
        return ""
    columns = ", ".join(f"{key(column)} = {array(values)}" for column, values in draft.skip.items())
    return say.skip(columns)


def _from(target: Path, recipients: Path) -> str:
    """Return the CSV's path as the campaign file has to name it; symbolic links of folders are followed."""
    there = recipients.parent.resolve() / recipients.name
    path = Path(os.path.relpath(there, target.parent.resolve())).as_posix()
    return f"./{path}" if path.startswith("~") else path


def _results(target: Path, recipients: Path) -> str:
    """Return where the results go: of two campaign files for one list each has its own."""
    return f"{'' if target.stem == stem_of(recipients) else '{campaign}.'}{{recipients}}.results.csv"


def _plain(names: Sequence[str]) -> str:
    """Return names for a comment, where a line break would end it."""
    return ", ".join(name if name.isprintable() else quoted(name) for name in names)
