"""`dialer init` writes a campaign file that works as it stands, once the agent's id is put in."""

from __future__ import annotations

import csv
import re
import tomllib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import anyio
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.config.campaign import PLACEHOLDER, load_campaign
from dialer.errors import CampaignError, InputError, UsageError
from dialer.hours import WeeklyHours, daily
from dialer.input_rows import column_name
from dialer.intake.opt_outs import is_opt_out
from dialer.intake.phone_column import usual_columns
from dialer.operations import write_campaign
from dialer.operations.init import init_campaign, new_list
from dialer.operations.init.interview import AnswerError
from dialer.provider.bolna.body import RESERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.config.campaign import Campaign
    from dialer.operations.init.interview import Question

T = TypeVar("T")

AGENT = "123e4567-e89b-12d3-a456-426655440000"
OURS = {*RESERVED, "dialer_ref"}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_AGENT_ID", raising=False)


def people(header: Sequence[str], name: str = "people.csv", *, phone: str | None = None) -> Path:
    """Write a list of one person, whose number is in that column, else in the first one."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    row = ["+919876543210" if name == (phone or header[0]) else "x" for name in header]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, row])
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


def test_it_names_what_is_sent_and_what_is_left_out() -> None:
    written = write_campaign(people(["phone", "name", "to_number", "due date"]))
    text = written.read_text(encoding="utf-8")
    assert "# Bolna fills in these itself, so they are not sent: to_number\n" in text
    assert filled(written).user_data == {"name": "name", "due date": "due date"}
    assert filled(write_campaign(people(["phone"]), to=Path("other.toml"))).user_data == {}


def test_every_key_of_a_campaign_file_that_it_shows_is_one() -> None:
    written = write_campaign(people(["phone", "name"]))
    shown = re.sub(r"^# (?=\[?\w+\]?( = |$))", "", written.read_text(encoding="utf-8"), flags=re.MULTILINE)
    written.write_text(
        shown.replace('duplicates = "skip"', 'duplicates = "call"').replace('"cp1252"', '"utf-8"'), encoding="utf-8"
    )
    assert len(tomllib.loads(shown)["columns"]) == 5
    campaign = filled(written)
    assert campaign.call.scheduled_at is not None
    assert campaign.screening.required == ["name"]
    assert campaign.window is not None


def is_number(name: str) -> bool:
    """Tell whether a name may be a phone number: with it a list seems to have no header, and is refused."""
    return sum(map(str.isdigit, name)) >= 7


ODD = st.text(st.characters(exclude_categories=["Cs", "Cf"], exclude_characters="\0"), min_size=1, max_size=10)
NAMES = ODD.map(column_name).filter(
    lambda name: (
        name and name not in OURS and not is_number(name) and not usual_columns([name]) and not is_opt_out(name)
    )
)


@given(names=st.lists(NAMES, min_size=1, max_size=6, unique=True))
@example(names=["0E0"])
def test_any_names_of_columns_make_a_campaign_file(names: list[str]) -> None:
    people(["phone", *names])
    Path("people.toml").unlink(missing_ok=True)
    campaign = filled(write_campaign(Path("people.csv")))
    assert (campaign.columns.phone, campaign.user_data) == (["phone"], {name: name for name in names})


@pytest.mark.parametrize(
    "name",
    ['quoted "name"', "two\nlines", "two\r\nlines", "emoji 🙂", "a.b.c", "back\\slash", "[table]", "# note",
     "tab\there", "{braces}", "$agent", "'", '"""', "bell\x07", "del\x7f", "a\x85b", "a\u2028b", "अनन्या", "=1+1"],
)  # fmt: skip
def test_an_odd_name_is_a_phone_column_and_a_variable(name: str) -> None:
    people(["phone", name])
    assert filled(write_campaign(Path("people.csv"))).user_data == {name: name}
    answers = Answers(["1"])
    assert filled(asked(people([name, "name"]), answers, to="other.toml")).columns.phone == [name]


class Answers:
    """A person who answers one question after the other; an empty answer takes what is proposed."""

    def __init__(self, answers: Sequence[str] = ()) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []

    async def __call__(self, question: Question[T]) -> T:
        """Answer the next question, as `cli.asking.interview` does."""
        self.questions.append("\n".join([question.words, *question.options, f"[{question.proposed}]"]))
        return question.read((self._answers.pop(0) if self._answers else "") or question.proposed)


def asked(path: Path, person: Answers, *, to: str = "people.toml") -> Path:
    return anyio.run(partial(init_campaign, new_list(path, to=Path(to)), ask=person)).path


def refused(path: Path) -> str:
    """Return why no campaign file is written where nobody can be asked."""
    with pytest.raises(UsageError) as caught:
        write_campaign(path)
    assert not list(Path().glob("*.toml"))
    return str(caught.value)


def test_one_usual_column_of_numbers_is_taken_without_a_question() -> None:
    for at, header in enumerate((["name", "phone"], ["name", "Contact Number"], ["Handy", "contact_number"])):
        written = write_campaign(people(header, phone=header[-1]), to=Path(f"{at}.toml"))
        assert filled(written).columns.phone == [header[-1]]


def test_a_column_full_of_numbers_without_a_usual_name_is_asked_for() -> None:
    path = people(["name", "Kontakt"], phone="Kontakt")
    assert '    phone = "Kontakt"   # 1 of 1 cell is a number\n' in refused(path)
    person = Answers()
    assert filled(asked(path, person)).columns.phone == ["Kontakt"]
    assert "it is not clear which column holds the numbers" in person.questions[0]


def test_a_list_without_a_number_is_refused_with_its_columns() -> None:
    Path("people.csv").write_text("name,Kontakt\nx,y\n", encoding="utf-8")
    assert 'Which column holds the phone numbers? In [columns]: phone = ""   # one of: name, Kontakt' in refused(
        Path("people.csv")
    )


def test_the_command_that_asks_reads_the_list_as_it_was_read_and_writes_the_same_file() -> None:
    Path("k.csv").write_text("Kunde,Handy,Mobil\nZoë,+919876543210,+919876543211\n", encoding="cp1252")
    with pytest.raises(UsageError) as caught:
        write_campaign(Path("k.csv"), to=Path("mine.toml"), encoding="cp1252")
    assert "asks: dialer init k.csv --to mine.toml --encoding cp1252\n" in str(caught.value)
    assert 'with agent_id, recipients, encoding = "cp1252" in [csv] and these lines.' in str(caught.value)


def test_the_fullest_column_is_proposed_and_not_the_emptiest() -> None:
    """As address books export them: one number in ten rows is no better for being clean."""
    rows = [[f"+9198765432{at:02}" if at else "121", "+912223456789" if at == 9 else ""] for at in range(10)]
    with Path("people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Phone 2 - Value", "Phone 1 - Value"], *([two, one] for one, two in rows)])
    lines = [
        '    phone = "Phone 1 - Value"   # 9 of 10 cells are numbers',
        '    phone = "Phone 2 - Value"   # 1 of 10 cells is a number',
    ]
    assert "\n".join(lines) in refused(Path("people.csv"))
    person = Answers()
    assert filled(asked(Path("people.csv"), person)).columns.phone == ["Phone 1 - Value"]
    assert "Phone 1 - Value: 9 of 10 cells are numbers, like +919876543201 and +919876543202\n" in person.questions[0]


def test_the_number_of_a_bill_is_not_proposed_for_the_phone() -> None:
    """Its name is a usual one, and its cells look like numbers; the customers are in another column."""
    rows = "".join(f"900012345{at},Zoe,+91987654321{at}\n" for at in range(3))
    Path("bills.csv").write_text(f"Number,Name,Mobile\n{rows}", encoding="utf-8")
    assert refused(Path("bills.csv")).index('"Mobile"') < refused(Path("bills.csv")).index('"Number"')
    assert filled(asked(Path("bills.csv"), Answers())).columns.phone == ["Mobile"]


def test_several_columns_are_proposed_where_one_is_filled_where_the_other_is_empty() -> None:
    rows = "+919876543210,,x\n,+919876543211,x\n+919876543212,+919876543213,x\n"
    Path("people.csv").write_text(f"Mobile Phone,Business Phone,Name\n{rows}", encoding="utf-8")
    assert filled(asked(Path("people.csv"), Answers())).columns.phone == ["Mobile Phone", "Business Phone"]
    other = asked(Path("people.csv"), Answers(["2,1"]), to="other.toml")
    assert filled(other).columns.phone == ["Business Phone", "Mobile Phone"]


# -- the country of the numbers ----------------------------------------------------------------------------------------


def german(rows: Sequence[str], header: str = "phone,name") -> Path:
    path = Path("people.csv")
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


LOCAL = [f"0171 39200{at:02},x" for at in range(10, 18)]


def test_a_country_that_the_list_names_itself_is_proposed() -> None:
    with_code = german([*LOCAL, "+49 171 3920099,x"])
    assert 'In [csv]:\n    region = "DE"\n' in refused(with_code)
    person = Answers()
    assert filled(asked(with_code, person)).csv.region == "DE"
    assert "8 of 9 numbers have no country code, like 0171 3920010 and " in person.questions[0]
    assert "They look like numbers of Germany: the numbers with a country code are from there." in person.questions[0]
    by_column = german([f"{row},Germany" for row in LOCAL], "phone,name,Country/Region")
    person = Answers()
    assert filled(asked(by_column, person, to="other.toml")).csv.region == "DE"
    assert 'the column "Country/Region" says so' in person.questions[0]


def test_one_number_with_a_country_code_says_nothing_of_many_without() -> None:
    """Nearly any digits are a German number: an American list would be called in Germany."""
    people = german([*(f"(415) 555-01{at:02},x" for at in range(20)), "+49 171 3920099,x"])
    person = Answers()
    assert filled(asked(people, person)).csv.region is None
    assert "They would be numbers of any of these: " in person.questions[0]


def test_no_country_is_proposed_where_several_fit_and_the_list_names_none() -> None:
    """Enter must not call strangers in another country."""
    person = Answers()
    assert filled(asked(german(LOCAL), person)).csv.region is None
    assert "They would be numbers of any of these: AT, " in person.questions[0]
    answers = Answers(["Atlantis", "germany"])
    with pytest.raises(AnswerError, match="'Atlantis' is not a country"):
        asked(german(LOCAL), answers, to="other.toml")
    assert filled(asked(german(LOCAL), Answers(["germany"]), to="other.toml")).csv.region == "DE"
    with pytest.raises(AnswerError, match="With US none of them is a valid number"):
        asked(german(LOCAL), Answers(["US"]), to="third.toml")


def test_numbers_that_lost_their_plus_are_known() -> None:
    path = german([f"9198765432{at:02},x" for at in range(10)])
    assert "In [csv]:\n    plus_lost = true\n" in refused(path)
    person = Answers()
    assert filled(asked(path, person)).csv.plus_lost
    assert "With a + in front they are numbers of: India 10." in person.questions[0]


def test_a_few_numbers_without_a_country_code_stop_nobody_who_cannot_be_asked() -> None:
    """They are invalid, and `check` says so."""
    path = german([*(f"+4917139200{at},x" for at in range(10, 20)), LOCAL[0]])
    assert filled(write_campaign(path)).csv.region is None


# -- hours -------------------------------------------------------------------------------------------------------------


def test_hours_are_proposed_with_the_rules_for_the_recipients_countries() -> None:
    path = german(["+919876543210,x", "+14155550100,x"])
    text = write_campaign(path).read_text(encoding="utf-8")
    window = tomllib.loads(text)["window"]
    assert window == {
        "hours": "09:00-20:00",
        "rules": ["in-collections", "in-promotional", "us-federal", "us-strict"],
    }
    person = Answers(["", "10:00-18:00"])
    campaign = tomllib.loads(asked(path, person, to="other.toml").read_text(encoding="utf-8"))
    assert campaign["window"]["hours"] == "10:00-18:00"
    assert re.search(r"It is now \d\d:\d\d in India, \d\d:\d\d in United States\.", person.questions[-1])
    any_time = asked(german(["+491713920010,x"]), Answers(["", "-"]), to="third.toml")
    assert "window" not in tomllib.loads(any_time.read_text(encoding="utf-8"))
    with pytest.raises(AnswerError, match='"nine to five" are not hours'):
        asked(path, Answers(["", "nine to five"]), to="fourth.toml")


def test_the_encoding_that_is_named_is_put_in() -> None:
    Path("people.csv").write_bytes("phone,Größe\n+919876543210,x\n".encode("cp1252"))
    campaign = filled(write_campaign(Path("people.csv"), encoding="cp1252"))
    assert campaign.csv.encoding == "cp1252"
    assert campaign.user_data == {"Größe": "Größe"}


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
    assert out == (
        "my people.toml is written.\n"
        "  Numbers: phone\n"
        "  Sent to Bolna with each call: name\n"
        "  Hours: 09:00-20:00 by their own clock, within in-collections (08:00-19:00), in-promotional (09:00-21:00): "
        "together 09:00-19:00\n"
        "  Rule in-collections: calls to people in India to recover overdue loans (Reserve Bank of India, circular of "
        "12 August 2022)\n"
        "  Rule in-promotional: sales and other promotional calls to people in India (the telecom regulator TRAI's "
        "TCCCPR, 2018)\n"
        "Put the agent's id in, then: dialer check 'my people.toml'\n"
        "To try it before that: dialer run 'my people.toml' --sandbox --any-hour\n"
    )
    assert err == ""
    assert main(["init", "my people.csv"]) == 2
    assert capsys.readouterr().err == (
        "Error: my people.toml exists already; name another file with --to FILE, or edit that one.\n"
    )


def test_what_it_writes_runs_in_the_sandbox_before_the_agent_is_put_in(capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_text("phone,name\n+919876543210,Zoë\n", encoding="utf-8")
    written = write_campaign(Path("people.csv"))
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace('"09:00-20:00"', '"00:00-24:00"').replace("rules =", "# rules ="), encoding="utf-8")
    assert main(["run", "people.toml", "--sandbox", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    with Path("people.results.sandbox.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["queued"]


def test_times_are_shown_by_the_one_clock_of_the_people_and_rules_say_what_they_leave_of_the_day() -> None:
    people(["phone", "name"])
    text = write_campaign(Path("people.csv")).read_text(encoding="utf-8")
    assert '[schedule]\ntimezone = "Asia/Kolkata"\n' in text
    assert 'rules = ["in-collections", "in-promotional"]   # together 09:00-19:00; ' in text
    assert "# in-collections: calls to people in India to recover overdue loans (Reserve Bank of India" in text
    assert load_campaign("people.toml", sandbox=True).batch.timezone == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        (["09:00-20:00", "08:00-19:00", "10:30-21:00"], "10:30-19:00"),
        (["00:00-24:00"], ""),
        (["20:00-24:00"], "20:00-24:00"),
        (["22:00-03:00"], "22:00-03:00"),
        (["09:00-12:00", "13:00-14:00"], ""),
    ],
)
def test_what_several_rules_leave_of_each_day(hours: list[str], left: str) -> None:
    assert daily([WeeklyHours.parse(hours=one, days=None) for one in hours]) == left
    assert daily([WeeklyHours.parse(hours="09:00-20:00", days=["mon"])]) == ""
