"""While something is paused nobody is called, by whatever run; what is paused, by whom and until when is said."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.errors import ExitCode
from dialer.operations import pause_campaigns, targets_of
from dialer.store.pause_files import PauseFiles, put
from dialer.store.shared import Pause
from tests.harness import CRASHED, Batch, Bolna, Crash, Crashing, Forked, sandbox, wait_until
from tests.place import HEADER, Place, awkward, number, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SINCE = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox() as bolna:
        yield bolna


def started(bolna: Bolna, batch: Batch, *, log: Path, calls: int) -> Forked:
    """Start a run, and return it once it has asked for some calls."""
    before = bolna.requests()
    process = Forked(batch.command("run"), environment=bolna.environment, log=log)
    wait_until(lambda: bolna.requests() - before >= calls, process)
    return process


@pytest.mark.parametrize(("rate", "calls"), [("5/second", 3), ("400/second", 100)])
def test_no_call_begins_after_pause_has_returned(bolna: Bolna, tmp_path: Path, rate: str, calls: int) -> None:
    batch = Batch.write(tmp_path / "b", people=2000, rate=rate)
    process = started(bolna, batch, log=tmp_path / "run.log", calls=calls)
    pausing = Forked(batch.command("pause"), environment=bolna.environment, log=tmp_path / "pause.log")
    assert pausing.wait() == ExitCode.DONE, pausing.told()
    placed = len(bolna.calls(batch.agent))
    assert process.wait() == ExitCode.LEFT
    again = Forked(batch.command("run"), environment=bolna.environment, log=tmp_path / "again.log")
    assert again.wait() == ExitCode.LEFT
    assert len(bolna.calls(batch.agent)) == placed
    assert "1 run stopped" in pausing.told()
    assert "is paused by" in process.told()
    assert {row["status"] for row in batch.rows() if row["key"]} == {"queued", "pending"}


def test_a_frozen_run_is_named_and_begins_no_call_when_it_goes_on(bolna: Bolna, tmp_path: Path) -> None:
    batch = Batch.write(tmp_path / "b", people=500, rate="50/second")
    process = started(bolna, batch, log=tmp_path / "run.log", calls=5)
    process.send_signal(signal.SIGSTOP)
    try:
        paused = pause_campaigns(targets_of([batch.campaign]), patience=0.5)
        assert (paused.exit_code, paused.stopped) == (ExitCode.LOOK, ())
        (named,) = paused.running
        assert (named.ledger, named.pid) == (str(batch.ledger.resolve()), process._process.pid)
        placed = len(bolna.calls(batch.agent))
    finally:
        process.send_signal(signal.SIGCONT)
    assert process.wait() == ExitCode.LEFT
    # One may have passed its last check as it was frozen, and be on its way.
    assert len(bolna.calls(batch.agent)) <= placed + 1


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('[schedule]\nstart = "2999-01-01T09:00:00+05:30"\n', "waiting for the schedule"),
        ('[window]\nhours = "{hours}"\ntimezone = "UTC"\noutside = "wait"\n', "waiting until"),
    ],
)
def test_a_run_that_waits_ends_when_it_is_paused(bolna: Bolna, tmp_path: Path, setting: str, told: str) -> None:
    batch = Batch.write(tmp_path / "b", people=3, rate="50/second")
    later = datetime.now(UTC) + timedelta(hours=6)
    hours = f"{later:%H:%M}-{later + timedelta(minutes=5):%H:%M}"
    with batch.campaign.open("a") as file:
        file.write(setting.format(hours=hours))
    words = [word for word in batch.command("run") if word != "--no-progress"]
    process = Forked(words, environment=bolna.environment, log=tmp_path / "log")
    wait_until(lambda: told in process.told(), process)
    assert main(["pause", str(batch.campaign)]) == ExitCode.DONE
    assert process.wait() == ExitCode.LEFT
    assert bolna.calls(batch.agent) == []


@pytest.mark.parametrize(
    "crash",
    [
        Crash("dialer.store.pause_files:_replace"),
        Crash("os:fsync"),
        Crash("dialer.store.pause_files:_sync"),
        Crash("dialer.store.pause_files:_sync", "after"),
    ],
    ids=str,
)
def test_a_pausing_that_is_killed_leaves_a_whole_pause_or_none(bolna: Bolna, tmp_path: Path, crash: Crash) -> None:
    batch = Batch.write(tmp_path / "b", people=3, rate="50/second")
    assert Crashing(bolna, tmp_path / "log").run(batch.command("pause", "--for", "2h"), crash) == CRASHED
    held = PauseFiles(campaign=batch.campaign).in_force()
    assert [(one.trouble, one.until is None) for one in held] == ([("", False)] if "_sync" in crash.at else [])


def test_a_paused_batch_calls_nobody_and_changes_nothing_whatever_it_is_asked_for(quick: Place) -> None:
    quick.recipients(awkward(6), header=HEADER)
    path = quick.campaign(more="[redial]\nredial_after = '1s'\n")
    run(path, limit=4)
    calls, files = len(quick.calls()), contents(quick.folder)
    assert main(["pause", str(path), "--note", "wrong prompt"]) == ExitCode.DONE
    files |= contents(quick.folder, "*.paused")
    requests = dict(quick.sandbox.traffic.requests)
    for options in ([], ["--retry-errors"], ["--redial", "no-answer"], ["--redial-unknown"], ["--adopt"], ["--track"]):
        assert main(["run", str(path), "--yes", "--new-batch", "--move-workspace", *options]) == ExitCode.LEFT

    async def asked(words: object) -> bool:
        raise AssertionError(words)

    summary = run(path, redial_unknown=True, retry_errors=True, adopt=True, ask=asked, confirm=asked)
    assert (summary.paused, summary.exit_code, summary.sent) == (True, ExitCode.LEFT, 0)
    assert "wrong prompt" in summary.ended
    assert contents(quick.folder) == files
    assert len(quick.calls()) == calls
    assert dict(quick.sandbox.traffic.requests) == requests


def contents(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    """Return what all files of a folder hold; what SQLite keeps beside a ledger for readers does not count."""
    left_out = ("-wal", "-shm")
    return {path.name: path.read_bytes() for path in folder.glob(pattern) if not path.name.endswith(left_out)}


def test_a_paused_start_is_told_to_scripts(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    main(["pause", str(path), "--for", "2h"])
    capsys.readouterr()
    assert main(["run", str(path), "--yes", "-o", "json", "--log-format", "json"]) == ExitCode.LEFT
    document, events = capsys.readouterr()
    event = json.loads(events.splitlines()[-1])
    assert [json.loads(document)["paused"], event["paused"], event["event"]] == [True, True, "summary"]


def held(path: Path, *, batch: str | None = None, trial: bool = False) -> list[str]:
    located = load_campaign(path, batch=batch, sandbox=trial).batch
    files = PauseFiles(campaign=located.campaign, results=located.results, sandbox=trial)
    return [pause.of for pause in files.in_force()]


def test_a_campaign_is_paused_with_all_its_batches_or_one_of_them(place: Place) -> None:
    path = place.campaign(more='results = "{batch}.csv"')
    main(["pause", str(path), "--batch", "may"])
    assert (held(path, batch="may"), held(path, batch="june")) == (["batch"], [])
    main(["pause", str(path)])
    assert (held(path, batch="may"), held(path, batch="june")) == (["batch", "campaign"], ["campaign"])
    main(["resume", str(path), "--batch", "may"])
    assert held(path, batch="may") == ["campaign"]


def test_a_trial_is_paused_apart(place: Place) -> None:
    path = place.campaign()
    main(["pause", str(path), "--sandbox"])
    main(["pause", "--all", "--in", str(place.folder), "--sandbox"])
    assert (held(path), held(path, trial=True)) == ([], ["campaign", "all"])
    main(["resume", str(path), "--sandbox"])
    main(["pause", str(path)])
    assert (held(path), held(path, trial=True)) == (["campaign"], ["all"])


def test_a_pause_of_a_campaign_with_a_trial_only_says_that_the_trial_is_not_paused(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.campaign()
    place.recipients([[number(1), "a"]], header=["phone", "name"])
    main(["pause", str(path)])
    main(["resume", str(path)])
    assert "trial" not in capsys.readouterr().out
    main(["run", str(path), "--sandbox", "--yes", "-q"])
    main(["pause", str(path)])
    assert "There is only a trial of it, which this does not pause: add --sandbox." in capsys.readouterr().out
    main(["pause", str(path), "--sandbox"])
    assert "only a trial" not in capsys.readouterr().out


@pytest.mark.parametrize("settings", ["", "[organisation]\nlines = 3\n", "this is [no TOML"])
def test_the_panic_button_needs_no_campaign(place: Place, monkeypatch: pytest.MonkeyPatch, settings: str) -> None:
    """It holds what lies below, from whatever folder in the workspace it is pressed, whatever `dialer.toml` says."""
    path, below = place.campaign(), place.folder / "below"
    below.mkdir()
    if settings:
        (place.folder / "dialer.toml").write_text(settings)
    monkeypatch.chdir(below if settings else place.folder)
    assert main(["pause", "--all"]) == ExitCode.DONE
    files = PauseFiles(campaign=path, results=below / "x.csv")
    assert [pause.of for pause in files.in_force()] == ["all"]
    assert main(["resume", "--all"]) == ExitCode.DONE
    assert files.in_force() == []


def test_a_link_to_the_campaign_file_is_paused_under_both_names(place: Place) -> None:
    path, link = place.campaign(), place.folder / "link.toml"
    link.symlink_to(path)
    main(["pause", str(link)])
    assert held(path) == ["campaign"]
    main(["resume", str(link)])
    assert (held(path), held(link)) == ([], [])


def rubbish(path: Path) -> None:
    path.write_bytes(b"\xff{")


def nothing(path: Path) -> None:
    path.touch()


def without_end(path: Path) -> None:
    path.write_text('{"by": "a", "since": "2026-11-29T09:00:00Z", "why": ""}')


def odd_end(path: Path) -> None:
    path.write_text('{"by": "a", "since": "2026-11-29T09:00:00Z", "until": "yesterday", "why": ""}')


def leads_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


@pytest.mark.parametrize("make", [rubbish, nothing, without_end, odd_end, leads_nowhere, os.mkfifo, os.mkdir])
def test_what_cannot_be_read_pauses_without_end(place: Place, make: Callable[[Path], None]) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign()
    make(path.with_name("c.toml.paused"))
    summary = run(path)
    assert (summary.exit_code, place.calls()) == (ExitCode.LEFT, [])
    assert "without end" in summary.ended
    # A folder is a person's, and holds until that person has removed it.
    code = main(["resume", str(path)])
    assert (code, held(path)) == ((5, ["campaign"]) if make is os.mkdir else (0, []))


def test_a_pause_that_cannot_be_written_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = place.campaign(), place.campaign(name="d")
    path.with_name("c.toml.paused").mkdir()
    assert main(["pause", str(path), str(other)]) == ExitCode.MUST_ACT
    assert "c.toml.paused cannot be written" in capsys.readouterr().out
    assert held(other) == ["campaign"]


def test_a_pause_ends_at_its_moment(tmp_path: Path) -> None:
    until = SINCE + timedelta(hours=2)
    path = tmp_path / "c.toml.paused"
    put(path, Pause("campaign", str(path), by="a@b", since=SINCE, until=until, why="Zoë \udcff"))
    at = [until.timestamp() - 0.1, until.timestamp()]
    found = [PauseFiles(campaign=tmp_path / "c.toml", now=lambda now=now: now).in_force() for now in at]  # type: ignore[misc]
    assert [[pause.until for pause in one] for one in found] == [[until], []]


HOUR, DAY = ["--for", "1h"], ["--for", "1d"]
NO_END: list[str] = []


@pytest.mark.parametrize(
    ("first", "second", "stays", "everything"),
    [
        *((HOUR, DAY, False, False), (HOUR, NO_END, False, True)),
        *((DAY, HOUR, True, False), (NO_END, DAY, True, True), (NO_END, NO_END, True, False)),
    ],
)
def test_of_two_pauses_the_longer_holds_and_what_was_in_force_is_said(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    first: list[str],
    second: list[str],
    *,
    stays: bool,
    everything: bool,
) -> None:
    """The first pause can be relied on: nobody is called before it is over, unless somebody resumes."""
    path = place.campaign()
    which = ["--all", "--in", str(place.folder)] if everything else [str(path)]
    assert main(["pause", *which, *first, "--note", "wrong prompt"]) == ExitCode.DONE
    (before,) = PauseFiles(campaign=path).in_force()
    capsys.readouterr()
    assert main(["pause", *which, *second, "--note", "lunch"]) == ExitCode.DONE
    told = capsys.readouterr().out
    (after,) = PauseFiles(campaign=path).in_force()
    assert (after == before) is stays
    assert after.why == ("wrong prompt" if stays else "lunch")
    assert ": wrong prompt" in told
    assert ("so it stays" in told) is stays
    assert ("It was paused by" in told) is not stays
    assert main(["pause", *which, "--for", "1m", "-o", "json"]) == ExitCode.DONE
    assert len(json.loads(capsys.readouterr().out)["kept"]) == 1


def test_a_pause_that_is_over_or_cannot_be_read_gives_way_to_one_without_end(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.campaign()
    file = path.with_name("c.toml.paused")
    put(file, Pause("campaign", str(file), by="a@b", since=SINCE, until=SINCE))
    assert main(["pause", str(path), "--for", "1h"]) == ExitCode.DONE
    assert "is paused, until" in capsys.readouterr().out
    file.write_text("{")
    assert main(["pause", str(path), "--for", "1h"]) == ExitCode.DONE
    assert "is paused without end" in capsys.readouterr().out
    assert main(["pause", str(path)]) == ExitCode.DONE
    (pause,) = PauseFiles(campaign=path).in_force()
    assert (pause.trouble, pause.until) == ("", None)


def test_two_who_pause_at_once_leave_a_whole_pause(tmp_path: Path) -> None:
    path = tmp_path / "c.toml.paused"
    pauses = [Pause("campaign", str(path), by=f"{index}@host", since=SINCE) for index in range(8)]
    threads = [threading.Thread(target=put, args=(path, pause)) for pause in pauses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (pause,) = PauseFiles(campaign=tmp_path / "c.toml").in_force()
    assert pause in pauses
    assert [one.name for one in tmp_path.iterdir()] == ["c.toml.paused"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--until", "2020-01-01 09:00"], "in the past"),
        (["--until", "2026-11-28T09:00:00Z"], "in the past"),
        (["--until", "tomorrow"], "not a date and a time"),
        (["--until", "2999-01-01"], "not a date and a time"),
        (["--until", "2999-02-30 09:00"], "not a date and a time"),
        (["--until", ""], "not a date and a time"),
        (["--for", "2"], "not a length"),
        (["--for", "-2h"], "not a length"),
        (["--for", "0h"], "not a length"),
        (["--for", "2h", "--until", "2999-01-01 09:00"], "not both"),
        (["--all"], "leave the campaign file"),
    ],
)
def test_what_cannot_be_meant_pauses_nothing(
    place: Place, options: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place.campaign()
    assert main(["pause", str(path), *options]) == ExitCode.USAGE
    assert why in capsys.readouterr().err
    assert held(path) == []


def test_a_time_without_an_offset_is_the_campaign_s(place: Place) -> None:
    path = place.campaign(more='[window]\nhours = "09:00-20:00"\ntimezone = "Asia/Kolkata"\n')
    main(["pause", str(path), "--until", "2999-12-01 09:00"])
    (pause,) = PauseFiles(campaign=path).in_force()
    assert pause.until == datetime(2999, 12, 1, 3, 30, tzinfo=UTC)


def test_a_pause_is_shown_by_the_campaign_s_clock_on_every_page(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(2), header=HEADER)
    path = place.campaign(more='[window]\nhours = "00:00-24:00"\ntimezone = "Asia/Kathmandu"\n')
    assert main(["pause", str(path), "--until", "2999-12-01 09:00"]) == ExitCode.DONE
    until = "until 2999-12-01 09:00 Asia/Kathmandu"
    assert f"This campaign is paused, {until}" in capsys.readouterr().out
    (pause,) = PauseFiles(campaign=path).in_force()
    assert pause.since is not None
    since = f"since {pause.since.astimezone(ZoneInfo('Asia/Kathmandu')):%Y-%m-%d %H:%M} Asia/Kathmandu"
    for verb, code in (("run", ExitCode.LEFT), ("check", ExitCode.DONE), ("list", ExitCode.DONE)):
        which = ["--in", str(place.folder)] if verb == "list" else [str(path)]
        assert main([verb, *which]) == code
        told = " ".join("".join(capsys.readouterr()).split())
        assert f"{since}, {until}" in told, verb
    assert main(["resume", str(path)]) == ExitCode.DONE
    assert f"It was paused by {pause.by} {since}." in capsys.readouterr().out


def test_a_pause_of_every_campaign_is_shown_by_this_machine_s_clock(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        code = main(["pause", "--all", "--in", str(place.folder), "--until", "2999-12-01 09:00"])
    time.tzset()
    assert code == ExitCode.DONE
    assert "until 2999-12-01 09:00 UTC+05:45" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["pause", "nope.toml"], ["resume", "nope.toml"]])
def test_a_campaign_that_is_not_there_is_named(words: list[str], tmp_path: Path) -> None:
    assert main([word if ".toml" not in word else str(tmp_path / word) for word in words]) == ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


def test_a_resume_says_what_still_holds(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = place.campaign()
    main(["pause", str(path)])
    main(["pause", "--all", "--in", str(place.folder)])
    capsys.readouterr()
    assert main(["resume", str(path)]) == ExitCode.DONE
    assert f"dialer resume --all --in {place.folder}" in capsys.readouterr().out
    main(["resume", "--all", "--in", str(place.folder)])
    capsys.readouterr()
    assert main(["resume", str(path)]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == [f"{path} was not paused.", f"To go on: dialer run {path}"]


def test_status_and_check_say_that_it_is_paused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(awkward(3), header=HEADER)
    path = place.campaign()
    run(path, limit=1)
    main(["pause", str(path), "--note", "wrong prompt"])
    for words in (["status"], ["check"], ["status", "-o", "json"]):
        capsys.readouterr()
        main([*words, str(path)])
        assert "wrong prompt" in capsys.readouterr().out
