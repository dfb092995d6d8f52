"""Connections opened ahead of their calls, on virtual time: they cost no pace, and what goes wrong harms nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from dialer.engine.connections import OLDEST
from dialer.errors import ExitCode
from dialer.provider.bolna.client import answer_of_exception
from dialer.provider.bolna.client.setup import SetupError
from dialer.rate import Rate
from tests.test_runner import Bolna, Line, Rig, after, people, rig, trip_of  # noqa: F401 - `rig` is a fixture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.models import Answer

UNREACHED = answer_of_exception(httpx.ConnectError("refused"))


@pytest.mark.parametrize("rig", [400], indirect=True)
@pytest.mark.parametrize("rate", [5, 50, 500])
def test_connecting_costs_no_pace(rig: Rig, rate: int) -> None:  # noqa: F811 - the fixture
    """With 50 ms to connect and 100 ms to answer the last call starts when it would without the former."""
    took = {}
    for connects in (0.0, 0.05):
        again = Rig(rig.ledger)
        rig.ledger._db.execute("UPDATE recipient SET state = 'pending'")
        again.rate, again.max_in_flight = Rate(rate, 1.0), 100
        again.bolna.connects, again.bolna.takes = connects, lambda _: 0.1
        again.ended()
        starts = again.bolna.starts
        assert len(starts) == 400
        assert all(later - first > 1.0 for first, later in zip(starts, starts[rate:], strict=False))
        took[connects] = starts[-1]
    # The start is slow: one call, then two, …, each waiting for a connection of its own.
    assert took[0.05] < 1.01 * took[0.0] + 0.5


@people(5)
def test_at_a_slow_rate_each_call_has_one_connection_and_that_is_young(rig: Rig) -> None:  # noqa: F811 - as above
    opened: list[float] = []

    def reached() -> Answer | None:
        opened.append(anyio.current_time())
        return None

    rig.rate, rig.bolna.connects, rig.bolna.reached = Rate(1, 60.0), 0.2, reached
    rig.ended()
    assert len(opened) == 5
    assert all(sent.at - at <= OLDEST for sent, at in zip(rig.bolna.sent, opened, strict=True))


@people(20)
def test_a_connection_that_the_server_has_closed_meanwhile_is_renewed_and_nobody_is_in_doubt(
    rig: Rig,  # noqa: F811 - as above
) -> None:
    broken: Iterator[bool] = iter([True, False] * 50)

    class Closing(Bolna):
        async def connect(self) -> Line | Answer:
            self.connections += 1
            return Line(self, untouched=not next(broken))

    rig.bolna = Closing(rig.ledger)
    rig.rate = Rate(5, 1.0)
    rig.ended()
    assert rig.counts == {"queued": 20}
    assert rig.bolna.connections == rig.bolna.closed + 20


class Ending(Bolna):
    """A server that accepts each connection and ends it at once, until some second."""

    until: float = 1e6

    async def connect(self) -> Line | Answer:
        self.connections += 1
        return Line(self, untouched=anyio.current_time() >= self.until)


def test_a_server_that_ends_every_connection_is_an_outage(rig: Rig) -> None:  # noqa: F811 - as above
    rig.bolna, rig.rate = Ending(rig.ledger), Rate(5, 1.0)
    trip = trip_of(rig.ended())
    assert trip.exit_code is ExitCode.LEFT
    assert "the server ends each connection before a request is sent" in trip.words
    assert rig.counts == {"pending": 30}
    assert rig.took < 200.0
    assert rig.bolna.connections == rig.bolna.closed < 50


def test_when_it_keeps_them_again_everybody_is_called(rig: Rig) -> None:  # noqa: F811 - as above
    rig.bolna, rig.rate = Ending(rig.ledger), Rate(5, 1.0)
    rig.bolna.until = 40.0
    rig.ended()
    assert rig.counts == {"queued": 30}


def test_connections_that_a_restart_ends_all_at_once_hold_nobody_up(rig: Rig) -> None:  # noqa: F811 - as above
    lines: list[Line] = []

    class Restarted(Bolna):
        async def connect(self) -> Line | Answer:
            found = await super().connect()
            assert isinstance(found, Line)
            lines.append(found)
            return found

    def restart(_: Rig) -> None:
        for line in lines:
            line.untouched = False

    rig.bolna, rig.rate = Restarted(rig.ledger), Rate(5, 1.0)
    assert rig.ended(after(2.1, restart)).held == 0.0
    assert rig.counts == {"queued": 30}


def test_during_a_long_wait_for_an_answer_few_connections_are_opened_and_all_are_closed(
    rig: Rig,  # noqa: F811 - as above
) -> None:
    rig.rate, rig.max_in_flight = Rate(50, 1.0), 4
    rig.bolna.takes = lambda _: 20.0
    rig.ended()
    assert rig.counts == {"queued": 30}
    assert rig.bolna.connections == rig.bolna.closed + 30
    assert rig.bolna.closed <= 30


def test_ctrl_c_while_connections_wait_closes_them_and_nothing_leaves(rig: Rig) -> None:  # noqa: F811 - as above
    rig.rate, rig.bolna.connects = Rate(1, 10.0), 0.5
    ending = rig.ended(after(20.4, lambda rig: rig.control.stop("Ctrl-C")))
    assert ending.interrupted
    assert len(rig.bolna.sent) == 2
    assert rig.counts == {"queued": 2, "pending": 28}
    assert rig.bolna.connections == rig.bolna.closed + 2


def failing(seconds: float, answer: Answer) -> Callable[[], Answer | None]:
    return lambda: answer if anyio.current_time() < seconds else None


def test_without_a_connection_nobody_is_attempted_and_afterwards_all_are(rig: Rig) -> None:  # noqa: F811 - as above
    rig.bolna.reached = failing(60.0, UNREACHED)
    assert rig.ended().held > 40.0
    assert rig.counts == {"queued": 30}
    assert set(rig.bolna.came.values()) == {1}
    assert rig.ledger._db.execute("SELECT count(*) FROM attempt").fetchone() == (30,)


def test_an_outage_ends_the_run_for_now_and_leaves_everybody_as_they_were(rig: Rig) -> None:  # noqa: F811 - as above
    rig.bolna.reached = failing(1e6, UNREACHED)
    trip = trip_of(rig.ended())
    assert trip.exit_code is ExitCode.LEFT
    assert "No connection to Bolna for" in trip.words
    assert rig.counts == {"pending": 30}


def test_what_a_person_has_to_change_ends_the_run_at_once(rig: Rig) -> None:  # noqa: F811 - as above
    rig.bolna.reached = failing(1e6, answer_of_exception(SetupError("the certificate has expired", "Set the clock")))
    trip = trip_of(rig.ended())
    assert trip.exit_code is ExitCode.MUST_ACT
    assert trip.words == "No request can leave: the certificate has expired."
    assert trip.advice == "Set the clock, then run the same command again."
    assert rig.counts == {"pending": 30}
    assert rig.took < 1.0
