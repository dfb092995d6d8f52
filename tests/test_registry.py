"""`dialer.ledgers`: which ledgers count wherever they lie, and what becomes of one that is gone or damaged."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer.errors import LedgerError
from dialer.store.sqlite import Ledger, Neighbours, Registry, lock_of, locked
from tests.ledgers import BINDING, QUEUED, call, number_of, opened, people

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0
IDENTITY = "1" * 32


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "dialer.ledgers")


def made(path: Path) -> Path:
    """Make a ledger in which one person was called, in a folder of its own."""
    path.parent.mkdir(exist_ok=True)
    with closing(opened(path)) as ledger:
        people(ledger, 3)
        call(ledger, 1, QUEUED)
    return path


def called(registry: Registry, index: int = 1, *, later: float = 0.0) -> bool:
    own = registry.path.parent / "own.ledger"
    with Neighbours([own.parent], registry=registry, own=own, server=BINDING.server, within=24 * HOUR) as others:
        return others.called((number_of(index),), now=time.time() + later) is not None


def test_a_listed_ledger_counts_wherever_it_lies(tmp_path: Path, registry: Registry) -> None:
    path = made(tmp_path / "far" / "x.ledger")
    assert not called(registry)
    registry.add(path, identity=IDENTITY)
    assert called(registry)
    assert not called(registry, 2)


def test_a_ledger_that_is_listed_while_a_run_goes_on_counts_at_once(tmp_path: Path, registry: Registry) -> None:
    paths = [made(tmp_path / "far" / f"{index}.ledger") for index in range(3)]
    with Neighbours(
        [tmp_path], registry=registry, own=tmp_path / "own.ledger", server=BINDING.server, within=24 * HOUR
    ) as others:
        for path in paths:
            path.unlink()
            registry.add(path, identity=path.stem * 32)
            with pytest.raises(LedgerError):
                others.called((number_of(1),), now=time.time())
            made(path)
            assert others.called((number_of(1),), now=time.time()) is not None


def test_a_listed_ledger_that_is_missing_stops_a_run_until_its_calls_are_too_old_or_it_is_forgotten(
    tmp_path: Path, registry: Registry
) -> None:
    path = tmp_path / "far.ledger"
    registry.add(path, identity=IDENTITY)
    with pytest.raises(LedgerError, match=r"far\.ledger.*it is missing") as raised:
        called(registry)
    assert f"dialer list --forget {path}" in str(raised.value)
    assert not called(registry, later=25 * HOUR)
    registry.forget(path)
    assert not called(registry)
    registry.add(path, identity=IDENTITY)
    with pytest.raises(LedgerError):
        called(registry)


def test_a_ledger_that_was_moved_and_run_in_its_new_place_is_not_missing(tmp_path: Path, registry: Registry) -> None:
    registry.add(tmp_path / "old.ledger", identity=IDENTITY)
    registry.add(made(tmp_path / "far" / "new.ledger"), identity=IDENTITY)
    assert called(registry)


def test_a_forgotten_ledger_that_is_damaged_stops_nobody_and_counts_again_once_it_is_sound(
    tmp_path: Path, registry: Registry
) -> None:
    path = made(tmp_path / "far" / "x.ledger")
    registry.add(path, identity=IDENTITY)
    sound = path.read_bytes()
    path.write_bytes(sound[:100] + bytes(len(sound) - 100))
    with pytest.raises(LedgerError, match=r"x\.ledger"):
        called(registry)
    registry.forget(path)
    assert not called(registry)
    path.write_bytes(sound)
    assert called(registry)


@pytest.mark.parametrize("instead", ["pipe", "folder", "link that leads nowhere"])
def test_what_is_no_file_in_the_place_of_a_listed_ledger_stops_a_run_and_does_not_hang_it(
    tmp_path: Path, registry: Registry, instead: str
) -> None:
    path = made(tmp_path / "far" / "x.ledger")
    registry.add(path, identity=IDENTITY)
    path.unlink()
    if instead == "pipe":
        os.mkfifo(path)
    elif instead == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(LedgerError, match=r"x\.ledger"):
        called(registry)


def test_a_pipe_in_the_place_of_a_ledger_that_is_not_listed_stops_a_run_as_well(
    tmp_path: Path, registry: Registry
) -> None:
    """Its lock tells that there was a ledger."""
    path = tmp_path / "x.ledger"
    with locked(lock_of(path), command="run"):
        made(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(LedgerError, match=r"x\.ledger"):
        called(registry)


def test_a_name_may_have_anything_in_it(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / 'a "b"\n\r\udc80 Zoë.ledger'
    registry.add(path, identity=IDENTITY)
    registry.add(tmp_path / "other.ledger", identity="2" * 32)
    assert list(registry.read()) == [path, tmp_path / "other.ledger"]


def test_a_line_that_a_crash_cut_short_costs_none_of_the_others(tmp_path: Path, registry: Registry) -> None:
    registry.add(tmp_path / "one.ledger", identity=IDENTITY)
    whole = registry.path.read_bytes()
    for length in range(len(whole)):
        registry.path.write_bytes(whole + whole.replace(b"one", b"two")[:length])
        registry.add(tmp_path / "three.ledger", identity=IDENTITY)
        assert {path.name for path in registry.read()} - {"two.ledger"} == {"one.ledger", "three.ledger"}


def test_a_line_that_was_changed_by_hand_is_named(tmp_path: Path, registry: Registry) -> None:
    registry.add(tmp_path / "one.ledger", identity=IDENTITY)
    registry.path.write_text("yesterday" + registry.path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(LedgerError, match=r"dialer\.ledgers, line 1 cannot be read"):
        called(registry)


def test_nobody_is_told_to_make_another_users_list_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not read it may not read the ledgers either: a new list would lack them."""

    def forbidden(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("pathlib.Path.read_bytes", forbidden)
    with pytest.raises(LedgerError) as refused:
        registry.read()
    assert str(refused.value).endswith("It is another user's: make it readable, and what it lists.")


def test_each_start_renews_a_time_and_the_list_grows_no_longer(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "one.ledger"
    registry.add(path, identity=IDENTITY, now=1_000_000.0)
    size = registry.path.stat().st_size
    for day in range(50):
        registry.add(path, identity=IDENTITY, now=1_000_000.0 + day * 24 * HOUR)
    assert registry.path.stat().st_size == size
    assert registry.read()[path].at == 1_000_000.0 + 49 * 24 * HOUR


def _add(path: Path, index: int) -> None:
    for turn in range(20):
        Registry(path).add(path.parent / f"{index}-{turn}.ledger", identity=IDENTITY)


def test_many_that_are_listed_at_once_are_all_there(registry: Registry) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(_add, [(registry.path, index) for index in range(4)])
    assert len(registry.read()) == 80


# -- what is read of a ledger --------------------------------------------------------------------------------------


def test_a_reader_leaves_nothing_beside_a_ledger_that_nobody_writes_to(tmp_path: Path, registry: Registry) -> None:
    made(tmp_path / "x.ledger")
    assert called(registry)
    assert {path.name for path in tmp_path.iterdir()} == {"x.ledger"}


def test_a_run_that_comes_and_goes_between_two_questions_is_noticed(tmp_path: Path, registry: Registry) -> None:
    path = made(tmp_path / "x.ledger")
    with Neighbours(
        [tmp_path], registry=registry, own=tmp_path / "own.ledger", server=BINDING.server, within=24 * HOUR
    ) as others:
        for leave_log in (False, True):
            index = 2 + leave_log
            assert others.called((number_of(index),), now=time.time()) is None
            # A process that only reads leaves an empty log behind.
            reader = Ledger.read(path) if leave_log else None
            with closing(opened(path)) as ledger:
                call(ledger, index, QUEUED)
            if reader is not None:
                reader.close()
            assert others.called((number_of(index),), now=time.time()) is not None


def test_a_ledger_that_is_being_written_to_is_read_as_it_is_at_each_moment(tmp_path: Path, registry: Registry) -> None:
    path = made(tmp_path / "x.ledger")
    with (
        closing(opened(path)) as ledger,
        Neighbours(
            [tmp_path], registry=registry, own=tmp_path / "own.ledger", server=BINDING.server, within=24 * HOUR
        ) as others,
    ):
        for index in (2, 3):
            ledger.checkpoint()
            assert others.called((number_of(index),), now=time.time()) is None
            call(ledger, index, QUEUED)
            assert others.called((number_of(index),), now=time.time()) is not None
        copy = tmp_path / "copy"
        shutil.copy(path, copy)
        assert others.called((number_of(1),), now=time.time()) is not None
        copy.unlink()
        assert others.called((number_of(1),), now=time.time()) is not None
