"""Whatever stands in files and answers: a terminal gets nothing that it would obey, and no line passes for ours."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import unicodedata
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dialer
from dialer.cli import main
from dialer.cli.events import JsonLines
from dialer.cli.progress import Bar, Lines
from dialer.cli.terminal import Screen
from tests.place import AGENT, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEY = "bn-4f9c2d7e8a1b4c6d9e0f1a2b3c4d5e6f"
OBEYED = "\x1b[31m\x9b2J\x07\b\x7f\x85\u200b\u202e\u2066\u2028\u2029\ufeff\u00ad"
"""Colours, a cleared screen, a bell, and what hides or turns the text around it."""
FAKE = "Error: FAKED"
SAID = f"said{OBEYED}\0\r\n{FAKE}\udcff {KEY[:14]}\n{KEY[14:]}"
"""What a server says: also a line that looks like ours, and the key in two lines."""
CELL = f"cell{OBEYED}\r\n{FAKE}"
NAME = f"n{OBEYED}"
"""What a file or a column is called."""
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def check(text: str) -> None:
    """Check a text that was printed."""
    raw = {repr(one) for one in text if unicodedata.category(one) in UNSEEN and one != "\n"}
    assert raw == set(), text
    assert not [line for line in text.splitlines() if line.lstrip().startswith(FAKE)], text
    squeezed = "".join(text.split())
    assert not [KEY[at : at + 8] for at in range(len(KEY) - 7) if KEY[at : at + 8] in squeezed], text


class Liar(BaseHTTPRequestHandler):
    """A Bolna whose every string is hostile; `server.call` is how it answers a call."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/stop"):
            self._answer(400, {"message": SAID})
        else:
            self._answer(*self.server.call)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        if self.server.get:  # type: ignore[attr-defined]
            self._answer(*self.server.get)  # type: ignore[attr-defined]
        elif "/executions/" in self.path:
            self._answer(200, execution(self.path.rsplit("/", 1)[1]))
        elif self.path.partition("?")[0].endswith("/executions"):
            self._answer(200, {"data": [execution(SAID)], "has_more": False, "message": SAID})
        elif self.path == "/user/me":
            lines = {"max": 10, "current": 0}
            self._answer(200, {"name": SAID, "email": SAID, "wallet": 5, "concurrency": lines})
        elif self.path == "/phone-numbers/all":
            self._answer(200, [{"phone_number": SAID}])
        else:
            self._answer(
                200,
                {
                    "agent_name": SAID,
                    "agent_welcome_message": f"Hi {{name}} {SAID}",
                    "prompt": f"{{a}} {{Name}} {SAID}",
                },
            )

    def _answer(self, status: int, content: object) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status, "Fine" + OBEYED[:6].replace("\x85", ""))
        for name in ("Location", "Retry-After", "Server", "X-Request-Id"):
            self.send_header(name, f"/{KEY}\x9b\t{name}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def execution(identity: str) -> dict[str, Any]:
    names = ("hangup_by", "hangup_reason", "recording_url", "to_number", "provider", "to_number_carrier")
    return {
        "id": identity,
        "status": SAID,
        "created_at": SAID,
        "updated_at": SAID,
        "telephony_data": dict.fromkeys(names, SAID),
        "context_details": {"recipient_data": {SAID: SAID}, "recipient_phone_number": SAID},
        **dict.fromkeys(("error_message", "termination_reason", "transcript", "summary"), SAID),
        "extracted_data": {SAID: {SAID: SAID}},
        "total_cost": SAID,
        "conversation_duration": SAID,
    }


@contextmanager
def lying(call: tuple[int, object], get: tuple[int, object] | None = None) -> Iterator[str]:
    """Run such a server; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.call, server.get = call, get  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


DOORS = {
    "cli/completion.py",
    "cli/events.py",
    "cli/printing.py",
    "cli/progress.py",
    "cli/terminal.py",
    "__main__.py",
    "provider/bolna/sandbox/__main__.py",
}
"""What writes to the terminal: the door itself; what draws over itself; what a shell reads; what comes before anything
is imported; and the sandbox as a process of its own, whose one line holds nothing of anybody else."""


def test_nothing_else_prints() -> None:
    source = Path(dialer.__file__).parent
    printing = re.compile(r"\bprint\(|\bclick\.(?:secho|echo)\b|\bstd(?:out|err)\.write|print_exc|\.show\(file=None")
    for path in source.rglob("*.py"):
        if str(path.relative_to(source)) not in DOORS:
            assert not printing.search(path.read_text(encoding="utf-8")), path


def _quoted(text: str) -> str:
    """Return a text as TOML takes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f").replace("\udcff", "")


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign whose file, lists, columns and cells are all hostile."""
    monkeypatch.setenv("BOLNA_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    rows = [[number(1), CELL], [number(2), OBEYED], [f"+91\x1b{OBEYED}", "x"], [f"call {OBEYED}", "y"], ["", ""]]
    with (tmp_path / f"{NAME}.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerows([["phone", "name"], *rows])
    with (tmp_path / f"{NAME}.named.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["phone", "name", f"{NAME}\nb"], [number(1), "x", "y"], [number(2), "x", "#N/A"]])
    (tmp_path / f"{NAME}.dnc.csv").write_text(f"{number(9)}\n", encoding="utf-8")
    path = tmp_path / f"{NAME}.toml"
    path.write_text(
        f'agent_id = "{AGENT}"\nrecipients = {_quoted(f"{NAME}.csv")}\n[pacing]\nrate = "5000/second"\n'
        f'reads = "5000/second"\n[screening]\nsuppression = [{_quoted(f"{NAME}.dnc.csv")}]\n',
        encoding="utf-8",
    )
    return path


ANSWERS = {
    "placed": (200, {"message": SAID, "status": SAID, "execution_id": "e-1"}),
    "no id": (200, {"message": SAID, "status": SAID, "execution_id": SAID}),
    "refused": (400, {"error": SAID, "message": SAID}),
    "a list": (422, {"detail": [{"loc": [SAID], "msg": SAID}] * 2}),
    "the key": (401, {"detail": SAID}),
    "money": (402, {"message": SAID}),
    "elsewhere": (302, b""),
    "a page": (500, f"<html><head><title>{SAID}".encode("utf-8", "replace")),
    "bytes": (500, OBEYED.encode() + b"\xff\xfe" + KEY.encode()),
}
RUN, JSON_RUN, REPORT = ("run", "--yes"), ("run", "--yes", "-o", "json"), ("report",)
COMMANDS = (
    *(("check",), ("check", "-o", "json")),
    *(RUN, JSON_RUN, ("run", "--yes", "--log-format", "json", "--retry-errors")),
    *(("status",), ("status", "-o", "json"), ("track",), ("track", "-o", "json", "--with", "transcript,extracted")),
    *(
        ("reconcile",),
        ("reconcile", "-o", "json"),
        ("results",),
        ("cancel", "--yes"),
        ("cancel", "--yes", "-o", "json"),
    ),
    *(("report", "--format", "md"), ("report", "--format", "json"), REPORT),
)
WORDS_OF_ANSWERS = (RUN, JSON_RUN, ("run", "--yes", "--retry-errors"), ("status",), ("reconcile",), REPORT)
"""What shows how a call was answered. The others show what is read, whatever that answer was."""


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_reaches_a_terminal_as_it_is(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], answer: str
) -> None:
    with lying(ANSWERS[answer]) as address:
        monkeypatch.setenv("BOLNA_BASE_URL", address)
        for verb, *options in COMMANDS if answer in {"placed", "refused"} else WORDS_OF_ANSWERS:
            main([verb, campaign.name, *options])
            out, err = capfd.readouterr()
            check(out)
            check(err)
            if "json" in options and out and verb != "report":
                json.loads(out)
    main(["show", number(1), "-o", "json"])
    out, err = capfd.readouterr()
    check(out + err)
    assert json.loads(out)["found"][0]["people"][0]["attempts"], "nothing was sent"
    main(["show", number(1)])
    check("".join(capfd.readouterr()))
    (page,) = campaign.parent.glob("*.report.html")
    check(page.read_text(encoding="utf-8"))
    with next(campaign.parent.glob("*.results.csv")).open(encoding="utf-8", newline="") as written:
        assert [row["name"] for row in csv.DictReader(written)] == [CELL, OBEYED, "x", "y", ""]
    for file in campaign.parent.iterdir():
        if file.suffix in {".ledger", ".html"} or ".results." in file.name:
            content = b"".join(file.read_bytes().split()).decode("utf-8", "replace")
            assert not [KEY[at : at + 8] for at in range(len(KEY) - 7) if KEY[at : at + 8] in content], file.name


@pytest.mark.parametrize("status", [400, 401, 404])
def test_no_refusal_to_be_read_reaches_a_terminal_as_it_is(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    with lying(ANSWERS["placed"], get=(status, {"message": SAID})) as address:
        monkeypatch.setenv("BOLNA_BASE_URL", address)
        for verb in ("check", "run", "track", "reconcile", "cancel"):
            main([verb, campaign.name, *(["--yes"] if verb in {"run", "cancel"} else [])])
            check("".join(capfd.readouterr()))


MISTAKES = {
    "a key": f"{_quoted(f'{NAME}{chr(10)}{FAKE}')} = 1",
    "a table": f"[{_quoted(NAME)}]\nx = 1",
    "a nested key": f"[pacing]\n{_quoted(NAME)} = 1",
    "a value": f"[pacing]\nrate = {_quoted(SAID[:-50])}",
    "no TOML": f"x = {OBEYED}",
    "a column": f"[columns]\nphone = {_quoted(NAME)}",
    "a required column": f"[screening]\nrequired = [{_quoted(NAME)}]",
    "a variable": f"[user_data]\n{_quoted(NAME)} = {_quoted(NAME)}",
    "a list": f"[screening]\nsuppression = [{_quoted(NAME + '.none')}]",
    "a region": f"[csv]\nregion = {_quoted(NAME)}",
    "an encoding": f"[csv]\nencoding = {_quoted(NAME)}",
    "a zone": f"[window]\nhours = '09:00-20:00'\ntimezone = {_quoted(NAME)}",
    "results": f"results = {_quoted('{' + NAME + '}.csv')}",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_campaign_file_reaches_a_terminal_as_it_is(
    campaign: Path, capfd: pytest.CaptureFixture[str], mistake: str
) -> None:
    top = 'agent_id = "x"\n' if mistake == "results" else f'agent_id = "{AGENT}"\n'
    text = f"{top}recipients = {_quoted(NAME + '.csv')}\n{MISTAKES[mistake]}\n"
    campaign.write_text(text, encoding="utf-8")
    for verb in ("check", "status", "run"):
        done = main([verb, campaign.name, *(["--yes", "--sandbox"] if verb == "run" else [])])
        # A status needs no more of the file than where the ledger is.
        assert done != 0 or verb == "status"
        out, err = capfd.readouterr()
        check(out)
        check(err)
        assert out + err


@pytest.mark.parametrize("content", [f"BOLNA_API_KEY={OBEYED}x", 'BOLNA_API_KEY="a\\nb"', f"{OBEYED}"])
def test_no_env_file_reaches_a_terminal_as_it_is(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], content: str
) -> None:
    monkeypatch.delenv("BOLNA_API_KEY")
    monkeypatch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
    (campaign.parent / ".env").write_text(content, encoding="utf-8")
    assert main(["run", campaign.name, "--yes"]) == 2
    check("".join(capfd.readouterr()))


HEADERS: tuple[Sequence[str], ...] = (
    ["phone", NAME],
    ["phone", f"{NAME}\n{FAKE}"],
    ["phone", NAME, NAME],
    [NAME, f"{NAME}2"],
    ["phone", "mobile", "number" + OBEYED],
)


@pytest.mark.parametrize("header", HEADERS)
def test_no_column_reaches_a_terminal_as_it_is(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], header: Sequence[str]
) -> None:
    monkeypatch.delenv("BOLNA_API_KEY")
    for row in ([number(1), OBEYED, number(2)], ["", "#N/A", f"x\n{FAKE}"], ["x" + OBEYED, "ZoÃ«", "NA"]):
        with (campaign.parent / f"{NAME}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, row[: len(header)], row[: len(header)]])
        for line in (["init", f"{NAME}.csv"], ["check", campaign.name, "--rejects", "r.csv"], ["check", campaign.name]):
            main([*line, *(["-o", "json"] if len(line) == 2 and line[0] == "check" else [])])
            check("".join(capfd.readouterr()))
        main(["run", campaign.name, "--yes", "--sandbox"])
        check("".join(capfd.readouterr()))


@pytest.mark.parametrize(
    "words",
    [
        *(["run", f"--{NAME}"], [NAME], ["run", NAME], ["check", f"{NAME}.csv"], ["status", "x", "-o", NAME]),
        *(["show", NAME], ["show", number(1), "--in", NAME], ["report", "x", "--timezone", NAME], ["sandbox", NAME]),
        *(["run", "x", "--redial", NAME], ["track", "x", "--every", NAME], ["track", "x", "--with", NAME]),
    ],
)
def test_nothing_that_was_typed_comes_back_as_it_is(
    campaign: Path, capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert campaign.exists()
    assert main(words) != 0
    out, err = capfd.readouterr()
    check(out)
    check(err)
    assert out + err


class Terminal(io.StringIO):
    """A terminal that keeps what it gets."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("kind", ["bar", "lines", "json", "screen"])
def test_progress_draws_with_its_own_controls_only(kind: str) -> None:
    shown = []
    for name in (NAME, "n" * len(NAME)):
        stream = Terminal()
        if kind == "screen":
            Screen(stream).show(f"{name}\n{name}")
        else:
            progress: Bar | Lines | JsonLines = {"bar": Bar, "lines": Lines, "json": JsonLines}[kind](stream=stream)
            progress.begin(batch=name, to_call=1)
            progress.note(f"a note: {name}")
            progress.end()
        shown.append(stream.getvalue())
    ours, plain = (set(text) - set(map(chr, range(0x20, 0x7F))) for text in shown)
    assert ours <= plain | {"…", "█", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}
    assert "2J" in shown[0]


def test_what_is_parsed_again_is_exact(campaign: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main(["check", campaign.name, "-o", "json"])
    found = json.loads(capfd.readouterr().out)
    assert found["samples"][1]["user_data"]["name"] == OBEYED
    assert found["recipients"].endswith(f"{NAME}.csv")
