"""What `dialer database` did, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialer.operations.database import Checked, Created, Upgraded


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
