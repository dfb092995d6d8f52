"""How long it takes to judge a calling list, against only reading it with pandas; and how soon a resumed run dials.

Run: python -m tests.benchmarks.intake [--rows N] [--rounds N]

All of them read the same file, which is written anew, each time in a process of its own and in turns.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.benchmarks.product import dial
from tests.benchmarks.server import Server
from tests.benchmarks.table import machine, paired, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer import Campaign

HEADER = "contact_number,first_name,last_name,city,appointment,amount,note"
LETTERS = "aeioukmnrstvzñé"
NATIONAL = 0.1
_PATIENCE = 300.0


def write(path: Path, rows: int) -> None:
    """Write a list of Indian numbers, nine in ten with +91, one without; few cells are alike, as in real lists."""
    chance = random.Random(rows)
    names = ["".join(chance.choices(LETTERS, k=chance.randint(3, 11))).title() for _ in range(20_000)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\r\n")
        for row in range(rows):
            mark = "" if chance.random() < NATIONAL else "+91"
            number = f"{chance.choice('789')}{chance.randrange(10**9):09d}"
            first, last, city = chance.choices(names, k=3)
            time_of_day = (
                f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d} {chance.randrange(8, 20):02d}:30"
            )
            amount = f"{chance.randrange(10**7) / 100:.2f}"
            file.write(f'{mark}{number},{first},{last},{city},{time_of_day},{amount},"room {row}, floor 2"\r\n')


def read(path: Path) -> None:
    """Only read the file, as one would without this tool."""
    import pandas as pd  # noqa: PLC0415 - its import belongs to what is measured

    assert len(pd.read_csv(path, dtype=str))


def campaign(path: Path) -> Campaign:
    """Return a campaign for the list."""
    from dialer import load_campaign  # noqa: PLC0415 - as above

    file = path.with_suffix(".toml")
    agent = "123e4567-e89b-12d3-a456-426655440000"
    file.write_text(f'agent_id = "{agent}"\nrecipients = "{path.name}"\n[csv]\nregion = "IN"\n', encoding="utf-8")
    return load_campaign(file)


def check(path: Path) -> None:
    """Judge every row and build every request, as `dialer check` does."""
    from dialer.operations import check_campaign  # noqa: PLC0415 - as above

    found = check_campaign(campaign(path))
    print(dict(found.report.statuses), file=sys.stderr)


def load(path: Path) -> None:
    """The same into a new ledger, as `dialer run` does before it dials."""
    _into(path, fresh=True)


def resume(path: Path) -> None:
    """The same into the ledger that `load` made, and read the first page: what a resumed run does."""
    _into(path, fresh=False)


def _into(path: Path, *, fresh: bool) -> None:
    import anyio  # noqa: PLC0415 - as above

    from dialer.engine.control import Control  # noqa: PLC0415
    from dialer.operations.intake import load  # noqa: PLC0415
    from dialer.store import Binding  # noqa: PLC0415
    from dialer.store.sqlite import Ledger  # noqa: PLC0415
    from dialer.store.writer import LedgerWriter  # noqa: PLC0415

    file = path.with_suffix(".ledger")
    if fresh:
        for old in path.parent.glob(f"{file.name}*"):
            old.unlink()
    binding = Binding(agent="agent", server="loopback", key_definition="number")

    async def begin() -> None:
        async with LedgerWriter(lambda: Ledger.open(file, binding=binding, batch="benchmark")) as ledger:
            await ledger.begin_work()
            await load(campaign(path), ledger, Control())
            assert await ledger.page(after=0, size=500)

    anyio.run(begin)


TASKS = {"read": read, "check": check, "load": load, "resume": resume}


class Cost(NamedTuple):
    """What a process took: seconds by the clock and of the processor, and the most memory it had in MB."""

    wall: float
    cpu: float
    memory: float


def measure(task: str, path: Path) -> Cost:
    """Run a task in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.intake", "--task", task, "--file", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(*map(float, done.stdout.split()))


def compare(rows: int, rounds: int) -> str:
    """Return a table of medians, ratios and memory, that of a fifth of the rows beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path, fifth = Path(folder) / "recipients.csv", Path(folder) / "fifth.csv"
        write(path, rows)
        write(fifth, rows // 5)
        found: dict[str, list[Cost]] = {task: [] for task in TASKS}
        for _ in range(rounds):
            for task in TASKS:
                found[task].append(measure(task, path))
        less = {task: measure(task, fifth).memory for task in TASKS}
    medians = {task: Cost(*map(statistics.median, zip(*costs, strict=True))) for task, costs in found.items()}
    lines = [
        (
            task,
            *(f"{cost.wall:.2f} s", f"{paired(_walls(found[task]), _walls(found['read'])):.2f} x"),
            *(f"{cost.cpu:.2f} s", f"{cost.cpu / medians['read'].cpu:.2f} x"),
            *(f"{cost.memory:.0f} MB", f"{cost.memory / less[task]:.2f} x"),
        )
        for task, cost in medians.items()
    ]
    title = f"Intake of {rows:,} rows x {len(HEADER.split(','))} columns, median of {rounds}"
    return table(title, ("", "clock", "ratio", "CPU", "ratio", "peak", f"against {rows // 5:,}"), lines)


def _walls(costs: Sequence[Cost]) -> list[float]:
    return [cost.wall for cost in costs]


def resumed(sizes: Sequence[int], rounds: int) -> str:
    """Return a table of how long a run of an unchanged list that was begun takes until its first request arrives."""
    lines = []
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / f"{rows}.csv"
            write(path, rows)
            campaign(path)
            first, *again = [_first_request(path.with_suffix(".toml"), server) for _ in range(rounds + 1)]
            lines.append((f"{rows:,}", f"{first:.2f} s", f"{statistics.median(again):.2f} s"))
    title = f"From the start of the process to the first request, median of {rounds}"
    return table(title, ("rows", "first run", "resumed"), lines)


def _first_request(file: Path, server: Server) -> float:
    server.begin(latency=0.0)
    started = time.monotonic()
    dial(file, "--limit", "1", url=server.url, within=_PATIENCE)
    return server.seen().starts[0] - started


def report(*, quick: bool) -> str:
    """Return both tables."""
    # As many rows as are enough for the ratio; by itself it takes more.
    if quick:
        return f"{compare(20_000, 1)}\n{resumed([5_000], 1)}"
    return f"{compare(300_000, 3)}\n{resumed([100_000], 3)}"


def main() -> None:
    """Compare, or run one task."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.task is None:
        print(f"{machine()}\n\n{compare(options.rows, options.rounds)}", flush=True)
        print(resumed([options.rows // 10, options.rows], options.rounds))
        return
    start = time.perf_counter()
    TASKS[options.task](options.file)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
