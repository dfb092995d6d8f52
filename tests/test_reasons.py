"""Whatever keeps a row from being called has a meaning that a person can read, wherever the code is shown."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dialer
from dialer.cli import main
from dialer.messages.reasons import REASONS
from dialer.numbers import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.place import Place

SOURCE = Path(dialer.__file__).parent


def problems() -> Iterator[tuple[str, str]]:
    """Yield every code that the source spells out as a row's problem, with its place."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield code.value, f"{path.name}:{node.lineno}"


def test_every_code_that_a_row_can_get_has_a_meaning() -> None:
    found = dict(problems())
    assert len(found) > 20
    assert {code: at for code, at in found.items() if code not in REASONS} == {}


def test_every_meaning_is_of_a_code_that_a_row_can_get() -> None:
    rooms = [path for path in SOURCE.rglob("*.py") if path.parent.name != "messages"]
    spelled = {
        node.value
        for path in rooms
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert REASONS.keys() - spelled - {f"number_{kind}" for kind in SPECIAL} == set()


WINDOW = '[columns]\ntimezone = "zone"\n[window]\nhours = "09:00-20:00"'


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["12", "Asia/Kolkata"], "number_short_code"),
        (["+919800000001", "Atlantis"], "zone_unknown"),
        (["+8816" + "1" * 8, ""], "zone_missing"),
    ],
)
def test_the_check_and_the_report_say_what_a_code_means(
    place: Place, capsys: pytest.CaptureFixture[str], row: list[str], code: str
) -> None:
    place.recipients([row], header=["phone", "zone"])
    path = str(place.campaign(more=WINDOW))
    main(["check", path])
    assert f"1 {code} ({REASONS[code]})" in capsys.readouterr().out
    main(["run", path, "--yes", "-q"])
    main(["report", path, "--format", "json"])
    (reason,) = json.loads(capsys.readouterr().out)["reasons"]
    assert (reason["code"], reason["words"]) == (code, REASONS[code])


def test_the_results_group_the_rows_that_were_not_called_by_the_codes_of_a_check(place: Place) -> None:
    rows = [["+919800000001", "a"], ["12", "b"], ["+919800000001", "c"], ["", "d"], ["+919800000002", ""]]
    place.recipients(rows, header=["phone", "reason"])
    path = place.campaign(more='[screening]\nrequired = ["reason"]')
    rejects = place.folder / "rejects.csv"
    assert main(["check", str(path), "--rejects", str(rejects)]) == 1
    assert main(["run", str(path), "--yes", "-q"]) == 1
    results = place.results()
    assert [row["input_reason"] for row in results] == ["a", "b", "c", "d", ""]
    assert results[0]["reason"] == ""
    assert [row["reason"] for row in results[1:]] == [row["code"] for row in place.results("rejects.csv")]
    assert len({row["reason"] for row in results}) == len(rows)
