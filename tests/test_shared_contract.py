"""What every engine promises of what batches share: do-not-call rows are only ever added, and a pause holds at once."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer.errors import DoNotCallError
from dialer.store.do_not_call import NOTHING, Row
from dialer.store.engines import do_not_call_list
from dialer.store.pause_files import PauseFiles, all_paused, lift, put
from dialer.store.shared import Pause
from tests.engines import skip_where_missing
from tests.ledgers import BINDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dialer.store.do_not_call import DoNotCall

LISTS = ("file", "postgres")
SINCE = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


@pytest.fixture(params=LISTS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Opens the lists of workspaces, as each process does for itself."""
    skip_where_missing(request.param)
    made = Place(request.param)
    yield made
    made.close()


class Place:
    """Where the lists of workspaces are kept.

    Args:
        engine: one of `LISTS`.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._urls: dict[Path, str] = {}
        self._stack = contextlib.ExitStack()

    def open(self, workspace: Path) -> DoNotCall:
        if self._engine == "file":
            return do_not_call_list(workspace)
        from dialer.store.postgres import DatabaseDoNotCall  # noqa: PLC0415 - where it is installed
        from tests.postgres_server import shared  # noqa: PLC0415 - as above

        if workspace not in self._urls:
            self._urls[workspace] = shared().database()
        return self._stack.enter_context(contextlib.closing(DatabaseDoNotCall(self._urls[workspace])))

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def opened(place: Place, tmp_path: Path) -> Callable[[], DoNotCall]:
    """Opens the list of one workspace, as each process does for itself."""
    return lambda: place.open(tmp_path)


def add(shared: DoNotCall, *rows: Row) -> None:
    with shared.adding() as adding:
        adding.add(rows)


def numbers(shared: DoNotCall) -> list[str]:
    return [row.number for row in shared.read().rows()]


FIRST = Row("+919800000001", "2026-11-29T09:00:00Z", 'asked "on the phone", Zoë', "", "")
ENDED = FIRST._replace(ended="2026-11-30T09:00:00Z", reason="asked for calls, again")
SECOND = Row("+919800000002", "2026-11-29T09:00:00Z", "=SUM(A1)")


def test_nobody_is_on_a_list_that_nobody_has_made(opened: Callable[[], DoNotCall]) -> None:
    assert (numbers(opened()), opened().read().extent.length, opened().accepted()) == ([], 0, None)
    assert opened().begins_with(NOTHING)


def test_what_was_added_is_seen_by_every_other_process_in_its_order_and_to_the_letter(
    opened: Callable[[], DoNotCall],
) -> None:
    other = opened()
    before = other.stamp()
    add(opened(), FIRST, SECOND)
    after = other.stamp()
    add(opened(), ENDED)
    assert len({before, after, other.stamp()}) == 3
    rows = list(other.read().rows())
    assert [row._replace(line=0) for row in rows] == [FIRST, SECOND, ENDED]
    assert [row.line for row in rows] == sorted({row.line for row in rows})


def test_whoever_knows_the_list_up_to_a_place_reads_only_what_was_added_since(opened: Callable[[], DoNotCall]) -> None:
    add(opened(), FIRST)
    known = opened().read().extent
    assert list(opened().read(after=known, expected=known).rows()) == []
    add(opened(), SECOND)
    (row,) = opened().read(after=known, expected=known).rows()
    assert row.number == SECOND.number
    assert opened().begins_with(known)


def test_a_list_that_lacks_what_was_seen_is_refused(
    place: Place, opened: Callable[[], DoNotCall], tmp_path: Path
) -> None:
    add(opened(), FIRST, SECOND)
    known = opened().read().extent
    (tmp_path / "elsewhere").mkdir()
    other = place.open(tmp_path / "elsewhere")
    add(other, SECOND, FIRST)
    assert not other.begins_with(known)
    with pytest.raises(DoNotCallError):
        other.read(expected=known)


def test_what_a_person_accepted_last_is_kept_and_no_two_acceptances_are_the_same(
    opened: Callable[[], DoNotCall],
) -> None:
    seen = []
    for row in (FIRST, SECOND):
        add(opened(), row)
        opened().accept(opened().read().extent)
        seen.append(opened().accepted())
    first, second = (one for one in seen if one is not None)
    assert first.id != second.id
    assert (second.extent.length, second.extent.digest) == (
        opened().read().extent.length,
        opened().read().extent.digest,
    )


def test_one_at_a_time_adds_and_nobody_sees_half_of_what_another_adds(opened: Callable[[], DoNotCall]) -> None:
    order: list[str] = []

    def come_second() -> None:
        with opened().adding() as adding:
            order.append("second")
            adding.add([SECOND])

    thread = threading.Thread(target=come_second)
    with opened().adding() as adding:
        thread.start()
        adding.add([FIRST, ENDED])
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert numbers(opened()) == [FIRST.number, ENDED.number, SECOND.number]


# -- pauses ------------------------------------------------------------------------------------------------------------


class Paused:
    """A batch, its campaign and its workspace; another process pauses them."""

    def __init__(self, folder: Path) -> None:
        self.now = SINCE.timestamp()
        self.files = PauseFiles(campaign=folder / "c.toml", results=folder / "r.csv", now=lambda: self.now)
        self.places = {
            "batch": self.files.batch[0],
            "campaign": self.files.campaign[0],
            "all": all_paused(folder, sandbox=False),
        }

    def pause(self, of: str, *, until: datetime | None = None, why: str = "") -> Pause:
        pause = Pause(of, str(self.places[of]), by="a@b", since=SINCE, until=until, why=why)
        self.put(pause)
        return pause

    def put(self, pause: Pause) -> None:
        put(self.places[pause.of], pause)

    def lift(self, of: str) -> bool:
        return lift(self.places[of])

    def in_force(self) -> Sequence[Pause]:
        return self.files.in_force()


class DatabasePaused(Paused):
    """The same in a database."""

    def __init__(self, folder: Path) -> None:
        from dialer.store.postgres import Batch, DatabasePauses  # noqa: PLC0415 - where it is installed
        from tests.postgres_server import shared  # noqa: PLC0415 - as above

        super().__init__(folder)
        url = shared().database()
        self.batch = Batch.open(url, name="r.csv", binding=BINDING, batch="r", campaign="c.toml")
        self.pauses = DatabasePauses(url, batch="r.csv", campaign="c.toml", now=lambda: self.now)
        self.places = {"batch": Path("r.csv"), "campaign": Path("c.toml"), "all": Path()}

    def pause(self, of: str, *, until: datetime | None = None, why: str = "") -> Pause:
        name = "" if of == "all" else str(self.places[of])
        pause = Pause(of, name, by="a@b", since=SINCE, until=until, why=why)
        self.put(pause)
        return pause

    def put(self, pause: Pause) -> None:
        self.pauses.put(pause)

    def lift(self, of: str) -> bool:
        return self.pauses.lift(of)

    def in_force(self) -> Sequence[Pause]:
        return self.pauses.in_force()


@pytest.fixture(params=["files", "postgres"])
def paused(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paused]:
    skip_where_missing(request.param)
    if request.param == "files":
        yield Paused(tmp_path)
        return
    made = DatabasePaused(tmp_path)
    yield made
    made.batch.close()


@pytest.mark.parametrize("of", ["batch", "campaign", "all"])
def test_a_pause_holds_from_the_moment_on_at_which_it_was_put_until_it_is_lifted(paused: Paused, of: str) -> None:
    assert paused.in_force() == []
    pause = paused.pause(of, why='"wrong" prompt, Zoë')
    assert paused.in_force() == [pause]
    assert paused.lift(of)
    assert paused.in_force() == []
    assert not paused.lift(of)


def test_a_pause_takes_the_place_of_the_one_before_and_none_of_the_others(paused: Paused) -> None:
    paused.pause("batch", why="first")
    last = [paused.pause(of, why=of) for of in ("batch", "campaign", "all")]
    assert paused.in_force() == last
    paused.lift("campaign")
    assert [pause.of for pause in paused.in_force()] == ["batch", "all"]


def test_a_pause_with_an_end_holds_until_then_and_no_longer(paused: Paused) -> None:
    until = SINCE + timedelta(hours=2)
    pause = paused.pause("campaign", until=until)
    paused.now = until.timestamp() - 0.001
    assert paused.in_force() == [pause]
    paused.now = until.timestamp()
    assert paused.in_force() == []
