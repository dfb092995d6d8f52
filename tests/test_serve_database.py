"""The page of a workspace that uses a database: what another machine does is seen here, and what is done here there."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from dialer.cli import main
from dialer.errors import ExitCode
from tests.engines import new_database, use_database
from tests.harness import Batch, sandbox
from tests.pages import serving
from tests.test_serve_runs import asked, is_ended, live, yes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_page_shows_and_does_with_a_database_what_it_does_with_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts, pauses and goes on, and its results are those of all machines."""
    here = Batch.write(tmp_path / "here", people=12, rate="50/second")
    use_database(here.folder, new_database())
    there = replace(here, folder=tmp_path / "there")
    with sandbox(speed=1e6, lines=100) as bolna, serving(here.folder, environment=bolna.environment) as page:
        for name in ("BOLNA_BASE_URL", "BOLNA_API_KEY"):
            monkeypatch.setenv(name, bolna.environment[name])
        (row,) = page.campaigns().values()
        page.post(f"/campaigns/{row['id']}/start", limit=5)
        yes(page, row["id"], asked(page, row["id"]))
        view = live(page, row["id"], lambda view: is_ended(view) and view["row"]["state"] == "left for later")
        assert (view["row"]["sent"], view["row"]["left"]) == (5, 7)
        live(page, row["id"], lambda view: view["counts"]["queued"] == 5)
        # Another machine has the same files in another place, and no results.
        shutil.copytree(here.folder, there.folder, ignore=shutil.ignore_patterns(".dialer", "*.results.csv"))
        assert main(["pause", str(there.campaign), "--note", "lunch"]) == ExitCode.DONE
        view = live(page, row["id"], lambda view: view["row"]["state"] == "paused")
        assert "lunch" in str(view["row"]["details"])
        page.post(f"/campaigns/{row['id']}/resume", of="campaign")
        live(page, row["id"], lambda view: view["row"]["state"] == "left for later")
        # One row is no number.
        assert main(["run", str(there.campaign), "--yes", "-q", "--track"]) == ExitCode.LOOK
        view = live(page, row["id"], lambda view: view["row"]["state"] == "done" and view["counts"]["queued"] == 12)
        assert view["timeline"]
        assert page.web.get(f"/campaigns/{row['id']}/results.csv").text.count("queued") == 12
        assert page.web.get(f"/campaigns/{row['id']}/results.xlsx").content[:2] == b"PK"
        assert "<html" in page.web.get(f"/campaigns/{row['id']}/report").text
        assert page.post("/organisation/pause", why="all").status_code == 200
        assert main(["run", str(there.campaign), "--yes", "-q"]) == ExitCode.LEFT
        assert page.post("/organisation/resume").status_code == 200
        assert main(["dnc", "add", "+919812345698", "--in", str(there.folder)]) == ExitCode.DONE
        shown = page.post("/organisation/block", number="+919812345699", source="asked").text
        assert "2 numbers are on it." in shown
        assert "<bdi>+919812345698</bdi>" in shown
        assert len(bolna.calls(here.agent)) == 12
