"""Closed, broken and full standard streams: the work is done all the same, and the exit code is that of the work."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dialer import __main__ as command
from dialer.cli.events import JsonLines
from dialer.cli.progress import Bar, Lines
from dialer.provider.bolna.sandbox import Settings, running
from dialer.streams import Steady
from tests.harness import PATIENCE
from tests.place import HEADER, Place, awkward, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

FAULTS = ("closed", "broken", "full")
WHICH = (("stdin",), ("stdout",), ("stderr",), ("stdin", "stdout", "stderr"))


@contextlib.contextmanager
def faulty(fault: str, *names: str) -> Iterator[None]:
    """Put something in the place of standard streams to which nothing can be written, or from which nothing comes."""
    before = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
    opened = [_stream(fault) for _ in names]
    try:
        for name, stream in zip(names, opened, strict=True):
            setattr(sys, name, stream)
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)
        for stream in filter(None, opened):
            with contextlib.suppress(OSError):
                stream.close()


def _stream(fault: str) -> TextIO | None:
    if fault == "closed":
        return None
    if fault == "full":
        return open("/dev/full", "w", encoding="utf-8")  # noqa: PTH123 - `faulty` closes it
    reading, writing = os.pipe()
    os.close(reading)
    return open(writing, "w", encoding="utf-8")  # noqa: PTH123 - as above


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A Bolna whose calls take for ever, so that a command says the same however often it is given."""
    with running(Settings(call_rate=None, agent_rate=None, other_rate=None, speed=0.001)) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield Place(tmp_path, sandbox)


def dialer(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["dialer", *map(str, arguments)])
    return command.main()


@pytest.fixture
def called(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign of which two of five were called."""
    place.recipients(awkward(5), header=HEADER)
    path = place.campaign()
    assert dialer(monkeypatch, "run", path, "--yes", "-q", "--limit", "2") == 3
    capsys.readouterr()
    return path


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("which", "more"),
    [*((which, ()) for which in WHICH), (WHICH[-1], ("--log-format", "json")), (WHICH[1], ("-o", "json"))],
    ids="+".join,
)
def test_a_run_calls_everybody_whatever_happens_to_its_streams(
    place: Place, monkeypatch: pytest.MonkeyPatch, fault: str, which: Sequence[str], more: Sequence[str]
) -> None:
    place.recipients(awkward(5), header=HEADER)
    path = place.campaign()
    with faulty(fault, *which):
        code = dialer(monkeypatch, "run", path, "--yes", *more)
    assert code == 0
    assert sorted(call["recipient_phone_number"] for call in place.calls()) == [number(index) for index in range(5)]
    assert {row["status"] for row in place.results()} == {"queued"}


VERBS = {
    "--help": [],
    "--version": [],
    "check": ["CAMPAIGN"],
    "check -o json": ["CAMPAIGN"],
    "run": ["CAMPAIGN"],
    "status": ["CAMPAIGN"],
    "status -o json": ["CAMPAIGN"],
    "track": ["CAMPAIGN"],
    "reconcile": ["CAMPAIGN"],
    "cancel": ["CAMPAIGN"],
    "cancel --yes": ["CAMPAIGN"],
    "results": ["CAMPAIGN"],
    "report": ["CAMPAIGN"],
    "report --format md": ["CAMPAIGN"],
    "show": [number(0), "--in", "FOLDER"],
    "show -o json": [number(0), "--in", "FOLDER"],
    "init": ["FOLDER/list.csv", "--to", "FOLDER/other.toml"],
    "nonsense": [],
    "status --nonsense": ["CAMPAIGN"],
    "status ": ["FOLDER/nowhere.toml"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_ends_with_the_exit_code_of_its_work(
    place: Place, called: Path, monkeypatch: pytest.MonkeyPatch, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [text.replace("CAMPAIGN", str(called)).replace("FOLDER", str(place.folder)) for text in VERBS[verb]]

    def code() -> int:
        (place.folder / "other.toml").unlink(missing_ok=True)
        return dialer(monkeypatch, *verb.split(), *given)

    usual = code()
    told = capsys.readouterr()
    assert told.out + told.err
    *alone, together = WHICH
    # Each command with each stream, and with each fault.
    turn = list(VERBS).index(verb)
    for at, which in enumerate([*alone, together]):
        fault = FAULTS[(at + turn) % len(FAULTS)]
        with faulty(fault, *which):
            found = code()
        assert (found, fault, which) == (usual, fault, which)
    assert len(place.calls()) == 2


def test_a_watch_that_nobody_watches_ends(called: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `dialer status --watch | head`: it would go on until all are called, three days later."""
    with faulty("broken", "stdout"):
        assert dialer(monkeypatch, "status", called, "--watch") == 0


def test_output_that_a_script_waits_for_and_that_is_lost_is_told(
    called: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with faulty("full", "stdout"):
        assert dialer(monkeypatch, "status", called, "-o", "json") == 0
    assert "some output could not be written (No space left on device)" in capsys.readouterr().err


def test_a_run_that_is_stopped_says_why_even_when_it_is_quiet(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(awkward(5), header=HEADER)
    path = place.campaign()
    place.sandbox.call_strikes.force("payment_required")
    assert dialer(monkeypatch, "run", path, "--yes", "-q") == 5
    told = capsys.readouterr()
    assert "Insufficient balance" in told.err
    assert not told.out
    assert dialer(monkeypatch, "run", path, "--yes", "-q") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp437"])
@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["check", "CAMPAIGN"], ["check", "Zoë अ.toml"]])
def test_what_a_terminal_cannot_show_is_written_in_its_letters(
    place: Place, monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: Sequence[str]
) -> None:
    place.recipients([[number(0), "Zoë अनन्या 🙂"]], header=["phone", "Größe अ"])
    given = [text.replace("CAMPAIGN", str(place.campaign())) for text in arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    code = dialer(monkeypatch, *given)
    assert code == (2 if "Zoë अ.toml" in given else 0)
    shown = b"".join(stream.buffer.getvalue() for stream in (out, err))
    assert b"foreseen" not in shown
    if "check" in given:
        assert b"\\u0905" in shown


def test_json_on_such_a_terminal_is_json_with_every_letter(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.recipients([[number(0), "Zoë अनन्या 🙂"]], header=["phone", "name"])
    path = place.campaign()
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert dialer(monkeypatch, "check", path, "-o", "json") == 0
    told = json.loads(out.buffer.getvalue())
    assert told["samples"][0]["user_data"]["name"] == "Zoë अनन्या 🙂"


@pytest.mark.parametrize("kind", [Bar, Lines, JsonLines])
def test_a_library_users_progress_needs_no_standard_error(kind: type[Bar | Lines | JsonLines]) -> None:
    with faulty("closed", "stderr"):
        progress = kind()
        progress.begin(batch="monday", to_call=1)
        progress.note("told to nobody")
        progress.end()


def test_what_was_lost_while_the_disk_was_full_ends_nothing_and_the_rest_is_written() -> None:
    class Full(io.StringIO):
        room = 0

        def write(self, text: str) -> int:
            if not self.room:
                raise OSError(28, "No space left on device")
            return super().write(text)

    disk = Full()
    stream = Steady(disk)
    stream.write("lost\n")
    assert not stream.is_gone
    disk.room = 1
    stream.write("kept\n")
    assert disk.getvalue() == "kept\n"


# -- real processes ------------------------------------------------------------------------------------------------


def process(*arguments: str | Path, closing: Sequence[int] = (), writing: int | None = None) -> subprocess.Popen[bytes]:
    """Start a command, some of whose standard streams are closed."""

    def close() -> None:
        for descriptor in closing:
            os.close(descriptor)

    return subprocess.Popen(
        [sys.executable, "-m", "dialer", *map(str, arguments)],
        stdout=writing,
        stderr=writing,
        preexec_fn=close,  # noqa: PLW1509 - the test has no threads that matter to the child
    )


def test_a_process_whose_reader_has_gone_ends_with_the_code_of_its_work(place: Place) -> None:
    place.recipients(awkward(5), header=HEADER)
    place.sandbox.call_strikes.force(*["payment_required"] * 5)
    reading, writing = os.pipe()
    os.close(reading)
    started = process("run", place.campaign(), "--yes", "-o", "json", writing=writing)
    os.close(writing)
    assert started.wait(PATIENCE) == 5


def test_a_process_that_writes_to_a_full_disk_ends_with_the_code_of_its_work() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        assert process("--help", writing=full.fileno()).wait(PATIENCE) == 0


def test_a_process_without_any_stream_calls_everybody_and_keeps_its_files_to_itself(place: Place) -> None:
    place.recipients(awkward(20), header=HEADER)
    started = process("run", place.campaign(), "--yes", "--log-format", "json", closing=(0, 1, 2))
    assert started.wait(PATIENCE) == 0
    assert len(place.calls()) == 20
    assert {row["status"] for row in place.results()} == {"queued"}


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path, closed: Sequence[int]) -> None:
    """Else a ledger could be what a message is written to."""
    written = tmp_path / "descriptor"
    script = f"""
from dialer import streams
import os
streams.install()
first = os.open({str(written)!r}, os.O_WRONLY | os.O_CREAT)
os.write(first, str(first).encode())
os.write(2, b"a message of the C library")
"""

    def close() -> None:
        for descriptor in closed:
            os.close(descriptor)

    subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        timeout=PATIENCE,
        stderr=subprocess.DEVNULL,
        preexec_fn=close,
    )
    assert int(written.read_text()) > 2


def test_a_sandbox_without_any_stream_serves_until_it_is_interrupted() -> None:
    # No other test gets it from the kernel meanwhile, which gives higher ones.
    port = next(port for port in range(20_000 + os.getpid() % 10_000, 32_000) if not _answers(port))
    started = process("sandbox", "--port", str(port), closing=(0, 1, 2))
    until = time.monotonic() + PATIENCE
    while not _answers(port):
        assert started.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    assert started.wait(PATIENCE) == 0


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
