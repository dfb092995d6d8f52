"""The report for a manager: who called, what people said, whom to call back, and how it went the time before."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer import cli
from dialer.errors import ExitCode, UsageError
from dialer.export.report import Wanted, markdown
from dialer.export.report.call_backs import link
from dialer.messages.export.figures import DASH
from dialer.models import Answer, Effect, Outcome, Own, Status
from dialer.provider import VENDOR
from dialer.store import AGENT_NAME
from tests.ledgers import ANYBODY, QUEUED, REFUSED, UNCLEAR, call, key_of, load, number_of, opened, people, render, row
from tests.place import number, run
from tests.reports import MADE, Page, batch_in, called, execution, page, report_of, talked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dialer.config.batch import Batch
    from dialer.export.report import Report
    from dialer.provider.interface import Execution
    from dialer.store.sqlite import Ledger
    from tests.place import Place


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return batch_in(tmp_path)


@pytest.fixture
def ledger(batch: Batch) -> Iterator[Ledger]:
    with contextlib.closing(opened(batch.ledger)) as ledger:
        yield ledger


def reached(ledger: Ledger, index: int, answers: Mapping[str, Any], *, recording: str = "", **more: Any) -> None:  # noqa: ANN401 - any of Bolna's
    telephony = {"recording_url": recording}
    called(ledger, index, "completed", **talked(30), extracted_data=answers, telephony_data=telephony, **more)


def chosen(**answers: str) -> dict[str, Any]:
    return {"Lead": {name: {"objective": answer, "subjective": ""} for name, answer in answers.items()}}


def both(report: Report) -> tuple[str, str]:
    """Return what a person reads in the page, and in Markdown."""
    return " ".join(Page(page(report)).words), markdown(report).replace("\\", "")


# -- the head ------------------------------------------------------------------------------------------------------


def test_the_head_says_who_called_from_which_number_when_and_in_which_currency(ledger: Ledger, batch: Batch) -> None:
    load(ledger, [replace(row(at, at), own=Own(caller=f"+91803500000{at % 2}")) for at in range(1, 4)])
    ledger.set_note(AGENT_NAME, "Asha")
    for at in range(1, 4):
        called(ledger, at, "completed", at=MADE.timestamp() + at * 60, **talked(30, cost=150))
    for words in both(report_of(batch, zone="Asia/Kolkata", currency="INR")):
        assert re.search(r"Agent:? Asha", words)
        assert re.search(r"Caller number:? \+918035000001, \+918035000000", words)
        assert re.search(r"Called:? 2026-11-25 20:31 to 2026-11-25 20:33, Asia/Kolkata", words)
        assert re.search(r"Costs in:? INR", words)
        assert "4.50" in words


def test_where_the_agent_s_name_is_not_known_its_id_stands_there(ledger: Ledger, batch: Batch) -> None:
    load(ledger, [row(1, 1), replace(row(2, 2), own=Own(agent="another"))])
    for at in (1, 2):
        called(ledger, at, "busy")
    who = report_of(batch).callers
    assert (who.agent, who.other_agents, who.numbers, who.chosen) == ("agent-1", 1, (), True)


def test_a_run_keeps_what_its_agent_is_called(quick: Place, capsys: pytest.CaptureFixture[str]) -> None:
    quick.recipients([[number(5), "Zoë"]], header=["contact_number", "customer_name"])
    path = quick.campaign()
    run(path)
    assert cli.main(["report", str(path), "--format", "md"]) == ExitCode.DONE
    assert "- Agent: Asha (sandbox)\n" in capsys.readouterr().out


# -- what people said ----------------------------------------------------------------------------------------------


def test_answers_are_counted_by_question_whatever_their_case(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 4)
    for at, answer in enumerate(("Yes", "yes", "No"), 1):
        reached(ledger, at, chosen(user_interested=answer))
    reached(ledger, 4, chosen(user_interested="null"))
    (question,) = report_of(batch).answers
    assert (question.name, question.people) == ("user_interested", 3)
    assert [(one.words, one.people) for one in question.answers] == [("Yes", 2), ("No", 1)]
    for words in both(report_of(batch)):
        assert "User interested" in words
        assert "3 people answered, of 4 reached" in words


def test_of_somebody_called_twice_the_call_counts_that_reached_them(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    called(ledger, 1, "no-answer", extracted_data=chosen(interested="no"))
    ledger.permit(Status.QUEUED, ANYBODY, what="test")
    reached(ledger, 1, chosen(interested="yes"))
    (question,) = report_of(batch).answers
    assert [(one.words, one.people) for one in question.answers] == [("yes", 1)]


def test_what_a_machine_is_taken_to_have_said_does_not_count(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    called(ledger, 1, "completed", **talked(20, machine=True), extracted_data=chosen(interested="yes"))
    assert report_of(batch).answers == ()


def test_what_one_person_said_in_their_own_words_is_not_shown(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 4)
    for at, answer in enumerate(("42 world lane", "the same", "the same", "call +919812345678"), 1):
        reached(ledger, at, {"address": answer, "agreed": at == 1})
    for words in both(report_of(batch)):
        assert "the same" in words
        assert "other answers" in words
        assert "world lane" not in words


def test_a_number_in_an_answer_is_hidden_like_any_other(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    for at in (1, 2):
        reached(ledger, at, chosen(plan="ask +91 98123 45678"))
    assert all("45678" not in words and "678" in words for words in both(report_of(batch)))
    assert all("+91 98123 45678" in words for words in both(report_of(batch, full=True)))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_whatever_an_agent_notes_answers_are_texts_on_one_line(noted: object) -> None:
    for one in VENDOR.answers_in(json.dumps(noted)):
        assert one.answer.strip() == one.answer != ""
        assert "\n" not in one.answer


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "[" * 100_000, '"text"'])
def test_a_note_that_is_none_answers_nothing(text: str) -> None:
    assert VENDOR.answers_in(text) == ()


# -- as it was wanted ----------------------------------------------------------------------------------------------


def test_the_funnel_ends_with_those_who_answered_as_wanted(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 6)
    for at, answer in enumerate(("YES", "yes", "no"), 1):
        reached(ledger, at, chosen(user_interested=answer))
    called(ledger, 4, "busy")
    call(ledger, 5, REFUSED)
    report = report_of(batch, wanted=(Wanted("User interested", "yes"),))
    funnel = report.funnel
    assert (funnel.in_file, funnel.callable, funnel.sent, funnel.queued) == (6, 6, 5, 4)
    assert (funnel.reached, funnel.wanted) == (3, 2)
    for words in both(report):
        assert "Answered as wanted" in words
        assert "66.7% of those reached" in words


def test_an_answer_to_a_question_that_nobody_was_asked_is_refused_with_those_there_are(
    ledger: Ledger, batch: Batch
) -> None:
    people(ledger, 1)
    reached(ledger, 1, chosen(user_interested="yes"))
    with pytest.raises(UsageError, match=r"user_intrested.*The agent noted: user_interested"):
        report_of(batch, wanted=(Wanted("user_intrested", "yes"),))


def test_a_misspelled_question_is_refused_also_beside_one_that_somebody_answered_as_wanted(
    ledger: Ledger, batch: Batch
) -> None:
    people(ledger, 1)
    reached(ledger, 1, chosen(user_interested="yes"))
    with pytest.raises(UsageError, match=r"--wanted boked: no call of this batch"):
        report_of(batch, wanted=(Wanted("user_interested", "yes"), Wanted("boked", "yes")))


@pytest.mark.parametrize("text", ["interested", "=yes", "interested="])
def test_an_answer_that_is_not_one_is_refused(
    ledger: Ledger, batch: Batch, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    people(ledger, 1)
    batch.campaign.write_text('agent_id = "a"\nrecipients = "list.csv"\n', encoding="utf-8")
    assert cli.main(["report", str(batch.campaign), "--format", "md", "--wanted", text]) == ExitCode.USAGE
    assert f"--wanted {text}: write the name of the answer, =, and the answer" in capsys.readouterr().err


# -- whom to call back ---------------------------------------------------------------------------------------------


def test_whom_to_call_back_are_those_who_asked_and_then_those_who_were_not_reached(
    ledger: Ledger, batch: Batch
) -> None:
    people(ledger, 6)
    called(ledger, 1, "no-answer")
    reached(ledger, 2, chosen(callback_user="Yes"))
    reached(ledger, 3, chosen(callback_user="No"))
    reached(ledger, 4, {"call back time": "tomorrow at 5"})
    called(ledger, 5, "ringing")
    called(ledger, 6, "failed")
    found = report_of(batch).call_backs
    assert found.asked == 2
    assert [(one.position, one.asked, one.words) for one in found.people] == [
        (2, True, ""),
        (4, True, "tomorrow at 5"),
        (1, False, "no-answer"),
    ]


def test_nobody_asked_to_be_called_back_by_a_short_no_or_a_dash(ledger: Ledger, batch: Batch) -> None:
    answers = ("n", "N.", "Nope", "nil", "-", "--", "no", "Nina asked for it", "👍")
    people(ledger, len(answers))
    for at, answer in enumerate(answers, 1):
        reached(ledger, at, chosen(callback=answer))
    assert [one.words for one in report_of(batch).call_backs.people] == ["Nina asked for it", "👍"]


def test_whole_numbers_of_those_to_call_back_only_where_asked_for(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    called(ledger, 1, "busy")
    reached(ledger, 2, chosen(callback="yes"))
    assert not any(key_of(at) in words for at in (1, 2) for words in both(report_of(batch)))
    assert all(key_of(at) in words for at in (1, 2) for words in both(report_of(batch, full=True)))


def test_a_recording_is_a_link_in_both_forms(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 1)
    url = "https://api.bolna.ai/recordings/call/1?a=b&c=d"
    reached(ledger, 1, chosen(callback="yes"), recording=url)
    assert Page(page(report_of(batch))).values("href") == [url, url]
    assert f"[recording](<{url}>)" in markdown(report_of(batch))


NO_LINKS = (
    *("javascript:alert(1)", "http://plain.test/1", "https://", "https:///x", "//host/x", "data:text/html,x"),
    *('https://a.test/"onmouseover="x', "https://a.test/><script>", "https://a.test/a b", "https://me:pw@a.test/"),
    *("https://a.test/\u202egpj", "https://a.test/`x`", "https://[::1", "https://a.test/" + "x" * 600),
)


def test_an_address_that_no_browser_should_follow_is_no_link(ledger: Ledger, batch: Batch) -> None:
    people(ledger, len(NO_LINKS))
    for at, url in enumerate(NO_LINKS, 1):
        reached(ledger, at, chosen(callback="yes"), recording=url)
    report = report_of(batch)
    assert len(report.call_backs.people) == len(NO_LINKS)
    assert Page(page(report)).values("href") == []
    assert "](<" not in markdown(report)


@given(st.text() | st.text().map("https://a.test/".__add__))
def test_a_link_is_one_word_of_plain_letters(url: str) -> None:
    assert re.fullmatch(r"|https://[^\s\"'<>`|\\]+", link(url))
    assert link(url).isascii()


# -- days, and what nobody knows -----------------------------------------------------------------------------------


def test_days_are_those_of_the_time_zone_asked_for(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    at = datetime(2026, 11, 25, 18, 10, tzinfo=UTC).timestamp()
    called(ledger, 1, "completed", at=at, **talked(30))
    called(ledger, 2, "busy", at=at + 1200)
    days = {
        zone: [(str(one.day), one.calls, one.reached) for one in report_of(batch, zone=zone).days]
        for zone in ("UTC", "Asia/Kolkata")
    }
    assert days == {"UTC": [("2026-11-25", 2, 1)], "Asia/Kolkata": [("2026-11-25", 1, 1), ("2026-11-26", 1, 0)]}
    for words in both(report_of(batch, zone="Asia/Kolkata")):
        assert "Thu 26 Nov 2026" in words


def test_whoever_may_still_be_reached_is_not_counted_as_not_reached(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 6)
    called(ledger, 1, "completed", **talked(30))
    called(ledger, 2, "busy")
    called(ledger, 3, "ringing")
    call(ledger, 4, QUEUED)
    call(ledger, 5, UNCLEAR)
    report = report_of(batch)
    assert sum(one.in_doubt for one in report.hours) == sum(one.in_doubt for one in report.days) == 2
    assert [(one.people, one.reached, one.in_doubt) for one in report.countries] == [(4, 1, 2)]
    assert [(one.people, one.reached, one.in_doubt) for one in report.tries] == [(5, 1, 3)]
    assert all("not known yet" in words for words in both(report))


def test_a_call_that_is_told_to_be_over_is_in_doubt_only_while_it_may_be_tried_again(
    ledger: Ledger, batch: Batch
) -> None:
    people(ledger, 2)
    first, second = (call(ledger, at, QUEUED) for at in (1, 2))
    ledger.note_statuses([(first.id, "no-answer"), (second.id, "scheduled")])
    assert sum(one.in_doubt for one in report_of(batch).hours) == 1


# -- the batch before ----------------------------------------------------------------------------------------------


def began(folder: Path, name: str, *, at: datetime, campaign: str = "c.toml", reached: int = 1) -> Batch:
    """Make a batch that was called at some moment; return it."""
    batch = batch_in(folder, name)
    with contextlib.closing(opened(batch.ledger, batch=name)) as ledger:
        people(ledger, 4)
        ledger.set_note("campaign", str(folder / campaign))
        ledger.set_note("trial", "")
        for index in range(1, 5):
            fields = talked(30) if index <= reached else {}
            called(ledger, index, "completed" if index <= reached else "busy", at=at.timestamp() + index, **fields)
    return batch


def report_text(batch: Batch, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    batch.campaign.write_text('agent_id = "a"\nrecipients = "list.csv"\n', encoding="utf-8")
    assert cli.main(["report", str(batch.campaign), "--format", "md", *options]) == ExitCode.DONE
    return capsys.readouterr().out


def test_a_batch_is_held_against_the_campaign_s_batch_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began(tmp_path, "older", at=datetime(2026, 11, 1, 9, tzinfo=UTC), reached=4)
    began(tmp_path, "former", at=datetime(2026, 11, 9, 9, tzinfo=UTC), reached=1)
    began(tmp_path, "other", at=datetime(2026, 11, 10, 9, tzinfo=UTC), campaign="d.toml")
    began(tmp_path, "later", at=datetime(2026, 11, 30, 9, tzinfo=UTC))
    (tmp_path / "broken.ledger").write_text("not a ledger", encoding="utf-8")
    batch = began(tmp_path, "monday", at=datetime(2026, 11, 20, 9, tzinfo=UTC), reached=3)
    text = report_text(batch, capsys)
    assert (
        "75.0% of those with an accepted call were reached, 25.0% in the batch before, former: 50.0 points more."
        in text
    )
    assert "| Reached | 3 · 75.0% | 1 · 25.0% |" in text


def test_a_first_batch_is_held_against_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch = began(tmp_path, "monday", at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert "batch before" not in report_text(batch, capsys)


# -- fit to be mailed ----------------------------------------------------------------------------------------------

ANYTHING = "<script>alert(1)</script> | `x` *y* \u202e ليلى 🙂 " + "long name " * 20


def full(ledger: Ledger) -> None:
    """Have something of everything in a ledger."""
    load(
        ledger,
        [
            *(row(at, at) for at in range(1, 60)),
            row(60, 60, status=Status.INVALID),
            row(61, 1, key="", status=Status.DUPLICATE),
            row(62, 62, status=Status.SUPPRESSED),
        ],
    )
    ledger.set_note(AGENT_NAME, ANYTHING)
    for at in range(1, 30):
        reached(
            ledger,
            at,
            {ANYTHING: {ANYTHING: {"objective": ANYTHING}}, "callback": ANYTHING},
            recording="https://r.test/1",
        )
    for at, status in zip(
        range(30, 50),
        itertools.cycle(["no-answer", "busy", "failed", "balance-low", "call-disconnected", ANYTHING]),
        strict=False,
    ):
        called(ledger, at, status, error_message=ANYTHING)
    call(ledger, 51, Answer(Outcome.ERROR, Effect.GO_ON, words=ANYTHING, http_status=400))
    call(ledger, 52, Answer(Outcome.RETRY, Effect.HOLD, words=ANYTHING, http_status=429))
    call(ledger, 53, UNCLEAR)
    ledger.note_hold(30.0, ANYTHING, now=MADE.timestamp())


def test_a_manager_reads_no_command_and_no_code(ledger: Ledger, batch: Batch) -> None:
    full(ledger)
    for words in both(report_of(batch)):
        assert not re.search(r"\bdialer\b|--\w|dialer\.toml|\bHTTP\b|[a-z]+_[a-z]+|\b400\b", words)
        assert not re.search(r"no-answer|balance-low|call-disconnected", words)
        assert "no answer" in words


def test_each_card_has_a_chart_or_a_table(ledger: Ledger, batch: Batch) -> None:
    people(ledger, 2)
    for _ in range(2):
        for card in re.findall(r"<section.*?</section>", page(report_of(batch)), re.DOTALL):
            assert re.search(r"<svg|<td|<dl", card)
        assert f"<dd>{DASH}" not in page(report_of(batch))
        called(ledger, 1, "completed", **talked(0))


def test_both_forms_say_the_same(ledger: Ledger, batch: Batch) -> None:
    full(ledger)
    in_page, in_text = both(report_of(batch))
    spoken = [set(re.findall(r"\w+", re.sub(r"https://\S+", "", words))) for words in (in_page, in_text)]
    assert spoken[0] - spoken[1] <= {"The", "figures", "as", "a", "table", "How", "the", "calls", "went", "known"}
    assert spoken[1] - spoken[0] == set()


def awkward(at: int) -> Execution:
    """Return a call of which everything is said in words that no other call has."""
    if at % 3 == 0:
        return execution(f"status {at} {ANYTHING}")
    if at % 3 == 1:
        return execution("failed", error_message=f"{'x' * at} {ANYTHING}")
    answers = {
        f"q{at}": {f"question {at} {ANYTHING}": {"objective": "yes"}, "one": {"objective": f"a {at} {ANYTHING}"}}
    }
    return execution("completed", **talked(at), extracted_data=answers | {"callback": ANYTHING * 20})


def test_the_page_stays_small_whatever_agents_and_providers_say(ledger: Ledger, batch: Batch) -> None:
    many = 1500
    load(
        ledger,
        [replace(row(at, at), own=Own(caller=f"+{number_of(at)}", agent=f"agent {at}")) for at in range(1, many)],
    )
    attempts = ledger.intend(ledger.page(after=0, size=many), render)
    ledger.settle([(one, QUEUED) for one in attempts])
    ledger.note_calls((one.id, awkward(at)) for at, one in enumerate(attempts))
    report = report_of(batch)
    assert len(page(report)) < 250_000
    assert len(markdown(report)) < 60_000
