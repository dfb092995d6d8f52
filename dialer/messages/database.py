"""What is said of a database that cannot be used."""

from __future__ import annotations

DO_NOT_CALL = "the do-not-call list of the database"
ANOTHER_BATCH = "another batch"


def unreachable(*, why: str) -> str:
    return (
        f"The database cannot be reached ({why}). What was recorded is intact, and nothing is sent without it: check "
        "the server and the network, then run the same command again."
    )


def not_answering(why: str) -> str:
    return f"{why} Waiting for it; no call is placed meanwhile."


def answers_again(*, seconds: float) -> str:
    return f"The database answers again after {seconds:.0f} s."


def not_usable(*, why: str) -> str:
    return f"The database refused what it was asked ({why}). What was recorded is intact; run the same command again."


def missing() -> str:
    return "This database has no tables of dialer yet. Make them: dialer database create"


def other_version(*, found: int, known: int) -> str:
    if found > known:
        return (
            f"The database was made by a newer version of dialer (tables of version {found}, this one knows {known}). "
            "Install that version on this host."
        )
    return (
        f"The database has tables of version {found}, this version of dialer needs {known}. Bring it up to date: "
        "dialer database upgrade"
    )


def no_batch(name: str) -> str:
    return f"{name}: the database has no such batch yet. The first run of a batch makes it."


def batch_held(*, host: str, process: int, since: str) -> str:
    return (
        f"A run works on this batch (process {process} on {host}, since {since}). Wait until it ends, or stop it there "
        "with Ctrl-C."
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


def far(*, milliseconds: int) -> str:
    return f"The server answers after {milliseconds} ms. Each call waits for it: use one that is nearer."


def other_clock(*, seconds: int) -> str:
    way = "ahead of" if seconds > 0 else "behind"
    return f"The server's clock is {abs(seconds)} s {way} this host's. Set both by NTP."
