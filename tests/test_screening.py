"""Rows judged: who is called, and why the others are not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped] # it has no types

from dialer.errors import InputError, InterruptedRunError, UsageError
from dialer.input_rows import InputRow
from dialer.intake.do_not_call import Suppression
from dialer.intake.screening import Example, Rules, Screening
from dialer.intake.screening import rows as judging
from dialer.intake.seen_numbers import Seen
from dialer.intake.table import examine
from dialer.models import Own, Problem, Status
from dialer.numbers import line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RULES = Rules(
    phones=("phone",), id=None, region=None, plus_lost=False, allow=frozenset(), duplicates="skip", required=()
)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ANNA, BEN, CARA = "+919876543210", "+14155550100", "+447400123456"


def own(rows: Sequence[Sequence[str]], keys: Sequence[str | None]) -> tuple[list[Own], dict[int, Problem]]:
    bad = [at for at, cells in enumerate(rows) if "bad zone" in cells]
    return [Own(caller=key) for key in keys], dict.fromkeys(bad, Problem("bad_zone", "no such zone"))


def screen(
    folder: Path,
    text: str,
    *,
    listed: str = "",
    attempted: Mapping[int, tuple[str, ...]] | None = None,
    **rules: Any,  # noqa: ANN401 - fields of Rules
) -> Screening:
    path = folder / "r.csv"
    path.write_text(text, encoding="utf-8", newline="")
    paths = []
    if listed:
        (folder / "dnc.csv").write_text(listed)
        paths.append(folder / "dnc.csv")
    return Screening(
        examine(path),
        rules=replace(RULES, **rules),
        suppression=Suppression.load(paths, region=None, max_age_days=None, now=NOW),
        attempted=attempted or {},
        own=own,
    )


def rows(screened: Screening) -> list[InputRow]:
    return [row for chunk in screened for row in chunk]


def verdicts(screened: Screening) -> list[str]:
    return [row.problem.code if row.problem else row.status.value for row in rows(screened)]


def reasons(screened: Screening) -> list[str]:
    return [row.problem.reason if row.problem else "" for row in rows(screened)]


def test_a_callable_row_has_key_number_what_is_its_own_and_its_cells_as_they_stand(tmp_path: Path) -> None:
    (row,) = rows(screen(tmp_path, f"phone,name\n\n{ANNA}, Zoë \n"))
    assert row == InputRow(
        position=1,
        line=3,
        cells=(ANNA, " Zoë "),
        key=ANNA,
        number=919876543210,
        status=Status.PENDING,
        problem=None,
        own=Own(caller=ANNA),
    )


def test_a_row_that_is_not_called_says_whose_it_is(tmp_path: Path) -> None:
    found = rows(screen(tmp_path, f"phone\n{ANNA}\n{ANNA}\n{BEN}\nn/a\n", listed=BEN))
    assert [(row.status, row.key, row.number) for row in found[1:]] == [
        (Status.DUPLICATE, ANNA, 919876543210),
        (Status.SUPPRESSED, BEN, 14155550100),
        (Status.INVALID, None, None),
    ]


def test_the_verdicts_come_in_their_order(tmp_path: Path) -> None:
    """Each row has one fault less than the row before, the gravest first."""
    text = (
        "phone,id,name,zone\n"
        f"{ANNA},0,x,\n"
        "n/a,0,,bad zone\n"
        f"{BEN},0,,bad zone\n"
        f"{BEN},,,bad zone\n"
        f"{BEN},4,,bad zone\n"
        f"{BEN},5,x,bad zone\n"
        f"{BEN},6,x,\n"
        f"{ANNA},7,x,\n"
        f"{CARA},8,x,\n"
    )
    screened = screen(tmp_path, text, listed=BEN, id="id", required=("name",))
    assert verdicts(screened) == [
        "pending",
        "number_words",
        "id_repeated",
        "id_empty",
        "required_empty",
        "bad_zone",
        "suppressed",
        "duplicate",
        "pending",
    ]


def test_reasons_name_the_row_the_list_and_the_column(tmp_path: Path) -> None:
    text = (
        f'phone,id,name\n{ANNA},a,"x\ny"\n{ANNA},b,"x\ny"\n{ANNA},c,z\n{BEN},d,x\n'
        f"{CARA},a,x\n{CARA}, ,x\n{CARA},e, \n,,\n"
    )
    assert reasons(screen(tmp_path, text, listed=BEN, id="id", required=("name",))) == [
        "",
        "the same as row 1 (line 2)",
        (
            "the same number as row 1 (line 2), but other columns differ; "
            'to call both: duplicates = "call", and name an id column'
        ),
        "on the do-not-call list dnc.csv, line 1",
        "the same id as row 1 (line 2)",
        "id is empty, and identifies the recipient",
        "name is empty, and required",
        "the whole row is empty",
    ]


def test_the_first_row_that_can_be_called_is_called(tmp_path: Path) -> None:
    text = f"phone,name\n{ANNA},\n{ANNA},x\n{ANNA},y\n"
    screened = screen(tmp_path, text, required=("name",))
    assert verdicts(screened) == ["required_empty", "pending", "duplicate_number"]


def test_with_call_every_row_of_a_number_is_called(tmp_path: Path) -> None:
    text = f"phone,id\n{ANNA},a\n{ANNA},b\n"
    screened = screen(tmp_path, text, id="id", duplicates="call", attempted={919876543210: ("z",)})
    assert [(row.key, row.status) for row in rows(screened)] == [("a", Status.PENDING), ("b", Status.PENDING)]


def test_people_who_share_a_number_and_are_all_called_are_named(tmp_path: Path) -> None:
    numbers = [ANNA, BEN, ANNA, "n/a", *[ANNA] * 5]
    text = "phone,id\n" + "".join(f"{number},{at}\n" for at, number in enumerate(numbers))
    screened = screen(tmp_path, text, id="id", duplicates="call")
    assert verdicts(screened).count("pending") == 8
    assert screened.report.shared == 6
    assert screened.report.sharing[0] == Example(3, 4, ANNA, "the same number as row 1 (line 2)")
    assert [one.position for one in screened.report.sharing] == [3, 5, 6, 7, 8]


def test_a_number_that_was_attempted_under_another_id_is_a_duplicate(tmp_path: Path) -> None:
    """And the row under whose id it was attempted stands, wherever it is now."""
    text = f"phone,id\n{ANNA},new\n{ANNA},old\n{BEN},b\n"
    screened = screen(tmp_path, text, id="id", attempted={919876543210: ("old", "older")})
    assert reasons(screened) == ["an earlier run called this number for id old, or may have", "", ""]


def test_with_refuse_the_first_duplicates_are_listed(tmp_path: Path) -> None:
    screened = screen(tmp_path, "phone\n" + f"{ANNA}\n" * 9, duplicates="refuse")
    with pytest.raises(InputError) as caught:
        rows(screened)
    assert str(caught.value) == (
        f'{tmp_path / "r.csv"} has numbers that come twice, and duplicates in [screening] is "refuse":\n'
        + "".join(f"  line {line}: {ANNA} is the same as row 1 (line 2)\n" for line in range(3, 8))
        + 'Delete the rows, or set duplicates = "skip".'
    )


def test_with_refuse_one_duplicate_is_enough(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 4"):
        rows(screen(tmp_path, f"phone\n{ANNA}\n{BEN}\n{ANNA}\n", duplicates="refuse"))


def test_with_refuse_a_list_without_duplicates_is_called(tmp_path: Path) -> None:
    assert verdicts(screen(tmp_path, f"phone\n{ANNA}\n{BEN}\n", duplicates="refuse")) == ["pending", "pending"]


def test_an_id_is_taken_by_a_row_that_cannot_be_called_too(tmp_path: Path) -> None:
    screened = screen(tmp_path, f"phone,id\nn/a,a\n{ANNA},a\n", id="id")
    assert verdicts(screened) == ["number_words", "id_repeated"]


def test_a_formula_without_a_result_makes_its_row_invalid(tmp_path: Path) -> None:
    workbook = Workbook()
    for row in (["phone", "name"], [ANNA, "x"], [BEN, "=A1"]):
        workbook.active.append(row)
    workbook.save(tmp_path / "r.xlsx")
    nobody = Suppression.load([], region=None, max_age_days=None, now=NOW)
    screened = Screening(examine(tmp_path / "r.xlsx"), rules=RULES, suppression=nobody, attempted={}, own=own)
    assert verdicts(screened) == ["pending", "formula_without_value"]


@pytest.mark.parametrize("cell", ["", " ", "\t", "\u200b", "\ufeff", "\u2060 \u00a0", "\u3000"])
def test_what_nobody_sees_is_empty(tmp_path: Path, cell: str) -> None:
    text = f'phone,name\n{ANNA},"{cell}"\n{BEN}," \u200bZoë"\n'
    assert verdicts(screen(tmp_path, text, required=("name",))) == ["required_empty", "pending"]


# A lost plus is judged over the file.

FOREIGN = ["447400123456", "14155550100", "919876543210", "33612345678"]
GERMAN = ["030901820", "015112345678", "08912345678", "04012345678"]


def test_a_file_that_lost_its_plus_is_refused_even_where_the_region_has_such_numbers(tmp_path: Path) -> None:
    """In Germany nearly any digits are a number: read there, strangers would be called."""
    screened = screen(tmp_path, "phone\n" + "\n".join(FOREIGN), region="DE")
    assert set(verdicts(screened)) == {"number_plus_lost"}
    assert all(
        "plus_lost = true" in reason
        for reason in reasons(screen(tmp_path, "phone\n" + "\n".join(FOREIGN), region="DE"))
    )


@pytest.mark.parametrize("count", [5000, 5001, 5002, 5003, 10_001])
def test_no_row_is_spared_for_where_it_stands(tmp_path: Path, count: int) -> None:
    text = "phone\n" + "".join(f"9183042{at:05d}\n" for at in range(70_000, 70_000 + count))
    assert set(verdicts(screen(tmp_path, text, region="DE"))) == {"number_plus_lost"}


def test_a_block_of_numbers_that_would_do_with_a_plus_makes_no_file_of_such(tmp_path: Path) -> None:
    there = [f"4155{at:06d}" for at in range(550_100, 560_100)]
    block = [f"2036{at:06d}" for at in range(779_000, 784_500)]
    found = verdicts(screen(tmp_path, "phone\n" + "\n".join(block + there), region="US"))
    assert "number_plus_lost" not in found


@pytest.mark.parametrize("shape", ["(203) 677-{:04d}", "203677{:04d}"])
def test_short_numbers_that_the_region_has_are_of_the_region(tmp_path: Path, shape: str) -> None:
    """In Connecticut each of them would also be one of Egypt."""
    text = "phone\n" + "\n".join(shape.format(at) for at in range(9700, 9740))
    assert set(verdicts(screen(tmp_path, text, region="US"))) == {"pending"}


def test_such_a_file_is_called_once_the_campaign_says_that_the_plus_was_lost(tmp_path: Path) -> None:
    screened = screen(tmp_path, "phone\n" + "\n".join(FOREIGN), region="DE", plus_lost=True)
    assert [row.number for row in rows(screened)] == [int(number) for number in FOREIGN]
    assert screened.report.repaired == {"lost + put back": 4}


def test_national_numbers_are_not_taken_for_such_a_file(tmp_path: Path) -> None:
    screened = screen(tmp_path, "phone\n" + "\n".join(GERMAN), region="DE")
    assert set(verdicts(screened)) == {"pending"}


def test_numbers_of_the_own_region_that_lost_their_plus_are_read(tmp_path: Path) -> None:
    """The region says the same as the plus would."""
    numbers = ["919876543210", "919876543211", "919876543212"]
    assert set(verdicts(screen(tmp_path, "phone\n" + "\n".join(numbers), region="IN"))) == {"pending"}


def test_a_tenth_of_numbers_that_would_do_with_a_plus_is_chance(tmp_path: Path) -> None:
    national = ["2125550123", "4155550100", "3055550100", "6465550100"]
    text = "phone\n" + "\n".join([*national, "9876543210"])
    assert verdicts(screen(tmp_path, text, region="US"))[:4] == ["pending"] * 4


def test_a_region_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'region = "XX" in \[csv\] is not a country'):
        screen(tmp_path, f"phone\n{ANNA}\n", region="XX")


@pytest.mark.parametrize("rules", [{"phones": ("fone",)}, {"id": "ident"}, {"required": ("nme",)}])
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, rules: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r'has no column "\w+"\. The columns are: phone, id, name\.'):
        screen(tmp_path, f"phone,id,name\n{ANNA},1,x\n", **rules)


def test_calling_a_number_twice_needs_ids(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs an id column"):
        screen(tmp_path, f"phone\n{ANNA}\n", duplicates="call")


def test_it_stops_between_chunks_when_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "ROWS_AT_ONCE", 1)
    screened = screen(tmp_path, f"phone\n{ANNA}\n{BEN}\n")
    answers = iter([False, True])
    screened._should_stop = lambda: next(answers)
    reading = iter(screened)
    assert len(next(reading)) == 1
    with pytest.raises(InterruptedRunError, match=r"interrupted while reading .*r\.csv; nothing was dialled"):
        next(reading)


# The report.


def test_the_report_counts_by_status_and_reason_with_a_few_examples(tmp_path: Path) -> None:
    text = f"\ufeff phone ,name\n{ANNA},x\n" + "n/a,x\n" * 7 + f"'{BEN},x\n{ANNA},x\n"
    screened = screen(tmp_path, text)
    rows(screened)
    report = screened.report
    assert report.rows == 10
    assert report.statuses == {Status.PENDING: 2, Status.INVALID: 7, Status.DUPLICATE: 1}
    assert report.reasons == {"number_words": 7, "duplicate": 1}
    assert report.examples["number_words"] == [Example(n, n + 1, "n/a", "it has no digits in it") for n in range(2, 7)]
    assert report.examples["duplicate"] == [Example(10, 11, ANNA, "the same as row 1 (line 2)")]
    assert report.repaired == {"leading apostrophe": 1}
    assert report.repairs == {"leading apostrophe": [Example(9, 10, f"'{BEN}", "leading apostrophe")]}
    assert len(report.header) == 1


# Against a model: the same, row by row, with plain sets.


def model(numbers: list[int], ids: list[str], attempted: Mapping[int, tuple[str, ...]]) -> list[str]:
    called: set[int] = set()
    seen: set[str] = set()
    found = []
    for number, key in zip(numbers, ids, strict=True):
        if key in seen:
            found.append("id_repeated")
        elif number in attempted and key in attempted[number]:
            found.append("pending")
            called.add(number)
        elif number in attempted and number not in called:
            found.append("duplicate_attempted")
        elif number in called:
            found.append("duplicate_number")
        else:
            found.append("pending")
            called.add(number)
        seen.add(key)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=30),
    st.dictionaries(st.integers(0, 6), st.integers(0, 20).map(lambda key: (str(key),)), max_size=3),
    st.integers(1, 7),
)
def test_duplicates_are_found_whatever_the_chunks(
    tmp_path: Path, drawn: list[tuple[int, int]], attempted: dict[int, tuple[str, ...]], size: int
) -> None:
    numbers = [919876543210 + number for number, _ in drawn]
    ids = [str(key) for _, key in drawn]
    text = "phone,id,n\n" + "".join(f"+{n},{i},{at}\n" for at, (n, i) in enumerate(zip(numbers, ids, strict=True)))
    before = {919876543210 + number: keys for number, keys in attempted.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "ROWS_AT_ONCE", size)
        assert verdicts(screen(tmp_path, text, id="id", attempted=before)) == model(numbers, ids, before)


SPELLINGS = ["+541123456789", "+5491123456789", "+919876543210", "+14155550100"]
"""The first two are one line."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(SPELLINGS), st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"])), min_size=1
    ),
    st.sampled_from([None, "ref"]),
    st.sets(st.integers(0, 3)),
    st.integers(1, 4),
)
def test_once_people_are_called_each_row_is_judged_in_the_words_of_before(
    tmp_path: Path, people: list[tuple[str, str, str]], id_column: str | None, uncalled: set[int], size: int
) -> None:
    """The input is the same and some or all of it was called: no row is called twice, none has another reason."""
    text = "phone,ref,name\n" + "".join(f"{number},{ref},{name}\n" for number, ref, name in people)
    first = rows(screen(tmp_path, text, id=id_column, required=("name",)))
    callable_ = [row for row in first if row.problem is None]
    attempted: dict[int, tuple[str, ...]] = {
        line(row.number or 0): (row.key or "",) for at, row in enumerate(callable_) if at not in uncalled
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "ROWS_AT_ONCE", size)
        again = screen(tmp_path, text, attempted=attempted, id=id_column, required=("name",))
        assert rows(again) == first


def test_first_rows_are_found_among_many() -> None:
    chance = random.Random(1)
    numbers = [chance.randrange(3_000) for _ in range(10_000)]
    firsts: dict[int, int] = {}
    seen = Seen()
    for start in range(0, len(numbers), 700):
        part = numbers[start : start + 700]
        positions = np.arange(start, start + len(part), dtype=np.int32)
        found, marks = seen.firsts(np.array(part, dtype=np.int64), positions, positions * 2)
        for position, number in zip(positions.tolist(), part, strict=True):
            firsts.setdefault(number, position)
        assert found.tolist() == [firsts[number] for number in part]
        assert marks.tolist() == [firsts[number] * 2 for number in part]
