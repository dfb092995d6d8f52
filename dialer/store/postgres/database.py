"""The database as a whole: its tables are made, brought up to date and looked at, by its owner."""

from __future__ import annotations

from dialer.errors import LedgerError
from dialer.messages import database as say
from dialer.store.postgres import queries
from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.functions import FUNCTIONS
from dialer.store.postgres.schema import SCHEMA, VERSION
from dialer.store.postgres.session import Session


def create(url: str) -> bool:
    """Make the tables; return whether there were none.

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
            db.execute(queries.NOTE_VERSION, (VERSION,))
    finally:
        session.close()
    return True


def version_of(session: Session) -> int:
    """Return the version of the tables; 0 where there are none."""
    with database_errors():
        if session.one(queries.VERSION_TABLE)[0] is None:
            return 0
        return int(session.one(queries.VERSION_NOTED)[0])


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
