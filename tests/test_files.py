"""What is no file: nothing is read from it and nothing takes its place; and campaign files out of all proportion."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.config.batch import read_campaign_file
from dialer.config.campaign import load_campaign
from dialer.errors import CampaignError
from dialer.store.sqlite import holder
from tests.harness import PATIENCE
from tests.place import AGENT, HEADER, Place, awkward, number

if TYPE_CHECKING:
    from collections.abc import Callable


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def device(path: Path) -> None:
    """A device that behaves as /dev/null does, and is none that anything else uses."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root may make a device")


Kind = tuple["Callable[[Path], None]", str]
"""What makes it, and what it is called."""
KINDS: list[Kind] = [(pipe, "a pipe"), (listener, "a socket"), (device, "a device")]
kinds = pytest.mark.parametrize("kind", KINDS, ids=[words for _, words in KINDS])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def remade(path: Path, kind: Kind) -> int:
    """Put something that is no file at a path; return what it is."""
    path.unlink(missing_ok=True)
    kind[0](path)
    return path.lstat().st_ino


@kinds
@pytest.mark.parametrize("name", ["c.results.csv", "c.results.ledger", "c.results.ledger.lock"])
@pytest.mark.parametrize("command", ["run --yes", "check", "status", "track", "results"])
def test_what_is_no_file_is_never_written_to(
    place: Place,
    kind: Kind,
    name: str,
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place.recipients(awkward(3), header=HEADER)
    path = place.campaign()
    there = remade(place.folder / name, kind)
    assert main([*command.split(), str(path)]) == 2
    assert f"{name} is {kind[1]}, not a file; name a file." in capsys.readouterr().err
    assert (place.folder / name).lstat().st_ino == there
    assert not place.calls()


@kinds
def test_neither_rejects_nor_report_nor_campaign_file_take_its_place(
    place: Place, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([*awkward(3), ["none", "", "", ""]], header=HEADER)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q"]) == 1
    there = remade(Path("x"), kind)
    for command in (["check", str(path), "--rejects", "x"], ["report", str(path), "--format", "md", "--to", "x"]):
        capsys.readouterr()
        assert main(command) == 2
        assert f"is {kind[1]}, not a file; name a file" in capsys.readouterr().err
    assert main(["init", "list.csv", "--to", "x"]) == 2
    assert Path("x").lstat().st_ino == there


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("check c.toml --rejects", "fix.csv"),
        ("report c.toml --format md --to", "report.md"),
        ("dnc export --to", "blocked.csv"),
    ],
)
def test_a_file_that_a_person_has_changed_is_never_replaced(
    place: Place, command: str, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command writes its own file again, as often as it is given, until somebody has worked on that file."""
    monkeypatch.chdir(place.folder)
    place.recipients([*awkward(3), ["none", "", "", ""]], header=HEADER)
    assert main(["run", str(place.campaign()), "--yes", "-q"]) == 1
    line, file = [*command.split(), name], Path(name)
    for source in ("asked on the phone", "asked by mail"):
        assert main(["dnc", "add", number(1), "--source", source]) == 0
        place.recipients([*awkward(3), ["none", source, "", ""]], header=HEADER)
        assert main(line) in {0, 1}
    corrected = file.read_bytes() + b"corrected"
    file.write_bytes(corrected)
    capsys.readouterr()
    for _ in range(2):
        assert main(line) == 2
        said = capsys.readouterr().err
        assert "not overwritten" in said, said
        assert "Name another one" in said, said
        assert file.read_bytes() == corrected
    assert main([*line[:-1], f"new-{name}"]) in {0, 1}


@pytest.mark.parametrize(
    "command", ["check c.toml --rejects", "report c.toml --format md --to", "dnc export --to", "init list.csv --to"]
)
def test_a_file_of_something_else_is_never_replaced(
    place: Place, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tomorrow's list, a do-not-call list, a key: what lies at a name that was typed by mistake is still needed."""
    monkeypatch.chdir(place.folder)
    place.recipients(awkward(3), header=HEADER)
    assert main(["run", str(place.campaign()), "--yes", "-q"]) == 0
    Path("tomorrow.csv").write_text("phone\n", encoding="utf-8")
    assert main([*command.split(), "tomorrow.csv"]) == 2
    assert "tomorrow.csv" in capsys.readouterr().err
    assert Path("tomorrow.csv").read_text(encoding="utf-8") == "phone\n"


@kinds
@pytest.mark.parametrize("name", ["c.toml", "list.csv", "list.xlsx", "dnc.csv", ".env"])
def test_what_is_no_file_is_not_read_and_nobody_waits_for_it(
    place: Place,
    kind: Kind,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BOLNA_API_KEY")
    place.recipients(awkward(3), header=HEADER)
    (place.folder / ".env").write_text("BOLNA_API_KEY=bn-test\n")
    (place.folder / "dnc.csv").write_text("phone\n+14155550100\n")
    recipients = name if name.startswith("list.") else "list.csv"
    path = place.campaign(recipients=recipients, more='[screening]\nsuppression = ["dnc.csv"]')
    remade(place.folder / name, kind)
    assert main(["run", str(path), "--yes"]) == 2
    told = capsys.readouterr().err
    assert f"{name}: this is {kind[1]}, not a file. Save it as a file first." in told
    assert not place.calls()
    if name.startswith("list."):
        assert main(["init", name, "--to", "other.toml"]) == 2
        assert f"{name}: this is {kind[1]}, not a file." in capsys.readouterr().err


def test_a_list_made_by_a_command_is_refused_at_once(place: Place) -> None:
    """As in `dialer check c.toml --recipients <(xsv select phone list.csv)`."""
    path = place.campaign()
    reading, writing = os.pipe()
    os.write(writing, b"phone\n+919876543210\n")
    for name in (f"/dev/fd/{reading}", "/dev/stdin"):
        done = subprocess.run(
            [sys.executable, "-m", "dialer", "check", str(path), "--recipients", name],
            stdin=reading,
            pass_fds=[reading],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 2
        assert f"{name}: this is a pipe, not a file. Save it as a file first." in done.stderr
    os.close(reading)
    os.close(writing)


def test_a_lock_that_is_a_pipe_names_nobody(tmp_path: Path) -> None:
    pipe(tmp_path / "x.ledger.lock")
    assert holder(tmp_path / "x.ledger.lock") == ""


def test_a_ledger_that_is_a_pipe_is_named_where_a_number_is_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    pipe(Path("x.ledger"))
    assert main(["show", "+919876543210"]) == 1
    assert "x.ledger is a pipe, not a file" in capsys.readouterr().err


def test_links_to_files_stay_links(place: Place) -> None:
    place.recipients(awkward(3), header=HEADER)
    (place.folder / "far").mkdir()
    names = ("c.results.csv", "c.results.ledger", "x.md")
    for name in names:
        (place.folder / name).symlink_to(Path("far", name))
    (place.folder / "far" / "c.results.csv").touch(0o640)
    path = place.campaign()
    assert main(["run", str(path), "--yes", "-q"]) == 0
    assert main(["report", str(path), "--format", "md", "--to", "x.md"]) == 0
    assert all((place.folder / name).is_symlink() for name in names)
    assert (place.folder / "far" / "c.results.csv").stat().st_mode & 0o777 == 0o640
    assert len(place.results("far/c.results.csv")) == 3
    assert not [*place.folder.rglob("*.tmp")]


@pytest.mark.parametrize("name", ["results", "ledger"])
def test_a_link_into_a_folder_that_is_not_there_is_refused(
    place: Place, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its disk is not mounted: a new ledger in its place would call everybody again."""
    place.recipients(awkward(3), header=HEADER)
    (place.folder / "here").symlink_to("disk/there")
    path = place.campaign(more=f'{name} = "here"')
    assert main(["run", str(path), "--yes"]) == 2
    assert f"here is a link to {place.folder}/disk/there, whose folder does not exist" in capsys.readouterr().err
    assert not place.calls()


def test_a_new_campaign_file_is_readable_by_its_owner_only(place: Place) -> None:
    place.recipients(awkward(3), header=HEADER)
    before = os.umask(0)
    try:
        assert main(["init", "list.csv", "--to", "new.toml"]) == 0
    finally:
        os.umask(before)
    assert Path("new.toml").stat().st_mode & 0o777 == 0o600


# -- campaign files out of all proportion ---------------------------------------------------------------------------

HEAD = f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
MANY = 20_000
HUGE = {
    "lists": f"x = {'[' * 200_000}",
    "lists that are closed": f"x = {'[' * 100_000}{']' * 100_000}",
    "braces": f"x = {'{a=' * 60_000}",
    "a dotted key": f"{'.'.join('a' * 100_000)} = 1",
    "a dotted key in quotes": ".".join(['"a"'] * 50_000) + " = 1",
    "a dotted table": f"[{'.'.join('a' * 100_000)}]",
    "keys": "".join(f"k{index}=1\n" for index in range(MANY)),
    "tables": "".join(f"[t{index}]\n" for index in range(MANY)),
    "a list of many lines": "suppression = [\n" + "'a',\n" * 40_000 + "]",
    "a list of many lines that is not closed": "x = [\n" + "1,\n" * 80_000,
    "a text": f'x = "{"a" * 250_000}"',
    "escapes": 'x = "' + r"\"" * 100_000,
    "quotes": '"' * 200_000,
    "texts of many lines that are not closed": (r'\"""' + "\n") * 50_000,
    "comments": "#\n" * 100_000 + "x",
    "a number": f"[pacing]\nmax_in_flight = {'9' * 4000}",
    "a longer number": f"[pacing]\nmax_in_flight = {'9' * 200_000}",
    "a hexadecimal number": f"[pacing]\nmax_in_flight = 0x{'f' * 200_000}",
    "a number among the variables": f"[user_data]\nx = {{ value = {'9' * 4000} }}",
    "a time": f'[window]\nhours = "{"9" * 200_000}"',
}


@pytest.mark.parametrize("text", HUGE.values(), ids=list(HUGE))
def test_a_campaign_file_out_of_all_proportion_is_refused_in_words_and_soon(text: str) -> None:
    Path("c.toml").write_text(HEAD + text, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(CampaignError) as caught:
        load_campaign("c.toml")
    # Each took from half a minute to for ever, or broke the program.
    assert time.process_time() - began < 10
    assert str(caught.value).startswith("c.toml, line ")
    assert len(str(caught.value)) < 5000


def test_a_list_named_as_a_campaign_file_is_not_read_to_its_end() -> None:
    with Path("c.toml").open("wb") as file:
        file.truncate(500_000_000)
    began = time.process_time()
    with pytest.raises(CampaignError, match=r"too long\. Is it another file\?"):
        read_campaign_file(Path("c.toml"))
    assert time.process_time() - began < 5


def test_a_text_of_a_hundred_thousand_letters_is_taken() -> None:
    Path("c.toml").write_text(f'{HEAD}[user_data]\nstory = {{ value = "{"a" * 100_000}" }}\n', encoding="utf-8")
    assert load_campaign("c.toml").user_data is not None


@pytest.mark.parametrize(
    "address", ["https://docs.google.com/spreadsheets/d/x/edit", "http://x.y/list.csv", "s3://bucket/list.csv"]
)
def test_a_list_from_the_web_is_to_be_saved_first(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Said at once and as it was typed, wherever a list is named; nothing is fetched."""
    campaign = f'agent_id = "{AGENT}"\nrecipients = "{{}}"\n'
    Path("list.csv").write_text("phone\n+919876543210\n", encoding="utf-8")
    Path("folder").mkdir()
    Path("folder/list.toml").write_text(campaign.format(address), encoding="utf-8")
    Path("c.toml").write_text(campaign.format("list.csv"), encoding="utf-8")
    Path("dnc.toml").write_text(
        campaign.format("list.csv") + f'[screening]\nsuppression = ["{address}"]\n', encoding="utf-8"
    )
    for command in (
        ["init", address],
        ["check", address],
        ["check", "--sandbox", "folder/list.toml"],
        ["run", "--yes", "--sandbox", "folder/list.toml"],
        ["check", "--sandbox", "c.toml", "--recipients", address],
        ["check", "--sandbox", "dnc.toml"],
        ["dnc", "add", "--file", address, "--source", "x"],
    ):
        assert main(command) == 2
        said = f"{address}: this is an address on the web, not a file. Save it as a file first."
        assert said in capsys.readouterr().err
