"""The database of a workspace: its tables are made, brought up to date, and looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.config.workspace import database_of
from dialer.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Created:
    """The tables are there.

    Attributes:
        database: server and database.
        is_new: there were none before.
        run: the role that may run campaigns from now on; empty: none was named.
        read: the role that may look; as above.
    """

    database: str
    is_new: bool
    run: str
    read: str


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The tables are up to date.

    Attributes:
        database: server and database.
        before: version of the tables before.
        now: and from now on.
    """

    database: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A database was looked at.

    Attributes:
        database: server and database.
        server: the server's version.
        tables: version of the tables.
        milliseconds: until the server answers.
        role: as whom it was looked at.
        lacks: what it lacks, each in words.
    """

    database: str
    server: str
    tables: int
    milliseconds: float
    role: str
    lacks: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """LOOK where it lacks something."""
        return ExitCode.LOOK if self.lacks else ExitCode.DONE


def create_database(folder: Path, *, run: str = "", read: str = "") -> Created:
    """Make the tables where there are none, and let roles use them.

    Args:
        folder: of the workspace; the environment may name the database instead.
        run: a role that may run campaigns; empty: none but the owner.
        read: a role that may look, and change nothing.

    Raises:
        DialerError: the database is not named, cannot be used, or has tables of another version.
    """
    from dialer.store.postgres import create  # noqa: PLC0415 - of an extra

    database = database_of(folder)
    return Created(database.shown, create(database.url, run=run, read=read), run, read)


def upgrade_database(folder: Path) -> Upgraded:
    """Bring the tables up to this version, all of it or nothing.

    Args:
        folder: as above.

    Raises:
        LockedError: a run works.
        DialerError: as above.
    """
    from dialer.store.postgres import upgrade  # noqa: PLC0415 - as above

    database = database_of(folder)
    return Upgraded(database.shown, *upgrade(database.url))


def check_database(folder: Path) -> Checked:
    """Look whether a database can keep what is promised.

    Args:
        folder: as above.

    Raises:
        DialerError: it cannot be used at all.
    """
    from dialer.store.postgres import look  # noqa: PLC0415 - as above

    database = database_of(folder)
    found = look(database.url)
    return Checked(database.shown, found.server, found.tables, found.milliseconds, found.role, found.lacks)
