"""The tally of a screening, for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dialer.models import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dialer.input_rows import InputRows

EXAMPLES: Final = 5
"""Rows that the report keeps of each kind."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row that stands for others of its kind.

    Attributes:
        position: data row, from 1.
        line: physical line.
        cell: the phone cell, as it stands.
        words: what is wrong with the row, or what was repaired; empty where it is the number alone.
    """

    position: int
    line: int
    cell: str
    words: str


@dataclass(slots=True)
class Report:
    """The tally of a screening.

    Attributes:
        header: what was repaired in the header.
        rows: rows judged so far.
        statuses: rows of each status.
        reasons: rows of each reason code.
        examples: up to `EXAMPLES` rows of each reason code.
        repaired: numbers of each repair.
        repairs: up to `EXAMPLES` rows of each repair.
        newer: callable rows whose number is in no numbering plan known here.
        newest: up to `EXAMPLES` of them.
        shared: callable rows with the number of an earlier row, which are called as well.
        sharing: up to `EXAMPLES` of them.
        listed: by the place of a do-not-call list, rows that are not called since they are on it.
    """

    header: tuple[str, ...]
    rows: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    repaired: Counter[str] = field(default_factory=Counter)
    repairs: dict[str, list[Example]] = field(default_factory=dict)
    newer: int = 0
    newest: list[Example] = field(default_factory=list)
    shared: int = 0
    sharing: list[Example] = field(default_factory=list)
    listed: Counter[int] = field(default_factory=Counter)

    def add(
        self,
        rows: InputRows,
        *,
        phones: Sequence[str],
        repaired: Mapping[int, str],
        newer: Collection[int],
        shared: Mapping[int, str],
    ) -> None:
        """Count rows.

        Args:
            rows: judged rows, in order.
            phones: the phone cell of each that counts.
            repaired: by place in `rows`, what was repaired in the number.
            newer: the places of those whose number is in no numbering plan known here, in order.
            shared: by place in `rows`, which earlier row has the same number.
        """
        self.rows += len(rows)
        self.statuses[Status.PENDING] += len(rows) - len(rows.problems)
        for at, problem in sorted(rows.problems.items()):
            self.statuses[rows.statuses[at]] += 1
            self.reasons[problem.code] += 1
            _keep(self.examples.setdefault(problem.code, []), rows, at, phones, problem.reason)
        for at, words in repaired.items():
            self.repaired[words] += 1
            _keep(self.repairs.setdefault(words, []), rows, at, phones, words)
        self.newer += len(newer)
        for at in newer:
            _keep(self.newest, rows, at, phones, "")
        self.shared += len(shared)
        for at, words in shared.items():
            _keep(self.sharing, rows, at, phones, words)


def _keep(examples: list[Example], rows: InputRows, at: int, phones: Sequence[str], words: str) -> None:
    if len(examples) < EXAMPLES:
        examples.append(Example(rows.first + at, rows.lines[at], phones[at], words))
