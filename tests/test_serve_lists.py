"""The next list of a campaign over the page: a batch of its own, checked at once, with its rejects to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness import Bolna, sandbox
from tests.pages import Page, serving
from tests.test_serve_runs import asked, is_ended, live, yes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

AGENT = "123e4567-e89b-12d3-a456-426655440000"
RESULTS = {
    "daily": "",
    "one": 'results = "one.csv"\n',
    "batches": 'results = "{batch}.csv"\n',
    "named": 'results = "results-{recipients}.csv"\n',
}
LIST = (
    "phone,name\r\n"
    + "".join(f"+9198123457{n:02},Zo\u00eb {n}\r\n" for n in range(4))
    + "+919812345699,blocked\r\nno number,x\r\n"
)


@pytest.fixture(scope="module")
def bolna() -> Iterator[Bolna]:
    with sandbox(speed=1e6, lines=100) as bolna:
        yield bolna


@pytest.fixture(scope="module")
def page(bolna: Bolna, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("workspace")
    for name, results in RESULTS.items():
        text = f'agent_id = "{AGENT}"\nrecipients = "people.csv"\n{results}'
        text += '[pacing]\nrate = "50/second"\nreads = "5000/second"\n'
        (folder / f"{name}.toml").write_text(text)
    (folder / "people.csv").write_text("phone\n+919812345600\n")
    with serving(folder, environment=bolna.environment) as page:
        assert page.post("/organisation/block", number="+919812345699", source="asked").status_code == 200
        yield page


def sent(page: Page, name: str, content: bytes, *, called: str = "tomorrow.csv", **fields: str) -> httpx.Response:
    batch = next(row for row in page.campaigns().values() if row["campaign"] == f"{name}.toml")
    form = {"csrf": page.csrf, **fields}
    return page.web.post(
        f"/campaigns/{batch['id']}/next",
        data=form,
        files={"file": (called, content, "text/csv")},
        headers={"Origin": page.address},
    )


def test_a_list_is_a_batch_that_is_checked_called_and_taken_along(page: Page, bolna: Bolna) -> None:
    answer = sent(page, "daily", LIST.encode())
    batch_id = answer.url.path.rpartition("/")[2]
    view = live(page, batch_id, lambda view: view["check"] and view["check"]["state"] != "going on")
    check = view["check"]
    assert (check["rows"], check["to_call"]) == (6, 4), check
    problems = {one["code"]: one for one in check["problems"]}
    assert problems["suppressed"]["count"] == problems["number_words"]["count"] == 1
    assert "row 6 (line 7)" in problems["number_words"]["rows"][0]
    assert check["lists"] == [{"name": "do_not_call.csv", "count": 1}]
    assert "no number" in page.web.get(f"/campaigns/{batch_id}/rejects.csv").text
    assert check["text"].startswith("tomorrow.csv: 6 rows")
    page.post(f"/campaigns/{batch_id}/start", limit=2)
    question = asked(page, batch_id)
    assert question["count"] == 2
    assert question["text"].startswith("2 people in tomorrow.csv will be called")
    yes(page, batch_id, question)
    live(page, batch_id, is_ended)
    page.post(f"/campaigns/{batch_id}/start")
    yes(page, batch_id, asked(page, batch_id))
    view = live(page, batch_id, lambda view: is_ended(view) and view["row"]["state"] == "done")
    assert view["row"]["sent"] == 4
    names = {call["body"]["user_data"]["name"] for call in bolna.calls(AGENT)}
    assert names == {f"Zo\u00eb {n}" for n in range(4)}
    assert page.web.get(f"/campaigns/{batch_id}/results.csv").text.count("queued") == 4
    assert page.web.get(f"/campaigns/{batch_id}/results.xlsx").content[:2] == b"PK"
    assert "<html" in page.web.get(f"/campaigns/{batch_id}/report").text


def test_what_is_wrong_with_a_list_is_said_of_the_file_as_it_was_called(page: Page) -> None:
    batch_id = sent(page, "daily", b"name,city\nAsha,Pune\n", called="monday list.csv").url.path.rpartition("/")[2]
    view = live(page, batch_id, lambda view: view["check"] and view["check"]["state"] != "going on")
    assert view["check"]["text"].startswith("monday list.csv: no column has")
    assert ".dialer" not in page.web.get(f"/campaigns/{batch_id}").text


def test_two_lists_of_a_day_are_two_batches(page: Page) -> None:
    first, second = (sent(page, "named", LIST.encode()).url.path for _ in range(2))
    assert first != second
    assert page.post(f"{first}/discard").status_code == 200
    assert second.rpartition("/")[2] in {row["id"] for row in page.campaigns().values()}
    assert first.rpartition("/")[2] not in {row["id"] for row in page.campaigns().values()}


def test_a_list_that_was_taken_before_is_called_so_before_anybody_is_called(page: Page) -> None:
    """Whatever it is called: its bytes are the same. A file with one more person in it is another list."""
    content = b"phone\n" + b"".join(b"+9198123457%02d\n" % number for number in range(50, 56))
    first = sent(page, "named", content, called="C:\\lists\\monday.csv").url.path.rpartition("/")[2]
    other = sent(page, "named", content + b"+919812345799\n", called="monday.csv").url.path.rpartition("/")[2]
    assert [live(page, batch, bool)["same_list"] for batch in (first, other)] == ["", ""]
    page.post(f"/campaigns/{first}/start", limit=1)
    yes(page, first, asked(page, first))
    live(page, first, is_ended)
    again = sent(page, "daily", content, called='tuesday "final".csv')
    view = live(page, again.url.path.rpartition("/")[2], bool)
    assert view["row"]["recipients"] == 'tuesday "final".csv'
    name = live(page, first, bool)["row"]["name"]
    assert view["same_list"].startswith(f"The batch {name} has the same list (monday.csv, uploaded 20")
    assert view["same_list"].endswith("). 1 person was called from it.")
    assert "may be called twice" in again.text


def test_a_list_whose_first_run_was_cut_short_can_be_started(page: Page) -> None:
    """A kill or a full disk leaves a ledger in which nobody was called."""
    people = b"phone\n" + b"".join(b"+9198123458%02d\n" % number for number in range(3))
    batch_id = sent(page, "named", people).url.path.rpartition("/")[2]
    live(page, batch_id, lambda view: view["check"] and view["check"]["state"] == "ended")
    page.post(f"/campaigns/{batch_id}/start")
    question = asked(page, batch_id)
    page.post(f"/campaigns/{batch_id}/answer", question=question["id"], answer="no")
    live(page, batch_id, is_ended)
    ledgers = {path for path in page.folder.rglob("*.ledger") if path.name.startswith("results-")}
    (name,) = (row["name"] for row in page.campaigns().values() if row["id"] == batch_id)
    (ledger,) = (path for path in ledgers if name in path.name)
    for path in page.folder.rglob(f"{ledger.name}*"):
        path.unlink()
    ledger.touch()
    page.post("/organisation/resume")
    view = live(page, batch_id, lambda view: view["row"]["total"] == 0)
    assert {"start", "discard"} <= set(view["row"]["actions"])
    page.post(f"/campaigns/{batch_id}/start")
    yes(page, batch_id, asked(page, batch_id))
    live(page, batch_id, lambda view: is_ended(view) and view["row"]["state"] == "done")


def test_a_campaign_whose_batches_have_names_takes_its_first_list(page: Page) -> None:
    assert page.campaigns()["batches"]["actions"] == ["next"]
    answer = sent(page, "batches", LIST.encode(), called="LIST.CSV.GZ")
    assert answer.url.path.rpartition("/")[2] in {row["id"] for row in page.campaigns().values()}


def test_a_campaign_with_one_name_for_all_results_says_what_to_write(page: Page) -> None:
    answer = sent(page, "one", LIST.encode())
    assert answer.status_code == 409
    assert "{batch}" in answer.text


@pytest.mark.parametrize(
    "called", ["../../evil.csv", "/etc/cron.d/x", "..\\\\x.xlsx", "x\x00.csv", ".ssh/authorized_keys", "..", "x" * 300]
)
def test_what_a_browser_calls_a_file_names_no_path(page: Page, called: str) -> None:
    before = {path for path in page.folder.rglob("*") if ".dialer" not in path.parts}
    sent(page, "named", b"phone\n+919812345600\n", called=called)
    after = {path for path in page.folder.rglob("*") if ".dialer" not in path.parts}
    assert after == before
    assert not any("evil" in path.name or "ssh" in path.name for path in page.folder.rglob("*"))


def test_a_form_without_a_file_or_of_another_session_leaves_nothing(page: Page) -> None:
    lists = page.folder / ".dialer" / "lists"
    before = sorted(lists.rglob("*"))
    assert sent(page, "named", b"").status_code == 422
    assert sent(page, "named", LIST.encode(), csrf="0" * 64).status_code == 403
    assert sorted(lists.rglob("*")) == before
