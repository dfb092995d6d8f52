"""What is wrong with the address of a database, and with the mark that a workspace keeps of the one it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import removal_text

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "DIALER_DATABASE"
_EXAMPLE = "postgresql://dialer_run@db.example.com/dialer?sslmode=verify-full"
_PASSWORD_PLACES = f"{VARIABLE} may hold it, or a password file (~/.pgpass, or the one that PGPASSFILE names)"


def not_an_address(place: str) -> str:
    """Say what an address looks like; what was written is not shown, since it may hold a password."""
    return (
        f'{place} is not the address of a database. Write it like "{_EXAMPLE}".\n'
        "In a user, a password or a name write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25."
    )


def not_a_switch(place: str) -> str:
    """Say what the key takes."""
    return (
        f'{place}: write the address of the database in quotes, like "{_EXAMPLE}", or true where {VARIABLE} has the '
        "address."
    )


def unknown_option(place: str, *, near: str | None) -> str:
    """Say that an address has an option that PostgreSQL does not know; `near` is one that may be meant."""
    meant = f" Did you mean `{near}`?" if near else ""
    return f"{place} has an option behind the ? that PostgreSQL does not know.{meant}"


def service(place: str) -> str:
    """Say that an address is to be looked up in a service file."""
    return f"{place} leads to a service file (`service`, PGSERVICE). Write host and database into the address instead."


def password_in_file(place: str) -> str:
    """Say that there is a password in a file, which is not shown."""
    return (
        f"{place} has a password in it. This file is passed around, so no password is read from it.\n"
        f"Take it out, and change it if the file was shared. {_PASSWORD_PLACES}."
    )


def no_name(place: str) -> str:
    """Say that an address names no database."""
    return f"{place} does not name the database. Write it behind the server, like {_EXAMPLE}"


def not_verified(place: str, host: str, *, mode: str) -> str:
    """Say that a connection over a network is not safe; `mode` is what `sslmode` says."""
    return (
        f"{place}: the connection to {host} has sslmode={mode}. Phone numbers and what is said to people travel over "
        "it: add ?sslmode=verify-full to the address.\n"
        "If the server's certificate comes from an authority of your own, add &sslrootcert=FILE as well."
    )


def variable_missing(place: str) -> str:
    """Say that there is a database, and nothing says where."""
    return (
        f"{place} says that this workspace uses a database, but {VARIABLE} is not set. Nothing is read or sent "
        f"without it: export {VARIABLE}='{_EXAMPLE}'"
    )


def none_named(path: Path) -> str:
    """Say that nothing says where the database is."""
    return (
        f'Nothing says where the database is. Set {VARIABLE}, or write it at the top of {path}: database = "{_EXAMPLE}"'
    )


def not_in_settings(path: Path) -> str:
    """Say that the variable is set, and the workspace keeps its calls in files."""
    return (
        f"{VARIABLE} is set, but {path} does not say that this workspace uses a database. Its calls would be recorded "
        f"in files, where no other host sees them.\nWrite the line database = true at the top of {path}. Or, to use "
        f"files: unset {VARIABLE}"
    )


def below_a_table(place: str) -> str:
    """Say that the key stands in a table."""
    return f"{place}: this line belongs at the top of the file, above [organisation]."


def gone(marker: Path, settings: Path, shown: str) -> str:
    """Say that a workspace has used a database, and its settings name none any more."""
    return (
        f"{marker} says that the calls of this workspace are recorded in a database ({shown}), but {settings} does "
        "not name it any more. Without it, it is not known who was called.\n"
        f"Write the line database = true at the top of {settings}, and set {VARIABLE} to its address."
    )


def another(marker: Path, place: str, *, shown: str, former: str) -> str:
    """Say that an address leads to another database than the one that was used so far."""
    return (
        f"{place} leads to another database ({shown}) than this workspace has used so far ({former}). Who was called "
        "is recorded there, so people might be called again.\n"
        f"Correct the address. If this database has all of it (it was moved by a dump): {removal_text(marker)}"
    )


def of_another_workspace(folder: Path, marker: Path, *, shown: str, owner: str) -> str:
    """Say that a database belongs to another workspace, as far as anybody can tell."""
    return (
        f"The database {shown} belongs to the workspace {owner}. In {folder} nothing says that this is the same one. "
        "Two workspaces cannot share a database: their batches could have the same names.\n"
        f"If it is the same one, copy its file {marker.name} into {folder}. If not, make a database for this one."
    )


def knows_nothing(marker: Path, evidence: Path, *, shown: str) -> str:
    """Say that a workspace has called people before, and that an empty database is to take its place."""
    return (
        f"The database {shown} is empty, but {evidence} shows that this workspace has called people, or has a "
        f"do-not-call list. {marker.name}, which said in which database, is missing. With an empty one, people might "
        f"be called again.\nBring {marker.name} back, or name the right database. To begin again without them: move "
        f"{evidence} to another folder."
    )


def marker_unreadable(marker: Path, why: str) -> str:
    """Say that it is not known which database a workspace has used."""
    return (
        f"{marker} cannot be read ({why}). It says which database this workspace uses. Bring it back. If you are sure "
        f"of the address: {removal_text(marker)}"
    )


MARKER_NOTE = (
    "This workspace records its calls in this database. Leave this file here: without it, a run may use files."
)
NOT_A_MARK = "it is not what dialer has written there"
