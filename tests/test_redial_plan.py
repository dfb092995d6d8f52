"""By plan people are called again without being asked: at its moments, in the hours, and as often as it says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.errors import CampaignError, ExitCode
from dialer.models import Status
from dialer.operations.eligibility import Judge
from dialer.provider.bolna.executions import execution_in
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store import NO_REDIALS, RedialRules, Redials
from tests.ledgers import (
    AGAIN,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    crashed,
    intend,
    key_of,
    load,
    opened,
    result_of,
    row,
)
from tests.place import Place, number, run
from tests.test_calling_hours import NOBODY, Phones, Wall, rows, utc, window
from tests.test_runner import Rig, render, virtually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.models import Attempt
    from dialer.store.sqlite import Ledger

PEOPLE = [919800000000, 919800000001, 919800000002, 919800000003]
PLAN = RedialRules(("no-answer", "busy"), max_attempts=3, after=0.0, times=(7200.0, 86_400.0))
LASTS = timedelta(seconds=40)
"""After which each call is over."""
HALF_AN_HOUR = timedelta(minutes=30)


# -- whole campaigns on virtual time -----------------------------------------------------------------------------------


class Cron:
    """A campaign that is started every half hour, and may be killed each time; nobody whom it calls ever answers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, begins: str) -> None:
        self.now, self.window = utc(begins), window("09:00-20:00")
        for module in ("sqlite.store", "ledger.permissions", "ledger.calls", "ledger.queue"):
            monkeypatch.setattr(f"dialer.store.{module}.time", SimpleNamespace(time=self.time))
        self.ledger = opened(folder / "b.ledger")
        load(self.ledger, rows(PEOPLE, self.window, self.now), header=("phone", "timezone"))
        self.left: dict[int, list[datetime]] = {one: [] for one in PEOPLE}

    def time(self) -> float:
        return self.now.timestamp()

    def start(self, *, killed: str = "") -> Redials:
        """Run once, as far as it comes, and return who is called again by a later run."""
        self.ledger.begin_work()
        self._ask()
        self.ledger.redial_by_plan(PLAN)
        if killed == "intended":
            self.ledger.intend(self.ledger.page(after=0, size=1), render)
        elif killed != "before":
            self._send()
        if killed:
            self.ledger = crashed(self.ledger)
        else:
            self.ledger.end_permissions()
        redials = self.ledger.redials(PLAN)
        self.now += HALF_AN_HOUR
        return redials

    def _ask(self) -> None:
        for one in self.ledger.open_calls(most=3):
            end = datetime.fromtimestamp(one.at, UTC) + LASTS
            found = execution_in({"id": one.execution_id, "status": "no-answer", "updated_at": end.isoformat()})
            assert found is not None
            self.ledger.note_calls([(one.attempt, found)], now=self.time())

    def _send(self) -> None:
        rig, phones = Rig(self.ledger), Phones(self.ledger, wall=Wall(self.now))
        rig.bolna, rig.now = phones, self.time
        rig.judge = Judge(suppression=NOBODY, window=self.window, neighbours=None, within=0.0, ends=None, now=self.time)
        virtually(rig.run)
        for whom, at in phones.left:
            self.left[whom].append(at.replace(second=0, microsecond=0))


def test_everybody_is_called_three_times_at_the_moments_of_the_plan_and_in_the_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 19:00 in India: the second call is due at 21:00, when nobody may be called, and is made at nine.
    cron = Cron(tmp_path, monkeypatch, "2027-03-01T13:30")
    first = cron.start()
    assert first == Redials(open=4)
    redials = [cron.start() for _ in range(3 * 48)]
    cron.ledger.close()
    moments = [utc(text) for text in ("2027-03-01T13:30", "2027-03-02T03:30", "2027-03-03T04:00")]
    assert cron.left == dict.fromkeys(PEOPLE, moments)
    # Nothing is left only once the last calls are over.
    assert redials[0].later == 4
    assert redials[0].first == moments[0] + LASTS + timedelta(hours=2)
    ended = redials.index(NO_REDIALS)
    assert cron.now - HALF_AN_HOUR * (len(redials) - ended) == moments[-1]
    assert set(redials[ended:]) == {NO_REDIALS}


@pytest.mark.parametrize("killed", ["before", "intended", "sent"])
def test_runs_that_are_killed_call_nobody_more_often_or_earlier_and_nobody_of_whom_a_call_is_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    cron = Cron(tmp_path, monkeypatch, "2027-03-01T03:30")
    cron.start()
    for turn in range(3 * 48):
        cron.start(killed="" if turn % 2 else killed)
    doubted = [one for one in PEOPLE if cron.ledger.people_with(one)[0].status == Status.UNKNOWN]
    cron.ledger.close()
    for whom, moments in cron.left.items():
        assert len(moments) <= (2 if whom in doubted else 3)
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert all(gap > timedelta(seconds=seconds) for gap, seconds in zip(gaps, PLAN.times, strict=False))
    assert bool(doubted) == (killed == "intended")
    assert all(len(cron.left[one]) == 3 for one in PEOPLE if one not in doubted)


# -- who is due --------------------------------------------------------------------------------------------------------


def ended(ledger: Ledger, attempt: Attempt, status: str, *, at: float = 1e9) -> None:
    """Have a call ended so; all calls of these tests were long ago."""
    ledger._db.execute("UPDATE attempt SET at = ?, answered_at = ? WHERE id = ?", (at, at, attempt.id))
    found = execution_in({"id": "exec-1", "status": status})
    assert found is not None
    ledger.note_calls([(attempt.id, found)], now=at)


def due(ledger: Ledger, *, now: float, plan: RedialRules = PLAN) -> list[str]:
    """Return who is called again by a run that begins now."""
    ledger.redial_by_plan(plan, now=now)
    return [one.key for one in ledger.page(after=0, size=10) if one.attempts]


@pytest.mark.parametrize("wait", [7200.0, 86_400.0])
def test_each_call_has_a_time_of_its_own_counted_from_the_end_of_the_one_before(ledger: Ledger, wait: float) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "busy")
    if wait > 7200:
        assert due(ledger, now=1e9 + 7200) == [key_of(1)]
        # What was surely not placed is no call.
        call(ledger, 1, AGAIN)
        ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    assert due(ledger, now=1e9 + wait - 1) == []
    waits = ledger.redials(PLAN, now=1e9 + wait - 1)
    assert (waits.later, waits.first) == (1, datetime.fromtimestamp(1e9 + wait, UTC))
    assert due(ledger, now=1e9 + wait) == [key_of(1)]


def test_nobody_gets_more_calls_than_max_attempts(ledger: Ledger) -> None:
    plan = RedialRules(("no-answer",), max_attempts=2, after=0.0, times=PLAN.times)
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    assert due(ledger, now=2e9, plan=plan) == [key_of(1)]
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    assert due(ledger, now=2e9, plan=plan) == []
    assert ledger.redials(plan, now=2e9) == NO_REDIALS


@pytest.mark.parametrize(
    ("status", "redials"),
    [
        ("voicemail", NO_REDIALS),
        ("completed", NO_REDIALS),
        ("ringing", Redials(open=1)),
        ("busy", Redials(due=1)),
    ],
)
def test_only_an_outcome_of_the_plan_makes_somebody_due(ledger: Ledger, status: str, redials: Redials) -> None:
    ended(ledger, call(ledger, 1, QUEUED), status)
    assert ledger.redials(PLAN, now=2e9) == redials
    assert due(ledger, now=2e9) == ([key_of(1)] if redials.due else [])


def test_a_call_in_doubt_and_one_that_never_ended_are_not_followed_by_another(ledger: Ledger) -> None:
    call(ledger, 1, UNCLEAR)
    lost = call(ledger, 2, QUEUED)
    ledger.note_missing([lost.id])
    ledger.give_up([lost.id])
    assert ledger.redials(PLAN, now=2e9) == NO_REDIALS
    assert due(ledger, now=2e9) == []


def test_who_was_refused_is_not_tried_again_by_plan_and_keeps_the_call_before(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "busy")
    assert due(ledger, now=2e9) == [key_of(1)]
    call(ledger, 1, REFUSED)
    assert ledger.redials(PLAN, now=2e9) == Redials(refused=1)
    assert due(ledger, now=2e9) == []
    shown = result_of(ledger, 1)
    assert (shown.status, shown.execution_id) == (Status.QUEUED, "exec-1")


def test_who_is_no_longer_in_the_list_or_suppressed_is_not_waited_for(ledger: Ledger) -> None:
    for index in (1, 2):
        ended(ledger, call(ledger, index, QUEUED), "busy")
    load(ledger, [row(1, 1, status=Status.SUPPRESSED)])
    assert ledger.redials(PLAN, now=2e9) == NO_REDIALS
    assert due(ledger, now=2e9) == []


def test_a_call_that_comes_to_light_before_the_intent_takes_the_redial_back(ledger: Ledger) -> None:
    for index in (1, 2):
        first = call(ledger, index, UNCLEAR)
        ledger.permit(Status.UNKNOWN, RedialRules((), max_attempts=9, after=0.0), what="--redial-unknown")
        ended(ledger, call(ledger, index, QUEUED), "busy")
        if index == 2:
            found = first
    plan = RedialRules(("busy",), max_attempts=9, after=0.0, times=(1.0,) * 8)
    assert due(ledger, now=2e9, plan=plan) == [key_of(1), key_of(2)]
    # The ledger learns of it behind the permission's back.
    ledger._db.execute("UPDATE attempt SET outcome = 'queued', execution_id = 'late' WHERE id = ?", (found.id,))
    assert [one.recipient.key for one in intend(ledger, 1, 2)] == [key_of(1)]
    assert intend(ledger, 2) == []


def test_a_clock_that_is_set_back_takes_the_redial_back(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "busy")
    assert due(ledger, now=1e9 + 7200) == [key_of(1)]
    (who,) = [one for one in ledger.page(after=0, size=10) if one.attempts]
    assert ledger.intend([who], render_nothing, now=1e9 + 7000) == []
    assert [one.attempts for one in ledger.page(after=0, size=10)] == [0] * 5


def render_nothing(*_: object) -> Any:  # noqa: ANN401 - never made
    raise AssertionError("nobody is called")


def test_a_run_that_called_nobody_leaves_no_trace_of_the_plan(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "busy")
    for _ in range(3):
        ledger.begin_work()
        assert due(ledger, now=2e9) == [key_of(1)]
    assert ledger.end_permissions() == 1
    assert ledger._db.execute("SELECT count(*) FROM permission").fetchone() == (0,)


# -- with files and a sandbox ------------------------------------------------------------------------------------------

REDIAL = '[redial]\noutcomes = ["no-answer", "busy"]\ntimes = ["2h", "24h"]\n'


@pytest.fixture
def called(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Four people, called and over: nobody answers, busy, reached, a machine."""
    outcomes = dict(zip(map(number, range(4)), ("no-answer", "busy", "completed", "voicemail"), strict=True))
    with running(Settings(call_rate=None, speed=100_000.0, number_outcomes=outcomes)) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        place = Place(place.folder, bolna)
        place.recipients([[number(index), f"name {index}"] for index in range(4)], header=["phone", "name"])
        path = place.campaign(more=REDIAL)
        assert run(path).exit_code is ExitCode.LEFT
        yield place


def later(place: Place, *, hours: float) -> None:
    """Let everything that is recorded be so many hours older."""
    with closing(sqlite3.connect(place.folder / "c.results.ledger")) as db, db:
        past = {"past": hours * 3600}
        db.execute("UPDATE call SET since = since - :past, updated_at = updated_at - :past", past)
        db.execute("UPDATE attempt SET at = at - :past, answered_at = answered_at - :past", past)


def numbers(place: Place) -> list[str]:
    return [one["recipient_phone_number"] for one in place.calls()]


def test_a_plain_run_asks_how_the_calls_ended_and_calls_again_whom_it_is_time_for(called: Place) -> None:
    path = called.folder / "c.toml"
    waits = run(path)
    assert (waits.sent, waits.exit_code, waits.redials.later) == (0, ExitCode.LEFT, 2)
    later(called, hours=1.9)
    assert run(path).sent == 0
    later(called, hours=0.2)
    second = run(path)
    assert (second.sent, second.exit_code) == (2, ExitCode.LEFT)
    assert run(path).redials.later == 2
    later(called, hours=23)
    assert run(path).sent == 0
    later(called, hours=1.1)
    # The last calls that anybody gets: whatever comes of them, nothing is left.
    third = run(path)
    assert (third.sent, third.exit_code, third.redials) == (2, ExitCode.DONE, NO_REDIALS)
    later(called, hours=1000)
    assert (run(path).sent, run(path).exit_code) == (0, ExitCode.DONE)
    again = numbers(called)[4:]
    assert [sorted(again[:2]), sorted(again[2:])] == [[number(0), number(1)]] * 2
    assert [line["attempts"] for line in called.results()] == ["3", "3", "1", "1"]


def test_what_is_asked_is_only_how_those_calls_ended_that_another_may_follow(called: Place) -> None:
    path = called.folder / "c.toml"
    path.write_text(path.read_text().replace("[redial]", "[redial]\nmax_attempts = 2"))
    run(path)
    later(called, hours=3)
    run(path)
    asked = called.sandbox.traffic.requests["GET /executions/{execution_id}"]
    run(path)
    # The two who were called twice get no third call.
    assert called.sandbox.traffic.requests["GET /executions/{execution_id}"] == asked


def test_run_status_and_check_say_how_many_are_called_again_and_from_when(
    called: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(called.folder / "c.toml")
    assert main(["status", path]) == 0
    assert "Redial by plan: 4 calls are still open" in capsys.readouterr().out
    assert main(["run", path, "--yes"]) == ExitCode.LEFT
    assert "Redial by plan: 2 are called again later, " in capsys.readouterr().err
    main(["check", path])
    assert "Redial by plan: 2 are called again later, " in capsys.readouterr().out
    later(called, hours=3)
    main(["status", path, "-o", "json"])
    (status,) = json.loads(capsys.readouterr().out)
    assert status["redials"] == {"due": 2, "later": 0, "first": None, "last": None, "open": 0, "refused": 0}
    assert main(["run", path, "--yes", "--limit", "1"]) == ExitCode.LEFT
    assert "2 are due to be called again by plan ([redial])" in capsys.readouterr().err
    main(["show", number(0), "--in", str(called.folder)])
    assert "due to be called again by plan ([redial])" in capsys.readouterr().out


def test_a_redial_by_plan_that_is_refused_is_final_until_a_person_asks(called: Place) -> None:
    path = called.folder / "c.toml"
    run(path)
    later(called, hours=3)
    called.sandbox.call_strikes.force("refused", "refused")
    refused = run(path)
    assert (refused.sent, refused.exit_code, refused.redials) == (2, ExitCode.LOOK, Redials(refused=2))
    assert (run(path).sent, run(path).exit_code) == (0, ExitCode.DONE)
    assert run(path, redial=("busy",)).sent == 1


def test_a_paused_batch_calls_nobody_by_plan_however_often_it_is_started(
    called: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cron starts it again and again while two are due: no request leaves, and the plan stands when it is resumed."""
    path = str(called.folder / "c.toml")
    run(called.folder / "c.toml")
    later(called, hours=3)
    assert main(["pause", path]) == ExitCode.DONE
    requests = dict(called.sandbox.traffic.requests)
    for _ in range(10):
        assert main(["run", path, "--yes", "-q"]) == ExitCode.LEFT
    assert dict(called.sandbox.traffic.requests) == requests
    capsys.readouterr()
    assert main(["status", path]) == 0
    told = capsys.readouterr().out
    assert "is paused by" in told
    assert "Redial by plan: 2 are due now" in told
    assert main(["resume", path]) == ExitCode.DONE
    assert run(called.folder / "c.toml").sent == 2


def test_who_came_onto_the_do_not_call_list_is_not_called_again_by_plan(called: Place) -> None:
    run(called.folder / "c.toml")
    later(called, hours=3)
    before = len(called.calls())
    due = number(0)
    assert main(["dnc", "add", due, "--in", str(called.folder)]) == ExitCode.DONE
    summary = run(called.folder / "c.toml")
    again = [call["recipient_phone_number"] for call in called.calls()[before:]]
    assert (len(again), summary.sent, due in again) == (1, 1, False)


def test_what_a_person_asks_for_and_it_is_too_early_for_ends_with_3(
    called: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = called.folder / "c.toml"
    path.write_text(path.read_text().replace(REDIAL, ""))
    assert main(["track", str(path), "-q"]) == ExitCode.DONE
    assert run(path).exit_code is ExitCode.DONE
    assert main(["run", str(path), "--yes", "--redial", "no-answer"]) == ExitCode.LEFT
    assert "1 has to wait, until " in capsys.readouterr().err


def test_a_trial_does_not_wait_for_calls_that_ended_with_its_stand_in(place: Place) -> None:
    place.recipients([[number(0), "a"]], header=["phone", "name"])
    path = place.campaign(more=REDIAL)
    assert main(["run", str(path), "--sandbox", "--yes", "-q"]) == ExitCode.DONE


# -- the campaign file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('outcomes = ["unreachable"]\ntimes = ["2h"]', "one of balance-low, busy, canceled, error, failed, no-answer"),
        ('outcomes = ["completed"]\ntimes = ["2h"]', "one of balance-low"),
        ('outcomes = ["stopped"]\ntimes = ["2h"]', "only with --redial stopped"),
        ('outcomes = ["busy"]\ntimes = ["24h", "2h"]', "no time may be shorter than the one before it"),
        ('outcomes = ["busy"]\ntimes = ["2 hours"]', "write a time from"),
        ('outcomes = ["busy"]\ntimes = [2]', "write a time from"),
        ('outcomes = ["busy"]\ntimes = ["2h"]\nmax_attempts = 1', "1 allows no second call"),
        ('outcomes = ["busy"]', "add times, how long after each call"),
        ('outcomes = ["busy"]\ntimes = []', "add times, how long after each call"),
        ('times = ["2h"]', "add outcomes, after which somebody is called again"),
        ('outcomes = ["busy"]\ntimes = ["1h", "2h", "3h"]', "add max_attempts = 4"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_by_its_key(place: Place, lines: str, said: str) -> None:
    place.recipients([[number(0), "a"]], header=["phone", "name"])
    with pytest.raises(CampaignError, match=r"\[redial\]|redial\.") as refused:
        run(place.campaign(more=f"[redial]\n{lines}"))
    assert said in str(refused.value)
