"""Which ids of calls are there already: known for a million of them in the memory that a run may take."""

from __future__ import annotations

import tracemalloc

from dialer.store.call_ids import CallIds


def test_an_id_is_new_once() -> None:
    ids = CallIds(["a", "b"])
    assert [ids.add(one) for one in ("a", "c", "c", "b", "d")] == [False, True, False, False, True]


def test_an_id_takes_as_many_bytes_as_a_number() -> None:
    few = _memory(0)
    assert (_memory(100_000) - few) / 100_000 < 12


def _memory(count: int) -> int:
    tracemalloc.start()
    try:
        ids = CallIds(f"call {number}" for number in range(count))
        size, _ = tracemalloc.get_traced_memory()
        assert ids.add("another")
    finally:
        tracemalloc.stop()
    return size
