"""A folder with a campaign and a CSV, and a Bolna that knows nobody: what most tests start from."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from dialer import RunOptions, Summary, load_campaign, run_campaign_sync

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dialer.provider.bolna.sandbox import Sandbox

AGENT = "123e4567-e89b-12d3-a456-426655440000"
AWKWARD = (
    "", "NA", "null", "nan", "None", "007", "1e5", " padded ", 'quoted "word"', "a,b;c\td", "two\nlines",
    "two\r\nlines", "'apostrophe", "=SUM(A1)", "+1", "-5", "@home", "Zoë", "अनन्या", "李娜", "ليلى", "🙂", "\u200b",
    "true", "1.0", "{x}",
)  # fmt: skip


@dataclass
class Place:
    """A folder with a campaign, and a Bolna that knows nobody."""

    folder: Path
    sandbox: Sandbox

    def campaign(self, *, name: str = "c", more: str = "", recipients: str = "list.csv") -> Path:
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'agent_id = "{AGENT}"\nrecipients = "{recipients}"\n{more}\n'
            '[pacing]\nrate = "5000/second"\nmax_in_flight = 20\nreads = "5000/second"\n',
            encoding="utf-8",
        )
        return path

    def recipients(self, rows: Sequence[Sequence[str]], *, header: Sequence[str], name: str = "list.csv") -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])

    def results(self, name: str = "c.results.csv") -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def calls(self) -> list[dict[str, Any]]:
        """Return the bodies of every call placed, in order."""
        return [call.body for call in self.sandbox.book.calls]


def number(index: int) -> str:
    return f"+9198{index:08d}"


def awkward(count: int, *, start: int = 0) -> list[list[str]]:
    """Return rows whose cells are as ops really send them."""
    source = random.Random(start)
    return [
        [number(start + index), source.choice(AWKWARD), source.choice(AWKWARD) + str(index), f" {index} "]
        for index in range(count)
    ]


HEADER = ["contact_number", "customer_name", "notice, long", "ref"]


def variables(call: dict[str, Any]) -> dict[str, str]:
    given: dict[str, str] = dict(call["user_data"])
    assert given.pop("dialer_ref")
    return given


def run(path: Path, **given: Any) -> Summary:  # noqa: ANN401 - options of a run, or who is asked and shown something
    options = {field.name: given.pop(field.name) for field in fields(RunOptions) if field.name in given}
    return run_campaign_sync(load_campaign(path), RunOptions(**options), **given)
