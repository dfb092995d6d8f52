"""PgBouncer in front of a server: each transaction gets whatever connection is free."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.harness import PATIENCE


def program() -> str | None:
    """Return where it is; None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


class PgBouncer:
    """A pooler of its own, that gives connections for one transaction each.

    Args:
        server: the folder of the server's socket.
        connections: so many it keeps to the server.
    """

    def __init__(self, server: Path, *, connections: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dialer-pgb-", dir="/tmp"))
        account = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        (self.folder / "users").write_text('"owner" ""\n')
        settings = {
            "pool_mode": "transaction",
            "default_pool_size": connections,
            "unix_socket_dir": self.folder,
            "listen_addr": "",
            "auth_type": "trust",
            "auth_file": self.folder / "users",
            "logfile": self.folder / "log",
        }
        lines = [
            f"[databases]\n* = host={server}\n[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()),
        ]
        (self.folder / "ini").write_text("\n".join(lines) + "\n")
        if account is not None:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        words = [str(program()), "-q", str(self.folder / "ini")]
        # It does not run as root.
        self._process = subprocess.Popen(words, user=None if account is None else account.pw_uid)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def url(self, database: str) -> str:
        return f"host={self.folder} port=6432 user=owner dbname={database}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
