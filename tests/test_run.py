"""A batch from start to end when something is wrong: what it does, what it says, and that nobody is lost."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from dialer import load_campaign, run_campaign_sync
from dialer.cli import main
from dialer.errors import BoundError, ExitCode, InputError, LedgerError, MustActError
from dialer.models import Status
from dialer.provider.bolna.client import BolnaClient
from dialer.provider.bolna.sandbox import Settings, running
from dialer.store.sqlite import Ledger
from tests.harness import PATIENCE
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dialer.provider.interface import Account


@pytest.fixture
def path(place: Place) -> Path:
    """A campaign for thirty people."""
    place.recipients(awkward(30), header=HEADER)
    return place.campaign()


@pytest.fixture
def elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same folder, and a Bolna that shows nothing of a call that was placed."""
    with running(Settings(call_rate=None, echo=False)) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        yield Place(place.folder, sandbox)


def test_a_run_that_cannot_read_its_ledger_any_more_says_that_its_counts_are_old(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows how many were left when it began, and not how many are."""

    def broken(*_given: object, **_options: object) -> NoReturn:
        raise LedgerError("the disk is broken")

    monkeypatch.setattr(Ledger, "settle", broken)
    monkeypatch.setattr("dialer.operations.sending.read_store", broken)
    summary = run(path)
    assert (summary.exit_code, summary.left, len(place.calls()) > 0) == (ExitCode.MUST_ACT, 30, True)
    assert summary.ended.startswith("the disk is broken")
    assert any("those from the beginning of this run" in note for note in summary.notes)


def test_results_that_cannot_be_written_stop_no_call_from_being_recorded(place: Place, path: Path) -> None:
    path = place.campaign(more='results = "out/c.csv"\nledger = "c.ledger"')
    # What batches share then does not lie in the folder of the results.
    (place.folder / "dialer.toml").touch()
    in_the_way = place.folder / "out"
    campaign = load_campaign(path)
    in_the_way.touch()

    summary = run_campaign_sync(campaign)

    assert summary.sent == 30
    assert any(f"dialer results {path}" in note for note in summary.notes)
    in_the_way.unlink()
    assert main(["results", str(path)]) == 0
    assert [row["status"] for row in place.results("out/c.csv")] == ["queued"] * 30
    assert run(path).sent == 0


def test_a_refused_key_calls_nobody(place: Place, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "nonsense")
    with pytest.raises(MustActError, match=r"Bolna refused the key: .* Set BOLNA_API_KEY"):
        run(path)
    assert not place.calls()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(agents=()), "Bolna knows no agent"),
        (Settings(wallet=0.0), "The account's wallet is at 0. Recharge it"),
    ],
)
def test_what_the_account_says_against_it_is_told_before_anybody_is_called(
    path: Path, settings: Settings, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        with pytest.raises(MustActError, match=words):
            run(path)
        assert not sandbox.book.calls


@pytest.mark.parametrize(
    ("fault", "words"), [("payment_required", "asks for payment"), ("unauthorized", "refused the key")]
)
def test_a_refusal_of_the_account_in_the_middle_leaves_the_others_pending(
    place: Place, path: Path, fault: str, words: str
) -> None:
    run(path, limit=10)
    place.sandbox.call_strikes.force(*[fault] * 20)

    summary = run(path)

    assert summary.exit_code is ExitCode.MUST_ACT
    assert words in summary.ended
    assert "then run the same command again" in summary.advice
    assert summary.counts == {Status.QUEUED: 10, Status.PENDING: 20}
    place.sandbox.call_strikes._forced.clear()
    assert run(path).exit_code is ExitCode.DONE
    assert len(place.calls()) == 30


def test_a_server_that_is_down_ends_the_run_for_now_and_loses_nobody(place: Place, path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write('[breaker]\noutage_after = "1s"\n')
    with running(Settings(call_rate=None)) as sandbox:
        monkeypatched = sandbox.base_url
    # The port is closed by now.
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("BOLNA_BASE_URL", monkeypatched)
        monkeypatch.setattr("dialer.operations.forecast.PREFLIGHT", 0.0)
        summary = run(path)
    assert summary.exit_code is ExitCode.LEFT
    assert "No connection to Bolna" in summary.ended
    assert summary.counts == {Status.PENDING: 30}
    run(path)
    assert len(place.calls()) == 30


def test_another_agent_or_server_needs_another_batch(place: Place, path: Path) -> None:
    run(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("426655440000", "426655440009"), encoding="utf-8")
    with pytest.raises(BoundError, match="another `results` name, or --batch NAME"):
        run(path)
    assert len(place.calls()) == 30


def test_while_nobody_was_attempted_the_batch_may_change_its_mind(place: Place, path: Path) -> None:
    run(path, limit=0)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("426655440000", "426655440009"), encoding="utf-8")
    assert run(path).counts == {Status.QUEUED: 30}
    assert {call["agent_id"] for call in place.calls()} == {"123e4567-e89b-12d3-a456-426655440009"}


def test_a_list_without_a_header_is_refused(place: Place) -> None:
    place.recipients([[number(1), "Ben"]], header=[number(0), "Anna"])
    with pytest.raises(InputError, match="there seems to be no header"):
        run(place.campaign())
    assert not place.calls()


@pytest.mark.parametrize(("first", "csv"), [("9876543210", 'region = "IN"'), ("919876543210", "plus_lost = true")])
def test_a_list_of_numbers_without_a_plus_and_without_a_header_is_refused(place: Place, first: str, csv: str) -> None:
    place.recipients([["9876543211", "Ben"]], header=[first, "Anna"])
    with pytest.raises(InputError, match="there seems to be no header"):
        run(place.campaign(more=f'[columns]\nphone = "{first}"\n[csv]\n{csv}'))
    assert main(["init", str(place.folder / "list.csv"), "--to", str(place.folder / "new.toml")]) == 2
    assert not (place.folder / "new.toml").exists()
    assert not place.calls()


def test_a_ledger_taken_away_from_its_wal_is_asked_for_before_anything_is_touched(place: Place, path: Path) -> None:
    wal = path.with_name("c.results.ledger-wal")
    wal.write_bytes(b"what a killed run recorded")
    with pytest.raises(LedgerError, match="Bring the ledger back"):
        run(path)
    assert wal.read_bytes() == b"what a killed run recorded"
    assert not place.calls()


def test_an_unchanged_list_is_not_judged_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(path, limit=5)
    with monkeypatch.context() as patch:
        patch.delattr("dialer.operations.intake.Screening")
        assert run(path).sent == 25


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda place, _path: place.recipients(awkward(29), header=HEADER), id="the list"),
        pytest.param(lambda _place, path: path.write_text(path.read_text() + "[csv]\nregion = 'IN'\n"), id="a rule"),
        pytest.param(
            lambda place, _path: (place.folder / "dnc.csv").write_text("+919800000029\n"), id="a do-not-call list"
        ),
    ],
)
def test_whatever_the_judgement_depends_on_has_the_list_judged_again(
    place: Place, change: Callable[[Place, Path], object]
) -> None:
    (place.folder / "dnc.csv").write_text("+12025550123\n")
    place.recipients(awkward(30), header=HEADER)
    path = place.campaign(more='[screening]\nsuppression = ["dnc.csv"]')
    run(path, limit=5)
    change(place, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("dialer.operations.intake.Screening")
        with pytest.raises(NameError):
            run(path)
    run(path)
    assert len(place.calls()) == (30 if "region" in path.read_text() else 29)


def test_who_was_refused_and_is_suppressed_since_is_not_called_again(place: Place) -> None:
    dnc = place.folder / "dnc.csv"
    dnc.write_text("+12025550123\n")
    place.recipients(awkward(3), header=HEADER)
    path = place.campaign(more='[screening]\nsuppression = ["dnc.csv"]')
    place.sandbox.call_strikes.force("refused")
    run(path)
    dnc.write_text(f"{number(0)}\n")
    again = run(path, retry_errors=True)
    assert again.sent == 0
    assert again.counts == {Status.QUEUED: 2, Status.ERROR: 1}


def test_an_unknown_call_is_found_by_its_reference(place: Place, path: Path) -> None:
    place.sandbox.call_strikes.force("closed_after", "error_after", "garbage")
    summary = run(path)
    assert summary.exit_code is ExitCode.DONE
    assert summary.counts == {Status.QUEUED: 30}
    ids = {call.to_number: call.execution_id for call in place.sandbox.book.calls}
    assert {row["recipient_phone_number"]: row["execution_id"] for row in place.results()} == ids


def test_where_nothing_is_echoed_nothing_is_matched_and_it_is_said(elsewhere: Place, path: Path) -> None:
    elsewhere.sandbox.call_strikes.force("closed_after")
    summary = run(path)
    assert summary.counts[Status.UNKNOWN] == 1
    assert any("the variables of the request are not shown" in note for note in summary.notes)
    assert main(["reconcile", str(path)]) == 1
    assert run(path).sent == 0


def test_an_unknown_one_is_redialled_only_when_asked_and_not_while_it_is_young(elsewhere: Place, path: Path) -> None:
    elsewhere.sandbox.call_strikes.force("closed_before")
    run(path)
    assert len(elsewhere.calls()) == 29

    assert run(path, redial_unknown=True).sent == 0
    with contextlib.closing(Ledger.read(path.with_name("c.results.ledger"))) as ledger:
        (unknown,) = ledger.doubts()
    make_older(path, 3600)
    again = run(path, redial_unknown=True)

    assert again.sent == 1
    assert again.exit_code is ExitCode.DONE
    assert len(elsewhere.calls()) == 30
    assert elsewhere.calls()[-1]["recipient_phone_number"] == f"+{unknown.number}"


def test_an_unknown_one_who_left_the_list_is_not_said_to_be_called(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also not where another row has the number by now: that row says that the person may have been called."""
    path = place.campaign(more='[columns]\nid = "id"')
    place.recipients([["1", number(1)], ["2", number(2)]], header=["id", "phone"])
    place.sandbox.call_strikes.force("error_before")
    run(path)
    make_older(path, 3600)
    place.recipients([["01", number(1)], ["2", number(2)]], header=["id", "phone"])

    assert main(["run", str(path), "--yes", "--redial-unknown"]) == ExitCode.DONE
    assert "may be called twice" not in capsys.readouterr().err
    assert place.results()[0]["error"] == "an earlier run called this number for id 1, or may have"

    place.recipients([["1", number(1)], ["2", number(2)]], header=["id", "phone"])
    assert main(["run", str(path), "--yes", "--redial-unknown"]) == ExitCode.DONE
    assert "1 of them may have been called already, and may be called twice." in capsys.readouterr().err
    assert [call["recipient_phone_number"] for call in place.calls()] == [number(2), number(1)]


def make_older(path: Path, seconds: float) -> None:
    """Set every attempt in the ledger back by some time."""
    connection = sqlite3.connect(path.with_name("c.results.ledger"))
    with connection:
        connection.execute("UPDATE attempt SET at = at - ?1, answered_at = answered_at - ?1", (seconds,))
        connection.execute("UPDATE recipient SET updated_at = updated_at - ?", (seconds,))
    connection.close()


@pytest.fixture
def listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a provider that lists each call at once, so that nobody waits for half an hour."""
    monkeypatch.setattr("dialer.store.ledger.gaps.LATE", 0.0)


@pytest.mark.usefixtures("listed_at_once")
def test_results_alone_are_adopted_only_when_asked(place: Place, path: Path) -> None:
    run(path, limit=12)
    path.with_name("c.results.ledger").unlink()

    with pytest.raises(InputError, match=r"(?s)12 called, 0 unknown, 0 refused, 18 not sent.*--adopt"):
        run(path)
    assert run(path, adopt=True).exit_code is ExitCode.DONE
    assert sorted(call["recipient_phone_number"] for call in place.calls()) == [number(index) for index in range(30)]


def test_results_of_another_account_are_refused(place: Place, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(path, limit=12)
    path.with_name("c.results.ledger").unlink()
    with running(Settings()) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        with pytest.raises(InputError, match="none of its calls exists in this account") as refused:
            run(path, adopt=True)
        for ending in ("csv", "ledger", "ledger.lock", "ledger.mark"):
            assert str(path.with_name(f"c.results.{ending}")) in str(refused.value)
        assert not sandbox.book.calls
    assert len(place.calls()) == 12


@pytest.mark.usefixtures("listed_at_once")
def test_who_was_in_flight_when_the_ledger_was_lost_is_found(place: Place, path: Path) -> None:
    run(path, limit=12)
    results = path.with_name("c.results.csv")
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    # As if the run had been killed with three calls placed that no row tells of.
    kept = [line for line in lines if not line.startswith(("10,", "11,", "12,"))]
    results.write_text("".join(kept), encoding="utf-8")
    path.with_name("c.results.ledger").unlink()

    run(path, adopt=True)

    assert sorted(call["recipient_phone_number"] for call in place.calls()) == [number(index) for index in range(30)]
    assert {row["status"] for row in place.results()} == {"queued"}


def test_of_several_campaigns_the_gravest_exit_code_counts(place: Place, path: Path) -> None:
    missing = place.campaign(name="missing", recipients="nowhere.csv")
    assert main(["run", str(missing), str(path), "--yes", "-q"]) == 2
    assert len(place.calls()) == 30


def test_the_outcome_as_json_is_one_object(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), "--yes", "-o", "json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"queued": 30}
    assert told["exit_code"] == 0


def test_what_was_not_foreseen_is_told_in_words_and_never_as_success(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr("dialer.operations.run.judge_of", breaks)
    assert main(["run", str(path), "--yes", "-q"]) == ExitCode.MUST_ACT
    told = capsys.readouterr().err
    assert "something unexpected happened (ZeroDivisionError: nobody thought of it)" in told
    assert "Traceback" not in told
    monkeypatch.setenv("DIALER_DEBUG", "1")
    main(["run", str(path), "--yes", "-q"])
    assert "Traceback" in capsys.readouterr().err


def test_an_account_that_may_have_no_call_live_is_told_so(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = BolnaClient.account

    async def paused(self: BolnaClient) -> Account:
        return replace(await read(self), lines=0)

    monkeypatch.setattr(BolnaClient, "account", paused)
    path.write_text(path.read_text(encoding="utf-8") + 'live_calls = "account"\n', encoding="utf-8")
    with pytest.raises(MustActError, match="its concurrency is 0: it is paused"):
        run(path)
    assert not place.calls()


def test_it_runs_outside_the_main_thread(place: Place, path: Path) -> None:
    summaries = []
    thread = threading.Thread(target=lambda: summaries.append(run_campaign_sync(load_campaign(path))))
    thread.start()
    thread.join(PATIENCE)
    assert summaries[0].sent == 30
    assert len(place.calls()) == 30
