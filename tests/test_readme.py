"""What the README shows is what happens."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dialer import load_campaign, run_campaign_sync
from dialer.errors import ExitCode
from dialer.models import Status

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, page: str) -> list[str]:
    """Return the code blocks of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the samples to work in, without a key."""
    for name in ("campaigns", "sample_data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)
    return tmp_path


def test_both_first_commands_are_the_ones_that_are_run() -> None:
    first, second = blocks("sh", README)[:2]
    assert "dialer run campaigns/reminders.toml --sandbox" in first
    assert second.strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_page_is_a_short_one() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 120] == []


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).is_file(), target


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
    # The people in a sample's list are strangers: nothing leads to calling them.
    assert summary.in_earnest is None
    assert summary.next is not None
    assert "--sandbox" in summary.next.command or summary.next.command == "dialer init YOUR.csv"


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert re.search(rf"^\| .*\b{code.value}\b.* \|", README, re.MULTILINE)
