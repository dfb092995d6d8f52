"""A do-not-call list that changes while a run goes on."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer.errors import InputError
from dialer.intake.do_not_call import GLANCE, Suppression, Watch
from dialer.intake.do_not_call.watch import SETTLED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

ONE, OTHER = 919876543210, 14155550100


class Clock:
    """Seconds that a test lets go by."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def watched(path: Path, *, clock: Clock | None = None, max_age_days: float | None = None) -> Watch:
    lists = Suppression.load([path], region=None, max_age_days=max_age_days, now=datetime.now(UTC))
    return Watch(lists, clock or Clock())


def save(path: Path, text: str) -> Path:
    # By another name first, as a careful program does: another inode tells of a change whatever the clock says.
    path.with_suffix(".new").write_text(text, encoding="utf-8")
    return path.with_suffix(".new").replace(path)


def rewrite(path: Path, text: str) -> None:
    """Change a file in place without its size, time or inode telling of it."""
    at = path.stat().st_mtime_ns
    with path.open("r+", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, ns=(at, at))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path / "dnc.csv", f"+{ONE}\n")


async def test_a_list_that_is_left_alone_is_current(path: Path) -> None:
    watch = watched(path)
    assert watch.is_current()
    await watch.refresh()
    assert watch.list_with(ONE) == "dnc.csv"


async def test_nobody_is_judged_by_a_changed_list_before_it_is_read(path: Path) -> None:
    watch = watched(path)
    save(path, f"+{OTHER}\n+{ONE}\n")
    assert not watch.is_current()
    await watch.refresh()
    assert watch.is_current()
    assert watch.list_with(OTHER) == "dnc.csv"


async def test_a_glance_goes_by_what_was_seen_a_moment_ago_and_the_last_look_by_the_disk(path: Path) -> None:
    """What the last look has found is known to the glances that follow: no further request is begun in vain."""
    watch = watched(path)
    assert watch.is_current()
    save(path, f"+{OTHER}\n+{ONE}\n")
    assert watch.is_current(seen_within=GLANCE)
    assert not watch.is_current()
    assert not watch.is_current(seen_within=GLANCE)
    await watch.refresh()
    assert watch.is_current(seen_within=GLANCE)
    assert watch.list_with(OTHER) == "dnc.csv"


async def test_who_is_taken_off_a_list_stays_on_it_until_it_was_left_alone_for_a_moment(path: Path) -> None:
    clock = Clock()
    watch = watched(path, clock=clock)
    save(path, f"+{OTHER}\n")
    await watch.refresh()
    assert watch.list_with(ONE)
    clock.now += 1.9
    assert watch.is_current()
    assert watch.list_with(ONE)
    clock.now += 0.1
    assert not watch.is_current()
    await watch.refresh()
    assert watch.is_current()
    assert watch.list_with(ONE) is None
    assert watch.list_with(OTHER)


async def test_who_was_taken_off_stays_on_it_while_it_goes_on_changing(path: Path) -> None:
    clock = Clock()
    watch = watched(path, clock=clock)
    for round_ in range(5):
        save(path, f"+{OTHER + round_}\n")
        await watch.refresh()
        clock.now += 1.5
        assert watch.list_with(ONE)
        assert all(watch.list_with(OTHER + earlier) for earlier in range(round_ + 1))


async def test_a_change_within_a_tick_of_the_clock_is_noticed_once_the_list_is_left_alone(path: Path) -> None:
    clock = Clock()
    watch = watched(path, clock=clock)
    save(path, f"+{OTHER}\n")
    await watch.refresh()
    rewrite(path, f"+{OTHER + 1}\n")
    assert watch.is_current()
    clock.now += 2
    await watch.refresh()
    assert watch.list_with(OTHER + 1)


@pytest.mark.parametrize("half", ["", "+141555", "phone_number\n", f"+{OTHER}\n+1415"])
async def test_a_list_that_is_half_written_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    watch = watched(path)
    save(path, half)

    async def finished_meanwhile(_seconds: float) -> None:
        assert not watch.is_current(), "nobody is called meanwhile"
        save(path, f"+{OTHER}\n+14155550109\n")

    monkeypatch.setattr(anyio, "sleep", finished_meanwhile)
    await watch.refresh()
    assert all(map(watch.list_with, (ONE, OTHER, 14155550109)))


async def test_a_list_that_is_left_broken_stops_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(path)
    save(path, "+91 98765 4321O\n")
    waited = []

    async def left_alone(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", left_alone)
    with pytest.raises(InputError, match=r"dnc\.csv, line 1"):
        await watch.refresh()
    assert waited == [SETTLED]


async def test_a_list_that_is_no_longer_there_stops_the_run(path: Path) -> None:
    watch = watched(path)
    await anyio.Path(path).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        watch.is_current()


async def test_a_list_that_gets_too_old_stops_the_run(path: Path) -> None:
    watch = watched(path, max_age_days=7)
    old = (datetime.now(UTC) - timedelta(days=8)).timestamp()
    os.utime(path, (old, old))
    with pytest.raises(InputError, match=r"8\.0 days ago, and max_age_days is 7"):
        watch.is_current()


async def test_a_list_that_was_replaced_by_an_older_copy_is_read_again(path: Path) -> None:
    watch = watched(path)
    other = save(path.with_name("other.csv"), f"+{OTHER}\n")
    os.utime(other, (time.time() - 999, time.time() - 999))
    other.replace(path)
    await watch.refresh()
    assert watch.list_with(OTHER)


async def test_without_lists_nobody_is_on_one() -> None:
    watch = Watch(Suppression.load([], region=None, max_age_days=None, now=datetime.now(UTC)))
    assert watch.is_current()
    await watch.refresh()
    assert watch.list_with(ONE) is None
