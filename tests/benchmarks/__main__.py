"""Run: python -m tests.benchmarks [sending|limit|pacing|memory|cpu|intake|all] [--quick].

Each table is of one run on this machine; peers take turns. With --quick all of it takes a minute or two, to see that it
works; its figures are no good. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec

from tests.benchmarks import cpu, intake, limit, memory, pacing, sending
from tests.benchmarks.table import machine

_PEERS = ("aiohttp", "aiolimiter", "aiometer")
_BENCHMARKS = {
    "sending": sending.report,
    "limit": limit.report,
    "pacing": pacing.report,
    "memory": memory.report,
    "cpu": cpu.report,
    "intake": intake.report,
}


def main() -> None:
    """Print the tables that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("which", nargs="?", default="all", choices=[*_BENCHMARKS, "all"])
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    options = parser.parse_args()
    if missing := [name for name in _PEERS if find_spec(name) is None]:
        parser.error(f"not installed: {', '.join(missing)}; pip install -e '.[bench]'")
    print(f"{machine()}{', --quick' if options.quick else ''}\n", flush=True)
    started = time.monotonic()
    for name in _BENCHMARKS if options.which == "all" else [options.which]:
        print(_BENCHMARKS[name](quick=options.quick), flush=True)
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
