"""What a database promises besides what every engine does: several batches, several hosts, lost connections."""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dialer.errors import LedgerError, LockedError, OtherServerError, RunOverError
from dialer.models import Status
from dialer.store.do_not_call import Row
from dialer.store.joining import Others, Turn
from dialer.store.ledger.queries import changing, reading, report
from dialer.store.postgres.queries import statements
from dialer.store.shared import Pause
from tests.engines import freeze, skip_where_missing
from tests.ledgers import (
    AGAIN,
    ANYBODY,
    BINDING,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    intend,
    key_of,
    load,
    number_of,
    people,
    result_of,
    row,
    standing,
)
from tests.postgres_proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialer.models import Answer
    from dialer.store.postgres import Batch
    from dialer.store.postgres.beats import Beats
    from dialer.store.postgres.session import Session
    from tests.postgres_server import Server

STORE = Path(changing.__file__).parent.parent


@pytest.fixture(scope="module")
def url() -> str:
    skip_where_missing("postgres")
    from tests.postgres_server import shared  # noqa: PLC0415 - where it is installed

    return shared().database()


@pytest.fixture
def opened(url: str, tmp_path: Path) -> Iterator[Callable[..., Batch]]:
    """Opens a batch of this test's own, as each process does for itself; by default the same one, at one server."""
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

    made: list[Batch] = []

    def batch(name: str = "one") -> Batch:
        binding = replace(BINDING, server=f"https://api{tmp_path}")
        made.append(Batch.open(url, name=f"{tmp_path}/{name}", binding=binding, batch=name))
        return made[-1]

    yield batch
    for one in made:
        with contextlib.suppress(LedgerError):
            one.close()


def working(batch: Batch, count: int = 3, *, joins: bool = False) -> Batch:
    """Return a batch with people on which somebody works."""
    if batch.is_new():
        people(batch, count)
    batch.begin_work(joins=joins)
    return batch


# -- the statements ----------------------------------------------------------------------------------------------------


def used() -> list[tuple[str, str]]:
    code = "".join(path.read_text() for path in [*STORE.glob("*.py"), *STORE.parent.glob("postgres/*.py")])
    return [
        (f"{module.__name__.rpartition('.')[2]}.{name}", text)
        for module in (changing, reading, report)
        for name, text in vars(module).items()
        if isinstance(text, str) and re.search(rf"\b{module.__name__.rpartition('.')[2]}\.{name}\b", code)
    ]


SHOWN = {"call": "0", "of": ""}


def test_the_server_understands_every_statement_that_both_engines_are_asked(opened: Callable[..., Batch]) -> None:
    session = opened()._session
    not_understood = {}
    for name, text in used():
        try:
            explain(session, text.format(**SHOWN) if "{call}" in text else text)
        except psycopg.Error as error:
            not_understood[name] = str(error)
    assert not_understood == {}


def explain(session: Session, sql: str) -> None:
    from dialer.store.postgres.queries.translation import translated  # noqa: PLC0415 - where it is installed

    asked = translated(sql)
    if re.match(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE)\b", asked):
        values = dict.fromkeys(re.findall(r"%\((\w+)\)s", asked))
        assert session.send([(f"EXPLAIN {asked}", values)]).fetchall()


def test_nothing_is_kept_in_a_session(opened: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a pooler, which gives each transaction the connection that is free."""
    from dialer.store.postgres.session import Session  # noqa: PLC0415 - as above

    send = Session.send

    def by_another_connection(self: Session, statements: Any) -> Any:  # noqa: ANN401 - as `send` has it
        if not self.in_transaction:
            self.reconnect()
        return send(self, statements)

    monkeypatch.setattr(Session, "send", by_another_connection)
    batch = working(opened())
    call(batch, 1, QUEUED)
    call(batch, 2, REFUSED)
    load(batch, [row(1, 2, "another name"), row(2, 4)])
    assert standing(batch) == {
        key_of(1): Status.QUEUED,
        key_of(2): Status.ERROR,
        key_of(4): Status.PENDING,
    }
    batch.withhold(intend(batch, 4), reason="outside hours")
    assert result_of(batch, 4).error == "outside hours"


def test_each_commit_waits_for_the_disk_whatever_the_server_is_told(opened: Callable[..., Batch]) -> None:
    """The server of these tests has `synchronous_commit = off`."""
    session = opened()._session
    assert session.one("SELECT current_setting('synchronous_commit')") == ("on",)
    with session.transaction():
        assert session.one("SELECT current_setting('synchronous_commit')") == ("on",)


def test_results_that_are_read_in_pages_are_all_there_and_in_order(
    opened: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.store.postgres.store._PAGE", 3)
    batch = working(opened(), 10)
    call(batch, 4, QUEUED)
    call(batch, 9, QUEUED)
    load(batch, [row(index, index) for index in range(1, 9)])
    assert [one.key for one in batch.results()] == [key_of(index) for index in range(1, 10)]
    assert [one.key for one in batch.results(after=4)] == [key_of(index) for index in range(5, 10)]
    assert [one.key for one in batch.results(pending=False)] == [key_of(4), key_of(9)]


# -- several batches ---------------------------------------------------------------------------------------------------


def test_batches_in_one_database_know_nothing_of_each_other_s_people(opened: Callable[..., Batch]) -> None:
    first, second = working(opened("first")), working(opened("second"), 2)
    call(first, 3, QUEUED)
    assert first.counts() == {Status.PENDING: 2, Status.QUEUED: 1}
    assert second.counts() == {Status.PENDING: 2}


def test_whom_one_batch_calls_no_other_calls(opened: Callable[..., Batch]) -> None:
    first, second = working(opened("first")), working(opened("second"))
    intend(first, 1)
    call(first, 2, QUEUED)
    call(first, 3, REFUSED)
    assert [attempt.recipient.key for attempt in intend(second, 1, 2, 3)] == [key_of(3)]


def test_who_was_not_called_after_all_is_free_for_other_batches(opened: Callable[..., Batch]) -> None:
    first, second = working(opened("first")), working(opened("second"))
    first.withhold(intend(first, 1), reason="too late")
    assert len(intend(second, 1)) == 1
    second.within = 0.0
    call(second, 2, QUEUED)
    first.within = 0.0
    call(first, 2, REFUSED)
    first.within = 3600.0
    third = working(opened("third"))
    assert intend(third, 2) == [], "the call of the second one is remembered under the refusal of the first one's"


@pytest.mark.parametrize("of", ["batch", "all"])
def test_an_intent_looks_whether_somebody_has_paused(
    opened: Callable[..., Batch], url: str, tmp_path: Path, of: str
) -> None:
    from dialer.store.postgres import DatabasePauses  # noqa: PLC0415 - where it is installed

    batch = working(opened())
    pauses = DatabasePauses(url, batch=f"{tmp_path}/one")
    pauses.put(Pause(of, pauses.place_of(of), by="a@b", since=datetime.now(UTC)))
    assert intend(batch, 1) == []
    pauses.lift(of)
    assert len(intend(batch, 1)) == 1


def test_an_intent_looks_at_the_do_not_call_list(opened: Callable[..., Batch], url: str) -> None:
    from dialer.store.postgres import DatabaseDoNotCall  # noqa: PLC0415 - where it is installed

    batch = working(opened())
    with contextlib.closing(DatabaseDoNotCall(url)) as shared:
        with shared.adding() as adding:
            adding.add([Row(key_of(1), "2026-11-29T09:00:00Z", source) for source in ("phone", "e-mail")])
        with shared.adding() as adding:
            adding.add([Row(key_of(1), "2026-11-29T09:00:00Z", "phone", "2026-11-30T09:00:00Z")])
        assert [attempt.recipient.key for attempt in intend(batch, 1, 2)] == [key_of(2)]
        with shared.adding() as adding:
            adding.add([Row(key_of(1), "2026-11-29T09:00:00Z", "e-mail", "2026-11-30T09:00:00Z")])
        assert len(intend(batch, 1)) == 1


SECOND_ROW = """
    INSERT INTO dialer.recipient (batch_id, position, number, key, state, cells, layout)
    SELECT batch_id, position + 100, number, key, 'pending', cells, layout FROM dialer.recipient
    WHERE batch_id = dialer.current_batch() AND position = ?
"""


def test_who_has_two_rows_that_wait_is_called_once(opened: Callable[..., Batch]) -> None:
    """No list brings them; somebody may put them there."""
    batch = working(opened())
    batch._session.execute(SECOND_ROW, (1,))
    waiting = batch.page(after=0, size=10)
    assert [one.key for one in waiting] == [key_of(1), key_of(2), key_of(3), key_of(1)]
    attempts = intend_all(batch, waiting)
    assert sorted(one.recipient.key for one in attempts) == [key_of(1), key_of(2), key_of(3)]
    batch.settle([(one, QUEUED) for one in attempts])
    (left,) = batch.page(after=0, size=10)
    assert (left.key, intend_all(batch, [left])) == (key_of(1), [])


@pytest.mark.parametrize("answer", [QUEUED, REFUSED, UNCLEAR])
def test_who_was_called_is_not_called_by_a_second_row_that_waits(opened: Callable[..., Batch], answer: Answer) -> None:
    """Nor by a run that has not seen yet that another one calls them."""
    batch = working(opened())
    batch._session.execute(SECOND_ROW, (1,))
    second = batch.page(after=3, size=1)
    call(batch, 1, answer)
    assert intend_all(batch, second) == []
    with pytest.raises(psycopg.errors.UniqueViolation):
        batch._session.execute("UPDATE recipient SET state = 'sending' WHERE id = ?", (second[0].id,))


def test_a_row_that_waits_again_can_be_called_and_a_second_one_of_theirs_instead(opened: Callable[..., Batch]) -> None:
    batch = working(opened())
    batch._session.execute(SECOND_ROW, (1,))
    first, *_, second = batch.page(after=0, size=10)
    batch.withhold(intend_all(batch, [first]), reason="too late")
    batch.settle([(attempt, AGAIN) for attempt in intend_all(batch, [second])])
    assert len(intend_all(batch, [first])) == 1
    assert intend_all(batch, batch.page(after=3, size=1)) == []


LOOKED_AT = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables WHERE relid = 'dialer.recipient'::regclass
"""
"""Rows of the list that this transaction has looked at so far."""


def test_a_claim_and_an_intent_look_at_few_rows_of_a_long_list(opened: Callable[..., Batch]) -> None:
    """Also once the server knows how long it is."""
    batch = working(opened(), 5000)
    batch._session.execute("ANALYZE dialer.recipient")
    with batch.transaction() as session:
        (one, *_) = batch.page(after=0, size=20)
        assert len(intend_all(batch, [one])) == 1
        assert session.one(LOOKED_AT)[0] < 200


# -- several hosts -----------------------------------------------------------------------------------------------------


def test_a_second_run_is_turned_away_unless_it_joins(opened: Callable[..., Batch]) -> None:
    first = working(opened())
    with pytest.raises(LockedError, match=r"`dialer run` works on this batch.*add --join"):
        opened().begin_work()
    second = opened()
    second.begin_work(joins=True)
    assert {one.key for one in first.page(after=0, size=2)} == {key_of(1), key_of(2)}
    assert {one.key for one in second.page(after=0, size=2)} == {key_of(3)}


def test_whoever_is_silent_for_too_long_is_over_and_their_people_are_free(opened: Callable[..., Batch]) -> None:
    frozen, other = working(opened()), opened()
    (attempt,) = intend(frozen, 1)
    claimed = frozen.page(after=0, size=2)
    freeze(frozen)
    other.begin_work(joins=True)
    assert standing(other)[key_of(1)] is Status.UNKNOWN
    assert [one.key for one in other.page(after=0, size=5)] == [one.key for one in claimed]
    with pytest.raises(RunOverError):
        intend_all(frozen, claimed)
    assert frozen._beats is not None
    frozen._beats.beat()
    assert not frozen.beat()
    assert not frozen.may_send(attempt)
    # What it knows is true all the same.
    frozen.settle([(attempt, QUEUED)])
    assert standing(other)[key_of(1)] is Status.QUEUED


def intend_all(batch: Batch, recipients: Any) -> Any:  # noqa: ANN401 - as `intend` has it
    from tests.ledgers import render  # noqa: PLC0415 - only here

    return batch.intend(recipients, render)


def test_a_run_that_has_just_begun_frees_the_people_of_one_that_was_killed(opened: Callable[..., Batch]) -> None:
    """Where all runs are killed and started again, nobody is there who has worked for longer."""
    killed, other = working(opened()), opened()
    other.begin_work(joins=True)
    claimed = killed.page(after=0, size=2)
    freeze(killed)
    assert other._beats is not None
    other._beats.judge()
    assert other.page(after=0, size=2) == claimed


def by_hand(batch: Batch) -> Beats:
    """Return a run's heartbeats, which come only when they are asked for from now on."""
    beats = batch._beats
    assert beats is not None
    beats._ended.set()
    beats._thread.join()
    beats._session.reconnect()
    return beats


@pytest.mark.parametrize("is_lost", [False, True])
def test_nobody_is_judged_by_a_run_that_was_held_up_itself(opened: Callable[..., Batch], *, is_lost: bool) -> None:
    """What has held it up may hold up the others still: an outage, or a machine on which all of them stood still."""
    other, silent = working(opened()), opened()
    silent.begin_work(joins=True)
    beats = by_hand(other)
    assert beats._beat_at is not None
    assert silent._beats is not None
    if is_lost:
        beats._session.close()
        beats._reconnect()
    else:
        beats._beat_at -= 0.8 * other.lease
    freeze(silent)
    beats.beat()
    beats.judge()
    silent._beats.beat()
    assert silent.beat()
    # Once its own have come in time for a lease, who is silent still is over.
    beats._held_up -= other.lease
    freeze(silent)
    beats.beat()
    beats.judge()
    silent._beats.beat()
    assert not silent.beat()


def test_an_intent_whose_answer_was_lost_is_taken_back(opened: Callable[..., Batch]) -> None:
    batch = working(opened())
    intend(batch, 1)
    # As if the answer to this one had not come.
    batch._sent.forget(intend(batch, 2))
    assert batch.come_back()
    assert batch.counts() == {Status.SENDING: 1, Status.PENDING: 2}


def test_what_was_asked_by_a_lost_connection_is_not_done_later(opened: Callable[..., Batch]) -> None:
    batch = working(opened())
    before = batch._line
    batch.come_back()
    batch._line = before
    with pytest.raises(RunOverError):
        intend(batch, 1)


def test_a_closed_run_leaves_nobody_claimed_or_open(opened: Callable[..., Batch]) -> None:
    first = working(opened(), joins=True)
    intend(first, 1)
    first.page(after=0, size=5)
    first.close()
    second = working(opened())
    assert [one.key for one in second.page(after=0, size=5)] == [key_of(2), key_of(3)]
    assert standing(second)[key_of(1)] is Status.UNKNOWN


def test_of_those_that_begin_together_one_brings_the_list_and_the_others_wait_for_it(
    opened: Callable[..., Batch],
) -> None:
    first, second, third = (working(opened(), joins=True) for _ in range(3))
    assert [one.turn() for one in (first, second, third)] == [Turn.PREPARE, Turn.WAIT, Turn.WAIT]
    first.close()
    assert [one.turn() for one in (third, second)] == [Turn.PREPARE, Turn.WAIT]
    third.prepared()
    assert [one.turn() for one in (third, second)] == [Turn.JOIN, Turn.JOIN]
    late = working(opened(), joins=True)
    assert late.turn() is Turn.JOIN


def test_a_run_that_rests_gives_its_people_back_and_sees_when_another_has_ended(opened: Callable[..., Batch]) -> None:
    first, second = working(opened(), joins=True), working(opened(), joins=True)
    first.turn()
    first.prepared()
    second.turn()
    claimed = first.page(after=0, size=2)
    assert second.others() == Others(calling=1, working=1, over=0)
    first.rest()
    assert second.others() == Others(calling=0, working=1, over=0)
    assert second.page(after=0, size=2) == claimed
    second.leave()
    assert first.others() == Others(calling=0, working=0, over=1)
    assert first.page(after=0, size=2) == claimed
    assert second.others() == Others(calling=1, working=1, over=0)


def test_a_run_that_is_seen_to_be_over_holds_nobody_back(opened: Callable[..., Batch]) -> None:
    """Who declares a run over gives its people back a moment later, and may die before that."""
    frozen, other = working(opened(), joins=True), working(opened(), joins=True)
    claimed = frozen.page(after=0, size=2)
    freeze(frozen)
    other._session.execute(statements.END_SILENT_RUNS)
    assert other.others().over == 1
    assert other.page(after=0, size=2) == claimed


def test_a_run_that_was_declared_over_brings_no_list(opened: Callable[..., Batch]) -> None:
    """It was frozen while it read the list; meanwhile another run has brought one, and calls it."""
    frozen, other = working(opened(), joins=True), opened()
    freeze(frozen)
    other.begin_work(joins=True)
    assert other.turn() is Turn.PREPARE
    people(other, 2)
    other.prepared()
    with pytest.raises(RunOverError):
        people(frozen, 3)
    assert standing(other).keys() == {key_of(1), key_of(2)}


def test_whom_one_run_may_call_again_no_other_calls_on_top_of_that(opened: Callable[..., Batch]) -> None:
    """Both were asked for the same: whoever is first calls, and the other one has nobody left."""
    first, second = working(opened(), joins=True), opened()
    call(first, 1, REFUSED)
    second.begin_work(joins=True)
    for run in (first, second):
        assert run.permit(Status.ERROR, ANYBODY, what="--retry-errors").released == 1
    call(first, 1, QUEUED)
    assert intend(second, 1) == []
    assert second.end_permissions() == 0


def test_an_answer_that_stops_one_run_stops_all_until_the_next_brings_the_list(opened: Callable[..., Batch]) -> None:
    first, second = working(opened(), joins=True), opened()
    first.turn()
    first.prepared()
    second.begin_work(joins=True)
    second.turn()
    first.halt("no money")
    assert (second.halted(), intend(second, 1)) == ("no money", [])
    first.close()
    second.close()
    again = working(opened(), joins=True)
    assert again.turn() is Turn.PREPARE
    again.prepared()
    assert (again.halted(), len(intend(again, 1))) == ("", 1)


def test_a_statement_that_takes_long_costs_no_run_its_lease(opened: Callable[..., Batch]) -> None:
    batch, other = opened(), opened()
    batch.lease = 1.0
    working(batch, joins=True)
    batch._session.execute("SELECT pg_sleep(2.5)")
    other.begin_work(joins=True)
    assert batch.is_alive()
    assert len(intend(batch, 1)) == 1


def test_calls_of_all_runs_and_batches_take_lines_until_they_are_over(opened: Callable[..., Batch], url: str) -> None:
    from dialer.store.postgres import DatabaseCalls  # noqa: PLC0415 - where it is installed

    first, second = working(opened("first")), working(opened("second"))
    (open_,), called = intend(first, 1), call(first, 2, QUEUED)
    call(second, 3, REFUSED)
    server = first.note("server") or ""

    def live(run: str = "") -> tuple[int, int]:
        with DatabaseCalls(url, server=server, run=run) as calls:
            found = calls.live()
        return sum(len(one.calls) for one in found), sum(one.doubts for one in found)

    assert live() == (1, 1)
    assert live(first.this_work()) == (0, 0)
    assert live(second.this_work()) == (1, 1)
    third = working(opened("third"), 5)
    third.lines = 3
    (fourth,) = intend(third, 4, 5)
    assert (fourth.recipient.key, len(third.without_line())) == (key_of(4), 1)
    third.withhold([fourth], reason="")
    first.withhold([open_], reason="too late")
    assert live() == (1, 0)
    for status, count in (("ringing", 1), ("scheduled", 0), ("ringing", 1), ("completed", 0)):
        first.note_statuses([(called.id, status)])
        assert live() == (count, 0), status


# -- the database ------------------------------------------------------------------------------------------------------


def test_tables_are_made_once_and_nothing_is_done_without_them(url: str) -> None:
    from dialer.store.postgres import Batch, create  # noqa: PLC0415 - where it is installed
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    assert not create(url)
    with pytest.raises(LedgerError, match="dialer database create"):
        Batch.read(shared().url(), name="one")


def test_tables_of_another_version_are_refused() -> None:
    skip_where_missing("postgres")
    from tests.postgres_server import shared  # noqa: PLC0415 - where it is installed

    other = shared().database()
    with psycopg.connect(other, autocommit=True) as db:
        db.execute("INSERT INTO dialer.version VALUES (99)")
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

    with pytest.raises(LedgerError, match="newer version of dialer"):
        Batch.read(other, name="one")


def test_a_role_that_runs_cannot_change_the_tables_and_one_that_reads_changes_nothing() -> None:
    skip_where_missing("postgres")
    from dialer.store.postgres import Batch, create  # noqa: PLC0415 - where it is installed
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    server = shared()
    with psycopg.connect(server.url(), autocommit=True) as db:
        for statement in ("CREATE DATABASE roles", "CREATE ROLE runner LOGIN", "CREATE ROLE looker LOGIN"):
            db.execute(statement.encode())
    url = server.url("roles")
    create(url, run="runner", read="looker")
    batch = Batch.open(url.replace("user=owner", "user=runner"), name="one", binding=BINDING, batch="one")
    working(batch)
    call(batch, 1, QUEUED)
    load(batch, [row(1, 2)])
    batch.close()
    look = Batch.read(url.replace("user=owner", "user=looker"), name="one")
    assert look.counts() == {Status.PENDING: 1}
    with pytest.raises(LedgerError):
        look.set_note("a", "b")
    look.close()


def test_what_a_server_lacks_is_said(url: str) -> None:
    """That of these tests does not wait for the disk."""
    from dialer.store.postgres import look  # noqa: PLC0415 - where it is installed

    said = look(url).lacks
    assert [words.split()[0] for words in said] == ["fsync", "full_page_writes"]


# -- a server that has lost commits ------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A server, and another one that can take its place with what it had at some moment."""
    skip_where_missing("postgres")
    made = Pair()
    yield made
    made.close()


class Pair:
    """Two servers at one address: the second has what the first had when `copy` was called."""

    def __init__(self) -> None:
        from tests.postgres_server import Server  # noqa: PLC0415 - where it is installed

        self.first = Server(fsync="off")
        self.second: Server | None = None
        self.proxy = Proxy(str(self.first.folder))
        self.url = re.sub(r"host=\S+", f"host={self.proxy.folder}", self.first.database())

    def copy(self) -> None:
        """Have a replica, which gets nothing any more from now on."""
        self.second = self.first.copied()

    def fail_over(self) -> None:
        """Have the first one crash, and the second one take its place."""
        assert self.second is not None
        self.first.stop(signal.SIGQUIT)
        self.second.promote()
        self.proxy.leads_to(str(self.second.folder))
        self.proxy.cut()

    def opened(self) -> Batch:
        from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

        return Batch.open(self.url, name="one", binding=BINDING, batch="one")

    def close(self) -> None:
        self.proxy.close()
        for server in (self.first, self.second):
            if server is not None:
                server.close()


def test_a_live_run_tells_a_server_that_has_lost_commits_whom_it_has_called(pair: Pair) -> None:
    """A person who was called stays called, also if that call was not over yet, and nobody is called twice."""
    batch = working(pair.opened(), 6)
    (half,) = intend(batch, 1)
    pair.copy()
    # The second server will have the intent, and not what came of it.
    batch.settle([(half, QUEUED)])
    call(batch, 2, QUEUED)
    (on_its_way,) = intend(batch, 3)
    pair.fail_over()
    with pytest.raises(LedgerError):
        batch.settle([(on_its_way, QUEUED)])
    assert batch.come_back()
    assert [attempt.recipient.key for attempt in intend(batch, 1, 2, 3, 4)] == [key_of(4)]
    batch.settle([(on_its_way, QUEUED)])
    assert standing(batch) == {
        **{key_of(index): Status.QUEUED for index in (1, 2, 3)},
        key_of(4): Status.UNKNOWN,  # as the results show who is being called
        **{key_of(index): Status.PENDING for index in (5, 6)},
    }
    batch.close()


def test_a_run_that_died_with_the_server_leaves_a_gap_and_nobody_is_called_over_it(pair: Pair) -> None:
    """Nobody can tell again what it has sent at last: the provider has to be looked through."""
    batch, dead = working(pair.opened(), 6, joins=True), pair.opened()
    run = dead.begin_work(joins=True)
    pair.copy()
    call(dead, 1, QUEUED)
    assert dead._beats is not None
    dead._beats.close()
    dead._session.close()
    pair.fail_over()
    with pytest.raises(LedgerError):
        batch.declare_over()
    batch.come_back()
    batch.tell_again()
    batch._session.execute("UPDATE run SET beat_at = beat_at - 60, lease = 0 WHERE id = ?", (run,))
    batch.declare_over()
    assert batch.gaps() != []
    with pytest.raises(OtherServerError):
        intend(batch, 1)
    batch.close()


def test_where_all_runs_were_over_when_the_server_lost_commits_the_next_one_knows_of_a_gap(pair: Pair) -> None:
    batch = working(pair.opened(), 3)
    pair.copy()
    call(batch, 1, QUEUED)
    batch.close()
    pair.fail_over()
    again = pair.opened()
    again._session.execute("UPDATE run SET lease = 0")
    again.begin_work()
    assert again.gaps() != []
    assert again.wait_until() is not None, "whom the lost commits were about is found at the provider, or waited for"
    again.close()


def test_a_commit_that_a_standby_may_lack_is_not_taken_for_done(pair: Pair) -> None:
    """The server calls it a success when its wait for the standby is cancelled."""
    batch = working(pair.opened())
    process = batch._session.one("SELECT pg_backend_pid()")[0]
    with psycopg.connect(pair.url, autocommit=True) as db:
        db.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        db.execute("SELECT pg_reload_conf()")
        cancelled = threading.Thread(target=cancel_wait, args=(db, process))
        cancelled.start()
        with pytest.raises(LedgerError, match="cancel"):
            intend(batch, 1)
        cancelled.join()
        db.execute("ALTER SYSTEM RESET synchronous_standby_names")
        db.execute("SELECT pg_reload_conf()")
    batch.come_back()
    assert batch.counts() == {Status.PENDING: 3}
    batch.close()


def cancel_wait(db: psycopg.Connection[Any], process: int) -> None:
    waits = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'SyncRep'"
    while db.execute(waits, (process,)).fetchone() is None:
        time.sleep(0.01)
    db.execute("SELECT pg_cancel_backend(%s)", (process,))


def test_what_is_not_known_to_be_on_the_list_of_an_agent_stands_in_for_no_unknown_call(
    opened: Callable[..., Batch], url: str, tmp_path: Path
) -> None:
    """Where a column names agents, a call may be on another one's list; what was found later was placed before."""
    from dialer.store.postgres import DatabaseNeighbours  # noqa: PLC0415 - where it is installed

    other, mine = working(opened("other")), working(opened("mine"))
    call(other, 1, QUEUED)
    server = f"https://api{tmp_path}"

    def counted() -> list[bool]:
        with DatabaseNeighbours(url, batch=mine._session.batch, server=server, within=3600.0) as others:
            return [at > 0 for at in others.calls_since(time.time() - 3600.0, agent=BINDING.agent).values()]

    assert counted() == [True]
    assert other.doubt([number_of(2)], execution_id="somebody else's") == 1
    assert sorted(counted()) == [False, True]
    other.set_note("agents", '["another"]')
    assert counted() == [False, False]
