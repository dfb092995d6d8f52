"""Stands between a database and those who ask it, and breaks what is between them."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from pathlib import Path

_BLOCK = 1 << 16


class Proxy:
    """A socket in a folder of its own, by which a server is reached.

    Args:
        server: the folder of the server's socket.
    """

    def __init__(self, server: str) -> None:
        self.leads_to(server)
        self._folder = tempfile.TemporaryDirectory(prefix="dialer-x-")
        self.folder = self._folder.name
        self._swallows = False
        self._lines: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(Path(self.folder) / ".s.PGSQL.5432"))
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def leads_to(self, server: str) -> None:
        """Have new connections go to a server."""
        self._server = f"{server}/.s.PGSQL.5432"

    def cut(self) -> None:
        """Cut every connection."""
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def swallow(self, *, answers: bool) -> None:
        """Let the server hear what it is asked, and nobody its answers; or let all of it through again."""
        self._swallows = answers

    def close(self) -> None:
        self._listener.close()
        self.cut()
        self._folder.cleanup()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._server)
                except OSError:
                    client.close()
                    server.close()
                    continue
                self._lines |= {client, server}
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            back = threading.Thread(target=self._pass_on, args=(server, client), kwargs={"is_answer": True})
            back.start()
            self._pass_on(client, server, is_answer=False)
            back.join()
        self._lines -= {client, server}

    def _pass_on(self, source: socket.socket, target: socket.socket, *, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(_BLOCK):
                if not (is_answer and self._swallows):
                    target.sendall(block)
        for line in (source, target):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
