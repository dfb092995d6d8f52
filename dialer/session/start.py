"""Write a campaign file for a CSV."""

from __future__ import annotations

import json
import os
from pathlib import Path

from dialer.campaign import RESERVED
from dialer.errors import InputError, UsageError
from dialer.loader import examine, phone_column


def write_campaign(recipients: Path, *, to: Path | None = None) -> Path:
    """Write a commented campaign file that calls everybody in a CSV; return its path.

    Args:
        recipients: the CSV.
        to: the campaign file; None: named after the CSV, in the working directory. It is never overwritten.

    Raises:
        InputError: the CSV cannot be read.
        UsageError: the campaign file exists or cannot be written.
    """
    table = examine(recipients)
    target = to or Path(f"{recipients.name.split('.')[0]}.toml")
    try:
        phone, guessed = phone_column(table.header, None), True
    except InputError:
        phone, guessed = table.header[0], False
    source = os.path.relpath(recipients.resolve(), target.resolve().parent)
    text = _text(Path(source), table.header, phone=phone, guessed=guessed)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} exists already; name another file with --to FILE, or edit that one.") from None
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}).") from None
    return target


def _text(source: Path, header: tuple[str, ...], *, phone: str, guessed: bool) -> str:
    variables = [name for name in header if name != phone and name not in RESERVED]
    left_out = [name for name in header if name != phone and name in RESERVED]
    agent = os.environ.get("BOLNA_AGENT_ID")
    lines = [
        "# A campaign file: who is called, by which agent, how fast. Lines that begin with # are off.",
        "",
        "# The agent's id, from Bolna's dashboard.",
        f"agent_id = {_quoted(agent or '00000000-0000-0000-0000-000000000000')}"
        + ("" if agent else "   # <- put yours here"),
        f"recipients = {_quoted(source.as_posix())}",
        '# results = "../results/{recipients}.csv"   # another CSV then is another batch; default: beside this file',
        "",
        "[columns]",
        f"phone = {_quoted(phone)}" + ("" if guessed else "   # <- not sure: none of the usual names is in the CSV"),
        '# id = "customer_id"            # a stable identity; needed where two people share a number',
        '# from = "caller_id"            # per row: the caller number',
        '# scheduled_at = "call_at"      # per row: when Bolna is to call',
        '# timezone = "timezone"         # per row: a name like Asia/Kolkata',
        "",
        "[csv]",
        '# region = "IN"                 # the country of numbers without +; without it they are invalid',
        '# encoding = "cp1252"           # only if the file is not UTF-8',
        "",
        f"# The agent hears these variables, each from the column of that name: {', '.join(variables) or '(none)'}",
        *([f"# Bolna fills in these itself, so the columns are left out: {', '.join(left_out)}"] if left_out else []),
        "# With this table only what it names is sent:",
        "# [user_data]",
        *(f"# {_key(name)} = {_quoted(name)}" for name in variables[:20]),
        '# clinic = { value = "Sunrise" }   # a constant',
        "",
        "[call]",
        '# from_phone_number = ["+918035000001"]',
        '# scheduled_at = "2026-12-01T10:00:00+05:30"',
        "",
        "[pacing]",
        'rate = "300/minute"             # Bolna allows 500 a minute for the whole organisation',
        "max_in_flight = 20",
        "",
        "[screening]",
        'duplicates = "skip"             # skip | refuse | call (needs an id column)',
        '# suppression = ["do_not_call.csv"]',
        *([f"# required = [{_quoted(variables[0])}]   # an empty cell makes the row invalid"] if variables else []),
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _quoted(name)
