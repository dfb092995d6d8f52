"""Write a campaign file for a CSV."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from dialer.batch import stem_of
from dialer.campaign import PLACEHOLDER, RESERVED, agent_in
from dialer.credentials import agent_id
from dialer.errors import InputError, UsageError
from dialer.loader import PHONE_NAMES, examine, phone_column

if TYPE_CHECKING:
    from collections.abc import Sequence

_CAMPAIGN = Template("""\
# A campaign file: who is called, by which agent, how fast. Lines that begin with # are off.

# The agent's id, from Bolna's dashboard.
agent_id = "$agent"$agent_note
recipients = $recipients
# results = "{recipients}.results.csv"   # with this, another CSV is another batch; default: $default

[columns]
phone = $phone$phone_note
# id = "customer_id"            # a stable identity; needed where two people share a number
# from = "caller_id"            # per row: the caller number
# scheduled_at = "call_at"      # per row: when Bolna is to call
# timezone = "timezone"         # per row: a name like Asia/Kolkata

[csv]
# region = "IN"                 # the country of numbers without +; without it they are invalid
# encoding = "cp1252"           # only if the file is not UTF-8

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
rate = "300/minute"             # Bolna allows 500 a minute for the whole organisation
max_in_flight = 20

[screening]
duplicates = "skip"             # skip | refuse | call (needs an id column)
# suppression = ["do_not_call.csv"]
$required\
""")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_campaign(recipients: Path, *, to: Path | None = None) -> Path:
    """Write a commented campaign file that calls everybody in a CSV; return its path.

    Args:
        recipients: the CSV.
        to: the campaign file; None: named after the CSV, in the working directory. It is never overwritten.

    Raises:
        InputError: the CSV cannot be read.
        UsageError: the campaign file exists or cannot be written.
    """
    header = examine(recipients).header
    target = to or Path(f"{stem_of(recipients)}.toml")
    text = _text(recipients, target, header)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{str(recipients)!r}: a campaign file cannot hold this name. Rename the CSV.") from None
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise UsageError(f"{target} exists already; name another file with --to FILE, or edit that one.") from None
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None
    return target


def _text(recipients: Path, target: Path, header: tuple[str, ...]) -> str:
    agent = _agent(target)
    phone, phone_note = _phone(recipients, header)
    variables = [name for name in header if name != phone and name not in RESERVED]
    left_out = [name for name in header if name != phone and name in RESERVED]
    return _CAMPAIGN.substitute(
        agent=agent,
        agent_note="   # <- put yours here" if agent == PLACEHOLDER else "",
        recipients=_quoted(_from(target, recipients)),
        default=_plain([f"{target.stem}.results.csv"]),
        phone=_quoted(phone),
        phone_note=phone_note,
        variables=_plain(variables) or "(none)",
        left_out=f"# Bolna fills in these itself, so they are left out: {_plain(left_out)}\n" if left_out else "",
        user_data="".join(f"# {_key(name)} = {_quoted(name)}\n" for name in variables),
        required=f"# required = [{_quoted(variables[0])}]   # an empty cell makes the row invalid\n"
        if variables
        else "",
    )


def _agent(target: Path) -> str:
    try:
        return agent_in(agent_id(target))
    except ValueError:
        return PLACEHOLDER


def _phone(recipients: Path, header: tuple[str, ...]) -> tuple[str, str]:
    """Return the column that holds the numbers, and what to say of the choice."""
    try:
        return phone_column(header, None, path=recipients), ""
    except InputError:
        usual = [name for name in header if name.casefold().replace(" ", "_") in PHONE_NAMES]
    if usual:
        return usual[0], f"   # <- not sure: could also be {_plain(usual[1:])}"
    return header[0], "   # <- not sure: no column has one of the usual names"


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
