"""The brake: nothing leaves any more, what waits at Bolna is stopped, and what could not be is listed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.engine.control import Control, beside
from dialer.errors import DeclinedError, ExitCode, LedgerError, LockedError, MustActError
from dialer.models import Answer, Effect, Outcome, Own
from dialer.operations import cancel, cancel_campaign
from dialer.provider import VENDOR
from dialer.provider.bolna.client import read_error
from dialer.provider.bolna.executions import execution_in
from dialer.provider.bolna.sandbox import Settings, running
from dialer.provider.interface import ProviderReadError, Stopped
from dialer.rate import Rate
from dialer.store.sqlite import Ledger, locked
from dialer.sync.stop_calls import Brake
from tests.harness import CRASHED, Batch, Crash, Crashing, Forked, sandbox, wait_until
from tests.ledgers import call, load, number_of, opened, people, row
from tests.place import HEADER, Place, awkward, number, run
from tests.test_runner import Inline, virtually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.operations import Braking, Cancelled
    from dialer.provider.interface import Execution, Page
    from dialer.store import Call


STOP = "POST /call/{execution_id}/stop"


@dataclass
class Bolna:
    """Stops calls that wait, by a script; each answer takes a while."""

    statuses: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    refused: int = 0
    hidden_until: float = 0.0
    asked: list[tuple[float, str]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    glances: int = 0

    async def stop_call(self, execution_id: str) -> Stopped:
        self.asked.append((anyio.current_time(), execution_id))
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await anyio.sleep(0.2)
        self.in_flight -= 1
        if self.refused:
            raise read_error("Access denied", self.refused)
        if execution_id in self.broken:
            raise ProviderReadError("HTTP 502 Bad Gateway", 502)
        if anyio.current_time() < self.hidden_until:
            return Stopped(stopped=False, words="Execution not found", is_unknown=True)
        if self.statuses.get(execution_id, "queued") != "queued":
            return Stopped(stopped=False, words="not queued", is_unknown=False)
        return Stopped(stopped=True, words="", is_unknown=False)

    async def execution(self, execution_id: str) -> Execution | None:
        return execution_in({"id": execution_id, "status": self.statuses[execution_id]})

    async def glance(self, calls: Sequence[Call]) -> Mapping[int, str]:
        await anyio.sleep(0.2)
        self.glances += 1
        return {call.attempt: self.statuses.get(call.execution_id, "queued") for call in calls}

    @property
    def order(self) -> list[str]:
        return [execution_id for _, execution_id in self.asked]


def accepted(index: int) -> Answer:
    return Answer(Outcome.QUEUED, Effect.GO_ON, execution_id=f"e{index}", http_status=200)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Six people whose calls were accepted, one after the other."""
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        people(ledger, 6)
        for index in range(1, 7):
            call(ledger, index, accepted(index))
        yield ledger


def braked(ledger: Ledger, bolna: Bolna, *, drained_after: float = 1e9) -> Brake:
    async def stop() -> Brake:
        drain = anyio.Event()

        async def drain_later() -> None:
            await anyio.sleep(drained_after)
            drain.set()

        one = Brake(Inline(ledger), bolna, glance=bolna.glance, drain=drain)
        async with beside(drain_later):
            await one.stop_all()
        return one

    found: Brake = virtually(stop, patience=1e12)
    return found


def calls_of(ledger: Ledger) -> dict[str, tuple[str, str]]:
    """Return execution id → status and the answer to its stop."""
    rows = ledger._db.execute(
        "SELECT a.execution_id, c.status, c.stop FROM call c JOIN attempt a ON a.id = c.attempt"
    ).fetchall()
    return {execution_id: (status, stop) for execution_id, status, stop in rows}


def test_the_last_to_ring_are_stopped_first(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "l.ledger")) as ledger:
        # Who is scheduled rings later than who was placed after them.
        later = replace(row(2, 2), own=Own(scheduled_at="2099-01-01T10:00:00+05:30"))
        load(ledger, [row(1, 1), later, row(3, 3), row(4, 4)])
        for index in range(1, 5):
            call(ledger, index, accepted(index))
        bolna = Bolna()
        braked(ledger, bolna)
    assert bolna.order == ["e2", "e4", "e3", "e1"]


def test_each_answer_is_kept_and_only_what_may_still_ring_is_asked_for_again(ledger: Ledger) -> None:
    bolna = Bolna(statuses={"e1": "completed", "e2": "ringing", "e3": "no-answer"}, broken={"e4"})
    first = braked(ledger, bolna).result
    assert (first.stopped, first.over) == (2, Counter({"completed": 1, "no-answer": 1}))
    assert [(one.number, one.status, one.words) for one in first.going_on] == [(number_of(2), "ringing", "not queued")]
    assert first.trouble == "HTTP 502 Bad Gateway"
    assert calls_of(ledger) == {
        "e1": ("completed", "not queued"), "e2": ("ringing", "not queued"), "e3": ("no-answer", "not queued"),
        "e5": ("stopped", "stopped"), "e6": ("stopped", "stopped"),
    }  # fmt: skip
    assert ledger.count_open() == 2

    bolna.asked.clear()
    bolna.broken.clear()
    bolna.statuses["e2"] = "queued"  # It waits for its retry by now.
    second = braked(ledger, bolna).result
    assert bolna.order == ["e4", "e2"]
    assert (second.stopped, second.over.total(), second.going_on, second.trouble) == (2, 0, [], "")
    assert ledger.count_open() == 0


def test_a_call_that_bolna_shows_late_is_asked_for_again(ledger: Ledger) -> None:
    found = braked(ledger, Bolna(hidden_until=5.0)).result
    assert (found.stopped, found.trouble) == (6, "")


def test_what_a_second_pass_settles_is_no_trouble(ledger: Ledger) -> None:
    bolna = Bolna(hidden_until=1e9)

    async def twice() -> Brake:
        found = Brake(Inline(ledger), bolna, glance=bolna.glance, drain=anyio.Event())
        await found.stop_all()
        assert found.result.trouble
        bolna.hidden_until = 0.0
        await found.stop_all()
        return found

    found = virtually(twice).result
    assert (found.stopped, found.trouble) == (6, "")


def passes(ledger: Ledger, bolna: Bolna, between: Callable[[anyio.Event], None]) -> Brake:
    """Return the brake after a pass, something, and a second pass."""

    async def twice() -> Brake:
        drain = anyio.Event()
        found = Brake(Inline(ledger), bolna, glance=bolna.glance, drain=drain)
        await found.stop_all()
        between(drain)
        await found.stop_all()
        return found

    found: Brake = virtually(twice, patience=1e12)
    return found


def test_a_second_pass_that_is_stopped_keeps_what_the_first_one_could_not_find_out(ledger: Ledger) -> None:
    bolna = Bolna(statuses={"e2": "ringing"}, broken={"e4"})
    found = passes(ledger, bolna, lambda drain: drain.set()).result
    assert (found.stopped, found.trouble) == (4, "HTTP 502 Bad Gateway")
    assert [one.number for one in found.going_on] == [number_of(2)]


def test_a_second_pass_asks_again_for_all_that_bolna_did_not_answer_for(ledger: Ledger) -> None:
    many(ledger, 40)
    bolna = Bolna(broken={f"e{index}" for index in range(40)})
    found = passes(ledger, bolna, lambda _: bolna.broken.clear()).result
    assert (found.stopped, found.trouble) == (40, "")


def test_a_call_that_bolna_never_shows_is_left(ledger: Ledger) -> None:
    found = braked(ledger, Bolna(hidden_until=1e9)).result
    assert (found.stopped, found.trouble) == (0, "6 calls are not known at Bolna (yet)")
    assert ledger.count_open() == 6


def many(ledger: Ledger, count: int) -> None:
    """Make so many calls open at one go, in the place of those that are there."""
    with ledger.transaction() as db:
        db.execute("DELETE FROM attempt")
        db.execute("DELETE FROM sent")
        db.executemany(
            "INSERT INTO attempt (recipient, reference, at, outcome, execution_id) VALUES (1, 'r', ?, 'queued', ?)",
            ((1000.0, f"e{index}") for index in range(count)),
        )


def test_bolna_is_asked_below_its_limit_and_by_several_at_a_time(ledger: Ledger) -> None:
    many(ledger, 2000)
    bolna = Bolna()
    braked(ledger, bolna)
    times = [at for at, _ in bolna.asked]
    assert len(times) == 2000
    assert max(sum(start <= at < start + 60 for at in times) for start in times[::50]) <= 900
    assert times[-1] - times[0] < 2000 / 900 * 60 * 1.02
    assert 2 <= bolna.peak <= 10


def test_those_that_a_list_shows_to_be_over_are_not_asked_for_one_by_one(ledger: Ledger) -> None:
    many(ledger, 2000)
    # The last ones wait; one of those before them does, too.
    statuses = {f"e{index}": "completed" for index in range(1700)} | {"e300": "queued", "e301": "ringing"}
    bolna = Bolna(statuses=statuses)
    found = braked(ledger, bolna).result
    assert (found.stopped, found.over, len(found.going_on)) == (301, Counter({"completed": 1698}), 1)
    assert bolna.glances == 3
    assert len(bolna.asked) == 300 + 200 + 2


def test_what_bolna_may_try_again_is_asked_for_though_it_seems_to_be_over(ledger: Ledger) -> None:
    many(ledger, 600)
    with ledger.transaction() as db:
        db.execute("UPDATE attempt SET retry_seconds = 60.0")
        db.execute("INSERT INTO sent SELECT id, ? FROM attempt", ('{"retry_config": {"enabled": true}}',))
    bolna = Bolna(statuses={f"e{index}": "no-answer" for index in range(600)} | {"e599": "completed"})
    found = braked(ledger, bolna).result
    assert len(bolna.asked) == 600
    assert (found.over, len(found.going_on)) == (Counter({"completed": 1}), 599)
    assert ledger.count_open() == 599


def test_nothing_is_asked_for_once_somebody_wants_it_to_stop(ledger: Ledger) -> None:
    many(ledger, 2000)
    bolna = Bolna()
    found = braked(ledger, bolna, drained_after=10.0).result
    assert found.stopped == len(bolna.asked) == ledger._db.execute("SELECT count(*) FROM call").fetchone()[0]
    assert max(at for at, _ in bolna.asked) - bolna.asked[0][0] <= 10.0


def test_an_outage_leaves_the_rest_for_later(ledger: Ledger) -> None:
    many(ledger, 500)
    bolna = Bolna(broken={f"e{index}" for index in range(500)})
    found = braked(ledger, bolna).result
    assert found.trouble == "HTTP 502 Bad Gateway"
    assert len(bolna.asked) <= 20
    assert ledger.count_open() == 500


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_it(ledger: Ledger, status: int) -> None:
    with pytest.raises(MustActError, match="Bolna refused the key: Access denied"):
        braked(ledger, Bolna(refused=status))


def test_a_ledger_that_fails_ends_it(ledger: Ledger) -> None:
    recorder = Inline(ledger)
    recorder.fails_at = 3
    with pytest.raises(LedgerError, match="the disk is full"):
        virtually(lambda: Brake(recorder, Bolna(), glance=Bolna().glance, drain=anyio.Event()).stop_all())


# -- with files and a sandbox ----------------------------------------------------------------------------------------


@pytest.fixture
def waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Thirty people, all of them called: two ring and talk, the others wait for a line."""
    monkeypatch.setattr(VENDOR, "limits", replace(VENDOR.limits, stops=Rate(5000, 1.0)))
    monkeypatch.setattr(cancel, "HEED_EVERY", 0.02)
    with running(Settings(call_rate=None, lines=2, speed=0.1)) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        place.recipients(awkward(30), header=HEADER)
        run(place.campaign())
        yield Place(place.folder, bolna)


def cancelled(path: Path, *, agrees: bool = True) -> tuple[Cancelled, list[Braking]]:
    shown: list[Braking] = []

    async def confirm(braking: Braking) -> bool:
        shown.append(braking)
        return agrees

    async def go() -> Cancelled:
        return await cancel_campaign(load_campaign(path), confirm=confirm)

    return anyio.run(go), shown


def statuses(place: Place) -> Counter[str]:
    return Counter(place.sandbox.book.standing(call).status for call in place.sandbox.book.calls)


def test_what_waits_is_stopped_what_rings_is_listed_and_nobody_is_called_again(waiting: Place) -> None:
    path = waiting.folder / "c.toml"

    found, shown = cancelled(path)

    assert (found.stopped, found.over, found.left, found.unknown) == (28, {}, 0, 0)
    assert sorted(one.number for one in found.going_on) == [number(0), number(1)]
    assert found.exit_code is ExitCode.LOOK
    assert [(one.calls, one.running) for one in shown] == [(30, "")]
    assert statuses(waiting)["stopped"] == 28
    assert {line["status"] for line in waiting.results()} == {"queued"}
    assert run(path).sent == 0
    assert len(waiting.calls()) == 30


def test_a_second_one_asks_only_for_what_may_still_ring(waiting: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = waiting.folder / "c.toml"
    cancelled(path)
    asked = waiting.sandbox.traffic.requests[STOP]

    assert main(["cancel", str(path), "--yes"]) == ExitCode.LOOK

    assert waiting.sandbox.traffic.requests[STOP] == asked + 2
    told = capsys.readouterr().err
    assert "no call was stopped." in told
    assert "2 calls go on and could not be stopped:" in told
    assert f"  {number(0)}  initiated: Call is not queued or scheduled" in told


@pytest.mark.parametrize("is_tracked", [False, True])
def test_where_all_calls_are_over_none_is_said_to_ring(
    quick: Place, capsys: pytest.CaptureFixture[str], *, is_tracked: bool
) -> None:
    quick.recipients(awkward(5), header=HEADER)
    path = quick.campaign()
    assert main(["run", str(path), "--yes", "-q", *(["--track"] if is_tracked else [])]) == ExitCode.DONE
    assert main(["cancel", str(path), "--yes"]) == ExitCode.DONE
    told = capsys.readouterr().err
    assert "c: no call may ring any more." in told
    assert ("5 were over already: " in told) is not is_tracked
    assert "call is stopped" not in told
    assert "calls are stopped" not in told


def test_that_bolna_may_try_them_again_is_told(waiting: Place) -> None:
    path = waiting.folder / "c.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}[call]\nretry_config = {{ enabled = true }}\n", encoding="utf-8")
    found, _ = cancelled(path)
    assert found.notes == (
        "Bolna itself retries calls that do not get through (retry_config). If one rings again, cancel again.",
    )


def test_nothing_is_cancelled_unless_somebody_says_yes(waiting: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = waiting.folder / "c.toml"
    assert main(["cancel", str(path)]) == ExitCode.USAGE
    assert "30 accepted calls of c may still ring" in capsys.readouterr().err
    assert statuses(waiting)["stopped"] == 0


@pytest.mark.parametrize("csv_is_read", [True, False])
def test_calls_that_an_older_ledger_does_not_know_are_stopped_too(waiting: Place, *, csv_is_read: bool) -> None:
    path = waiting.folder / "c.toml"
    with closing(sqlite3.connect(waiting.folder / "c.results.ledger")) as older, older:
        older.execute("DELETE FROM attempt WHERE recipient > 10")
        older.execute("UPDATE recipient SET state = 'pending', attempts = 0, execution_id = '' WHERE id > 10")
        older.execute("UPDATE meta SET value = (SELECT count(*) FROM attempt) WHERE name = 'intents'")
        if csv_is_read:
            older.execute("DELETE FROM meta WHERE name = 'results_stamp'")
    found, _ = cancelled(path)
    assert (found.stopped, found.exit_code) == (28, ExitCode.LOOK)


def test_calls_that_may_ring_unknown_are_not_passed_over(waiting: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has lost its mark, and Bolna does not say which calls the ledger does not know."""
    path = waiting.folder / "c.toml"
    (waiting.folder / "c.results.ledger.mark").unlink()
    monkeypatch.setattr("dialer.provider.bolna.client.BolnaClient.executions_page", unreadable)
    found, _ = cancelled(path)
    assert (found.stopped, found.exit_code) == (28, ExitCode.LEFT)
    assert any("could not be searched to the end" in note and "HTTP 502" in note for note in found.notes)


async def unreadable(*_: object, **__: object) -> Page:
    raise ProviderReadError("HTTP 502", 502)


def test_results_that_cannot_be_read_do_not_hold_the_brake_up(waiting: Place) -> None:
    results = waiting.folder / "c.results.csv"
    results.write_text("something,else\n1,2\n", encoding="utf-8")
    found, _ = cancelled(waiting.folder / "c.toml")
    assert found.stopped == 28
    assert "The results CSV is left as it is" in found.notes[0]
    assert results.read_text(encoding="utf-8") == "something,else\n1,2\n"


def test_a_call_of_which_nobody_knew_is_found_and_stopped(waiting: Place) -> None:
    path = waiting.folder / "c.toml"
    with path.with_name("list.csv").open("a", encoding="utf-8") as file:
        file.write(f"{number(90)},x,y,z\n")
    waiting.sandbox.call_strikes.force("error_after")
    with pytest.MonkeyPatch.context() as patched:
        # The run dies before it looks for the call.
        patched.setattr("dialer.operations.sending.RECONCILE_LAST", 0.0)
        run(path)

    found, _ = cancelled(path)

    assert (found.stopped, found.unknown) == (29, 0)
    assert found.notes == ("1 unknown call was found at Bolna: `queued` now",)


def test_a_process_that_does_not_stop_is_not_waited_for_for_ever(
    waiting: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "PATIENCE", 0.1)
    path = waiting.folder / "c.toml"
    with (
        locked(path.with_name("c.results.ledger.lock"), command="run"),
        pytest.raises(LockedError, match="`dialer run`"),
    ):
        cancelled(path)
    assert statuses(waiting)["stopped"] == 0


def test_without_a_ledger_there_is_nothing_to_cancel(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = place.campaign()
    assert main(["cancel", str(path), "--yes"]) == ExitCode.USAGE
    assert "The first run of a batch creates it" in capsys.readouterr().err
    assert list(place.folder.glob("*ledger*")) == []


def test_an_interrupted_one_says_so_and_leaves_the_rest(waiting: Place) -> None:
    control = Control()

    async def confirm(_braking: Braking) -> bool:
        return True

    async def interrupt() -> None:
        while waiting.sandbox.traffic.requests[STOP] < 5:  # noqa: ASYNC110 - it counts in another thread
            await anyio.sleep(0.001)
        control.interrupt()

    async def go() -> Cancelled:
        async with beside(interrupt):
            return await cancel_campaign(load_campaign(waiting.folder / "c.toml"), confirm=confirm, control=control)
        raise AssertionError

    found = anyio.run(go)
    assert found.exit_code is ExitCode.INTERRUPTED
    assert 5 <= found.stopped + len(found.going_on) <= 28
    assert found.stopped + len(found.going_on) + found.left == 30


# -- in processes of their own ---------------------------------------------------------------------------------------


def test_a_run_in_the_middle_is_stopped_and_nothing_leaves_afterwards(tmp_path: Path) -> None:
    # So slowly that it goes on however long another process takes to start on a busy machine.
    batch = Batch.write(tmp_path / "b", people=400, rate="2/second")
    with sandbox(lines=3, speed=0.1) as bolna:
        ran = Forked(batch.command("run"), environment=bolna.environment, log=tmp_path / "run")
        wait_until(lambda: bolna.requests() >= 10, ran)
        words = batch.command("cancel", "--yes", "-o", "json")
        cancelling = Forked(words, environment=bolna.environment, log=tmp_path / "cancel")
        code = cancelling.wait()

        placed = bolna.requests()
        assert ran.wait() == ExitCode.LEFT
        told, stopped = ran.told(), cancelling.told()
        found = json.loads(stopped[stopped.index("{") :])
        book = bolna.calls(batch.agent)
        assert "This batch is paused by" in told
        assert f"{placed} accepted calls may still ring. To cancel them: dialer cancel" in told
        assert code == ExitCode.LOOK
        assert f"`dialer run` (process {ran.pid}" in stopped
        assert 10 <= placed == len(book) < 400
        assert Counter(call["status"] == "stopped" for call in book) == {True: placed - 3, False: 3}
        assert found["stopped"] == placed - 3
        assert {one["execution_id"] for one in found["going_on"]} == {
            call["execution_id"] for call in book if call["dials"]
        }
        called = {call["to_number"] for call in book}
        assert {line["recipient_phone_number"] for line in batch.rows() if line["status"] == "queued"} == called


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cancel_that_is_killed_goes_on_where_it_was(tmp_path: Path, when: Any) -> None:  # noqa: ANN401 - a literal
    batch = Batch.write(tmp_path / "b", people=20, rate="500/second")
    with sandbox(lines=3, speed=0.1) as bolna:
        process = Crashing(bolna, tmp_path / "log")
        assert process.run(batch.command("run")) == ExitCode.LOOK
        crash = Crash("dialer.store.ledger.cancellable_calls:Stops.note_stopped", when=when, turn=6)
        assert process.run(batch.command("cancel", "--yes"), crash) == CRASHED
        assert process.run(batch.command("cancel", "--yes")) == ExitCode.LOOK
        book = bolna.calls(batch.agent)
        assert sum(call["status"] == "stopped" for call in book) == 17
        stops = int(bolna._book(limit=0)["counters"]["requests"][STOP])
        # Those under way when it was killed are asked for twice.
        assert 20 <= stops <= 20 + 10
        kept = batch.asked("SELECT count(*) FROM call WHERE stop = 'stopped'")
        assert kept == [(17,)]
        assert process.run(batch.command("run")) == ExitCode.LEFT
        assert process.run(batch.command("resume")) == ExitCode.DONE
        assert process.run(batch.command("run")) == ExitCode.LOOK
        assert len(bolna.calls(batch.agent)) == 20


def test_a_cancelled_batch_is_paused_unless_that_is_not_wanted(waiting: Place) -> None:
    """The next start from cron would call the rest."""
    path = waiting.folder / "c.toml"
    waiting.recipients(awkward(40), header=HEADER)
    main(["cancel", str(path), "--yes", "--no-pause"])
    assert run(path, limit=2).sent == 2
    assert main(["cancel", str(path), "--yes"]) in {ExitCode.DONE, ExitCode.LOOK}
    assert (run(path).paused, run(path).sent) == (True, 0)
    main(["resume", str(path)])
    assert run(path).sent == 8


def test_who_says_no_pauses_nothing(waiting: Place) -> None:
    with pytest.raises(DeclinedError):
        cancelled(waiting.folder / "c.toml", agrees=False)
    assert list(waiting.folder.glob("*.paused")) == []


def test_a_cancel_that_cannot_pause_stops_the_calls_all_the_same(waiting: Place) -> None:
    (waiting.folder / "c.results.csv.paused").mkdir()
    found, _ = cancelled(waiting.folder / "c.toml")
    assert found.stopped > 0
    assert [pause.of for pause in found.pauses] == ["batch"]
