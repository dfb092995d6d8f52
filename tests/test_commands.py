"""Every command that a message, the report or the README tells can be pasted, and means the same batch."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import shlex
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import dialer
from dialer.cli import main
from dialer.cli.group import cli
from dialer.config.campaign.mistakes import _tables
from dialer.messages.commands import Selection, command_text
from dialer.messages.examples import EXAMPLES
from dialer.messages.verbs import VERBS as ON_THE_PAGE
from dialer.store.sqlite import locked
from tests.place import HEADER, awkward, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.place import Place

ROOT = Path(__file__).parent.parent
SOURCE = Path(dialer.__file__).parent
ASKED = click.Context(cli)
COMMANDS = {verb: command for verb in cli.list_commands(ASKED) if (command := cli.get_command(ASKED, verb))}
VERBS = sorted(COMMANDS)
COMMAND = re.compile(rf"\bdialer (?:{'|'.join(VERBS)})\b")
NAME = re.compile(r"`dialer [a-z]+`")
"""A verb that is only named is no advice: who asked a run to stop, or what lifts a pause."""


def parsed(command: str) -> click.Context:
    """Return what click understands of a command; nothing is done.

    Raises:
        click.UsageError: there is no such verb or option, or something is missing.
    """
    name, *words = shlex.split(command)
    assert name == "dialer"
    with cli.make_context("dialer", words) as whole:
        verb, found, rest = cli.resolve_command(whole, [*whole._protected_args, *whole.args])
        assert found is not None
        context = found.make_context(verb, rest, parent=whole)
        if isinstance(found, click.Group):
            verb, below, rest = found.resolve_command(context, [*context._protected_args, *context.args])
            assert below is not None
            below.make_context(verb, rest, parent=context)
        return context


def told(text: str) -> list[str]:
    """Return the commands in a text: each ends with its line, as it is pasted."""
    return [line[found.start() :] for line in NAME.sub("", text).splitlines() if (found := COMMAND.search(line))]


# -- from the source ---------------------------------------------------------------------------------------------


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def docstrings(tree: ast.Module) -> set[int]:
    """Return which constants stand by themselves: they are read by developers."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


@functools.cache
def texts() -> list[tuple[str, str]]:
    """Return every text in the source that a person may get to see, with its place."""
    return [
        (f"{name}:{node.lineno}", node.value)
        for name, tree in trees()
        for silent in [docstrings(tree)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


def built() -> Iterator[tuple[str, str]]:
    """Yield every command that the source builds, with its place."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name == "messages/commands.py":
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = [_filled(word) for word in node.args if not isinstance(word, ast.Starred)]
            if called == "command" and words:
                yield f"{name}:{node.lineno}", Selection(Path("c.toml")).command(*words)
            if called == "command_text":
                yield f"{name}:{node.lineno}", command_text(*words)


def _filled(word: ast.expr) -> str:
    """Return a word of a command; what is filled in later could be this."""
    return word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else "completed"


def test_every_command_that_is_built_exists() -> None:
    found = list(built())
    assert len(found) > 20
    for place, command in found:
        assert parsed(command).info_name in VERBS, place


def test_no_message_spells_a_command_out_by_itself() -> None:
    """One that is spelled out lacks the campaign, or the options that say which batch."""
    spelled = [
        (place, text)
        for place, text in texts()
        if COMMAND.search(NAME.sub("", text)) and not place.startswith(("messages/examples.py", "messages/verbs.py"))
    ]
    assert spelled == []


def options() -> set[str]:
    """Return every option that a command has."""
    below = [verb for group in COMMANDS.values() for verb in getattr(group, "commands", {}).values()]
    verbs = (cli, *COMMANDS.values(), *below)
    return {option for verb in verbs for one in verb.params for option in one.opts} | {"--help"}


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
SETTING = re.compile(r"`?\b(?!as )([a-z_]+)`?(?: = [^ ]+)?(?: must be| column)? in `?\[([a-z_]+)\]")


def settings() -> set[tuple[str, str]]:
    """Return every setting of a campaign file, with its table."""
    return {(".".join(table), key) for table, keys in _tables() for key in keys}


def test_every_option_that_a_message_names_exists() -> None:
    known = options()
    named = {
        (place, option)
        for place, text in texts()
        if not place.startswith(("provider/bolna/sandbox", "export/report"))
        for option in OPTION.findall(text.replace("pip install --upgrade", ""))
    }
    assert len(named) > 20
    assert {(place, option) for place, option in named if option not in known} == set()


def test_every_setting_that_a_message_names_exists() -> None:
    """As in: set `until` in [schedule], or plus_lost = true in [csv]."""
    known = settings()
    named = {(place, (table, key)) for place, text in texts() for key, table in SETTING.findall(text)}
    assert len(named) > 10
    assert {(place, one) for place, one in named if one not in known} == set()


# -- help ---------------------------------------------------------------------------------------------------------


def with_those_below() -> dict[str, click.Command]:
    """Return every command by its words, such as `dnc add`."""
    below = {f"{verb} {name}": one for verb in VERBS for name, one in getattr(COMMANDS[verb], "commands", {}).items()}
    return COMMANDS | below


@pytest.mark.parametrize("verb", with_those_below())
def test_help_ends_with_two_examples_that_the_program_takes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0
    shown = capsys.readouterr().out.split("Examples:")[1].splitlines()
    found = [line.strip() for line in shown if line.startswith("  dialer ")]
    assert len(found) == 2
    for example, line in zip(EXAMPLES[verb], found, strict=True):
        assert line.startswith(example)
        assert parsed(example.partition(" > ")[0]).info_name == verb.split(maxsplit=1)[0]


def test_every_command_is_in_one_group_on_the_page_of_help() -> None:
    assert sorted(ON_THE_PAGE) == VERBS
    assert sorted(EXAMPLES) == sorted(with_those_below())


WITHOUT_FACTS = {"completion", "database", "dnc", "dnc export", "help", "serve"}
"""Several commands, a file or a script for programs, pages to read."""


@pytest.mark.parametrize("verb", with_those_below())
def test_json_can_be_asked_for_in_two_ways_wherever_facts_are_printed(verb: str) -> None:
    options = {option for one in with_those_below()[verb].params for option in one.opts}
    if verb in WITHOUT_FACTS:
        assert "--json" not in options
    else:
        assert {"-o", "--json"} <= options


@pytest.mark.parametrize("typed", [["--json"], ["-o", "json"], ["--json", "-o", "json"]])
def test_json_is_the_same_by_both_names(
    typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["list", *typed]) == 0
    assert json.loads(capsys.readouterr().out)["batches"] == []


# -- as they are told --------------------------------------------------------------------------------------------


def test_a_command_keeps_the_options_that_say_which_batch() -> None:
    given = Selection(Path("my calls/it's.toml"), Path("-x.csv"), "monday", sandbox=True)
    words = shlex.split(given.command("run", "--redial", "busy"))
    assert words == [
        *("dialer", "run", "my calls/it's.toml", "--recipients", "./-x.csv", "--batch", "monday", "--sandbox"),
        *("--redial", "busy"),
    ]
    assert parsed(given.command("run")).params["campaigns"] == (given.campaign,)


@pytest.mark.parametrize("verb", ["track", "cancel"])
def test_a_trial_is_never_told_a_command_that_would_act_on_the_real_calls(verb: str) -> None:
    given = Selection(Path("c.toml"), sandbox=True).command(verb)
    assert parsed(given).params["sandbox"] is True


def test_a_name_that_a_terminal_would_obey_can_be_pasted(tmp_path: Path) -> None:
    """Bash takes it for the very file; nothing that is printed is a control character."""
    name = "a\x1b[31m \x9b'b\\\nc\u202e\udcff.toml"
    command = command_text("check", tmp_path / name)
    assert command.isprintable()
    shell = ["bash", "-c", command.replace("dialer check", "printf '%s\\0'")]
    done = subprocess.run(shell, capture_output=True, check=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert done.stdout == os.fsencode(tmp_path / name) + b"\0"


@pytest.fixture
def troubled(quick: Place) -> Path:
    """A campaign in a folder that needs quoting, of whose people some were refused, unclear, invalid, not reached."""
    folder = quick.folder / "it's here"
    folder.mkdir()
    quick.folder = folder
    quick.recipients([*awkward(8), ["no number", "", "", ""]], header=HEADER)
    path = quick.campaign()
    quick.sandbox.call_strikes.force("refused", "error_before")
    run(path, limit=7)
    return path


def test_what_every_verb_tells_can_be_pasted(troubled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = str(troubled)
    lines = [
        ["init", str(troubled.with_name("list.csv")), "--to", str(troubled.with_name("new one.toml"))],
        *(
            ["check", words],
            ["check", str(troubled.with_name("list.csv"))],
            ["check", str(troubled.parent / "no.toml")],
        ),
        *(["status", words], ["status", words, "--sandbox"], ["reconcile", words], ["results", words]),
        ["run", words, "--yes", "--limit", "0"],
        ["run", words, "--yes", "--limit", "1", "--redial", "no-answer", "--retry-errors"],
        *(["track", words], ["report", words, "--format", "md"], ["cancel", words, "--yes"], ["status", words]),
    ]
    found = set()
    for line in lines:
        main(line)
        out, err = capsys.readouterr()
        if line[0] != "report":
            found |= set(told(f"{out}\n{err}"))
    main(["report", words, "--format", "json"])
    found |= {one["command"] for one in json.loads(capsys.readouterr().out)["unfinished"]}
    assert {parsed(one).info_name for one in found} >= {"check", "init", "reconcile", "run", "track"}
    assert {parsed(one).params.get("campaign") for one in found if "it's" in shlex.split(one)[2]} <= {troubled, None}


def test_what_a_trial_tells_stays_in_the_trial(
    troubled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [str(troubled), "--sandbox"]
    told_so_far = []
    for line in (
        ["run", *words, "--yes", "--limit", "3"],
        ["status", *words],
        ["check", *words],
        ["reconcile", *words],
    ):
        main(line)
        told_so_far += told("\n".join(capsys.readouterr()))
    main(["report", *words, "--format", "json"])
    told_so_far += [one["command"] for one in json.loads(capsys.readouterr().out)["unfinished"]]
    assert len(told_so_far) > 3
    assert [one for one in told_so_far if not parsed(one).params.get("sandbox")] == []
    monkeypatch.delenv("BOLNA_API_KEY")
    main(["run", str(troubled), "--yes"])
    advised = [parsed(one) for one in told("\n".join(capsys.readouterr()))]
    assert [one.info_name for one in advised if one.params.get("sandbox")] == ["run"]


@pytest.mark.parametrize("options", [("run", "--yes"), ("reconcile",), ("results",)])
def test_who_is_turned_away_is_told_a_command_that_shows_the_other(
    troubled: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    verb, *more = options
    with ExitStack() as stack:
        stack.enter_context(locked(troubled.with_name("c.results.ledger.lock"), command="run"))
        assert main([verb, str(troubled), *more]) == 4
    words = capsys.readouterr().err
    assert parsed(words[words.rindex("dialer ") :]).params["campaigns"] == (troubled,)


# -- what is suggested -------------------------------------------------------------------------------------------


def near(word: str) -> set[str]:
    """Return what is typed by mistake: a letter too few, doubled, or swapped with the next."""
    found = set()
    for at in range(2, len(word)):
        found |= {word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]}
        found |= {word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]}
    return found


GRAVE = {"--yes", "--adopt", "--retry-errors", "--redial", "--redial-unknown", "--full-numbers"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistyped_option_is_never_answered_with_one_that_calls_somebody(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {option for one in COMMANDS[verb].params for option in one.opts if option.startswith("--")}
    for typed in {word for option in known for word in near(option)} - known | {"--vebose"}:
        assert main([verb, typed, "x"]) == 2
        offered = set(re.findall(r"'(--[\w-]+)'", capsys.readouterr().err)) - {typed}
        assert not offered & GRAVE, typed
    assert "Did you mean" in _said(capsys, verb, "--outptu") or "--output" not in known


def test_a_mistyped_verb_is_answered_with_all_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    for typed in {word.strip() for verb in VERBS for word in near(f"  {verb}")} - set(VERBS) | {"restart", "rnu"}:
        said = _said(capsys, typed, "x")
        assert "Did you mean" not in said
        assert f"The commands are: {', '.join(ON_THE_PAGE)}." in said


def _said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(list(words))
    return capsys.readouterr().err


# -- README and manual -------------------------------------------------------------------------------------------


PAGES = [ROOT / "README.md", *sorted((SOURCE / "manual").glob("*.md"))]


def shown_in(page: Path) -> list[str]:
    """Return the commands of a page, in its blocks and in its sentences."""
    text = page.read_text(encoding="utf-8")
    block = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    shown = [body for language, body in block.findall(text) if language in {"sh", "console", "ini", ""}]
    code = [*re.findall("`([^`]+)`", block.sub("", text)), *"\n".join(shown).splitlines()]
    commands = [
        re.split(r" +#| 2?>>?| && ", line[found.start() :])[0] for line in code if (found := COMMAND.search(line))
    ]
    # A verb alone is its name; a help text begins with what the command takes.
    return sorted({one for one in commands if len(one.split()) > 2 and "--help" not in one and "[OPTIONS]" not in one})


def test_commands_are_found_in_the_pages() -> None:
    assert len({command for page in PAGES for command in shown_in(page)}) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_in_a_page_exists(page: Path) -> None:
    for command in shown_in(page):
        assert parsed(command).info_name in VERBS, command


def _ours(block: re.Match[str]) -> str:
    return "\n".join(line for line in block[0].splitlines() if "dialer " in line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_option_and_every_setting_that_a_page_names_exists(page: Path) -> None:
    """Those of other programs, in blocks of code, are not ours."""
    text = re.sub(r"^```.*?^```$", _ours, page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert set(OPTION.findall(text)) - options() == set()
    assert {(table, key) for key, table in SETTING.findall(text)} - settings() == set()


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_of_help_says_of_a_command_what_its_own_page_begins_with(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    lines = re.findall(rf"^  {verb} +(.*)$", capsys.readouterr().out, re.MULTILINE)
    assert main([verb, "--help"]) == 0
    whole = " ".join(capsys.readouterr().out.split("\n\n")[1].split())
    assert [whole.startswith(line) for line in lines] == [True]


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_help_is_the_same_page_however_it_is_asked_for(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The program shows it without loading what reads commands; the group's own help is that page as well."""
    assert main([asked]) == 0
    shown = capsys.readouterr().out
    assert main([asked, "run"]) == 0
    assert capsys.readouterr().out == shown
