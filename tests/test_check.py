"""A check tells what a run would do, and changes nothing."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import trio
from trio.testing import MockClock

from dialer import load_campaign, provider
from dialer.cli import main
from dialer.escaping import visible
from dialer.messages.local_times import no_hours
from dialer.operations import check_campaign, look_ahead
from dialer.provider.bolna.client import BolnaClient
from dialer.provider.bolna.sandbox import Settings, running
from dialer.provider.interface import ProviderReadError
from tests.place import Place, number, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

HEADER = ["phone", "customer_name", "City", "note"]


@pytest.fixture
def path(place: Place) -> Path:
    """Ten people, of whom two cannot be called and one comes twice."""
    rows = [[number(index), f"Zoë {index}", "" if index % 4 == 0 else "Pune", "=1+1"] for index in range(7)]
    rows[2:2] = [["9.19877E+11", "Lost", "Pune", ""], ["ask Tom", "Words", "Pune", "two\nlines"]]
    place.recipients([*rows, rows[0]], header=HEADER)
    return place.campaign()


def checked(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", str(path), "-o", "json", *options])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


def test_it_counts_and_names_the_rows(place: Place, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file.name: file.read_bytes() for file in place.folder.iterdir()}
    code, told = checked(path, capsys)
    assert code == 1
    assert told["to_call"] == 7
    assert told["report"]["statuses"] == {"pending": 7, "invalid": 2, "duplicate": 1}
    assert told["report"]["reasons"] == {"number_scientific": 1, "number_words": 1, "duplicate": 1}
    assert told["empty"] == {"City": {"rows": 2, "first": [1, 7], "example": ""}}
    assert [sample["recipient_phone_number"] for sample in told["samples"]] == [number(0), number(1), number(2)]
    assert {file.name: file.read_bytes() for file in place.folder.iterdir()} == before
    assert not place.calls()


def test_who_was_called_already_is_not_counted(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(path, limit=3)
    _, told = checked(path, capsys)
    assert told["to_call"] == 4
    assert told["called"] == {"queued": 3}
    assert told["samples"][0]["recipient_phone_number"] == number(3)


def test_results_without_their_ledger_are_refused_in_the_words_of_a_run(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(path, limit=3)
    path.with_name("c.results.ledger").unlink()
    told = []
    for command in (["check", str(path)], ["run", "--yes", str(path)], ["check", str(path), "--limit", "1"]):
        assert main(command) == 2
        told.append(capsys.readouterr().err)
    assert "Going on from it: 3 called, 0 unknown, 0 refused, 7 not sent" in told[0]
    assert told[0].endswith(f"To go on from the CSV alone: dialer run {path} --adopt\n")
    assert len(place.calls()) == 3
    assert set(told) == {told[0]}


def test_a_ledger_that_is_missing_beside_its_wal_is_refused_as_by_a_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.with_name("c.results.ledger-wal").write_bytes(b"what a killed run recorded")
    told = []
    for command in ("check", "status", "run"):
        assert main([command, str(path)]) == 5
        told.append(capsys.readouterr().err)
    assert "is missing, but c.results.ledger-wal is there" in told[0]
    assert set(told) == {told[0]}


def test_every_row_that_is_not_called_is_written_with_its_reason(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rejects = place.folder / "rejects.csv"
    checked(path, capsys, "--rejects", str(rejects))
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["row"], row["status"], row["code"]) for row in rows] == [
        ("4", "3", "invalid", "number_scientific"),
        ("5", "4", "invalid", "number_words"),
        ("12", "10", "duplicate", "duplicate"),
    ]
    assert rows[1]["note"] == "two\nlines"
    assert rows[2]["note"] == "'=1+1"
    assert rejects.stat().st_mode & 0o777 == 0o600


def test_the_rejects_never_overwrite_the_list(place: Place, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipients = place.folder / "list.csv"
    before = recipients.read_bytes()
    assert main(["check", str(path), "--rejects", str(recipients)]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert recipients.read_bytes() == before


def test_the_rejects_never_overwrite_a_suppression_list(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = place.folder / "dnc.csv"
    listed.write_text("+14155550100\n", encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + '[screening]\nsuppression = ["dnc.csv"]\n', encoding="utf-8")
    assert main(["check", str(path), "--rejects", str(listed)]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert listed.read_text(encoding="utf-8") == "+14155550100\n"


def test_rejects_that_cannot_be_finished_leave_the_former_ones(
    place: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rejects = place.folder / "rejects.csv"
    checked(path, capsys, "--rejects", str(rejects))
    before = rejects.read_bytes()
    with (place.folder / "list.csv").open("a", encoding="utf-8") as file:
        file.write("torn\n")
    assert main(["check", str(path), "--rejects", str(rejects)]) == 2
    assert rejects.read_bytes() == before
    assert not list(place.folder.glob(".*tmp"))


@pytest.fixture
def asking(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A Bolna whose agent asks for more than the list gives."""
    settings = Settings(
        system_prompt="Ask {customer_name} of {city} for {{order}} at {current_time}.",
        welcome_message="Hello {customer_name} of {city}!",
        numbers=("+918035000009",),
        lines=2,
    )
    with running(settings) as sandbox:
        monkeypatch.setenv("BOLNA_BASE_URL", sandbox.base_url)
        yield Place(place.folder, sandbox)


def test_what_the_prompt_asks_for_is_held_against_the_list(
    asking: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[pacing]", '[call]\nfrom_phone_number = "+918035000001"\n[pacing]'), encoding="utf-8")
    _, told = checked(path, capsys)
    view = told["outlook"]
    assert view["warnings"] == [
        (
            "the prompt asks for {city}, the campaign gives 'City': the names differ in case, so the agent says "
            "nothing there"
        ),
        "the prompt asks for {order}, which the campaign does not give: the agent says nothing there",
    ]
    assert view["unused"] == ["note"]
    assert view["welcome"] == ["Hello Zoë 0 of !", "Hello Zoë 1 of !", "Hello Zoë 2 of !"]
    assert view["forecast"]["lines"] == 2
    begins, ends = (datetime.fromisoformat(view["forecast"][name]) for name in ("begins", "ends_at"))
    # Seven calls of a minute on two lines: the last begins after three.
    assert (ends - begins).total_seconds() == pytest.approx(240, abs=2)
    assert any("+918035000001" in note for note in view["notes"])
    assert not asking.calls()


def test_a_mapping_is_proposed_for_what_the_prompt_asks_for_under_another_name(
    asking: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    asking.recipients([[number(0), "Zoë", "A-1", "Pune"]], header=["phone", "Full Name", "order", "City"])
    path = asking.campaign()
    main(["check", str(path)])
    proposed = '  [user_data]\n  order = "order"\n  city = "City"\n  customer_name = "Full Name"'
    shown = capsys.readouterr().out
    assert f"{proposed}   # is it this column?\n" in shown
    # What is proposed settles it, and says what it costs.
    assert "With this table nothing else is sent:\n" in shown
    path.write_text(f"{path.read_text(encoding='utf-8')}{proposed}\n", encoding="utf-8")
    code, told = checked(path, capsys)
    assert (code, told["outlook"]["warnings"], told["outlook"]["mapping"]) == (0, [], {})
    (sample,) = told["samples"]
    assert sample["user_data"] == {"order": "A-1", "city": "Pune", "customer_name": "Zoë"}


def test_strict_calls_nobody_whose_prompt_could_not_be_read(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def agent(*_: object) -> None:
        raise ProviderReadError("HTTP 502", 502)

    monkeypatch.setattr(BolnaClient, "agent", agent)
    assert main(["check", str(path), "--strict"]) == 2
    assert main(["run", str(path), "--strict", "--yes"]) == 2
    assert "the agent's prompt could not be read" in capsys.readouterr().err
    assert not place.calls()
    assert main(["run", str(path), "--yes"]) == 1
    assert place.calls()


def test_strict_makes_the_prompt_s_warnings_errors(
    asking: Place, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(path), "--strict"]) == 2
    assert main(["run", str(path), "--strict", "--yes"]) == 2
    assert "{order}" in capsys.readouterr().err
    assert not asking.calls()
    assert main(["run", str(path), "--yes", "-q"]) == 1


def test_a_campaign_without_hours_says_what_time_it_is_for_those_whom_it_calls(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(0)], [number(1)], ["+12125550100"]], header=["phone"])
    told = r"Note: the campaign has no hours, .* It is now \d\d:\d\d in India, \d\d:\d\d in United States"
    without = place.campaign()
    assert main(["check", str(without)]) == 0
    assert re.search(told, capsys.readouterr().out)
    assert main(["run", str(without), "--yes", "--limit", "0"]) in {0, 3}
    assert main(["run", str(without), "--yes", "--limit", "1"]) == 3
    assert re.search(told, capsys.readouterr().err)
    main(["check", str(place.campaign(name="d", more='[window]\nhours = "00:00-24:00"'))])
    assert "has no hours" not in capsys.readouterr().out


def test_it_is_said_where_it_is_early_or_late() -> None:
    night, day = (datetime(2026, 12, 1, hour, 30, tzinfo=UTC) for hour in (5, 12))
    assert no_hours([("India", day, day)]).endswith("It is now 12:30 in India")
    assert no_hours([("India", day, day), ("United States", night, day)]).endswith(
        "It is now 12:30 in India, 05:30 to 12:30 in United States, which is outside 08:00 to 21:00 for some of them"
    )


def test_without_a_key_it_says_what_it_could_not_read(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOLNA_API_KEY")
    code, told = checked(path, capsys)
    assert code == 1
    unread, _ = told["outlook"]["notes"]
    assert unread == "the account and the agent's prompt were not read: There is no BOLNA_API_KEY"


def test_what_would_be_spoken_badly_is_told_by_variable(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients([[number(n), ["#N/A", " ", "NA", "#BEZUG!"][n % 4], "Pune", ""] for n in range(20)], header=HEADER)
    assert main(["check", str(place.campaign())]) == 0
    told = capsys.readouterr().out
    assert "  customer_name is empty in 5 rows: 2, 6, 10, 14, 18\n" in told
    assert "  note is empty in 20 rows: 1, 2, 3, 4, 5, ...\n" in told
    assert '  Warning: customer_name is an error such as "#N/A" in 10 rows: 1, 4, 5, 8, 9, ...\n' in told
    assert '  Warning: customer_name is a placeholder such as "NA" in 5 rows: 3, 7, 11, 15, 19\n' in told
    assert told.count("Row 1 here is line 2 in a spreadsheet.\n") == 1


@pytest.mark.parametrize(
    ("said", "cells"),
    [
        ("is a placeholder", ["NULL", "nan", "None", "undefined", "N/A", "\\N", "[object Object]", " NULL", "-"]),
        ("is a placeholder", ["(blank)", "[not provided]", "0000-00-00 00:00:00", "NaT", "Unknown"]),
        (
            "has HTML or a template in it,",
            ["O&#039;Brien", "Tea &amp; Co", "&#x27;", "Pune<br>", "<b>Zoe</b>", "<br/>"],
        ),
        ("has HTML or a template in it,", ["<test lead: dummy data for full_name>", "Hi [object Object],"]),
        (
            "has HTML or a template in it,",
            ["{{name}}", "Dear {{ first name }}", "{name}", "${name}", "*|FNAME|*", "%%x%%"],
        ),
        ("has quotation marks that are sent as well,", [' "Zoe"', ' "Zoe', '"Zoe"', "'Zoe'", "\u201cZoe\u201d"]),
    ],
)
def test_what_a_program_left_instead_of_a_text_is_told_by_column_and_row(
    place: Place, capsys: pytest.CaptureFixture[str], said: str, cells: list[str]
) -> None:
    """A whole list of good texts is told nothing of; each bad one is counted, and the first one is shown."""
    good = [
        "Zoe",
        "Null",
        "Na",
        "Nan",
        "Tea & Co; Pune",
        "AT&T;",
        "a < b > c",
        "Zoe <zoe@example.com>",
        'say "hi"',
        "5 %",
    ]
    good += ["", "O'Brien", "'tis", '{"a": 1}', "100%", "[1]", "2 * 3", "Nadia", "non-stop"]
    names = [*good, *cells]
    place.recipients([[number(n), name, "Pune", "x"] for n, name in enumerate(names)], header=HEADER)
    assert main(["check", str(place.campaign())]) == 0
    warnings = [line for line in capsys.readouterr().out.splitlines() if "Warning" in line]
    rows = range(len(good) + 1, len(names) + 1)
    counted = f"{len(rows)} rows: {', '.join(map(str, rows[:5]))}{', ...' if len(rows) > 5 else ''}"
    assert warnings == [f'  Warning: customer_name {said} such as "{cells[0]}" in {counted}']


def test_a_run_says_before_it_calls_that_a_program_has_left_something(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([[number(n), "Zoe", ["Pune", "NULL"][n % 2], ""] for n in range(4)], header=HEADER)
    assert main(["run", "--yes", str(place.campaign())]) == 0
    cells = 'Note: some cells in the column "City" are like "NULL"'
    assert f"{cells}: the agent will say that; `check` lists the rows." in capsys.readouterr().err


@pytest.mark.parametrize(
    "cell", ["ZoÃ«", "JosÃ©", "it\u00e2\u20ac\u2122s", "Zo\ufffd", "????", "?? ???", "MÃ¼ller-LÃ¼denscheid", "Zoe\x1a"]
)
def test_garbled_letters_are_told_and_whole_ones_are_not(
    place: Place, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    whole = ["São", "SÃO PAULO", "Zoë", "why?", "??? really", "अनन्या", "Ã", "", "?"]
    names = [*whole, cell]
    place.recipients([[number(n), name, "Pune", "x"] for n, name in enumerate(names)], header=HEADER)
    assert main(["check", str(place.campaign())]) == 0
    warning = f'  Warning: customer_name has garbled letters such as "{visible(cell)}" in 1 row: {len(names)}\n'
    assert warning in capsys.readouterr().out


@pytest.mark.parametrize(
    ("in_list", "in_campaign"),
    [
        ("Pr\u00e9nom", "Pre\u0301nom"),
        ("Pre\u0301nom", "Pr\u00e9nom"),
        ("Customer\u00a0Name", "Customer Name"),
        ("\u0928\u092e\u094d\u200d\u0930", "\u0928\u092e\u094d\u200d\u0930"),
        ("name", " na\u200bme\ufeff"),
    ],
)
def test_names_that_look_the_same_are_the_same_column(
    place: Place, capsys: pytest.CaptureFixture[str], in_list: str, in_campaign: str
) -> None:
    """Wherever the campaign names it; the cells stay as they are."""
    cells = ["Re\u0301my", "\u00a0Zoe"]
    place.recipients(
        [[number(n), "x", cell, "id"] for n, cell in enumerate(cells)], header=["phone", "City", in_list, "id"]
    )
    more = f"""[columns]\nid = "{in_campaign}"\n[user_data]\nwho = "{in_campaign}"\n
    [screening]\nrequired = ["{in_campaign}"]\nskip = {{ "{in_campaign}" = ["nobody"] }}"""
    code, told = checked(place.campaign(more=more), capsys)
    assert code == 0
    assert told["heard"] == [{"who": cell} for cell in cells]


def test_a_list_that_is_mostly_one_number_is_doubted(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    doubt = "Most rows repeat a number: is it the right column?"
    for repeated, is_doubted in ((5, False), (6, True)):
        rows = [[number(max(0, n - repeated)), "Zoë", "Pune", ""] for n in range(10)]
        place.recipients(rows, header=HEADER)
        assert main(["check", str(place.campaign())]) == 0
        assert (doubt in capsys.readouterr().out) == is_doubted


def test_a_list_of_which_nobody_can_be_called_is_no_clean_one(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients([["nobody", "N", "", ""]], header=HEADER)
    assert main(["check", str(place.campaign())]) == 2
    assert "No one would be called." in capsys.readouterr().out


def test_a_number_that_no_plan_has_is_called_when_allowed_and_counted(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients([["+912001234567", "Zoë"], [number(1), "Ben"], ["+91200123456O", "Eva"]], header=["phone", "name"])
    assert main(["check", str(place.campaign())]) == 1
    assert "1 number_not_valid (" in capsys.readouterr().out
    path = place.campaign(more='[screening]\nallow = ["not_valid"]\n')
    told = (
        "1 number is called although it is not valid by the numbering plan known here, since [screening] has allow = "
    )
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert (
        "  Warning: 1 called: not valid by the numbering plan known here\n      row 1 (line 2) '+912001234567'\n" in out
    )
    assert told in out
    for limit in ("1", "2"):
        main(["run", str(path), "--yes", "--limit", limit])
        assert told in capsys.readouterr().err
    assert [call["recipient_phone_number"] for call in place.calls()] == ["+912001234567", number(1)]


def test_a_number_that_no_plan_has_is_not_said_to_be_called_where_it_is_not(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [["'+912001234567", "Zoë"], ["+912001234567", "again"], ["+912001234568", "Ben"]]
    place.recipients(rows, header=["phone", "name"])
    place.folder.joinpath("dnc.csv").write_text("phone\n+912001234568\n", encoding="utf-8")
    main(["check", str(place.campaign(more='[screening]\nallow = ["not_valid"]\nsuppression = ["dnc.csv"]\n'))])
    out = capsys.readouterr().out
    assert "1 called: not valid by the numbering plan known here" in out
    assert "1 number is called although it is not valid" in out
    assert "1 repaired: leading apostrophe\n" in out


async def _refuses(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused")


async def _is_silent(_: httpx.Request) -> httpx.Response:
    await anyio.sleep_forever()
    raise AssertionError


async def _takes_long(seconds: float, request: httpx.Request) -> httpx.Response:
    await anyio.sleep(seconds)
    return httpx.Response(200, json={"id": request.url.path.rpartition("/")[2], "agent_name": "Asha"})


def _looked_ahead(
    path: Path, monkeypatch: pytest.MonkeyPatch, answers: Callable[[httpx.Request], Awaitable[httpx.Response]]
) -> tuple[list[str], float]:
    """Return what a check notes of the account, and how many seconds it asked for it."""
    transport = httpx.MockTransport(answers)  # type: ignore[arg-type] # a coroutine is what it takes as well
    client = partial(BolnaClient, transport=lambda: transport)
    monkeypatch.setattr(provider.VENDOR, "client", client)
    campaign = load_campaign(path)
    judged = check_campaign(campaign)

    async def ahead() -> tuple[list[str], float]:
        began = anyio.current_time()
        view = await look_ahead(campaign, judged)
        return list(view.notes), anyio.current_time() - began

    return trio.run(ahead, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    ("answers", "why"), [(_refuses, "could not connect (ConnectError: Connection refused)"), (_is_silent, "in time")]
)
def test_where_nobody_answers_it_says_what_was_not_read_within_two_seconds(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[[httpx.Request], Awaitable[httpx.Response]],
    why: str,
) -> None:
    notes, seconds = _looked_ahead(path, monkeypatch, answers)
    assert [note for note in notes if note.startswith("the account could not be read") and why in note]
    assert [note for note in notes if note.startswith("the agent could not be read") and why in note]
    assert seconds <= 2


def test_whoever_answers_a_check_may_take_long_over_the_next_answer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first answer has to be there soon: it tells that somebody is there."""

    async def answers(request: httpx.Request) -> httpx.Response:
        return await _takes_long(1.0 if request.url.path.endswith("/user/me") else 5.0, request)

    notes, seconds = _looked_ahead(path, monkeypatch, answers)
    assert not [note for note in notes if "could not be read" in note]
    assert seconds >= 6
