"""Whom another batch called lately is left out: overlapping lists, copied campaign files, two runs at once."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.errors import LedgerError, UsageError
from dialer.models import Answer, Effect, Outcome, Status
from dialer.provider.bolna.executions import execution_in
from dialer.store.sqlite import Ledger, Neighbours, Registry, locked, neighbour, opening, recent_calls, schema
from dialer.store.sqlite.lock import lock_of
from tests.harness import Batch, Forked, sandbox, wait_until
from tests.ledgers import ANYBODY, BINDING, QUEUED, REFUSED, UNCLEAR, call, intend, number_of, opened, people
from tests.place import HEADER, Place, awkward, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

HOUR = 3600.0


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Ledger]:
    """Another batch's ledger with ten people, in the folder of ours, being written to."""
    with closing(opened(tmp_path / "other.ledger", batch="tuesday")) as ledger:
        people(ledger, 10)
        yield ledger


def neighbours(folder: Path, *, within: float = 24 * HOUR, server: str = BINDING.server) -> Neighbours:
    registry = Registry(folder / "dialer.ledgers")
    return Neighbours([folder], registry=registry, own=folder / "own.ledger", server=server, within=within)


def called(folder: Path, index: int, *, later: float = 0.0) -> bool:
    with neighbours(folder) as others:
        return others.called((number_of(index),), now=time.time() + later) is not None


def test_a_call_counts_until_its_time_is_over(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, QUEUED)
    assert called(tmp_path, 1)
    assert not called(tmp_path, 2)
    assert called(tmp_path, 1, later=23.9 * HOUR)
    assert not called(tmp_path, 1, later=24.1 * HOUR)


def test_it_says_when_and_by_which_batch(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, QUEUED)
    with neighbours(tmp_path) as others:
        found = others.called((number_of(1),), now=time.time())
        assert found is not None
        assert found.batch == "tuesday"
        assert found.at == pytest.approx(time.time(), abs=60)
        assert [[number for number, _ in calls] for calls in others.recent(now=time.time())] == [[number_of(1)]]


def test_a_call_that_may_be_another_agents_is_known_and_stands_in_for_no_unknown_one(
    tmp_path: Path, other: Ledger
) -> None:
    """The provider lists the calls of one agent; it is not known on whose list this one is."""
    call(other, 1, QUEUED)
    for agents, is_counted in (("[]", True), ('["another"]', False)):
        other.set_note("agents", agents)
        with neighbours(tmp_path) as others:
            (at,) = others.calls_since(time.time() - HOUR, agent=BINDING.agent).values()
        assert (at > time.time() - HOUR) is is_counted


@pytest.mark.parametrize(
    ("answer", "counts"),
    [(QUEUED, True), (UNCLEAR, True), (REFUSED, False), (Answer(Outcome.RETRY, Effect.HOLD, words="429"), False)],
)
def test_what_was_surely_not_placed_does_not_count(tmp_path: Path, other: Ledger, answer: Answer, counts: bool) -> None:  # noqa: FBT001 - a case
    call(other, 1, answer)
    assert called(tmp_path, 1) is counts


def test_an_intent_counts_as_soon_as_it_is_written_and_no_longer_when_it_is_taken_back(
    tmp_path: Path, other: Ledger
) -> None:
    with neighbours(tmp_path) as others:
        assert others.called((number_of(1),), now=time.time()) is None
        attempts = intend(other, 1)
        assert others.called((number_of(1),), now=time.time()) is not None
        other.withhold(attempts, reason="too late")
        assert others.called((number_of(1),), now=time.time()) is None


def test_a_glance_goes_by_what_was_seen_a_moment_ago_and_the_last_look_by_the_disk(
    tmp_path: Path, other: Ledger
) -> None:
    other.close()
    with neighbours(tmp_path) as others:
        now = time.time()
        assert others.called((number_of(1),), now=now) is None
        with closing(Ledger.reopen(other.path)) as again:
            call(again, 1, QUEUED)
        assert others.called((number_of(1),), now=now + 0.5, seen_within=1.0) is None
        assert others.called((number_of(1),), now=now + 0.5) is not None
        assert others.called((number_of(1),), now=now + 0.6, seen_within=1.0) is not None


def test_who_is_to_be_redialled_there_was_called_there(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, UNCLEAR)
    other.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    assert called(tmp_path, 1)


def test_neither_its_own_ledger_nor_a_trials_counts_nor_calls_at_another_server(tmp_path: Path) -> None:
    elsewhere = replace(BINDING, server="loopback")
    for name, binding in (("own.ledger", BINDING), ("x.sandbox.ledger", BINDING), ("y.ledger", elsewhere)):
        with closing(opened(tmp_path / name, binding=binding)) as ledger:
            people(ledger, 1)
            call(ledger, 1, QUEUED)
    assert not called(tmp_path, 1)


def test_a_ledger_that_appears_while_a_run_goes_on_is_noticed_at_once(tmp_path: Path) -> None:
    with neighbours(tmp_path) as others:
        assert others.called((number_of(1),), now=time.time()) is None
        for name in ("a.ledger", "b.ledger"):
            (tmp_path / name).touch()
            assert others.called((number_of(1),), now=time.time()) is None, "just being made"
        with closing(opened(tmp_path / "b.ledger")) as ledger:
            people(ledger, 1)
            call(ledger, 1, QUEUED)
            assert others.called((number_of(1),), now=time.time()) is not None


@pytest.mark.parametrize("steps", range(6))
def test_a_ledger_that_gets_its_tables_while_it_is_opened_is_not_taken_for_another_programs(
    tmp_path: Path, steps: int
) -> None:
    """Of twenty campaigns that were started at once, some ended with 5: they saw the tables of a neighbour, but not
    yet whose they were."""
    path = tmp_path / "b.ledger"
    with closing(sqlite3.connect(path, isolation_level=None)) as maker, closing(sqlite3.connect(path)) as reader:
        maker.execute("PRAGMA journal_mode = WAL")
        before = iter(range(6))
        reader.set_trace_callback(lambda _: schema.migrate(maker) if next(before, None) == steps else None)
        with contextlib.suppress(UsageError):
            opening.check_current(path, reader)
        reader.set_trace_callback(None)
        schema.migrate(maker)
        opening.check_current(path, reader)


def test_a_ledger_whose_maker_is_slow_is_waited_for(tmp_path: Path) -> None:
    """On a machine that starts many runs at once more than two seconds may lie between the file and its tables."""
    path = tmp_path / "b.ledger"
    path.touch()
    os.utime(path, (time.time() - 60, time.time() - 60))
    with neighbours(tmp_path) as others, locked(tmp_path / "b.ledger.lock", command="run"):
        assert others.called((number_of(1),), now=time.time()) is None
        with closing(opened(path)) as ledger:
            people(ledger, 1)
            call(ledger, 1, QUEUED)
            assert others.called((number_of(1),), now=time.time()) is not None


def test_a_ledger_that_is_put_in_the_place_of_another_is_the_one_that_is_asked(tmp_path: Path) -> None:
    for name, index in (("a.ledger", 1), ("b.ledger", 2)):
        with closing(opened(tmp_path / name)) as ledger:
            people(ledger, 3)
            call(ledger, index, QUEUED)
    with neighbours(tmp_path) as others:
        assert others.called((number_of(1),), now=time.time()) is not None
        (tmp_path / "b.ledger").replace(tmp_path / "a.ledger")
        assert others.called((number_of(1),), now=time.time()) is None
        assert others.called((number_of(2),), now=time.time()) is not None


def test_a_ledger_of_an_older_version_counts(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.ledger")) as db:
        db.executescript(
            f"{schema.MIGRATIONS[0]} PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 1;"
        )
        db.executemany("INSERT INTO meta VALUES (?, ?)", [("server", BINDING.server), ("batch", "old")])
        db.execute(
            "INSERT INTO recipient (id, key, number, state, payload, cells, layout, updated_at) "
            "VALUES (7, 'k', ?, 'error', '', '[]', 1, ?)",
            (number_of(1), time.time()),
        )
        # Called, and refused when called again: where they stand does not tell it.
        db.executemany(
            "INSERT INTO attempt (recipient, reference, at, outcome) VALUES (7, ?, ?, ?)",
            [("r-1", time.time(), "queued"), ("r-2", time.time(), "error")],
        )
        db.commit()
    assert called(tmp_path, 1)


def worked_on(path: Path) -> Path:
    """Make a ledger in which somebody was called, with its lock, as a run that has ended leaves it; return its path."""
    with locked(lock_of(path), command="run"), closing(opened(path)) as ledger:
        ledger.begin_work()
        people(ledger, 300)
        call(ledger, 1, QUEUED)
    return path


def head_lost(content: bytes) -> bytes:
    return bytes(4096) + content[4096:]


def middle_lost(content: bytes) -> bytes:
    return content[:100] + bytes(len(content) - 100)


def emptied(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damaged", [head_lost, middle_lost, emptied])
@pytest.mark.parametrize("name", ["other.ledger", "other", "other.results.csv"])
def test_a_damaged_ledger_stops_the_run_and_is_named_whatever_it_is_called(
    tmp_path: Path, name: str, damaged: Callable[[bytes], bytes]
) -> None:
    path = worked_on(tmp_path / name)
    path.write_bytes(damaged(path.read_bytes()))
    os.utime(path, (time.time() - 60, time.time() - 60))
    with neighbours(tmp_path) as others, pytest.raises(LedgerError) as raised:
        others.called((number_of(1),), now=time.time())
    assert str(path) in str(raised.value)
    assert f"dialer list --forget {path}" in str(raised.value)


@pytest.mark.parametrize("name", ["other.ledger", "other", "other.db", "other.results.csv"])
def test_a_ledger_counts_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    worked_on(tmp_path / name)
    assert called(tmp_path, 1)
    assert not called(tmp_path, 2)


def test_a_ledger_that_lost_its_lock_counts_as_well(tmp_path: Path) -> None:
    lock_of(worked_on(tmp_path / "other")).unlink()
    assert called(tmp_path, 1)


def test_files_of_others_are_left_alone_whatever_they_are_called(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.ledger")) as db, db:
        db.execute("CREATE TABLE recipient (number)")
    with closing(sqlite3.connect(tmp_path / "fossil.ledger")) as db, db:
        db.executescript("PRAGMA application_id = 252006674; CREATE TABLE recipient (number);")
    (tmp_path / "accounts.ledger").write_text("2026-01-01 * Rent\n  Expenses  100 EUR\n")
    (tmp_path / "Pipfile").write_text("[packages]\n")
    (tmp_path / "Pipfile.lock").write_text('{"_meta": {}}\n')
    (tmp_path / "empty.ledger").touch()
    (tmp_path / "folder.ledger").mkdir()
    (tmp_path / "gone.ledger").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo.ledger")
    os.mkfifo(tmp_path / "fifo.ledger.lock")
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60), follow_symlinks=False)
    with neighbours(tmp_path) as others:
        assert others.called((number_of(1),), now=time.time()) is None
        assert list(others.recent(now=time.time())) == []


@pytest.mark.parametrize(
    ("module", "step"), [(recent_calls, "is_ledger"), (neighbour, "open_for_reading")], ids=["found", "opened"]
)
def test_a_file_that_goes_while_the_folder_is_looked_at_holds_nobody_up(
    tmp_path: Path, other: Ledger, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    """Other runs replace their results by renaming a file beside them, at any moment."""
    call(other, 1, QUEUED)
    gone = tmp_path / "gone.ledger"
    with locked(lock_of(gone), command="run"), closing(opened(gone)) as ledger:
        ledger.begin_work()
    proceed = getattr(module, step)

    def too_late(path: Path, **more: bool) -> object:
        if path == gone:
            gone.unlink()
        return proceed(path, **more)

    monkeypatch.setattr(module, step, too_late)
    assert called(tmp_path, 1)
    assert not gone.exists()


def test_a_run_that_was_killed_while_it_made_its_ledger_holds_nobody_up(tmp_path: Path) -> None:
    with locked(tmp_path / "killed.ledger.lock", command="run"):
        (tmp_path / "killed.ledger").touch()
    os.utime(tmp_path / "killed.ledger", (time.time() - 60, time.time() - 60))
    assert not called(tmp_path, 1)


def test_any_spelling_of_a_line_counts(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, QUEUED)
    with neighbours(tmp_path) as others:
        assert others.called((number_of(9), number_of(1)), now=time.time()) is not None
        assert others.called((number_of(9), number_of(8)), now=time.time()) is None


def test_who_was_refused_when_called_again_is_protected_as_before(tmp_path: Path, other: Ledger) -> None:
    call(other, 1, QUEUED)
    before = time.time()
    end_all_calls(other)
    assert other.permit(Status.QUEUED, ANYBODY, what="--redial no-answer", now=before + 60).released == 1
    assert called(tmp_path, 1)
    call(other, 1, REFUSED)
    assert called(tmp_path, 1)


def end_all_calls(ledger: Ledger) -> None:
    found = execution_in({"id": "exec-1", "status": "no-answer"})
    assert found is not None
    ledger.note_calls((call.attempt, found) for call in ledger.open_calls())


# -- by the command ------------------------------------------------------------------------------------------------


def test_a_copied_campaign_file_calls_nobody_again_and_says_who_did(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(12), header=HEADER)
    assert main(["run", str(place.campaign()), "--yes"]) == 0
    place.recipients(awkward(15), header=HEADER)
    copy = place.campaign(name="copy")
    capsys.readouterr()

    assert main(["check", str(copy)]) == 0
    assert "12 stay for a later run: called by another batch lately, the first from " in capsys.readouterr().out
    assert main(["run", str(copy), "--yes", "--new-batch"]) == 3

    told = capsys.readouterr().err
    assert "12 stay for a later run: called by another batch lately, the first from " in told
    assert "12 were not called now; the first can be called from " in told
    assert "run again then:\n  12: called less than a minute ago by the batch c; from " in told
    assert len(place.calls()) == 15
    statuses = Counter(row["status"] for row in place.results("copy.results.csv"))
    assert statuses == {"queued": 3, "pending": 12}


def test_a_ledger_without_an_extension_dials_and_is_known_to_its_neighbours(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(5), header=HEADER)
    path = place.campaign(more='ledger = "kept/reminders"')
    assert main(["run", str(path), "--yes", "-q"]) == 0
    assert main(["run", str(path), "--yes", "-q"]) == 0
    copy = place.campaign(name="copy", more='ledger = "kept/copy.db"')
    assert main(["run", str(copy), "--yes", "-q", "--new-batch"]) == 3
    assert len(place.calls()) == 5
    capsys.readouterr()
    assert main(["show", number(0), "--in", str(place.folder)]) == 0
    assert "1 attempt, in 2 ledgers" in capsys.readouterr().out


def test_a_damaged_ledger_beside_it_stops_a_run_and_only_warns_a_check(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(5), header=HEADER)
    assert main(["run", str(place.campaign()), "--yes", "-q"]) == 0
    damaged = place.folder / "c.results.ledger"
    damaged.write_bytes(b"no ledger at all" * 1000)
    copy = place.campaign(name="copy")
    capsys.readouterr()
    assert main(["check", str(copy)]) == 0
    said = capsys.readouterr().out
    assert f"Warning: `run` will not start: {damaged}: this ledger of another batch cannot be read" in said
    assert "5 would be called." in said
    assert main(["run", str(copy), "--yes", "-q"]) == 5
    assert f"{damaged}: this ledger of another batch cannot be read" in capsys.readouterr().err
    assert len(place.calls()) == 5


def test_files_of_other_programs_beside_it_stop_neither(place: Place) -> None:
    place.recipients(awkward(5), header=HEADER)
    with closing(sqlite3.connect(place.folder / "theirs.ledger")) as db, db:
        db.execute("CREATE TABLE recipient (number)")
    (place.folder / "accounts.ledger").write_text("2026-01-01 * Rent", encoding="utf-8")
    os.mkfifo(place.folder / "fifo.ledger")
    assert main(["check", str(place.campaign())]) == 0
    assert main(["run", str(place.campaign()), "--yes", "-q"]) == 0
    assert len(place.calls()) == 5


def test_it_can_be_had_otherwise(place: Place) -> None:
    place.recipients(awkward(5), header=HEADER)
    assert main(["run", str(place.campaign()), "--yes"]) == 0
    anyhow = place.campaign(name="anyhow", more='[screening]\ncalled_elsewhere = "call"')
    assert main(["run", str(anyhow), "--yes"]) == 0
    briefly = place.campaign(name="briefly", more='[screening]\ncalled_elsewhere_within = "1s"')
    for ledger in place.folder.glob("*.ledger"):
        with closing(sqlite3.connect(ledger)) as db, db:
            db.execute("UPDATE attempt SET at = at - 2, answered_at = answered_at - 2")
    assert main(["run", str(briefly), "--yes", "--new-batch"]) == 0
    assert len(place.calls()) == 15


def test_two_runs_at_once_over_one_list_call_nobody_twice_also_when_one_is_killed(tmp_path: Path) -> None:
    with sandbox(latency=0.02) as bolna:
        batch = Batch.write(tmp_path / "batch", people=160, rate="100/second")
        copy = batch.campaign.with_name("copy.toml")
        copy.write_text(batch.campaign.read_text())

        def start(campaign: Path) -> Forked:
            words = ["run", str(campaign), "--yes", "-q"]
            return Forked(words, environment=bolna.environment, log=campaign.with_suffix(".log"))

        runs = [start(batch.campaign), start(copy)]
        wait_until(lambda: bolna.requests() >= 60)
        runs[0].kill()
        for process in runs:
            process.wait()
            assert process.told() == ""
        # Whom both saw at the other, neither called: the next starts do.
        for campaign in (batch.campaign, copy, batch.campaign):
            start(campaign).wait()

        times = Counter(call["to_number"] for call in bolna.calls(batch.agent))
        assert max(times.values()) == 1
        unclear = sum(
            row[0]
            for ledger in ("c.results.ledger", "copy.results.ledger")
            for row in _asked(batch.folder / ledger, "SELECT count(*) FROM recipient WHERE state = 'unknown'")
        )
        assert len(times) + unclear >= len(batch.numbers)
        assert unclear <= 21


@pytest.mark.long
def test_twenty_campaigns_that_start_at_once_call_everybody_once(tmp_path: Path) -> None:
    """Each looks at the ledgers of the others while these are being made."""
    with sandbox() as bolna:
        batch = Batch.write(tmp_path / "batch", people=10, rate="100/second")
        campaigns = []
        for index in range(20):
            (batch.folder / f"l{index}.csv").write_text(
                "phone\n" + "".join(f"+9198{index:02d}{row:06d}\n" for row in range(10)), encoding="utf-8"
            )
            campaigns.append(batch.folder / f"c{index}.toml")
            campaigns[-1].write_text(
                f'agent_id = "{batch.agent}"\nrecipients = "l{index}.csv"\n'
                '[pacing]\nrate = "100/second"\nreads = "5000/second"\n',
                encoding="utf-8",
            )
        runs = [
            Forked(["run", str(each), "--yes", "-q"], environment=bolna.environment, log=each.with_suffix(".log"))
            for each in campaigns
        ]
        assert [process.wait() for process in runs] == [0] * 20
        times = Counter(call["to_number"] for call in bolna.calls(batch.agent))
        assert (len(times), max(times.values())) == (200, 1)


def _asked(ledger: Path, query: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def test_who_was_called_by_another_batch_under_another_spelling_is_left_out(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, spelling in (("one", "+541123456789"), ("two", "+5491123456789")):
        place.recipients([[spelling]], header=["phone"], name=f"{name}.csv")
        campaign = place.campaign(name=name, recipients=f"{name}.csv")
        main(["run", str(campaign), "--yes", "--new-batch"])
    assert len(place.calls()) == 1
    told = capsys.readouterr().err
    assert "1 stays for a later run: called by another batch lately, the first from " in told
    assert "  1: called by another batch lately; from " in told
