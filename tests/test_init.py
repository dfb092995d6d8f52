"""`dialer init` writes a campaign file that works as it stands, once the agent's id is put in."""

from __future__ import annotations

import csv
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.config.campaign import PLACEHOLDER, load_campaign
from dialer.errors import CampaignError, InputError, UsageError
from dialer.intake.phone_column import usual_columns
from dialer.operations import write_campaign
from dialer.provider.bolna.body import RESERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.config.campaign import Campaign

AGENT = "123e4567-e89b-12d3-a456-426655440000"
OURS = {*RESERVED, "dialer_ref"}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_AGENT_ID", raising=False)


def people(header: Sequence[str], name: str = "people.csv") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, ["x"] * len(header)])
    return path


def filled(path: Path) -> Campaign:
    """Put the agent's id in, and load."""
    path.write_text(path.read_text(encoding="utf-8").replace(PLACEHOLDER, AGENT), encoding="utf-8")
    return load_campaign(path)


def test_it_works_as_it_stands_once_the_agent_is_put_in() -> None:
    written = write_campaign(people(["contact_number", "name", "to_number"]))
    assert written == Path("people.toml")
    with pytest.raises(CampaignError, match=r"^people\.toml, line 4: `agent_id` is still the placeholder"):
        load_campaign(written)
    campaign = filled(written)
    assert (campaign.agent_id, campaign.columns.phone) == (AGENT, ["contact_number"])
    assert (campaign.batch.recipients, campaign.batch.results) == (Path("people.csv"), Path("people.results.csv"))


def test_it_lists_the_variables_and_what_is_left_out() -> None:
    text = write_campaign(people(["phone", "name", "to_number", "due date"])).read_text(encoding="utf-8")
    assert "# The agent hears these variables, each from the column of that name: name, due date\n" in text
    assert "# Bolna fills in these itself, so they are left out: to_number\n" in text
    assert '# [user_data]\n# name = "name"\n# "due date" = "due date"\n' in text
    assert "(none)" in write_campaign(people(["phone"]), to=Path("other.toml")).read_text(encoding="utf-8")


def test_every_key_of_a_campaign_file_that_it_shows_is_one() -> None:
    written = write_campaign(people(["phone", "name"]))
    shown = re.sub(r"^# (?=\[?\w+\]?( = |$))", "", written.read_text(encoding="utf-8"), flags=re.MULTILINE)
    written.write_text(
        shown.replace('duplicates = "skip"', 'duplicates = "call"').replace('"cp1252"', '"utf-8"'), encoding="utf-8"
    )
    assert len(tomllib.loads(shown)["columns"]) == 5
    campaign = filled(written)
    assert campaign.user_data is not None
    assert campaign.call.scheduled_at is not None
    assert campaign.screening.required == ["name"]
    assert campaign.window is not None


def is_number(name: str) -> bool:
    """Tell whether a name may be a phone number: with it a list seems to have no header, and is refused."""
    return sum(map(str.isdigit, name)) >= 7


ODD = st.text(st.characters(exclude_categories=["Cs", "Cf"], exclude_characters="\0"), min_size=1, max_size=10)
NAMES = ODD.map(str.strip).filter(
    lambda name: name and name not in OURS and not is_number(name) and not usual_columns([name])
)


@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True))
@example(names=["0E0"])
def test_any_names_of_columns_make_a_campaign_file(names: list[str]) -> None:
    people(names)
    for path in (Path("people.toml"), Path("mapped.toml")):
        path.unlink(missing_ok=True)
    written = write_campaign(Path("people.csv"))
    (first,) = filled(written).columns.phone
    assert first in names
    text = written.read_text(encoding="utf-8")
    mapped = text.replace("# [user_data]", "[user_data]").split("[user_data]\n")[1].split("# clinic")[0]
    mapping = tomllib.loads("".join(line.removeprefix("# ") for line in mapped.splitlines(keepends=True)))
    assert mapping == {name: name for name in names if name != first}


@pytest.mark.parametrize(
    "name",
    ['quoted "name"', "two\nlines", "two\r\nlines", "emoji 🙂", "a.b.c", "back\\slash", "[table]", "# note",
     "tab\there", "{braces}", "$agent", "'", '"""', "bell\x07", "del\x7f", "a\x85b", "a\u2028b", "अनन्या", "=1+1"],
)  # fmt: skip
def test_an_odd_name_is_a_phone_column_and_a_variable(name: str) -> None:
    people([name, "name"])
    assert filled(write_campaign(Path("people.csv"))).columns.phone == [name]
    people(["phone", name])
    assert filled(write_campaign(Path("people.csv"), to=Path("other.toml"))).columns.phone == ["phone"]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (["name", "phone"], 'phone = "phone"'),
        (["name", "Contact Number"], 'phone = "Contact Number"'),
        (
            ["name", "Kontakt"],
            'phone = "name"   # <- not sure: no column has one of the usual names, or holds numbers',
        ),
        (
            ["name", "phone", "mobile_number"],
            'phone = "phone"   # <- not sure: 0 of 1 cells are numbers; mobile_number: 0 of 1 cells are numbers',
        ),
    ],
)
def test_the_phone_column_is_guessed_and_doubts_are_said(header: list[str], line: str) -> None:
    assert f"\n{line}\n" in write_campaign(people(header)).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "row", "line"),
    [
        ("name,Kontakt", "x,+919876543210", 'phone = "Kontakt"   # <- not sure: 1 of 1 cells are numbers'),
        (
            "name,Kontakt,Handy",
            "x,0172 1234567,98765 43210",
            'phone = "Handy"   # <- not sure: 1 of 1 cells are numbers; Kontakt: 1 of 1 cells are numbers',
        ),
        (
            "order id,Phone #,note\n9876500001,,\n9876500002,+919876543210,",
            "9876500003,+919876543211,",
            'phone = "Phone #"   # <- not sure: 2 of 3 cells are numbers; order id: 3 of 3 cells are numbers',
        ),
        (
            "contact_number,Handy",
            "+919876543210,+919876543211",
            'phone = "contact_number"   # 1 of 1 cells are numbers; Handy: 1 of 1 cells are numbers',
        ),
    ],
)
def test_a_phone_column_without_a_usual_name_is_guessed_by_its_cells(header: str, row: str, line: str) -> None:
    Path("people.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert f"\n{line}\n" in write_campaign(Path("people.csv")).read_text(encoding="utf-8")


def test_the_column_with_the_most_numbers_is_guessed_and_not_the_emptiest() -> None:
    """As address books export them: one number in ten rows is no better for being clean."""
    rows = [[f"+9198765432{at:02}" if at != 3 else "121", "+912223456789" if at == 9 else ""] for at in range(10)]
    with Path("people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Phone 2 - Value", "Phone 1 - Value"], *([two, one] for one, two in rows)])
    text = write_campaign(Path("people.csv")).read_text(encoding="utf-8")
    said = "9 of 10 cells are numbers; Phone 2 - Value: 1 of 10 cells are numbers"
    assert f'phone = "Phone 1 - Value"   # <- not sure: {said}\n' in text


def test_the_encoding_that_is_named_is_put_in() -> None:
    Path("people.csv").write_bytes("phone,Größe\n+919876543210,x\n".encode("cp1252"))
    campaign = filled(write_campaign(Path("people.csv"), encoding="cp1252"))
    assert campaign.csv.encoding == "cp1252"
    assert '# "Größe" = "Größe"\n' in Path("people.toml").read_text(encoding="utf-8")


def test_a_list_that_is_not_utf_8_is_refused_with_the_option_that_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_bytes("phone,name\n+919876543210,José\n".encode("cp1252"))
    assert main(["init", "people.csv"]) == 2
    assert capsys.readouterr().err == (
        "Error: people.csv, line 2: byte 29 of the file is not utf-8. The cell would read as\n"
        "  cp1252     José\n  cp1250     José\n  cp1251     Josй\n  mac_roman  JosÈ\n  cp850      JosÚ\n"
        "Add the one that reads right, like --encoding cp1252, or save the file as CSV UTF-8.\n"
    )
    assert not Path("people.toml").exists()


@pytest.mark.parametrize(
    ("recipients", "to", "named"),
    [
        ("people.csv", "here.toml", "people.csv"),
        ("lists/people.csv", "campaigns/c.toml", "../lists/people.csv"),
        ("lists/people.csv", "lists/c.toml", "people.csv"),
        ('lists/od"d 🙂.csv', "c.toml", 'lists/od"d 🙂.csv'),
        ("~people.csv", "c.toml", "./~people.csv"),
    ],
)
def test_the_csv_is_named_from_where_the_campaign_file_lies(recipients: str, to: str, named: str) -> None:
    path = people(["phone", "name"], recipients)
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    campaign = filled(write_campaign(path, to=Path(to)))
    assert tomllib.loads(Path(to).read_text(encoding="utf-8"))["recipients"] == named
    assert campaign.batch.recipients.samefile(path)


def test_a_folder_that_is_a_link_is_gone_through_as_the_system_does() -> None:
    path = people(["phone", "name"], "real/deep/lists/people.csv")
    Path("link").symlink_to("real/deep")
    Path("link/campaigns").mkdir()
    campaign = filled(write_campaign(Path("link/lists/people.csv"), to=Path("link/campaigns/c.toml")))
    assert campaign.batch.recipients.samefile(path)
    above = people(["phone", "name"], "real/above.csv")
    campaign = filled(write_campaign(Path("link/../above.csv"), to=Path("d.toml")))
    assert campaign.batch.recipients.samefile(above)


@pytest.mark.parametrize(
    ("name", "written"),
    [("people.csv", "people.toml"), ("people.v2.csv", "people.v2.toml"), ("lists/PEOPLE.CSV", "PEOPLE.toml")],
)
def test_it_is_named_after_the_csv_in_the_working_directory(name: str, written: str) -> None:
    assert write_campaign(people(["phone"], name)) == Path(written)
    assert Path(written).is_file()


def test_the_agent_of_the_environment_is_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_AGENT_ID", AGENT)
    assert load_campaign(write_campaign(people(["phone"]))).agent_id == AGENT
    monkeypatch.setenv("BOLNA_AGENT_ID", "Asha")
    assert PLACEHOLDER in write_campaign(people(["phone"]), to=Path("other.toml")).read_text(encoding="utf-8")


def test_a_file_is_never_overwritten() -> None:
    Path("people.toml").write_text("mine", encoding="utf-8")
    Path("dangling.toml").symlink_to("nowhere.toml")
    for to in (None, Path("people.toml"), Path("dangling.toml")):
        with pytest.raises(UsageError) as caught:
            write_campaign(people(["phone"]), to=to)
        shown = to or "people.toml"
        assert str(caught.value) == f"{shown} exists already; name another file with --to FILE, or edit that one."
    assert Path("people.toml").read_text(encoding="utf-8") == "mine"
    assert not Path("nowhere.toml").exists()


def test_a_place_that_cannot_be_written_is_told() -> None:
    with pytest.raises(UsageError, match=r"^no/c.toml: cannot be written \(No such file or directory\)\.$"):
        write_campaign(people(["phone"]), to=Path("no/c.toml"))


def test_a_name_that_no_text_can_hold_is_told_and_nothing_is_left_behind() -> None:
    path = people(["phone"], "caf\udce9.csv")
    with pytest.raises(InputError, match=r"a campaign file cannot hold this name\. Rename the CSV\.$"):
        write_campaign(path, to=Path("c.toml"))
    assert not Path("c.toml").exists()


def test_the_command_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    people(["phone", "name"], "my people.csv")
    assert main(["init", "my people.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == "my people.toml is written. Put the agent's id in, then: dialer check 'my people.toml'\n"
    assert err == ""
    assert main(["init", "my people.csv"]) == 2
    assert capsys.readouterr().err == (
        "Error: my people.toml exists already; name another file with --to FILE, or edit that one.\n"
    )


def test_what_it_writes_runs_in_the_sandbox_before_the_agent_is_put_in(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_text("phone,name\n+919876543210,Zoë\n", encoding="utf-8")
    write_campaign(Path("people.csv"))
    assert main(["run", "people.toml", "--sandbox", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    with Path("people.results.sandbox.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["queued"]
