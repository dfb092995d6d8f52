"""Which files belong to a batch: named as the campaign says, apart from each other and from what is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dialer.config.batch import Batch, locate, stem_of
from dialer.config.campaign import load_campaign
from dialer.errors import CampaignError, UsageError

AGENT = 'agent_id = "123e4567-e89b-12d3-a456-426655440000"\n'


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)


def find(more: str = "", *, recipients: str | None = None, batch: str | None = None, sandbox: bool = False) -> Batch:
    """Locate the files of `in/c.toml`."""
    Path("in/c.toml").write_text(f"{AGENT}{more}", encoding="utf-8")
    named = None if recipients is None else Path(recipients)
    return locate(Path("in/c.toml"), recipients=named, batch=batch, sandbox=sandbox)


def refused(more: str, *, recipients: str | None = None, batch: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        find(more, recipients=recipients, batch=batch)
    return str(caught.value)


LIST = 'recipients = "list.csv"\n'


def test_paths_are_relative_to_the_campaign_file() -> None:
    batch = find('recipients = "../lists/a.csv"\nresults = "../out/a.csv"\nledger = "b.db"')
    assert (batch.recipients, batch.results) == (Path("lists/a.csv"), Path("out/a.csv"))
    assert (batch.ledger, batch.lock) == (Path("in/b.db"), Path("in/b.db.lock"))


def test_results_and_ledger_lie_beside_the_campaign_file_by_default() -> None:
    batch = find(LIST)
    assert (batch.results, batch.ledger) == (Path("in/c.results.csv"), Path("in/c.results.ledger"))
    assert batch.name == "c"


def test_the_ledger_lies_beside_the_results() -> None:
    assert find(f'{LIST}results = "../out/a.csv"').ledger == Path("out/a.ledger")


def test_a_recipients_option_is_relative_to_the_working_directory_and_wins() -> None:
    batch = find(f'{LIST}results = "{{recipients}}.csv"', recipients="today.csv")
    assert (batch.recipients, batch.results) == (Path("today.csv"), Path("in/today.csv"))
    assert find("", recipients="today.csv").recipients == Path("today.csv")


def test_an_absolute_path_and_a_home_folder_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    batch = find(f'recipients = "~/list.csv"\nresults = "{tmp_path}/out.csv"')
    assert (batch.recipients, batch.results) == (tmp_path / "home/list.csv", tmp_path / "out.csv")


def test_names_are_filled_in_all_at_once() -> None:
    more = f'{LIST}results = "{{campaign}}/{{recipients}}-{{batch}}-{{recipients}}.csv"'
    assert find(more, recipients="{batch}{odd}.csv", batch="mon").results == Path(
        "in/c/{batch}{odd}-mon-{batch}{odd}.csv"
    )


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("people.csv", "people"),
        ("people.csv.gz", "people"),
        ("PEOPLE.CSV.GZ", "PEOPLE"),
        ("people.v2.csv", "people.v2"),
        ("people.tsv.gz", "people"),
        ("people.xlsx", "people"),
        ("people", "people"),
        ("my people (1).csv", "my people (1)"),
        ("Zoë 李.csv", "Zoë 李"),
        (".csv", ".csv"),
    ],
)
def test_recipients_stands_for_the_name_without_its_endings(name: str, stem: str) -> None:
    assert stem_of(Path("some.where") / name) == stem
    assert find('results = "{recipients}.csv"', recipients=name).results == Path(f"in/{stem}.csv")


def test_a_batch_name_makes_another_batch_without_a_results_name() -> None:
    batch = find(LIST, batch="monday")
    assert (batch.name, batch.results) == ("c.monday", Path("in/c.monday.results.csv"))
    assert batch.ledger == Path("in/c.monday.results.ledger")


def test_a_trial_keeps_results_and_ledger_apart() -> None:
    real, trial = find(LIST), find(LIST, sandbox=True)
    assert (trial.results, trial.ledger) == (Path("in/c.results.sandbox.csv"), Path("in/c.results.sandbox.ledger"))
    assert {trial.results, trial.ledger, trial.lock}.isdisjoint({real.results, real.ledger, real.lock})
    assert (trial.recipients, trial.name) == (real.recipients, "c.sandbox")
    named = find(f'{LIST}results = "out-{{batch}}.csv"\nledger = "x-{{batch}}.db"', batch="mon", sandbox=True)
    assert (named.results, named.ledger) == (Path("in/out-mon.sandbox.csv"), Path("in/x-mon.sandbox.db"))


@pytest.mark.parametrize("name", ["monday", "2026-12-01", "a.b_c-d", "Montag_ä", "x" * 100])
def test_a_batch_name_is_part_of_a_file_name(name: str) -> None:
    assert find(f'{LIST}results = "{{batch}}.csv"', batch=name).results == Path(f"in/{name}.csv")


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "../a", "a b", "a\n", "{recipients}", "a\0", "x" * 101])
def test_a_batch_name_that_is_no_file_name_is_refused(name: str) -> None:
    assert refused(LIST, batch=name) == (
        f"--batch {name!r}: use letters, digits, '.', '-' and '_' only; it becomes a file name."
    )


def test_a_missing_batch_name_is_asked_for() -> None:
    words = "has {batch} in it: add --batch NAME, for instance --batch monday."
    assert refused(f'{LIST}results = "{{batch}}.csv"') == f"in/c.toml, line 3: `results` {words}"


def test_a_batch_name_that_names_nothing_is_refused() -> None:
    assert refused(f'{LIST}results = "out.csv"', batch="monday") == (
        "--batch monday: in/c.toml, line 3: `results` has no {batch} in it; write for instance results = "
        '"../results/{batch}.csv".'
    )


def test_an_unknown_name_in_braces_is_refused() -> None:
    assert refused(f'{LIST}results = "{{date}}.csv"') == (
        "in/c.toml, line 3: `results` has {date} in it; known are {recipients}, {batch} and {campaign}."
    )


@pytest.mark.parametrize(
    ("more", "batch", "given"),
    [
        ('results = "{recipients}.csv"\nledger = "one.db"', None, "{recipients}"),
        ('results = "one.csv"\nledger = "{recipients}.db"', None, "{recipients}"),
        ('results = "{batch}.csv"\nledger = "one.db"', "mon", "{batch}"),
        ('# default\nledger = "one.db"', "mon", "{batch}"),
    ],
)
def test_two_batches_never_share_a_ledger(more: str, batch: str | None, given: str) -> None:
    assert refused(f"{LIST}{more}", batch=batch) == (
        f"in/c.toml, line 4: `ledger`: {given} has to be in both `results` and `ledger`, or in neither: each batch has "
        "its own results and its own ledger."
    )


@pytest.mark.parametrize("value", ["3", '""', '"  "', "[]", '["a.csv"]', '"a\\u0000.csv"'])
@pytest.mark.parametrize("name", ["recipients", "results", "ledger"])
def test_a_path_is_a_text_that_is_one(name: str, value: str) -> None:
    given = "" if name == "recipients" else LIST
    line = 2 if name == "recipients" else 3
    assert refused(f"{given}{name} = {value}") == (
        f'in/c.toml, line {line}: `{name}` has to be a path in quotes, as in {name} = "list.csv".'
    )


def test_a_file_may_begin_like_a_home_folder() -> None:
    assert find('recipients = "./~list.csv"').recipients == Path("in/~list.csv")


def test_an_unknown_home_folder_is_told() -> None:
    assert refused('recipients = "~nobody-of-that-name/a.csv"') == (
        "in/c.toml, line 2: `recipients`: there is no home folder for ~nobody-of-that-name/a.csv; "
        "a file of that name is ./~nobody-of-that-name/a.csv."
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('results = "list.csv"', "`results`: in/list.csv is the list of recipients; name another file."),
        ('results = "../in/./list.csv"', "`results`: in/list.csv is the list of recipients; name another file."),
        ('results = "c.toml"', "`results`: in/c.toml is the campaign file; name another file."),
        ('ledger = "list.csv"', "`ledger`: in/list.csv is the list of recipients; name another file."),
        ('ledger = "c.toml"', "`ledger`: in/c.toml is the campaign file; name another file."),
        (
            'results = "a.csv" # and\nledger = "a.csv"',
            "`results` and `ledger` are one file (in/a.csv); name another one.",
        ),
        ('results = "a.ledger"', "`results` and `ledger` are one file (in/a.ledger); name another one."),
        ('results = "a.lock"\nledger = "a"', "`results` and `ledger` are one file (in/a.lock); name another one."),
        ('results = "../in"', "`results`: in is a folder; name a file in it."),
        ('results = "."', "`results`: in is a folder; name a file in it."),
        ('ledger = ".."', "`ledger`: in/.. is a folder; name a file in it."),
        ('ledger = "/"', "`ledger`: / is a folder; name a file in it."),
        (f'results = "{"x" * 300}"', f"`results`: in/{'x' * 300} cannot be used (File name too long)."),
    ],
)
def test_nothing_that_is_read_is_overwritten(more: str, words: str) -> None:
    assert refused(f"{LIST}{more}") == f"in/c.toml, line 3: {words}"


def test_the_lock_is_apart_from_what_is_read() -> None:
    assert refused('recipients = "a.db.lock"\nledger = "a.db"') == (
        "in/c.toml, line 3: `ledger`: in/a.db.lock is the list of recipients; name another file."
    )


def test_a_file_is_the_same_under_another_name() -> None:
    Path("in/list.csv").touch()
    Path("in/link.csv").symlink_to("list.csv")
    os.link("in/list.csv", "in/hard.csv")
    for name in ("link", "hard"):
        assert "is the list of recipients" in refused(f'{LIST}results = "{name}.csv"')
    Path("in/loop.csv").symlink_to("loop.csv")
    assert refused(f'{LIST}results = "loop.csv"').endswith(
        "in/loop.csv cannot be used (Too many levels of symbolic links)."
    )


def test_a_path_through_a_link_goes_where_the_system_goes() -> None:
    Path("far/below").mkdir(parents=True)
    Path("in/link").symlink_to("../far/below")
    assert os.path.realpath(find(f'{LIST}results = "link/../a.csv"').results) == os.path.realpath("far/a.csv")


def test_a_workbook_lies_beside_the_results_and_a_trial_has_its_own() -> None:
    more = f'{LIST}results = "out/monday.csv"\nresults_xlsx = true\n'
    assert find(more).workbook == Path("in/out/monday.xlsx")
    assert find(more, sandbox=True).workbook == Path("in/out/monday.sandbox.xlsx")
    assert find(LIST).workbook is None


def test_a_workbook_does_not_take_the_place_of_the_list_or_the_ledger() -> None:
    named = 'recipients = "list.xlsx"\nresults = "list.csv"\nresults_xlsx = true\n'
    assert "results_xlsx" in refused(named)
    assert "list.xlsx" in refused(named)
    assert "one file" in refused(f'{LIST}results = "out.csv"\nledger = "out.xlsx"\nresults_xlsx = true\n')


def test_results_that_are_named_like_a_workbook_are_refused_with_the_line_that_asks_for_one() -> None:
    words = refused(f'{LIST}results = "monday.XLSX"\n')
    assert "Name it like monday.csv. For a workbook beside it, add the line: results_xlsx = true" in words


def test_a_suppression_list_is_not_overwritten() -> None:
    Path("in/c.toml").write_text(
        f'{AGENT}{LIST}results = "dnc.csv"\n[screening]\nsuppression = ["a.csv", "./dnc.csv"]\n'
    )
    with pytest.raises(CampaignError) as caught:
        load_campaign("in/c.toml")
    assert str(caught.value) == (
        "in/c.toml, line 3: `results`: in/dnc.csv is the do-not-call list dnc.csv; name another file."
    )


def test_suppression_lists_are_relative_to_the_campaign_file() -> None:
    Path("in/c.toml").write_text(f'{AGENT}{LIST}[screening]\nsuppression = ["../a.csv", "b.csv"]\n')
    assert load_campaign("in/c.toml").suppression == (Path("a.csv"), Path("in/b.csv"))
