"""Several agents in one list: a row's cells say who calls, in which version and whose voice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dialer.cli import main
from dialer.errors import ExitCode
from dialer.provider.bolna.sandbox import Settings, running
from tests.place import AGENT, Place, number, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHER = "223e4567-e89b-12d3-a456-426655440000"
VERSION, OTHERS_VERSION = "423e4567-e89b-12d3-a456-426655440000", "523e4567-e89b-12d3-a456-426655440000"
COLUMNS = '[columns]\nagent_id = "Agent"\nagent_version_id = "Version"\nvoice_id = "Voice"\n'
CALL = f'[call]\nagent_version_id = "{VERSION}"\nagent_data = {{ voice_id = "Sam", language = "hi" }}\n'
HEADER = ["contact_number", "name", "Agent", "Version", "Voice"]


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A Bolna with two agents."""
    with running(Settings(agents=(AGENT, OTHER), latency=0.0)) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield Place(tmp_path, sandbox)


def called(place: Place, *rows: list[str], more: str = COLUMNS + CALL) -> dict[str, dict[str, Any]]:
    """Return the body of each call by name."""
    place.recipients([[number(at), *row] for at, row in enumerate(rows)], header=HEADER)
    run(place.campaign(more=more))
    return {body["user_data"]["name"]: body for body in place.calls()}


def test_a_row_s_cells_decide_and_an_empty_one_leaves_the_campaign_s_value(two: Place) -> None:
    bodies = called(
        two,
        ["plain", "", " ", ""],
        ["other", OTHER.upper(), "", "Mira"],
        ["version", "", OTHERS_VERSION, ""],
        ["both", f" {OTHER} ", OTHERS_VERSION, " "],
    )
    who = {name: (body["agent_id"], body.get("agent_version_id")) for name, body in bodies.items()}
    # The campaign's version is one of its own agent.
    assert who == {
        "plain": (AGENT, VERSION),
        "other": (OTHER, None),
        "version": (AGENT, OTHERS_VERSION),
        "both": (OTHER, OTHERS_VERSION),
    }
    voices = {name: body["agent_data"] for name, body in bodies.items()}
    assert voices["other"] == {"voice_id": "Mira", "language": "hi"}
    assert all(voices[name] == {"voice_id": "Sam", "language": "hi"} for name in ("plain", "version", "both"))
    assert all(body["user_data"].keys() == {"name", "dialer_ref"} for body in bodies.values())


def test_without_a_value_in_the_campaign_an_empty_cell_sends_nothing(two: Place) -> None:
    bodies = called(two, ["plain", "", "", ""], ["voice", "", "", 'Zoë "Z"'], more=COLUMNS)
    assert bodies["plain"].keys() == {"agent_id", "recipient_phone_number", "user_data"}
    assert bodies["voice"]["agent_data"] == {"voice_id": 'Zoë "Z"'}


def test_a_campaign_s_version_goes_with_every_call(two: Place) -> None:
    bodies = called(two, ["a", OTHER, "", ""], ["b", "", "", ""], more=CALL)
    assert [body["agent_version_id"] for body in bodies.values()] == [VERSION, VERSION]
    assert bodies["a"]["user_data"]["Agent"] == OTHER


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("Agent", "123", "agent_not_valid"),
        ("Agent", OTHER[:-1], "agent_not_valid"),
        ("Version", "live", "agent_version_not_valid"),
        ("Voice", "two\nlines", "voice_not_valid"),
        ("Voice", "x" * 101, "voice_not_valid"),
    ],
)
def test_a_cell_that_is_not_an_id_refuses_its_row(
    two: Place, column: str, cell: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["bad", *(cell if name == column else "" for name in HEADER[2:])]
    assert called(two, ["good", "", "", ""], bad).keys() == {"good"}
    assert f'"{column}"' in two.results()[1]["error"]
    assert main(["check", str(two.folder / "c.toml"), "-o", "json"]) == ExitCode.LOOK
    assert json.loads(capsys.readouterr().out)["report"]["reasons"] == {code: 1}


@pytest.mark.parametrize("command", [["check"], ["run", "--yes"]])
def test_an_agent_that_bolna_does_not_know_is_named_before_anybody_is_called(
    two: Place, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = "999e4567-e89b-12d3-a456-426655440000"
    two.recipients([[number(0), "a", "", "", ""], [number(1), "b", unknown, "", ""]], header=HEADER)
    assert main([*command, str(two.campaign(more=COLUMNS))]) == ExitCode.MUST_ACT
    assert f"Bolna knows no agent {unknown}" in capsys.readouterr().err
    assert not two.calls()


def test_check_shows_which_agents_the_list_names(two: Place, capsys: pytest.CaptureFixture[str]) -> None:
    two.recipients([[number(0), "a", OTHER, "", "Mira"]], header=HEADER)
    assert main(["check", "--verbose", str(two.campaign(more=COLUMNS))]) == ExitCode.DONE
    shown = capsys.readouterr().out
    assert f"Agents by column: 1 ({OTHER})." in shown
    assert f'"agent_id": "{OTHER}"' in shown
    assert '"voice_id": "Mira"' in shown


def test_a_run_says_before_it_dials_that_other_agents_call_too(two: Place, capsys: pytest.CaptureFixture[str]) -> None:
    two.recipients([[number(0), "a", "", "", ""], [number(1), "b", OTHER, "", ""]], header=HEADER)
    assert main(["run", str(two.campaign(more=COLUMNS))]) == ExitCode.USAGE  # nobody is there to be asked
    assert f"names other agents for some people (1: {OTHER})" in capsys.readouterr().err


def test_how_the_call_of_a_row_s_agent_went_is_known_as_soon_as_that_of_the_campaign_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Settings(speed=1e6, lines=20, outcomes={"busy": 1})) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        place = Place(tmp_path, sandbox)
        place.recipients([[number(at), "a", OTHER if at % 2 else "", "", ""] for at in range(8)], header=HEADER)
        run(place.campaign(more=COLUMNS))
        # So new that a list of one agent's calls would be excused for not showing them.
        assert main(["track", str(place.folder / "c.toml")]) == ExitCode.DONE
        assert [row["call_status"] for row in place.results()] == ["busy"] * 8


def test_an_unclear_call_of_a_row_s_agent_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Settings(number_faults={number(1): "closed_after"})) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        place = Place(tmp_path, sandbox)
        place.recipients([[number(0), "a", "", "", ""], [number(1), "b", OTHER, "", ""]], header=HEADER)
        run(place.campaign(more=COLUMNS))
        # At its end the run looks for what is unclear.
        assert [row["status"] for row in place.results()] == ["queued", "queued"]
        assert len(place.calls()) == 2
