"""What the README shows is what happens."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialer import load_campaign, run_campaign_sync
from dialer.cli.group import cli
from dialer.errors import ExitCode
from dialer.export.results.columns import OWN
from dialer.messages.reasons import REASONS
from dialer.models import Status

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
