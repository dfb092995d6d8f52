"""What the manual shows is what happens, and its tables say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.cli.group import cli
from dialer.config.campaign.mistakes import _tables
from dialer.config.workspace import workspace_in_database, workspace_of
from dialer.errors import ExitCode
from dialer.export.results.columns import OWN
from dialer.messages.reasons import REASONS
from dialer.messages.verbs import VERBS
from dialer.models import Status
from tests.capture_help import captured
from tests.place import HEADER, Place, awkward
from tests.test_readme import blocks, project

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["project"]
MANUAL = Path(__file__).parent.parent / "dialer" / "manual"


def page(topic: str) -> str:
    return (MANUAL / f"{topic}.md").read_text(encoding="utf-8")


def test_a_help_text_is_the_program_s_own() -> None:
    """Where this fails, a command has changed: `python -m tests.capture_help` writes its help into the manual again."""
    text = page("commands")
    assert captured(text) == text
    assert re.findall(r"^\$ dialer (.*) --help$", text, re.MULTILINE) == commands()


def commands() -> list[str]:
    """Return every command in the order of the page of help, with those below it."""
    found = []
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        below = sorted(command.commands) if isinstance(command, click.Group) else []
        found += [verb, *(f"{verb} {name}" for name in below)]
    return found


def test_the_campaign_file_shown_is_a_valid_one(project: Path) -> None:
    path = project / "campaigns" / "shown.toml"
    path.write_text(blocks("toml", page("campaign-file"))[0], encoding="utf-8")
    campaign = load_campaign(path)
    assert campaign.batch.results == project / "results" / "reminders.csv"
    assert campaign.columns.id == "appointment_id"


SHOWN = blocks("toml", page("campaign-file"))[0]


@pytest.mark.parametrize("line", [line for line in SHOWN.splitlines() if re.match(r"# \w+ *= ", line)])
def test_each_setting_that_is_off_there_can_be_turned_on(project: Path, line: str) -> None:
    text = SHOWN.replace(line, line.removeprefix("# "))
    if line.startswith(("# start", "# until")):
        text = text.replace("# [schedule]", "[schedule]")
    if line.startswith("# uncovered"):  # which goes without hours
        text = re.sub(r"^(hours|days) .*", "", text, flags=re.MULTILINE)
    path = project / "campaigns" / "shown.toml"
    path.write_text(text, encoding="utf-8")
    assert load_campaign(path)


def test_the_campaign_file_shown_has_every_setting_there_is() -> None:
    named = set(re.findall(r"\w+", SHOWN))
    assert {key for _, keys in _tables() for key in keys} - named == set()


@pytest.mark.parametrize(
    ("topic", "text"),
    [(path.stem, text) for path in MANUAL.glob("*.md") for text in blocks("toml", path.read_text(encoding="utf-8"))],
)
def test_settings_that_are_shown_are_valid(project: Path, topic: str, text: str) -> None:
    if text.startswith("# dialer.toml"):
        (project / "dialer.toml").write_text(text, encoding="utf-8")
        in_database = re.search(r"^database =", text, re.MULTILINE)
        found = workspace_in_database(project)[0] if in_database else workspace_of(project)
        assert found.has_settings
    else:
        needed = {"agent_id": "123e4567-e89b-12d3-a456-426655440000", "recipients": "../sample_data/reminders.csv"}
        lines = [f'{key} = "{value}"' for key, value in needed.items() if key not in tomllib.loads(text)]
        path = project / "campaigns" / f"{topic}.toml"
        path.write_text("\n".join([*lines, text]), encoding="utf-8")
        assert load_campaign(path)


def test_the_library_s_example_runs(project: Path) -> None:
    (code,) = blocks("python", page("library"))
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert "queued" in done.stdout


class AirflowException(Exception):  # noqa: N818 - Airflow's name
    """The task is tried again."""


class AirflowSkipException(AirflowException):
    """The task ends, and nothing is wrong."""


class AirflowFailException(AirflowException):
    """The task fails, and is not tried again."""


@pytest.fixture
def airflow_task(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], None]:
    """The task of the manual, as Airflow calls it; the command it starts runs here, on a campaign for two people."""

    def started(words: list[str], *, cwd: str, check: bool, stdout: int) -> subprocess.CompletedProcess[str]:
        assert (words[0], cwd, check, stdout) == (".venv/bin/dialer", "/srv/calls", False, subprocess.PIPE)
        capsys.readouterr()
        code = main(words[1:])
        return subprocess.CompletedProcess(words, code, stdout=capsys.readouterr().out)

    (place.folder / "campaigns").mkdir()
    there = Place(place.folder / "campaigns", place.sandbox)
    there.recipients(awkward(2), header=HEADER)
    there.campaign(name="reminders")
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(subprocess, "run", started)
    # It is not installed; what it does with a task is not asked here.
    decorators = SimpleNamespace(task=lambda **_: lambda function: function)
    exceptions = (AirflowException, AirflowSkipException, AirflowFailException)
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.decorators", decorators)
    names = {one.__name__: one for one in exceptions}
    monkeypatch.setitem(sys.modules, "airflow.exceptions", SimpleNamespace(**names))
    (text,) = (block for block in blocks("python", page("unattended")) if "airflow" in block)
    found: dict[str, Any] = {}
    exec(text, found)
    task: Callable[[], None] = found["call_reminders"]
    return task


def test_the_airflow_task_ends_when_everybody_was_called(place: Place, airflow_task: Callable[[], None]) -> None:
    airflow_task()
    assert len(place.calls()) == 2


def test_the_airflow_task_is_skipped_while_a_person_has_paused_the_campaign(
    place: Place, airflow_task: Callable[[], None]
) -> None:
    assert main(["pause", "campaigns/reminders.toml"]) == ExitCode.DONE
    with pytest.raises(AirflowSkipException, match="paused by a person"):
        airflow_task()
    assert place.calls() == []


def test_the_airflow_task_is_tried_again_while_somebody_is_to_be_called_again_by_plan(
    place: Place, airflow_task: Callable[[], None]
) -> None:
    path = place.folder / "campaigns" / "reminders.toml"
    path.write_text(path.read_text() + '[redial]\noutcomes = ["no-answer"]\ntimes = ["2h"]\n')
    with pytest.raises(AirflowException, match="left for later") as raised:
        airflow_task()
    assert type(raised.value) is AirflowException
    assert len(place.calls()) == 2


def test_the_airflow_task_fails_for_good_where_a_person_has_to_act(
    place: Place, airflow_task: Callable[[], None]
) -> None:
    place.sandbox.call_strikes.force("payment_required")
    with pytest.raises(AirflowFailException, match="exit code 5"):
        airflow_task()
    assert place.calls() == []


@pytest.mark.parametrize(("code", "meaning"), REASONS.items())
def test_every_reason_is_explained(code: str, meaning: str) -> None:
    assert f"| `{code}` | {meaning} |" in page("codes")


@pytest.mark.parametrize("column", sorted(OWN))
def test_every_column_is_explained(column: str) -> None:
    assert f"`{column}`" in page("results")


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SENDING])
def test_every_status_is_explained(status: Status) -> None:
    assert f"| `{status}` |" in page("results")


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert re.search(rf"^\| .*\b{code.value}\b.* \|", page("codes"), re.MULTILINE)


def test_every_link_of_the_manual_leads_somewhere() -> None:
    for path in MANUAL.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (MANUAL / target).is_file(), f"{path.name}: {target}"
