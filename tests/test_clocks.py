"""The newest zone database counts, and zones that show the same time are one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import tzdata

from dialer import clocks
from dialer.config.campaign import load_campaign
from dialer.operations import intake

if TYPE_CHECKING:
    from pathlib import Path

    from tests.place import Place


def machine(folder: Path, first_line: str | None) -> tuple[str, str]:
    """Return which release is used, and what New York's clock is, on a machine whose New York has Tokyo's clock."""
    (folder / "America").mkdir()
    with as_file(files("tzdata") / "zoneinfo" / "Asia" / "Tokyo") as tokyo:
        shutil.copy(tokyo, folder / "America" / "New_York")
    if first_line is not None:
        (folder / "tzdata.zi").write_text(f"{first_line}\n# This zic input file is in the public domain.\n")
    code = (
        "from dialer import clocks, moments; from datetime import datetime;"
        "print(clocks.RELEASE, moments.in_zone(datetime(2026, 1, 15), 'America/New_York').utcoffset())"
    )
    environment = {**os.environ, "PYTHONTZPATH": str(folder)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    release, _, offset = done.stdout.strip().partition(" ")
    return release, offset


@pytest.mark.parametrize(
    "first_line", ["# version 2019c", f"# version {tzdata.IANA_VERSION}", "# something else", None]
)
def test_an_old_machine_s_clocks_do_not_count(tmp_path: Path, first_line: str | None) -> None:
    assert machine(tmp_path, first_line) == (tzdata.IANA_VERSION, "-1 day, 19:00:00")


def test_a_machine_that_knows_of_newer_changes_is_believed(tmp_path: Path) -> None:
    assert machine(tmp_path, "# version 2999a") == ("2999a", "9:00:00")


def test_zones_are_one_exactly_when_they_always_show_the_same_time() -> None:
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    zones = [line.split("\t")[2] for line in table if not line.startswith("#")]
    now = datetime.now(UTC)
    moments = [now + timedelta(hours=13 * step) for step in range(-200, 1500)]
    shown = {zone: tuple(at.astimezone(ZoneInfo(zone)).utcoffset() for at in moments) for zone in zones}
    kept = clocks.distinct(zones)
    assert len(kept) < len(zones) / 2
    assert {shown[zone] for zone in kept} == set(shown.values())
    assert clocks.distinct(reversed(kept)) == tuple(reversed(kept))


def test_a_list_that_was_read_is_judged_anew_when_places_or_clocks_have_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.recipients([["+12125550100", "Ann"]], header=["phone", "name"])
    free = load_campaign(place.campaign(name="free"))
    limited = load_campaign(place.campaign(name="limited", more='[window]\nhours = "09:00-20:00"\n'))
    before = intake.mark_of(free, blocked=""), intake.mark_of(limited, blocked="")
    monkeypatch.setattr(intake, "edition", lambda: "another")
    assert intake.mark_of(free, blocked="") == before[0]
    assert intake.mark_of(limited, blocked="") != before[1]
