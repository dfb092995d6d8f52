"""Whom the last call has not reached is called once more: only who may be, only when asked, and never forgotten."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.errors import ExitCode, UsageError
from dialer.models import Status
from dialer.provider.bolna.client import answer_of_status
from dialer.provider.bolna.executions import execution_in
from dialer.provider.bolna.sandbox import Settings, running
from dialer.provider.states import NOT_REACHED
from dialer.store import Redial, RedialRules, Written
from tests.ledgers import (
    AGAIN,
    ANYBODY,
    HEADER,
    QUEUED,
    REFUSED,
    UNCLEAR,
    call,
    crashed,
    intend,
    key_of,
    load,
    number_of,
    render,
    result_of,
    row,
)
from tests.place import Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dialer.models import Answer, Attempt
    from dialer.store.sqlite import Ledger

NOW = time.time() + 100_000
"""When what became of the calls was heard: after they were placed, however long these tests take to come to them."""


def ended(ledger: Ledger, attempt: Attempt, status: str, **fields: Any) -> None:  # noqa: ANN401 - any of Bolna's
    found = execution_in({"id": "exec-1", "status": status, **fields})
    assert found is not None
    ledger.note_calls([(attempt.id, found)], now=NOW)


def redial(
    ledger: Ledger, *outcomes: str, after: float = 0.0, most: int = 3, now: float = NOW + 1
) -> tuple[Redial, list[str]]:
    """Ask for a redial; return what came of it, and the keys of those who can be called now and were called before."""
    found = ledger.permit(
        Status.QUEUED, RedialRules(outcomes or ("no-answer",), max_attempts=most, after=after), what="why", now=now
    )
    return found, [one.key for one in ledger.page(after=0, size=10) if one.attempts]


def test_only_what_is_asked_for_and_final_is_called_once_more(ledger: Ledger) -> None:
    for index, status in enumerate(("no-answer", "busy", "completed", "ringing"), 1):
        ended(ledger, call(ledger, index, QUEUED), status)
    call(ledger, 5, QUEUED)
    found, keys = redial(ledger, "no-answer", "busy", "voicemail")
    assert keys == [key_of(1), key_of(2)]
    assert found == Redial(released=2, open=2, untracked=1)
    assert ledger.redialled() == {"no-answer": 1, "busy": 1}
    assert ledger._db.execute("SELECT what, recipient FROM permission").fetchall() == [("why", 1), ("why", 2)]


def test_a_machine_that_answered_is_voicemail(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "completed", answered_by_voice_mail=True)
    assert redial(ledger, "no-answer")[1] == []
    assert redial(ledger, "voicemail")[1] == [key_of(1)]


def test_who_may_still_be_tried_again_by_bolna_is_not_called_on_top_of_it(ledger: Ledger) -> None:
    retries = {"enabled": True, "max_retries": 2}
    attempt = call(ledger, 1, QUEUED)
    ended(ledger, attempt, "no-answer", retry_config=retries, retry_count=1)
    assert redial(ledger) == (Redial(open=1), [])
    ended(ledger, attempt, "no-answer", retry_config=retries, retry_count=2)
    assert redial(ledger) == (Redial(released=1), [key_of(1)])


def test_who_was_called_a_short_while_ago_waits(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    assert redial(ledger, after=7200.0) == (Redial(young=1, ripe_from=NOW + 7200, ripe_by=NOW + 7200), [])
    assert redial(ledger, after=7200.0, now=NOW + 7201)[0].released == 1


def test_a_call_ended_when_bolna_says_so_and_not_when_it_was_asked(ledger: Ledger) -> None:
    attempt = call(ledger, 1, QUEUED)
    ledger._db.execute("UPDATE attempt SET at = at - 9000, skew = 100")
    ended(ledger, attempt, "no-answer", updated_at=f"{_stamp(NOW - 7400 + 100)}")
    assert redial(ledger, after=7200.0)[0].released == 1


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_nobody_gets_more_calls_than_the_campaign_allows(ledger: Ledger) -> None:
    for _ in range(2):
        # What was surely not placed is no call.
        call(ledger, 1, AGAIN)
        ended(ledger, call(ledger, 1, QUEUED), "no-answer")
        assert redial(ledger, most=3)[1] == [key_of(1)]
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    assert redial(ledger, most=3) == (Redial(spent=1), [])


def test_who_was_reached_by_an_earlier_call_is_not_called_again(ledger: Ledger) -> None:
    first = call(ledger, 1, UNCLEAR)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    ledger.found(first.reference, execution_id="exec-0")
    assert redial(ledger) == (Redial(open=1, untracked=1), [])
    ended(ledger, first, "completed")
    assert redial(ledger) == (Redial(), [])


@pytest.mark.parametrize(
    ("answer", "state", "execution_id"),
    [(QUEUED, Status.QUEUED, "exec-1"), (REFUSED, Status.QUEUED, "exec-1"), (UNCLEAR, Status.UNKNOWN, "")],
)
def test_the_one_row_says_how_the_last_call_went_and_how_many_there_were(
    ledger: Ledger, answer: Answer, state: Status, execution_id: str
) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    redial(ledger)
    call(ledger, 1, answer)
    row_ = result_of(ledger, 1)
    assert (row_.status, row_.execution_id, row_.attempts) == (state, execution_id, 2)
    assert ledger._db.execute("SELECT count(*) FROM attempt").fetchone() == (2,)


@pytest.mark.parametrize("tried", ["not", "withheld", "again"])
def test_who_was_not_called_after_all_is_what_they_were(ledger: Ledger, tried: str) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    before = result_of(ledger, 1)
    redial(ledger)
    if tried == "withheld":
        ledger.withhold(intend(ledger, 1), reason="outside the window")
    elif tried == "again":
        call(ledger, 1, AGAIN)
    assert result_of(ledger, 1).status is Status.QUEUED
    assert ledger.end_permissions() == 1
    after = result_of(ledger, 1)
    if tried != "again":
        assert after == before
    assert (after.status, after.execution_id, after.error) == (Status.QUEUED, "exec-1", "")
    assert ledger.page(after=0, size=10)[0].key == key_of(2)


def test_a_mended_row_is_what_a_redial_sends_and_is_shown_only_once_it_was_sent(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    redial(ledger)
    load(ledger, [row(1, 1, "Zoë")])
    (recipient,) = ledger.page(after=0, size=10)
    assert "Zoë" in recipient.cells
    with closing(crashed(ledger)) as again:
        assert result_of(again, 1).cells["name"] == "name 1"
        redial(again)
        load(again, [row(1, 1, "Zoë")])
        call(again, 1, QUEUED)
        assert result_of(again, 1).cells["name"] == "Zoë"


def test_who_has_another_number_by_now_is_not_called_once_more_and_the_former_number_is_kept(ledger: Ledger) -> None:
    load(ledger, [row(1, 1, key="a")], id_column="phone")
    (attempt,) = ledger.intend(ledger.page(after=0, size=1), render)
    ledger.settle([(attempt, QUEUED)])
    ended(ledger, attempt, "no-answer")
    redial(ledger)
    load(ledger, [row(1, 2, key="a")], id_column="phone")
    assert ledger.page(after=0, size=10) == []
    assert ledger.attempted_numbers() == {number_of(1): ("a",)}


def test_who_is_suppressed_or_gone_by_now_is_not_called_once_more(ledger: Ledger) -> None:
    for index in (1, 2):
        ended(ledger, call(ledger, index, QUEUED), "no-answer")
    redial(ledger)
    load(ledger, [row(1, 1, status=Status.SUPPRESSED)])
    assert ledger.page(after=0, size=10) == []
    assert ledger.counts() == {Status.QUEUED: 1}
    assert ledger.redialled() == {}


def test_a_kill_in_the_middle_of_it_leaves_doubt_about_the_second_call(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    redial(ledger)
    (attempt,) = intend(ledger, 1)
    with closing(crashed(ledger)) as again:
        row_ = result_of(again, 1)
        assert (row_.status, row_.execution_id, row_.attempts) == (Status.UNKNOWN, "", 2)
        assert redial(again) == (Redial(), [])
        assert [doubt.reference for doubt in again.doubts()] == [attempt.reference]
        assert again.found(attempt.reference, execution_id="exec-2")
        assert result_of(again, 1).execution_id == "exec-2"
        # Its call is new, so nothing is known of it.
        assert redial(again) == (Redial(open=1, untracked=1), [])


def written(attempts: int, status: Status, execution_id: str = "") -> Written:
    return Written(
        key=key_of(1), number=number_of(1), status=status, execution_id=execution_id, error="", http_status=None,
        attempts=attempts, updated_at=NOW, cells=("", ""),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attempts", "status", "further"),
    [
        (1, Status.QUEUED, False),
        (2, Status.QUEUED, True),
        (2, Status.UNKNOWN, True),
        (2, Status.ERROR, False),
        (1, Status.UNKNOWN, False),
    ],
)
def test_an_older_ledger_takes_over_one_more_call_of_which_only_the_csv_knows(
    ledger: Ledger, attempts: int, status: Status, *, further: bool
) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    taken = ledger.merge(HEADER, [written(attempts, status, "exec-2" if status is Status.QUEUED else "")])
    assert taken == ({status: 1} if further else {})
    # Nothing was heard of that call, so nobody is called on top of it.
    assert redial(ledger)[1] == ([] if further else [key_of(1)])


def test_an_older_csv_does_not_settle_the_doubt_about_a_second_call(ledger: Ledger) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    redial(ledger)
    call(ledger, 1, UNCLEAR)
    assert ledger.merge(HEADER, [written(1, Status.QUEUED, "exec-1")]) == {}
    assert ledger.merge(HEADER, [written(2, Status.QUEUED, "exec-2")]) == {Status.QUEUED: 1}


def test_a_call_that_is_known_already_is_not_taken_for_one_of_a_dead_run(ledger: Ledger) -> None:
    attempt = call(ledger, 1, QUEUED)
    ended(ledger, attempt, "no-answer")
    redial(ledger)
    assert not ledger.adopt([number_of(1)], attempt.reference, execution_id="exec-1")
    second = attempt.reference.removesuffix("-1") + "-4"
    assert ledger.adopt([number_of(1)], second, execution_id="exec-4")
    # The next reference must be none that Bolna has seen.
    assert result_of(ledger, 1).attempts == 4


# -- with files and a sandbox ----------------------------------------------------------------------------------------


@pytest.fixture
def called(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Four people, called and over: nobody answers, busy, reached, a machine."""
    outcomes = dict(zip(map(number, range(4)), ("no-answer", "busy", "completed", "voicemail"), strict=True))
    with running(Settings(call_rate=None, speed=100_000.0, number_outcomes=outcomes)) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        place = Place(place.folder, bolna)
        place.recipients([[number(index), f"name {index}"] for index in range(4)], header=["phone", "name"])
        path = place.campaign()
        with path.open("a", encoding="utf-8") as file:
            file.write('[redial]\nmax_attempts = 2\nredial_after = "1s"\n')
        run(path)
        yield place


def track(place: Place) -> None:
    """Fetch how the calls went, and let that be a while ago."""
    assert main(["track", str(place.folder / "c.toml"), "-q"]) == 0
    age(place.folder / "c.results.ledger")


def age(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE call SET since = since - 10, updated_at = NULL")
        connection.execute("UPDATE attempt SET at = at - 10")


def test_what_was_never_tracked_is_not_redialled_and_is_told_why(called: Place) -> None:
    summary = run(called.folder / "c.toml", redial=("no-answer",))
    assert len(called.calls()) == 4
    assert (
        f"Bolna has said nothing about 4 of those calls yet. To ask: dialer track {called.folder}/c.toml"
        in summary.notes
    )


def test_a_redial_calls_whom_it_names_once_more_and_a_plain_run_calls_nobody(called: Place) -> None:
    path = called.folder / "c.toml"
    track(called)
    assert run(path).sent == 0

    summary = run(path, redial=("no-answer", "voicemail"))

    assert (summary.sent, summary.exit_code) == (2, ExitCode.DONE)
    assert {one["recipient_phone_number"] for one in called.calls()[4:]} == {number(0), number(3)}
    assert [(line["status"], line["attempts"]) for line in called.results()] == [
        ("queued", "2"), ("queued", "1"), ("queued", "1"), ("queued", "2"),
    ]  # fmt: skip
    references = [one["user_data"]["dialer_ref"] for one in called.calls()]
    assert len(set(references)) == 6
    track(called)
    told = run(path, redial=("no-answer", "voicemail")).notes
    assert "2 are not redialled: they had 2 calls (max_attempts)" in told


def test_those_who_have_to_wait_are_told_until_when(called: Place) -> None:
    path = called.folder / "c.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"1s"', '"2h"'), encoding="utf-8")
    track(called)
    note = run(path, redial=("busy",)).notes[0]
    assert note.startswith("1 has to wait, until ")
    assert note.endswith(": 2 h after their last call ended (`redial_after` in [redial])")


def test_without_progress_the_notes_are_told_at_the_end(called: Place, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", str(called.folder / "c.toml"), "--redial", "busy", "--yes", "--no-progress"])
    assert "4 are not redialled: their call is still open" in capsys.readouterr().err


def test_a_redial_that_is_cut_short_is_left_to_a_person_again(called: Place) -> None:
    path = called.folder / "c.toml"
    track(called)
    summary = run(path, redial=("no-answer", "busy"), limit=1)
    assert (summary.sent, summary.left, summary.exit_code) == (1, 1, ExitCode.LEFT)
    assert summary.counts == {Status.QUEUED: 4}
    assert {line["status"] for line in called.results()} == {"queued"}
    assert run(path).sent == 0
    assert run(path, redial=("busy",)).sent == 1


@pytest.mark.parametrize("outcome", ["completed", "nonsense", "queued"])
def test_nobody_is_redialled_for_an_outcome_that_is_none(called: Place, outcome: str) -> None:
    with pytest.raises(
        UsageError, match=f"--redial {outcome}: calls that end so are not redialled. Use: balance-low, busy"
    ):
        run(called.folder / "c.toml", redial=(outcome,))
    assert len(called.calls()) == 4


def test_the_command_line_says_what_it_is_about_to_do(called: Place, capsys: pytest.CaptureFixture[str]) -> None:
    track(called)
    path = str(called.folder / "c.toml")
    assert main(["run", path, "--redial", "no-answer, busy"]) == ExitCode.USAGE
    assert "2 were called before and will be called again: 1 " in capsys.readouterr().err
    assert len(called.calls()) == 4
    assert main(["run", path, "--redial", "no-answer,busy", "--yes", "--limit", "1"]) == ExitCode.LEFT
    assert f"Next: dialer run {path} --redial no-answer,busy" in capsys.readouterr().err


def test_every_final_outcome_but_being_reached_can_be_redialled() -> None:
    listed = {"no-answer", "busy", "voicemail", "balance-low", "failed", "canceled", "stopped", "error"}
    assert listed == set(map(str, NOT_REACHED))


# -- refused when called again ---------------------------------------------------------------------------------------


@pytest.fixture
def refused(place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """Fourteen people whom nobody answered, and whose redial Bolna has refused; the last day's calls count."""
    settings = Settings(call_rate=None, agent_rate=None, other_rate=None, speed=100_000.0, outcomes={"no-answer": 1.0})
    with running(settings) as bolna:
        monkeypatch.setenv("BOLNA_BASE_URL", bolna.base_url)
        place = Place(place.folder, bolna)
        place.recipients([[number(index), f"name {index}"] for index in range(14)], header=["phone", "name"])
        path = place.campaign(more='[redial]\nmax_attempts = 2\nredial_after = "1s"')
        assert main(["run", str(path), "--yes", "-q"]) == ExitCode.DONE
        assert main(["track", str(path), "-q"]) == ExitCode.DONE
        age(place.folder / "c.results.ledger")
        bolna.call_strikes.force(*["refused", "agent_gone"] * 7)
        capsys.readouterr()
        assert main(["run", str(path), "--yes", "--redial", "no-answer"]) == ExitCode.LOOK
        yield place


def test_a_refused_redial_leaves_the_call_before_it_on_the_row(
    refused: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    told = capsys.readouterr().err
    assert "Bolna refused 14 redials: the earlier call stands, and the `error` column says why" in told
    calls = {call.to_number: call.execution_id for call in refused.sandbox.book.calls}
    rows = refused.results()
    assert len(calls) == 14
    assert {row["recipient_phone_number"]: row["execution_id"] for row in rows} == calls
    assert {(row["status"], row["call_status"], row["attempts"]) for row in rows} == {("queued", "no-answer", "2")}
    assert {(row["http_status"], row["error"].partition(": ")[0]) for row in rows} == {
        (status, "the redial was refused") for status in ("400", "404")
    }


@pytest.mark.parametrize("http_status", [400, 403, 404, 422])
def test_whatever_the_refusal_the_call_before_it_stands(ledger: Ledger, http_status: int) -> None:
    ended(ledger, call(ledger, 1, QUEUED), "no-answer")
    redial(ledger)
    call(ledger, 1, answer_of_status(http_status, words="no"))
    found = result_of(ledger, 1)
    assert (found.status, found.execution_id, found.http_status) == (Status.QUEUED, "exec-1", http_status)
    assert found.call is not None
    assert found.call.outcome == "no-answer"


def test_status_and_report_count_them_as_called(refused: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(refused.folder / "c.toml")
    capsys.readouterr()
    main(["status", path, "-o", "json"])
    (status,) = json.loads(capsys.readouterr().out)
    main(["report", path, "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert status["counts"] == report["statuses"] == {"queued": 14}
    assert status["outcomes"] == {"no-answer": 14}
    refusals = {(one["status"], one["words"], one["count"]) for one in report["reasons"]}
    assert {(state, count) for state, words, count in refusals if words.startswith("the redial was refused: ")} == {
        ("queued", 7)
    }
    assert status["attempts"] == {"queued": 14, "error": 14}
    assert main(["track", path, "-q"]) == ExitCode.DONE


@pytest.mark.parametrize("more", [(), ("--retry-errors",), ("--redial-unknown",), ("--redial", "busy")])
def test_nobody_of_them_is_called_by_any_later_run(refused: Place, more: tuple[str, ...]) -> None:
    copy = refused.campaign(name="copy")
    main(["run", str(refused.folder / "c.toml"), "--yes", "-q", *more])
    assert main(["run", str(copy), "--yes", "-q", "--new-batch", *more]) == ExitCode.LEFT
    assert len(refused.calls()) == 14
    assert {row["status"] for row in refused.results("copy.results.csv")} == {"pending"}


def test_the_results_alone_protect_them_as_well(refused: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # Half an hour later: whatever was placed is listed.
    monkeypatch.setattr("dialer.store.ledger.gaps.LATE", 0.0)
    path, copy = refused.folder / "c.toml", refused.campaign(name="copy")
    before = refused.results()
    for file in refused.folder.glob("c.results.ledger*"):
        file.unlink()
    assert main(["run", str(path), "--yes", "-q", "--adopt", "--retry-errors"]) == ExitCode.DONE
    assert refused.results() == before
    assert main(["run", str(copy), "--yes", "-q", "--new-batch"]) == ExitCode.LEFT
    assert len(refused.calls()) == 14


def test_an_older_ledger_learns_from_the_results_that_the_redial_was_refused(
    refused: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half an hour later: whatever was placed is listed.
    monkeypatch.setattr("dialer.store.ledger.gaps.LATE", 0.0)
    path, ledger = refused.folder / "c.toml", refused.folder / "c.results.ledger"
    before = refused.results()
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("DELETE FROM attempt WHERE id > 14")
        db.execute("DELETE FROM permission")
        db.execute("DELETE FROM meta WHERE name = 'results_stamp'")
        db.execute("UPDATE recipient SET attempts = 1, reason = '', http_status = 200")
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.DONE
    assert refused.results() == before
    assert main(["run", str(path), "--yes", "-q", "--redial", "no-answer"]) == ExitCode.DONE
    assert len(refused.calls()) == 28


def test_a_refused_redial_is_no_call_and_can_be_asked_for_again(refused: Place) -> None:
    path = refused.folder / "c.toml"
    assert main(["run", str(path), "--yes", "-q", "--redial", "no-answer"]) == ExitCode.DONE
    assert len(refused.calls()) == 28
    rows = refused.results()
    assert {(row["status"], row["error"], row["attempts"]) for row in rows} == {("queued", "", "3")}


# -- limits of every mode --------------------------------------------------------------------------------------------


def test_whoever_is_in_doubt_gets_no_more_calls_than_the_campaign_allows(ledger: Ledger) -> None:
    for _ in range(2):
        call(ledger, 1, UNCLEAR)
        found = ledger.permit(Status.UNKNOWN, RedialRules((), max_attempts=2, after=0.0), what="--redial-unknown")
    assert found == Redial(spent=1)
    assert key_of(1) not in [one.key for one in ledger.page(after=0, size=10)]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("no-answer", Redial(young=1, ripe_from=NOW + 7200, ripe_by=NOW + 7200)),
        ("completed", Redial(reached=1)),
        ("ringing", Redial(open=1)),
    ],
)
def test_whoever_is_in_doubt_after_a_call_waits_for_the_end_of_that_call(
    ledger: Ledger, status: str, found: Redial
) -> None:
    first = call(ledger, 1, UNCLEAR)
    ledger.permit(Status.UNKNOWN, ANYBODY, what="--redial-unknown")
    call(ledger, 1, UNCLEAR)
    ledger.found(first.reference, execution_id="exec-0")
    assert result_of(ledger, 1).status is Status.UNKNOWN
    ended(ledger, first, status)
    rules = RedialRules((), max_attempts=9, after=7200.0)
    assert ledger.may_be_permitted(Status.UNKNOWN, rules, keys=[key_of(1)]) == []
    assert ledger.permit(Status.UNKNOWN, rules, what="--redial-unknown", now=NOW + 1) == found
    assert ledger.released() == {}


def test_a_permission_is_worth_nothing_to_another_run(ledger: Ledger) -> None:
    call(ledger, 1, REFUSED)
    ledger.begin("the first", now=NOW)
    ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
    assert ledger.counts() == {Status.PENDING: 6}
    ledger.begin("the second", now=NOW)
    assert ledger.counts() == {Status.PENDING: 5, Status.ERROR: 1}
    assert intend(ledger, 1) == []


def test_a_permission_is_used_once_and_given_back_by_what_was_surely_not_placed(ledger: Ledger) -> None:
    call(ledger, 1, REFUSED)
    ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
    # Asked for twice, it is still one.
    ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
    call(ledger, 1, AGAIN)
    ledger.withhold(intend(ledger, 1), reason="outside the window")
    call(ledger, 1, REFUSED)
    assert intend(ledger, 1) == []
    assert result_of(ledger, 1).attempts == 3


@pytest.mark.parametrize("outcomes", ["", " ", ","])
def test_an_empty_list_of_outcomes_is_refused_and_calls_nobody(
    place: Place, outcomes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(3), header=["phone", "name", "note", "ref"])
    assert main(["run", str(place.campaign()), "--redial", outcomes, "--yes"]) == 2
    assert "name how the last call ended" in capsys.readouterr().err
    assert not place.calls()
