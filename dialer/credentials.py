"""The key, the agent and the address of Bolna, from the environment and the `.env` beside the campaign file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from dialer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

BASE_URL = "https://api.bolna.ai"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where to call and as whom; the key is in no `repr`."""

    base_url: str
    key: str = field(repr=False)


def _setting(name: str, campaign: Path) -> str | None:
    value = os.environ.get(name)
    beside = campaign.parent / ".env"
    if value is None and beside.is_file():
        value = dotenv_values(beside, encoding="utf-8-sig", interpolate=False).get(name)
    return (value or "").strip() or None


def agent_id(campaign: Path) -> str | None:
    """Return `BOLNA_AGENT_ID` of the environment, else of the `.env` beside the campaign file."""
    return _setting("BOLNA_AGENT_ID", campaign)


def credentials(campaign: Path) -> Credentials:
    """Return the key and the address; the environment wins over the `.env`, which gives no address.

    Raises:
        UsageError: there is no key.
    """
    key = _setting("BOLNA_API_KEY", campaign)
    if key is None:
        raise UsageError(
            "There is no BOLNA_API_KEY. Make a key on Bolna's dashboard (Developers), then: export "
            "BOLNA_API_KEY=bn-...\n"
            f"or write the line BOLNA_API_KEY=bn-... into {campaign.parent / '.env'}. To try without one: add "
            f"--sandbox."
        )
    return Credentials(base_url=os.environ.get("BOLNA_BASE_URL", "").strip() or BASE_URL, key=key)
