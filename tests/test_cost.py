"""However odd the text in a cell is, it costs about what plain letters cost: a list cannot stop a run by its cells.

Measured is CPU time, which a busy machine does not change much, at 50,000 characters: what takes the square of the
length would take minutes there. No bound is closer than twenty times plain letters and a second.
"""

from __future__ import annotations

import csv
import functools
import json
import string
import sys
import time
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer import numbers
from dialer.config.campaign import load_campaign
from dialer.errors import DialerError
from dialer.export.results import ResultsFile, read_back
from dialer.intake.do_not_call import Suppression
from dialer.operations import check_campaign, write_campaign
from dialer.provider.bolna.client.secret import without
from tests.place import AGENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LENGTH = 50_000
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@functools.cache
def classes() -> dict[str, str]:
    """Return a character of each general category that a text file can hold."""
    found: dict[str, str] = {}
    for char in map(chr, range(1, sys.maxunicode + 1)):
        if not 0xD800 <= ord(char) <= 0xDFFF and char not in "\r\n":
            found.setdefault(unicodedata.category(char), char)
    return found


UNITS = {
    **{char: char for char in string.punctuation},
    "digits": "0123456789",
    "blank": " ",
    "line breaks": "\n",
    "curly quotes": "\u201c\u2019",
    "combining": "e\u0301\u0302",
    "quoted letters": "'a",
    "quoted digits": "'1",
    "quotes in quotes": "'\"",
    "plusses": "+ ",
    "signed": "+1 ",
    "grouped": "(1) ",
    "masked": "xx1",
    "hidden": "?? ",
    "decimals": "1.",
    "pairs": "12 ",
    "dates": "1-",
    "placeholders": "{a",
    "garbled": "\u00c3",
    "formulas": '="',
    "prefixes": "tel:",
    "extension": "1x",
    "slashes": "1/",
    "keys": "bn-1",
    "zones": "Asia/",
    "times": "2026-12-01T10:00:00.1",
    "prefixed": "input_",
}
ENDS = ("", "+919876543210", "~")
"""What stands behind it: a search often goes far before it meets what it cannot take."""


def cell(unit: str, end: str = "", *, length: int = LENGTH) -> str:
    return (unit * (length // len(unit) + 1))[: length - len(end)] + end


def spent(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    with suppress(DialerError):
        work(text)
    return time.process_time() - began


def assert_bounded(work: Callable[[str], object], *, ends: Sequence[str] = ("~",), length: int = LENGTH) -> None:
    plain = min(spent(work, cell("a", length=length)) for _ in range(2))
    for name, unit in (classes() | UNITS).items():
        for end in ends:
            took = spent(work, cell(unit, end, length=length))
            assert took < 20 * plain + 1, f"{name} before {end!r}: {took:.1f} s of CPU, letters {plain:.3f} s"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("region", [None, "DE"])
def test_a_phone_cell(region: str | None) -> None:
    def work(text: str) -> None:
        numbers.judge(text, region=region)
        numbers.judge(text, region=region, plus_lost=True)
        numbers.with_plus(text)
        numbers.possible(text, region=region)

    assert_bounded(work, ends=ENDS)


@pytest.mark.parametrize("length", [LENGTH // 5, pytest.param(2 * LENGTH, marks=pytest.mark.long)])
def test_any_cell_of_a_list(length: int) -> None:
    """In every column that means something, and in one that is only spoken."""
    header = ["phone", "id", "name", "timezone", "at", "zone", "caller"]
    Path("c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n'
        '[columns]\nphone = "phone"\nid = "id"\nscheduled_at = "at"\nfrom = "caller"\n'
        '[csv]\nregion = "IN"\n[screening]\nrequired = ["name"]\n'
        '[window]\nhours = "09:00-20:00"\n',
        encoding="utf-8",
    )

    def work(text: str) -> None:
        good = ["+919876543210", "", "Zoë", "Asia/Kolkata", "", "", ""]
        rows = [[*good[:at], text, *good[at + 1 :]] for at in range(len(header))]
        with Path("list.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *([row[0], row[1] or str(n), *row[2:]] for n, row in enumerate(rows))])
        check_campaign(load_campaign(Path("c.toml")))

    assert_bounded(work, length=length)


def test_a_name_of_a_column() -> None:
    def work(text: str) -> None:
        with Path("list.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["phone", text], ["+919876543210", "x"]])
        Path("list.toml").unlink(missing_ok=True)
        write_campaign(Path("list.csv"))

    assert_bounded(work)


def test_an_entry_of_a_suppression_list() -> None:
    def work(text: str) -> None:
        with Path("dnc.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["phone", "mobile"], ["+14155550100", text], [text, ""]])
        Suppression.load([Path("dnc.csv")], region="US", max_age_days=None, now=NOW)

    assert_bounded(work)


def test_the_results_written_and_read_back() -> None:
    def work(text: str) -> None:
        file = ResultsFile(Path("r.csv"), header=("phone", text), with_id=False)
        file.write([])
        with Path("r.csv").open("a", encoding="utf-8", newline="") as rows:
            csv.writer(rows).writerow(["1", "+14155550100", "queued", text, text, text, text, text, text, text, text])
        read_back(Path("r.csv"), with_id=False, known=lambda _: True)

    assert_bounded(work)


@pytest.mark.parametrize("length", [LENGTH // 100, pytest.param(LENGTH // 20, marks=pytest.mark.long)])
def test_a_value_of_a_campaign_file(length: int) -> None:
    Path("list.csv").write_text("phone,name\n+919876543210,x\n", encoding="utf-8")

    def work(text: str) -> None:
        value = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        keys = (
            f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n[pacing]\nrate = {value}\n[columns]\nphone = {value}\n'
            f"[call]\nfrom_phone_number = {value}\nscheduled_at = {value}\n[window]\nhours = {value}\n"
            f"timezone = {value}\n[redial]\nredial_after = {value}\n[user_data]\n{value} = {value}\n"
        )
        Path("c.toml").write_text(keys, encoding="utf-8")
        load_campaign(Path("c.toml"))

    assert_bounded(work, length=length)


def test_a_page_of_transcripts_in_any_script_is_searched_for_the_key_about_as_fast_as_in_english() -> None:
    """It is searched where the run paces its requests; JSON has six characters for each letter of Hindi."""

    def seconds(words: str) -> float:
        page = json.dumps([{"transcript": words * (2_000_000 // len(json.dumps(words)))}]).encode()
        began = time.process_time()
        assert without(page, "bn-4f9c2d7e8a1b4c6d9e0f1a2b3c4d5e6f") == page
        return time.process_time() - began

    assert seconds("\u0928\u092e\u0938\u094d\u0924\u0947\n") < 6 * seconds("hello there ") + 0.1
