"""The figures of a batch's report, counted by the database: no table is ever held in memory.

A *call* is an attempt that the provider accepted. A call that is `completed`, was not answered by a machine and lasted
longer than 0 seconds has *reached* a person. *People* are the rows of the input that belong to a recipient.
"""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from dialer.input_rows import phone_cell
from dialer.messages.words import alike
from dialer.store.ledger.cells import parse_cells
from dialer.store.ledger.connection import Connected
from dialer.store.ledger.queries import report
from dialer.store.records import Calls, Hold, People, Talked, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Overview(Connected):
    """The part of the ledger that is counted for a report."""

    def span(self) -> tuple[int, float | None, float | None]:
        """Return how many requests were made, and when the first and the last one were (Unix seconds)."""
        with self._errors():
            count, first, last = self._db.execute(report.SPAN).fetchone()
        return count, first, last

    def left(self) -> int:
        """Return how many were called and are no longer in the input."""
        with self._errors():
            (count,) = self._db.execute(report.LEFT).fetchone()
        return int(count)

    def people(self) -> list[People]:
        """Return the people of the input, counted by all that they have in common."""
        rows = self._read(report.PEOPLE)
        return [
            People(count, state, attempts, bool(called), bool(reached), bool(in_doubt), outcome, final)
            for count, state, attempts, called, reached, in_doubt, outcome, final in rows
        ]

    def calls(self) -> list[Calls]:
        """Return all calls, counted by how they ended."""
        rows = self._read(report.CALLS)
        return [
            Calls(count, outcome, final, bool(reached), talked, cost)
            for count, outcome, final, reached, talked, cost in rows
        ]

    def calls_by_time(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield the start of each quarter of an hour (Unix seconds) and the number of calls placed in it.

        Also how many of them reached a person, and for how many that is unknown.
        """
        yield from self._read(report.CALLS_BY_TIME)

    def called_numbers(self) -> Iterator[tuple[int, bool, bool]]:
        """Yield the number of each person with an accepted call.

        Also whether they were reached, and whether that is unknown.
        """
        rows = self._read(report.CALLED_NUMBERS)
        return ((number, bool(reached), bool(in_doubt)) for number, reached, in_doubt in rows)

    def callers(self) -> Iterator[tuple[str | None, str | None, int]]:
        """Yield agent, caller number, and how many people they called; the most frequent first.

        None means the batch's agent, or a caller number that the provider chose.
        """
        yield from self._read(report.CALLERS)

    def answers(self) -> Iterator[tuple[Talked, str]]:
        """Yield what the agent noted (JSON) of each of the people reached: of their last call with a note."""
        for _, each in groupby(self._read(report.ANSWERS), key=itemgetter(0)):
            *_, (_, *call, noted) = each
            yield Talked(*call), noted

    def missed(self, size: int) -> Iterator[tuple[Talked, str, int]]:
        """Yield the first of those whom another call may reach: their last call, its outcome, and how many there were.

        Args:
            size: so many at most.
        """
        return ((Talked(*call), outcome, calls) for *call, outcome, calls in self._read(report.MISSED, size))

    def recorded(self, size: int) -> Iterator[tuple[Talked, float]]:
        """Yield the longest calls that reached somebody and were recorded, and how many seconds they lasted.

        Args:
            size: so many at most.
        """
        return ((Talked(*call), duration) for *call, duration in self._read(report.RECORDED, size))

    def talks(self, *, step: float, ranks: Sequence[int]) -> tuple[list[tuple[int, int]], list[float]]:
        """Return how long the calls that reached somebody lasted.

        Args:
            step: the calls are counted that lasted from so many steps (of seconds) to one more.
            ranks: and the lengths returned of the calls that have so many shorter ones below them.
        """
        return list(self._read(report.TALKS, step)), [next(self._read(report.TALK_AT, rank))[0] for rank in ranks]

    def retried(self) -> list[tuple[int | None, int]]:
        """Return HTTP status (None: no answer) and number of the requests that were surely not taken and made again."""
        return list(self._read(report.RETRIED))

    def refusals(self) -> Iterator[tuple[str, int]]:
        """Yield why rows of the input were refused, without what differs from row to row; the most frequent first."""
        yield from self._read(report.REFUSALS)

    def troubles(self, *, first: int) -> Iterator[Trouble]:
        """Yield what is wrong, by reason: rows not called, calls and redials refused or in doubt, calls that failed.

        Args:
            first: of how many rows the position and the phone cell are given.
        """
        places = self._phone_places()
        rows = self._read(report.TROUBLES, first)
        for (kind, code, http_status, _), same in groupby(rows, key=lambda row: row[:4]):
            some = list(same)
            yield Trouble(
                kind=kind,
                code=code,
                http_status=http_status,
                words=some[0][4],
                rows=some[0][5],
                first=tuple((position, _number(cell, places)) for *_, position, cell in some),
            )

    def holds(self) -> Iterator[Hold]:
        """Yield the times when all sending was held, in order; overlapping ones are merged, with the first reason."""
        spell: Hold | None = None
        for at, seconds, words in self._read(report.HOLDS):
            found = Hold(at, seconds, alike(words))
            if spell is None or found.at > spell.at + spell.seconds:
                if spell is not None:
                    yield spell
                spell = found
            else:
                ends = max(spell.at + spell.seconds, found.at + found.seconds)
                spell = Hold(spell.at, ends - spell.at, spell.words)
        if spell is not None:
            yield spell

    def _phone_places(self) -> list[int]:
        """Return the positions of the phone cells among the cells of the input; empty if there are no such columns."""
        ((header,),) = self._read(report.CURRENT_HEADER, self.note("layout"))
        names = json.loads(header)
        return [names.index(name) for name in self.phones() if name in names]

    def _read(self, query: str, *values: object) -> Iterator[Any]:
        with self._errors():
            yield from self._db.execute(query, values)


def _number(text: str, places: Sequence[int]) -> str:
    """Return a number, or the phone cell that counts of a row that has none."""
    if text.startswith("+"):
        return text
    cells = parse_cells(text)
    return phone_cell([cells[place] for place in places])
