"""`dialer database import`: a workspace's files are moved into its database, nothing twice and nothing lost."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from dialer.cli import main
from dialer.errors import ExitCode, LedgerError, RunOverError
from dialer.models import Status
from dialer.operations.do_not_call import SEEN, Seen
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store.sqlite import Ledger, lock_of, locked
from dialer.store.sqlite.do_not_call import DoNotCallFile
from tests.engines import freeze, skip_where_missing
from tests.ledgers import BINDING, load, render, row
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.provider.bolna.sandbox import Sandbox
    from dialer.store import Store
    from dialer.store.postgres import Batch

LEDGERS = ("c.results.ledger", "sub/d.results.ledger")
NAMES = ("c.results.csv", "sub/d.results.csv")


@pytest.fixture(scope="module")
def bolna() -> Iterator[Sandbox]:
    skip_where_missing("postgres")
    with (
        running(Settings(call_rate=None, agent_rate=None, other_rate=None)) as sandbox,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("BOLNA_BASE_URL", sandbox.base_url)
        patched.setenv("BOLNA_API_KEY", "bn-test")
        yield sandbox


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, bolna: Sandbox) -> Path:
    """A workspace with two batches in files, each begun, as it is before it is moved; it belongs into `w` beside it."""
    folder = tmp_path_factory.mktemp("workspace") / "w"
    (folder / "sub").mkdir(parents=True)
    (folder / "dialer.toml").touch()
    for turn, where in enumerate((folder, folder / "sub")):
        there = Place(where, bolna)
        there.recipients([*awkward(6, start=10 * turn), ["nobody", "a\x1fb", "", ""]], header=HEADER)
        run(there.campaign(name="cd"[turn], more='[screening]\ncalled_elsewhere = "call"'), limit=4)
    return folder.rename(folder.with_name("kept"))


class Moving:
    """A workspace with two batches in files, and an empty database."""

    def __init__(self, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from tests.postgres_server import shared  # noqa: PLC0415 - where it is installed

        self._server, self._monkeypatch, self._opened = shared(), monkeypatch, list["Store"]()
        # At the same place each time: ledgers know where they lie.
        self.folder = kept.with_name("w")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(kept, self.folder)
        self.settings = self.folder / "dialer.toml"
        monkeypatch.chdir(self.folder)

    def switch(self) -> None:
        """Say that the workspace uses a database from now on."""
        name = self._server.database().rpartition("dbname=")[2]
        self.url = f"postgresql:///{name}?host={self._server.folder}&user=owner"
        self.settings.write_text("database = true\n")
        self._monkeypatch.setenv("DIALER_DATABASE", self.url)

    def come_as(self, role: str) -> None:
        self._monkeypatch.setenv("DIALER_DATABASE", self.url.replace("user=owner", f"user={role}"))

    def let_look(self) -> str:
        """Return a new role that may look."""
        role = f"r{uuid4().hex}"
        self.ask(f"CREATE ROLE {role} LOGIN")
        assert main(["database", "create", "--read", role]) == ExitCode.DONE
        return role

    def switch_back(self) -> None:
        self.settings.write_text("")
        self._monkeypatch.delenv("DIALER_DATABASE")

    def ledger(self, at: int) -> Ledger:
        self._opened.append(ledger := Ledger.read(self.folder / LEDGERS[at]))
        return ledger

    def batch(self, at: int) -> Batch:
        from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

        self._opened.append(batch := Batch.read(self.url, name=NAMES[at]))
        return batch

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as db:
            found = db.execute(statement.encode())
            return found.fetchall() if found.description else []

    @contextlib.contextmanager
    def another(self, server: str, *, name: str = "another") -> Iterator[Batch]:
        """Yield another batch in the database with everybody in it, begun."""
        from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

        batch = Batch.open(self.url, name=name, binding=replace(BINDING, server=server), batch="another")
        with contextlib.closing(batch):
            load(batch, (row(at, at) for at in range(1, 20)))
            batch.begin_work()
            yield batch

    def close(self) -> None:
        while self._opened:
            with contextlib.suppress(LedgerError, psycopg.Error):
                self._opened.pop().close()


@pytest.fixture
def moving(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moving]:
    made = Moving(kept, monkeypatch)
    yield made
    made.close()


def seen(store: Store) -> list[object]:
    """Return what people see of a batch; what comes in no order is sorted."""
    numbers = range(919800000000, 919800000020)
    unordered = (store.call_counts(), store.people(), store.calls(), store.called_numbers())
    return [
        *(sorted(some, key=repr) for some in unordered),
        *(list(store.results()), store.counts(), store.header(), store.phones()),
        *(store.last_called(), store.doubts(), store.attempted_numbers(), [store.people_with(one) for one in numbers]),
        *(store.span(), store.left(), list(store.calls_by_time())),
        *(list(store.callers()), list(store.recorded(9)), list(store.holds())),
        *(list(store.refusals()), list(store.troubles(first=9)), store.gaps(), store.note("batch")),
    ]


def imported() -> int:
    return main(["database", "import"])


def test_everything_that_is_known_of_a_batch_is_the_same_after_it_was_moved(moving: Moving) -> None:
    moving.switch()
    before = [seen(moving.ledger(at)) for at in (0, 1)]
    assert imported() == ExitCode.DONE
    assert [seen(moving.batch(at)) for at in (0, 1)] == before
    assert [one.status for one in moving.batch(0).results()].count(Status.QUEUED) == 4


def test_a_batch_goes_on_in_the_database_where_it_was(moving: Moving) -> None:
    """Who was called is not called again, by no batch, and what is recorded now is later than all before."""
    moving.switch()
    assert imported() == ExitCode.DONE
    batch = moving.batch(0)
    batch.begin_work()
    left = batch.page(after=0, size=9)
    assert [one.number for one in left] == [919800000004, 919800000005]
    before = batch.last_attempt()
    assert min(one.id for one in batch.intend(left, render)) > before
    with moving.another(batch.note("server") or "") as other:
        free = other.intend(other.page(after=0, size=99), render)
        assert [one.recipient.number - 919800000000 for one in free] == [6, 7, 8, 9, *range(14, 20)]


def test_what_was_called_shortly_before_counts_for_the_rate(moving: Moving) -> None:
    """Bolna counts it as well: for a minute from the last call on, nobody is called by the database's rate."""
    moving.switch()
    assert imported() == ExitCode.DONE
    since = "SELECT max(at) FROM dialer.attempt"
    assert moving.ask(f"SELECT organisation, round(next_at - ({since})) FROM dialer.rate") == [("loopback", 60)]


def test_what_a_killed_run_was_sending_is_unknown_in_the_database(moving: Moving) -> None:
    with contextlib.closing(Ledger.reopen(moving.folder / LEDGERS[0])) as ledger:
        ledger.begin_work()
        (left,) = ledger.intend(ledger.page(after=0, size=1), render)
    moving.switch()
    assert imported() == ExitCode.DONE
    assert moving.batch(0).attempted([left.recipient.key]) == {left.recipient.key: Status.UNKNOWN}


def test_whom_the_do_not_call_list_names_and_what_is_paused_holds_in_the_database(moving: Moving) -> None:
    for words in (["dnc", "add", number(4)], ["pause", "sub/d.toml", "--note", "lunch"]):
        assert main(words) == ExitCode.DONE
    with (moving.folder / "do_not_call.csv").open("a") as file:
        file.write("+91 98000 00005,,by hand\n")
    moving.switch()
    assert imported() == ExitCode.DONE
    first, second = moving.batch(0), moving.batch(1)
    for batch in (first, second):
        batch.begin_work()
        assert batch.intend(batch.page(after=0, size=9), render) == []
    assert moving.ask("SELECT name, why FROM dialer.pause") == [("sub/d.toml", "lunch")]
    there = {path.name for path in moving.folder.rglob("*") if path.is_file()}
    assert {"do_not_call.csv.moved", "d.toml.paused.moved", "dialer.ledgers.moved"} <= there
    assert not {"do_not_call.csv", "d.toml.paused", "dialer.ledgers"} & there


def test_a_batch_is_not_imported_into_while_a_run_brings_its_own_list_there(
    moving: Moving, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person who is in both lists would have two rows."""
    from dialer.store.postgres import Batch  # noqa: PLC0415 - where it is installed

    moving.switch()
    batch = Batch.open(moving.url, name=NAMES[0], binding=BINDING, batch="c")
    with contextlib.closing(batch):
        batch.begin_work()
        assert imported() == ExitCode.LOCKED
        assert "works on this batch" in capsys.readouterr().err
        freeze(batch)
        assert imported() == ExitCode.DONE
        with pytest.raises(RunOverError):
            load(batch, [row(1, 1)])
    assert [one.status for one in moving.batch(0).results()].count(Status.QUEUED) == 4


def test_imported_again_nothing_is_there_twice(moving: Moving, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dnc", "add", number(4)]) == ExitCode.DONE
    moving.switch()
    assert imported() == ExitCode.DONE
    before = [seen(moving.batch(at)) for at in (0, 1)]
    # As from a backup.
    shutil.copy(moving.folder / "do_not_call.csv.moved", moving.folder / "do_not_call.csv")
    capsys.readouterr()
    assert imported() == ExitCode.DONE
    assert "0 ledgers" in capsys.readouterr().out
    assert [seen(moving.batch(at)) for at in (0, 1)] == before
    assert moving.ask("SELECT count(*) FROM dialer.do_not_call") == [(1,)]


def test_an_old_copy_of_the_folder_imported_as_well_adds_nothing(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy's list of ledgers names the first folder's, by another name than they have there."""
    copy = moving.folder.with_name("copy")
    shutil.copytree(moving.folder, copy)
    moving.switch()
    assert imported() == ExitCode.DONE
    before = moving.ask("SELECT batch_id, count(*) FROM dialer.attempt GROUP BY 1 ORDER BY 1")
    shutil.copy(moving.settings, copy)
    monkeypatch.chdir(copy)
    imported()
    assert moving.ask("SELECT name FROM dialer.batch ORDER BY 1") == [(name,) for name in sorted(NAMES)]
    assert moving.ask("SELECT batch_id, count(*) FROM dialer.attempt GROUP BY 1 ORDER BY 1") == before


STEPS = ("send", "copy", "transaction")


def stop_at(turn: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Have whatever is asked of the database, or renamed, for the n-th time be the last thing that is done."""
    from dialer.store.postgres.session import Session  # noqa: PLC0415 - where it is installed

    left = [turn]

    def knocked(kind: type, name: str) -> None:
        known = getattr(kind, name)

        def do(*words: object, **more: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return known(*words, **more)

        monkeypatch.setattr(kind, name, do)

    for name in STEPS:
        knocked(Session, name)
    knocked(type(Path()), "rename")
    knocked(Ledger, "note_moved")
    return lambda: left[0] >= 0


class KilledError(BaseException):
    """The process ends here."""


def moved_in_pieces(moving: Moving, turns: range) -> int:
    """Move a workspace, stopped at each of some places, and see that it is moved whole; return at how many it was."""
    places = 0
    full = moving.folder.with_name("full")
    before = [seen(moving.ledger(at)) for at in (0, 1)]
    shutil.rmtree(full, ignore_errors=True)
    shutil.copytree(moving.folder, full)
    for turn in turns:
        shutil.rmtree(moving.folder)
        shutil.copytree(full, moving.folder)
        os.chdir(moving.folder)
        moving.switch()
        with pytest.MonkeyPatch.context() as patched:
            is_over = stop_at(turn, patched)
            with contextlib.suppress(KilledError):
                imported()
            if is_over():
                break
        places += 1
        for at in (0, 1):
            assert_refused_or_not_moved(moving, at)
        assert imported() == ExitCode.DONE
        assert [seen(moving.batch(at)) for at in (0, 1)] == before, turn
        assert moving.ask("SELECT count(*) FROM dialer.do_not_call") == [(2,)], turn
        assert moving.ask("SELECT count(*) FROM dialer.pause") == [(1,)], turn
        moving.close()
    return places


def assert_refused_or_not_moved(moving: Moving, at: int) -> None:
    """See that nobody is called with a ledger whose batch may be in the database."""
    is_there = moving.ask(
        f"SELECT count(*) FROM dialer.recipient JOIN dialer.batch b ON b.id = batch_id WHERE name = '{NAMES[at]}'"
    )
    with contextlib.closing(Ledger.read(moving.folder / LEDGERS[at])) as ledger:
        assert is_there == [(0,)] or ledger.moved_to() is not None


@pytest.fixture
def full(moving: Moving) -> Moving:
    for words in (["dnc", "add", number(4), number(5)], ["pause", "sub/d.toml"]):
        assert main(words) == ExitCode.DONE
    return moving


def test_stopped_in_the_middle_and_begun_again_nothing_is_twice_and_nothing_lost(full: Moving) -> None:
    assert moved_in_pieces(full, range(3, 200, 31)) >= 2


@pytest.mark.long
def test_stopped_anywhere_and_begun_again_nothing_is_twice_and_nothing_lost(full: Moving) -> None:
    assert moved_in_pieces(full, range(1000)) > 40


def test_people_see_the_same_before_and_after_and_the_same_command_goes_on(
    moving: Moving, bolna: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also who may only look."""
    shown = [main(["status", "c.toml"]), capsys.readouterr().out]
    rows = (moving.folder / NAMES[0]).read_bytes()
    moving.switch()
    assert imported() == ExitCode.DONE
    for role in ("owner", moving.let_look()):
        moving.come_as(role)
        capsys.readouterr()
        assert [main(["status", "c.toml"]), capsys.readouterr().out] == shown
        (moving.folder / NAMES[0]).unlink()
        main(["results", "c.toml"])
        assert (moving.folder / NAMES[0]).read_bytes() == rows
    assert main(["run", "c.toml", "--yes"]) == ExitCode.MUST_ACT
    assert "does not let the role" in capsys.readouterr().err
    moving.come_as("owner")
    before = len(bolna.book.calls)
    monkeypatch.setattr("dialer.store.ledger.gaps.LATE", 0.0)
    assert main(["run", "c.toml", "--yes"]) == ExitCode.LOOK
    called = [call.body["recipient_phone_number"] for call in bolna.book.calls[before:]]
    assert sorted(called) == [number(4), number(5)]


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_nobody_is_called_with_a_ledger_that_was_moved(moving: Moving, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where folder and settings are copied as they were before: the ledger itself says so."""
    moving.switch()
    assert imported() == ExitCode.DONE
    moving.switch_back()
    (moving.folder / "dialer.database").unlink()
    capsys.readouterr()
    for words in (["run", "c.toml", "--yes"], ["track", "c.toml"], ["reconcile", "c.toml"]):
        assert main(words) == ExitCode.MUST_ACT
        assert "are recorded in the database" in capsys.readouterr().err


def test_a_batch_that_runs_is_not_moved(moving: Moving, capsys: pytest.CaptureFixture[str]) -> None:
    moving.switch()
    with locked(lock_of(moving.folder / LEDGERS[1]), command="run"):
        assert imported() == ExitCode.LOCKED
    assert "d.results.ledger" in capsys.readouterr().err
    nothing_was_moved(moving)


def nothing_was_moved(moving: Moving) -> None:
    assert moving.ask("SELECT count(*) FROM dialer.batch") == [(0,)]
    assert not (moving.folder / "dialer.database").exists()
    assert moving.ledger(0).moved_to() is None


def test_nothing_is_moved_where_a_part_would_be_missing(moving: Moving, capsys: pytest.CaptureFixture[str]) -> None:
    """All that is missing is named at once."""
    assert main(["dnc", "add", number(4)]) == ExitCode.DONE
    extent = DoNotCallFile(moving.folder / "do_not_call.csv").read().extent
    with contextlib.closing(Ledger.reopen(moving.folder / LEDGERS[0])) as ledger:
        ledger.set_note(SEEN, Seen(extent).text())
    moving.switch()
    (moving.folder / "do_not_call.csv").write_text("number,since,source,ended,reason\n")
    (moving.folder / LEDGERS[1]).rename(moving.folder / "elsewhere")
    assert imported() == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "do_not_call.csv lacks entries" in said
    assert "d.results.ledger: " in said
    assert "it is missing" in said
    nothing_was_moved(moving)


def test_a_do_not_call_list_that_cannot_be_read_stops_everything(
    moving: Moving, capsys: pytest.CaptureFixture[str]
) -> None:
    (moving.folder / "do_not_call.csv").write_text("number,since,source,ended,reason\n9.19877E+11,,,,\n")
    moving.switch()
    assert imported() == ExitCode.MUST_ACT
    assert "9.19877E+11" in capsys.readouterr().err
    nothing_was_moved(moving)


def test_a_workspace_that_does_not_say_that_it_uses_a_database_is_left_alone(
    moving: Moving, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs would go on with its files meanwhile."""
    moving.switch()
    for without in (lambda: moving.settings.write_text(""), moving.settings.unlink):
        without()
        assert imported() == ExitCode.USAGE
        assert "Write the line database = true" in capsys.readouterr().err
        nothing_was_moved(moving)


def test_two_batches_of_one_name_do_not_become_one(moving: Moving, capsys: pytest.CaptureFixture[str]) -> None:
    moving.switch()
    with moving.another("https://elsewhere", name=NAMES[1]):
        pass
    assert imported() == ExitCode.USAGE
    assert f"{NAMES[1]}: the database has another batch" in capsys.readouterr().err
