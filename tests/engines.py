"""The engines that keep a batch, as the tests open them: what is promised of one is promised of all."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer.operations.stores import place_of
from dialer.store.engines import reopen_ledger
from dialer.store.sqlite import Ledger, locked
from tests.ledgers import BINDING, opened
from tests.missing import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.config.batch import Batch
    from dialer.store import Store
    from dialer.store.postgres import Batch as InPostgres

UNHURRIED = (
    "-c",
    """
import sys
from dialer.__main__ import main
from dialer.store.postgres import store
store.YOUNG = 60.0
sys.exit(main())
""",
)
"""`dialer`, where a call may leave although a database on a busy machine takes more than half a second for it."""


def _in_database(path: Path) -> Store:
    from dialer.store.postgres import Batch  # noqa: PLC0415 - where it is installed
    from tests.postgres_server import shared_database  # noqa: PLC0415 - as above

    # Of a server of its own, since all of them are in one database: nobody was called by another batch.
    binding = replace(BINDING, server=f"https://api{path}")
    return Batch.open(shared_database(), name=str(path), binding=binding, batch="monday")


def _look_in_database(path: Path) -> Store:
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as above
    from tests.postgres_server import shared_database  # noqa: PLC0415 - as above

    return Batch.read(shared_database(), name=str(path))


ENGINES: dict[str, tuple[Callable[[Path], Store], Callable[[Path], Store]]] = {
    "sqlite": (opened, Ledger.read),
    "postgres": (_in_database, _look_in_database),
}
"""How each engine opens a store to work on, and one to look at beside it."""


EACH_ENGINE = pytest.mark.parametrize("place", ["files", "database"], indirect=True)
"""Mark of a test whose `place` keeps its batches in files, and once more in a database."""


def new_database() -> str:
    """Return the address of a new database, as `dialer.toml` has it."""
    skip_where_missing("postgres")
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    server = shared()
    name = server.database().rpartition("dbname=")[2]
    return f"postgresql:///{name}?host={server.folder}&user=owner"


def use_database(folder: Path, url: str) -> None:
    """Have the workspace in a folder keep its batches in a database."""
    folder.joinpath("dialer.toml").write_text(f'database = "{url}"\n')


@contextlib.contextmanager
def worked_on(batch: Batch) -> Iterator[None]:
    """Have this process work on a batch, as a run does."""
    place = place_of(batch)
    if isinstance(place, Path):
        with locked(batch.lock, command="run"):
            yield
        return
    with contextlib.closing(reopen_ledger(place)) as ledger:
        ledger.begin_work()
        yield


def freeze(batch: InPostgres) -> None:
    """Have a run's heartbeats end, and the last of them be long ago."""
    assert batch._beats is not None
    batch._beats._ended.set()
    batch._beats._thread.join()
    batch._beats._session.reconnect()
    batch._session.execute("UPDATE run SET beat_at = beat_at - 60, lease = 0.1 WHERE id = ?", (batch._session.run,))


def skip_where_missing(engine: str) -> None:
    """Skip a test whose engine this machine does not have, but where that must not be (`tests.missing`)."""
    if engine == "postgres" and (why := _why_no_postgres()):
        missing(why)


def _why_no_postgres() -> str:
    try:
        from tests.postgres_server import why_none  # noqa: PLC0415 - as above
    except ImportError:
        return "psycopg is not installed (pip install 'dialer[postgres]')"
    return why_none()
