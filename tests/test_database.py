"""`dialer database`: tables, roles, a newer version of the tables, and what is said of the server."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from dialer.cli import main
from dialer.errors import ExitCode, LedgerError, RunOverError
from dialer.models import Status
from dialer.store.joining import Turn
from dialer.store.postgres.queries import schema
from tests.engines import freeze, skip_where_missing
from tests.ledgers import AGAIN, BINDING, QUEUED, REFUSED, UNCLEAR, call, intend, key_of, load, people, row, standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store.postgres import Batch
    from dialer.store.shared import Whose

NEXT = "ALTER TABLE dialer.batch ADD COLUMN colour text; CREATE TABLE dialer.extra (number integer)"
"""What leads to a version of the tables that there is not yet."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A workspace with an empty database of its own, and two roles."""
    skip_where_missing("postgres")
    made = Place(tmp_path, monkeypatch)
    yield made
    made.close()


class Place:
    """A database of one test, and commands for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from tests.postgres_server import shared  # noqa: PLC0415 - where it is installed

        self._monkeypatch, self._opened = monkeypatch, list["Batch"]()
        self.server, self.name = shared(), f"d{uuid4().hex}"
        self.runner, self.looker = f"{self.name}_run", f"{self.name}_read"
        self.ask("postgres", f"CREATE DATABASE {self.name}")
        self.ask("postgres", f"CREATE ROLE {self.runner} LOGIN; CREATE ROLE {self.looker} LOGIN")
        (folder / "dialer.toml").write_text("database = true\n")
        monkeypatch.chdir(folder)
        self.come_as("owner")

    def ask(self, database: str, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.server.url(database), autocommit=True) as db:
            found = db.execute(statement.encode())
            return found.fetchall() if found.description else []

    def url(self, role: str = "owner") -> str:
        return f"postgresql:///{self.name}?host={self.server.folder}&user={role}"

    def come_as(self, role: str) -> None:
        self._monkeypatch.setenv("DIALER_DATABASE", self.url(role))

    def create(self) -> None:
        assert main(["database", "create", "--run", self.runner, "--read", self.looker]) == ExitCode.DONE

    def batch(self, role: str = "", *, looks: bool = False) -> Batch:
        from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

        url = self.url(role or self.runner)
        binding = replace(BINDING, server=f"https://{self.name}")
        made = Batch.read(url, name="one") if looks else Batch.open(url, name="one", binding=binding, batch="one")
        self._opened.append(made)
        return made

    def next_version(self, step: str = NEXT) -> None:
        """Have this be a newer version of dialer."""
        self._monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step))

    def former_version(self) -> None:
        self._monkeypatch.setattr(schema, "STEPS", schema.STEPS[:-1])

    def close(self) -> None:
        for batch in self._opened:
            with contextlib.suppress(LedgerError, psycopg.Error):
                batch.close()


def test_tables_are_made_once_and_other_roles_let_in_later(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["database", "check"]) == ExitCode.MUST_ACT
    assert "dialer database create" in capsys.readouterr().err
    assert main(["database", "create"]) == ExitCode.DONE
    assert "are there now" in capsys.readouterr().out
    with pytest.raises(LedgerError, match="does not let the role"):
        place.batch()
    place.create()
    assert "were there already" in capsys.readouterr().out
    place.batch()


def test_a_role_that_is_missing_and_one_that_does_not_own_the_tables_change_nothing(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["database", "create", "--run", "no_such_role"]) == ExitCode.USAGE
    assert "CREATE ROLE no_such_role" in capsys.readouterr().err
    assert main(["database", "check"]) == ExitCode.MUST_ACT
    place.create()
    place.come_as(place.runner)
    assert main(["database", "create", "--run", place.looker]) == ExitCode.MUST_ACT
    assert "owner" in capsys.readouterr().err
    with pytest.raises(LedgerError):
        place.batch(place.looker)


def test_the_role_that_runs_can_do_all_that_a_run_does_and_change_no_table(place: Place) -> None:
    """Also where nobody may make temporary tables but who was let."""
    place.ask("postgres", f"REVOKE TEMPORARY ON DATABASE {place.name} FROM PUBLIC")
    place.create()
    batch = place.batch()
    people(batch, 3)
    batch.begin_work()
    call(batch, 1, QUEUED)
    load(batch, [row(1, 2), row(2, 3)])
    intend(batch, 2)
    batch.tell_again()
    batch.close()
    assert standing(place.batch(looks=True)) == {
        key_of(1): Status.QUEUED,
        key_of(2): Status.UNKNOWN,
        key_of(3): Status.PENDING,
    }
    refused(
        place.url(place.runner),
        *("DROP TABLE dialer.hold", "ALTER TABLE dialer.batch ADD COLUMN a text", "CREATE TABLE dialer.a (b text)"),
        *("INSERT INTO dialer.version VALUES (2)", "DELETE FROM dialer.do_not_call", "TRUNCATE dialer.attempt"),
        *("DROP FUNCTION dialer.recover()", "UPDATE dialer.do_not_call SET ended = '1'", "DROP SCHEMA dialer CASCADE"),
        *("CREATE VIEW dialer_batch.a AS SELECT 1", "GRANT SELECT ON dialer.batch TO PUBLIC"),
    )


def test_the_role_that_reads_sees_everything_and_changes_nothing(place: Place) -> None:
    from dialer.store.postgres import DatabaseBatches  # noqa: PLC0415 - where it is installed

    place.create()
    people(place.batch(), 2)
    seen: list[Whose] = []
    look = place.batch(place.looker, looks=True)
    assert look.counts() == {Status.PENDING: 2}
    assert [one.key for one in look.results()] == [key_of(1), key_of(2)]
    with contextlib.closing(DatabaseBatches(place.url(place.looker), everything="", check=seen.append)) as batches:
        assert [batches.read(named.name).counts() for named in batches.all()] == [{Status.PENDING: 2}]
    assert [(whose.owner, whose.is_empty) for whose in seen] == [(None, False)]
    with pytest.raises(LedgerError):
        look.begin_work()
    tables = [f"dialer.{name}" for (name,) in place.ask(place.name, TABLES)]
    assert len(tables) > 15
    refused(place.url(place.looker), *(f"DELETE FROM {table}" for table in tables), "SELECT dialer.recover()")


TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'dialer'::regnamespace AND relkind = 'r'"


def refused(url: str, *statements: str) -> None:
    """See that a role may do none of some statements."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SELECT set_config('dialer.batch', '1', false)")
        for statement in statements:
            try:
                db.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            # What nobody has a right to is granted with a warning, and not granted.
            assert statement.startswith("GRANT"), statement
        assert db.execute("SELECT has_table_privilege('public', 'dialer.batch', 'SELECT')").fetchone() == (False,)


def test_what_the_server_lacks_is_said_and_the_exit_code_says_so(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of these tests does not wait for the disk."""
    place.create()
    capsys.readouterr()
    assert main(["database", "check"]) == ExitCode.LOOK
    said = capsys.readouterr().out
    assert "- fsync is off" in said
    assert "- full_page_writes is off" in said
    assert "PostgreSQL 1" in said
    place.come_as(place.looker)
    assert main(["database", "check"]) == ExitCode.LOOK
    assert "may look at campaigns, and not run them" in capsys.readouterr().out


# -- a newer version of the tables -------------------------------------------------------------------------------------


def test_an_upgrade_keeps_everything_and_lets_the_same_roles_do_the_same(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.create()
    before = place.batch()
    people(before, 3)
    before.begin_work()
    call(before, 1, QUEUED)
    before.close()
    place.next_version()
    with pytest.raises(LedgerError, match="dialer database upgrade"):
        place.batch()
    assert main(["database", "check"]) == ExitCode.MUST_ACT
    capsys.readouterr()
    now = len(schema.STEPS)
    for words in (f"have version {now} now (before: {now - 1})", f"up to date (version {now})"):
        assert main(["database", "upgrade"]) == ExitCode.DONE
        assert words in capsys.readouterr().out
    batch = place.batch()
    batch.begin_work()
    call(batch, 2, QUEUED)
    assert standing(batch) == {key_of(1): Status.QUEUED, key_of(2): Status.QUEUED, key_of(3): Status.PENDING}
    with psycopg.connect(place.url(place.runner), autocommit=True) as db:
        db.execute("INSERT INTO dialer.extra VALUES (1)")
    with psycopg.connect(place.url(place.looker), autocommit=True) as db:
        assert db.execute("SELECT number FROM dialer.extra").fetchall() == [(1,)]
    refused(place.url(place.looker), "DELETE FROM dialer.extra")


def test_an_upgrade_that_fails_changes_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.create()
    place.next_version(f"{NEXT}; SELECT 1 / 0")
    assert main(["database", "upgrade"]) == ExitCode.MUST_ACT
    assert "division by zero" in capsys.readouterr().err
    place.former_version()
    batch = place.batch()
    people(batch, 1)
    batch.begin_work()
    call(batch, 1, QUEUED)


def test_only_the_owner_upgrades(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.create()
    place.next_version()
    place.come_as(place.runner)
    assert main(["database", "upgrade"]) == ExitCode.MUST_ACT
    assert "owner" in capsys.readouterr().err


def test_no_tables_are_changed_under_a_run(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.create()
    batch = place.batch()
    people(batch, 1)
    batch.begin_work()
    place.next_version()
    assert main(["database", "upgrade"]) == ExitCode.LOCKED
    assert "one: a run works on this batch" in capsys.readouterr().err
    batch.close()
    assert main(["database", "upgrade"]) == ExitCode.DONE


def test_a_frozen_run_that_wakes_after_an_upgrade_calls_nobody(place: Place) -> None:
    """Nor does one begin that had looked at the tables before."""
    place.create()
    frozen, late = place.batch(), place.batch()
    people(frozen, 2)
    frozen.begin_work()
    freeze(frozen)
    (left,) = intend(frozen, 1)
    # As if the server had been there for long.
    place.ask(place.name, "UPDATE dialer.run SET lease = 0, beat_at = beat_at - 9")
    place.next_version()
    assert main(["database", "upgrade"]) == ExitCode.DONE
    place.former_version()
    assert frozen._beats is not None
    frozen._beats.beat()
    assert not frozen.beat()
    with pytest.raises(RunOverError):
        intend(frozen, 2)
    with pytest.raises(LedgerError, match="newer version"):
        late.begin_work()
    frozen.settle([(left, QUEUED)])
    place.next_version()
    batch = place.batch()
    batch.begin_work()
    assert standing(batch) == {key_of(1): Status.QUEUED, key_of(2): Status.PENDING}


CALLS = """
    INSERT INTO dialer.batch (name) VALUES ('one');
    INSERT INTO dialer.meta (batch_id, name, value) VALUES (1, 'agent', 'agent-1'), (1, 'server', '{server}'),
    (1, 'key_definition', 'the number'), (1, 'batch', 'one'), (1, 'layout', '1');
    INSERT INTO dialer.layout (batch_id, header) VALUES (1, '["phone", "name"]');
    INSERT INTO dialer.recipient (batch_id, position, number, key, state, attempts, decided, cells, layout) SELECT
    1, n, 919800000000 + n, '+' || 919800000000 + n, CASE n WHEN 3 THEN 'pending' ELSE 'queued' END,
    CASE n WHEN 3 THEN 0 ELSE 1 END, CASE n WHEN 3 THEN NULL ELSE n END, '[]', 1 FROM generate_series(1, 3) AS n;
    INSERT INTO dialer.attempt (batch_id, recipient, reference, at, outcome, execution_id, answered_at) SELECT
    1, n, 'r' || n, dialer.seconds(), 'queued', 'exec-' || n, dialer.seconds() FROM generate_series(1, 2) AS n;
    INSERT INTO dialer.call (batch_id, attempt, recipient, status, final, asked_at, since)
    VALUES (1, 2, 2, 'completed', 1, 0, 0);
    INSERT INTO dialer.run (batch_id, id, host, pid, lease, ended) VALUES (1, 'old', 'h', 1, 10, dialer.seconds())
"""


def test_a_database_of_the_first_version_is_brought_up_to_date_and_its_calls_count(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made by the statements of that version, with a call that goes on and one that is over."""
    with psycopg.connect(place.url(), autocommit=True) as db:
        db.execute((Path(__file__).parent / "database_1.sql").read_bytes())
        db.execute(CALLS.format(server=f"https://{place.name}").encode())
    assert main(["database", "upgrade"]) == ExitCode.DONE
    assert f"have version {len(schema.STEPS)} now (before: 1)" in capsys.readouterr().out
    assert place.ask(place.name, "SELECT server, attempt FROM dialer.live_call") == [(f"https://{place.name}", 1)]
    place.create()
    batch = place.batch()
    batch.begin_work(joins=True)
    assert batch.turn() is Turn.PREPARE
    assert batch.counts() == {Status.QUEUED: 2, Status.PENDING: 1}
    call(batch, 3, QUEUED)
    assert len(place.ask(place.name, "SELECT 1 FROM dialer.live_call")) == 2
    assert index_of_keys(place) == "(state <> 'pending'::text)"


def index_of_keys(place: Place) -> object:
    """Return of which rows a person has one at most."""
    index = "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'dialer.recipient_key'::regclass"
    ((rows,),) = place.ask(place.name, index)
    return rows


def test_a_database_in_which_everybody_had_an_entry_is_brought_up_to_date(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of version 6, with people in each state, one of them with a call that is not over."""
    latest = schema.STEPS
    monkeypatch.setattr(schema, "STEPS", latest[:6])
    place.create()
    batch = place.batch()
    people(batch, 5)
    batch.begin_work()
    for index, answer in enumerate((QUEUED, REFUSED, UNCLEAR, AGAIN), 1):
        call(batch, index, answer)
    before = standing(batch)
    batch.close()
    monkeypatch.setattr(schema, "STEPS", latest)
    assert main(["database", "upgrade"]) == ExitCode.DONE
    assert index_of_keys(place) == "(state <> 'pending'::text)"
    batch = place.batch()
    assert standing(batch) == before
    load(batch, [row(at, index, "renamed") for at, index in enumerate((3, 4, 1, 6, 2), 1)])
    batch.begin_work()
    for index in (4, 6):
        call(batch, index, QUEUED)
    called = {key_of(2): Status.ERROR, key_of(3): Status.UNKNOWN}
    assert standing(batch) == dict.fromkeys((key_of(1), key_of(4), key_of(6)), Status.QUEUED) | called
