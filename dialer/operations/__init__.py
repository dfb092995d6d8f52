"""One function for each thing that can be done with a campaign: the Python API, and all that the command line calls."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialer.operations.backup import Saved as Saved
    from dialer.operations.backup import back_up as back_up
    from dialer.operations.cancel import Braking as Braking
    from dialer.operations.cancel import Cancelled as Cancelled
    from dialer.operations.cancel import cancel_campaign as cancel_campaign
    from dialer.operations.check import Check as Check
    from dialer.operations.check import check_campaign as check_campaign
    from dialer.operations.database import Checked as Checked
    from dialer.operations.database import Created as Created
    from dialer.operations.database import Upgraded as Upgraded
    from dialer.operations.database import check_database as check_database
    from dialer.operations.database import create_database as create_database
    from dialer.operations.database import upgrade_database as upgrade_database
    from dialer.operations.database_import import Imported as Imported
    from dialer.operations.database_import import import_workspace as import_workspace
    from dialer.operations.dnc import accept_list as accept_list
    from dialer.operations.dnc import add_numbers as add_numbers
    from dialer.operations.dnc import entries_of as entries_of
    from dialer.operations.dnc import export_numbers as export_numbers
    from dialer.operations.dnc import listed_numbers as listed_numbers
    from dialer.operations.dnc import remove_number as remove_number
    from dialer.operations.entries import Listing as Listing
    from dialer.operations.forecast import Outlook as Outlook
    from dialer.operations.forecast import look_ahead as look_ahead
    from dialer.operations.init import write_campaign as write_campaign
    from dialer.operations.ledger_files import forget_ledger as forget_ledger
    from dialer.operations.ledger_list import rebuild_list as rebuild_list
    from dialer.operations.list import list_batches as list_batches
    from dialer.operations.options import RunOptions as RunOptions
    from dialer.operations.outcome import Plan as Plan
    from dialer.operations.outcome import Summary as Summary
    from dialer.operations.pause import Paused as Paused
    from dialer.operations.pause import pause_campaigns as pause_campaigns
    from dialer.operations.pause import targets_of as targets_of
    from dialer.operations.reconcile import reconcile_campaign as reconcile_campaign
    from dialer.operations.report import report_batch as report_batch
    from dialer.operations.report import report_text as report_text
    from dialer.operations.report import save_report as save_report
    from dialer.operations.results import results_frame as results_frame
    from dialer.operations.results import rewrite_results as rewrite_results
    from dialer.operations.results_workbook import SavedWorkbook as SavedWorkbook
    from dialer.operations.results_workbook import save_workbook as save_workbook
    from dialer.operations.resume import Resumed as Resumed
    from dialer.operations.resume import resume_campaigns as resume_campaigns
    from dialer.operations.run import run_campaign as run_campaign
    from dialer.operations.run import run_campaign_sync as run_campaign_sync
    from dialer.operations.set import Changed as Changed
    from dialer.operations.set import set_live as set_live
    from dialer.operations.show import Shown as Shown
    from dialer.operations.show import show_number as show_number
    from dialer.operations.status import NotShown as NotShown
    from dialer.operations.status import Standing as Standing
    from dialer.operations.status import standings as standings
    from dialer.operations.track import Tracked as Tracked
    from dialer.operations.track import track_campaign as track_campaign
    from dialer.operations.until import until_in as until_in

_NAMES = {
    "backup": ("Saved", "back_up"),
    "cancel": ("Braking", "Cancelled", "cancel_campaign"),
    "check": ("Check", "check_campaign"),
    "database": ("Checked", "Created", "Upgraded", "check_database", "create_database", "upgrade_database"),
    "database_import": ("Imported", "import_workspace"),
    "dnc": ("accept_list", "add_numbers", "entries_of", "export_numbers", "listed_numbers", "remove_number"),
    "entries": ("Listing",),
    "forecast": ("Outlook", "look_ahead"),
    "init": ("write_campaign",),
    "ledger_files": ("forget_ledger",),
    "ledger_list": ("rebuild_list",),
    "list": ("list_batches",),
    "options": ("RunOptions",),
    "outcome": ("Plan", "Summary"),
    "pause": ("Paused", "pause_campaigns", "targets_of"),
    "reconcile": ("reconcile_campaign",),
    "report": ("report_batch", "report_text", "save_report"),
    "results": ("results_frame", "rewrite_results"),
    "results_workbook": ("SavedWorkbook", "save_workbook"),
    "resume": ("Resumed", "resume_campaigns"),
    "run": ("run_campaign", "run_campaign_sync"),
    "set": ("Changed", "set_live"),
    "show": ("Shown", "show_number"),
    "status": ("NotShown", "Standing", "standings"),
    "track": ("Tracked", "track_campaign"),
    "until": ("until_in",),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    # Loaded when asked for: a status needs neither pandas nor httpx.
    if name not in _HOMES:
        raise AttributeError(f"module 'dialer.operations' has no attribute {name!r}")
    return getattr(import_module(f"dialer.operations.{_HOMES[name]}"), name)
