"""Run: python -m tests.benchmarks [NAME ...] [--quick] [--before REV] [--rows N] [--rounds N] [--keep FOLDER].

Each table is of one run on this machine; versions and peers take turns. Before is a git revision that is built beside
the working tree, each in an environment of its own. With --quick all of it takes a few minutes, to see that it works;
its figures are no good. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import (
    cpu,
    equality,
    growth,
    intake,
    limit,
    lost,
    memory,
    pacing,
    sending,
    small,
    starting,
    status,
    tracking,
)
from tests.benchmarks.server import Server
from tests.benchmarks.session import Session
from tests.benchmarks.table import machine
from tests.benchmarks.versions import BEFORE, build

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEERS = ("aiohttp", "aiolimiter", "aiometer")
_BENCHMARKS = {
    "intake": intake.report,
    "starting": starting.report,
    "small": small.report,
    "memory": memory.report,
    "cpu": cpu.report,
    "status": status.report,
    "tracking": tracking.report,
    "growth": growth.report,
    "equality": equality.report,
    "sending": sending.report,
    "limit": limit.report,
    "lost": lost.report,
    "pacing": pacing.report,
}
_ROWS, _FEW = 1_000_000, 5_000


def main() -> None:
    """Print the tables that were asked for."""
    options = _options()
    print(f"{machine()}, before: {options.before}{', --quick' if options.quick else ''}\n", flush=True)
    started = time.monotonic()
    with _folder(options.keep) as folder, Server() as server:
        session = Session(
            versions=build(folder, before=options.before),
            folder=folder,
            server=server,
            rows=options.rows or (_FEW if options.quick else _ROWS),
            rounds=options.rounds or (1 if options.quick else 5),
            quick=options.quick,
        )
        for name in options.names or _BENCHMARKS:
            print(_BENCHMARKS[name](session), flush=True)
    print(f"{time.monotonic() - started:.0f} s in all")


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(_BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    parser.add_argument("--before", default=BEFORE, metavar="REV", help=f"git revision to compare with; {BEFORE}")
    parser.add_argument("--rows", type=int, help=f"of a long list; default: {_ROWS:,}")
    parser.add_argument("--rounds", type=int, help="how often each is measured; default: 5, 3 where one takes long")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep lists and ledgers there for the next time")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in _BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are: {', '.join(_BENCHMARKS)}")
    if missing := [name for name in _PEERS if find_spec(name) is None]:
        parser.error(f"not installed: {', '.join(missing)}; pip install -e '.[bench]'")
    return options


if __name__ == "__main__":
    main()
