"""A real PostgreSQL server in a folder of its own, reached by a socket there; for tests of what several hosts share.

A server lives while a process that uses it does: however that ends, a guard beside it stops it and clears its folder.
"""

from __future__ import annotations

import fcntl
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

import psycopg

from dialer.store.postgres import create
from tests.harness import PATIENCE

_TEMPLATE = "template_dialer"
_SMALL = ("--locale=C", "--wal-segsize=1")
_PATIENTLY = ("-w", "-t", f"{PATIENCE:.0f}")


def programs() -> Path | None:
    """Return the folder of the server's programs: of the PATH, else Debian's newest; None where there is none."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True)
    return next((one for one in folders if (one / "initdb").exists()), None)


def why_none() -> str:
    """Return why no server can be started here; empty where one can."""
    if programs() is None:
        return "there is no PostgreSQL server on this machine (apt-get install postgresql)"
    if os.getuid() == 0 and _account() is None:
        return "a PostgreSQL server does not run as root, and this machine has no account `postgres`"
    return ""


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


_GUARD = """(
cat "$1/used"
process=$(head -n 1 "$1/data/postmaster.pid") && kill -QUIT "$process"
while kill -0 "$process"; do sleep 0.1; done
rm -rf "$1"
) > /dev/null 2>&1 &"""
"""Waits until nobody has the FIFO open for writing."""


class Server:
    """A server of its own.

    Args:
        copy_of: a server of which it is a replica, that has what that one has at this moment and gets no more.
        settings: of its configuration.
    """

    def __init__(self, *, copy_of: Server | None = None, **settings: str) -> None:
        self._prepare(Path(tempfile.mkdtemp(prefix="dialer-pg-", dir="/tmp")), settings)
        self._guard()
        if copy_of is not None:
            self._do(
                "pg_basebackup", "-D", str(self._data), "-d", copy_of.url(), "-X", "stream", "-c", "fast", "--no-sync"
            )
            (self._data / "standby.signal").touch()
        else:
            self._copy(shared().template, self._data)
        self.start()

    def _prepare(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(folder)} | settings
        account = _account() if os.getuid() == 0 else None
        self._user = None if account is None else account.pw_uid
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)

    def _guard(self) -> None:
        os.mkfifo(self.folder / "used")
        subprocess.run(["/bin/sh", "-c", _GUARD, "guard", self.folder], start_new_session=True, check=True)
        self._use()

    def _use(self) -> None:
        # Held until the process ends, or lets go of the server.
        self._used = os.open(self.folder / "used", os.O_WRONLY)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _copy(self, folder: Path, to: Path) -> None:
        subprocess.run(["cp", "-r", folder, to], user=self._user, check=True)

    def _do(self, program: str, *words: str) -> None:
        folder = programs()
        assert folder is not None
        subprocess.run(
            [folder / program, *words], user=self._user, check=True, stdout=subprocess.DEVNULL, cwd=self.folder
        )

    def url(self, database: str = "postgres") -> str:
        return f"host={self.folder} user=owner dbname={database}"

    def start(self) -> None:
        """Have it started, and wait until it takes connections."""
        words = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        self._do("pg_ctl", "start", *_PATIENTLY, "-D", str(self._data), "-l", str(self.folder / "log"), "-o", words)

    def copied(self) -> Server:
        """Return a replica that has what this one has at this moment, and gets no more."""
        return Server(copy_of=self, fsync="off")

    def promote(self) -> None:
        """Have a replica take the place of its server."""
        with psycopg.connect(self.url(), autocommit=True) as db:
            db.execute("SELECT pg_promote()")

    def change(self, **settings: str) -> None:
        """Have it started anew with other settings."""
        self._settings |= settings
        self.stop()
        self.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: at once where that is SIGQUIT, as a crash does."""
        if (self._data / "postmaster.pid").exists():
            mode = "immediate" if how is signal.SIGQUIT else "fast"
            self._do("pg_ctl", "stop", *_PATIENTLY, "-D", str(self._data), "-m", mode)

    def close(self) -> None:
        """Stop it, and have its folder taken away."""
        self.stop(signal.SIGQUIT)
        os.close(self._used)

    def database(self) -> str:
        """Return the URL of a new database with the tables of dialer."""
        name = f"d{uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}".encode())
        return self.url(name)


class SharedServer(Server):
    """The one server of all processes of a test run; it does not wait for the disk.

    Args:
        folder: of the run; the first process starts the server there.
    """

    def __init__(self, folder: Path) -> None:
        fast = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "256MB"}
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._prepare(folder, fast)
            if (folder / "used").exists():
                self._use()
                return
            self._guard()
            self._do("initdb", "-D", str(self._data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", *_SMALL)
            self.start()
            with psycopg.connect(self.url(), autocommit=True) as db:
                db.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
            create(self.url(_TEMPLATE))
            self.stop()
            self._copy(self._data, self.template)
            self.start()

    @property
    def template(self) -> Path:
        """What each other server of the run begins with: its databases have the tables."""
        return self.folder / "template"


@functools.cache
def shared() -> SharedServer:
    """Return the server that all processes of this test run share."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    return SharedServer(Path(f"/tmp/dialer-pg-run-{run}"))  # TMPDIR may be long: a socket's path has 107 characters


@functools.cache
def shared_database() -> str:
    """Return a database in which each test has batches of its own."""
    return shared().database()
