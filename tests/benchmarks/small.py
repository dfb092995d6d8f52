"""What nobody should have to wait for: help, a list of ten, a word that the server does not answer."""

from __future__ import annotations

import functools
import socket
import time
from typing import TYPE_CHECKING

from tests.benchmarks import starting
from tests.benchmarks.process import spend
from tests.benchmarks.session import HEADER, line
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_TEN = 10
_BARE = "a bare interpreter"


def report(session: Session) -> str:
    """Return the table."""
    return table("Small things", HEADER, [*_ten(session), _help(session), *_nobody(session)])


def _ten(session: Session) -> list[tuple[str, ...]]:
    found = session.in_turns(
        {version.name: functools.partial(_first_cpu, session, version) for version in session.versions}
    )
    pandas = ["imports it" if _imports_pandas(session, version) else "does not" for version in session.versions]
    empty = [""] * (2 - len(pandas))
    return [
        line("first run of ten rows, CPU (trio not installed)", found),
        ("- pandas, for a plain CSV", "", *empty, *pandas, "", ""),
    ]


def _first_cpu(session: Session, version: Version) -> float:
    return starting.first(session, version, _TEN)[1]


def _imports_pandas(session: Session, version: Version) -> bool:
    campaign = session.campaign(version, "imports", _TEN)
    command = version.command("check", campaign)
    code = "import sys, runpy; sys.argv[1:] = sys.argv[1:]\ntry:\n runpy.run_module('dialer', run_name='__main__')\n"
    code += "finally:\n print('pandas' in sys.modules)"
    return session.spend([command[0], "-c", code, *command[3:]]).output.strip().endswith("True")


def _help(session: Session) -> tuple[str, ...]:
    measures = {
        version.name: functools.partial(_cpu, version.command("--help"), session.folder) for version in session.versions
    }
    bare = functools.partial(_cpu, [str(session.versions[-1].python), "-c", ""], session.folder)
    return line("--help, CPU", session.in_turns(measures | {_BARE: bare}), against=_BARE)


def _cpu(command: list[str], folder: Path) -> float:
    return spend(command, folder=folder).cpu


def _nobody(session: Session) -> list[tuple[str, ...]]:
    """`check` where the server's port is closed, and where one listens that never answers."""
    with socket.socket() as closed, socket.socket() as silent:
        closed.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        return [
            line(f"check, the server {what}, clock", session.in_turns(_checks(session, one)))
            for what, one in (("is down", closed), ("never answers", silent))
        ]


def _checks(session: Session, one: socket.socket) -> dict[str, functools.partial[float]]:
    url = f"http://127.0.0.1:{one.getsockname()[1]}"
    return {version.name: functools.partial(_check, session, version, url) for version in session.versions}


def _check(session: Session, version: Version, url: str) -> float:
    campaign = session.campaign(version, "check", _TEN)
    started = time.monotonic()
    spend(version.command("check", campaign), url=url, folder=session.folder)
    return time.monotonic() - started
