"""Run: python -m tests.benchmarks [sending|limit|pacing|memory|cpu|intake|all] [--quick].

Each table is of one run on this machine; peers take turns. With --quick all of it takes about a minute, to see that it
works; its figures are no good. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import time

from tests.benchmarks import cpu, intake, limit, memory, pacing, sending
from tests.benchmarks.table import machine


def _intake(*, quick: bool) -> str:
    intake.compare(20_000 if quick else 1_000_000, 1 if quick else 3)
    return ""


_BENCHMARKS = {
    "sending": sending.report,
    "limit": limit.report,
    "pacing": pacing.report,
    "memory": memory.report,
    "cpu": cpu.report,
    "intake": _intake,
}


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("which", nargs="?", default="all", choices=[*_BENCHMARKS, "all"])
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    options = parser.parse_args()
    print(f"{machine()}{', --quick' if options.quick else ''}\n", flush=True)
    started = time.monotonic()
    for name in _BENCHMARKS if options.which == "all" else [options.which]:
        print(_BENCHMARKS[name](quick=options.quick), flush=True)
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
