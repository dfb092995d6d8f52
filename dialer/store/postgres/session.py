"""A connection to the database: each statement is a transaction of its own, sent in one message with its settings.

Nothing is kept in a session between two transactions (no prepared statements, no settings, no locks, no LISTEN), so
PgBouncer may pool transactions (https://www.pgbouncer.org/features.html). Parameters are put into the text by the
client (https://www.psycopg.org/psycopg3/docs/advanced/cursors.html#client-side-binding-cursors): so several statements
are one message, which the server does whole or not at all, whether or not the client lives to see the answer.
"""

from __future__ import annotations

import contextlib
import enum
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.string import TextLoader

from dialer.store.postgres.queries import statements
from dialer.store.postgres.queries.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_CONNECT = 10
"""Seconds to wait for a connection."""
_AGAIN = 3
"""So often a message is sent again of which the server did nothing."""
_WARNING = "01000"
"""The class of warnings that have no code of their own."""
_LONG = 60
"""So much longer is a part of a transaction waited for: a whole list is replaced in one."""
_MANY = 500
"""So many statements go into one message."""


class _WholeLoader(psycopg.adapt.Loader):
    """A sum of integers is an integer, as SQLite has it."""

    def load(self, data: psycopg.abc.Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


class Session:
    """Takes statements as SQLite reads them.

    Args:
        url: of the database.

    Attributes:
        url: of the database; it may contain a password, so it is never shown.
        batch: of which batch the statements are; 0: of none.
        run: of which run; empty: of none.
        patience: seconds after which a message without an answer counts as lost, and the connection with it; None:
            however long it takes.
    """

    def __init__(self, url: str) -> None:
        self.batch, self.run = 0, ""
        self.patience: float | None = None
        self.url = url
        self._watched = threading.Lock()
        self._db = self._connected()

    def _connected(self) -> psycopg.Connection[Any]:
        db = psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
            connect_timeout=_CONNECT,
        )
        db.adapters.register_loader("numeric", _WholeLoader)
        db.adapters.register_loader("json", TextLoader)
        db.add_notice_handler(self._hear)
        self._doubt = ""
        return db

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        # A cancelled wait for a standby is reported as success: only this warning tells that the replica may lack it
        # (https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION-HA).
        if notice.severity_nonlocalized == "WARNING" and notice.sqlstate == _WARNING:
            self._doubt = notice.message_primary or _WARNING

    def _refuse_doubtful(self) -> None:
        if self._doubt:
            self._db.close()
            raise psycopg.OperationalError(self._doubt)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is gone."""
        return self._db.closed

    def reconnect(self) -> None:
        """Connect anew."""
        self._db.close()
        self._db = self._connected()

    def _come_back(self) -> None:
        """Connect again after a lost connection, outside a run; a run reconnects itself and asks what it missed."""
        if self.is_lost and not self.run:
            self.reconnect()

    @property
    def in_transaction(self) -> bool:
        """Whether several statements are one transaction."""
        return self._db.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def execute(self, sql: str, values: Any = (), /) -> psycopg.Cursor[Any]:  # noqa: ANN401 - by place or by name
        """Do one statement; by itself it is on the disk when this returns."""
        return self.send([(translated(sql), _named(values))])

    def one(self, sql: str, values: Any = (), /) -> Any:  # noqa: ANN401 - as above
        """Return the one row of a statement."""
        return self.execute(sql, values).fetchone()

    def executemany(self, sql: str, rows: Iterable[Any], /) -> None:
        """Do one statement for each of many rows, all in one transaction."""
        text, each = translated(sql), [_named(row) for row in rows]
        if len(each) > _MANY and not self.in_transaction:
            with self.transaction():
                self.executemany(sql, each)
            return
        for at in range(0, len(each), _MANY):
            self.send([(text, values) for values in each[at : at + _MANY]])

    def send(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> psycopg.Cursor[Any]:
        """Do some statements in PostgreSQL's words in one message; return what the last one returns."""
        self._come_back()
        cursor: psycopg.ClientCursor[Any] = psycopg.ClientCursor(self._db)
        texts = [cursor.mogrify(text, values) for text, values in statements]
        if not self.in_transaction:
            texts.insert(0, self._settings())
        self._do(cursor, ";".join(texts).encode())
        self._refuse_doubtful()
        while cursor.nextset():
            pass
        return cursor

    def _do(self, cursor: psycopg.Cursor[Any], message: bytes) -> None:
        with self._in_time():
            if self.in_transaction:
                cursor.execute(message)
                return
            for _ in range(_AGAIN):
                # Nothing of it was done where two waited for each other; the other one is through by now.
                with contextlib.suppress(psycopg.errors.DeadlockDetected):
                    cursor.execute(message)
                    return
            cursor.execute(message)

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        """Cut the connection where what is done inside takes too long: a black hole answers nothing, for ever."""
        if self.patience is None:
            yield
            return
        watch = threading.Timer(self.patience * (_LONG if self.in_transaction else 1), self._cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            # Where it is being cut just now, that is waited for: the next one might have the same number.
            with self._watched:
                pass

    def _cut(self) -> None:
        with self._watched, contextlib.suppress(OSError, psycopg.Error):
            line = socket.socket(fileno=os.dup(self._db.fileno()))
            with contextlib.closing(line):
                line.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def transaction(self, mode: str = "", *, alone: bool = True) -> Iterator[Session]:
        """Commit what is done inside, or nothing of it.

        Args:
            mode: of the transaction, as BEGIN takes it.
            alone: other writers of the batch wait; readers do not.
        """
        self._come_back()
        begin = f"BEGIN {mode}; {self._settings()}"
        with self._in_time():
            self._db.execute((f"{begin}; {statements.ALONE}" if alone else begin).encode())
        try:
            yield self
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                self._db.execute("ROLLBACK")
            raise
        with self._in_time():
            self._db.execute("COMMIT")
        self._refuse_doubtful()

    def copy(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table, within a transaction."""
        with self._db.cursor().copy(sql) as copy:
            for row in rows:
                copy.write_row(row)

    def copy_text(self, sql: str, blocks: Iterable[str]) -> None:
        """Put rows into a table that are in the text format of COPY already, within a transaction."""
        with self._db.cursor().copy(sql) as copy:
            for block in blocks:
                copy.write(block)

    def script(self, text: str) -> None:
        """Do many statements that have no parameters, within a transaction."""
        self._db.execute(text.encode())

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def _settings(self) -> str:
        batch, run = psycopg.sql.quote(str(self.batch)), psycopg.sql.quote(self.run)
        return statements.SETTINGS.format(batch=batch, run=run, commit="'on'")


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return psycopg.sql.Identifier(name).as_string(None)


def _named(values: Any) -> Mapping[str, Any]:  # noqa: ANN401 - by place or by name
    if not isinstance(values, dict):
        values = {str(place): value for place, value in enumerate(values, 1)}
    return {name: plain(value) for name, value in values.items()}


def plain(value: Any) -> Any:  # noqa: ANN401 - a column's value
    """Return a value as PostgreSQL can keep it: a text has no zero characters there, and a flag is a number."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return str.__str__(value.value if isinstance(value, enum.Enum) else value).replace("\0", "�")
    return int(value) if isinstance(value, bool) else value
