"""The page of a large workspace: any page costs what it costs in a small one."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from dialer.errors import ExitCode
from dialer.operations.list import list_batches
from dialer.operations.memory import Memory
from dialer.operations.pause import pause_campaigns, targets_of
from dialer.operations.serve import board, live
from dialer.operations.serve.board import Board
from dialer.operations.serve.folder import own_folder
from dialer.operations.serve.next_list import NextLists
from dialer.operations.serve.work import Works
from dialer.store.engines import reopen_ledger
from dialer.store.sqlite.store import Ledger
from dialer.web.sessions import Sessions
from dialer.web.site import Site
from tests.harness import Batch, Bolna, sandbox
from tests.pages import Page, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 40
CAMPAIGN = 'agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "people.csv"\n'


def cpu(page: Page) -> float:
    """Return the seconds of CPU that a server has taken."""
    with open(f"/proc/{page.process.pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - no file
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def workspace(folder: Path, ledgers: list[Path], *, waiting: int = 0) -> Path:
    """Return a workspace with a batch for each ledger, which is copied, and campaigns that were never run."""
    folder.mkdir()
    for number in range(waiting):
        (folder / f"w{number}.toml").write_text(CAMPAIGN)
    (folder / "people.csv").write_text("phone\n+919812345600\n")
    for number, source in enumerate(ledgers):
        campaign, ledger = folder / f"c{number}.toml", folder / f"c{number}.results.ledger"
        campaign.write_text(CAMPAIGN)
        shutil.copy(source, ledger)
        store = reopen_ledger(ledger)
        notes = {"campaign": str(campaign), "results": str(ledger.with_suffix(".csv")), "batch": f"c{number}"}
        for name, value in (notes | {"identity": f"id{number}", "place": str(ledger)}).items():
            store.set_note(name, value)
        store.close()
    return folder


def costs(folder: Path, *, first: str = "c0") -> dict[str, float]:
    """Return the seconds of CPU of each page, once it was shown."""
    with serving(folder, environment={"BOLNA_BASE_URL": "http://127.0.0.1:9"}) as page:
        batch = page.campaigns()[first]["id"]
        found = {}
        for path in (
            "/",
            "/?all=1",
            f"/campaigns/{batch}",
            f"/campaigns/{batch}/next",
            "/organisation",
            "/api/v1/campaigns",
        ):
            page.web.get(path)
            before = cpu(page)
            for _ in range(ROUNDS):
                assert page.web.get(path).status_code == 200
            found[path.replace(batch, "ID")] = (cpu(page) - before) / ROUNDS
        return found


def ledger_of(folder: Path, bolna: Bolna, *, people: int) -> Path:
    """Return the ledger of a batch that was loaded, and called as far as a hundred people."""
    batch = Batch.write(folder, people=people, rate="500/second")
    words = [sys.executable, "-m", "dialer", *batch.command("run", "--limit", "100")]
    subprocess.run(words, env=bolna.environment, capture_output=True, check=False)
    assert batch.ledger.exists()
    return batch.ledger


def counted(look: Callable[..., object], looks: Counter[str]) -> Callable[..., object]:
    def counts(*given: object, **options: object) -> object:
        looks[look.__name__] += 1
        return look(*given, **options)

    return counts


def test_fifty_who_look_at_once_cost_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many people watch, the workspace and a ledger are looked at once a second."""
    with sandbox(speed=1e6, lines=100) as bolna:
        ledger = ledger_of(tmp_path / "small", bolna, people=3)
    own = own_folder(workspace(tmp_path / "one", [ledger]))
    site = Site(Board(own.parent, NextLists(own / "lists")), Sessions(own), Works(own / "runs"))
    looks: Counter[str] = Counter()
    # A large ledger takes long to count: the list and the page of a batch count it together.
    for module, name in ((board, "list_batches"), (live, "history"), (Ledger, "pulse")):
        monkeypatch.setattr(module, name, counted(getattr(module, name), looks))

    async def watch() -> None:
        batch = json.loads(await site.campaigns_json())["campaigns"][0]["id"]
        await asyncio.gather(*(look for _ in range(50) for look in (site.campaigns_json(), site.campaign(batch))))

    begun = time.monotonic()
    asyncio.run(watch())
    most = 1 + (time.monotonic() - begun) / board.FRESH
    assert all(1 <= looks[name] <= most for name in ("list_batches", "history", "pulse")), (looks, most)


def test_what_was_changed_on_the_page_is_seen_at_once_however_long_a_look_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow workspace is looked at less often; who presses Pause sees the pause all the same."""
    with sandbox(speed=1e6, lines=100) as bolna:
        ledger = ledger_of(tmp_path / "small", bolna, people=3)
    folder = workspace(tmp_path / "one", [ledger])
    looked = Board(folder, NextLists(own_folder(folder) / "lists"))
    seconds = itertools.count(step=5)
    monkeypatch.setattr("dialer.operations.memory.time.monotonic", lambda: float(next(seconds)))
    (before,) = looked.listing().batches
    pause_campaigns(targets_of([], everything=True, folder=folder), why="wrong prompt")
    (later,) = looked.listing().batches
    looked.forget()
    (after,) = looked.listing().batches
    assert [bool(one.pauses) for one in (before, later, after)] == [False, False, True]


def test_a_hundred_campaigns_are_drawn_once_for_all_who_look(tmp_path: Path) -> None:
    ten, many = (costs(workspace(tmp_path / str(count), [], waiting=count), first="w0") for count in (10, 100))
    assert {path: many[path] / ten[path] for path in ten if many[path] > 3 * ten[path]} == {}


def test_how_long_ago_the_last_call_was_is_true_also_where_nothing_has_happened_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(speed=1e6, lines=100) as bolna:
        ledger = ledger_of(tmp_path / "small", bolna, people=3)
    own = own_folder(workspace(tmp_path / "one", [ledger]))
    site = Site(Board(own.parent, NextLists(own / "lists")), Sessions(own), Works(own / "runs"))

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return super().now(tz) + timedelta(hours=3)

    shown = [asyncio.run(site.campaigns()).campaigns[0].last_text]
    monkeypatch.setattr("dialer.messages.pages.status.datetime", Later)
    shown.append(asyncio.run(site.campaigns()).campaigns[0].last_text)
    assert shown[0] != shown[1] == "3 h ago"


def test_while_nobody_may_be_called_a_page_does_not_ask_again_where_everybody_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find out takes a look at each of a million people; the next opening is shown all the same."""
    zone = ZoneInfo("Asia/Kolkata")
    tomorrow = f"{datetime.now(zone) + timedelta(days=1):%a}".lower()
    hours = f'[window]\nhours = "10:00-18:00"\ndays = ["{tomorrow}"]\n'
    memory = Memory()
    looks: Counter[str] = Counter()
    with sandbox(speed=1e6, lines=100) as bolna:
        batch = Batch.write(tmp_path / "w", people=9, rate="500/second")
        batch.campaign.write_text(batch.campaign.read_text() + hours)
        words = [sys.executable, "-m", "dialer", *batch.command("run")]

        def run() -> None:
            done = subprocess.run(words, env=bolna.environment, capture_output=True, text=True, check=False)
            assert done.returncode == ExitCode.LEFT, done.stderr

        def look() -> None:
            batch.ledger.touch()
            memory.forget()
            (entry,) = list_batches(batch.folder, memory=memory).batches
            assert entry.opens is not None
            assert f"{entry.opens.astimezone(zone):%a %H:%M}".lower() == f"{tomorrow} 10:00"

        run()
        monkeypatch.setattr(Ledger, "places", counted(Ledger.places, looks))
        for _ in range(3):
            look()
        # Of each look one person, and once all of them.
        assert looks["places"] == 3 + 1
        # A run that calls nobody may have read another list.
        run()
        look()
        assert looks["places"] == 4 + 2


@pytest.mark.long
def test_a_page_of_200_batches_and_a_million_rows_costs_at_most_three_times_that_of_ten_small_ones(
    tmp_path: Path,
) -> None:
    with sandbox(speed=1e6, lines=100) as bolna:
        small = ledger_of(tmp_path / "small", bolna, people=100)
        large = ledger_of(tmp_path / "large", bolna, people=1_000_000)
    before = costs(workspace(tmp_path / "ten", [small] * 10))
    after = costs(workspace(tmp_path / "many", [large, *[small] * 199]))
    assert {path: after[path] / before[path] for path in before if after[path] > 3 * before[path]} == {}
    # While it is called, its figures change with each look.
    with sandbox(speed=20, lines=500) as bolna:
        batch = Batch.write(tmp_path / "runs", people=1_000_000, rate="500/minute")
        words = [sys.executable, "-m", "dialer", *batch.command("run", "--track")]
        run = subprocess.Popen(words, env=bolna.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while bolna.requests() < 50:
                assert run.poll() is None
                time.sleep(1)
            while_it_runs = costs(batch.folder, first="c")
            assert run.poll() is None
        finally:
            run.kill()
            run.wait()
    assert {path: cost / before[path] for path, cost in while_it_runs.items() if cost > 3 * before[path]} == {}
