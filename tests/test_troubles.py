"""Trouble can be rehearsed: calls that are refused, lost or answered late, the same ones for the same list."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from dialer.cli import main
from dialer.errors import ExitCode, UsageError
from dialer.provider import VENDOR
from dialer.provider.interface import Troubles
from tests.place import Place, number, run

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 60


@pytest.fixture
def path(place: Place) -> Path:
    place.recipients([[number(index), "a"] for index in range(PEOPLE)], header=["phone", "customer_name"])
    return place.campaign()


def trial(path: Path, *options: str) -> int:
    return main(["run", str(path), "--sandbox", "--yes", *options])


def troubled(place: Place) -> dict[str, tuple[str, str]]:
    """Return status and reason of everybody whose call was not accepted."""
    rows = place.results("c.results.sandbox.csv")
    return {row["phone"]: (row["status"], row["error"]) for row in rows if row["status"] != "queued"}


def test_the_same_people_are_refused_and_lost_each_time_and_the_refused_can_be_called_again(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--refuse", "10%", "--lose", "10%")
    assert trial(path, *options, "--no-progress") == ExitCode.LOOK
    first = troubled(place)
    assert {status for status, _ in first.values()} == {"error", "unknown"}
    refusals = {words for status, words in first.values() if status == "error"}
    assert refusals == {"Invalid `recipient_phone_number`"}
    # What it says at its end begins it anew.
    said = capsys.readouterr().err
    (again,) = [line for line in said.splitlines() if "To try again from the start: rm " in line]
    assert f"To call the people in this list for real: dialer run {path}" in said
    last = said.splitlines()[-1]
    assert last == f"Next, when the cause is fixed: dialer run {path} --sandbox --retry-errors"
    for file in again.partition(": rm ")[2].split():
        (place.folder / file).unlink()
    assert trial(path, *options, "-q") == ExitCode.LOOK
    assert troubled(place) == first
    assert trial(path, "--retry-errors", "-q") == ExitCode.LOOK
    assert {status for status, _ in troubled(place).values()} == {"unknown"}


def test_an_answer_comes_as_late_as_was_asked_for() -> None:
    with VENDOR.sandbox(Troubles(slow=1.0)) as (address, key), httpx.Client(base_url=address, trust_env=False) as web:
        began = time.monotonic()
        assert web.get("/user/me", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert time.monotonic() - began >= 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--refuse", "5"), "write a share of the calls in percent"),
        (("--refuse", "0.05"), "write a share of the calls in percent"),
        (("--lose", "101%"), "write a share of the calls in percent"),
        (("--lose", "-5%"), "write a share of the calls in percent"),
        (("--slow", "2"), "write a time from 1s to 24h"),
        (("--slow", "two"), "write a time from 1s to 24h"),
        (("--refuse", "60%", "--lose", "50%"), "more than 100% together"),
    ],
)
def test_a_share_or_a_time_that_cannot_be_meant_is_refused_in_words(
    place: Place, path: Path, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trial(path, *options) == ExitCode.USAGE
    assert said in " ".join(capsys.readouterr().err.split())
    assert main(["sandbox", *options]) == ExitCode.USAGE
    assert not (place.folder / "c.results.sandbox.csv").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_no_trouble_is_made_in_earnest(
    place: Place, path: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(path), "--yes", "--refuse", "5%", *more]) == ExitCode.USAGE
    assert "Add --sandbox, or leave them out." in capsys.readouterr().err
    with pytest.raises(UsageError, match="Add --sandbox"):
        run(path, troubles=Troubles(lose=0.1))
    assert not place.calls()
