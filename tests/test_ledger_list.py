"""The list of ledgers is lost: nobody is called twice for it, and it can be found or made again."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer import Plan, RunOptions, Summary, load_campaign, run_campaign
from dialer.cli import main
from dialer.errors import BoundError, CampaignError, ExitCode, LedgerError
from dialer.store.sqlite import Neighbours, Registry
from tests.harness import Batch, sandbox, wait_until
from tests.place import AGENT, number, run
from tests.test_shared_kills import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.place import Place

PEOPLE = 4


def campaign(place: Place, name: str, *, ledger: str = "") -> Path:
    """Write a campaign in a folder of its own, below the workspace's; all of them call the same people."""
    folder = place.folder / name
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{number(index)},N\n" for index in range(PEOPLE))
    (folder / "list.csv").write_text(f"phone,customer_name\n{rows}", encoding="utf-8")
    at = f'ledger = "{ledger}"\n' if ledger else ""
    (folder / "c.toml").write_text(
        f'agent_id = "{AGENT}"\nrecipients = "list.csv"\n{at}[pacing]\nrate = "5000/second"\nreads = "5000/second"\n',
        encoding="utf-8",
    )
    return folder / "c.toml"


def new_batch(path: Path) -> ExitCode:
    return run(path, new_batch=True).exit_code


@pytest.fixture
def workspace(place: Place) -> Place:
    """Return a workspace in which one batch has called everybody."""
    (place.folder / "dialer.toml").write_text("", encoding="utf-8")
    assert run(campaign(place, "one")).exit_code is ExitCode.DONE
    return place


def called(place: Place) -> Counter[str]:
    return Counter(call["recipient_phone_number"] for call in place.calls())


def once() -> Counter[str]:
    return Counter(number(index) for index in range(PEOPLE))


# -- found again ---------------------------------------------------------------------------------------------------


def _older(path: Path) -> None:
    """Leave what a list was before its last ledger came."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


LOSSES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "an older copy": _older,
    "rubbish": lambda path: path.write_bytes(b"\x00\xff rubbish\n" * 9),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_ledgers_below_the_workspace_are_found_again(workspace: Place, loss: str) -> None:
    LOSSES[loss](workspace.folder / "dialer.ledgers")
    summary = run(campaign(workspace, "two"), new_batch=True)
    assert (summary.exit_code, summary.sent) == (ExitCode.LEFT, 0)
    assert called(workspace) == once()
    assert any("dialer.ledgers did not list 1 ledger of this workspace any more" in note for note in summary.notes)
    assert bytes(workspace.folder / "one" / "c.results.ledger") in (workspace.folder / "dialer.ledgers").read_bytes()


# -- stopped -------------------------------------------------------------------------------------------------------


@pytest.fixture
def scattered(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """Return a workspace in which one batch has called everybody, whose ledger lies outside of it, and that ledger."""
    (place.folder / "dialer.toml").write_text("", encoding="utf-8")
    far = tmp_path_factory.mktemp("far") / "x.ledger"
    assert run(campaign(place, "one", ledger=str(far))).exit_code is ExitCode.DONE
    return place, far


@pytest.mark.parametrize("loss", LOSSES)
def test_a_new_batch_stops_where_a_ledger_that_was_listed_cannot_be_found(
    scattered: tuple[Place, Path], loss: str
) -> None:
    place, _ = scattered
    LOSSES[loss](place.folder / "dialer.ledgers")
    with pytest.raises(LedgerError, match=r"dialer\.ledgers does not list all ledgers.*\(0 now, 1 before\)") as raised:
        new_batch(campaign(place, "two"))
    assert raised.value.exit_code is ExitCode.MUST_ACT
    assert f"dialer list --rebuild --in {place.folder}" in str(raised.value)
    assert called(place) == once()


def test_a_batch_stops_that_the_list_named_where_everything_that_tells_of_the_others_is_gone(
    scattered: tuple[Place, Path],
) -> None:
    """The campaign of the first batch has one more recipient by now."""
    place, far = scattered
    for name in ("dialer.ledgers", "dialer.rate"):
        (place.folder / name).unlink()
    with (place.folder / "one" / "list.csv").open("a", encoding="utf-8") as file:
        file.write(f"{number(99)},N\n")
    with pytest.raises(LedgerError, match=r"does not list all ledgers") as raised:
        new_batch(place.folder / "one" / "c.toml")
    assert f"--add {far}" in str(raised.value)
    assert called(place) == once()


def test_the_list_is_made_again_with_what_lies_elsewhere(
    scattered: tuple[Place, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place, far = scattered
    (place.folder / "dialer.ledgers").unlink()
    assert main(["list", "--rebuild", "--in", str(place.folder), "--add", str(far)]) == 0
    assert f"{far} is listed again.\n" in capsys.readouterr().out
    assert new_batch(campaign(place, "two")) is ExitCode.LEFT
    assert called(place) == once()


def test_a_ledger_that_is_gone_for_good_can_be_given_up(
    scattered: tuple[Place, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place, far = scattered
    (place.folder / "dialer.ledgers").unlink()
    far.unlink()
    assert main(["list", "--rebuild", "--in", str(place.folder)]) == 0
    assert "not started" in capsys.readouterr().out
    assert new_batch(campaign(place, "two")) is ExitCode.DONE


@pytest.mark.parametrize("what", ["nothing", "another program's file", "another workspace's ledger"])
def test_only_a_ledger_of_the_workspace_is_listed(
    workspace: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    path = tmp_path / "x"
    if what == "another program's file":
        path.write_text("x", encoding="utf-8")
    elif what != "nothing":
        path = workspace.folder / "other" / "c.results.ledger"
        other = campaign(workspace, "other")
        (other.parent / "dialer.toml").write_text("", encoding="utf-8")
        run(other, new_batch=True)
    assert main(["list", "--rebuild", "--in", str(workspace.folder), "--add", str(path)]) == ExitCode.USAGE
    assert str(path) in capsys.readouterr().err


def test_rebuild_keeps_what_is_listed(workspace: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--rebuild", "--in", str(workspace.folder)]) == 0
    assert "1 batch\n" in capsys.readouterr().out
    assert new_batch(campaign(workspace, "two")) is ExitCode.LEFT


# -- no false alarm ------------------------------------------------------------------------------------------------


def test_a_folder_that_was_moved_goes_on_after_it_was_said_so(workspace: Place) -> None:
    moved = workspace.folder.parent / "moved"
    (workspace.folder / "one" / "list.csv").write_text(f"phone,customer_name\n{number(99)},N\n", encoding="utf-8")
    shutil.move(workspace.folder, moved)
    path = moved / "one" / "c.toml"
    with pytest.raises(BoundError, match="--move-workspace"):
        run(path)
    assert run(path, move_workspace=True).exit_code is ExitCode.DONE
    assert run(path).exit_code is ExitCode.DONE
    assert called(workspace)[number(99)] == 1


def test_a_batch_whose_rate_file_is_gone_goes_on(workspace: Place) -> None:
    (workspace.folder / "dialer.rate").unlink()
    assert new_batch(campaign(workspace, "two")) is ExitCode.LEFT


def test_a_batch_that_was_moved_within_the_workspace_goes_on(workspace: Place) -> None:
    shutil.move(workspace.folder / "one", workspace.folder / "renamed")
    with (workspace.folder / "renamed" / "list.csv").open("a", encoding="utf-8") as file:
        file.write(f"{number(99)},N\n")
    assert run(workspace.folder / "renamed" / "c.toml").exit_code is ExitCode.DONE
    assert called(workspace)[number(99)] == 1


def test_trials_keep_nothing_of_it(workspace: Place) -> None:
    (workspace.folder / "dialer.ledgers").unlink()
    assert run_trial(campaign(workspace, "two")) is ExitCode.DONE


def run_trial(path: Path) -> ExitCode:
    return ExitCode(main(["run", str(path), "--yes", "-q", "--sandbox"]))


# -- dialer.toml ---------------------------------------------------------------------------------------------------


def test_a_workspace_whose_dialer_toml_is_gone_calls_nobody_until_it_is_back_or_given_up(workspace: Place) -> None:
    """Without it each folder would be a workspace that knows nobody."""
    path = workspace.folder / "dialer.toml"
    path.unlink()
    two = campaign(workspace, "two")
    with pytest.raises(CampaignError, match=r"dialer\.toml is missing") as raised:
        new_batch(two)
    assert f"delete {workspace.folder / 'dialer.rate'}" in str(raised.value)
    path.touch()
    assert new_batch(two) is ExitCode.LEFT
    assert called(workspace) == once()


@pytest.mark.parametrize("where", ["below the workspace", "elsewhere"])
def test_a_batch_that_ran_while_another_one_asked_is_known_to_it_also_where_the_list_is_lost(
    workspace: Place, tmp_path_factory: pytest.TempPathFactory, where: str
) -> None:
    """Each has read the list before the other one was on it; and the line of the second hides that one is missing."""
    ledger = str(tmp_path_factory.mktemp("far") / "three.ledger") if where == "elsewhere" else ""
    two, three = campaign(workspace, "two"), campaign(workspace, "three", ledger=ledger)
    for path in (two, three):
        path.with_name("list.csv").write_text(f"phone,customer_name\n{number(99)},N\n", encoding="utf-8")

    async def confirm(_plan: Plan) -> bool:
        other = await run_campaign(load_campaign(three), RunOptions(new_batch=True))
        assert other.sent == 1
        (workspace.folder / "dialer.ledgers").unlink()
        return True

    async def main() -> Summary:
        return await run_campaign(load_campaign(two), RunOptions(new_batch=True), confirm=confirm)

    if where == "elsewhere":
        with pytest.raises(LedgerError, match=r"\(2 now, 3 before\)"):
            anyio.run(main)
    else:
        assert anyio.run(main).exit_code is ExitCode.LEFT
    assert called(workspace)[number(99)] == 1


def test_a_ledger_that_was_listed_and_lost_between_two_calls_of_a_run_is_looked_for(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "dialer.ledgers", trace=tmp_path / "dialer.rate")
    own, other = tmp_path / "own.ledger", tmp_path / "other.ledger"
    registry.add(own, identity="1" * 32, is_new=True)
    found: list[str] = []
    with Neighbours([], registry=registry, own=own, server="s", within=60.0) as others:
        others.when_lost(lambda: found.append("looked"))
        assert others.called((1,), now=0.0) is None
        assert not found
        registry.add(other, identity="2" * 32, is_new=True)
        registry.path.unlink()
        registry.add(own, identity="1" * 32)
        assert others.called((1,), now=1.0) is None
        assert found


# -- real processes ------------------------------------------------------------------------------------------------


def test_while_two_runs_go_on_the_list_may_vanish(tmp_path: Path) -> None:
    """Batches in three folders call the same people: the list is deleted under two of them, then a third begins."""
    (tmp_path / "dialer.toml").write_text("", encoding="utf-8")
    batches = [Batch.write(tmp_path / name, people=30, rate="10/second") for name in ("one", "two", "three")]
    with sandbox() as bolna, contextlib.ExitStack() as stack:
        begun = []
        for batch in batches:
            begun.append(stack.enter_context(running(bolna, batch, "--new-batch")))
            wait_until((tmp_path / "dialer.ledgers").exists, begun[-1])
            (tmp_path / "dialer.ledgers").unlink()
        for process in begun:
            process.wait()
        calls = Counter(call["to_number"] for batch in batches for call in bolna.calls(batch.agent))
        assert (max(calls.values()), len(calls)) == (1, 30)
