"""Lists of recipients as ops have them, and campaigns for them."""

from __future__ import annotations

import csv
import os
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
HEADER = ("contact_number", "first_name", "last_name", "city", "appointment", "amount", "note")
UNLIMITED, IN_FLIGHT = "100000/second", 50
_LETTERS = "aeioukmnrstvzñé"
_NATIONAL = 0.1
_AWKWARD = (
    "", "NA", "null", "nan", "None", "007", "1e5", "1E+05", " padded ", "\tpadded\t", 'quoted "word"', '"', '""',
    "a,b;c\td|e", "two\nlines", "two\r\nlines", "\n", "'apostrophe", "=SUM(A1)", "+1", "-5", "@home", "Zoë", "Zoë",
    "अनन्या", "李娜", "ليلى", "🙂", "👩‍👩‍👧", "\u200b", "\u202e", "\ufeff", "\x01\x1b[31m\x7f", "\x85\u2028", "true",
    "1.0", "0.10", "{x}", "\\n", "\\", "long " * 400, "ä" * 3000,
)  # fmt: skip


def write_list(path: Path, rows: int) -> None:
    """Write a list of Indian numbers, nine in ten with +91, one without; few cells are alike, as in real lists.

    No number comes twice: a second row of a number is not called, and the hundred who are left would be fewer.
    """
    chance = random.Random(rows)
    numbers: set[int] = set()
    names = ["".join(chance.choices(_LETTERS, k=chance.randint(3, 11))).title() for _ in range(20_000)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\r\n")
        for row in range(rows):
            mark = "" if chance.random() < _NATIONAL else "+91"
            number = _new_number(chance, numbers)
            first, last, city = chance.choices(names, k=3)
            time_of_day = (
                f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d} {chance.randrange(8, 20):02d}:30"
            )
            amount = f"{chance.randrange(10**7) / 100:.2f}"
            file.write(f'{mark}{number},{first},{last},{city},{time_of_day},{amount},"room {row}, floor 2"\r\n')


def _new_number(chance: random.Random, numbers: set[int]) -> int:
    """Return a number of ten digits that is not among these yet, and add it to them."""
    while (number := chance.randrange(7 * 10**9, 10**10)) in numbers:
        pass
    numbers.add(number)
    return number


def write_awkward(path: Path, rows: int) -> None:
    """Write a list whose cells are as bad as they come; some rows have no number, or one that was there."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_awkward_rows(rows))


def _awkward_rows(rows: int) -> Iterator[list[str]]:
    chance = random.Random(rows)
    # Long cells are rare, so that a million rows still fit on a disk.
    plain = [cell for cell in _AWKWARD if len(cell) < 100]
    for row in range(rows):
        cells = [chance.choice(_AWKWARD if row % 500 == 0 else plain) for _ in HEADER[1:]]
        yield [_awkward_number(row, chance), *cells]


def _awkward_number(row: int, chance: random.Random) -> str:
    number = f"{chance.choice('789')}{chance.randrange(10**9):09d}"
    forms = (f"+91{number}",) * 12 + (
        number, f"0{number}", f"+91 {number[:5]} {number[5:]}", f"91{number}", f" +91{number} ", f"00{91}{number}",
        f"(0{number[:3]}) {number[3:]}", f"+1415{row % 10**7:07d}", "", "n/a", "9.19877E+11", "+9199999999999",
        number[:6], f"+9198{row // 50:08d}",
    )  # fmt: skip
    return chance.choice(forms)


def write_campaign(folder: Path, recipients: Path, *, rate: str = UNLIMITED, in_flight: int = IN_FLIGHT) -> Path:
    """Write a campaign for a list into a new folder, the list beside it; return the campaign file's path."""
    folder.mkdir(parents=True)
    # The same file for all of them: one stamp, and once in the machine's memory.
    os.link(recipients, folder / "people.csv")
    path = folder / "campaign.toml"
    path.write_text(
        f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n[csv]\nregion = "IN"\n'
        f'[pacing]\nrate = "{rate}"\nmax_in_flight = {in_flight}\n',
        encoding="utf-8",
    )
    return path
