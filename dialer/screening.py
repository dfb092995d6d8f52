"""Every row judged: who can be called, and why the others cannot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from dialer import phone, phone_text, spreadsheet
from dialer.errors import InputError, InterruptedRunError, UsageError
from dialer.loader import chunks
from dialer.models import InputRow, Problem, Status, e164
from dialer.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dialer.loader import Chunk, Table
    from dialer.suppression import Suppression

REASONS: Final = {
    **phone_text.REASONS,
    **spreadsheet.REASONS,
    "row_empty": "the whole row is empty",
    "id_empty": "the id is empty",
    "id_repeated": "an earlier row has the same id",
    "required_empty": "a required column is empty",
    "suppressed": "on a suppression list",
    "duplicate": "an earlier row is the same",
    "duplicate_number": "an earlier row has the same number, but other columns differ: two people on one number?",
    "duplicate_attempted": "an earlier run called the number under another id",
}
"""Every reason code that screening gives, and what it means."""

EXAMPLES: Final = 5
"""Rows that the report keeps of each kind."""

LOST_SHARE: Final = 0.9
LOST_ROWS: Final = 3
"""When so many of the numbers without a plus (and at least so many) would be valid with one, the plus was lost.

A tenth of good national numbers are valid with a plus in front by chance.
"""

_LOST = Problem(
    "number_plus_lost",
    "it is a number of the region, but nearly all numbers without a + in this file are international ones that lost "
    "it; write the +, or set plus_lost = true in [csv]",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the campaign says about rows.

    Attributes:
        phone: the column of the numbers.
        id: the column that identifies a recipient; None where the number does.
        region: ISO code of the country of numbers without a plus; None when there are none.
        plus_lost: whether numbers without a plus are international ones that lost it.
        allow: number types that may be called besides ordinary ones (`phone.SPECIAL`).
        duplicates: what becomes of a number's later rows; "call" needs an id column.
        required: columns that must not be empty.
    """

    phone: str
    id: str | None
    region: str | None
    plus_lost: bool
    allow: frozenset[str]
    duplicates: Literal["skip", "refuse", "call"]
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A row that stands for others of its kind.

    Attributes:
        position: data row, from 1.
        line: physical line.
        cell: the phone cell, as it stands.
        words: what is wrong with the row, or what was mended.
    """

    position: int
    line: int
    cell: str
    words: str


@dataclass(slots=True)
class Report:
    """The tally of a screening.

    Attributes:
        header: what was mended in the header.
        rows: rows judged so far.
        statuses: rows of each status.
        reasons: rows of each reason code.
        examples: up to `EXAMPLES` rows of each reason code.
        repaired: numbers of each repair.
        repairs: up to `EXAMPLES` rows of each repair.
    """

    header: tuple[str, ...]
    rows: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    repaired: Counter[str] = field(default_factory=Counter)
    repairs: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, row: InputRow, *, cell: str, repaired: str) -> None:
        """Count a row."""
        self.rows += 1
        self.statuses[row.status] += 1
        if row.problem is not None:
            self.reasons[row.problem.code] += 1
            _keep(self.examples, row.problem.code, row, cell, row.problem.reason)
        if repaired:
            self.repaired[repaired] += 1
            _keep(self.repairs, repaired, row, cell, repaired)


def _keep(kept: dict[str, list[Example]], kind: str, row: InputRow, cell: str, words: str) -> None:
    examples = kept.setdefault(kind, [])
    if len(examples) < EXAMPLES:
        examples.append(Example(row.position, row.line, cell, words))


@dataclass(slots=True)
class _Draft:
    """A row while it is judged."""

    position: int
    line: int
    cells: tuple[str, ...]
    key: str | None
    number: int | None
    problem: Problem | None
    payload: str
    repaired: str
    status: Status


class Screening:
    """The rows of a table, judged in input order; to be iterated once.

    Args:
        table: what `loader.examine` returned.
        rules: what the campaign says.
        suppression: the numbers never to be called.
        attempted: numbers that an earlier run attempted, and the keys under which it did.
        payload: makes the JSON body of a call from cells, key and number, or says why it cannot; asked for every row
            that is not invalid for another reason.
        should_stop: asked between chunks.

    Attributes:
        report: the tally of the rows so far.

    Raises:
        UsageError: the rules name a column or a region that there is not.
    """

    def __init__(
        self,
        table: Table,
        *,
        rules: Rules,
        suppression: Suppression,
        attempted: Mapping[int, tuple[str, ...]],
        payload: Callable[[tuple[str, ...], str, int], str | Problem],
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        _check(table, rules)
        self.report = Report(table.repaired)
        self._table = table
        self._rules = rules
        self._suppression = suppression
        self._attempted = attempted
        self._payload = payload
        self._should_stop = should_stop
        self._phone = table.header.index(rules.phone)
        self._id = None if rules.id is None else table.header.index(rules.id)
        self._compared = [at for at in range(len(table.header)) if at not in (self._phone, self._id)]
        self._required = tuple((name, table.header.index(name)) for name in rules.required)
        self._ids: dict[str, int] = {}
        self._seen = Seen()
        self._refused: list[str] = []

    def __iter__(self) -> Iterator[list[InputRow]]:
        """Yield the rows, chunk by chunk.

        Raises:
            InputError: the file was changed, or has duplicates where `duplicates` is "refuse".
            InterruptedRunError: `should_stop` said so.
        """
        for chunk in chunks(self._table):
            if self._should_stop():
                raise InterruptedRunError(f"interrupted while reading {self._table.path}; nothing was dialled")
            rows = self._chunk(chunk)
            if len(self._refused) >= EXAMPLES:
                raise self._refusal()
            yield rows
        if self._refused:
            raise self._refusal()

    def _chunk(self, chunk: Chunk) -> list[InputRow]:
        columns = [chunk.frame.iloc[:, at].tolist() for at in range(len(self._table.header))]
        verdicts = self._numbers(columns[self._phone])
        drafts = [
            self._draft(position, line, cells, chunk.problems.get(position - chunk.first) or verdict)
            for position, (line, cells, verdict) in enumerate(
                zip(chunk.lines, zip(*columns, strict=True), verdicts, strict=True), chunk.first
            )
        ]
        self._suppress(drafts)
        self._find_duplicates(drafts)
        return [self._done(draft) for draft in drafts]

    def _numbers(self, texts: Sequence[str]) -> list[phone.Number | Problem]:
        rules = self._rules
        verdicts = [
            phone.judge(text, region=rules.region, plus_lost=rules.plus_lost, allow=rules.allow) for text in texts
        ]
        if rules.region is None or rules.plus_lost:
            return verdicts
        return _without_lost(texts, verdicts)

    def _draft(self, position: int, line: int, cells: tuple[str, ...], verdict: phone.Number | Problem) -> _Draft:
        number = verdict.digits if isinstance(verdict, phone.Number) else None
        key = cells[self._id] if self._id is not None else None if number is None else e164(number)
        identity = self._check_id(position, key) if self._id is not None else None
        problem = verdict if isinstance(verdict, Problem) else identity or self._missing(cells)
        if isinstance(verdict, Problem) and verdict.code == "number_empty" and not any(cells):
            problem = Problem("row_empty", "the whole row is empty")
        payload = ""
        if problem is None and key is not None and number is not None:
            made = self._payload(cells, key, number)
            problem, payload = (made, "") if isinstance(made, Problem) else (None, made)
        status = Status.PENDING if problem is None else Status.INVALID
        repaired = verdict.repaired if isinstance(verdict, phone.Number) else ""
        return _Draft(position, line, cells, None if identity else key, number, problem, payload, repaired, status)

    def _check_id(self, position: int, key: str | None) -> Problem | None:
        if not key or key.isspace():
            return Problem("id_empty", f"{self._rules.id} is empty, and identifies the recipient")
        first = self._ids.setdefault(key, position)
        if first == position:
            return None
        return Problem("id_repeated", f"the same {self._rules.id} as {self._row(first)}")

    def _missing(self, cells: tuple[str, ...]) -> Problem | None:
        for name, at in self._required:
            if not cells[at].strip():
                return Problem("required_empty", f"{name} is empty, and required")
        return None

    def _suppress(self, drafts: Sequence[_Draft]) -> None:
        callable_ = [draft for draft in drafts if draft.problem is None]
        hits = self._suppression.hits(np.array([draft.number for draft in callable_], dtype=np.int64))
        for at in np.flatnonzero(hits).tolist():
            draft = callable_[at]
            reason = self._suppression.hit(draft.number or 0) or "on a suppression list"
            draft.status, draft.problem = Status.SUPPRESSED, Problem("suppressed", reason)

    def _find_duplicates(self, drafts: Sequence[_Draft]) -> None:
        if self._rules.duplicates == "call":
            return
        left = [draft for draft in drafts if draft.problem is None and not self._called_before(draft)]
        digests = [hash(tuple(draft.cells[at] for at in self._compared)) for draft in left]
        firsts, marks = self._seen.firsts(
            np.array([draft.number for draft in left], dtype=np.int64),
            np.array([draft.position for draft in left], dtype=np.int64),
            np.array(digests, dtype=np.int64),
        )
        for draft, first, mark, digest in zip(left, firsts.tolist(), marks.tolist(), digests, strict=True):
            if first != draft.position:
                self._mark(draft, _repeated(self._row(first), same=mark == digest))

    def _called_before(self, draft: _Draft) -> bool:
        """Settle a row whose number an earlier run attempted: its own row goes on, any other is a duplicate."""
        keys = self._attempted.get(draft.number or 0, ())
        if keys and draft.key not in keys:
            reason = f"an earlier run called this number for {self._rules.id or 'id'} {keys[0]}"
            self._mark(draft, Problem("duplicate_attempted", reason))
        return bool(keys)

    def _mark(self, draft: _Draft, problem: Problem) -> None:
        draft.status, draft.problem = Status.DUPLICATE, problem
        if self._rules.duplicates == "refuse":
            self._refused.append(f"  line {draft.line}: {e164(draft.number or 0)} is {problem.reason}")

    def _refusal(self) -> InputError:
        shown = "\n".join(self._refused[:EXAMPLES])
        return InputError(
            f'{self._table.path} has numbers that come twice, and duplicates in [screening] is "refuse":\n{shown}\n'
            'Delete the rows, or set duplicates = "skip".'
        )

    def _row(self, position: int) -> str:
        return f"row {position} (line {self._table.places.lines(position, 1)[0]})"

    def _done(self, draft: _Draft) -> InputRow:
        row = InputRow(
            position=draft.position,
            line=draft.line,
            cells=draft.cells,
            key=draft.key,
            number=draft.number,
            status=draft.status,
            problem=draft.problem,
            payload=draft.payload if draft.problem is None else "",
        )
        self.report.add(row, cell=draft.cells[self._phone], repaired=draft.repaired)
        return row


def _check(table: Table, rules: Rules) -> None:
    missing = [
        name for name in (rules.phone, rules.id, *rules.required) if name is not None and name not in table.header
    ]
    if missing:
        raise InputError(
            f'{table.path} has no column "{missing[0]}". The columns are: {", ".join(table.header)[:400]}.'
        )
    if rules.region is not None and not phone.known_region(rules.region):
        raise UsageError(
            f'region = "{rules.region}" in [csv] is no country; write its two letters, such as "IN" or "US".'
        )
    if rules.duplicates == "call" and rules.id is None:
        raise UsageError(
            'duplicates = "call" needs an id column in [columns], or a number would be called twice by mistake.'
        )


def _repeated(where: str, *, same: bool) -> Problem:
    if same:
        return Problem("duplicate", f"the same as {where}")
    return Problem(
        "duplicate_number",
        f"the same number as {where}, but other columns differ; if two people share it, "
        'duplicates = "call" and an id column call both',
    )


def _without_lost(texts: Sequence[str], verdicts: list[phone.Number | Problem]) -> list[phone.Number | Problem]:
    """Refuse numbers of the region where the file shows that they are international ones without their plus."""
    readings = {at: phone.with_plus(text) for at, text in enumerate(texts) if text and not phone.marked(text)}
    valid = [at for at, reading in readings.items() if reading or isinstance(verdicts[at], phone.Number)]
    lost = [at for at in valid if readings[at] is not None]
    if len(lost) < max(LOST_ROWS, LOST_SHARE * len(valid)):
        return verdicts
    for at in lost:
        verdict = verdicts[at]
        if isinstance(verdict, phone.Number) and verdict.digits != readings[at]:
            verdicts[at] = _LOST
    return verdicts
