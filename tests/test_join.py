"""`dialer run --join`: several processes, as on several hosts, call one list, and any of them may die."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import psycopg
import pytest

from dialer.cli import main
from dialer.config.batch import locate
from dialer.errors import ExitCode
from dialer.operations.stores import runs_on
from tests.engines import UNHURRIED, use_database
from tests.harness import PATIENCE, wait_until
from tests.place import HEADER, Place, awkward, number
from tests.test_database_run import database, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["database", "said"]


class Hosts:
    """Processes that call one list, each as if on a host of its own: they share a database, and the provider.

    Args:
        place: where the campaign and the list are.
        url: of the database.
        count: people on the list.
        rate: of each process.
        organisation: what `dialer.toml` says of it.
    """

    def __init__(self, place: Place, url: str, *, count: int, rate: str = "10/second", organisation: str = "") -> None:
        self.place, self.count = place, count
        use_database(place.folder, url)
        with (place.folder / "dialer.toml").open("a") as file:
            file.write(f"[organisation]\n{organisation}\n")
        place.recipients(awkward(count), header=HEADER)
        self.campaign = place.campaign()
        self.campaign.write_text(self.campaign.read_text().replace("5000/second", rate, 1))
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, *words: str, campaign: Path | None = None, program: Sequence[str] = UNHURRIED
    ) -> subprocess.Popen[bytes]:
        """Start a run that joins the others."""
        command = [sys.executable, *program, "run", str(campaign or self.campaign), "--yes", "--join", *words]
        with self.log(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)
        self.processes.append(process)
        return process

    def start_together(self, count: int, *, rate: str) -> None:
        """Start runs that call slowly until each of them calls, whichever comes first, and at a rate from then on."""
        for _ in range(count):
            self.start()
        wait_until(lambda: len(runs_on(locate(self.campaign))) == count or self.are_over())
        self.go_on_with(rate)

    def go_on_with(self, rate: str) -> None:
        """Have all runs call at a rate."""
        while (code := main(["set", str(self.campaign), f"rate={rate}"])) == ExitCode.LEFT:
            # One of them does not send yet.
            assert not self.are_over(), self.told()
        assert code == ExitCode.DONE, self.told()

    def log(self, index: int) -> Path:
        return self.place.folder / f"log{index}"

    def said(self, index: int) -> str:
        """Return what one of the processes has said."""
        return self.log(index).read_text()

    def told(self) -> str:
        """Return what all processes have said."""
        return "\n".join(map(self.said, range(len(self.processes))))

    def wait_for_calls(self, count: int) -> None:
        """Wait until so many calls were placed."""
        wait_until(lambda: len(self.place.calls()) >= count or self.are_over())

    def are_over(self) -> bool:
        return all(process.poll() is not None for process in self.processes)

    def end(self) -> list[int]:
        """Return with which exit codes all of them end."""
        return [process.wait(PATIENCE) for process in self.processes]

    def called(self) -> Counter[str]:
        return Counter(str(call["recipient_phone_number"]) for call in self.place.calls())

    def check(self, *, unknown: int = 0) -> None:
        """Check that everybody was called once, but so many at most of whom it is not known."""
        called = self.called()
        assert [one for one, times in called.items() if times > 1] == [], "called twice"
        states = Counter(row["status"] for row in self.place.results())
        assert sum(states.values()) == self.count, states
        assert states.keys() <= {"queued", "unknown"}, f"{states}\n{self.told()}"
        assert states["unknown"] <= unknown, f"{states}\n{self.told()}"
        assert len(called) >= states["queued"]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def hosts(place: Place, database: str) -> Iterator[Callable[..., Hosts]]:
    made: list[Hosts] = []

    def make(count: int, **more: str) -> Hosts:
        made.append(Hosts(place, database, count=count, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_two_that_start_together_call_everybody_once_and_write_the_results(hosts: Callable[..., Hosts]) -> None:
    here = hosts(60)
    here.start()
    here.start()
    assert here.end() == [ExitCode.DONE, ExitCode.DONE], here.told()
    here.check()


def test_a_run_that_is_killed_leaves_nobody_behind(hosts: Callable[..., Hosts]) -> None:
    """The other one takes over whom it had claimed; only whom it was calling at that moment is in doubt."""
    here = hosts(60)
    first, _ = here.start(), here.start()
    here.wait_for_calls(15)
    first.kill()
    assert here.end()[1] in {ExitCode.DONE, ExitCode.LOOK}, here.told()
    here.check(unknown=2)


def test_one_that_is_asked_to_stop_gives_its_people_back(hosts: Callable[..., Hosts]) -> None:
    here = hosts(60, rate="1/second")
    here.start_together(2, rate="10/second")
    here.wait_for_calls(15)
    here.processes[0].terminate()
    assert here.end() == [ExitCode.TERMINATED, ExitCode.DONE], here.told()
    here.check()


def test_who_has_another_list_or_other_rules_calls_nobody(
    hosts: Callable[..., Hosts], said: Callable[..., tuple[int, str]], database: str
) -> None:
    """It is named what differs; what is the same again is joined. The batch goes on, so it is not noted as failed."""
    here = hosts(60, rate="1/second")
    here.start()
    here.wait_for_calls(1)
    changes = {
        "list.csv": ("the list", "+919800000099,a,b,c\n"),
        "c.toml": ("the campaign file", '[screening]\nrequired = ["ref"]\n'),
        "dialer.toml": ("the limits in dialer.toml", 'rate = "9/minute"\n'),
    }
    for name, (what, more) in changes.items():
        path = here.place.folder / name
        before = path.read_bytes()
        path.write_bytes(before + more.encode())
        code, text = said("run", str(here.campaign), "--yes", "--join")
        assert code == ExitCode.USAGE
        assert f"something differs from what they use: {what}." in text, text
        path.write_bytes(before)
    with psycopg.connect(database) as db:
        assert db.execute("SELECT value FROM dialer.meta WHERE name = 'run_ended'").fetchall() == [("",)]
    here.start()
    wait_until(lambda: len(runs_on(locate(here.campaign))) == 2 or here.are_over())
    here.go_on_with("100/second")
    assert here.end() == [ExitCode.DONE, ExitCode.DONE], here.told()
    here.check()


def test_all_runs_together_never_have_more_calls_live_than_there_are_lines(hosts: Callable[..., Hosts]) -> None:
    here = hosts(15, rate="50/second", organisation="lines = 4")
    with here.campaign.open("a") as file:
        file.write('[forecast]\naverage_call = "1s"\n')
    for _ in range(3):
        here.start()
    assert here.end() == [ExitCode.DONE] * 3, here.told()
    here.check()
    assert most_live(here.place) <= 4


def test_who_has_lost_the_connections_calls_everybody_and_writes_the_results(
    hosts: Callable[..., Hosts], database: str
) -> None:
    """As after a restart of the server: the one for the results was opened at the beginning, and not used since."""
    here = hosts(40, organisation='rate = "600/minute"\nlines = 30')
    with here.campaign.open("a") as file:
        file.write('[forecast]\naverage_call = "1s"\n')
    here.start()
    here.wait_for_calls(5)
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert here.end() == [ExitCode.DONE], here.told()
    assert "cannot be written" not in here.told()
    here.check()


def most_live(place: Place) -> int:
    """Return how many calls were live at once at most: from the request to the hang-up."""
    edges = [(call.received_at, 1) for call in place.sandbox.book.calls]
    edges += [(call.dials[-1][1], -1) for call in place.sandbox.book.calls if call.dials]
    live = most = 0
    for _, step in sorted(edges):
        live += step
        most = max(most, live)
    return most


def test_status_shows_all_runs_and_an_opt_out_and_a_pause_hold_for_all_of_them(
    hosts: Callable[..., Hosts], said: Callable[..., tuple[int, str]]
) -> None:
    here = hosts(200, rate="1/second")
    campaign, folder = str(here.campaign), str(here.place.folder)
    for _ in range(3):
        # As it is: only so no call begins after the pause.
        here.start(program=("-m", "dialer"))
    here.wait_for_calls(4)
    wait_until(lambda: said("status", campaign)[1].count("`dialer run --join`") == 3)
    text = said("status", campaign)[1]
    assert all(f"process {one.pid} on" in text for one in here.processes)
    # Of what is recorded, on any machine and at any time.
    assert said("results", campaign)[0] == ExitCode.DONE
    assert len(here.place.results()) == 200
    called = here.called()
    last = next(number(at) for at in range(199, 0, -1) if number(at) not in called)
    assert said("dnc", "add", last, "--in", folder, "--source", "phone")[0] == ExitCode.DONE
    code, text = said("pause", campaign)
    assert code == ExitCode.DONE, text
    before = len(here.place.calls())
    assert here.end() == [ExitCode.LEFT] * 3, here.told()
    assert len(here.place.calls()) == before < 200
    assert said("resume", campaign)[0] == ExitCode.DONE
    here.campaign.write_text(here.campaign.read_text().replace("1/second", "5000/second", 1))
    assert said("run", campaign, "--yes", "--join")[0] == ExitCode.DONE
    called = here.called()
    assert (len(called), max(called.values()), called[last]) == (199, 1, 0)


def test_an_answer_that_ends_a_run_ends_all_of_them(
    hosts: Callable[..., Hosts], said: Callable[..., tuple[int, str]]
) -> None:
    """What a person has fixed counts for the next run."""
    here = hosts(200, rate="1/second")
    here.start_together(2, rate="5/second")
    here.place.sandbox.call_strikes.force("payment_required")
    assert here.end() == [ExitCode.MUST_ACT] * 2, here.told()
    assert "Another run of this batch got an answer that stops all of them" in here.told()
    assert len(here.called()) < 200
    here.campaign.write_text(here.campaign.read_text().replace("1/second", "5000/second", 1))
    assert said("run", str(here.campaign), "--yes", "--join")[0] == ExitCode.DONE
    here.check()


@pytest.mark.long
@pytest.mark.parametrize(("runs", "kills", "count"), [(3, 12, 400)])
def test_runs_that_are_killed_again_and_again_call_everybody_once(
    hosts: Callable[..., Hosts], runs: int, kills: int, count: int
) -> None:
    """As many are started again as were killed; only whom a dead one was calling at that moment is in doubt."""
    here, chance = hosts(count, rate="5/second"), random.Random(17)
    for _ in range(runs):
        here.start()
    for kill in range(1, kills + 1):
        here.wait_for_calls(kill * (count - 60) // kills)
        victim = chance.choice([one for one in here.processes if one.poll() is None])
        victim.kill()
        victim.wait()
        here.start()
    assert set(here.end()) <= {-signal.SIGKILL, ExitCode.DONE, ExitCode.LOOK}, here.told()
    here.check(unknown=2 * kills)
    states = Counter(row["status"] for row in here.place.results())
    sys.stdout.write(f"\n{runs} runs, {kills} kills, {count} people: {dict(states)}, {len(here.called())} called\n")
