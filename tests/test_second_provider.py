"""Another vendor takes one package and one line: engine, ledger, tracking and every verb go on as they are."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from dialer import provider
from dialer.cli import main
from dialer.errors import ExitCode
from tests.place import AGENT, number
from tests.second_provider import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.provider.interface import Vendor

COLUMNS = "phone,name,note\n"
ROWS = [f'{number(0)},Zoë,"two\nlines"', f"{number(1)},NA, padded ", f"{number(2)},,007", f"{number(3)},x & y=1,+"]


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """The vendor, chosen."""
    exchange = Exchange(ends={number(1)[1:]: "NOBODY", number(2)[1:]: "MACHINE"})
    vendor: Vendor = exchange
    monkeypatch.setattr(provider, "VENDOR", vendor)
    monkeypatch.setenv(vendor.names.key, "key")
    monkeypatch.delenv("BOLNA_API_KEY", raising=False)
    return exchange


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A campaign of four people."""
    (tmp_path / "list.csv").write_text(COLUMNS + "\n".join(ROWS) + "\n", encoding="utf-8")
    campaign = tmp_path / "c.toml"
    campaign.write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n[pacing]\nrate = "500/second"\nreads = "500/second"\n'
        '[redial]\nredial_after = "1s"\n',
        encoding="utf-8",
    )
    return campaign


def did(verb: str, path: Path, *options: str) -> int:
    return main([verb, str(path), *options])


def results(path: Path) -> str:
    return path.with_name("c.results.csv").read_text(encoding="utf-8")


def test_a_whole_campaign_goes_through_another_vendor(
    exchange: Exchange, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange.cut = {number(3)[1:]}
    assert did("check", path) == ExitCode.DONE
    assert "will hear: 'Good day, Zoë!'" in capsys.readouterr().out

    assert did("run", path, "--yes") == ExitCode.DONE
    said = [{name: text for name, text in one.slip.items() if "say." in name} for one in exchange.tickets.values()]
    assert {"say.name": "Zoë", "say.note": "two\nlines"} in said
    assert {"say.name": "NA", "say.note": " padded "} in said
    assert {"say.name": "x & y=1", "say.note": "+"} in said
    # Also the call whose answer was lost: it was found by its reference.
    assert results(path).count(",queued,T-") == 4

    assert did("track", path) == ExitCode.LEFT
    assert results(path).count(",queued,,,,") >= 4
    exchange.end_calls()
    assert did("track", path) == ExitCode.DONE
    shown = results(path)
    assert [shown.count(f",{state},") for state in ("completed", "no-answer", "voicemail")] == [2, 1, 1]

    capsys.readouterr()
    assert did("report", path, "--format", "json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["funnel"]["reached"] == 2


def test_a_call_is_taken_back_at_another_vendor(exchange: Exchange, path: Path) -> None:
    assert did("run", path, "--yes", "--limit", "3") == ExitCode.LEFT
    exchange.tickets["T-0"].phase = "TALKED"
    assert did("cancel", path, "--yes") in {ExitCode.DONE, ExitCode.LOOK, ExitCode.LEFT}
    assert [one.phase for one in exchange.tickets.values()] == ["TALKED", "WITHDRAWN", "WITHDRAWN"]


def test_redialling_goes_by_our_words_and_not_the_vendor_s(
    exchange: Exchange, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert did("run", path, "--yes") == ExitCode.DONE
    exchange.end_calls()
    assert did("track", path) == ExitCode.DONE
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert did("run", path, "--yes", "--redial", "no-answer") == ExitCode.DONE
    assert [one.slip["dial"] for one in exchange.tickets.values()].count(number(1)[1:]) == 2
    assert len(exchange.tickets) == 5


def test_an_agent_that_the_vendor_does_not_know_is_named(exchange: Exchange, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(AGENT, f"9{AGENT[1:]}"), encoding="utf-8")
    assert did("run", path, "--yes") == ExitCode.MUST_ACT
    assert not exchange.tickets


def test_what_a_person_reads_names_the_vendor_in_use(
    exchange: Exchange, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.cut = {number(3)[1:]}
    monkeypatch.chdir(path.parent)
    monkeypatch.delenv(exchange.names.key)
    assert did("run", path, "--yes") == ExitCode.USAGE
    assert "There is no EXCHANGE_KEY. Make a key on Exchange's dashboard" in capsys.readouterr().err
    monkeypatch.setenv(exchange.names.key, "key")
    for verb, *options in (["run", "--yes"], ["track"], ["reconcile"], ["status"], ["report", "--format", "markdown"]):
        did(verb, path, *options)
    did("cancel", path, "--yes")
    main(["show", number(0)])
    main(["init", "list.csv"])
    read = capsys.readouterr()
    written = path.with_name("list.toml").read_text(encoding="utf-8")
    said = read.out + read.err + written
    assert "Exchange" in said
    assert "bolna" not in said.casefold()
