"""The phone cells of a list: of each row the one that counts, judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dialer import numbers
from dialer.input_rows import INVISIBLE, column_of, has_entry, phone_place
from dialer.intake.screening.advice import advice
from dialer.intake.screening.lost import is_lost, refuse_lost
from dialer.intake.screening.other_countries import OtherCountries
from dialer.messages.intake import screening as say
from dialer.models import Problem
from dialer.numbers.column import judge_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.input_rows import InputRows
    from dialer.intake.screening.rules import Rules
    from dialer.intake.table import Table
    from dialer.numbers.column import Column


class PhoneCells:
    """The cells in the phone columns of a table.

    Args:
        table: whose rows they are of.
        rules: which columns these are, and how their cells are read.

    Attributes:
        places: of the columns, in the order in which they count.
    """

    def __init__(self, table: Table, rules: Rules) -> None:
        self.places = tuple(map(table.header.index, rules.phones))
        self._rules = rules
        self._sample, _ = self._counting(table.sample)
        self._is_lost = (
            rules.region is not None
            and not rules.plus_lost
            and is_lost(self._sample, region=rules.region, allow=rules.allow)
        )
        self._others = OtherCountries(self._sample, rules)
        self._taken = [0] * len(self.places)
        self._former = [
            PhoneCells(table, replace(rules, phones=phones, former=()))
            for phones in rules.former
            if phones != rules.phones and set(phones) <= set(table.header)
        ]
        self._id = None if rules.id is None else table.header.index(rules.id)
        self._called = rules.called() if self._former else {}
        self._called_numbers = np.array([*self._called], dtype=np.int64)

    def advice(self) -> str:
        """Say in words which setting would make numbers of the cells that are none; nothing where most are."""
        return advice(self._sample, self._rules)

    def note(self, rows: InputRows, texts: Sequence[str]) -> None:
        """Count what is doubtful of judged rows; `texts` are the cells that count."""
        self._others.note(rows, texts)

    def hints(self) -> list[str]:
        """Say in words which rows may be numbers of another country, once all are counted."""
        return self._others.hints()

    def words(self) -> str:
        """Say in words how many of the numbers come from each column; nothing where there is one."""
        return say.come_from(list(zip(self._rules.phones, self._taken, strict=True))) if len(self.places) > 1 else ""

    def judge(self, rows: Sequence[Sequence[str]]) -> tuple[list[str], Column]:
        """Return the cell of each row that counts, and what they are."""
        rules = self._rules
        texts, later = self._counting(rows)
        column = judge_column(texts, region=rules.region, plus_lost=rules.plus_lost, allow=rules.allow)
        if self._is_lost and rules.region is not None:
            refuse_lost(texts, column, region=rules.region)
        for former in self._former:
            self._keep_called(rows, texts, column, former.judge(rows))
        if len(self.places) > 1:
            for at, problem in column.problems.items():
                column.problems[at] = self._explained(rows[at], problem)
            behind = [sum(at not in column.problems for at in places) for places in later]
            self._taken[0] += len(rows) - len(column.problems) - sum(behind)
            self._taken[1:] = map(sum, zip(self._taken[1:], behind, strict=True))
        return texts, column

    def _keep_called(
        self, rows: Sequence[Sequence[str]], texts: list[str], column: Column, before: tuple[list[str], Column]
    ) -> None:
        """Let a row keep the number at which it was called, also where the campaign goes by other columns now.

        Under another one the same person would be called once more. Somebody else with that number was not called.
        """
        cells, former = before
        for at in np.flatnonzero(np.isin(former.numbers, self._called_numbers)).tolist():
            if self._was_called(rows[at], column.numbers[at]) or not self._was_called(rows[at], former.numbers[at]):
                continue
            texts[at], column.numbers[at] = cells[at], former.numbers[at]
            column.problems.pop(at, None)
            column.repaired.pop(at, None)
            column.newer.discard(at)

    def _was_called(self, row: Sequence[str], number: int) -> bool:
        keys = self._called.get(number, ())
        return bool(keys) and (self._id is None or row[self._id] in keys)

    def _counting(self, rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[int]]]:
        """Return the cell of each row that counts, as `phone_place` says; and the rows by each column but the first."""
        first, *others = self.places
        texts, later = [*column_of(rows, first)], []
        for place in others:
            taken = []
            for at in [at for at, text in enumerate(texts) if not has_entry(text)]:
                cell = rows[at][place]
                if has_entry(cell):
                    taken.append(at)
                    texts[at] = cell
                elif cell.strip(INVISIBLE) and not texts[at].strip(INVISIBLE):
                    texts[at] = cell
            later.append(taken)
        return texts, later

    def _explained(self, row: Sequence[str], problem: Problem) -> Problem:
        """Return a problem that names the column, and another one that holds a number."""
        cells, names = [row[place] for place in self.places], self._rules.phones
        if problem.code == "number_empty":
            return Problem(problem.code, say.all_empty(names))
        at = phone_place(cells)
        behind = zip(names[at + 1 :], cells[at + 1 :], strict=True)
        other = next((name for name, cell in behind if self._is_number(cell)), "")
        return Problem(problem.code, say.in_column(names[at], problem.reason, other=other))

    def _is_number(self, cell: str) -> bool:
        rules = self._rules
        judged = numbers.judge(cell, region=rules.region, plus_lost=rules.plus_lost, allow=rules.allow)
        return not isinstance(judged, Problem)
