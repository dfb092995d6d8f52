"""Which unknown calls are found again, and that none is found that is not surely ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.engine.reads import Reads
from dialer.errors import LedgerError
from dialer.models import Answer, Attempt, Outcome, Status
from dialer.provider.bolna.client import (
    BolnaClient,
    CallConnection,
    answer_of_exception,
    answer_of_status,
)
from dialer.provider.bolna.executions import account_in, execution_in
from dialer.provider.bolna.sandbox import Sandbox, Settings, running
from dialer.provider.interface import Account, Execution, Listed, ProviderReadError
from dialer.rate import Rate
from dialer.reference import VARIABLE, reference
from dialer.store import Binding, Doubt
from dialer.store.sqlite import Ledger
from dialer.store.writer import LedgerWriter
from dialer.sync.reconcile import LENIENCE, MARGIN, Reconciled, reconcile, spans
from tests.ledgers import ANYBODY, QUEUED, REFUSED
from tests.test_runner import FIRST, Inline, load, opened, render, virtually

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
DOUBT = answer_of_exception(httpx.ReadTimeout(""))
NOW = 1_790_000_000.0
HOURS = 3600.0


@dataclass(frozen=True)
class Placed:
    """A call as Bolna keeps it."""

    id: str
    number: int
    mark: str | None
    at: float = NOW
    """On the server's clock."""
    dated: bool = False
    """It is shown when it was made."""
    blank: bool = False
    """The number is shown nowhere."""
    echo: bool = True


@dataclass
class Bolna:
    """Lists and shows calls as the real one does."""

    calls: list[Placed] = field(default_factory=list)
    skew: float | None = 0.0
    takes: float = 0.0
    breaks_at: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    skew_told: float | None = None
    listed: list[tuple[float, float]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    async def account(self) -> Account:
        await anyio.sleep(self.takes)
        if self.skew_told is None:
            raise ProviderReadError("no answer")
        self.skew = self.skew_told
        account = account_in({})
        assert account is not None
        return account

    async def executions(
        self,
        agent_id: str,
        *,
        start: datetime,
        end: datetime,
        turn: Callable[[], Awaitable[object]],  # noqa: ARG002 - as the real one
    ) -> AsyncGenerator[Listed, None]:
        assert agent_id == AGENT
        self.listed.append((start.timestamp(), end.timestamp()))
        for row in [call for call in self.calls if start.timestamp() <= call.at <= end.timestamp()]:
            await anyio.sleep(self.takes)
            if row.id in self.breaks_at:
                raise ProviderReadError("HTTP 503 Service Unavailable", 503)
            number = None if row.blank else f"+{row.number}"
            yield Listed(id=row.id, status="queued", to_number=number, created_at=None)
        await anyio.sleep(self.takes)

    async def execution(self, execution_id: str) -> Execution | None:
        await anyio.sleep(self.takes)
        self.read.append(execution_id)
        if execution_id in self.unreadable:
            raise ProviderReadError("HTTP 500 Internal Server Error", 500)
        if execution_id in self.absent:
            return None
        (call,) = (call for call in self.calls if call.id == execution_id)
        context: dict[str, Any] = {} if call.blank else {"recipient_phone_number": f"+{call.number}"}
        if call.echo:
            context["recipient_data"] = {"name": "Zoë"} | ({} if call.mark is None else {VARIABLE: call.mark})
        created_at = datetime.fromtimestamp(call.at, UTC).isoformat() if call.dated else None
        return execution_in({"id": call.id, "context_details": context, "created_at": created_at})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with five people, of whom nobody was called."""
    with opened(tmp_path / "b.ledger", 5) as found:
        yield found


def doubtful(ledger: Ledger, *indexes: int, at: float = NOW, skew: float | None = None) -> list[Attempt]:
    """Leave an attempt at each of these people in doubt."""
    people = [one for one in ledger.page(after=0, size=100) if one.number - FIRST in indexes]
    attempts = ledger.intend(people, render, now=at)
    for attempt in attempts:
        ledger.settle([(attempt, replace(DOUBT, skew=skew))], now=at + 60)
    return attempts


def placed(attempt: Attempt, *, at: float = NOW, **more: Any) -> Placed:  # noqa: ANN401 - fields of Placed
    return Placed(f"e-{attempt.reference}", attempt.recipient.number, attempt.reference, at, **more)


def reconciled(ledger: Ledger, bolna: Bolna, *, time_limit: float | None = None) -> Reconciled:
    found = virtually(
        lambda: reconcile(Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None), time_limit=time_limit)
    )
    assert isinstance(found, Reconciled)
    return found


def state(ledger: Ledger, index: int) -> Status:
    return ledger.attempted([f"+{FIRST + index}"]).get(f"+{FIRST + index}", Status.PENDING)


# -- matching ------------------------------------------------------------------------------------------------------


def test_a_call_found_by_its_reference_makes_the_row_queued_with_its_id(ledger: Ledger) -> None:
    first, second = doubtful(ledger, 0, 1)

    result = reconciled(ledger, Bolna([placed(first)]))

    assert (result.settled, result.left, result.read, result.trouble) == (1, 1, 1, "")
    rows = {row.number: row for row in ledger.results()}
    assert rows[f"+{FIRST}"].execution_id == f"e-{first.reference}"
    assert rows[f"+{FIRST}"].status is Status.QUEUED
    assert state(ledger, 1) is Status.UNKNOWN
    assert second.reference in {doubt.reference for doubt in ledger.doubts()}


@pytest.mark.parametrize(
    "mark",
    [None, "", "nonsense", "0123456789abcdef0123-1", "next attempt", "reference of another person"],
)
def test_a_call_to_the_same_number_with_another_reference_is_not_ours(ledger: Ledger, mark: str | None) -> None:
    (attempt,) = doubtful(ledger, 0)
    marks = {
        "next attempt": reference(ledger.shared_reference(f"+{FIRST}"), 2),
        "reference of another person": reference(ledger.shared_reference(f"+{FIRST + 1}"), 1),
    }
    call = replace(placed(attempt), mark=marks.get(mark or "", mark))
    result = reconciled(ledger, Bolna([call]))
    assert (result.settled, result.left, result.read, result.unmarked) == (0, 1, 1, 0)
    assert state(ledger, 0) is Status.UNKNOWN


@pytest.mark.parametrize("skew", [None, 0.0, 5000.0, -5000.0])
@pytest.mark.parametrize(("older_by", "is_ours"), [(LENIENCE + 1, False), (LENIENCE - 1, True), (-300.0, True)])
def test_a_call_older_than_the_attempt_is_another_batch_s(
    ledger: Ledger, skew: float | None, older_by: float, *, is_ours: bool
) -> None:
    """Of the same name, with the same agent: its references are the same."""
    (attempt,) = doubtful(ledger, 0, skew=skew)
    call = placed(attempt, at=NOW + (skew or 0.0) - older_by, dated=True)
    assert reconciled(ledger, Bolna([call])).settled == is_ours


def test_where_the_clocks_disagree_a_call_counts_as_older_only_by_both(ledger: Ledger) -> None:
    (answered,) = ledger.intend(ledger.page(after=0, size=1), render, now=NOW - 60)
    ledger.settle([(answered, replace(answer_of_status(400), skew=-300.0))], now=NOW - 59)
    (attempt,) = doubtful(ledger, 1)
    call = placed(attempt, at=NOW - 300, dated=True)
    assert reconciled(ledger, Bolna([call], skew=0.0)).settled == 1


def test_calls_without_a_number_are_read_and_those_to_other_numbers_are_not(ledger: Ledger) -> None:
    first, second = doubtful(ledger, 0, 1)
    others = [Placed(f"o-{index}", FIRST + 1000 + index, "x-1") for index in range(20)]
    bolna = Bolna([*others, placed(first, blank=True), placed(second)])
    assert reconciled(ledger, bolna).settled == 2
    assert len(bolna.read) == 2


@pytest.mark.parametrize("text", ["9" * 5000, "anonymous", "+91 98000 00000"])
def test_a_number_that_is_none_is_read_like_an_empty_one(ledger: Ledger, text: str) -> None:
    (attempt,) = doubtful(ledger, 0)
    bolna = Bolna([replace(placed(attempt), number=text)])  # type: ignore[arg-type] # what a list may show
    assert reconciled(ledger, bolna).settled == 1


def test_when_bolna_shows_no_variables_it_says_so_and_matches_nothing(ledger: Ledger) -> None:
    first, second = doubtful(ledger, 0, 1)
    stranger = Placed("s", FIRST + 77, None, echo=False, blank=True)
    result = reconciled(ledger, Bolna([placed(first, echo=False), placed(second, echo=False), stranger]))
    assert (result.settled, result.left, result.unmarked) == (0, 2, 2)


def test_a_doubt_of_a_time_when_our_clock_was_wrong_is_settled(ledger: Ledger) -> None:
    (answered,) = ledger.intend(ledger.page(after=0, size=1), render, now=NOW - 60)
    ledger.settle([(answered, replace(answer_of_status(400), skew=-HOURS))], now=NOW - 59)
    (attempt,) = doubtful(ledger, 1)
    assert reconciled(ledger, Bolna([placed(attempt, at=NOW - HOURS, dated=True)], skew=0.0)).settled == 1


def test_a_request_that_waited_long_for_its_turn_is_looked_for_until_then(ledger: Ledger) -> None:
    """At one an hour it may leave an hour after its intent, and the last thing recorded."""
    ledger.expect_waits(2 * HOURS)
    (attempt,) = ledger.intend(ledger.page(after=0, size=1), render, now=NOW)
    ledger.recover()
    assert reconciled(ledger, Bolna([placed(attempt, at=NOW + HOURS, dated=True)])).settled == 1


def test_a_call_that_is_listed_and_not_found_yet_is_found_the_next_time(ledger: Ledger) -> None:
    (attempt,) = doubtful(ledger, 0)
    call = placed(attempt)
    result = reconciled(ledger, Bolna([call], absent={call.id}))
    assert (result.settled, result.left) == (0, 1)
    assert reconciled(ledger, Bolna([call])).settled == 1


def test_nobody_in_doubt_asks_bolna_nothing(ledger: Ledger) -> None:
    bolna = Bolna(skew=None)
    assert reconciled(ledger, bolna) == Reconciled()
    assert (bolna.listed, bolna.read) == ([], [])


def test_when_everybody_is_found_nothing_more_is_read(ledger: Ledger) -> None:
    (attempt,) = doubtful(ledger, 0)
    bolna = Bolna([placed(attempt), *[Placed(f"o-{i}", FIRST, "x-1", blank=True) for i in range(50)]])
    assert reconciled(ledger, bolna).settled == 1
    assert len(bolna.read) == 1


@pytest.mark.parametrize(("found", "settled"), [((0,), 0), ((1,), 1), ((0, 1), 1), ((1, 0), 1)])
def test_somebody_redialled_is_settled_once_the_last_call_is_found(
    ledger: Ledger, found: tuple[int, ...], settled: int
) -> None:
    attempts = doubtful(ledger, 0)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    attempts += doubtful(ledger, 0, at=NOW + 10 * HOURS)
    calls = [placed(attempts[index], at=NOW + 10 * HOURS * index) for index in found]

    result = reconciled(ledger, Bolna(calls))

    assert (result.settled, result.left) == (settled, 1 - settled)
    assert state(ledger, 0) is (Status.QUEUED if settled else Status.UNKNOWN)


@pytest.mark.parametrize(("answer", "read"), [(QUEUED, 0), (REFUSED, 1)])
def test_the_first_call_is_looked_for_unless_the_second_was_accepted(ledger: Ledger, answer: Answer, read: int) -> None:
    (attempt,) = doubtful(ledger, 0)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    (again,) = ledger.intend([attempt.recipient], render, now=NOW + 60)
    ledger.settle([(again, answer)])
    assert reconciled(ledger, Bolna([placed(attempt)])).read == read
    assert state(ledger, 0) is Status.QUEUED


# -- where it looks ------------------------------------------------------------------------------------------------

MOMENTS = st.floats(0, 1e6, allow_nan=False)


@given(
    st.lists(st.tuples(MOMENTS, st.floats(0, 5000), st.none() | st.floats(-8000, 8000)), max_size=30),
    st.floats(-8000, 8000),
)
def test_the_spans_hold_every_attempt_with_its_margins_and_no_moment_twice(
    attempts: list[tuple[float, float, float | None]], skew: float
) -> None:
    doubts = [Doubt(1, "+1", 1, "r", at, at + lasted, ahead) for at, lasted, ahead in attempts]
    found = spans(doubts, skews=[skew])
    for doubt in doubts:
        ahead = skew if doubt.skew is None else doubt.skew
        first, last = doubt.at - MARGIN + ahead, doubt.until + MARGIN + ahead
        assert sum(start <= first and last <= end for start, end in found) == 1
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))
    assert sum(end - start for start, end in found) <= sum(2 * MARGIN + lasted for _, lasted, _ in attempts) + 1e-3


def test_only_the_time_around_the_attempts_is_listed(ledger: Ledger) -> None:
    doubtful(ledger, 0, 1, at=NOW)
    doubtful(ledger, 2, at=NOW + 300)
    doubtful(ledger, 3, at=NOW + 5 * HOURS)
    bolna = Bolna()
    reconciled(ledger, bolna)
    assert bolna.listed == [
        (NOW - 600, NOW + 300 + 60 + 600),
        (NOW + 5 * HOURS - 600, NOW + 5 * HOURS + 60 + 600),
    ]


@pytest.mark.parametrize("ahead", [2 * HOURS, -2 * HOURS])
@pytest.mark.parametrize("known", ["attempt", "client", "account", "ledger"])
def test_a_server_whose_clock_is_two_hours_off_is_looked_at_in_its_own_time(
    ledger: Ledger, ahead: float, known: str
) -> None:
    """The attempt's own measure binds, then what the client saw, what the account's answer says, what was seen last."""
    (attempt,) = doubtful(ledger, 0, skew=ahead if known == "attempt" else None)
    bolna = Bolna([placed(attempt, at=NOW + 30 + ahead)])
    if known == "client":
        bolna.skew = ahead
    elif known == "account":
        bolna.skew, bolna.skew_told = None, ahead
    elif known == "ledger":
        bolna.skew = None
        (other,) = ledger.intend([one for one in ledger.page(after=0, size=9) if one.number == FIRST + 3], render)
        ledger.settle([(other, answer_of_status(200, execution_id="e", skew=ahead))])
    assert reconciled(ledger, bolna).settled == 1


def test_what_a_dead_run_left_is_looked_for_until_it_last_recorded_anything(ledger: Ledger) -> None:
    people = ledger.page(after=0, size=9)
    first, second = ledger.intend(people[:2], render, now=NOW)
    ledger.settle([(second, answer_of_status(200, execution_id="e"))], now=NOW + HOURS)
    ledger.recover()
    assert reconciled(ledger, Bolna([placed(first, at=NOW + HOURS + 500)])).settled == 1


# -- trouble -------------------------------------------------------------------------------------------------------


def test_a_list_that_breaks_off_keeps_what_was_found_and_says_so(ledger: Ledger) -> None:
    calls = [placed(attempt) for attempt in doubtful(ledger, 0, 1, 2)]
    result = reconciled(ledger, Bolna(calls, breaks_at={calls[1].id}))
    assert (result.settled, result.left, result.trouble) == (1, 2, "HTTP 503 Service Unavailable")


def test_a_call_that_cannot_be_read_hides_no_other(ledger: Ledger) -> None:
    calls = [placed(attempt) for attempt in doubtful(ledger, 0, 1, 2)]
    result = reconciled(ledger, Bolna(calls, unreadable={calls[0].id}))
    assert (result.settled, result.left, result.trouble) == (2, 1, "HTTP 500 Internal Server Error")


def test_after_three_calls_in_a_row_that_cannot_be_read_bolna_is_left_alone(ledger: Ledger) -> None:
    calls = [placed(attempt) for attempt in doubtful(ledger, 0, 1, 2, 3, 4)]
    bolna = Bolna(calls, unreadable={call.id for call in calls})
    result = reconciled(ledger, bolna)
    assert (result.settled, result.left) == (0, 5)
    assert len(bolna.read) == 3


def test_calls_that_cannot_be_read_now_and_then_do_not_end_the_search(ledger: Ledger) -> None:
    calls = [placed(attempt) for attempt in doubtful(ledger, 0, 1, 2, 3, 4)]
    bolna = Bolna(calls, unreadable={calls[index].id for index in (0, 1, 3, 4)})
    assert reconciled(ledger, bolna).settled == 1
    assert len(bolna.read) == 5


@pytest.mark.parametrize("slow", ["account", "list"])
def test_a_time_limit_ends_it_wherever_it_is_and_keeps_what_was_found(ledger: Ledger, slow: str) -> None:
    calls = [placed(attempt) for attempt in doubtful(ledger, 0, 1, 2)]
    bolna = Bolna(calls, takes=400.0 if slow == "account" else 25.0)
    bolna.skew = None if slow == "account" else 0.0

    async def main() -> tuple[Reconciled, float]:
        began = anyio.current_time()
        return await reconcile(
            Inline(ledger), bolna, agent_id=AGENT, reads=Reads(None), time_limit=60.0
        ), anyio.current_time() - began

    result, took = virtually(main)

    assert took == pytest.approx(60.0)
    assert (result.settled, result.left) == ((0, 3) if slow == "account" else (1, 2))
    assert result.trouble == "not everything could be read in 60 seconds"
    assert ledger.counts() == {Status.PENDING: 2, Status.UNKNOWN: result.left} | (
        {Status.QUEUED: result.settled} if result.settled else {}
    )


def test_what_the_ledger_was_told_when_the_time_was_over_is_counted(ledger: Ledger) -> None:
    bolna = Bolna([placed(attempt) for attempt in doubtful(ledger, 0, 1, 2)])
    recorder = Inline(ledger, latency=30.0)
    result = virtually(lambda: reconcile(recorder, bolna, agent_id=AGENT, reads=Reads(None), time_limit=31.0))
    assert (result.settled, result.left) == (3, 0)
    assert ledger.counts()[Status.QUEUED] == 3


def test_a_ledger_that_fails_is_not_passed_over(ledger: Ledger) -> None:
    recorder = Inline(ledger)
    recorder.fails_at = 2
    (attempt,) = doubtful(ledger, 0)
    with pytest.raises(LedgerError):
        virtually(lambda: reconcile(recorder, Bolna([placed(attempt)]), agent_id=AGENT, reads=Reads(None)))


# -- over HTTP -----------------------------------------------------------------------------------------------------


def settled_over_http(
    path: Path, sandbox: Sandbox, *, people: int, forced: tuple[str, ...] = (), again: Callable[[], None] | None = None
) -> tuple[list[Reconciled], dict[Status, int], set[tuple[str, str]]]:
    """Place calls, lose their answers, and reconcile once (or twice, with something in between)."""

    async def main() -> tuple[list[Reconciled], dict[Status, int], set[tuple[str, str]]]:
        binding = Binding(AGENT, "loopback", "e164")
        async with (
            BolnaClient(base_url=sandbox.base_url, key="bn-test") as client,
            LedgerWriter(lambda: Ledger.open(path, binding=binding, batch="b")) as ledger,
        ):
            await ledger.call(lambda store: load(store, people))
            for attempt in await ledger.intend(await ledger.page(after=0, size=people), render):
                connection = await client.connect()
                assert isinstance(connection, CallConnection)
                answer = await connection.call(attempt.body.text.replace("{", f'{{"agent_id":"{AGENT}",', 1).encode())
                assert answer.outcome is Outcome.QUEUED
                ledger.settle(attempt, replace(DOUBT, skew=answer.skew))
            sandbox.other_strikes.force(*forced)
            results = [await reconcile(ledger, client, agent_id=AGENT, reads=Reads(Rate(5000, 1.0)))]
            if again is not None:
                again()
                results.append(await reconcile(ledger, client, agent_id=AGENT, reads=Reads(Rate(5000, 1.0))))
            rows = await ledger.call(lambda store: list(store.results()))
            found = {(row.number, row.execution_id) for row in rows if row.status is Status.QUEUED}
            return results, await ledger.counts(), found

    return anyio.run(main)


@pytest.mark.parametrize(
    ("changes", "forced"),
    [
        ({}, ()),
        ({"blank_to_number": True}, ()),
        ({"skew": 2 * HOURS}, ()),
        ({"skew": -2 * HOURS}, ()),
        ({"shifting_pages": True}, ()),
        ({"retry_after": "seconds", "retry_after_seconds": 0}, ("rate_limited", "error_before", "closed_before")),
        ({"skew": 2 * HOURS, "blank_to_number": True, "shifting_pages": True}, ()),
    ],
    ids=str,
)
def test_over_http_every_listed_call_is_found(
    tmp_path: Path, changes: dict[str, Any], forced: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.provider.bolna.client.reading._WAITS", (0.01, 0.01, 0.01, 0.01))
    people = 120 if changes.get("shifting_pages") else 12
    with running(Settings(call_rate=None, agent_rate=None, other_rate=None, **changes)) as sandbox:
        (result,), counts, found = settled_over_http(tmp_path / "b.ledger", sandbox, people=people, forced=forced)
        assert (result.settled, result.left, result.trouble) == (people, 0, "")
        assert counts == {Status.QUEUED: people}
        assert found == {(call.to_number, call.execution_id) for call in sandbox.book.calls}


def test_over_http_without_an_echo_nothing_is_matched_and_that_is_told(tmp_path: Path) -> None:
    with running(Settings(echo=False)) as sandbox:
        (result,), counts, _ = settled_over_http(tmp_path / "b.ledger", sandbox, people=5)
    assert (result.settled, result.left, result.unmarked) == (0, 5, 5)
    assert counts == {Status.UNKNOWN: 5}


def test_over_http_what_is_listed_late_is_found_later(tmp_path: Path) -> None:
    with running(Settings(listed_after=1000.0)) as sandbox:

        def time_passes() -> None:
            sandbox.book._settings = replace(sandbox.settings, listed_after=0.0)

        (first, second), counts, _ = settled_over_http(tmp_path / "b.ledger", sandbox, people=5, again=time_passes)
    assert (first.settled, first.left, first.trouble) == (0, 5, "")
    assert (second.settled, second.left) == (5, 0)
    assert counts == {Status.QUEUED: 5}
