"""`dialer completion`: a shell completes commands, options and the campaign files there are."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dialer.cli import main
from dialer.errors import ExitCode
from tests.terminals import at_a_terminal

TRY = {
    "bash": (
        'eval "$(dialer completion bash)"\n'
        "COMP_WORDS=({words}); COMP_CWORD=$(({count} - 1)); _dialer_completion dialer\n"
        'printf "%s\\n" "${{COMPREPLY[@]}}"'
    ),
    "fish": 'dialer completion fish | source; complete -C "{line}"',
}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two campaign files, and a `dialer` to be found."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "dialer"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dialer "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    (tmp_path / "work" / "campaigns").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    for name in ("people.toml", "campaigns/reminders.toml"):
        Path(name).write_text('recipients = "people.csv"\n')
    Path("dialer.toml").write_text('recipients = "no campaign, whatever it says"\n')
    Path("pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.mark.parametrize("shell", TRY)
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("dialer run --retry", {"--retry-errors"}),
        ("dialer run people.toml c", {"campaigns/reminders.toml"}),
    ],
)
def test_a_shell_completes(there: Path, shell: str, line: str, completed: set[str]) -> None:
    assert there
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = TRY[shell].format(line=line, words=line, count=len(line.split()))
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    assert {one.partition("\t")[0] for one in done.stdout.splitlines()} == completed


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes(there: Path) -> None:
    (there / ".zshrc").write_text(
        'autoload -U compinit && compinit -u; eval "$(dialer completion zsh)"; PROMPT="ready> "\n'
    )
    _, screen = at_a_terminal(
        question="ready> ", answer="dialer status cam\t\x01echo \x05; exit\n", program=["zsh", "-i"]
    )
    assert "dialer status campaigns/reminders.toml" in screen


def test_all_campaign_files_are_offered_and_nothing_else(there: Path) -> None:
    environment = os.environ | {"COMP_WORDS": "dialer run ", "COMP_CWORD": "2", "_DIALER_COMPLETE": "bash_complete"}
    done = subprocess.run([there / "bin" / "dialer"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,campaigns/reminders.toml\nplain,people.toml\n"


def test_another_shell_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == ExitCode.USAGE
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
