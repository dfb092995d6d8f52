"""Several processes work on one batch in a database, and everything breaks: nobody is called twice, nobody is lost.

The provider's own count decides. What is short here is long with `-m long`: as many kills, freezes and cuts as the
promises name.
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.engines import skip_where_missing
from tests.harness import wait_until
from tests.ledgers import BINDING, number_of, people
from tests.postgres_proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.store.postgres import Batch
    from tests.postgres_server import Server

WORKERS = 4
LEASE = 1.0
PATIENCE = 0.5
_LATENCY = 0.02
"""Seconds from a request to its answer."""
FULL = pytest.mark.long
_SHORT = 2000


class Provider:
    """Counts what arrives, and answers each request.

    Args:
        rate: so many requests in so many seconds; None: any number.
    """

    def __init__(self, rate: tuple[int, float] | None = None) -> None:
        self.rate = rate
        self.calls: list[tuple[float, int, str, int]] = []
        self.refused = 0
        self.folder = tempfile.TemporaryDirectory(prefix="dialer-p-")
        self.path = f"{self.folder.name}/s"
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line, line.makefile("r") as asked:
            for request in asked:
                answer = self._answer(*request.split())
                time.sleep(_LATENCY)
                line.sendall(answer.encode())

    def _answer(self, number: str, reference: str, process: str) -> str:
        with self._lock:
            now = time.monotonic()
            if self.rate is not None:
                count, window = self.rate
                if len(self.calls) >= count and now - self.calls[-count][0] < window:
                    self.refused += 1
                    return "429 -\n"
            self.calls.append((now, int(number), reference, int(process)))
            return f"200 exec-{len(self.calls)}\n"

    def close(self) -> None:
        self._listener.close()
        self.folder.cleanup()


class Scene:
    """A batch with people, a provider, and processes that call them."""

    def __init__(self, url: str, count: int, *, rate: tuple[int, float] | None = None, folder: str = "") -> None:
        from dialer.store.postgres import Batch  # noqa: PLC0415 - where it is installed

        self.url, self.count = url, count
        self.provider = Provider(rate)
        self.name = self.provider.path
        binding = replace(BINDING, server=f"https://{self.name}")
        self.batch: Batch = Batch.open(url, name=self.name, binding=binding, batch="b")
        people(self.batch, count)
        # As the workers reach it.
        path = re.sub(r"host=\S+", f"host={folder}", url) if folder else url
        self.words = [path, self.name, self.provider.path, f"--lease={LEASE}", f"--patience={PATIENCE}"]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.rng = random.Random(17)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen([sys.executable, "-m", "tests.postgres_worker", *self.words, *words])
        self.workers.append(worker)
        return worker

    def alive(self) -> list[subprocess.Popen[bytes]]:
        return [one for one in self.workers if one.poll() is None]

    def has_gone_on(self, before: int) -> bool:
        """Tell whether some more calls were placed, or all is done."""
        return len(self.provider.calls) > before + 10 or not self.alive()

    def is_over(self, process: int) -> bool:
        """Tell whether a process was declared over, or all is done."""
        asked = "SELECT count(*) FROM run WHERE pid = ? AND ended IS NULL"
        return bool(self.batch._session.one(asked, (process,)) == (0,))

    def is_free_of(self, process: int) -> bool:
        """Tell whether nobody is kept by a process any more."""
        asked = "SELECT count(*) FROM recipient p JOIN run r ON r.id = p.claimed_by WHERE r.pid = ?"
        return bool(self.batch._session.one(asked, (process,)) == (0,)) and self.is_over(process)

    def reopen(self) -> None:
        """Look at it by a new connection."""
        from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

        self.batch = Batch.read(self.url, name=self.name)

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until all is done."""
        end = time.monotonic() + seconds
        while self.alive():
            assert time.monotonic() < end, self.counts()
            time.sleep(0.05)
        self.refuse_broken()

    def end(self) -> None:
        """Have a short list called to its end, and a long one left."""
        if self.count > _SHORT:
            self.finish()
            return
        self.wait()
        assert "pending" not in self.counts()

    def finish(self) -> None:
        """Have all stop, and wait until the dead ones are declared over."""
        for worker in self.alive():
            worker.terminate()
        self.wait()
        wait_until(self.has_nobody_open)

    def has_nobody_open(self) -> bool:
        self.batch.declare_over()
        claimed = self.batch._session.one(
            "SELECT count(*) FROM recipient WHERE claimed_by <> '' AND state = 'pending'"
        )[0]
        return not claimed and "sending" not in self.counts()

    def refuse_broken(self) -> None:
        """Check that no process has ended but by a signal, or when all was done."""
        # A process that is asked to stop may not have begun yet.
        assert {worker.poll() for worker in self.workers} <= {None, 0, -signal.SIGKILL, -signal.SIGTERM}

    def counts(self) -> dict[str, int]:
        return {str(state): count for state, count in self.batch.counts().items()}

    def check(self) -> dict[str, int]:
        """Check that nobody was called twice and nobody is lost; return who stands where."""
        placed = Counter(number for _, number, _, _ in self.provider.calls)
        assert [number for number, times in placed.items() if times > 1] == [], "called twice"
        rows = list(self.batch.results())
        assert sorted(int(row.number) for row in rows) == [number_of(index) for index in range(1, self.count + 1)]
        for row in rows:
            if row.status == "queued":
                assert placed[int(row.number)] == 1, row
            elif row.status == "pending":
                assert placed[int(row.number)] == 0, row
            else:
                assert row.status == "unknown", row
        return self.counts()

    def close(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.wait()
        with contextlib.suppress(Exception):
            self.batch.close()
        self.provider.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own, which waits for the disk as it is shipped."""
    skip_where_missing("postgres")
    from tests.postgres_server import Server  # noqa: PLC0415 - where it is installed

    made = Server()
    yield made
    made.close()


@pytest.fixture
def scene(server: Server) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(count: int, **more: object) -> Scene:
        made.append(Scene(server.database(), count, **more))  # type: ignore[arg-type] # as Scene takes them
        return made[-1]

    yield make
    for one in made:
        one.close()


def strangers(scene: Scene) -> int:
    """Return how many are `unknown` to whom no call was placed."""
    called = {number for _, number, _, _ in scene.provider.calls}
    return sum(row.status == "unknown" and int(row.number) not in called for row in scene.batch.results())


def tell(figures: str) -> None:
    """Have figures shown where somebody looks (`pytest -s`)."""
    sys.stdout.write(f"\n{figures}\n")


@pytest.mark.parametrize(("kills", "count"), [(2, 100), pytest.param(100, 20_000, marks=FULL)])
def test_killed_workers(scene: Callable[..., Scene], kills: int, count: int) -> None:
    """People whom a dead one was calling are unknown, whom it had only claimed are free."""
    here = scene(count)
    for _ in range(WORKERS):
        here.start()
    done = 0
    while done < kills and here.alive():
        before = len(here.provider.calls)
        wait_until(partial(here.has_gone_on, before))
        if not here.alive():
            break
        victim = here.rng.choice(here.alive())
        victim.kill()
        victim.wait()
        done += 1
        here.start()
    here.end()
    counts = here.check()
    assert done == kills
    assert strangers(here) <= 2 * kills
    tell(f"{kills} kills: {counts}, {strangers(here)} strangers among the unknown")


@FULL
@pytest.mark.parametrize(("freezes", "count"), [(1, 400), (30, 40_000)])
def test_frozen_workers(scene: Callable[..., Scene], freezes: int, count: int) -> None:
    """One that wakes after its lease sends nothing but what was on its way, and that person is unknown, never free."""
    here = scene(count)
    for _ in range(WORKERS):
        here.start()
    for _ in range(freezes):
        before = len(here.provider.calls)
        wait_until(partial(here.has_gone_on, before))
        here.refuse_broken()
        assert len(here.alive()) == WORKERS, "too few people for so many freezes"
        victim = here.rng.choice(here.alive())
        victim.send_signal(signal.SIGSTOP)
        # Longer than the lease, and until another one has declared it over.
        wait_until(partial(here.is_over, victim.pid))
        victim.send_signal(signal.SIGCONT)
    here.end()
    tell(f"{freezes} freezes: {here.check()}, {strangers(here)} strangers among the unknown")
    assert strangers(here) == 0


@FULL
@pytest.mark.parametrize(("cuts", "count"), [(4, 200), (50, 40_000)])
def test_cut_connections(server: Server, scene: Callable[..., Scene], cuts: int, count: int) -> None:
    """Every second time the answers are swallowed first: what was asked is done, and nobody hears of it."""
    proxy = Proxy(str(server.folder))
    here = scene(count, folder=proxy.folder)
    try:
        for _ in range(WORKERS):
            here.start()
        for turn in range(cuts):
            before = len(here.provider.calls)
            wait_until(partial(here.has_gone_on, before))
            if turn % 2:
                proxy.swallow(answers=True)
                time.sleep(here.rng.uniform(0.0, 2 * PATIENCE))
            proxy.cut()
            proxy.swallow(answers=False)
        here.end()
    finally:
        proxy.close()
    counts = here.check()
    tell(f"{cuts} rounds of cut connections: {counts}, {strangers(here)} strangers among the unknown")
    assert counts.keys() <= {"queued", "pending"}, "no process has died: each knows what it has done"


@FULL
@pytest.mark.parametrize(("stops", "count"), [(2, 200), (20, 40_000)])
@pytest.mark.parametrize("commit", ["on", "off"])
def test_a_server_that_is_stopped_at_once(
    server: Server, scene: Callable[..., Scene], stops: int, count: int, commit: str
) -> None:
    """Also where its configuration says that a commit need not wait for the disk."""
    server.change(synchronous_commit=commit)
    here = scene(count)
    here.batch.close()
    for _ in range(WORKERS):
        here.start()
    for _ in range(stops):
        before = len(here.provider.calls)
        wait_until(partial(here.has_gone_on, before))
        server.stop(signal.SIGQUIT)
        server.start()
    here.reopen()
    here.end()
    counts = here.check()
    tell(f"{stops} immediate stops, synchronous_commit = {commit}: {counts}")
    assert counts.keys() <= {"queued", "pending"}


@FULL
@pytest.mark.parametrize(("count", "rate"), [(60, (20, 3.0)), (1500, (500, 60.0))])
def test_one_rate_for_all(scene: Callable[..., Scene], count: int, rate: tuple[int, float]) -> None:
    """The provider's limit is kept over all processes and is used nearly whole."""
    here = scene(count, rate=rate)
    for _ in range(WORKERS):
        here.start(f"--count={rate[0]}", f"--window={rate[1]}", "--size=1")
    here.wait(400)
    times = [at for at, *_ in here.provider.calls]
    took = times[-1] - times[0]
    used = (count - 1) / took / (rate[0] / rate[1])
    worst = max(sum(at <= one < at + rate[1] for one in times) for at in times)
    tell(f"{count} calls at {rate[0]} in {rate[1]:.0f} s: {used:.1%} of the rate, worst window {worst}")
    here.check()
    assert (here.provider.refused, worst <= rate[0]) == (0, True)


@FULL
def test_people_of_a_dead_process_are_free_within_fifteen_seconds(scene: Callable[..., Scene]) -> None:
    """With the lease as it is shipped."""
    from dialer.store.postgres.runs import LEASE  # noqa: PLC0415 - where it is installed

    here = scene(20_000)
    here.words[3] = f"--lease={LEASE}"
    first, _ = here.start("--size=50"), here.start()
    waited = []
    for _ in range(3):
        time.sleep(1.5 * LEASE)
        first.kill()
        first.wait()
        killed = time.monotonic()
        wait_until(partial(here.is_free_of, first.pid))
        waited.append(time.monotonic() - killed)
        first = here.start("--size=50")
    here.finish()
    here.check()
    tell(f"people free after {', '.join(f'{one:.1f}' for one in waited)} s")
    assert max(waited) <= 15.0
