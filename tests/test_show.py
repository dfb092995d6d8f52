"""`dialer show`: all that was ever done to a number, in every ledger of a folder."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.models import Status
from dialer.provider.bolna.executions import execution_in
from tests.engines import EACH_ENGINE
from tests.ledgers import ANYBODY, QUEUED, REFUSED, UNCLEAR, call, key_of, load, number_of, opened, people, row
from tests.place import AGENT, number

if TYPE_CHECKING:
    from pathlib import Path

    from tests.place import Place

WRITTEN = f"+{str(number_of(1))[:2]} ({str(number_of(1))[2:4]}) {str(number_of(1))[4:8]}-{str(number_of(1))[8:]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two ledgers that know the number, one below the other, and one that does not."""
    (tmp_path / "old").mkdir()
    with closing(opened(tmp_path / "old" / "monday.ledger", batch="monday")) as ledger:
        people(ledger, 3)
        call(ledger, 1, REFUSED)
        ledger.permit(Status.ERROR, ANYBODY, what="--retry-errors")
        attempt = call(ledger, 1, QUEUED)
        execution = execution_in(
            {
                "id": "exec-1",
                "status": "completed",
                "conversation_duration": 45,
                "telephony_data": {
                    "hangup_by": "Caller",
                    "hangup_reason": "Normal",
                    "recording_url": "https://r.test/1",
                },
            }
        )
        assert execution is not None
        ledger.note_calls([(attempt.id, execution)])
    with closing(opened(tmp_path / "tuesday.ledger", batch="tuesday")) as ledger:
        load(ledger, [row(1, 2), row(2, 1, status=Status.SUPPRESSED)])
        call(ledger, 2, UNCLEAR)
    with closing(opened(tmp_path / "wednesday.ledger", batch="wednesday")) as ledger:
        load(ledger, [row(1, 2)])
    return tmp_path


def test_every_attempt_is_shown_with_how_the_call_went(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", WRITTEN, "--in", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{key_of(1)}: 2 attempts, in 3 ledgers"
    assert lines[1].endswith("tuesday.ledger: batch tuesday, agent agent-1")
    assert lines[2] == "  +919800000001: suppressed, it is suppressed"
    assert lines[3].endswith("monday.ledger: batch monday, agent agent-1")
    assert lines[4] == "  +919800000001: queued"
    assert lines[5].endswith("UTC  error (HTTP 400, bad number)")
    assert lines[6].endswith("UTC  asked to be called again: --retry-errors")
    assert lines[7].endswith(
        "UTC  queued (HTTP 200); execution exec-1; completed, 45 s, ended by Caller, Normal, https://r.test/1"
    )
    assert len(lines) == 8


def test_a_number_may_be_written_as_people_write_it_and_without_quotes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", *WRITTEN.split(), "--in", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"{key_of(1)}: 2 attempts")


def test_as_json_it_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", key_of(1), "--in", str(folder), "-o", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["number"], shown["ledgers"], shown["unread"]) == (key_of(1), 3, [])
    (person,) = shown["found"][1]["people"]
    assert [attempt["outcome"] for attempt in person["attempts"]] == ["error", "queued"]
    assert person["attempts"][1]["duration"] == 45


@pytest.mark.parametrize("text", ["98000 00001", "09800000001", "nobody", "+91 12"])
def test_a_number_that_does_not_say_the_country_is_refused_with_words(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", text, "--in", str(folder)]) == 2
    assert "Write the number with + and the country code" in capsys.readouterr().err


def test_what_is_not_a_number_at_all_is_refused_as_that(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nobody", "--in", str(folder)]) == 2
    assert "country." not in capsys.readouterr().err.partition("Write")[0]


def test_a_ledger_that_cannot_be_read_is_told_and_hides_no_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "accounts.ledger").write_text("2026/11/25 Groceries  12 EUR\n" * 50)
    (folder / "new.ledger").touch()
    assert main(["show", key_of(1), "--in", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{key_of(1)}: 2 attempts, in 4 ledgers")
    assert f"Not read: {folder / 'accounts.ledger'}" in err
    assert "new.ledger" not in err


def test_a_folder_without_a_ledger_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", key_of(1), "--in", str(tmp_path)]) == 2
    assert "no ledger was found" in capsys.readouterr().err
    assert main(["show", key_of(1), "--in", str(tmp_path / "nowhere")]) == 2


def test_a_folder_with_trials_only_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients([[number(1), "a"]], header=["phone", "name"])
    assert main(["run", str(place.campaign()), "--sandbox", "--yes", "-q"]) == 0
    shown = ["show", number(1), "--in", str(place.folder)]
    assert main(shown) == 2
    assert "There are trials: add --sandbox." in capsys.readouterr().err
    assert main([*shown, "--sandbox"]) == 0


def test_nothing_in_a_ledger_is_changed(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.ledger")}
    main(["show", key_of(1), "--in", str(folder)])
    assert {path: path.read_bytes() for path in folder.rglob("*.ledger")} == before


@EACH_ENGINE
def test_the_agent_is_shown_that_called_where_a_column_names_another(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "123e4567-e89b-12d3-a456-426655440999"
    place.recipients([[number(1), other], [number(2), ""]], header=["phone", "by"])
    assert main(["run", str(place.campaign(more='[columns]\nagent_id = "by"')), "--yes", "-q"]) == 0
    assert {one["recipient_phone_number"]: one["agent_id"] for one in place.calls()} == {
        number(1): other,
        number(2): AGENT,
    }
    capsys.readouterr()
    assert main(["show", number(1), "--in", str(place.folder)]) == 0
    shown = capsys.readouterr().out
    assert f"agent {AGENT}" in shown.splitlines()[1]
    assert f"queued (HTTP 200); agent {other}; execution" in shown
    assert main(["show", number(2), "--in", str(place.folder)]) == 0
    assert other not in capsys.readouterr().out
    assert main(["show", number(1), "--in", str(place.folder), "-o", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["found"]
    assert found["people"][0]["attempts"][0]["agent"] == other
