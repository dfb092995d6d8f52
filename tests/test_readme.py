"""What the README shows is what happens."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dialer import load_campaign, run_campaign_sync
from dialer.cli import main
from dialer.cli.group import cli
from dialer.errors import ExitCode
from dialer.export.results.columns import OWN
from dialer.messages.reasons import REASONS
from dialer.models import Status
from tests.place import HEADER, Place, awkward

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the samples to work in, without a key."""
    for name in ("campaigns", "sample_data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "shown"), [block.removeprefix("$ dialer ").split("\n", 1) for block in blocks("console")]
)
def test_a_help_text_is_the_program_s_own(typed: str, shown: str) -> None:
    result = CliRunner().invoke(cli, typed.split(), prog_name="dialer", terminal_width=78)
    assert result.output.strip() == shown.strip()


def test_both_first_commands_are_the_ones_that_are_run() -> None:
    first, second = blocks("sh")[:2]
    assert "dialer run campaigns/reminders.toml --sandbox" in first
    assert second.strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_campaign_file_shown_is_a_valid_one(project: Path) -> None:
    path = project / "campaigns" / "shown.toml"
    path.write_text(blocks("toml")[0], encoding="utf-8")
    campaign = load_campaign(path)
    assert campaign.batch.results == project / "results" / "reminders.csv"
    assert campaign.columns.id == "appointment_id"


def test_the_library_s_example_runs(project: Path) -> None:
    (code,) = [block for block in blocks("python") if "run_campaign_sync" in block]
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
    """The task of the README, as Airflow calls it; the command it starts runs here, on a campaign for two people."""

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
    (text,) = (block for block in blocks("python") if "airflow" in block)
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


@pytest.mark.parametrize("name", ["reminders", "survey", "renewals"])
def test_a_sample_campaign_runs_in_the_sandbox_as_it_stands(project: Path, name: str) -> None:
    faster = project / "campaigns" / f"{name}.toml"
    text = faster.read_text(encoding="utf-8")
    faster.write_text(re.sub(r"^rate +=.*", 'rate = "300/second"', text, flags=re.MULTILINE), encoding="utf-8")
    batch = "december" if "{batch}" in text else None
    summary = run_campaign_sync(load_campaign(faster, batch=batch, sandbox=True))
    assert summary.exit_code in {ExitCode.DONE, ExitCode.LOOK}
    assert summary.counts[Status.QUEUED] > 0
    assert Status.PENDING not in summary.counts
    assert Path(summary.results).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("code", "meaning"), REASONS.items())
def test_every_reason_is_explained(code: str, meaning: str) -> None:
    assert f"| `{code}` | {meaning} |" in README


@pytest.mark.parametrize("column", sorted(OWN))
def test_every_column_is_explained(column: str) -> None:
    assert f"`{column}`" in README


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SENDING])
def test_every_status_is_explained(status: Status) -> None:
    assert f"| `{status}` |" in README


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert re.search(rf"^\| .*\b{code.value}\b.* \|", README, re.MULTILINE)
