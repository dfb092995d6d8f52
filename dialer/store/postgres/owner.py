"""Whose database it is: one workspace has it, so that two batches of one name cannot become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dialer.store.postgres.connection import database_errors
from dialer.store.postgres.database import check_version
from dialer.store.postgres.queries import statements
from dialer.store.postgres.session import Session
from dialer.store.shared import Owner, Whose

Check: TypeAlias = Callable[[Whose], None] | None
"""Raises where it is not the database of the workspace; None: whatever database it is."""


def whose(session: Session) -> Whose:
    """Return which database it is, and whose; also of one whose tables are of another version."""
    with database_errors():
        (identity,), (has_batches, has_owners) = session.one(statements.IDENTITY), session.one(statements.HAS_TABLES)
        is_empty = not (has_batches and session.one(statements.HAS_BATCHES)[0])
        row = session.execute(statements.OWNER).fetchone() if has_owners else None
    return Whose(str(identity), None if row is None else Owner(*row), is_empty)


def checked(session: Session, check: Check) -> Session:
    """Return a connection after `check` has seen whose database it leads to; closed where that raises."""
    try:
        if check is not None:
            check(whose(session))
    except BaseException:
        session.close()
        raise
    return session


def connected(url: str, check: Check = None) -> Session:
    """Return a connection to a database whose tables are of this version.

    Raises:
        LedgerError: it cannot be used, or lacks these tables.
    """
    with database_errors():
        session = Session(url)
    try:
        check_version(session)
    except BaseException:
        session.close()
        raise
    return checked(session, check)


def claim(session: Session, owner: Owner) -> Owner:
    """Have a database belong to a workspace, if it belongs to none; return whose it is then."""
    with database_errors():
        session.execute(statements.CLAIM_DATABASE, (owner.id, owner.folder, owner.host))
        return Owner(*session.one(statements.OWNER))
