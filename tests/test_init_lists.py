"""Lists as address books, CRMs and calling tools export them: what `init` asks, takes and refuses.

The layouts in `lists/` are theirs, the people are invented.
"""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer.cli import main
from dialer.config.campaign import PLACEHOLDER, load_campaign
from dialer.operations.init import init_campaign, new_list
from dialer.provider.bolna.sandbox import Settings, running
from tests.place import AGENT
from tests.test_init import Answers
from tests.test_interrupts import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.config.campaign import Campaign
    from dialer.provider.bolna.sandbox import Sandbox

LISTS = Path(__file__).parent / "lists"
OTHER = "9b2d6a0c-5f7e-4c1a-8a57-0d1c2b3a4f5e"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(LISTS, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOLNA_AGENT_ID", raising=False)
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)


@pytest.fixture
def bolna(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An account with two agents; their prompt asks for a first name and a company."""
    settings = Settings(
        agents=(AGENT, OTHER), system_prompt="Ask {first_name} of {company}.", welcome_message="", call_rate=None
    )
    with running(settings) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("BOLNA_API_KEY", "bn-test")
        yield sandbox


def entered(name: str, answers: Sequence[str] = ()) -> tuple[Campaign, list[str]]:
    """Return the campaign of somebody who presses Enter at every question but the first ones, and the questions."""
    person = Answers(answers)
    path = anyio.run(partial(init_campaign, new_list(Path(f"{name}.csv")), ask=person)).path
    path.write_text(path.read_text(encoding="utf-8").replace(PLACEHOLDER, AGENT), encoding="utf-8")
    return load_campaign(path), person.questions


def checked(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    main(["check", f"{name}.toml", "-o", "json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


COLUMNS, COUNTRY, OPT_OUT, SEND, HOURS = (
    "Name one, or several",
    "no country code",
    "no calls",
    "may the agent hear",
    "When may they",
)
"""What each question is known by, in the order in which they are asked."""


@pytest.mark.parametrize(
    ("name", "questions", "read", "called"),
    [
        ("google_contacts", [COLUMNS], (["Phone 1 - Value"], {}), 5),
        ("outlook", [COLUMNS], (["Business Phone", "Mobile Phone"], {}), 3),
        ("hubspot", [COLUMNS, COUNTRY], (["Phone Number", "Mobile Phone Number"], {"region": "DE"}), 5),
        ("salesforce", [COLUMNS, COUNTRY, OPT_OUT], (["MobilePhone", "Phone"], {"region": "US"}), 5),
        ("zoho", [COLUMNS, COUNTRY], (["Mobile"], {"region": "IN"}), 4),
        ("whatsapp_aisensy", [COUNTRY], (["Mobile Number"], {"plus_lost": True}), 3),
        ("whatsapp_interakt", [COUNTRY], (["Phone Number"], {"region": "IN"}), 3),
        ("meta_lead_ads", [], (["phone_number"], {}), 3),
        ("bolna", [], (["contact_number"], {}), 3),
        ("vapi", [], (["number"], {}), 3),
        ("elevenlabs", [COUNTRY], (["phone_number"], {"plus_lost": True}), 3),
    ],
)
def test_enter_at_every_question_makes_a_campaign_that_calls_everybody_who_can_be(
    capsys: pytest.CaptureFixture[str], name: str, questions: list[str], read: tuple[object, object], called: int
) -> None:
    campaign, asked = entered(name)
    assert [next(known for known in (COLUMNS, COUNTRY, OPT_OUT, SEND, HOURS) if known in words) for words in asked] == [
        *questions, SEND, HOURS,
    ]  # fmt: skip
    assert (campaign.columns.phone, campaign.csv.model_dump(exclude_defaults=True)) == read
    assert checked(name, capsys)["to_call"] == called


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("google_contacts", ['phone = "Phone 1 - Value"', 'phone = "Phone 2 - Value"']),
        ("outlook", ['phone = ["Business Phone", "Mobile Phone"]', 'phone = "Business Phone"']),
        ("hubspot", ['phone = ["Phone Number", "Mobile Phone Number"]', 'region = "DE"']),
        ("salesforce", ['phone = ["MobilePhone", "Phone"]', 'region = "US"']),
        ("zoho", ['phone = "Mobile"', 'phone = "Phone"', 'region = "IN"']),
        ("whatsapp_aisensy", ["plus_lost = true"]),
        ("whatsapp_interakt", ['region = "IN"']),
        ("elevenlabs", ["plus_lost = true"]),
    ],
)
def test_without_a_terminal_what_is_not_sure_is_refused_with_the_lines_to_write(
    capsys: pytest.CaptureFixture[str], name: str, lines: list[str]
) -> None:
    assert main(["init", f"{name}.csv", "--yes"]) == 2
    told = capsys.readouterr().err
    assert [line for line in lines if f"    {line}" not in told] == []
    assert f"this command asks: dialer init {name}.csv\n" in told
    assert not Path(f"{name}.toml").exists()


@pytest.mark.parametrize("name", ["meta_lead_ads", "bolna", "vapi"])
def test_without_a_terminal_what_is_sure_is_taken(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["init", f"{name}.csv"]) == 0
    assert "Hours: 09:00-20:00 by their own clock" in capsys.readouterr().out


def test_who_wants_no_calls_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """`DoNotCall` is 1 for one of six; who wants no e-mails (HasOptedOutOfEmail) may be called."""
    campaign, questions = entered("salesforce")
    assert any('The column "DoNotCall" is 1 in 1 of 6 rows' in words for words in questions)
    assert campaign.screening.skip == {"DoNotCall": ["1"]}
    told = checked("salesforce", capsys)
    assert told["report"]["statuses"] == {"pending": 5, "suppressed": 1}


def on_a_terminal(name: str) -> Terminal:
    path = Path(f"{name}.csv").absolute()
    words = ["init", str(path), "--to", str(path.with_suffix(".toml"))]
    return Terminal(words, dict(os.environ), log=path.with_suffix(".log"))


def opened(path: Path) -> None:
    """Let a campaign call at any time, and fast."""
    text = path.read_text(encoding="utf-8")
    text = text.replace('"09:00-20:00"', '"00:00-24:00"').replace("rules =", "# rules =").replace("300/", "6000/")
    path.write_text(text, encoding="utf-8")


def test_of_forty_columns_only_what_the_prompt_asks_for_leaves(
    bolna: Sandbox,
) -> None:
    """On a terminal, with Enter at every question but which of two agents calls."""
    terminal = on_a_terminal("salesforce")
    for prompt, typed in (
        ("Which one? [Enter: 1,2]", ""),
        ("they are not called. [Enter: US]", ""),
        ("Leave them out? y or n. [Enter: y]", ""),
        (f"  2  Asha (sandbox)  {OTHER}", "2"),
        ("asks for {company}. Which column holds it? Without one, the agent says nothing there.", ""),
        ("Hours? [Enter: 09:00-20:00]", ""),
    ):
        terminal.wait_for(prompt)
        terminal.type(f"{typed}\n")
    assert terminal.ended() == 0
    assert "Sent to Bolna with each call: first_name (FirstName); 37 other columns are not" in terminal.shown
    opened(Path("salesforce.toml"))
    assert main(["run", "salesforce.toml", "--yes", "-q"]) == 0
    calls = bolna.book.calls
    assert {call.body["agent_id"] for call in calls} == {OTHER}
    assert {tuple(sorted(call.body["user_data"])) for call in calls} == {("dialer_ref", "first_name")}
    assert sorted(call.body["user_data"]["first_name"] for call in calls) == ["Ada", "Eve", "Ivy", "Ned", "Sam"]


def test_of_forty_columns_without_a_key_what_leaves_is_said_and_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    entered("salesforce")
    (sample, *_) = checked("salesforce", capsys)["samples"]
    assert len(sample["user_data"]) == 37
    campaign, questions = entered_anew("salesforce", ["", "", "", "7,FirstName"])
    assert campaign.user_data == {"Salutation": "Salutation", "FirstName": "FirstName"}
    assert "What you name is sent to Bolna with each call" in questions[3]


def entered_anew(name: str, answers: Sequence[str]) -> tuple[Campaign, list[str]]:
    Path(f"{name}.toml").unlink()
    return entered(name, answers)


def test_with_a_key_and_without_a_terminal_what_the_prompt_asks_for_has_to_be_clear(
    bolna: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["init", "bolna.csv", "--yes"]) == 2
    told = capsys.readouterr().err
    assert f'    agent_id = "{OTHER}"   # Asha (sandbox)\n' in told
    monkeypatch.setenv("BOLNA_AGENT_ID", AGENT)
    assert main(["init", "bolna.csv", "--yes"]) == 2
    told = capsys.readouterr().err
    assert '    company = ""\n    first_name = ""\n' in told
    Path("people.csv").write_text("phone,First Name,Company,Salary\n+919876543210,Zoë,Acme,9\n", encoding="utf-8")
    assert main(["init", "people.csv", "--yes"]) == 0
    assert capsys.readouterr().out.splitlines()[2:4] == [
        f"  Agent: Asha (sandbox)  {AGENT}",
        "  Sent to Bolna with each call: company (Company), first_name (First Name); 1 other column is not",
    ]
    assert not bolna.book.calls


@pytest.mark.usefixtures("bolna")
def test_a_key_that_is_refused_ends_it_and_a_provider_that_is_down_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "wrong")
    assert main(["init", "bolna.csv", "--yes"]) == 5
    assert "refused the key" in capsys.readouterr().err
    assert not Path("bolna.toml").exists()
    monkeypatch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
    assert main(["init", "bolna.csv", "--yes"]) == 0
    assert "Bolna could not be asked for your agents (" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "code", "said"), [("\x04", 2, "No answer"), ("\x03", 130, "Interrupted")])
def test_ctrl_c_and_ctrl_d_write_nothing(typed: str, code: int, said: str) -> None:
    terminal = on_a_terminal("bolna")
    terminal.wait_for("[Enter: all]")
    terminal.type(typed)
    assert terminal.ended() == code
    assert f"{said}; nothing was written." in terminal.shown
    assert not Path("bolna.toml").exists()


def test_an_answer_that_cannot_be_taken_is_asked_for_again() -> None:
    terminal = on_a_terminal("bolna")
    terminal.wait_for("[Enter: all]")
    terminal.type("7\n")
    terminal.wait_for("'7' is none of them: write a number from 1 to 2, or a name as it is written there.")
    terminal.type("customer_name\n")
    terminal.wait_for("Hours?")
    terminal.type("from nine\n")
    terminal.wait_for('"from nine" are not hours')
    terminal.type("-\n")
    assert terminal.ended() == 0
    assert "Hours: any time of the day" in terminal.shown
    assert "Sent to Bolna with each call: customer_name; 1 other column is not" in terminal.shown
