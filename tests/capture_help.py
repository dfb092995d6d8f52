"""Writes the help texts into the manual again: `python -m tests.capture_help`, where a command or an option changed."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from dialer.cli.group import cli

PAGE = Path(__file__).parent.parent / "dialer" / "manual" / "commands.md"
WIDTH = 78


def help_of(typed: str) -> str:
    """Return what a command shows that ends in `--help`, as wide as a page."""
    return CliRunner().invoke(cli, typed.split(), prog_name="dialer", terminal_width=WIDTH).output.strip()


def captured(text: str) -> str:
    """Return the page with each help text as it is now."""
    block = re.compile(r"^```console\n\$ dialer (.*)\n[\s\S]*?^```$", re.MULTILINE)
    return block.sub(lambda found: f"```console\n$ dialer {found[1]}\n{help_of(found[1])}\n```", text)


if __name__ == "__main__":
    PAGE.write_text(captured(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
