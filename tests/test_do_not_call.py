"""A number on a do-not-call list is not called, however the list is laid out and the number is written."""

from __future__ import annotations

import csv
import io
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import phonenumbers
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from dialer import Summary, load_campaign, run_campaign
from dialer.cli import main
from dialer.errors import InputError
from dialer.intake.do_not_call import file_list
from dialer.intake.do_not_call.reading import Content, read
from dialer.models import Status
from dialer.operations import check_campaign
from tests.place import AGENT, Place, number

if TYPE_CHECKING:
    from collections.abc import Sequence

SCREENED = '[csv]\nregion = "US"\n[screening]\nsuppression = ["dnc.csv"]'
SEATTLE = [["+12065551212", "Zoe"], ["+12065551213", "Ravi"], ["+12065551214", "Ben"]]


def checked(place: Place, capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, str]:
    code = main(["check", str(path)])
    told = capsys.readouterr()
    assert not place.calls()
    return code, told.out + told.err


# -- by the command ------------------------------------------------------------------------------------------------


def test_a_registry_with_area_codes_in_a_column_is_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(SEATTLE, header=["phone", "name"])
    (place.folder / "dnc.csv").write_text("area_code,phone_number\n206,5551212\n206,5551213\n")
    path = place.campaign(more=SCREENED)
    code, told = checked(place, capsys, path)
    assert code == 0
    assert "2 suppressed" in told
    assert f"Do-not-call list {place.folder / 'dnc.csv'}: 2 entries, 2 numbers; 2 recipients are on it." in told
    assert main(["run", str(path), "--yes"]) == 0
    assert [call["recipient_phone_number"] for call in place.calls()] == ["+12065551214"]


def test_a_registry_whose_area_codes_are_missing_stops_the_run(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(SEATTLE, header=["phone", "name"])
    (place.folder / "dnc.csv").write_text("phone_number\n5551212\n5551213\n")
    path = place.campaign(more=SCREENED)
    code, told = checked(place, capsys, path)
    assert code == 2
    assert 'dnc.csv, line 2: "5551212" is not a whole number: the area code is missing.' in told
    assert main(["run", str(path), "--yes"]) == 2
    assert not place.calls()


def test_every_column_of_numbers_is_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients(SEATTLE, header=["phone", "name"])
    (place.folder / "dnc.csv").write_text(
        "Last Name,First Name,DNC_Home,DNC_Cell,DNC_Work\nSmith,Bill,+14155552600,+12065551212,+12065551213\n"
    )
    path = place.campaign(more='[screening]\nsuppression = ["dnc.csv"]')
    assert "1 entry, 3 numbers; 2 recipients are on it." in checked(place, capsys, path)[1]
    assert main(["run", str(path), "--yes"]) == 0
    assert [call["recipient_phone_number"] for call in place.calls()] == ["+12065551214"]


def test_a_list_that_nobody_is_on_is_a_note_before_a_run_also_when_it_goes_on(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.recipients(SEATTLE, header=["phone", "name"])
    (place.folder / "dnc.csv").write_text("phone\n+14155552600\n")
    (place.folder / "own.csv").write_text("phone\n+12065551212\n")
    path = place.campaign(more='[screening]\nsuppression = ["dnc.csv", "own.csv"]')
    for command in (["check", str(path)], ["run", str(path), "--yes", "--limit", "1"], ["run", str(path), "--yes"]):
        assert main(command) in {0, 3}
        told = "".join(capsys.readouterr())
        assert f"Note: no recipient is on {place.folder / 'dnc.csv'}." in told
        assert f"Note: no recipient is on {place.folder / 'own.csv'}" not in told
    assert len(place.calls()) == 2


# -- any layout ----------------------------------------------------------------------------------------------------

NAMES = st.one_of(
    st.sampled_from(
        ["phone", "Mobile", "DNC_Work", "home", "x", "zip", "customer id", "Telefone", "note", "Alt Contact"]
    ),
    st.text("abcxyz_ -ÄéPhone", min_size=1, max_size=12).filter(lambda name: name.strip() != ""),
)
# Region, what is dialled, and the spellings of a list: by the rules in test_spellings.
PEOPLE = {
    "US": ("1206555{}", ["1206555{}"]),
    "IN": ("9198765{}0", ["9198765{}0"]),
    "BR": ("55119{1}765{0}", ["5511{1}765{0}", "55119{1}765{0}"]),
    "AR": ("54911234{}5", ["5411234{}5", "54911234{}5"]),
    "MX": ("5255123{}56", ["52155123{}56", "5255123{}56"]),
    "BJ": ("2290197{}12", ["22997{}12", "2290197{}12"]),
}
STYLES = ("+{}{}", "+{} {}", "+{}-{}", "00{}{}", "+{} (", "tel:+{}{}")


def _styled(style: str, code: str, rest: str) -> str:
    # Dialled abroad, 00 is another number in some countries: there it is written with a plus.
    style = "+{}{}" if style.startswith("00") and code == "1" else style
    return f"{style.format(code)}{rest[:2]}) {rest[2:]}" if style.endswith("(") else style.format(code, rest)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, list[str], str]:
    """Return a region, numbers as they are dialled, and a list on which all of them but the last one are."""
    region = draw(st.sampled_from(sorted(PEOPLE)))
    dialled, spellings = PEOPLE[region]
    code = str(phonenumbers.country_code_for_region(region))
    digit = draw(st.sampled_from("6789"))
    tails = draw(st.lists(st.integers(0, 9999), min_size=2, max_size=6, unique=True))
    people = [dialled.format(f"{tail:04d}", digit) for tail in tails]
    assume(all(phonenumbers.is_valid_number(phonenumbers.parse(f"+{one}")) for one in people))
    width = draw(st.integers(1, 4))
    header = draw(st.lists(NAMES, min_size=width, max_size=width, unique_by=str.casefold))
    is_split = region == "US" and width < 4 and draw(st.booleans())
    rows = []
    for tail in tails[:-1]:
        digits = draw(st.sampled_from(spellings)).format(f"{tail:04d}", digit)
        text = digits[4:] if is_split else _styled(draw(st.sampled_from(STYLES)), code, digits[len(code) :])
        cells = draw(
            st.lists(st.sampled_from(["", "Zoë", "12", "2026-11-28", "+14155552600"]), min_size=width, max_size=width)
        )
        cells[draw(st.integers(0, width - 1))] = text
        rows.append([*cells, *(["206"] if is_split else [])])
    header += [draw(st.sampled_from(["area_code", "NPA", "Area Code"]))] if is_split else []
    order = draw(st.permutations(range(len(header))))
    out = io.StringIO()
    has_header = is_split or draw(st.booleans())
    table = [header, *rows] if has_header else rows
    csv.writer(out, delimiter=draw(st.sampled_from(",;\t|"))).writerows([[row[at] for at in order] for row in table])
    return region, [f"+{one}" for one in people], out.getvalue()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(layouts())
@example(("AR", ["+5491123400005", "+5491123400015"], "cc,phone\r\n+541123400005,+14155552600\r\n"))
@example(("US", ["+12065550005", "+12065550015"], "area_code,phone\r\n+12065550005,+14155552600\r\n"))
def test_whoever_stands_in_a_list_of_any_layout_is_not_called_or_the_run_is_refused(
    layout: tuple[str, list[str], str],
) -> None:
    region, people, text = layout
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "dnc.csv").write_text(text, encoding="utf-8")
        Path(folder, "list.csv").write_text("\n".join(["phone", *people, ""]))
        path = Path(folder, "c.toml")
        path.write_text(
            f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
            f'[csv]\nregion = "{region}"\n[screening]\nsuppression = ["dnc.csv"]\n'
        )
        try:
            found = check_campaign(load_campaign(path))
        except InputError:
            return
    assert found.report.statuses[Status.SUPPRESSED] == len(people) - 1
    assert [sample["recipient_phone_number"] for sample in found.samples] == people[-1:]


# -- one line in two spellings -------------------------------------------------------------------------------------

ARGENTINA = ["+541123456789", "+5491123456789"]


def test_one_line_in_two_spellings_is_called_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.recipients([*zip(ARGENTINA, ["Ana", "Ana"], strict=True)], header=["phone", "name"])
    path = place.campaign()
    assert "the same as row 1 (line 2) (+541123456789, +5491123456789: one line)" in checked(place, capsys, path)[1]
    assert main(["run", str(path), "--yes"]) == 0
    assert len(place.calls()) == 1


@pytest.mark.parametrize("has_id", [False, True])
def test_who_was_called_is_not_called_again_under_another_spelling(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    has_id: bool,  # noqa: FBT001 - a case
) -> None:
    path = place.campaign(more='[columns]\nid = "ref"' if has_id else "")
    for at, spelling in enumerate(ARGENTINA):
        place.recipients([[spelling, f"p{at}"]], header=["phone", "ref"])
        assert main(["run", str(path), "--yes"]) == 0
    assert len(place.calls()) == 1
    assert main(["check", str(path)]) == 2
    assert "1 duplicate_attempted" in capsys.readouterr().out
    assert main(["show", ARGENTINA[1], "--in", str(place.folder)]) == 0
    assert "1 attempt, in 1 ledger" in capsys.readouterr().out


# -- a list that changes during a run ------------------------------------------------------------------------------


def replace(path: Path, numbers: Sequence[str]) -> None:
    path.with_suffix(".new").write_text("".join(f"{one}\n" for one in ["phone", *numbers]))
    path.with_suffix(".new").replace(path)


def test_who_comes_onto_a_list_during_a_run_is_not_called_and_the_loop_is_not_held_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers = [f"+1206{2000000 + at}" for at in range(10_000)]
    dnc = place.folder / "dnc.csv"
    replace(dnc, strangers)
    place.recipients([[number(at)] for at in range(120)], header=["phone"])
    path = place.campaign(more='[screening]\nsuppression = ["dnc.csv"]')
    path.write_text(path.read_text().replace("5000/second", "60/second", 1))
    readers: list[int] = []
    summaries: list[Summary] = []

    def noted(list_: Path, *, region: str | None, plus_lost: bool) -> Content:
        readers.append(threading.get_ident())
        return read(list_, region=region, plus_lost=plus_lost)

    async def change() -> None:
        while len(place.calls()) < 20:  # noqa: ASYNC110 - what a server in another thread has seen
            await anyio.sleep(0.005)
        readers.clear()
        replace(dnc, [*strangers, *(number(at) for at in range(100, 120))])

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(change)
            summaries.append(await run_campaign(load_campaign(path)))

    monkeypatch.setattr(file_list, "read", noted)
    anyio.run(both)
    assert Counter(call["recipient_phone_number"] for call in place.calls()) == Counter(map(number, range(100)))
    (summary,) = summaries
    assert summary.left == 20
    assert summary.ended.splitlines() == ["20 were not called now:", "  20: on the do-not-call list dnc.csv"]
    assert readers
    assert threading.get_ident() not in readers


@pytest.mark.parametrize("columns", ["", '[columns]\nid = "ref"'])
def test_a_list_that_grew_keeps_each_row_with_its_reason(place: Place, columns: str) -> None:
    """And nobody on it is called twice, nor missing from the results."""
    path = place.campaign(more=columns)
    people = [
        ["n/a", "a", "Ana"],
        *(
            [spelling, ref, name]
            for spelling, ref, name in zip(ARGENTINA * 2, "bcde", ["Ana", "Ana", "Ana", "Zed"], strict=True)
        ),
    ]
    seen = []
    for more in ([], [["+14155550100", "f", "Ben"]], [["+14155550100", "f", "Ben"], ["+447400123456", "g", "Cara"]]):
        place.recipients(people + more, header=["phone", "ref", "name"])
        main(["run", str(path), "--yes"])
        seen.append([(row["row"], row["status"], row["error"]) for row in place.results()])
        assert len(place.calls()) == 1 + len(more)
    assert [status for _, status, _ in seen[0]] == ["invalid", "queued", "duplicate", "duplicate", "duplicate"]
    assert all("as row 2 (line 3)" in error for _, status, error in seen[0] if status == "duplicate")
    assert [rows[: len(people)] for rows in seen] == [seen[0]] * 3
