"""Which folder's campaigns share the organisation's limits, and what its `dialer.toml` says."""

from __future__ import annotations

import json
import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dialer import load_campaign
from dialer.cli import main
from dialer.config.workspace import Workspace, find_workspace
from dialer.errors import CampaignError, ExitCode
from dialer.rate import Rate
from dialer.store.sqlite import locked
from tests.place import HEADER, awkward

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.place import Place


def found(campaign: Path, results: Path | None = None) -> Workspace:
    return find_workspace(campaign, results=results or campaign.with_suffix(".results.csv"))


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    """Write a `dialer.toml`, and return a campaign file's path beside it."""

    def write(text: str) -> Path:
        (tmp_path / "dialer.toml").write_text(text, encoding="utf-8")
        return tmp_path / "c.toml"

    return write


def test_without_dialer_toml_what_writes_its_results_into_one_folder_shares_the_limits(tmp_path: Path) -> None:
    one = found(tmp_path / "a" / "c.toml", tmp_path / "results" / "a.csv")
    other = found(tmp_path / "b" / "d.toml", tmp_path / "b" / ".." / "results" / "b.csv")
    assert one.folder == other.folder == tmp_path / "results"


def test_the_nearest_dialer_toml_above_the_campaign_file_counts(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    (inner / "campaigns" / "may").mkdir(parents=True)
    for folder in (tmp_path / "outer", inner):
        (folder / "dialer.toml").touch()
    assert found(inner / "campaigns" / "may" / "c.toml", tmp_path / "r.csv").folder == inner
    assert found(tmp_path / "outer" / "c.toml").folder == tmp_path / "outer"


def test_the_path_is_taken_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment by a link `current` has one workspace around all releases."""
    release = tmp_path / "elsewhere" / "releases" / "7"
    release.mkdir(parents=True)
    (tmp_path / "dialer.toml").touch()
    (tmp_path / "current").symlink_to(release)
    assert found(tmp_path / "current" / "c.toml").folder == tmp_path
    monkeypatch.chdir(tmp_path)
    assert found(Path("current/c.toml")).folder == tmp_path
    assert found(Path("elsewhere/../current/c.toml")).folder == tmp_path


def test_two_dots_behind_a_link_lead_where_the_machine_says(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "7").mkdir(parents=True)
    (tmp_path / "elsewhere" / "dialer.toml").touch()
    (tmp_path / "current").symlink_to(tmp_path / "elsewhere" / "7")
    assert found(tmp_path / "current" / ".." / "c.toml").folder == tmp_path / "elsewhere"
    (tmp_path / "elsewhere" / "dialer.toml").unlink()
    assert found(tmp_path / "c.toml", tmp_path / "current" / ".." / "r.csv").folder == tmp_path / "elsewhere"


def test_bolna_allows_500_a_minute_and_this_machine_any_number(settings: Callable[[str], Path]) -> None:
    workspace = found(settings(""))
    assert workspace.rate_at(loopback=False) == Rate(500, 60)
    assert workspace.rate_at(loopback=True) is None


@pytest.mark.parametrize("loopback", [True, False])
def test_a_rate_of_dialer_toml_holds_wherever_the_calls_go(settings: Callable[[str], Path], loopback: bool) -> None:  # noqa: FBT001
    workspace = found(settings('[organisation]\nrate = "30/hour"\nreads = "2/second"\n'))
    assert workspace.rate_at(loopback=loopback) == Rate(30, 3600)
    assert workspace.reads == Rate(2, 1)


def test_a_trial_does_not_use_up_the_rate_of_real_calls(settings: Callable[[str], Path]) -> None:
    workspace = found(settings(""))
    assert workspace.rate_file(sandbox=True) != workspace.rate_file(sandbox=False)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[organisation]\nrates = '1/minute'", 2, "Did you mean `rate`?"),
        ("rate = '1/minute'", 1, "It belongs under [organisation]."),
        (
            "[organization]\nrate = '1/minute'",
            1,
            "It knows `database`, and [organisation] with `rate`, `lines`, `reads` and `currency`.",
        ),
        ("\n[organisation]\nxyz = 3", 3, "[organisation] knows `rate`, `lines`, `reads` and `currency`."),
        ("organisation = 3", 1, "has to be a table"),
        ("[organisation]\nrate = 500", 2, 'like "500/minute"'),
        ("[organisation]\nreads = 'often'", 2, 'like "500/minute"'),
        ("[organisation]\ncurrency = '$'", 2, 'three capital letters in quotes, like "USD"'),
        ("[organisation]\ncurrency = 3", 2, "three capital letters"),
        ("[organisation]\nrate = '5/second'", 2, 'Write it as "300/minute"'),
        ("[organisation]\nrate = '0/minute'", 2, 'like "500/minute"'),
        ("[organisation]\nrate = '5/minute", 2, "put the quotes at its end"),
        ("[organisation]\nBOLNA_API_KEY = 'bn-0123456789abcdef'", 2, "looks like an API key"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_next_step(
    settings: Callable[[str], Path], text: str, line: int, words: str
) -> None:
    campaign = settings(text)
    with pytest.raises(CampaignError) as refused:
        found(campaign)
    assert refused.value.exit_code is ExitCode.USAGE
    assert str(refused.value).startswith(f"{campaign.parent / 'dialer.toml'}, line {line}: ")
    assert words in str(refused.value)


def test_a_campaign_file_of_that_name_is_told_as_what_it_is(settings: Callable[[str], Path]) -> None:
    with pytest.raises(CampaignError, match=r"looks like a campaign file.*rename"):
        found(settings('agent_id = "x"\nrecipients = "list.csv"'))


@pytest.mark.parametrize("what", ["a folder", "a link that leads nowhere"])
def test_a_dialer_toml_that_cannot_be_read_is_not_passed_over(tmp_path: Path, what: str) -> None:
    """Another one farther up, or none, would allow what this one may forbid."""
    path = tmp_path / "dialer.toml"
    if what == "a folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "gone")
    with pytest.raises(CampaignError, match=r"dialer\.toml"):
        found(tmp_path / "c.toml")


# -- what a campaign makes of it -----------------------------------------------------------------------------------


def in_workspace(place: Place, text: str) -> Path:
    (place.folder / "dialer.toml").write_text(f"[organisation]\n{text}\n", encoding="utf-8")
    place.recipients(awkward(2), header=HEADER)
    return place.campaign()


@pytest.mark.parametrize("command", [["check"], ["run", "--yes", "--no-progress"]])
def test_it_is_told_that_the_organisation_is_slower_than_the_campaign(
    place: Place, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    path = in_workspace(place, 'rate = "600/minute"')
    assert main([*command, str(path)]) == 0
    told = "".join(capsys.readouterr())
    assert "the organisation's limit is 600/minute: calls leave at 600/minute" in told
    assert "(600/minute)" in told


def test_status_names_the_folder_and_the_rate_that_are_shared(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = in_workspace(place, 'rate = "600/minute"\ncurrency = "USD"')
    assert main(["run", "--yes", "-q", str(path)]) == 0
    capsys.readouterr()
    assert main(["status", str(path), "-o", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["workspace"] == {"folder": str(place.folder), "rate": "600/minute", "lines": None, "currency": "USD"}


def test_a_mistake_in_dialer_toml_ends_every_command_before_anything_is_dialled(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    path = in_workspace(place, 'rate = "fast"')
    for command in (["check"], ["run", "--yes"], ["track"], ["cancel", "--yes"], ["reconcile"]):
        assert main([*command, str(path)]) == 2
        assert 'dialer.toml, line 2: `organisation.rate` is "fast"' in capsys.readouterr().err
    assert not place.calls()


def test_the_organisations_reads_narrow_those_of_a_campaign(place: Place) -> None:
    assert load_campaign(in_workspace(place, 'reads = "60/minute"')).reads == Rate(60, 60)
    assert load_campaign(in_workspace(place, 'reads = "9000/second"')).reads == Rate(5000, 1)


def test_where_bolna_is_called_it_is_500_a_minute_without_any_setting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.campaign()
    assert load_campaign(path).organisation_rate is None
    monkeypatch.delenv("BOLNA_BASE_URL")
    assert load_campaign(path).organisation_rate == Rate(500, 60)
    assert load_campaign(path, sandbox=True).organisation_rate is None


def test_where_the_currency_is_known_costs_are_shown_in_it(quick: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Bolna gives cents."""
    path = str(in_workspace(quick, 'currency = "INR"'))
    assert main(["run", path, "--yes", "-q"]) == 0
    assert main(["track", path, "--watch", "--every", "1s"]) == 0
    capsys.readouterr()
    assert main(["status", path, "-o", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["cost"] > 0
    for command in (["status"], ["track"], ["report", "--format", "md"]):
        assert main([*command, path]) == 0
        shown = re.search(r"([0-9.]+) INR", capsys.readouterr().out)
        assert shown is not None
        assert float(shown[1]) == pytest.approx(found["cost"] / 100, abs=0.005)


def test_status_says_for_scripts_who_works_on_a_batch(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = in_workspace(place, "")
    assert main(["run", "--yes", "-q", str(path)]) == 0
    with locked(place.folder / "c.results.ledger.lock", command="run"):
        capsys.readouterr()
        assert main(["status", str(path), "-o", "json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
    (run,) = found["runs"]
    assert (run["pid"], run["host"], run["does"]) == (os.getpid(), socket.gethostname(), "run")
    assert datetime.fromisoformat(run["since"]) <= datetime.now(UTC)
    assert main(["status", str(path), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["runs"] == []


def test_a_trial_is_kept_apart_in_every_command(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(in_workspace(place, ""))
    assert main(["run", path, "--yes", "-q", "--sandbox"]) == 0
    assert main(["status", path, "--sandbox"]) == 0
    capsys.readouterr()
    assert main(["status", path]) == 0
    assert capsys.readouterr().out == f"c: not started. There is a trial: dialer status {path} --sandbox\n"
    for command in (
        ["results"],
        ["reconcile"],
        ["track"],
        ["cancel", "--yes"],
        ["report", "--format", "md"],
    ):
        # The calls of a trial ended with the stand-in that took them: `track` cannot know how.
        expected = ExitCode.LOOK if command == ["track"] else ExitCode.DONE
        assert main([*command, path, "--sandbox"]) == expected, command
        assert main([*command, path]) == ExitCode.USAGE, command
    number = place.results("c.results.sandbox.csv")[0]["recipient_phone_number"]
    assert main(["show", number, "--in", str(place.folder)]) == ExitCode.USAGE
    capsys.readouterr()
    assert main(["list", "--in", str(place.folder)]) == 0
    assert re.findall("^c .*", capsys.readouterr().out, re.MULTILINE) == ["c      not started"]
    assert main(["show", number, "--in", str(place.folder), "--sandbox"]) == 0
    assert f"{number}: 1 attempt, in 1 ledger" in capsys.readouterr().out
    assert not place.calls()
