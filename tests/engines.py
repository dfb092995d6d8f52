"""The engines that keep a batch, as the tests open them: what is promised of one is promised of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.store.sqlite import Ledger
from tests.ledgers import BINDING, opened
from tests.missing import missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialer.store import Store


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
