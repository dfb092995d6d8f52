"""The whole product in a process of its own: a campaign on disk, the command, what it took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AGENT = "123e4567-e89b-12d3-a456-426655440000"
IN_FLIGHT = 50
UNLIMITED = "100000/second"
_MEBI = 1 << 20
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run took.

    Attributes:
        sent: calls that it placed.
        seconds: how long sending them took, without start and loading.
        cpu: CPU seconds of the whole process.
        memory: its peak, in MiB.
    """

    sent: int
    seconds: float
    cpu: float
    memory: float

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.sent / self.seconds


def number(index: int) -> str:
    """Return a valid number."""
    return f"+9198{index:08d}"


def write_campaign(folder: Path, *, recipients: int, rate: str = UNLIMITED, in_flight: int = IN_FLIGHT) -> Path:
    """Write a campaign file and its CSV into an empty folder; return the former's path."""
    folder.mkdir()
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("contact_number,customer_name,appointment,amount\r\n")
        file.writelines(f"{number(row)},Zoë {row},2026-12-01 10:30,{row % 900}.50\r\n" for row in range(recipients))
    path = folder / "campaign.toml"
    path.write_text(
        f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n[pacing]\nrate = "{rate}"\nmax_in_flight = {in_flight}\n',
        encoding="utf-8",
    )
    return path


def environment(url: str) -> dict[str, str]:
    """Return an environment in which requests go to the server at `url`, past any proxy."""
    return {**os.environ, "BOLNA_BASE_URL": url, "BOLNA_API_KEY": "bn-benchmark", "NO_PROXY": "*", "no_proxy": "*"}


def start(arguments: Sequence[str], *, url: str) -> subprocess.Popen[str]:
    """Start a Python program whose output is read by `finish`."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(campaign: Path) -> list[str]:
    """Return the command that dials a campaign."""
    return ["dialer", "run", str(campaign), "--yes", "-o", "json"]


def dial(campaign: Path, *options: str, url: str, within: float) -> Ran:
    """Run a campaign to its end, at most `within` seconds; everything is on that is on by default."""
    return finish(start([*run(campaign), *options], url=url), within=within)


def finish(process: subprocess.Popen[str], *, within: float) -> Ran:
    """Wait for a run that was started, and return what it took.

    Raises:
        RuntimeError: it failed or took too long; the message is its own.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    alarm = threading.Timer(within, os.kill, [process.pid, signal.SIGKILL])
    alarm.start()
    complaints: list[str] = []
    listener = threading.Thread(target=lambda: complaints.extend(process.stderr or ()))
    listener.start()
    output = process.stdout.read()
    # Not Popen.wait: only this tells what the process used, and not what all children together did.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    alarm.cancel()
    listener.join()
    if not output:
        raise RuntimeError(f"ended with {process.returncode} within {within:.0f} s: {''.join(complaints)}")
    summary = json.loads(output)
    return Ran(
        sent=summary["sent"],
        seconds=summary["seconds"],
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss * _RSS_UNIT / _MEBI,
    )
