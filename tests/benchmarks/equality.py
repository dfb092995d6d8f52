"""Whether what is sent and what is judged is the same as before, and numbers are what phonenumbers says they are."""

from __future__ import annotations

import shutil
from hashlib import blake2b
from itertools import zip_longest
from typing import TYPE_CHECKING

from tests.benchmarks.lists import write_awkward, write_campaign
from tests.benchmarks.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.session import Session
    from tests.benchmarks.versions import Version

_HEADER = ("", "rows", "before", "now", "")
_Chunks = list[tuple[int, str]]


def report(session: Session) -> str:
    """Return the tables."""
    bodies, judged, verdicts = [], [], []
    beside: Sequence[str] = ()
    for version in session.versions:
        sent, results = _parts(session.spend(version.task("bodies", _awkward(session, version))).output)
        bodies.append(_chunks(sent))
        judged.append(_chunks(results))
        # What phonenumbers says takes long, and of one version is enough where both say the same.
        asked = ("beside",) if version is session.now else ()
        numbers = session.spend(version.script("verdicts.py", str(4 * session.rows), *asked)).output
        same, _, beside = (part.splitlines() for part in numbers.partition("\n\n"))
        verdicts.append(_chunks(same))
    lines = [
        _line("bodies as sent", bodies),
        _line("rows of the results", judged),
        _line("verdicts on generated numbers", verdicts),
    ]
    others = [(often, words) for often, _, words in (line.partition(" ") for line in beside)] or [("0", "none")]
    return "\n".join(
        [
            table("The same as before? Awkward cells, digests", _HEADER, lines),
            table(
                f"Other verdicts than phonenumbers, of {sum(count for count, _ in verdicts[-1]):,}",
                ("how", "often"),
                [(b, a) for a, b in others],
            ),
        ]
    )


def _awkward(session: Session, version: Version) -> Path:
    path = session.folder / "awkward.csv"
    if not path.exists():
        write_awkward(path, session.rows)
    folder = session.folder / f"{version.name}-awkward"
    shutil.rmtree(folder, ignore_errors=True)
    return write_campaign(folder, path)


def _parts(output: str) -> list[list[str]]:
    return [part.splitlines() for part in output.strip().split("\n\n")]


def _chunks(lines: Sequence[str]) -> _Chunks:
    return [(int(count), digest) for count, digest in (line.split() for line in lines)]


def _line(what: str, found: Sequence[_Chunks]) -> tuple[str, ...]:
    rows = f"{sum(count for count, _ in found[-1]):,}"
    digests = [blake2b("".join(digest for _, digest in one).encode(), digest_size=4).hexdigest() for one in found]
    if len(found) == 1:
        return what, rows, "", *digests, ""
    differ = [at for at, (before, now) in enumerate(zip_longest(*found)) if before != now]
    return what, rows, *digests, "the same" if not differ else f"chunk {differ[0]} and {len(differ) - 1} more differ"
