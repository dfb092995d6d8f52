"""The database as a whole: its tables are made, brought up to date and looked at, by its owner."""

from __future__ import annotations

import contextlib
import time
from ipaddress import ip_address
from statistics import median
from typing import TYPE_CHECKING

from dialer.errors import LedgerError
from dialer.messages import database as say
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.queries import statements
from dialer.store.postgres.queries.functions import FUNCTIONS
from dialer.store.postgres.queries.schema import SCHEMA, VERSION
from dialer.store.postgres.session import Session, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


_LOOKS = 5
_NEAR = 0.05
"""Seconds to the server and back within which calls are not held up."""
_SAME = 2.0
"""Seconds by which two clocks may differ."""


def create(url: str, *, run: str = "", read: str = "") -> bool:
    """Make the tables; return whether there were none.

    Args:
        url: of the database, as its owner.
        run: a role that may run campaigns from now on; empty: none but the owner.
        read: a role that may look, and change nothing.

    Raises:
        LedgerError: the database cannot be used, or has tables of another version.
    """
    with database_errors():
        session = Session(url)
    try:
        if version_of(session):
            check_version(session)
            return False
        with database_errors(), session.transaction(alone=False) as db:
            db.script(SCHEMA)
            db.script(FUNCTIONS)
            db.execute(statements.NOTE_VERSION, (VERSION,))
            for role, grants in ((run, statements.GRANT_RUN), (read, statements.GRANT_READ)):
                if role:
                    db.script(grants.format(role=quoted(role)))
    finally:
        session.close()
    return True


def lacks(url: str) -> list[str]:
    """Return what a database lacks, or has set so that a promise cannot be kept, each in words.

    Raises:
        LedgerError: it cannot be used at all.
    """
    with database_errors():
        session = Session(url)
    with contextlib.closing(session):
        check_version(session)
        with database_errors():
            return [*_settings(session), *_distance(session)]


def _settings(session: Session) -> Iterator[str]:
    fsync, pages, is_replica, replicas, standbys, is_plain, address = session.one(statements.SETTINGS_OF_SERVER)
    if is_replica:
        yield say.IS_A_REPLICA
    for name, value in (("fsync", fsync), ("full_page_writes", pages)):
        if value != "on":
            yield say.is_off(name)
    if replicas and not standbys:
        yield say.NOT_SYNCHRONOUS
    if is_plain and address is not None and not ip_address(address).is_loopback:
        yield say.NOT_ENCRYPTED


def _distance(session: Session) -> Iterator[str]:
    took, ahead = [], []
    for _ in range(_LOOKS):
        asked, began = time.time(), time.monotonic()
        (seconds,) = session.one(statements.CLOCK)
        took.append(time.monotonic() - began)
        ahead.append(seconds - asked - took[-1] / 2)
    if min(took) > _NEAR:
        yield say.far(milliseconds=round(1000 * min(took)))
    if abs(median(ahead)) > _SAME + max(took):
        yield say.other_clock(seconds=round(median(ahead)))


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
    found = version_of(session)
    if not found:
        raise LedgerError(say.missing())
    if found != VERSION:
        raise LedgerError(say.other_version(found=found, known=VERSION))
