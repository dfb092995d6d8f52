"""`dialer help`: the manual on the terminal."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

from dialer import manual
from dialer.cli import main
from dialer.cli.group import cli
from dialer.errors import ExitCode
from dialer.manual.markdown import Code, blocks
from dialer.manual.roff import as_man
from dialer.manual.text import as_text
from dialer.messages.verbs import VERBS

TOPICS = manual.topics()


def test_the_topics_are_listed_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == ExitCode.DONE
    shown = capsys.readouterr().out
    for topic, title in TOPICS.items():
        assert re.search(rf"^  {topic} +{re.escape(title.replace('`', ''))}$", shown, re.MULTILINE)


def source_of(topic: str) -> str:
    """Return what a page says, without where its links lead and without the languages of its code."""
    source = (Path(manual.__file__).parent / f"{topic}.md").read_text(encoding="utf-8")
    return re.sub(r"^```\w*|(?<=\])\([^)]*\)", "", source, flags=re.MULTILINE)


def characters_of(text: str) -> Counter[str]:
    return Counter(character for character in text.lower() if character.isalnum())


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("columns", [40, 80, 300])
def test_a_page_is_shown_whole_in_lines_that_fit(
    topic: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["help", topic]) == ExitCode.DONE
    shown = capsys.readouterr().out
    code = {line for block in manual.page(topic) if isinstance(block, Code) for line in block.text.splitlines()}
    widest = max(len(line) for line in shown.splitlines() if line.removeprefix("    ") not in code)
    # A command in a sentence stays on one line, so that it can be pasted.
    assert widest <= max(min(columns, 100), 80)
    assert characters_of(source_of(topic)) - characters_of(shown) == Counter()


@pytest.mark.parametrize("command", [["run"], ["dnc", "add"]])
def test_the_help_of_a_command_is_its_own(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == ExitCode.DONE
    own = capsys.readouterr().out
    assert main(["help", *command]) == ExitCode.DONE
    assert capsys.readouterr().out == own


@pytest.mark.parametrize("typed", [["Campaign-File"], ["campaign", "file"]])
def test_a_topic_is_found_as_people_write_it(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *typed]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("THE CAMPAIGN FILE\n")


@pytest.mark.parametrize(("typed", "near"), [("houres", "hours"), ("campaign_file", "campaign-file"), ("rnu", "run")])
def test_a_mistyped_topic_is_answered_with_the_nearest(
    typed: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", typed]) == ExitCode.USAGE
    assert f'There is no page "{typed}". Did you mean "{near}"?' in capsys.readouterr().err


def test_a_topic_like_no_other_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "zzz"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "Did you mean" not in said
    assert all(topic in said for topic in TOPICS)


def test_words_that_are_no_topic_are_looked_for_in_the_manual(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["help", "Older", "copy"]) == ExitCode.DONE
    first, _, *found = capsys.readouterr().out.splitlines()
    assert first == 'There is no page "Older copy". The manual speaks of it here:'
    assert found[:2] == ["dialer help backup", "  What happens with an older copy"]
    pages = [line for line in found if line.startswith("dialer help ")]
    assert len(pages) == len(set(pages)) > 1
    assert max(map(len, found)) <= 80


def test_each_place_that_the_search_names_has_all_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "time", "zone"]) == ExitCode.DONE
    found = capsys.readouterr().out.split("\ndialer help ")[1:]
    assert found
    for passage in found:
        topic = passage.split(maxsplit=1)[0]
        paragraphs = [" ".join(text.split()).lower() for text in source_of(topic).split("\n\n")]
        assert any("time" in text and "zone" in text for text in paragraphs)


def test_many_places_on_one_page_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "call"]) == ExitCode.DONE
    assert re.search(r"^  and \d+ more places$", capsys.readouterr().out, re.MULTILINE)


def test_a_page_that_a_command_shares_its_name_with_ends_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "results"]) == ExitCode.DONE
    shown = capsys.readouterr().out
    assert "execution_id" in shown
    assert "Usage: dialer results [OPTIONS] CAMPAIGN" in shown


def test_a_terminal_gets_its_pager_and_a_pipe_does_not(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "PAGED"\ncat >/dev/null\n')
    pager.chmod(0o700)
    command = [sys.executable, "-m", "dialer", "help", "hours"]
    environment = {**os.environ, "PAGER": str(pager), "TERM": "xterm"}
    piped = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "PAGED" not in piped
    assert piped.startswith(TOPICS["hours"].upper())
    ours, theirs = pty.openpty()
    subprocess.run(command, env=environment, stdin=theirs, stdout=theirs, check=True)
    os.close(theirs)
    assert os.read(ours, 1000).strip() == b"PAGED"
    os.close(ours)


def test_a_table_has_its_columns_under_each_other_and_breaks_its_cells_where_it_is_too_wide() -> None:
    page = blocks("| code | means |\n|---|---|\n| `two` | two numbers in one cell |\n| `a\\|b` | either |\n")
    assert as_text(page, width=80).splitlines() == [
        "  code  means",
        "  ----  -----------------------",
        "  two   two numbers in one cell",
        "  a|b   either",
    ]
    assert as_text(page, width=22).splitlines() == [
        "  code  means",
        "  ----  --------------",
        "  two   two numbers in",
        "        one cell",
        "",
        "  a|b   either",
    ]


# -- man pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def man(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    assert main(["help", "--man", str(folder)]) == ExitCode.DONE
    return folder


def test_every_command_and_every_topic_has_a_man_page(man: Path) -> None:
    commands = {"dialer.1", *(f"dialer-{verb}.1" for verb in VERBS)}
    assert {path.name for path in (man / "man1").iterdir()} == commands
    assert {path.name for path in (man / "man7").iterdir()} == {f"dialer-{topic}.7" for topic in TOPICS}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_shows_every_man_page_without_a_warning(man: Path) -> None:
    pages = sorted(man.glob("man?/*"))
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", *pages], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("topic", TOPICS)
def test_a_man_page_says_all_that_its_topic_says(man: Path, topic: str) -> None:
    command = ["groff", "-man", "-Tutf8", "-P-cbou", str(man / "man7" / f"dialer-{topic}.7")]
    shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    # The names of columns stand only where there are several.
    source = re.sub(r"^\|.*\n(?=\|-)", "", source_of(topic), flags=re.MULTILINE)
    assert characters_of(source) - characters_of(shown) == Counter()


def test_no_line_of_a_man_page_is_taken_for_a_command(man: Path) -> None:
    """roff drops a line that begins with a point and that it does not know."""
    lines = {line.split()[0] for path in man.glob("man?/*") for line in path.read_text("ascii").splitlines() if line}
    macros = {word for word in lines if word.startswith((".", "'"))}
    assert macros <= {".TH", ".nh", ".ad", ".SH", ".SS", ".PP", ".RS", ".EX", ".EE", ".RE", ".IP", ".TP", ".br"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("text", [r"`C:\new`", "`'quoted'`", "`~/.env` and ^", ".hidden first", "Zoë, 李, ⏎", '`"x"`'])
def test_what_roff_would_obey_is_shown_as_it_stands(text: str, tmp_path: Path) -> None:
    page = tmp_path / "x.7"
    page.write_text(as_man(blocks(f"# Title\n\n{text}\n"), name="x", section=7), encoding="ascii")
    command = ["groff", "-man", "-Tutf8", "-P-cbou", str(page)]
    shown = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert text.replace("`", "") in shown


def test_the_man_page_of_a_command_has_its_options(man: Path) -> None:
    text = (man / "man1" / "dialer-dnc.1").read_text(encoding="ascii")
    assert r"\fB\-\-source TEXT\fR" in text
    assert '.SH "dialer dnc add"' in text


def test_a_folder_of_man_pages_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["help", "--man", str(tmp_path / "file")]) != ExitCode.DONE
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert main(["help", "hours", "--man", str(tmp_path / "man")]) == ExitCode.USAGE


# -- the options of a command ------------------------------------------------------------------------------------------


def headings_of(text: str) -> dict[str, list[str]]:
    """Return the options on a page of help below each heading."""
    groups: dict[str, list[str]] = {}
    heading = ""
    for line in text.splitlines():
        if re.fullmatch(r"\S.*:", line):
            heading = line.removesuffix(":")
        elif found := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            groups.setdefault(heading, []).append(found[1])
    return groups


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"dnc", "database"}])
def test_no_page_of_help_is_one_long_list_and_each_option_stands_once(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == ExitCode.DONE
    groups = headings_of(capsys.readouterr().out)
    options = [option for members in groups.values() for option in members]
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    shown = {one.opts[-1] for one in command.params if isinstance(one, click.Option) and not one.hidden}
    assert len(options) == len(set(options)), "an option stands twice"
    assert shown - set(options) <= {"--format"}  # the third name of -o, --output
    assert max(map(len, groups.values())) <= 9
    assert "--help" in groups["Questions and output"]


def test_the_options_of_run_stand_where_people_look_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == ExitCode.DONE
    groups = headings_of(capsys.readouterr().out)
    assert groups["Which batch or folder"] == ["--recipients", "--batch", "--sandbox", "--any-hour"]
    assert {"--limit", "--until", "--track"} <= {*groups["How far"]}
    assert groups["Call again"] == ["--retry-errors", "--redial", "--redial-unknown"]
