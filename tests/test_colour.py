"""Red is what failed, yellow what waits, green what is done: on a terminal, and nowhere else unless asked for."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.cli.colour import choose, painted
from dialer.models import Status
from dialer.operations.batch_state import State
from dialer.provider.states import CallState
from tests.place import HEADER, awkward, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from tests.place import Place

RED, YELLOW, GREEN, END = (f"\x1b[{code}m" for code in (31, 33, 32, 0))


@pytest.fixture(autouse=True)
def _by_itself(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    choose("auto")
    yield
    choose("auto")


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        yield stream
    os.close(ours)


def test_what_failed_waits_and_is_done_has_its_colour(terminal: TextIO) -> None:
    assert painted("c: 3 queued, 2 error, 1,200 pending, 1 duplicate", terminal) == (
        f"c: {GREEN}3 queued{END}, {RED}2 error{END}, {YELLOW}1,200 pending{END}, 1 duplicate"
    )
    assert painted("Error: no such file", terminal) == f"{RED}Error{END}: no such file"
    assert painted("may   paused   12", terminal) == f"may   {YELLOW}paused{END}   12"
    assert painted("  failed    1   20.0%", terminal) == f"{RED}  failed{END}    1   20.0%"


@pytest.mark.parametrize(
    "plain", ["0 unknown", "the error column", "2024-1 queued.csv", "a/3 error", "Nothing done", "3 errors-and.csv"]
)
def test_a_word_that_counts_nothing_has_none(plain: str, terminal: TextIO) -> None:
    assert painted(plain, terminal) == plain


NEUTRAL = {
    *(Status.DUPLICATE, Status.SUPPRESSED, State.NOT_STARTED),
    *(CallState.MISSING, CallState.OTHER, CallState.VOICEMAIL, CallState.NO_ANSWER, CallState.BUSY),
    CallState.CANCELED,
}


@pytest.mark.parametrize("state", [*Status, *State, *CallState])
def test_each_state_has_a_colour_unless_it_is_neither(state: str, terminal: TextIO) -> None:
    shown = painted(f"a  {state}  b", terminal)
    assert (shown == f"a  {state}  b") == (state in NEUTRAL)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")])
def test_the_environment_can_refuse_them(
    name: str, value: str, terminal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert painted("1 error", terminal) == "1 error"
    choose("always")
    assert painted("1 error", terminal) == f"{RED}1 error{END}"


def test_each_stream_is_judged_by_itself(terminal: TextIO, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        assert painted("1 error", file) == "1 error"
    assert painted("1 error", terminal) != "1 error"
    choose("never")
    assert painted("1 error", terminal) == "1 error"


def test_colours_are_all_that_they_add(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """And what programs read never has them."""
    place.recipients([*awkward(3), ["no number", "", "", ""]], header=HEADER)
    path = str(place.campaign())
    place.sandbox.call_strikes.force("refused")
    run(place.folder / "c.toml")
    for words in (["status", path], ["list", "--in", str(place.folder)], ["check", path]):
        assert main(words) in {0, 1}
        plain = capsys.readouterr().out
        assert "\x1b" not in plain
        main([*words, "--color", "always"])
        colourful = capsys.readouterr().out
        assert "\x1b" in colourful
        assert re.sub(r"\x1b\[\d+m", "", colourful) == plain
        main([*words, "--json", "--color", "always"])
        assert json.loads(capsys.readouterr().out)


def test_a_colour_in_somebody_s_cell_is_shown_not_sent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name = tmp_path / "\x1b[32mdone.toml"
    assert main(["check", str(name), "--color", "always"]) == 2
    shown = capsys.readouterr().err
    assert "\\x1b[32mdone.toml" in shown
    assert re.findall(r"\x1b\[\d+m", shown) == [RED, END]


def test_a_choice_ends_with_its_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["check", str(tmp_path / "no.toml"), "--color", "always"])
    assert "\x1b" in capsys.readouterr().err
    main(["check", str(tmp_path / "no.toml")])
    assert "\x1b" not in capsys.readouterr().err
