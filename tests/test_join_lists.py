"""Runs that joined each other, and a file that changes on one host while they call."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dialer.errors import ExitCode
from tests.harness import PATIENCE, wait_until
from tests.place import number
from tests.test_database_run import database
from tests.test_join import Hosts, hosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["database", "hosts"]

LISTS = '[screening]\nsuppression = ["never.csv"]\n'


def with_lists(here: Hosts) -> None:
    """Have the campaign heed a do-not-call file."""
    save(here.place.folder, [])
    here.campaign.write_text(here.campaign.read_text() + LISTS)


def save(folder: Path, numbers: list[str]) -> None:
    # An empty list is refused.
    (folder / "never.new").write_text("\n".join(["phone", "+14155550100", *numbers]))
    (folder / "never.new").replace(folder / "never.csv")


def on_another_host(here: Hosts) -> Path:
    """Return the campaign file of a host that has everything in a folder of its own."""
    folder = here.place.folder / "other"
    folder.mkdir()
    for path in here.place.folder.iterdir():
        if path.is_file() and not path.name.startswith("log"):
            shutil.copy(path, folder)
    return folder / here.campaign.name


def test_a_do_not_call_file_that_changes_on_one_host_only_ends_the_runs_of_the_others(
    hosts: Callable[..., Hosts],
) -> None:
    """They would call whom the first one must not call; once they have the same file, they go on."""
    here = hosts(600, rate="3/second")
    with_lists(here)
    here.start()
    here.wait_for_calls(3)
    campaign = on_another_host(here)
    other = here.start(campaign=campaign)
    wait_until(lambda: "This run joins 1 other run" in here.said(1) or here.are_over())
    called = here.called()
    last = [number(at) for at in range(550, 600) if number(at) not in called]
    save(here.place.folder, last)
    assert other.wait(PATIENCE) == ExitCode.LEFT, here.told()
    assert "changed on another machine" in here.said(1)
    refused = here.start(campaign=campaign)
    assert refused.wait(PATIENCE) == ExitCode.USAGE
    assert "something differs from what they use: the do-not-call files." in here.said(2)
    shutil.copy(here.place.folder / "never.csv", campaign.parent)
    here.start(campaign=campaign)
    wait_until(lambda: "This run joins 1 other run" in here.said(3) or here.are_over())
    for process in here.processes:
        process.terminate()
    here.end()
    assert set(last) & here.called().keys() == set()


def test_a_do_not_call_file_that_all_hosts_share_changes_while_they_call(hosts: Callable[..., Hosts]) -> None:
    """Each run reads it again, none ends because of it, and who is on it is not called."""
    here = hosts(60, rate="4/second")
    with_lists(here)
    here.start()
    here.start()
    here.wait_for_calls(5)
    called = here.called()
    last = [number(at) for at in range(50, 60) if number(at) not in called]
    save(here.place.folder, last)
    assert here.end() == [ExitCode.LEFT] * 2, here.told()
    assert "changed on another machine" not in here.told()
    assert here.called().keys() == {number(at) for at in range(60)} - set(last)
