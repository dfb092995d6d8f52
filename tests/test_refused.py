"""Whom Bolna refused was never called: they are called once their number or their id is corrected, and once only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.errors import ExitCode
from tests.place import number, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.place import Place

ARGENTINIAN, CORRECTED = "+541123456789", "+5491123456789"
"""Two spellings of one line."""
BY_ID = '[columns]\nid = "id"\n'
HEADER = ["id", "phone"]


def refused(place: Place, *people: tuple[str, str], more: str = "") -> Path:
    """Have the first of some people refused, and the others called."""
    place.recipients(people, header=HEADER)
    path = place.campaign(more=more)
    place.sandbox.call_strikes.force("refused")
    assert run(path).exit_code is ExitCode.LOOK
    return path


def called(place: Place) -> list[str]:
    return [str(call["recipient_phone_number"]) for call in place.calls()]


def test_a_corrected_spelling_of_a_refused_number_is_called(place: Place) -> None:
    path = refused(place, ("1", ARGENTINIAN), ("2", number(2)))
    place.recipients([["1", CORRECTED], ["2", number(2)]], header=HEADER)
    assert run(path).exit_code is ExitCode.DONE
    assert called(place) == [number(2), CORRECTED]
    assert [row["status"] for row in place.results()] == ["queued", "queued", "error"]


def test_a_refused_person_with_a_corrected_id_is_called(place: Place) -> None:
    path = refused(place, ("1", number(1)), ("2", number(2)), more=BY_ID)
    place.recipients([["01", number(1)], ["2", number(2)]], header=HEADER)
    assert run(path).exit_code is ExitCode.DONE
    assert called(place) == [number(2), number(1)]


def test_a_refused_person_gets_the_number_of_another_column(place: Place) -> None:
    """Only a person who was called keeps the number when the campaign goes by other columns."""
    place.recipients([[number(1), number(11)], [number(2), number(12)]], header=["mobile", "phone"])
    place.campaign(more='[columns]\nphone = ["mobile", "phone"]')
    place.sandbox.call_strikes.force("refused")
    path = place.folder / "c.toml"
    assert run(path).exit_code is ExitCode.LOOK
    place.campaign(more='[columns]\nphone = ["phone", "mobile"]')
    assert main(["check", str(path)]) == ExitCode.DONE
    assert run(path).exit_code is ExitCode.DONE
    assert called(place) == [number(2), number(11)]


@pytest.mark.parametrize("order", [("1", "1b", "2"), ("1b", "2", "1")])
@pytest.mark.parametrize("retry_errors", [False, True])
def test_two_rows_of_a_refused_person_are_one_call(place: Place, *, order: tuple[str, ...], retry_errors: bool) -> None:
    """Also where the other one stands first by now; with --retry-errors and without, then with it once more."""
    numbers = {"1": number(1), "1b": number(1), "2": number(2)}
    path = refused(place, *numbers.items(), more=BY_ID)
    place.recipients([[id_, numbers[id_]] for id_ in order], header=HEADER)
    run(path, retry_errors=retry_errors)
    run(path, retry_errors=True)
    run(path)
    assert sorted(called(place)) == [number(1), number(2)]


def test_who_left_the_list_is_not_counted_among_the_refused_that_are_called_again(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = refused(place, ("1", number(1)), ("2", number(2)))
    place.recipients([["2", number(2)]], header=HEADER)
    assert main(["run", str(path), "--yes", "--retry-errors"]) == ExitCode.DONE
    assert "no call to repeat: the provider refused none" in capsys.readouterr().err
    place.recipients([["1", number(1)], ["2", number(2)]], header=HEADER)
    assert main(["run", str(path), "--yes", "--retry-errors"]) == ExitCode.DONE
    assert "1 refused call is made again, as asked" in capsys.readouterr().err
    assert called(place) == [number(2), number(1)]
