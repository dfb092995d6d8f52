"""A process that works on a ledger is asked to stop by another one, through the ledger."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer import load_campaign, run_campaign_sync
from dialer.engine.progress import Progress
from dialer.errors import ExitCode, LedgerError, UsageError
from dialer.models import Status
from dialer.operations import opening
from dialer.store.sqlite import ask_to_stop
from tests.ledgers import crashed, opened
from tests.place import HEADER, Place, awkward, run

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.models import Answer


class AfterSome(Progress):
    """Asks to stop once so many have an outcome."""

    def __init__(self, ledger: Path, count: int) -> None:
        self._ledger, self._left = ledger, count

    def outcome(self, answer: Answer, *, position: int) -> None:  # noqa: ARG002 - Progress
        self._left -= 1
        if self._left == 0:
            ask_to_stop(self._ledger)


def test_a_request_stops_the_work_that_goes_on_and_none_that_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "l.ledger"
    with closing(opened(path)) as ledger:
        ledger.begin("first", now=1.0)
        assert not ledger.is_asked_to_stop("first")
        ask_to_stop(path)
        assert ledger.is_asked_to_stop("first")
        ledger.begin("second", now=2.0)
        assert not ledger.is_asked_to_stop("second")


def test_a_request_that_a_killed_process_never_saw_stops_nobody(tmp_path: Path) -> None:
    ledger = opened(tmp_path / "l.ledger")
    ledger.begin("first", now=1.0)
    ask_to_stop(ledger.path)
    with closing(crashed(ledger)) as again:
        again.begin("second", now=2.0)
        assert not again.is_asked_to_stop("second")


def test_what_is_no_ledger_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "l.ledger"
    with pytest.raises(LedgerError):
        ask_to_stop(path)
    path.touch()
    with pytest.raises(UsageError, match="there is no ledger yet"):
        ask_to_stop(path)
    assert path.read_bytes() == b""


def test_a_run_that_is_asked_to_stop_drains_and_the_next_one_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "HEED_EVERY", 0.02)
    place.recipients(awkward(600), header=HEADER)
    campaign = load_campaign(place.campaign())

    summary = run_campaign_sync(campaign, progress=AfterSome(campaign.batch.ledger, 20))

    assert summary.exit_code is ExitCode.INTERRUPTED
    assert summary.ended == "Asked to stop by `dialer cancel`."
    assert 20 <= summary.counts[Status.QUEUED] == len(place.calls()) < 600
    assert summary.counts == {Status.QUEUED: len(place.calls()), Status.PENDING: 600 - len(place.calls())}
    assert run(campaign.path).exit_code is ExitCode.DONE
    assert len(place.calls()) == 600
