"""What a ledger belongs to: the agent, the server, and the key that identifies recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.errors import BoundError
from dialer.messages import store as say
from dialer.store.ledger.queries import changing, reading

if TYPE_CHECKING:
    from pathlib import Path

    from dialer.store.ledger.connection import Database
    from dialer.store.records import Binding

_SAID = {"agent": say.of_another_agent, "server": say.of_another_server, "key_definition": say.by_another_key}


def bind(path: Path | str, connection: Database, binding: Binding) -> None:
    """Record what a ledger belongs to, if no attempt was made yet; else check it.

    Raises:
        BoundError: it belongs to something else; the message says what to do.
    """
    wanted = {"agent": binding.agent, "server": binding.server, "key_definition": binding.key_definition}
    if connection.execute(reading.ANY_ATTEMPT).fetchone() is None:
        connection.executemany(changing.SET_NOTE, wanted.items())
        return
    for name, value in wanted.items():
        (noted,) = connection.execute(reading.NOTE, (name,)).fetchone() or (None,)
        if noted != value:
            raise BoundError(_SAID[name](path, noted=str(noted), wanted=value))
