"""Run: python -m tests.benchmarks.database [load | size ...] [--rows N] [--large N] [--rounds N].

What a batch in PostgreSQL costs: a first load against SQLite in the same run (`load`), and what grows with the other
batches of the database (`size`). CPU is that of the client and of all processes of the server; the server has the
settings that it is shipped with.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.benchmarks.database_rows import BATCHES, SERVER, fill, judged
from tests.benchmarks.lists import AGENT, write_campaign, write_list
from tests.benchmarks.process import spend
from tests.benchmarks.table import machine, paired, table
from tests.benchmarks.versions import ROOT
from tests.ledgers import BINDING, QUEUED, render
from tests.postgres_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SHIPPED = {"max_wal_size": "1GB"}
"""The tests' server has small segments of its log, and with them a small log."""
_BOUNDS = {"load": 1.3, "size": 3.0}
_Found = TypeVar("_Found")
_LOOKS, _FEW_LOOKS, _PAGE = 200, 10, 50
_HOUR, _BUSY = 3600.0, 0.3


def cpu_of(server: Server) -> float:
    """Return the seconds of the processor that all processes of a server have used."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if int(place.name) == first:
                # With those of its processes that are gone.
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == first:
                ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def spent(server: Server, command: Sequence[str], *, folder: Path | None = None) -> float:
    """Run a program to its end; return the CPU seconds that it and the server have used."""
    before = cpu_of(server)
    took = spend(command, url="http://127.0.0.1:9", folder=folder)
    # What the server writes behind it is its work too.
    time.sleep(_BUSY)
    return took.cpu + cpu_of(server) - before


# -- a first load ------------------------------------------------------------------------------------------------------


def load(options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the table."""
    with tempfile.TemporaryDirectory() as folder, _server() as server:
        people = Path(folder) / "people.csv"
        write_list(people, options.rows)
        judged = _in_turns(options.rounds, lambda engine: _judge_and_load(server, Path(folder), people, engine))
        stored = _in_turns(options.rounds, lambda engine: _only_load(server, Path(folder), engine, options.rows))
    yield _ratio("judged and loaded, CPU", judged, _BOUNDS["load"])
    yield _ratio("only the store, CPU", stored, _BOUNDS["load"])


def _in_turns(rounds: int, measure: Callable[[str], float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    for _ in range(rounds):
        for engine, values in found.items():
            values.append(measure(engine))
            _say(f"{engine} {values[-1]:.2f} s")
    return found


def _judge_and_load(server: Server, folder: Path, people: Path, engine: str) -> float:
    """Return what it takes until the first page of a new batch is there."""
    workspace = folder / f"{engine}-{time.monotonic_ns()}"
    campaign = write_campaign(workspace, people)
    settings = f'database = "{_address(server)}"\n' if engine == "postgres" else ""
    (workspace / "dialer.toml").write_text(settings, encoding="utf-8")
    return spent(server, [sys.executable, "-P", str(Path(__file__).with_name("inside.py")), "load", str(campaign)])


def _only_load(server: Server, folder: Path, engine: str, rows: int) -> float:
    """Return what it takes to put judged rows into a new batch, without making them."""
    place = _address(server) if engine == "postgres" else str(folder / f"{time.monotonic_ns()}.ledger")
    task = [sys.executable, "-m", "tests.benchmarks.database_rows"]
    return spent(server, [*task, place, str(rows)], folder=ROOT) - spent(server, [*task, "", str(rows)], folder=ROOT)


# -- a large database --------------------------------------------------------------------------------------------------


def size(options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the table."""
    each = options.large // BATCHES
    with tempfile.TemporaryDirectory() as folder, _server(fsync="off", full_page_writes="off") as server:
        places = {
            "small": _Place(server, Path(folder) / "small", batches=max(1, 100_000 // each), each=each),
            "large": _Place(server, Path(folder) / "large", batches=BATCHES, each=each),
        }
        server.change(fsync="on", full_page_writes="on")
        statuses: dict[str, list[float]] = {name: [] for name in places}
        for _ in range(options.rounds):
            for name, place in places.items():
                statuses[name].append(place.status())
                _say(f"status {name} {statuses[name][-1]:.2f} s")
        looks = {name: place.looks() for name, place in places.items()}
    yield _ratio("`dialer status C`, CPU", statuses, _BOUNDS["size"])
    for what in looks["small"]:
        yield _ratio(f"{what}, median", {name: [found[what]] for name, found in looks.items()}, _BOUNDS["size"], "ms")


class _Place:
    """A workspace whose database has a batch that is half called, and others."""

    def __init__(self, server: Server, folder: Path, *, batches: int, each: int) -> None:
        self.server, self.url = server, server.database()
        people = folder.with_suffix(".csv")
        write_list(people, 1)
        self.campaign = write_campaign(folder, people)
        (folder / "dialer.toml").write_text(f'database = "{_address(server, self.url)}"\n', encoding="utf-8")
        spent(server, [sys.executable, "-P", str(Path(__file__).with_name("inside.py")), "load", str(self.campaign)])
        _say(f"{folder.name}: {batches} batches of {each:,}")
        fill(self.url, batches=batches, each=each)

    def status(self) -> float:
        command = [sys.executable, "-m", "dialer", "status", str(self.campaign), "-o", "json"]
        before = cpu_of(self.server)
        took = spend(command, url="http://127.0.0.1:9", folder=self.campaign.parent)
        assert json.loads(took.output)[0]["counts"]["pending"]
        return took.cpu + cpu_of(self.server) - before

    def looks(self) -> Mapping[str, float]:
        """Return how long each statement of a call takes (seconds): the median of many."""
        from dialer.store.postgres import Batch, DatabaseNeighbours  # noqa: PLC0415 - where it is installed

        batch = Batch.read(self.url, name="campaign.results.csv")
        batch.begin_work()
        names = ("claim of 50", "intent", "outcome", "who was called", "recent calls", "calls since", "another batch")
        took: dict[str, list[float]] = {name: [] for name in names}
        after = 0
        with DatabaseNeighbours(self.url, batch=batch.number, server=SERVER, within=86_400.0) as neighbours:
            for _ in range(_LOOKS):
                page = _timed(took["claim of 50"], partial(batch.page, after=after, size=_PAGE))
                if not page:
                    break
                one, after = page[0], page[-1].position
                _timed(took["who was called"], partial(neighbours.called, [one.number], now=time.time()))
                (attempt,) = _timed(took["intent"], partial(batch.intend, [one], render))
                _timed(took["outcome"], partial(batch.settle, [(attempt, QUEUED)]))
            for _ in range(_FEW_LOOKS):
                now = time.time()
                _timed(took["recent calls"], lambda: [*neighbours.recent(now=time.time())])
                _timed(took["calls since"], partial(neighbours.calls_since, now - _HOUR, agent=AGENT))
                _timed(took["another batch"], self._make_batch)
        batch.close()
        return {what: statistics.median(values) for what, values in took.items()}

    def _make_batch(self) -> None:
        """Make a batch of a few people, and take the first of them."""
        from dialer.store.postgres import Batch  # noqa: PLC0415 - where it is installed

        name = f"{time.monotonic_ns()}"
        batch = Batch.open(self.url, name=name, binding=BINDING, batch=name)
        batch.load(("phone",), phones=("phone",), id_column=None, chunks=judged(_PAGE))
        batch.begin_work()
        assert len(batch.page(after=0, size=_PAGE)) == _PAGE
        batch.close()


def _timed(into: list[float], do: Callable[[], _Found]) -> _Found:
    began = time.perf_counter()
    done = do()
    into.append(time.perf_counter() - began)
    return done


# -- both --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _server(**settings: str) -> Iterator[Server]:
    server = Server(copy_of=None, **_SHIPPED, **settings)
    try:
        yield server
    finally:
        server.close()


def _address(server: Server, url: str = "") -> str:
    name = (url or server.database()).rpartition("dbname=")[2]
    return f"postgresql:///{name}?host={server.folder}&user=owner"


def _ratio(what: str, found: Mapping[str, Sequence[float]], bound: float, unit: str = "s") -> tuple[str, ...]:
    one, other = found.values()
    times = paired(other, one)
    scale = 1000.0 if unit == "ms" else 1.0
    figures = [f"{statistics.median(values) * scale:.2f} {unit}" for values in (one, other)]
    return what, *figures, f"{times:.2f} x", f"{bound} x", "held" if times <= bound else "NOT held"


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.database")
    parser.add_argument("names", nargs="*", metavar="NAME", help="load, size; default: both")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the list that is loaded")
    parser.add_argument(
        "--large", type=int, default=10_000_000, help=f"rows of the large database, in {BATCHES} batches"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{machine()}\n", flush=True)
    both = {"load": (load, ("SQLite", "PostgreSQL")), "size": (size, ("100,000 rows", f"{options.large:,} rows"))}
    for name in options.names or both:
        measure, sides = both[name]
        print(table(name, ("", *sides, "ratio", "bound", ""), list(measure(options))), flush=True)


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
