"""The log that --verbose shows."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

import pytest

from dialer.cli import log, main
from tests.place import HEADER, Place, awkward

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ([0-9a-f]{8}) dialer\.[a-z._]+: .+")


@pytest.fixture
def path(quick: Place) -> Path:
    quick.recipients(awkward(3), header=HEADER)
    return quick.campaign()


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    assert not log.is_shown()


def test_each_line_names_the_run_and_each_call_has_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), "--yes", "--no-progress", "-q", "-v"]) == 0
    lines = [LINE.fullmatch(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) > 6
    assert len({line[1] for line in lines if line}) == 1
    for row in (1, 2, 3):
        assert sum(f"row {row}: queued, HTTP 200" in line[0] for line in lines if line) == 1
    assert all(lines)


def test_no_phone_number_no_cell_and_no_key_stands_in_it(
    path: Path, quick: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "bn-0123456789")
    assert main(["run", str(path), "--yes", "--no-progress", "-q", "-v"]) == 0
    assert main(["track", str(path), "-v"]) == 0
    shown = capsys.readouterr().err
    assert "dialer.engine.placing" in shown
    assert "bn-0123456789" not in shown
    for call in quick.calls():
        assert call["recipient_phone_number"][:-3] not in shown
        assert not any(cell in shown for cell in call["user_data"].values() if len(cell) > 5)


def test_among_events_each_line_is_an_event(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), "--yes", "-v", "--log-format", "json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {"log", "plan", "outcome", "summary"} <= {event["event"] for event in events}


def test_nothing_is_logged_where_nobody_asked(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(path), "--yes", "--no-progress", "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_a_program_that_uses_the_library_gets_the_log_by_its_own_logging(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="dialer"):
        assert main(["run", str(path), "--yes", "--no-progress", "-q"]) == 0
    assert (
        sum("queued" in record.getMessage() for record in caplog.records if record.name == "dialer.engine.placing") == 3
    )
