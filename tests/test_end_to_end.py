"""The main job on real input: real files, a real ledger, real requests to the sandbox over loopback."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from dialer import Summary, load_campaign, run_campaign_sync
from dialer.cli import main
from dialer.engine.control import Control
from dialer.engine.progress import Progress
from dialer.errors import ExitCode
from dialer.models import Outcome, Status
from tests.place import HEADER, Place, awkward, number, run, variables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from dialer.models import Answer


def test_seven_hundred_awkward_rows_reach_the_agent_exactly_once_each(place: Place) -> None:
    """They are more than a run takes out of its ledger at one go."""
    rows = awkward(700)
    place.recipients(rows, header=HEADER)
    path = place.campaign()

    summary = run(path)

    assert summary.exit_code is ExitCode.DONE
    assert summary.counts == {Status.QUEUED: 700}
    calls = {call["recipient_phone_number"]: variables(call) for call in place.calls()}
    assert len(place.calls()) == len(calls) == 700
    assert calls == {row[0]: dict(zip(HEADER[1:], row[1:], strict=True)) for row in rows}
    assert len({json.dumps(call["user_data"]) for call in place.calls()}) == 700
    results = place.results()
    assert [row["row"] for row in results] == [str(index) for index in range(1, 701)]
    assert [row["recipient_phone_number"] for row in results] == [row[0] for row in rows]
    ids = {entry.execution_id for entry in place.sandbox.book.calls}
    assert {row["execution_id"] for row in results} == ids

    before = (place.folder / "c.results.csv").read_bytes()
    again = run(path)

    assert again.sent == 0
    assert len(place.calls()) == 700
    assert (place.folder / "c.results.csv").read_bytes() == before


class StopAfter(Progress):
    """Asks to stop once so many calls are queued."""

    def __init__(self, count: int) -> None:
        self.control = Control()
        self._left = count

    def outcome(self, answer: Answer, *, position: int) -> None:
        assert position
        assert answer.execution_id
        self._left -= answer.outcome is Outcome.QUEUED
        if self._left == 0:
            self.control.interrupt()


def stopped_after(path: Path, count: int) -> Summary:
    progress = StopAfter(count)
    return run(path, progress=progress, control=progress.control)


def assert_everybody_once(place: Place, rows: Sequence[Sequence[str]]) -> None:
    called = [call["recipient_phone_number"] for call in place.calls()]
    assert sorted(called) == sorted(row[0] for row in rows)
    results = place.results()
    assert [row["recipient_phone_number"] for row in results] == [row[0] for row in rows]
    assert {row["status"] for row in results} == {"queued"}


def test_a_stopped_run_goes_on_where_it_was(place: Place) -> None:
    rows = awkward(200)
    place.recipients(rows, header=HEADER)
    path = place.campaign()

    stopped = stopped_after(path, 100)

    assert stopped.exit_code is ExitCode.INTERRUPTED
    assert 100 <= stopped.sent < 150
    assert stopped.left == 200 - stopped.sent
    assert run(path).exit_code is ExitCode.DONE
    assert_everybody_once(place, rows)


def test_the_list_may_be_sorted_grow_and_be_mended_between_runs(place: Place) -> None:
    rows = awkward(200)
    place.recipients(rows, header=HEADER)
    path = place.campaign()
    stopped_after(path, 100)

    called = {str(call["recipient_phone_number"]) for call in place.calls()}
    random.Random(1).shuffle(rows)
    mended = next(row for row in rows if row[0] not in called)
    mended[1] = "Mended"
    kept = next(row for row in rows if row[0] in called)
    sent_name, kept[1] = kept[1], "Too late"
    rows += awkward(50, start=5000)
    place.recipients(rows, header=HEADER)
    run(path)

    assert_everybody_once(place, rows)
    calls = {call["recipient_phone_number"]: variables(call) for call in place.calls()}
    assert calls[mended[0]]["customer_name"] == "Mended"
    shown = {row["recipient_phone_number"]: row["customer_name"] for row in place.results()}
    assert shown[mended[0]] == "Mended"
    # Who was called shows the cells as they were sent; a formula's mark is not counted.
    assert shown[kept[0]].removeprefix("'") == sent_name.removeprefix("'")


def test_another_list_is_another_batch_only_under_another_name(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    last_week, this_week = awkward(30), awkward(30)[10:] + awkward(20, start=100)
    place.recipients(last_week, header=HEADER, name="last.csv")
    place.recipients(this_week, header=HEADER, name="this.csv")
    again = '[screening]\ncalled_elsewhere = "call"'
    apart = place.campaign(name="apart", more=f'results = "{{recipients}}.out.csv"\n{again}', recipients="last.csv")
    assert main(["run", str(apart), "--yes"]) == 0
    assert main(["run", str(apart), "--yes", "--recipients", str(place.folder / "this.csv")]) == 0
    assert len(place.calls()) == 30 + 40
    capsys.readouterr()

    same = place.campaign(name="same", more=again, recipients="last.csv")
    assert main(["run", str(same), "--yes"]) == 0
    # The other list would take its place in the results: that needs a person's word.
    assert main(["run", str(same), "--yes", "--recipients", str(place.folder / "this.csv")]) == ExitCode.USAGE
    assert "10 people were called before, and would be in " in capsys.readouterr().err
    asked = []

    async def yes(question: str) -> bool:
        asked.append(question)
        return True

    summary = run_campaign_sync(load_campaign(same, recipients=place.folder / "this.csv"), ask=yes)
    assert len(asked) == 1
    assert summary.counts == {Status.QUEUED: 40}
    assert len(place.calls()) == 70 + 30 + 20


def test_who_is_taken_out_is_not_called_and_who_comes_back_is(place: Place) -> None:
    rows = awkward(10)
    place.recipients(rows, header=HEADER)
    path = place.campaign()
    run(path, limit=4)
    place.recipients([rows[0], *rows[6:]], header=HEADER)

    left = run(path)

    assert left.counts == {Status.QUEUED: 5}
    assert [row["row"] for row in place.results()] == ["1", "2", "3", "4", "5", "", "", ""]
    assert len(place.calls()) == 8
    place.recipients(rows, header=HEADER)
    run(path)
    assert_everybody_once(place, rows)


def test_a_trial_in_the_sandbox_marks_nobody_as_called(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = awkward(20)
    place.recipients(rows, header=HEADER)
    path = place.campaign()
    monkeypatch.delenv("BOLNA_API_KEY")
    trial = run_campaign_sync(load_campaign(path, sandbox=True))
    assert trial.counts == {Status.QUEUED: 20}
    assert place.calls() == []
    monkeypatch.setenv("BOLNA_API_KEY", "bn-test")

    assert run(path).sent == 20

    assert_everybody_once(place, rows)


def test_nothing_is_dialled_without_a_yes(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(3), header=HEADER)
    assert main(["run", str(place.campaign())]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert place.calls() == []


def test_a_dry_run_shows_the_requests_and_changes_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(3), header=HEADER)
    path = place.campaign()
    before = sorted(place.folder.iterdir())

    assert main(["run", str(path), "--dry-run", "-o", "json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["to_call"] == 3
    assert [sample["recipient_phone_number"] for sample in told["samples"]] == [number(0), number(1), number(2)]
    assert sorted(place.folder.iterdir()) == before
    assert place.calls() == []


def test_the_key_is_nowhere(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(5), header=HEADER)
    path = place.campaign()
    main(["run", str(path), "--yes", "-o", "json"])
    main(["status", str(path), "-o", "json"])
    told = capsys.readouterr()
    files = b"".join(file.read_bytes() for file in place.folder.iterdir())
    assert "bn-test" not in told.out + told.err
    assert b"bn-test" not in files


def test_errors_keep_bolnas_words_and_are_called_again_only_on_request(place: Place) -> None:
    rows = awkward(10)
    place.recipients(rows, header=HEADER)
    path = place.campaign()
    place.sandbox.call_strikes.force("refused")

    first = run(path)

    assert first.exit_code is ExitCode.LOOK
    (refused,) = [row for row in place.results() if row["status"] == "error"]
    assert refused["http_status"] == "400"
    assert refused["error"]
    assert run(path).sent == 0
    again = run(path, retry_errors=True)
    assert again.sent == 1
    assert again.exit_code is ExitCode.DONE
    assert_everybody_once(place, rows)
