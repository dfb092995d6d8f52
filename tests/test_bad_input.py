"""Wrong input is told on one screen: the file, the row or the key, and the next step; nobody is called."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = 'agent_id = "123e4567-e89b-12d3-a456-426655440000"\n'
LIST = 'recipients = "list.csv"\n'
KEY = "bn-0123456789abcdef0123456789abcdef"


@pytest.fixture
def requests() -> Iterator[list[str]]:
    """Listen where Bolna should be; every request that comes is noted."""
    came: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            # All is read: a connection that is closed before is reset.
            first, *_ = iter(lambda: self.rfile.readline().strip(), b"")
            came.append(first.decode())
            self.wfile.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        came.append(f"http://127.0.0.1:{server.server_port}")
        yield came
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requests: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOLNA_BASE_URL", requests.pop())
    monkeypatch.setenv("BOLNA_API_KEY", KEY)
    monkeypatch.delenv("BOLNA_AGENT_ID", raising=False)
    Path("list.csv").write_text("phone,name\n+919876543210,Zoë\n", encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must be refused; return what it says."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert KEY not in err
    lines = err.splitlines()
    assert len(lines) <= 24
    return err


def campaign(text: str) -> None:
    Path("c.toml").write_text(text, encoding="utf-8")


RATE = (
    'write a whole number of requests per second, minute or hour, in quotes, like "300/minute", "5/second" or "30/hour"'
)
NO_FILE = "there is no such campaign file."
NO_LIST = "lists.csv cannot be read: there is no such file. Check its name and its folder."
CAMPAIGNS = [
    pytest.param(
        f"{AGENT}{LIST}[pacing]\nmax_inflight = 5\n",
        "c.toml, line 4: `pacing.max_inflight` is not a key of a campaign file. Did you mean `max_in_flight`?",
        id="unknown key",
    ),
    pytest.param(
        f'{AGENT}{LIST}[pacing]\nrate = "fast"\n',
        f'c.toml, line 4: `pacing.rate` is "fast": {RATE}.',
        id="rate",
    ),
    pytest.param(
        f'{LIST}agent_id = "asha"\n',
        'c.toml, line 2: `agent_id` is "asha": the agent\'s id is expected, a UUID like '
        "123e4567-e89b-12d3-a456-426655440000.",
        id="agent",
    ),
    pytest.param(
        f'{AGENT}{LIST}[call]\napi_key = "{KEY}"\n',
        "c.toml, line 4: `call.api_key` looks like an API key. This file is passed around, so no key is "
        "read from it.\n"
        "Take it out, make a new key if the file was shared, and: export BOLNA_API_KEY=... (or write that into .env).",
        id="key",
    ),
    pytest.param(
        f'{AGENT}{LIST}\n[user_data]\nwho = "nmae"\n',
        'c.toml, line 5: `user_data.who`: list.csv has no column "nmae". Did you mean "name"?\n'
        "Its columns are: phone, name.",
        id="mapped column",
    ),
    pytest.param(
        f'{AGENT}{LIST}[user_data]\nto_number = "phone"\n',
        'c.toml, line 4: `user_data.to_number` is "phone": Bolna fills in this variable itself, so what you send under '
        "its name is lost; choose another name.",
        id="reserved variable",
    ),
    pytest.param(
        f"{AGENT}{LIST}[pacing]\nrate = fast\n",
        'c.toml, line 4: a text needs straight quotes, as in rate = "300/minute"; true, false and numbers have none.',
        id="no TOML",
    ),
    pytest.param(
        f'{AGENT}{LIST}results = "{{batch}}.csv"\n',
        "c.toml, line 3: `results` has {batch} in it: add --batch NAME, for instance --batch monday.",
        id="batch name",
    ),
    pytest.param(
        f'{AGENT}{LIST}results = "list.csv"\n',
        "c.toml, line 3: `results`: list.csv is the list of recipients; name another file.",
        id="results over recipients",
    ),
    pytest.param(
        f'{AGENT}{LIST}[columns]\nphone = "phon"\n',
        'list.csv: there is no column "phon" for the phone numbers. Did you mean "phone"? The columns are: phone, '
        "name.",
        id="phone column",
    ),
    pytest.param(
        f'{AGENT}recipients = "lists.csv"\n',
        NO_LIST,
        id="no such recipients",
    ),
    pytest.param(
        f'{AGENT}{LIST}[screening]\nsuppression = ["dnc.csv"]\n',
        "the do-not-call list dnc.csv cannot be read: No such file or directory. No calls are made without it: bring "
        "the file back, or correct `suppression` in the campaign file.",
        id="no such do-not-call list",
    ),
]
TABLES = [
    pytest.param(
        "kontakt,name\n+919876543210,Zoë\n",
        "list.csv: no column has one of the usual names for phone numbers, such as phone_number. Write this line, if "
        "it is right, into [columns] of the campaign file:\n"
        '  phone = "kontakt"   # 1 of 1 cell is a number',
        id="no phone column",
    ),
    pytest.param(
        "phone,name,name\n+919876543210,Zoë,Zoe\n",
        'list.csv, line 1: columns 2 and 3 are both named "name". Rename or delete one.',
        id="two columns of one name",
    ),
    pytest.param(
        "Number,Mobile\n+919876543211,+919876543210\n",
        "list.csv: several columns may hold the phone numbers. Write the right one of these lines into [columns] of "
        "the campaign file:\n"
        '  phone = "Mobile"   # 1 of 1 cell is a number\n'
        '  phone = "Number"   # 1 of 1 cell is a number',
        id="two phone columns",
    ),
    pytest.param("", "list.csv is empty: there is no header and no row. Export the list again.", id="empty"),
    pytest.param(
        "phone,name\n",
        "list.csv has a header (phone, name) and no rows: there is no one to call. Export the list again.",
        id="no rows",
    ),
    pytest.param(
        "phone,dialer_ref\n+919876543210,x\n",
        'list.csv: rename the column "dialer_ref": dialer uses this name to find its calls at Bolna.',
        id="dialer_ref",
    ),
    pytest.param(
        "phone,name\n+919876543210,Main St, 5\n",
        "list.csv: the header has 2 fields (phone, name), but\n"
        "  line 2: 3 fields: +919876543210,Main St, 5\n"
        'Put quotation marks around a text that has a comma in it ("Main St, 5"), or add what is missing.\n'
        "If the fields are not separated by a comma, set delimiter in [csv] of the campaign file.",
        id="ragged",
    ),
]


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(("text", "words"), CAMPAIGNS)
def test_a_wrong_campaign_file_is_told(
    capsys: pytest.CaptureFixture[str], requests: list[str], command: str, text: str, words: str
) -> None:
    campaign(text)
    assert told(capsys, command, "c.toml", *(["--yes"] if command == "run" else [])) == f"Error: {words}\n"
    assert not requests
    assert not Path("c.results.csv").exists()


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(("table", "words"), TABLES)
def test_a_wrong_list_is_told(
    capsys: pytest.CaptureFixture[str], requests: list[str], command: str, table: str, words: str
) -> None:
    campaign(f"{AGENT}{LIST}")
    Path("list.csv").write_text(table, encoding="utf-8")
    assert told(capsys, command, "c.toml", *(["--yes"] if command == "run" else [])) == f"Error: {words}\n"
    assert not requests
    assert not Path("c.results.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "d.toml", "--yes"], f"d.toml: {NO_FILE} In . there are: c.toml."),
        (["run", "no/d.toml", "--yes"], f"no/d.toml: {NO_FILE} To write one: dialer init RECIPIENTS.csv"),
        (
            ["run", "list.csv", "--yes"],
            "list.csv: this is a table, not a campaign file. To write one for it: dialer init list.csv",
        ),
        (
            ["run", "c.toml", "--yes", "--batch", "a/b"],
            "--batch 'a/b': use letters, digits, '.', '-' and '_' only; it becomes a file name.",
        ),
        (["run", "c.toml", "--yes", "--recipients", "lists.csv"], NO_LIST),
        (["status", "d.toml"], f"d.toml: {NO_FILE} In . there are: c.toml."),
        (["init", "lists.csv"], NO_LIST),
    ],
)
def test_a_wrong_argument_is_told(
    capsys: pytest.CaptureFixture[str], requests: list[str], arguments: list[str], words: str
) -> None:
    campaign(f"{AGENT}{LIST}")
    assert told(capsys, *arguments) == f"Error: {words}\n"
    assert not requests


@pytest.mark.parametrize("command", ["status", "results"])
def test_a_key_in_the_file_is_not_shown_by_what_only_looks_either(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    campaign(f'{AGENT}recipients = ["{KEY}"]\n')
    assert told(capsys, command, "c.toml").startswith("Error: c.toml, line 2: `recipients` looks like an API key.")


def test_without_a_key_three_lines_say_how_to_get_going(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, requests: list[str]
) -> None:
    campaign(f"{AGENT}{LIST}")
    monkeypatch.setenv("BOLNA_API_KEY", " ")
    assert told(capsys, "run", "c.toml", "--yes") == (
        "Error: There is no BOLNA_API_KEY. Make a key on Bolna's dashboard (Developers), then: dialer login\n"
        "or: export BOLNA_API_KEY=bn-...\n"
        "To try without one: dialer run c.toml --sandbox --any-hour\n"
    )
    assert not requests


@pytest.mark.parametrize("key", [f"{KEY[:9]} {KEY[9:]}", f"{KEY[:9]}\n{KEY[9:]}", f"{KEY}é"])
def test_a_key_that_cannot_be_sent_is_told_and_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, requests: list[str], key: str
) -> None:
    campaign(f"{AGENT}{LIST}")
    monkeypatch.setenv("BOLNA_API_KEY", key)
    words = told(capsys, "run", "c.toml", "--yes")
    assert words == (
        "Error: The key cannot be sent: it holds a blank, a line break or a character that is not ASCII. Copy "
        "BOLNA_API_KEY again from Bolna's dashboard, without quotes and without anything around it.\n"
    )
    assert not requests


def test_the_listener_notices_what_is_sent(capsys: pytest.CaptureFixture[str], requests: list[str]) -> None:
    campaign(f"{AGENT}{LIST}")
    assert main(["run", "c.toml", "--yes"]) == 5
    assert KEY not in capsys.readouterr().err
    assert [request.split()[0] for request in requests] == ["GET"]
