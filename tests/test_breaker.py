"""When a run ends early, and what the person reads then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.engine.breaker import AMONG, DOUBTFUL, LIMITED_FOR, Breaker, Trip, no_money
from dialer.errors import ExitCode
from dialer.messages.values import duration
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client import answer_of_exception, answer_of_status

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCEPTED = answer_of_status(200, execution_id="e")
REFUSED = answer_of_status(400, words="bad number")
DOUBT = answer_of_status(502, words="Bad gateway")
LIMITED = answer_of_status(429, words="Too many requests")
UNREACHED = answer_of_exception(httpx.ConnectError("refused"))


def fed(breaker: Breaker, answers: Iterable[Answer], *, every: float = 1.0) -> tuple[int, Trip] | None:
    """Return how many answers it took and why it ended; None where it goes on."""
    for turn, answer in enumerate(answers, 1):
        _, trip = breaker.judge(answer, now=turn * every)
        if trip is not None:
            return turn, trip
    return None


def ended(breaker: Breaker, answers: Iterable[Answer], *, every: float = 1.0) -> tuple[int, Trip]:
    found = fed(breaker, answers, every=every)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "happened", "mend"),
    [
        (401, "Bolna refused the key: Its words.", "Set BOLNA_API_KEY to a valid key"),
        (402, "Bolna asks for payment: Its words.", "Recharge the account on Bolna's dashboard"),
        (403, "Bolna refused the key: Its words.", "Set BOLNA_API_KEY to a valid key"),
        (404, "Bolna does not know the agent: Its words.", "Check `agent_id` in the campaign file"),
        (307, "The server is not Bolna's API: Its words.", "The base URL is wrong: check BOLNA_BASE_URL"),
    ],
)
def test_what_a_person_must_mend_is_said_with_bolnas_words_and_what_goes_on(
    status: int, happened: str, mend: str
) -> None:
    answer, trip = Breaker().judge(answer_of_status(status, words="Its words."), now=0.0, agent_gone=True)
    assert trip is not None
    assert (trip.words, trip.advice) == (happened, f"{mend}, then run the same command again.")
    assert trip.exit_code is ExitCode.MUST_ACT
    assert answer.outcome is (Outcome.UNKNOWN if status == 307 else Outcome.RETRY)
    assert answer.effect is Effect.END


def test_a_request_that_cannot_leave_is_not_called_a_redirect() -> None:
    _, trip = Breaker().judge(answer_of_exception(httpx.LocalProtocolError("Illegal header value")), now=0.0)
    assert trip is not None
    assert trip.words.startswith("No request can leave: the request could not be sent")
    assert "redirect" not in trip.words
    assert "BOLNA_API_KEY" in trip.advice


def test_a_403_is_the_recipients_once_somebody_was_accepted() -> None:
    breaker = Breaker()
    breaker.judge(ACCEPTED, now=0.0)
    answer, trip = breaker.judge(answer_of_status(403, words="not this country"), now=1.0)
    assert (answer.outcome, answer.effect, trip) == (Outcome.ERROR, Effect.GO_ON, None)


@pytest.mark.parametrize("before", [REFUSED, DOUBT, LIMITED])
def test_a_403_is_the_keys_fault_while_nobody_was_accepted(before: Answer) -> None:
    breaker = Breaker()
    breaker.judge(before, now=0.0)
    answer, trip = breaker.judge(answer_of_status(403), now=1.0)
    assert answer.outcome is Outcome.RETRY
    assert trip is not None


def test_a_404_is_the_recipients_while_the_agent_is_there() -> None:
    answer, trip = Breaker().judge(answer_of_status(404, words="no such"), now=0.0, agent_gone=False)
    assert (answer.outcome, trip) == (Outcome.ERROR, None)


@given(st.lists(st.sampled_from([ACCEPTED, REFUSED, LIMITED, UNREACHED]), max_size=60), st.integers(2, 8))
def test_so_many_refusals_in_a_row_end_the_run_and_retries_neither_count_nor_part_them(
    answers: list[Answer], most: int
) -> None:
    row, expected = 0, None
    for turn, answer in enumerate(answers, 1):
        row = 0 if answer is ACCEPTED else row + (answer is REFUSED)
        if row == most and answer is REFUSED:
            expected = turn
            break
    found = fed(Breaker(errors_in_a_row=most), answers, every=0.1)
    assert (found and found[0]) == expected


def test_the_message_after_refusals_says_the_last_words_and_how_to_call_the_refused_again() -> None:
    turn, trip = ended(Breaker(errors_in_a_row=3), [ACCEPTED, DOUBT, REFUSED, REFUSED])
    assert turn == 4
    assert trip.words == "3 answers in a row were refusals or left the call unknown; the last one: bad number."
    assert "same command again" in trip.advice
    assert "--retry-errors" in trip.advice
    assert trip.exit_code is ExitCode.MUST_ACT


@given(st.lists(st.booleans(), max_size=260))
def test_a_quarter_in_doubt_among_the_last_hundred_ends_the_run(doubts: list[bool]) -> None:
    expected = next(
        (turn for turn in range(1, len(doubts) + 1) if sum(doubts[max(0, turn - AMONG) : turn]) >= DOUBTFUL), None
    )
    found = fed(Breaker(errors_in_a_row=1000), [DOUBT if doubt else ACCEPTED for doubt in doubts])
    assert (found and found[0]) == expected


def test_doubts_that_are_spread_out_do_not_end_the_run() -> None:
    assert fed(Breaker(), [DOUBT, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED] * 200) is None


def test_the_message_after_doubts_counts_them_and_points_to_reconcile() -> None:
    _, trip = ended(Breaker(errors_in_a_row=1000), [DOUBT] * DOUBTFUL)
    assert "25 of the last 25 answers" in trip.words
    assert "Bad gateway" in trip.words
    assert "looks for the unknown calls first" in trip.advice
    assert trip.exit_code is ExitCode.MUST_ACT


@pytest.mark.parametrize("outage_after", [60.0, 120.0, 3600.0])
def test_nothing_but_failed_connections_is_an_outage_after_the_time_asked_for(outage_after: float) -> None:
    turn, trip = ended(Breaker(outage_after=outage_after), [UNREACHED] * 1000, every=10.0)
    assert (turn - 1) * 10 == outage_after
    assert f"No connection to Bolna for {duration(outage_after)}: " in trip.words
    assert trip.exit_code is ExitCode.LEFT


@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED, DOUBT, LIMITED])
def test_any_answer_ends_an_outage(answer: Answer) -> None:
    answers = ([UNREACHED] * 8 + [answer]) * 3
    assert fed(Breaker(outage_after=90.0), answers, every=10.0) is None


def test_nothing_but_429_for_ten_minutes_ends_the_run_to_be_started_later() -> None:
    turn, trip = ended(Breaker(), [LIMITED] * 1000, every=60.0)
    assert (turn - 1) * 60 == LIMITED_FOR
    assert "10 min, " in trip.words
    assert "Too many requests" in trip.words
    assert trip.exit_code is ExitCode.LEFT


@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED, DOUBT])
def test_a_429_counts_from_the_last_answer_that_was_none(answer: Answer) -> None:
    assert fed(Breaker(), ([LIMITED] * 10 + [answer]) * 5, every=60.0) is None


def test_429s_and_failed_connections_in_turn_do_not_go_on_for_ever() -> None:
    _, trip = ended(Breaker(), [LIMITED, UNREACHED] * 500, every=10.0)
    assert trip.exit_code is ExitCode.LEFT


@pytest.mark.parametrize("wallet", [0.0, -0.01, -5.0])
def test_an_empty_wallet_is_told_with_its_balance(wallet: float) -> None:
    trip = no_money(wallet)
    assert trip is not None
    assert f"{wallet:g}" in trip.words
    assert "Recharge" in trip.advice
    assert trip.exit_code is ExitCode.MUST_ACT


@pytest.mark.parametrize("wallet", [0.001, 5.0])
def test_a_wallet_above_zero_is_enough(wallet: float) -> None:
    assert no_money(wallet) is None
