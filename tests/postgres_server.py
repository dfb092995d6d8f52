"""A real PostgreSQL server in a folder of its own, reached by a socket there; for tests of what several hosts share."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from dialer.store.postgres import create

_PATIENCE = 60.0


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


class Server:
    """A server of its own.

    Args:
        copy_of: a server of which it is a replica, that has what that one has at this moment and gets no more.
        settings: of its configuration.
    """

    def __init__(self, *, copy_of: Server | None = None, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dialer-pg-", dir="/tmp"))
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder)} | settings
        account = _account() if os.getuid() == 0 else None
        self._user = None if account is None else account.pw_uid
        if account is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if copy_of is not None:
            self._do("pg_basebackup", "-D", str(self._data), "-d", copy_of.url(), "-X", "stream", "-c", "fast")
            (self._data / "standby.signal").touch()
            self.start()
            return
        self._do("initdb", "-D", str(self._data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _do(self, program: str, *words: str) -> None:
        folder = programs()
        assert folder is not None
        subprocess.run([folder / program, *words], user=self._user, check=True, capture_output=True, cwd=self.folder)

    def url(self, database: str = "postgres") -> str:
        return f"host={self.folder} user=owner dbname={database}"

    def start(self) -> None:
        """Have it started, and wait until it takes connections."""
        folder = programs()
        assert folder is not None
        words = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [folder / "postgres", "-D", self._data, *words],
                user=self._user,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                # A server is stopped by Ctrl-C.
                start_new_session=True,
            )
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

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
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None

    def close(self) -> None:
        """Stop it, and take its folder away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self) -> str:
        """Return the URL of a new database with the tables of dialer."""
        name = f"d{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as db:
            if not self._has_template(db):
                db.execute("CREATE DATABASE template_dialer")
                create(self.url("template_dialer"))
            db.execute(f"CREATE DATABASE {name} TEMPLATE template_dialer".encode())
        return self.url(name)

    @staticmethod
    def _has_template(db: psycopg.Connection[tuple[object, ...]]) -> bool:
        found = db.execute("SELECT 1 FROM pg_database WHERE datname = 'template_dialer'")
        return found.fetchone() is not None


@functools.cache
def shared() -> Server:
    """Return the server that the tests of a process share; it does not wait for the disk."""
    server = Server(fsync="off", full_page_writes="off", synchronous_commit="off", max_wal_size="256MB")
    atexit.register(server.close)
    return server


@functools.cache
def shared_database() -> str:
    """Return a database in which each test has batches of its own."""
    return shared().database()
