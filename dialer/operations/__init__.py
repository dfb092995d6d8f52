"""One function for each thing that can be done with a campaign: the Python API, and all that the command line calls."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialer.operations.backup import Saved, back_up
    from dialer.operations.cancel import Braking, Cancelled, cancel_campaign
    from dialer.operations.check import Check, check_campaign
    from dialer.operations.database import (
        Checked,
        Created,
        Upgraded,
        check_database,
        create_database,
        upgrade_database,
    )
    from dialer.operations.database_import import Imported, import_workspace
    from dialer.operations.dnc import (
        accept_list,
        add_numbers,
        entries_of,
        export_numbers,
        listed_numbers,
        remove_number,
    )
    from dialer.operations.forecast import Outlook, look_ahead
    from dialer.operations.init import write_campaign
    from dialer.operations.ledger_files import forget_ledger
    from dialer.operations.ledger_list import rebuild_list
    from dialer.operations.list import Listing, list_batches
    from dialer.operations.options import RunOptions
    from dialer.operations.outcome import Plan, Summary
    from dialer.operations.pause import Paused, pause_campaigns, targets_of
    from dialer.operations.reconcile import reconcile_campaign
    from dialer.operations.report import report_batch, report_text, save_report
    from dialer.operations.results import results_frame, rewrite_results
    from dialer.operations.results_workbook import SavedWorkbook, save_workbook
    from dialer.operations.resume import Resumed, resume_campaigns
    from dialer.operations.run import run_campaign, run_campaign_sync
    from dialer.operations.set import Changed, set_live
    from dialer.operations.show import Shown, show_number
    from dialer.operations.status import NotShown, Standing, standings
    from dialer.operations.track import Tracked, track_campaign
    from dialer.operations.until import until_in

_HOMES = {
    "Saved": "backup",
    "back_up": "backup",
    "Braking": "cancel",
    "Cancelled": "cancel",
    "cancel_campaign": "cancel",
    "Check": "check",
    "check_campaign": "check",
    "Checked": "database",
    "Created": "database",
    "Upgraded": "database",
    "check_database": "database",
    "create_database": "database",
    "upgrade_database": "database",
    "Imported": "database_import",
    "import_workspace": "database_import",
    "accept_list": "dnc",
    "add_numbers": "dnc",
    "entries_of": "dnc",
    "export_numbers": "dnc",
    "listed_numbers": "dnc",
    "remove_number": "dnc",
    "rebuild_list": "ledger_list",
    "Listing": "list",
    "forget_ledger": "ledger_files",
    "list_batches": "list",
    "Outlook": "forecast",
    "look_ahead": "forecast",
    "RunOptions": "options",
    "Plan": "outcome",
    "Summary": "outcome",
    "Paused": "pause",
    "pause_campaigns": "pause",
    "targets_of": "pause",
    "until_in": "until",
    "Resumed": "resume",
    "resume_campaigns": "resume",
    "Changed": "set",
    "set_live": "set",
    "report_batch": "report",
    "report_text": "report",
    "save_report": "report",
    "run_campaign": "run",
    "run_campaign_sync": "run",
    "reconcile_campaign": "reconcile",
    "Standing": "status",
    "results_frame": "results",
    "rewrite_results": "results",
    "SavedWorkbook": "results_workbook",
    "save_workbook": "results_workbook",
    "NotShown": "status",
    "standings": "status",
    "Shown": "show",
    "show_number": "show",
    "write_campaign": "init",
    "Tracked": "track",
    "track_campaign": "track",
}

__all__ = [
    "Braking",
    "Cancelled",
    "Changed",
    "Check",
    "Checked",
    "Created",
    "Imported",
    "Listing",
    "NotShown",
    "Outlook",
    "Paused",
    "Plan",
    "Resumed",
    "RunOptions",
    "Saved",
    "SavedWorkbook",
    "Shown",
    "Standing",
    "Summary",
    "Tracked",
    "Upgraded",
    "accept_list",
    "add_numbers",
    "back_up",
    "cancel_campaign",
    "check_campaign",
    "check_database",
    "create_database",
    "entries_of",
    "export_numbers",
    "forget_ledger",
    "import_workspace",
    "list_batches",
    "listed_numbers",
    "look_ahead",
    "pause_campaigns",
    "rebuild_list",
    "reconcile_campaign",
    "remove_number",
    "report_batch",
    "report_text",
    "results_frame",
    "resume_campaigns",
    "rewrite_results",
    "run_campaign",
    "run_campaign_sync",
    "save_report",
    "save_workbook",
    "set_live",
    "show_number",
    "standings",
    "targets_of",
    "track_campaign",
    "until_in",
    "upgrade_database",
    "write_campaign",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    # Loaded when asked for: a status needs neither pandas nor httpx.
    if name not in _HOMES:
        raise AttributeError(f"module 'dialer.operations' has no attribute {name!r}")
    return getattr(import_module(f"dialer.operations.{_HOMES[name]}"), name)
