"""What gets lost: a list as it comes, the vendor's limit ten times as fast, lines that are cut, and a kill half-way.

Each program is killed (SIGKILL) when half of the list is placed, and started again with the same words, as anybody does
who only sees that it is gone. Of every 100 calls one is placed and its line cut before the answer.
"""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks.limit import LIMIT, PER
from tests.benchmarks.lists import AGENT, IN_FLIGHT, write_campaign
from tests.benchmarks.process import Program
from tests.benchmarks.session import RESULTS
from tests.benchmarks.table import table
from tests.benchmarks.versions import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.server import Server
    from tests.benchmarks.session import Session

_HEADER = ("agent_id", "recipient_phone_number", "name", "note")
_NAMES = ("Zoë", 'Ann "Nan" Lee', "Lee, Ann", "O'Neil", "two\nlines", " padded ", "", "007", "अनन्या", "50% off")
_NO_NUMBER = ("", "n/a", "9.19877E+11", "12345")
_LATENCY, _CUT = 0.05, 100
_PATIENCE, _WITHIN = 60.0, 240.0
_CSV2HTTP = "csv2http"
# As careful as such a line gets: nothing of a cell is run, and `curl` tries again when it is told to wait.
_CURL = """
tail -n +2 "$1" | tr -d '\\r' | xargs -P 50 -d '\\n' -n 1 bash -c '
IFS=, read -r agent number name note <<< "$1"
curl -s --retry 5 -H "Authorization: Bearer bn-benchmark" -H "Content-Type: application/json" "$0/call" \\
  -d "{\\"agent_id\\":\\"$agent\\",\\"recipient_phone_number\\":\\"$number\\",\\
\\"user_data\\":{\\"name\\":\\"$name\\",\\"note\\":\\"$note\\"}}"
' "$2"
"""


@dataclass(frozen=True, slots=True)
class _Entrant:
    """Who takes part.

    Attributes:
        words: what it is.
        command: its words for a list and an address.
        written: returns number → id of its call as its own output has it; empty where it says that it does not know.
    """

    words: str
    command: Callable[[Path, str], list[str]]
    written: Callable[[Path], Mapping[str, str]]


def report(session: Session) -> str:
    """Return the table."""
    people = 200 if session.quick else 1_000
    entrants = [
        _Entrant("dialer run", _dialer, _results),
        _Entrant("xargs -P 50, bash, curl --retry 5", _xargs, lambda _: {}),
    ]
    if place := _csv2http(session.folder):
        entrants.append(_Entrant(f"csv2http -c {IN_FLIGHT}", place, lambda _: {}))
    rows = [_row(session, entrant, at, people) for at, entrant in enumerate(entrants)]
    title = f"What gets lost of {people:,} people, {LIMIT} calls in any {PER:.0f} s, killed half-way and started again"
    header = ("", "lost", "left, and named", "called twice", "other cells", "to nobody", "429s", "rows with their id")
    return table(title, header, rows)


def _row(session: Session, entrant: _Entrant, at: int, people: int) -> tuple[str, ...]:
    folder = session.folder / f"lost-{at}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "list.csv"
    expected = _write(path, people)
    command = entrant.command(path, session.server.url)
    session.server.begin(latency=_LATENCY, limit=LIMIT, per=PER, cut=_CUT)
    first = Program(command, url=session.server.url, folder=ROOT)
    session.server.until(people // 2, within=_PATIENCE)
    first.kill()
    Program(command, url=session.server.url, folder=ROOT).finish(within=_WITHIN, fine=None)
    return entrant.words, *_told(session.server, expected, entrant.written(path))


def _told(server: Server, expected: Mapping[str, Sequence[str]], written: Mapping[str, str]) -> list[str]:
    """Return what became of the people, as the server saw it."""
    seen = server.seen()
    calls = [call for call in map(_call, seen.bodies) if call is not None]
    # A body that is not JSON is refused by the vendor: it calls nobody.
    times = Counter(number for number, _ in calls if number in expected)
    wrong = sum(number in expected and cells != tuple(expected[number]) for number, cells in calls)
    nobody = sum(number not in expected for number, _ in calls)
    never = [number for number in expected if number not in times]
    told = sum(number in written for number in never)
    twice = sum(often > 1 for often in times.values())
    known = sum(bool(written.get(number)) for number in expected)
    return [f"{count:,}" for count in (len(never) - told, told, twice, wrong, nobody, seen.refused, known)]


def _call(body: str) -> tuple[str, tuple[Any, ...]] | None:
    """Return whom a body calls, and with which cells; None where it is not JSON."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    variables = content.get("user_data") or {}
    number = "".join(filter(str.isdigit, str(content.get("recipient_phone_number", ""))))
    return number, tuple(variables.get(name) for name in _HEADER[2:])


def _write(path: Path, people: int) -> dict[str, list[str]]:
    """Write a list in which one row in fifty has no number, and one in fifty one that was there; return its people."""
    chance = random.Random(people)
    expected: dict[str, list[str]] = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for index in range(people):
            number, cells = f"9198{index:08d}", [chance.choice(_NAMES), f"room {index}"]
            expected[number] = cells
            writer.writerow([AGENT, f"+{number}", *cells])
            if index % 50 == 10:
                writer.writerow([AGENT, chance.choice(_NO_NUMBER), "Nobody", ""])
            if index % 50 == 20:
                writer.writerow([AGENT, f"+{number}", "Again", ""])
    return expected


# -- who takes part --------------------------------------------------------------------------------------------------


def _dialer(path: Path, _url: str) -> list[str]:
    """The product, at this limit; which a campaign file cannot say."""
    campaign = write_campaign(path.parent / "dialer", path, rate=f"{LIMIT}/minute")
    return [sys.executable, "-m", "tests.benchmarks.limit", str(campaign)]


def _results(path: Path) -> dict[str, str]:
    with (path.parent / "dialer" / RESULTS).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] in {"queued", "unknown"}]
    return {row["recipient_phone_number"].lstrip("'+"): row["execution_id"] for row in rows}


def _xargs(path: Path, url: str) -> list[str]:
    return ["bash", "-c", _CURL, "bash", str(path), url]


def _csv2http(folder: Path) -> Callable[[Path, str], list[str]] | None:
    """Return the command of csv2http 0.0.3a1; None where it cannot be installed. It needs an httpx of its own."""
    home = folder / _CSV2HTTP
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(home), f"{_CSV2HTTP}==0.0.3a1"]
    if not home.exists() and subprocess.run(command, check=False, capture_output=True).returncode:
        print(f"{_CSV2HTTP} cannot be installed: it is left out.\n", flush=True)
        return None
    code = f"import sys; sys.path.insert(0, {str(home)!r}); from csv2http.core import main; main()"
    header = "Authorization:Bearer bn-benchmark"
    return lambda path, url: [
        *(sys.executable, "-c", code, str(path), f"{url}/call", "-c", str(IN_FLIGHT), "-n", "-H", header)
    ]
