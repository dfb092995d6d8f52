"""Reports of ledgers, made as the tests of reports need them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dialer.config.batch import Batch
from dialer.export.report import View, Wanted, gather
from dialer.messages.commands import Selection
from dialer.provider.bolna.executions import execution_in
from dialer.store.sqlite import Ledger
from tests.ledgers import QUEUED, render

if TYPE_CHECKING:
    from dialer.export.report import Report
    from dialer.provider.interface import Execution

MADE = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)


def batch_in(folder: Path, name: str = "monday") -> Batch:
    """Return a batch of the folder's one campaign."""
    stem = "c" if name == "monday" else f"c.{name}"
    return Batch(
        name=name,
        campaign=folder / "c.toml",
        recipients=folder / "list.csv",
        results=folder / f"{stem}.results.csv",
        ledger=folder / f"{stem}.results.ledger",
        selection=Selection(Path("c.toml")),
    )


def execution(status: str, **fields: Any) -> Execution:  # noqa: ANN401 - any of Bolna's
    found = execution_in({"id": "exec-1", "status": status, **fields})
    assert found is not None
    return found


def report_of(
    batch: Batch,
    *,
    zone: str = "UTC",
    full: bool = False,
    running: bool = False,
    currency: str | None = None,
    wanted: tuple[Wanted, ...] = (),
) -> Report:
    view = View(MADE, ZoneInfo(zone), full_numbers=full, running=running, currency=currency, wanted=wanted)
    with contextlib.closing(Ledger.read(batch.ledger)) as ledger:
        return gather(ledger, batch, view)


def called(ledger: Ledger, index: int, status: str, *, at: float | None = None, **fields: Any) -> None:  # noqa: ANN401 - as above
    (attempt,) = ledger.intend(ledger.page(after=index - 1, size=1), render, now=at)
    ledger.settle([(attempt, QUEUED)])
    ledger.note_calls([(attempt.id, execution(status, **fields))])


def talked(seconds: float, *, cost: float = 0.0, machine: bool = False) -> dict[str, Any]:
    return {"conversation_duration": seconds, "total_cost": cost, "answered_by_voice_mail": machine}


def page(report: Report) -> str:
    """Return the page; what draws its charts is loaded only here, since each worker imports all files of tests."""
    from dialer.export.report.page import page as page_of  # noqa: PLC0415 - as above

    return page_of(report)


class Page(HTMLParser):
    """The tags of a page, its ids, and whether every tag is closed where it was opened."""

    VOID = frozenset({"meta", "path"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if not {"style", "title", "svg"} & {*self.open}:
            self.words.append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value or "" for key, value in self.attributes if key == name]
