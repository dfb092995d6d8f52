"""Hosts that call one list by a database: real commands, each in a folder of its own, and a Bolna that counts."""

from __future__ import annotations

import contextlib
import csv
import math
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

import psycopg

from dialer.config.workspace import workspace_of
from dialer.operations.database_owner import own_database
from dialer.provider.bolna.sandbox import Settings, running
from tests.benchmarks.versions import ROOT
from tests.place import AGENT
from tests.postgres_proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dialer.provider.bolna.sandbox import Sandbox
    from tests.postgres_server import Server

WORKERS = 4
PER_MINUTE = 600
"""Calls that all hosts together place where nothing else is said: enough for a break to hit some of them."""
_PATIENCE = 900.0
_LOOK_EVERY = 0.1
_RUNS = "FROM dialer.run r WHERE r.pid = %s AND r.ended IS NULL"
_KEPT = """
    SELECT r.pid FROM dialer.run r WHERE r.pid = ANY (%(pids)s) AND r.ended IS NULL
    UNION SELECT r.pid FROM dialer.recipient p JOIN dialer.run r ON r.batch_id = p.batch_id AND r.id = p.claimed_by
    WHERE r.pid = ANY (%(pids)s) AND p.state IN ('pending', 'sending')
"""
_ELDEST = "SELECT max(dialer.seconds() - began) FROM dialer.run WHERE pid = ANY (%(pids)s) AND ended IS NULL"
_LATE = """
    SELECT a.reference, r.ended FROM dialer.attempt a JOIN dialer.run r ON r.batch_id = a.batch_id AND r.id = a.run
    WHERE r.is_expired = 1
"""


def number(index: int) -> str:
    """Return somebody's number."""
    return f"+9198{index:08d}"


class Hosts:
    """Folders that are alike, processes in them, and what the provider has counted.

    Args:
        server: of the database.
        folder: for all of it.
        people: how many are on the list.
        settings: of the provider.
        per_minute: the organisation's rate.
        more: further lines of `[organisation]`.
        by_proxy: whether the hosts reach the server by one.
        shares: False: there is one host, which keeps its batches in files; what is done on others is done there.
    """

    def __init__(
        self,
        server: Server,
        folder: Path,
        *,
        people: int,
        sandbox: Sandbox,
        per_minute: int = PER_MINUTE,
        more: str = "",
        by_proxy: bool = False,
        shares: bool = True,
    ) -> None:
        self.server, self.people, self.sandbox, self.shares = server, people, sandbox, shares
        self.url = server.database()
        self.proxy = Proxy(str(server.folder)) if by_proxy else None
        reached = self.proxy.folder if self.proxy else server.folder
        name = self.url.rpartition("dbname=")[2]
        database = f'database = "postgresql:///{name}?host={reached}&user=owner"\n' if shares else ""
        self._settings = f'{database}[organisation]\nrate = "{per_minute}/minute"\n{more}'
        self._folder, self._numbers = folder, count()
        self.hosts = [self._host(f"host{index}") for index in range(WORKERS if shares else 1)] * (
            1 if shares else WORKERS
        )
        if shares:
            self._copy_mark()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.rng = random.Random(17)

    def _host(self, name: str) -> Path:
        """Return the campaign file in a new folder that is like the others."""
        folder = self._folder / name
        folder.mkdir(parents=True)
        (folder / "dialer.toml").write_text(self._settings, encoding="utf-8")
        write_people(folder / "list.csv", range(self.people))
        campaign = folder / "c.toml"
        campaign.write_text(
            f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
            '[pacing]\nrate = "100000/minute"\nmax_in_flight = 20\nreads = "100000/minute"\n'
            '[redial]\nredial_after = "1s"\n',
            encoding="utf-8",
        )
        return campaign

    def _copy_mark(self) -> None:
        """Have each host know the workspace, which lies in a folder of another name on each."""
        first, *others = (campaign.parent for campaign in self.hosts)
        database = workspace_of(first).database
        assert database is not None
        own_database(database)
        for folder in others:
            shutil.copy(database.marker, folder)

    # -- processes -----------------------------------------------------------------------------------------------

    def start(self, *words: str, host: int | None = None) -> subprocess.Popen[bytes]:
        """Start a run that joins the others, on one of the hosts."""
        if not self.shares and self.alive():
            return self.alive()[0]
        index = next(self._numbers)
        campaign = self.hosts[index % WORKERS if host is None else host]
        log = self._folder / f"log{index}"
        joins = ("--join",) if self.shares else ()
        worker = self._popen(["run", str(campaign), "--yes", *joins, *words], log)
        self.workers.append(worker)
        return worker

    def do(self, *words: str, host: int = 0, fine: Sequence[int] = (0, 1, 3)) -> int:
        """Do a command on a host to its end; return its exit code. `C` is the campaign there, `F` the folder.

        Raises:
            RuntimeError: it failed.
        """
        log = self._folder / f"log{next(self._numbers)}"
        verb, *rest = words
        places = {"C": str(self.hosts[host]), "F": str(self.hosts[host].parent)}
        code = self._popen([verb, *(places.get(word, word) for word in rest)], log).wait()
        if code not in fine:
            raise RuntimeError(f"`{' '.join(words)}` ended with {code}: {log.read_text()[-2000:]}")
        return code

    def _popen(self, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        environment = os.environ | {"BOLNA_BASE_URL": self.sandbox.base_url, "BOLNA_API_KEY": "bn-test"}
        with log.open("wb") as file:
            command = [sys.executable, "-m", "dialer", *words]
            # As on a machine of its own: Linux gives each session its share of the processor.
            return subprocess.Popen(
                command, stdout=file, stderr=file, env=environment, cwd=ROOT, start_new_session=True
            )

    def alive(self) -> list[subprocess.Popen[bytes]]:
        return [one for one in self.workers if one.poll() is None]

    def fill_up(self) -> None:
        """Start as many runs as have ended, so that there are four."""
        for _ in range(WORKERS - len(self.alive())):
            self.start()

    def until(self, is_so: Callable[[], bool], *, seconds: float = _PATIENCE) -> float:
        """Wait; return how long it took.

        Raises:
            TimeoutError: it took too long.
        """
        began = time.monotonic()
        while not is_so():
            if time.monotonic() - began > seconds:
                raise TimeoutError(self.said())
            time.sleep(_LOOK_EVERY)
        return time.monotonic() - began

    def until_called(self, more: int) -> None:
        """Wait until some more calls were placed, or none is left to place."""
        goal = min(len(self.sandbox.book.calls) + more, self.people)
        self.until(lambda: len(self.sandbox.book.calls) >= goal or not self.alive())

    def end(self) -> list[int]:
        """Wait until all runs have ended; return their exit codes."""
        self.until(lambda: not self.alive())
        return [int(worker.returncode) for worker in self.workers]

    def finish(self) -> None:
        """Have all runs stop, which give their people back."""
        for worker in self.alive():
            worker.terminate()
        self.end()

    def said(self) -> str:
        """Return the ends of the last logs."""
        logs = sorted(self._folder.glob("log*"), key=lambda one: one.stat().st_mtime)[-WORKERS:]
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in logs)

    # -- what the database knows ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def asked(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with psycopg.connect(self.url, autocommit=True) as db:
            yield db

    def is_over(self, worker: subprocess.Popen[bytes]) -> bool:
        """Tell whether a process was declared over."""
        with self.asked() as db:
            return db.execute(f"SELECT count(*) {_RUNS}".encode(), (worker.pid,)).fetchone() == (0,)

    def kept_by(self, pids: Iterable[int]) -> set[int]:
        """Return those of some processes that still keep people."""
        with self.asked() as db:
            return {int(str(pid)) for (pid,) in db.execute(_KEPT, {"pids": list(pids)})}

    def longest_there(self) -> float:
        """Return since when the eldest run has worked that is there (seconds ago); infinite where none is."""
        with self.asked() as db:
            pids = [one.pid for one in self.alive()]
            row = db.execute(_ELDEST, {"pids": pids}).fetchone()
        return math.inf if row is None or row[0] is None else float(str(row[0]))

    # -- what must be true ---------------------------------------------------------------------------------------

    def results(self, host: int = 0) -> list[dict[str, str]]:
        """Return the rows of the results, written anew."""
        self.do("results", "C", host=host)
        with self.hosts[host].with_name("c.results.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def count(self) -> Count:
        """Hold the results against what the provider has counted."""
        placed = Counter(call.to_number for call in self.sandbox.book.calls)
        rows = self.results()
        by_number = {row["contact_number"]: row["status"] for row in rows}
        missing = self.people - len(by_number)
        wrong = [
            one
            for one, status in by_number.items()
            if (status == "queued") != (placed[one] > 0) and status != "unknown"
        ]
        return Count(
            twice=sum(times > 1 for times in placed.values()),
            lost=missing + len(wrong) + len(placed.keys() - by_number.keys()),
            unknown=sum(status == "unknown" for status in by_number.values()),
            strangers=sum(status == "unknown" and not placed[one] for one, status in by_number.items()),
            states=Counter(by_number.values()),
        )

    def late_calls(self) -> tuple[int, int]:
        """Return how many requests of runs came after they were declared over, and whose person is not unknown."""
        book = self.sandbox.book
        came = {
            str((call.user_data or {}).get("dialer_ref")): (book.clock.moment(call.received_at).timestamp(), call)
            for call in book.calls
        }
        statuses = {row["contact_number"]: row["status"] for row in self.results()}
        with self.asked() as db:
            late = [
                came[str(reference)][1]
                for reference, ended in db.execute(_LATE)
                if str(reference) in came and came[str(reference)][0] > float(str(ended))
            ]
        return len(late), sum(statuses[call.to_number] not in {"unknown", "queued"} for call in late)

    def close(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.wait()
        if self.proxy is not None:
            self.proxy.close()


class Count:
    """What became of everybody.

    Args:
        twice: called more than once.
        lost: called and shown as never called, or the other way round, or not there.
        unknown: of whom it is not known.
        strangers: those of them who were not called.
        states: people by status.
    """

    def __init__(self, *, twice: int, lost: int, unknown: int, strangers: int, states: Counter[str]) -> None:
        self.twice, self.lost, self.unknown, self.strangers = twice, lost, unknown, strangers
        self.states = states

    @property
    def is_kept(self) -> bool:
        """Whether nobody was called twice and nobody is lost."""
        return not self.twice and not self.lost and self.states.keys() <= {"queued", "unknown", "pending"}

    def __str__(self) -> str:
        states = ", ".join(f"{times:,} {state}" for state, times in sorted(self.states.items()))
        return f"{self.twice} twice, {self.lost} lost; {states}; {self.strangers} strangers"


def write_people(path: Path, indices: Sequence[int] | range) -> None:
    """Write a list."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["contact_number", "customer_name"])
        writer.writerows([number(index), f"name {index}"] for index in indices)


@contextlib.contextmanager
def provider(**settings: object) -> Iterator[Sandbox]:
    """Yield a Bolna that counts; where nothing else is said it has no limit, and calls are over at once."""
    unlimited = {
        "call_rate": None,
        "agent_rate": None,
        "other_rate": None,
        "lines": 1000,
        "speed": 1e6,
        "latency": 0.02,
    }
    with running(Settings(**(unlimited | {"outcomes": {"completed": 1}} | settings))) as sandbox:  # type: ignore[arg-type] # as Settings has them
        yield sandbox
