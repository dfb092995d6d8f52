"""What is said of a database that cannot be used."""

from __future__ import annotations

from dialer.messages.commands import added, command_text, run_again
from dialer.moments import by_clock


def _let_run() -> str:
    return command_text("database", "create", "--run", "ROLE")


DO_NOT_CALL = "the do-not-call list of the database"
LOST = "the connection is lost"
ANOTHER_BATCH = "another batch"
OPENING = "waiting for the database"


def unreachable(*, why: str) -> str:
    return (
        f"The database cannot be reached ({why}). What was recorded is intact, and nothing is sent without it: check "
        f"the server and the network, then {run_again()}."
    )


NO_LIST = (
    "This workspace uses a database, which knows all its batches: there is no list of ledgers that could be lost. "
    f"To see the batches: {command_text('list')}"
)


BACKUP_BY_SERVER = (
    "This workspace uses a database, which `dialer backup` does not copy. Its server makes backups, with pg_basebackup "
    f"and archived WAL: {command_text('help', 'database')}"
)


def not_answering(why: str) -> str:
    return f"{why} Waiting for it; no call is placed meanwhile."


def answers_again(*, seconds: float) -> str:
    return f"The database answers again after {seconds:.0f} s."


def not_usable(*, why: str) -> str:
    return f"The database refused a command ({why}). What was recorded is intact; {run_again()}."


def missing() -> str:
    return f"This database has no tables of dialer yet. Make them: {command_text('database', 'create')}"


def no_role(role: str) -> str:
    return (
        f"{role}: the database server has no such role. Make it there, with a password if it needs one: "
        f"CREATE ROLE {role} LOGIN"
    )


def not_allowed(*, why: str) -> str:
    return (
        f"The database does not let the role in its address do this ({why}). To make or upgrade tables, use the "
        f"address of the database's owner. To let a role run campaigns, as the owner: {_let_run()}"
    )


NOT_OWNER = "the tables belong to another role"


def upgrade_waits(*, batch: str, host: str, process: int, since: str) -> str:
    who = f"process {process} on {host}, since {by_clock(since)}"
    return (
        f"{batch}: a run works on this batch, or was killed a moment ago ({who}). "
        "Tables are not changed under it. Stop it with Ctrl-C, or run the batch once more with the version that it "
        "had; then upgrade."
    )


NOT_INSTALLED = (
    "This workspace uses a database, and this installation lacks psycopg, which it needs for that. Install it: "
    "pip install 'dialer[postgres]' (in a clone of the repository: pip install '.[postgres]')."
)


def other_version(*, found: int, known: int) -> str:
    if found > known:
        return (
            f"The database was made by a newer version of dialer (tables of version {found}, this one knows {known}). "
            "Install that version on this host."
        )
    return (
        f"The database has tables of version {found}, this version of dialer needs {known}. Bring it up to date: "
        f"{command_text('database', 'upgrade')}"
    )


def no_batch(name: str) -> str:
    return f"{name}: the database has no such batch yet. The first run of a batch makes it."


def batch_held(*, host: str, process: int, since: str, does: str, may_join: bool) -> str:
    """Return that a process works on a batch.

    Args:
        host: its machine.
        process: its number there.
        since: when it began.
        does: its command.
        may_join: a run was to begin, which can work beside another run.
    """
    who = f"process {process} on {host}, since {by_clock(since)}"
    words = (
        f"`dialer {does}` works on this batch ({who}). Wait until it ends, or "
        "stop it there with Ctrl-C. If it was killed, it is over ten seconds later."
    )
    return f"{words} To call beside it: {added('--join')}." if may_join and does == "run" else words


def another_batch(name: str) -> str:
    return (
        f"{name}: the database has another batch of this name already, with people in it. Two batches cannot become "
        "one. Give one of the two another `results` name in its campaign file."
    )


def run_over() -> str:
    return (
        "This run was declared over, since the database had not heard from it for too long. It sends nothing more; run "
        "the same command again."
    )


def another_server() -> str:
    return (
        "Another server has taken the database's place, or an older copy of it. Calls that were placed may be missing "
        "there, so nothing more is sent."
    )


# -- what a database lacks ---------------------------------------------------------------------------------------------

IS_A_REPLICA = "This server is a replica, which cannot be written to. Name the primary server."
NOT_SYNCHRONOUS = (
    "The server has replicas but does not wait for them (synchronous_standby_names is empty): when it fails, the last "
    "calls are missing on the replica that takes its place. Set synchronous_standby_names."
)
NOT_ENCRYPTED = (
    "The connection is not encrypted, and phone numbers travel over the network. Add sslmode=verify-full to the "
    "database's URL."
)


def is_off(setting: str) -> str:
    return f"{setting} is off: after a power failure the server may have lost calls that were placed. Turn it on."


READS_ONLY = (
    f"This role may look at campaigns, and not run them. To let it: {_let_run()}, with the address of the database's "
    "owner."
)
NO_TEMPORARY = "This role may not make temporary tables, which a run needs: GRANT TEMPORARY ON DATABASE … TO …"


def old_server(*, found: str, oldest: int) -> str:
    return f"The server is PostgreSQL {found}. dialer is tested from version {oldest} on: use a newer server."


def far(*, milliseconds: int) -> str:
    return f"The server answers after {milliseconds} ms. Each call waits for it: use one that is nearer."


def other_clock(*, seconds: int) -> str:
    way = "ahead of" if seconds > 0 else "behind"
    return f"The server's clock is {abs(seconds)} s {way} this host's. Set both by NTP."
