"""What the ledger knows and how it changes; every public method is one transaction.

Write order of one call, and what a crash leaves at each step:

    load        input and recipients in one transaction   -> the former input, or the new one
    intent      `sending` and an open attempt, durable     -> before: `pending`; nothing was sent
    (pace, judge, POST)                                    -> `sending`: the next start makes it `unknown`
    outcome     state and attempt closed, durable          -> before: `unknown`; after: final
    results     the CSV's line, after the outcome          -> the ledger has it; the CSV is written anew

Nothing is sent whose intent is not on disk, and nothing leaves `unknown` but by a call found at Bolna or a
person's decision.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.ledger import schema
from dialer.models import ATTEMPTED, Answer, Attempt, InputRow, Outcome, Recipient, ResultRow, Status, e164
from dialer.reference import digest, reference

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_ATTEMPTED = ", ".join(f"'{state}'" for state in sorted(ATTEMPTED))
_STATE_AFTER = {
    Outcome.QUEUED: Status.QUEUED,
    Outcome.ERROR: Status.ERROR,
    Outcome.UNKNOWN: Status.UNKNOWN,
    Outcome.RETRY: Status.PENDING,
}
_DIED = "the run ended before Bolna's answer was recorded"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt of which nobody knows whether a call was placed.

    Attributes:
        recipient: the recipient's integer key.
        number: E.164 digits.
        reference: what its `user_data` carried.
        at: when its intent was written (Unix seconds).
        until: when its answer came; of a run that died, when it last recorded anything.
        skew: seconds the server's clock was ahead, where its answer said so.
    """

    recipient: int
    number: int
    reference: str
    at: float
    until: float
    skew: float | None


@dataclass(frozen=True, slots=True)
class Written:
    """A row of a results CSV, as it is merged back.

    Attributes:
        key: the recipient's key.
        number: E.164 digits; None where a spreadsheet damaged them and the ledger knows the key.
        status: QUEUED, UNKNOWN or ERROR.
        execution_id, error, http_status, attempts: as written.
        updated_at: Unix seconds; None where the cell was empty or unreadable.
        cells: the input's cells in the order of the results' header.
    """

    key: str
    number: int | None
    status: Status
    execution_id: str
    error: str
    http_status: int | None
    attempts: int
    updated_at: float | None
    cells: tuple[str, ...]


class Ledger:
    """The durable record of every recipient and attempt of one batch.

    One thread at a time may use it.

    Args:
        path: the SQLite file.
        connection: an open connection to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection

    @classmethod
    def open(cls, path: Path, *, binding: schema.Binding, batch: str) -> Ledger:
        """Return the ledger for writing, made new if there is none.

        Args:
            path: the SQLite file.
            binding: to whom it belongs.
            batch: the batch's name; a ledger keeps the one it was made with, since references depend on it.

        Raises:
            LedgerError: it cannot be written, is damaged or newer.
            BoundError: it belongs to something else.
        """
        ledger = cls(path, schema.open_for_writing(path))
        try:
            with ledger._transaction():
                schema.bind(path, ledger._db, binding)
                ledger._db.execute("INSERT OR IGNORE INTO meta VALUES ('batch', ?)", (batch,))
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Return the ledger for reading only; works while a run is going on.

        Raises:
            LedgerError: there is none, or it cannot be read.
        """
        return cls(path, schema.open_for_reading(path))

    def close(self) -> None:
        """Close it; after a writer's close the one file is whole."""
        with contextlib.suppress(Exception):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, or nothing of it; joins a transaction that is open already."""
        with schema.told(self.path):
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk rolls back by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def together(self, writes: Sequence[Callable[[], None]]) -> None:
        """Do several writes in one transaction, synced to disk once."""
        with self._transaction():
            for write in writes:
                write()

    # -- notes ---------------------------------------------------------------------------------------------------

    def note(self, name: str) -> str | None:
        """Return a named note, or None."""
        with schema.told(self.path):
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Keep a named note."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
            )

    def shared_reference(self, key: str) -> str:
        """Return the part of the reference that all attempts at a recipient share."""
        return digest(batch=self.note("batch") or "", agent=self.note("agent") or "", key=key)

    # -- start ---------------------------------------------------------------------------------------------------

    def recover(self) -> int:
        """Turn what a dead run left `sending` into `unknown`; return how many."""
        with self._transaction() as db:
            db.execute(
                """UPDATE attempt SET outcome = 'unknown', words = ?,
                answered_at = (SELECT max(max(at), coalesce(max(answered_at), 0)) FROM attempt) WHERE outcome IS
                NULL""",
                (_DIED,),
            )
            return db.execute(
                "UPDATE recipient SET state = 'unknown', reason = ? WHERE state = 'sending'", (_DIED,)
            ).rowcount

    def load(
        self, header: Sequence[str], *, phone: str, id_column: str | None, chunks: Iterable[Sequence[InputRow]]
    ) -> None:
        """Replace the input by a newly judged one, all of it or nothing.

        Who is pending takes the new row; who was attempted is not touched; who is gone is withdrawn.

        Args:
            header: the CSV's column names.
            phone: the column the numbers are in.
            id_column: the column the ids are in, if the campaign names one.
            chunks: judged rows in input order.
        """
        with self._transaction() as db:
            layout = self._layout(header)
            for name, value in (("layout", str(layout)), ("phone", phone), ("id", id_column or "")):
                self.set_note(name, value)
            db.execute("UPDATE recipient SET state = 'withdrawn' WHERE state = 'pending'")
            db.execute("DELETE FROM input_row")
            db.execute("DROP INDEX IF EXISTS input_row_key")
            for rows in chunks:
                self._load_chunk(db, rows, layout)
            db.execute("CREATE INDEX input_row_key ON input_row (key)")
            # A row that is not callable now still stands for somebody who was called before.
            db.execute(
                f"""UPDATE input_row SET owner = 1 WHERE owner = 0 AND key IS NOT NULL
                AND EXISTS (SELECT 1 FROM recipient r WHERE r.key = input_row.key AND r.state IN ({_ATTEMPTED}))
                AND NOT EXISTS (SELECT 1 FROM input_row o WHERE o.key = input_row.key AND (o.owner = 1 OR o.position <
                input_row.position))"""  # noqa: S608 - constants only
            )

    def _load_chunk(self, db: sqlite3.Connection, rows: Sequence[InputRow], layout: int) -> None:
        callable_rows = [row for row in rows if row.status is Status.PENDING]
        db.executemany(
            """INSERT INTO recipient (key, number, state, payload, cells, layout) VALUES (?, ?, 'pending', ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET number = excluded.number, state = 'pending', payload = excluded.payload,
            cells = excluded.cells, layout = excluded.layout WHERE state = 'withdrawn'""",
            ((row.key, row.number, row.payload, _json(row.cells), layout) for row in callable_rows),
        )
        db.executemany(
            "INSERT INTO input_row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (row.position, row.line, row.key, 1, row.status, "", "", row.number, None)
                if row.problem is None
                else (
                    row.position, row.line, row.key, 0, row.status, row.problem.code, row.problem.reason, row.number,
                    _json(row.cells),
                )
                for row in rows
            ),
        )  # fmt: skip

    def _layout(self, header: Sequence[str]) -> int:
        text = _json(header)
        self._db.execute("INSERT OR IGNORE INTO layout (header) VALUES (?)", (text,))
        return int(self._db.execute("SELECT id FROM layout WHERE header = ?", (text,)).fetchone()[0])

    def attempted_numbers(self) -> dict[int, tuple[str, ...]]:
        """Return number → keys under which it was attempted."""
        found: dict[int, tuple[str, ...]] = {}
        with schema.told(self.path):
            for number, key in self._db.execute(f"SELECT number, key FROM recipient WHERE state IN ({_ATTEMPTED})"):  # noqa: S608 - constants only
                found[number] = (*found.get(number, ()), key)
        return found

    # -- the run -------------------------------------------------------------------------------------------------

    def page(self, *, after: int, size: int) -> list[Recipient]:
        """Return the next callable recipients in input order, from beyond a position."""
        with schema.told(self.path):
            rows = self._db.execute(
                """SELECT r.id, r.key, r.number, r.payload, r.attempts, i.position FROM input_row i
                CROSS JOIN recipient r ON r.key = i.key
                WHERE i.position > ? AND i.status = 'pending' AND r.state = 'pending' ORDER BY i.position LIMIT ?""",
                (after, size),
            ).fetchall()
        return [Recipient(*row) for row in rows]

    def intend(self, recipients: Sequence[Recipient], *, now: float | None = None) -> list[Attempt]:
        """Note that these are about to be called; whoever is not pending any more is left out.

        Args:
            recipients: at most a page of them.
            now: Unix seconds.
        """
        at = time.time() if now is None else now
        attempts = []
        with self._transaction() as db:
            for recipient in recipients:
                taken = db.execute(
                    "UPDATE recipient SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND state = "
                    "'pending' RETURNING attempts",
                    (recipient.id,),
                ).fetchone()
                if taken is None:
                    continue
                mark = reference(self.shared_reference(recipient.key), taken[0])
                row = db.execute(
                    "INSERT INTO attempt (recipient, reference, at) VALUES (?, ?, ?) RETURNING id",
                    (recipient.id, mark, at),
                ).fetchone()
                attempts.append(
                    Attempt(id=row[0], recipient=recipient, reference=mark, at=datetime.fromtimestamp(at, UTC))
                )
        return attempts

    def settle(self, attempt: Attempt, answer: Answer, *, now: float | None = None) -> None:
        """Note how an attempt ended."""
        at = time.time() if now is None else now
        with self._transaction() as db:
            db.execute(
                "UPDATE attempt SET outcome = ?, http_status = ?, words = ?, execution_id = ?, answered_at = ?, skew "
                "= ? WHERE id = ?",
                (
                    answer.outcome,
                    answer.http_status,
                    answer.words,
                    answer.execution_id or "",
                    at,
                    answer.skew,
                    attempt.id,
                ),
            )
            db.execute(
                "UPDATE recipient SET state = ?, execution_id = ?, http_status = ?, reason = ?, updated_at = ? WHERE "
                "id = ?",
                (
                    _STATE_AFTER[answer.outcome], answer.execution_id or "", answer.http_status, answer.words, at,
                    attempt.recipient.id,
                ),
            )  # fmt: skip

    def withhold(self, attempts: Sequence[Attempt], *, reason: str) -> None:
        """Note that these were surely not sent: they are pending again, as if never tried."""
        with self._transaction() as db:
            for attempt in attempts:
                db.execute("DELETE FROM attempt WHERE id = ?", (attempt.id,))
                db.execute(
                    "UPDATE recipient SET state = 'pending', attempts = attempts - 1, reason = ? WHERE id = ?",
                    (reason, attempt.recipient.id),
                )

    # -- doubt ---------------------------------------------------------------------------------------------------

    def doubts(self) -> list[Doubt]:
        """Return the unknown attempts of recipients that are `unknown`, oldest first."""
        with schema.told(self.path):
            rows = self._db.execute(
                """SELECT r.id, r.number, a.reference, a.at, coalesce(a.answered_at, a.at), a.skew FROM attempt a
                    CROSS JOIN recipient r ON r.id = a.recipient
                WHERE a.outcome = 'unknown' AND r.state = 'unknown' ORDER BY a.at"""
            ).fetchall()
        return [Doubt(*row) for row in rows]

    def skew(self) -> float:
        """Return how far the server's clock was last seen ahead of ours, in seconds; 0 when never seen."""
        with schema.told(self.path):
            row = self._db.execute(
                "SELECT skew FROM attempt WHERE skew IS NOT NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
        return 0.0 if row is None else float(row[0])

    def found(self, mark: str, *, execution_id: str) -> bool:
        """Note that the call with this reference exists at Bolna; return whether that settled somebody."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT id, recipient FROM attempt WHERE outcome = 'unknown' AND reference = ?", (mark,)
            ).fetchone()
            if row is None:
                return False
            words = "found at Bolna by its reference"
            db.execute(
                "UPDATE attempt SET outcome = 'queued', execution_id = ?, words = ? WHERE id = ?",
                (execution_id, words, row[0]),
            )
            return (
                db.execute(
                    "UPDATE recipient SET state = 'queued', execution_id = ?, reason = '', updated_at = ? WHERE id = "
                    "? AND state = 'unknown'",
                    (execution_id, time.time(), row[1]),
                ).rowcount
                == 1
            )

    def pending_numbers(self) -> set[int]:
        """Return the numbers of everybody pending."""
        with schema.told(self.path):
            return {number for (number,) in self._db.execute("SELECT number FROM recipient WHERE state = 'pending'")}

    def pending_with(self, number: int) -> list[str]:
        """Return the keys of everybody pending with a number."""
        with schema.told(self.path):
            return [
                key
                for (key,) in self._db.execute(
                    "SELECT key FROM recipient WHERE number = ? AND state = 'pending'", (number,)
                )
            ]

    def adopt(self, key: str, mark: str, *, execution_id: str) -> bool:
        """Note that a call to somebody pending was found at Bolna; return whether they were pending."""
        with self._transaction() as db:
            row = db.execute(
                "UPDATE recipient SET state = 'queued', execution_id = ?, attempts = attempts + 1, updated_at = ? "
                "WHERE key = ? AND state = 'pending' RETURNING id",
                (execution_id, time.time(), key),
            ).fetchone()
            if row is not None:
                db.execute(
                    "INSERT INTO attempt (recipient, reference, at, outcome, words, execution_id) VALUES (?, ?, ?, "
                    "'queued', ?, ?)",
                    (
                        row[0],
                        mark,
                        time.time(),
                        "found at Bolna by its reference when the results CSV was adopted",
                        execution_id,
                    ),
                )
        return row is not None

    def unknown(self) -> list[tuple[str, int, float]]:
        """Return key, number and last attempt's Unix time of everybody `unknown`."""
        with schema.told(self.path):
            return self._db.execute(
                """SELECT r.key, r.number, COALESCE(MAX(a.at), r.updated_at, 0) FROM recipient r LEFT JOIN attempt a
                    ON a.recipient = r.id
                AND a.outcome = 'unknown' WHERE r.state = 'unknown' GROUP BY r.id ORDER BY r.id"""
            ).fetchall()

    def release(self, state: Status, *, what: str, keys: Sequence[str] | None = None) -> int:
        """Make everybody in a state callable again because a person asked; the decision is kept.

        Args:
            state: ERROR or UNKNOWN.
            what: the words of the command.
            keys: only these; None: all.

        Returns:
            How many.
        """
        with self._transaction() as db:
            chosen = [
                (time.time(), what, id_, last)
                for id_, key, last in db.execute(
                    """SELECT r.id, r.key, (SELECT MAX(id) FROM attempt WHERE recipient = r.id) FROM recipient r WHERE
                        r.state = ?""",
                    (state,),
                ).fetchall()
                if keys is None or key in keys
            ]
            db.executemany("INSERT INTO decision (at, what, recipient, attempt) VALUES (?, ?, ?, ?)", chosen)
            db.executemany("UPDATE recipient SET state = 'pending' WHERE id = ?", ((row[2],) for row in chosen))
        return len(chosen)

    # -- merge ---------------------------------------------------------------------------------------------------

    def merge(self, header: Sequence[str], rows: Iterable[Written]) -> dict[Status, int]:
        """Take over what a results CSV knows further than the ledger; return how many by status taken over.

        The further state wins: queued > unknown > error > not sent.
        """
        rank = {Status.ERROR: 1, Status.UNKNOWN: 2, Status.QUEUED: 3}
        taken: dict[Status, int] = {}
        with self._transaction() as db:
            layout = self._layout(header)
            for row in rows:
                known = db.execute("SELECT number, state, attempts FROM recipient WHERE key = ?", (row.key,)).fetchone()
                if known is not None and rank.get(known[1], 0) >= rank[row.status]:
                    continue
                self._take_over(db, row, layout, known)
                taken[row.status] = taken.get(row.status, 0) + 1
        return taken

    def _take_over(self, db: sqlite3.Connection, row: Written, layout: int, known: tuple[int, str, int] | None) -> None:
        attempts = max(row.attempts, 1, 0 if known is None else known[2])
        at = row.updated_at or time.time()
        number = row.number if row.number is not None or known is None else known[0]
        id_ = db.execute(
            """INSERT INTO recipient (key, number, state, payload, cells, layout, execution_id, http_status, reason,
                attempts, updated_at)
            VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET number = excluded.number, state
            = excluded.state,
            cells = excluded.cells, layout = excluded.layout, execution_id = excluded.execution_id, http_status =
            excluded.http_status,
            reason = excluded.reason, attempts = excluded.attempts, updated_at = excluded.updated_at RETURNING id""",
            (
                row.key,
                number,
                row.status,
                _json(row.cells),
                layout,
                row.execution_id,
                row.http_status,
                row.error,
                attempts,
                at,
            ),
        ).fetchone()[0]
        db.execute(
            """INSERT INTO attempt (recipient, reference, at, outcome, http_status, words, execution_id, answered_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                id_, reference(self.shared_reference(row.key), attempts), at, row.status, row.http_status,
                f"taken over from the results CSV: {row.error}".removesuffix(": "), row.execution_id, at,
            ),
        )  # fmt: skip

    # -- figures and results -------------------------------------------------------------------------------------

    def is_new(self) -> bool:
        """Tell whether nobody was ever recorded here."""
        with schema.told(self.path):
            return self._db.execute("SELECT 1 FROM recipient LIMIT 1").fetchone() is None

    def knows(self, key: str) -> bool:
        """Tell whether a key is recorded."""
        with schema.told(self.path):
            return self._db.execute("SELECT 1 FROM recipient WHERE key = ?", (key,)).fetchone() is not None

    def counts(self) -> dict[Status, int]:
        """Return how many rows of the input stand where; who was called and left the input is not counted."""
        with schema.told(self.path):
            rows = self._db.execute(
                """SELECT CASE WHEN i.owner THEN r.state ELSE i.status END, count(*) FROM input_row i
                LEFT JOIN recipient r ON i.owner AND r.key = i.key GROUP BY 1"""
            ).fetchall()
        return {Status(state): count for state, count in rows}

    def states(self, keys: Sequence[str]) -> dict[str, Status]:
        """Return the state of those keys that are recorded."""
        found: dict[str, Status] = {}
        with schema.told(self.path):
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = self._db.execute(f"SELECT key, state FROM recipient WHERE key IN ({marks})", some)  # noqa: S608 - question marks only
                found.update((key, Status(state)) for key, state in rows)
        return found

    def called(self) -> tuple[int, float | None]:
        """Return how many rows of the input are `queued`, and when the last one was called (Unix seconds)."""
        with schema.told(self.path):
            row = self._db.execute(
                "SELECT count(*), max(r.updated_at) FROM input_row i JOIN recipient r ON r.key = i.key WHERE i.owner "
                "AND r.state = 'queued'"
            ).fetchone()
        return int(row[0]), row[1]

    def results(self, *, pending: bool = True) -> Iterator[ResultRow]:
        """Yield one row per input row in input order, then those who were called and have left the input.

        Args:
            pending: with the rows that are still to be called.
        """
        with schema.told(self.path):
            layouts = self._layouts()
            for row in self._db.execute(_RESULTS.format(where="") + " ORDER BY i.position"):
                result = _result(row, layouts, phone=self.note("phone") or "")
                if pending or result.status is not Status.PENDING:
                    yield result
            for row in self._db.execute(_LEFT):
                yield _result(row, layouts, phone="")

    def results_of(self, positions: Sequence[int]) -> list[ResultRow]:
        """Return the result rows of some positions of the input."""
        with schema.told(self.path):
            layouts = self._layouts()
            found = (
                self._db.execute(_RESULTS.format(where="WHERE i.position = ?"), (p,)).fetchone() for p in positions
            )
            return [_result(row, layouts, phone=self.note("phone") or "") for row in found if row is not None]

    def _layouts(self) -> dict[int, tuple[str, ...]]:
        current = int(self.note("layout") or 0)
        layouts = {id_: tuple(json.loads(text)) for id_, text in self._db.execute("SELECT id, header FROM layout")}
        return layouts | {0: layouts.get(current, ())}

    def header(self) -> tuple[str, ...]:
        """Return the column names of the current input."""
        with schema.told(self.path):
            return self._layouts()[0]


_RESULTS = """SELECT i.position, CASE WHEN i.owner THEN i.key END, i.number, CASE WHEN i.owner THEN r.state ELSE
    i.status END,
    r.execution_id, CASE WHEN i.owner THEN r.reason ELSE i.reason END, r.http_status, r.attempts, r.updated_at,
    COALESCE(r.cells, i.cells), COALESCE(r.layout, 0), r.number
    FROM input_row i LEFT JOIN recipient r ON i.owner AND r.key = i.key {where}"""
_LEFT = f"""SELECT NULL, r.key, r.number, r.state, r.execution_id, r.reason, r.http_status, r.attempts, r.updated_at,
    r.cells, r.layout, r.number
    FROM recipient r WHERE r.state IN ({_ATTEMPTED}) AND NOT EXISTS (SELECT 1 FROM input_row i WHERE i.key = r.key AND
    i.owner) ORDER BY r.id"""  # noqa: S608 - constants only


def _result(row: tuple[object, ...], layouts: dict[int, tuple[str, ...]], *, phone: str) -> ResultRow:
    position, key, number, status, execution_id, error, http_status, attempts, updated_at, cells, layout, called = row
    named = dict(zip(layouts[layout], json.loads(cells), strict=False))  # type: ignore[index,arg-type] # SQLite's rows carry no types
    known = called if called is not None else number
    if status == Status.SENDING:
        # The file outlives the process, and what it was sending is in doubt then.
        status, error = Status.UNKNOWN, _DIED
    return ResultRow(
        position=position,  # type: ignore[arg-type] # as above
        key=str(key or ""),
        number=e164(known) if isinstance(known, int) else named.get(phone, ""),
        status=Status(str(status)),
        execution_id=str(execution_id or ""),
        error=str(error or ""),
        http_status=http_status,  # type: ignore[arg-type] # as above
        attempts=int(attempts or 0),  # type: ignore[call-overload] # as above
        updated_at=datetime.fromtimestamp(updated_at, UTC) if isinstance(updated_at, float) else None,
        cells=named,
    )


def _json(cells: Sequence[str]) -> str:
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))
