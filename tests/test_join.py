"""`dialer run --join`: several processes, as on several hosts, call one list, and any of them may die."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from dialer.errors import ExitCode
from tests.engines import use_database
from tests.harness import wait_until
from tests.place import HEADER, Place, awkward
from tests.test_database_run import database, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["database", "said"]

PATIENCE = 60.0


class Hosts:
    """Processes that call one list, each as if on a host of its own: they share a database, and the provider.

    Args:
        place: where the campaign and the list are.
        url: of the database.
        count: people on the list.
        rate: of each process.
    """

    def __init__(self, place: Place, url: str, *, count: int, rate: str = "10/second") -> None:
        self.place, self.count = place, count
        use_database(place.folder, url)
        place.recipients(awkward(count), header=HEADER)
        self.campaign = place.campaign()
        self.campaign.write_text(self.campaign.read_text().replace("5000/second", rate, 1))
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, campaign: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a run that joins the others."""
        command = [sys.executable, "-m", "dialer", "run", str(campaign or self.campaign), "--yes", "--join", *words]
        with self.log(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)
        self.processes.append(process)
        return process

    def log(self, index: int) -> Path:
        return self.place.folder / f"log{index}"

    def told(self) -> str:
        """Return what all processes have said."""
        return "\n".join(self.log(index).read_text() for index in range(len(self.processes)))

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
    here = hosts(60)
    first, _ = here.start(), here.start()
    here.wait_for_calls(15)
    first.terminate()
    assert here.end() == [ExitCode.TERMINATED, ExitCode.DONE], here.told()
    here.check()


def test_who_has_another_list_or_other_rules_calls_nobody(
    hosts: Callable[..., Hosts], said: Callable[..., tuple[int, str]]
) -> None:
    """It is named what differs; what is the same again is joined."""
    here = hosts(40, rate="5/second")
    here.start()
    here.wait_for_calls(3)
    changes = {
        "list.csv": ("the list", "+919800000099,a,b,c\n"),
        "c.toml": ("the campaign file", '[screening]\nrequired = ["ref"]\n'),
        "dialer.toml": ("the limits in dialer.toml", '[organisation]\nrate = "9/minute"\n'),
    }
    for name, (what, more) in changes.items():
        path = here.place.folder / name
        before = path.read_bytes()
        path.write_bytes(before + more.encode())
        code, text = said("run", str(here.campaign), "--yes", "--join")
        assert code == ExitCode.USAGE
        assert f"something differs from what they use: {what}." in text, text
        path.write_bytes(before)
    assert said("run", str(here.campaign), "--yes", "--join")[0] == ExitCode.DONE
    assert here.end() == [ExitCode.DONE]
    here.check()
