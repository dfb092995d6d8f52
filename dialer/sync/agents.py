"""Which agents' calls a batch may have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.store import AsyncStore

AGENTS = "agents"
"""Under this name the ledger notes which agents a column of the input has ever named."""


async def agents_of(ledger: AsyncStore, agent_id: str) -> Sequence[str]:
    """Return whose calls a batch may have: the campaign's agent, and those that a column has ever named."""
    return list(dict.fromkeys([agent_id, *json.loads(await ledger.note(AGENTS) or "[]")]))
