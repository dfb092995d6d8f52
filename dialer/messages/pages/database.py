"""What `dialer database` did, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text
from dialer.messages.words import many

if TYPE_CHECKING:
    from dialer.operations.database import Checked, Created, Upgraded
    from dialer.operations.database_import import Imported


def created_text(created: Created) -> str:
    """Return what was made, and who may do what."""
    tables = "The tables of dialer are there now." if created.is_new else "The tables of dialer were there already."
    lines = [f"{created.database}: {tables}"]
    lines += [f"The role {created.run} may run campaigns."] if created.run else []
    lines += [f"The role {created.read} may look at campaigns, and change nothing."] if created.read else []
    return "\n".join(lines)


def upgraded_text(upgraded: Upgraded) -> str:
    """Return from which version to which one."""
    if upgraded.before == upgraded.now:
        return f"{upgraded.database}: the tables are up to date (version {upgraded.now})."
    return f"{upgraded.database}: the tables have version {upgraded.now} now (before: {upgraded.before})."


def checked_text(checked: Checked) -> str:
    """Return what the database is, and what it lacks."""
    found = (
        f"{checked.database}: PostgreSQL {checked.server}, tables of version {checked.tables}, as {checked.role}; it "
        f"answers in {checked.milliseconds:g} ms."
    )
    lacks = [f"- {words}" for words in checked.lacks]
    return "\n".join([found, *(lacks or ["It has everything that a run needs."])])


def imported_text(imported: Imported) -> str:
    """Return what is in the database now, and what the files are called."""
    lines = [f"Imported into {imported.database}: {many(len(imported.moved), 'ledger')}"]
    lines += [f"  {ledger} -> {name}" for ledger, name in imported.moved.items()]
    lines += [f"Imported before: {many(len(imported.before), 'ledger')}"] if imported.before else []
    lines += [f"Do-not-call list: {many(imported.entries, 'row')} added" if imported.entries else ""]
    lines += [f"Pauses: {imported.pauses:,} (see {command_text('status', 'CAMPAIGN')})" if imported.pauses else ""]
    lines += [f"Renamed, and not read any more: {path}" for path in imported.files]
    lines += ["These files are not used any more. Run your campaigns as before: with `dialer run`."]
    return "\n".join(filter(None, lines))
