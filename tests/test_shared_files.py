"""Whatever happens to a file that batches share while two runs use it, nobody is called twice, and it is told."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from dialer.errors import ExitCode
from tests.harness import PATIENCE, Batch, sandbox
from tests.test_shared_kills import running, wait_until_asked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDED = {ExitCode.DONE, ExitCode.LOOK, ExitCode.USAGE, ExitCode.LEFT, ExitCode.MUST_ACT}


def _instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.unlink()
        make(path)

    return put


def _linked(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    target = path.with_name("target")
    target.write_bytes(content)
    path.symlink_to(target)


def _copied(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


WHAT: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "rubbish": lambda path: path.write_bytes(os.urandom(300)),
    "a line of rubbish": lambda path: path.write_bytes(b'rubbish "in quotes"\n'),
    "a folder": _instead(lambda path: path.mkdir()),
    "a pipe": _instead(os.mkfifo),
    "a link that leads nowhere": _instead(lambda path: path.symlink_to("/nowhere/at/all")),
    "a link to /dev/zero": _instead(lambda path: path.symlink_to("/dev/zero")),
    "a link to what it was": _linked,
    "a copy of what it was": _copied,
}
EVERY = [(name, what) for name in ("dialer.ledgers", "dialer.rate", "dialer.toml") for what in WHAT]
SOME = [("dialer.ledgers", "a pipe")]


def spoiled(folder: Path, name: str, what: str) -> list[tuple[int, str]]:
    """Spoil a file under two runs in different folders, then begin a third; return how each ended."""
    (folder / "dialer.toml").write_text('[organisation]\nrate = "1200/minute"\nlines = 500\n', encoding="utf-8")
    one, two, three = (Batch.write(folder / part, people=20, rate="8/second") for part in ("one", "two", "three"))
    two.campaign.write_text(two.campaign.read_text().replace("list.csv", "other.csv"))
    lines = (two.folder / "list.csv").read_text(encoding="utf-8")
    # From the other end, so that they meet in the middle.
    people = [f"{number},N" for number in reversed(two.numbers)]
    (two.folder / "other.csv").write_text("\n".join([lines.splitlines()[0], *people]), encoding="utf-8")
    with sandbox(lines=1000) as bolna:
        with running(bolna, one, "--new-batch") as first, running(bolna, two, "--new-batch") as second:
            wait_until_asked(bolna, 6)
            WHAT[what](folder / name)
            ends = [(run.wait(PATIENCE), run.told()) for run in (first, second)]
        with running(bolna, three, "--new-batch") as third:
            ends.append((third.wait(PATIENCE), third.told()))
        times = Counter(call["to_number"] for batch in (one, two, three) for call in bolna.calls(batch.agent))
        assert max(times.values()) == 1, [number for number in times if times[number] > 1]
    for code, told in ends:
        assert code in ENDED, told
        assert "Traceback" not in told
        assert "not foreseen" not in told
    return ends


@pytest.mark.parametrize(("name", "what"), SOME)
def test_nobody_is_called_twice(tmp_path: Path, name: str, what: str) -> None:
    spoiled(tmp_path, name, what)


@pytest.mark.long
@pytest.mark.parametrize(("name", "what"), EVERY)
def test_nobody_is_called_twice_whatever_it_is(tmp_path: Path, name: str, what: str) -> None:
    ends = spoiled(tmp_path, name, what)
    print(name, what, [(code, told.splitlines()[-1:]) for code, told in ends])  # noqa: T201 - for the eye
