"""What is said when ledgers are looked for: by `list`, `show` and `backup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import added

if TYPE_CHECKING:
    from pathlib import Path

MISSING = "it is missing"
OLDER_BATCH = (
    "An older version of dialer made this batch, and its ledger does not name its campaign file. "
    "Run its campaign once in a terminal."
)


def campaign_missing(campaign: Path) -> str:
    return f"The campaign file {campaign} is missing. To go on with this batch, or for its report, bring it back."


def campaign_unfit(campaign: Path) -> str:
    return (
        f"{campaign} is not a campaign file of this workspace: it has no `recipients`, or is in another folder. To go "
        "on with this batch, or for its report, put that right."
    )


def not_listed(ledger: Path, *, registry: Path, command: str) -> str:
    return (
        f"{ledger}: {registry} does not list this ledger, and there is no such file. To see which ledgers there are: "
        f"{command}"
    )


def sound(ledger: Path) -> str:
    return (
        f"{ledger}: this ledger is sound, and keeps people from being called again. Only a ledger that is "
        "missing or damaged can be forgotten."
    )


def no_folder(folder: Path) -> str:
    return f"{folder}: there is no such folder."


def no_ledger(folder: Path, *, has_trials: bool) -> str:
    then = f"There are trials: {added('--sandbox')}." if has_trials else "Name another: --in FOLDER."
    return f"{folder}: no ledger was found in this folder or in the folders below it. {then}"


def no_batch(database: str) -> str:
    return f"The database {database} has no batch yet. The first run of a campaign makes one."


NO_COUNTRY = "it does not say the country"


def not_a_number(text: str, *, why: str) -> str:
    return f"{text!r}: {why}. Write the number with + and the country code, like +91 98765 43210."
