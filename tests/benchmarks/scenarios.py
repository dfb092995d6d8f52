"""Run: python -m tests.benchmarks.scenarios [--only NAME ...] [--quick].

Several hosts call one list by a database, and everything breaks; the provider's own count decides. Each run is the real
command `dialer run C --yes --join`, four at a time, with the lease as it is shipped; the server waits for its disk as
it is shipped. Prints a line for each scenario: its figures, the bound, and whether it held. All of it takes about half
an hour; `--quick` breaks each thing a few times only, to see that it works.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.host_verbs import verbs
from tests.benchmarks.hosts import PER_MINUTE, Hosts, provider
from tests.postgres_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.provider.bolna.sandbox import Sandbox

Found = tuple[str, str, bool]
"""Figures, bound, and whether it held."""
_FREE, _STRANGERS = 15.0, 2
"""Seconds after a kill until its people are free, and people for each kill who are unknown and were not called."""
_ALL = 10
"""Each so many kills all runs are killed at once."""
_NOBODY = "0 twice, 0 lost"


def rate(quick: bool) -> Found:  # noqa: FBT001 - as all of them
    """500 a minute for three minutes, the limit at the server."""
    minutes, limit = (0.5, 500) if quick else (3.0, 500)
    people = int(minutes * limit)
    with provider(call_rate=limit, agent_rate=limit) as sandbox, _hosts(people, sandbox, per_minute=limit) as here:
        here.fill_up()
        here.end()
        found = here.count()
        times = sorted(call.received_at for call in sandbox.book.calls)
        refused = sandbox.traffic.answers[429]
    used = (people - 1) / (times[-1] - times[0]) / (limit / 60)
    worst = max(sum(at <= one < at + 60.0 for one in times[index:]) for index, at in enumerate(times))
    figures = f"{used:.1%} of the rate, worst minute {worst}, {refused} times 429; {found}"
    return figures, f">= 98.5 %, <= {limit}, 0", used >= 0.985 and worst <= limit and not refused and found.is_kept


def kills(quick: bool) -> Found:  # noqa: FBT001
    """kill -9, again and again, of any of them, and of all four at once each tenth time."""
    rounds, killed = (3 if quick else 100), 0
    with provider() as sandbox, _hosts(100 * rounds, sandbox) as here:
        waiting: dict[int, float] = {}
        waited: list[tuple[float, float]] = []

        def has_called(goal: int) -> bool:
            waited.extend(_freed(here, waiting))
            return len(sandbox.book.calls) >= goal

        here.fill_up()
        here.until_called(20)
        for turn in range(1, rounds + 1):
            here.until(partial(has_called, len(sandbox.book.calls) + here.rng.randrange(5, 15)))
            victims = here.alive() if turn % (2 if quick else _ALL) == 0 else [here.rng.choice(here.alive())]
            for victim in victims:
                victim.kill()
            for victim in victims:
                victim.wait()
                waiting[victim.pid] = time.monotonic()
            killed += len(victims)
            here.fill_up()
        here.until(lambda: has_called(0) and not waiting)
        here.finish()
        found = here.count()
    since_kill, with_run = map(max, zip(*waited, strict=True))
    figures = (
        f"{killed} kills in {rounds} rounds: {found}; people free {with_run:.1f} s at most after the kill, or after "
        f"the eldest run that is there has begun; {since_kill:.1f} s after the kill, also where none was there"
    )
    is_held = found.is_kept and with_run <= _FREE and found.strangers <= _STRANGERS * killed
    return figures, f"{_NOBODY}, <= {_FREE:.0f} s, <= {_STRANGERS * killed} strangers", is_held


def _freed(here: Hosts, waiting: dict[int, float]) -> list[tuple[float, float]]:
    """Return how long those waited that are free by now, and so long at most as a run is there; take them out."""
    free = waiting.keys() - here.kept_by(waiting) if waiting else set()
    if not free:
        return []
    now, there = time.monotonic(), here.longest_there()
    waited = [now - waiting.pop(pid) for pid in free]
    return [(one, min(one, there)) for one in waited]


def freezes(quick: bool) -> Found:  # noqa: FBT001
    """Processes that stand still for longer than the lease, and wake."""
    rounds = 2 if quick else 30
    with provider() as sandbox, _hosts(500 * rounds, sandbox) as here:
        here.fill_up()
        for _ in range(rounds):
            here.until_called(10)
            victim = here.rng.choice(here.alive())
            victim.send_signal(signal.SIGSTOP)
            here.until(partial(here.is_over, victim))
            victim.send_signal(signal.SIGCONT)
            here.fill_up()
        here.finish()
        found, (late, wrong) = here.count(), here.late_calls()
    figures = (
        f"{rounds} freezes: {found}; {late} requests of runs that were over, {wrong} of them to people who are free"
    )
    return figures, f"{_NOBODY}, 0 to people who are free", found.is_kept and not wrong


def cuts(quick: bool) -> Found:  # noqa: FBT001
    """Connections are cut; every second time nobody hears the server's answers for a while before."""
    rounds = 4 if quick else 50
    with provider() as sandbox, _hosts(500 * rounds, sandbox, by_proxy=True) as here:
        assert here.proxy is not None
        here.fill_up()
        for turn in range(rounds):
            here.until_called(10)
            if turn % 2:
                here.proxy.swallow(answers=True)
                time.sleep(here.rng.uniform(0.0, 10.0))
            here.proxy.cut()
            here.proxy.swallow(answers=False)
            here.fill_up()
        here.finish()
        found = here.count()
    return f"{rounds} rounds of cut connections: {found}", _NOBODY, found.is_kept


def stops(quick: bool) -> Found:  # noqa: FBT001
    """The server is stopped at once, as by a crash."""
    return _crashes(2 if quick else 20)


def lazy(quick: bool) -> Found:  # noqa: FBT001
    """The same, with a server whose configuration says that a commit need not wait for the disk."""
    return _crashes(2 if quick else 10, commit="off")


def _crashes(rounds: int, *, commit: str = "on") -> Found:
    with provider() as sandbox, _hosts(500 * rounds, sandbox, commit=commit) as here:
        here.fill_up()
        for _ in range(rounds):
            here.until_called(20)
            here.server.stop(signal.SIGQUIT)
            here.server.start()
            here.fill_up()
        here.finish()
        found = here.count()
    return f"{rounds} immediate stops: {found}", _NOBODY, found.is_kept


def failover(quick: bool) -> Found:  # noqa: FBT001
    """A replica takes the server's place that lacks the last commits."""
    rounds = 1 if quick else 5
    figures, is_held = [], True
    for _ in range(rounds):
        with _failed_over(victims=0) as here:
            here.until_called(40)
            here.finish()
            found = here.count()
            figures.append(str(found))
            is_held = is_held and found.is_kept
    return f"{rounds} failovers, nobody died: {' / '.join(figures)}", _NOBODY, is_held


def death(quick: bool) -> Found:  # noqa: FBT001
    """The same, and a run died with the server: nobody tells again what it has sent."""
    rounds = 1 if quick else 5
    figures, is_held = [], True
    for _ in range(rounds):
        with _failed_over(victims=1) as here:
            ended = here.end()
            before = _looks(here)
            # A run that starts now looks at the provider first.
            code = here.do("run", "C", "--yes", fine=(0, 1, 3, 5))
            listed = _looks(here) - before
            found = here.count()
            figures.append(f"exit codes {sorted(set(ended) - {-9})}, then {code} after {listed} looks: {found}")
            is_held = is_held and found.is_kept and 5 in ended and listed > 0
    return f"{rounds} failovers, one died: {' / '.join(figures)}", f"{_NOBODY}, exit 5, the look", is_held


def _looks(here: Hosts) -> int:
    """Return how many pages of the provider's list of calls were read."""
    return sum(times for path, times in here.sandbox.traffic.requests.items() if "executions" in path)


@contextlib.contextmanager
def _failed_over(*, victims: int) -> Iterator[Hosts]:
    with provider() as sandbox, _hosts(300, sandbox, by_proxy=True) as here:
        assert here.proxy is not None
        here.fill_up()
        here.until_called(40)
        replica = here.server.copied()
        try:
            here.until_called(40)
            for victim in here.alive()[:victims]:
                victim.kill()
                victim.wait()
            here.server.stop(signal.SIGQUIT)
            replica.promote()
            here.proxy.leads_to(str(replica.folder))
            here.proxy.cut()
            here.url = here.url.replace(str(here.server.folder), str(replica.folder))
            yield here
        finally:
            replica.close()


def lines(quick: bool) -> Found:  # noqa: FBT001
    """20 lines for all hosts together."""
    people, most = (60, 20) if quick else (400, 20)
    with provider(speed=30.0, lines=1000) as sandbox, _hosts(people, sandbox, more=f"lines = {most}\n") as here:
        here.fill_up()
        here.end()
        found = here.count()
        spans = [span for call in sandbox.book.calls for span in call.dials]
    live = max((sum(begin <= at < end for begin, end in spans) for at, _ in spans), default=0)
    return f"{live} live at most; {found}", f"<= {most}", live <= most and found.is_kept


SCENARIOS: dict[str, Callable[[bool], Found]] = {
    "rate": rate,
    "kills": kills,
    "freezes": freezes,
    "cuts": cuts,
    "stops": stops,
    "lazy": lazy,
    "failover": failover,
    "death": death,
    "verbs": verbs,
    "lines": lines,
}


@contextlib.contextmanager
def _hosts(
    people: int,
    sandbox: Sandbox,
    *,
    per_minute: int = PER_MINUTE,
    more: str = "",
    by_proxy: bool = False,
    commit: str = "on",
) -> Iterator[Hosts]:
    server = Server(copy_of=None, max_wal_size="1GB", synchronous_commit=commit)
    try:
        with tempfile.TemporaryDirectory(prefix="dialer-h-") as folder:
            here = Hosts(
                server,
                Path(folder),
                people=people,
                sandbox=sandbox,
                per_minute=per_minute,
                more=more,
                by_proxy=by_proxy,
            )
            try:
                yield here
            except Exception:
                sys.stderr.write(f"{here.said()}\n")
                raise
            finally:
                here.close()
    finally:
        server.close()


def main() -> int:
    """Print a line for each scenario; return 1 where one was not held."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scenarios")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="one of them; again for one more")
    parser.add_argument("--quick", action="store_true", help="a few rounds of each, to see that it works")
    options = parser.parse_args()
    is_held = True
    for name in options.only or SCENARIOS:
        began = time.monotonic()
        try:
            figures, bound, held = SCENARIOS[name](options.quick)
        except Exception:  # noqa: BLE001 - the others are run all the same
            figures, bound, held = traceback.format_exc(), "", False
        took = time.monotonic() - began
        print(f"{name} | {figures} | {bound} | {'held' if held else 'NOT held'} | {took:.0f} s", flush=True)
        is_held = is_held and held
    return 0 if is_held else 1


if __name__ == "__main__":
    sys.exit(main())
