"""The database as a whole: its tables are made, brought up to date and looked at, by its owner."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from statistics import median
from typing import TYPE_CHECKING

from dialer.errors import LedgerError, LockedError, UsageError
from dialer.messages import database as say
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.queries import schema, statements
from dialer.store.postgres.queries.functions import FUNCTIONS
from dialer.store.postgres.session import Session, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


_OLDEST = 15
_LOOKS = 5
_NEAR = 0.05
"""Seconds to the server and back within which calls are not held up."""
_SAME = 2.0
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Found:
    """A database that was looked at.

    Attributes:
        server: the server's version, as 15.8.
        tables: version of the tables.
        milliseconds: until the server answers.
        role: as whom it was looked at.
        lacks: what it lacks, or has set so that a promise cannot be kept, each in words.
    """

    server: str
    tables: int
    milliseconds: float
    role: str
    lacks: tuple[str, ...]


def create(url: str, *, run: str = "", read: str = "") -> bool:
    """Create the tables if there are none, and grant roles access; return whether there were none.

    Args:
        url: of the database, as its owner.
        run: a role that may run campaigns from now on; empty: only the owner.
        read: a role with read-only access.

    Raises:
        LedgerError: the database cannot be used, or has tables of another version.
        UsageError: there is no such role.
    """
    with _owner(url) as session:
        for role in filter(None, (run, read)):
            if session.execute(statements.IS_ROLE, (role,)).fetchone() is None:
                raise UsageError(say.no_role(role))
        found = version_of(session)
        if found:
            check_version(session)
            # What somebody else grants is not granted, which is a warning only.
            if not session.one(statements.IS_OWNER)[0]:
                raise LedgerError(say.not_allowed(why=say.NOT_OWNER))
        with session.transaction(alone=False) as db:
            if not found:
                _bring_up(db, 0)
            _grant(db, {run: True, read: False})
    return not found


def upgrade(url: str) -> tuple[int, int]:
    """Bring the tables up to this version, all of it or nothing; return from which version to which one.

    Args:
        url: of the database, as its owner.

    Raises:
        LedgerError: the database cannot be used, has no tables, or those of a newer version.
        LockedError: a run works.
    """
    with _owner(url) as session, session.transaction(alone=False) as db:
        found, known = version_of(db), len(schema.STEPS)
        if not found or found > known:
            check_version(db)
        if found < known:
            # A process that starts a run from here on waits, and checks the version again: see `Runs.begin_work`.
            db.execute(statements.NOBODY_BEGINS)
            # Another one may have brought it up meanwhile.
            found = version_of(db)
            _refuse_unfinished(db)
            db.execute(statements.END_ALL_RUNS)
            roles = dict(db.execute(statements.ROLES).fetchall())
            _bring_up(db, found)
            _grant(db, roles)
    return found, known


def _bring_up(db: Session, found: int) -> None:
    if found:
        db.script(statements.DROP_FUNCTIONS)
    for step in schema.STEPS[found:]:
        db.script(step)
    db.script(FUNCTIONS)
    db.execute(statements.NOTE_VERSION, (len(schema.STEPS),))


def _grant(db: Session, roles: dict[str, bool]) -> None:
    """Let roles run campaigns, or only look."""
    database = quoted(db.one(statements.DATABASE)[0])
    for role, runs in roles.items():
        if role:
            grants = statements.GRANT_RUN if runs else statements.GRANT_READ
            db.script(grants.format(role=quoted(role), database=database))


def _refuse_unfinished(db: Session) -> None:
    row = db.execute(statements.UNFINISHED).fetchone()
    if row is not None:
        batch, host, process, began = row
        since = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds")
        raise LockedError(
            say.upgrade_waits(batch=batch, host=host, process=process, since=since),
            pid=process,
            host=host,
            since=since,
        )


@contextlib.contextmanager
def _owner(url: str) -> Iterator[Session]:
    with database_errors():
        session = Session(url)
    with contextlib.closing(session), database_errors():
        yield session


def look(url: str) -> Found:
    """Return what a database is, and what it lacks.

    Raises:
        LedgerError: it cannot be used at all.
    """
    with database_errors():
        session = Session(url)
    with contextlib.closing(session):
        check_version(session)
        with database_errors():
            took, ahead = _distance(session)
            role, runs, temporary = session.one(statements.MAY)
            server, settings = _settings(session)
            lacks = [*settings, *_distant(took, ahead)]
            lacks += [] if runs else [say.READS_ONLY]
            lacks += [] if temporary or not runs else [say.NO_TEMPORARY]
    return Found(server, len(schema.STEPS), round(1000 * took, 1), role, tuple(lacks))


def _settings(session: Session) -> tuple[str, list[str]]:
    """Return the server's version, and what its settings lack."""
    version, fsync, pages, is_replica, replicas, standbys, is_plain, address = session.one(
        statements.SETTINGS_OF_SERVER
    )
    server = version.split()[0]
    lacks = {
        say.old_server(found=server, oldest=_OLDEST): int(server.partition(".")[0]) < _OLDEST,
        say.IS_A_REPLICA: is_replica,
        say.is_off("fsync"): fsync != "on",
        say.is_off("full_page_writes"): pages != "on",
        say.NOT_SYNCHRONOUS: replicas and not standbys,
        say.NOT_ENCRYPTED: is_plain and address is not None and not ip_address(address).is_loopback,
    }
    return server, [words for words, is_so in lacks.items() if is_so]


def _distance(session: Session) -> tuple[float, float]:
    """Return how long the server takes to answer, and how far its clock is ahead (seconds)."""
    took, ahead = [], []
    for _ in range(_LOOKS):
        asked, began = time.time(), time.monotonic()
        (seconds,) = session.one(statements.CLOCK)
        took.append(time.monotonic() - began)
        ahead.append(seconds - asked - took[-1] / 2)
    return min(took), median(ahead)


def _distant(took: float, ahead: float) -> Iterator[str]:
    if took > _NEAR:
        yield say.far(milliseconds=round(1000 * took))
    if abs(ahead) > _SAME + took:
        yield say.other_clock(seconds=round(ahead))


def version_of(session: Session) -> int:
    """Return the version of the tables; 0 where there are none."""
    with database_errors():
        if session.one(statements.VERSION_TABLE)[0] is None:
            return 0
        return int(session.one(statements.VERSION_NOTED)[0])


def check_version(session: Session) -> None:
    """Refuse tables of another version.

    Raises:
        LedgerError: there are none, or another version made them.
    """
    found, known = version_of(session), len(schema.STEPS)
    if not found:
        raise LedgerError(say.missing())
    if found != known:
        raise LedgerError(say.other_version(found=found, known=known))
