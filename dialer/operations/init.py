"""Write a campaign file for a CSV."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.batch import stem_of
from dialer.config.campaign import PLACEHOLDER, agent_in
from dialer.config.credentials import agent_id
from dialer.errors import InputError, UsageError
from dialer.export.results import own_file
from dialer.intake.phone_column import likely_columns, refuse_without_header
from dialer.intake.table import examine
from dialer.messages.operations import files as say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.intake.table import Table

_CAMPAIGN = Template("""\
# A campaign file: who is called, by which agent, how fast. Lines that begin with # are off.

# The agent's id, from $provider's dashboard.
agent_id = "$agent"$agent_note
recipients = $recipients
# results = "{recipients}.results.csv"   # with this, another CSV is another batch; default: $default

[columns]
phone = $phone$phone_note
# id = "customer_id"            # a stable identity; needed where two people share a number
# from = "caller_id"            # per row: the caller number
# scheduled_at = "call_at"      # per row: when $provider is to call
# timezone = "timezone"         # per row: a name like Asia/Kolkata

[csv]
# region = "IN"                 # the country of numbers without +; without it they are invalid
$encoding

# The agent hears these variables, each from the column of that name: $variables
$left_out\
# With this table it hears only what the table names:
# [user_data]
$user_data\
# clinic = { value = "Sunrise" }   # a constant

[call]
# from_phone_number = ["+918035000001"]
# scheduled_at = "2026-12-01T10:00:00+05:30"

[pacing]
rate = "300/minute"             # $provider allows $calls for the whole organisation
max_in_flight = 20

# When somebody may be called, by their own clock; without this table at any time:
# [window]
# hours = "09:00-20:00"
# days = ["mon", "tue", "wed", "thu", "fri"]
# rules = ["us-federal"]        # also us-strict, in-promotional, in-collections
# timezone = "Asia/Kolkata"     # of everybody without one of their own; default: that of the number
# outside = "leave"             # leave them to a later run | wait

[screening]
duplicates = "skip"             # skip | refuse | call (needs an id column)
# suppression = ["opted_out.csv"]
$required\
""")
_ENCODING = '# encoding = "cp1252"           # only if the file is not UTF-8'
_SHOWN = 4
"""So many other columns that may hold the numbers are named."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_campaign(recipients: Path, *, to: Path | None = None, encoding: str | None = None) -> Path:
    """Write a commented campaign file that calls everybody in a CSV; return its path.

    Args:
        recipients: the CSV.
        encoding: its encoding; None for UTF-8, or UTF-16 where a byte order mark says so.
        to: the campaign file; None: named after the CSV, in the working directory. It is never overwritten.

    Raises:
        InputError: the CSV cannot be read.
        UsageError: the campaign file exists or cannot be written.
    """
    remedy = say.other_encoding(encoding or "cp1252")
    table = examine(recipients, encoding=encoding, remedy=remedy, known=own_file)
    target = to or Path(f"{stem_of(recipients)}.toml")
    text = _text(table, target, encoding)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise InputError(say.name_unfit(str(recipients))) from None
    try:
        # Only its owner may read it, as the results: it may name people.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(say.campaign_exists(target)) from None
    except OSError as error:
        raise UsageError(say.campaign_unwritable(target, why=error.strerror)) from None
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(content)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise UsageError(say.campaign_unwritable(target, why=error.strerror)) from None
    return target


def _text(table: Table, target: Path, encoding: str | None) -> str:
    agent, vendor = _agent(target), provider.VENDOR
    phone, phone_note = _phone(table)
    refuse_without_header(table, [phone])
    variables = [name for name in table.header if name != phone and name not in vendor.reserved]
    left_out = [name for name in table.header if name != phone and name in vendor.reserved]
    return _CAMPAIGN.substitute(
        provider=vendor.names.name,
        calls=vendor.limits.calls,
        agent=agent,
        agent_note=say.YOUR_AGENT if agent == PLACEHOLDER else "",
        recipients=_quoted(_from(target, table.path)),
        default=_plain([f"{target.stem}.results.csv"]),
        phone=_quoted(phone),
        phone_note=phone_note,
        encoding=_ENCODING if encoding is None else f"encoding = {_quoted(encoding)}",
        variables=_plain(variables) or "(none)",
        left_out=say.left_out(_plain(left_out), vendor.names.name) if left_out else "",
        user_data="".join(f"# {_key(name)} = {_quoted(name)}\n" for name in variables),
        required=say.required(_quoted(variables[0])) if variables else "",
    )


def _agent(target: Path) -> str:
    try:
        return agent_in(agent_id(target))
    except ValueError:
        return PLACEHOLDER


def _phone(table: Table) -> tuple[str, str]:
    """Return the column that holds the numbers, and what to say of the choice."""
    candidates = likely_columns(table)
    if not candidates:
        return table.header[0], say.NO_USUAL_COLUMN
    sure = [candidate for candidate in candidates if candidate.is_sure]
    chosen, *others = sure + [candidate for candidate in candidates if candidate not in sure]
    said = chosen.words() + "".join(f"; {_plain([other.name])}: {other.words()}" for other in others[:_SHOWN])
    if not others and chosen.is_usual:
        return chosen.name, ""
    return chosen.name, f"{'   # ' if len(sure) == 1 else say.NOT_SURE}{said}"


def _from(target: Path, recipients: Path) -> str:
    """Return the CSV's path as the campaign file has to name it; symbolic links of folders are followed."""
    there = recipients.parent.resolve() / recipients.name
    path = Path(os.path.relpath(there, target.parent.resolve())).as_posix()
    return f"./{path}" if path.startswith("~") else path


def _plain(names: Sequence[str]) -> str:
    """Return names for a comment, where a line break would end it."""
    return ", ".join(name if name.isprintable() else _quoted(name) for name in names)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)
