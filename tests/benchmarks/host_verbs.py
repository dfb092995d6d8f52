"""One script of commands, typed on several hosts that share a database, and on one machine with files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.hosts import Hosts, number, provider, write_people
from tests.postgres_server import Server

if TYPE_CHECKING:
    from dialer.provider.bolna.sandbox import Sandbox

_PEOPLE = 300
_OTHER_PEOPLE = range(100, 400)
"""The list that takes the first one's place: a third leaves it, a third is new."""
_OPTED_OUT = (250, 390)
_PER_MINUTE = 300
_USAGE, _LEFT, _STOPPED = 2, 3, (0, 3, 130, 143)


def verbs(quick: bool) -> tuple[str, str, bool]:  # noqa: FBT001 - as all scenarios
    """Redials, another list, cancel, pause and opt-out from other hosts, while some call."""
    del quick
    ends = {}
    for where in ("files", "database"):
        server = Server()
        # Every fifth does not answer, once.
        silent = {number(index): "no-answer" for index in range(0, 400, 5)}
        try:
            with tempfile.TemporaryDirectory(prefix="dialer-h-") as folder, provider(number_outcomes=silent) as sandbox:
                here = Hosts(
                    server, Path(folder), people=_PEOPLE, sandbox=sandbox, per_minute=_PER_MINUTE,
                    shares=where == "database",
                )  # fmt: skip
                try:
                    ends[where] = _script(here, sandbox)
                finally:
                    here.close()
        finally:
            server.close()
    files, shared = ends["files"], ends["database"]
    differ = [key for key in files.keys() | shared.keys() if files.get(key) != shared.get(key)]
    again = sum(attempts == "2" for _, attempts, _ in shared.values())
    wrong = sum(status == "queued" and int(attempts) != calls for status, attempts, calls in shared.values())
    figures = f"{len(shared)} people, {again} called again, {len(differ)} end otherwise than with files"
    return f"{figures}, {wrong} with other calls than attempts", "0, 0", not differ and not wrong


def _script(here: Hosts, sandbox: Sandbox) -> dict[str, tuple[str, str, int]]:
    """Return status, attempts and calls of everybody in the end."""
    here.do("dnc", "add", number(_OPTED_OUT[1]), "--in", "F", "--source", "mail", host=3)
    for host in (0, 1):
        here.start(host=host)
    here.until_called(40)
    if here.shares:
        # Another list is not loaded while others call the first one.
        write_people(here.hosts[1].with_name("list.csv"), _OTHER_PEOPLE)
        here.do("run", "C", "--yes", "--join", host=1, fine=(_USAGE,))
        write_people(here.hosts[1].with_name("list.csv"), range(_PEOPLE))
    here.do("dnc", "add", number(_OPTED_OUT[0]), "--in", "F", "--source", "phone", host=2)
    here.do("pause", "C", host=3)
    here.end()
    before = len(sandbox.book.calls)
    here.do("run", "C", "--yes", host=2, fine=(_LEFT,))
    assert len(sandbox.book.calls) == before, "nobody is called while it is paused"
    here.do("resume", "C", host=2)
    for host in (1, 2):
        here.start(host=host)
    here.until_called(60)
    here.do("cancel", "C", "--yes", host=0, fine=_STOPPED)
    here.end()
    here.do("resume", "C", host=1)
    for host in (0, 3):
        here.start(host=host)
    here.end()
    here.do("track", "C", host=2)
    for campaign in here.hosts:
        write_people(campaign.with_name("list.csv"), _OTHER_PEOPLE)
    here.people = len(_OTHER_PEOPLE)
    for host, words in ((0, ("--redial", "no-answer")), (1, ())):
        here.start(*words, host=host)
    here.end()
    here.do("track", "C", host=3)
    calls: dict[str, int] = {}
    for call in sandbox.book.calls:
        calls[call.to_number] = calls.get(call.to_number, 0) + 1
    return {
        row["contact_number"]: (row["status"], row["attempts"], calls.get(row["contact_number"], 0))
        for row in here.results()
    }
