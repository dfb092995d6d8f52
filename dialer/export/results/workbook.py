"""The results as a workbook for people: everybody with types and filters, the figures, and the reasons counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dialer.export.results.cells import shown
from dialer.export.results.columns import columns, reason
from dialer.export.results.xlsx import (
    COLUMNS,
    ROWS,
    Cell,
    NumbersTitle,
    Share,
    Sheet,
    Title,
    as_cell,
    write_workbook,
)
from dialer.messages.export import workbook as say
from dialer.messages.words import NOT_ASKED, NOT_KNOWN, ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from dialer.export.results.columns import Column
    from dialer.messages.names import ProviderNames
    from dialer.models import CallCount, ResultRow, Status

_REASONS: Final = 1000
"""Reasons that are counted each for itself: what a provider says may differ from call to call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a workbook is about.

    Attributes:
        batch: the batch's name.
        campaign: the campaign file's name.
        recipients: the list's name.
        csv: the name of the CSV that has all of it.
        at: when it is written (UTC).
        rehearsal: no phone rang.
        currency: of the costs; None where `dialer.toml` does not say.
        calls: how the accepted calls stand.
        reached: how many people were reached; None where the provider was not asked yet.
        names: of the provider.
    """

    batch: str
    campaign: str
    recipients: str
    csv: str
    at: datetime
    rehearsal: bool
    currency: str | None
    calls: Sequence[CallCount]
    reached: int | None
    names: ProviderNames


@dataclass(slots=True)
class Workbook:
    """The results of one batch on three sheets.

    Attributes:
        about: what it is about.
        header: the input's columns.
        with_id: the campaign names an id column.
        parts: which long parts of calls are shown; None where no call was tracked.
        rows: how many rows the results have, once it is written.
        left_out: what does not fit on a sheet, in words, once it is written.
    """

    about: About
    header: Sequence[str]
    with_id: bool
    parts: Collection[str] | None
    rows: int = 0
    left_out: list[str] = field(default_factory=list)
    _statuses: Counter[Status] = field(default_factory=Counter)
    _reasons: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _gone: int = 0

    def write(self, path: Path, rows: Iterable[ResultRow], *, watch: Callable[[], None] = lambda: None) -> None:
        """Write it; it takes the place of the one at that path when all is written.

        Args:
            path: it is written there.
            rows: the results.
            watch: called all the while; what it raises ends the writing.

        Raises:
            ImportError: the package that writes it is not installed.
            OSError: it cannot be written; the former one is as it was.
        """
        write_workbook(
            path,
            [
                Sheet(say.PEOPLE, self._people(rows, watch)),
                Sheet(say.FIGURES, self._figures(), is_table=False),
                Sheet(say.REASONS_SHEET, self._counted_reasons(), widest=100),
            ],
            watch=watch,
        )

    def _people(self, rows: Iterable[ResultRow], watch: Callable[[], None]) -> Iterator[Sequence[Cell]]:
        ours = columns(with_id=self.with_id, parts=self.parts)
        names = [*(column.name for column in ours), *map(shown, self.header)]
        cells, header = [_cell_of(column) for column in ours], self.header[: COLUMNS - len(ours)]
        yield names[:COLUMNS]
        for row in rows:
            watch()
            self.rows += 1
            self._count(row)
            if self.rows <= ROWS:
                yield [*[cell(row) for cell in cells], *map(row.cells.get, header)]
        if self.rows > ROWS:
            self.left_out.append(say.too_many_rows(self.rows, held=ROWS, csv=self.about.csv))
        if len(names) > COLUMNS:
            self.left_out.append(say.too_many_columns(len(names), held=COLUMNS, csv=self.about.csv))

    def _count(self, row: ResultRow) -> None:
        if row.position is None:
            self._gone += 1
        else:
            self._statuses[row.status] += 1
        if why := say.why(row):
            kind = (str(row.status), row.call.outcome if row.call else "", reason(row), why)
            is_one_more = kind not in self._reasons and len(self._reasons) >= _REASONS
            self._reasons[("", "", "", say.OTHER_REASONS) if is_one_more else kind] += 1

    def _figures(self) -> Iterator[Sequence[Cell]]:
        about = self.about
        yield (Title(say.figures_of(about.batch)),)
        yield (say.LIST, about.recipients)
        yield (say.CAMPAIGN, about.campaign)
        yield (say.AS_OF, as_cell(about.at))
        yield from ((Title(text),) for text in self.left_out)
        if about.rehearsal:
            yield (Title(say.rehearsal(about.names)),)
        yield ()
        yield from self._rows_of_the_list()
        if about.calls:
            yield ()
            yield from self._accepted_calls()

    def _rows_of_the_list(self) -> Iterator[Sequence[Cell]]:
        total = self._statuses.total()
        yield (Title(say.ROWS_OF_THE_LIST), None, *map(NumbersTitle, (say.ROWS, say.SHARE)))
        for status in ORDER:
            if count := self._statuses[status]:
                yield (str(status), say.meaning(status, self.about.names), count, Share(count / total))
        yield (say.ALL_ROWS, None, total)
        if self._gone:
            yield (say.MORE_ROWS, say.NOT_IN_THE_LIST, self._gone)

    def _accepted_calls(self) -> Iterator[Sequence[Cell]]:
        about, total = self.about, sum(count.calls for count in self.about.calls)
        unit = 1.0 if about.currency is None else 100.0
        heads = (say.CALLS, say.SHARE, say.SECONDS, say.cost(about.currency))
        yield (Title(say.ACCEPTED_CALLS), None, *map(NumbersTitle, heads))
        for count in about.calls:
            outcome = count.outcome or (NOT_KNOWN if count.asked else NOT_ASKED)
            share = Share(count.calls / total)
            yield (outcome, None, count.calls, share, as_cell(count.seconds), as_cell(count.cost / unit))
        seconds = sum(count.seconds for count in about.calls)
        cost = sum(count.cost for count in about.calls)
        yield (say.ALL_CALLS, None, total, None, as_cell(seconds), as_cell(cost / unit))
        if about.reached is not None:
            yield (say.PEOPLE_REACHED, say.REACHED_MEANS, about.reached)
        if about.currency is not None:
            yield ()
            yield (Title(say.call_cost(about.currency, about.names)),)

    def _counted_reasons(self) -> Iterator[Sequence[Cell]]:
        yield say.REASONS_HEAD
        for kind, count in self._reasons.most_common():
            yield (*kind, count)


def _cell_of(column: Column) -> Callable[[ResultRow], Cell]:
    """Return what makes a column's cell: a count, a text, or a value of its own."""
    value = column.value
    if value is None:
        return column.write  # type: ignore[return-value] # a count or a text
    return lambda row: as_cell(value(row))
