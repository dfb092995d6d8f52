"""Call everybody in a CSV with a voice agent: nobody is called twice, nobody is lost.

from dialer import load_campaign, run_campaign

summary = await run_campaign(load_campaign("campaigns/reminders.toml"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialer.config.campaign import Campaign, load_campaign
    from dialer.operations import Plan, RunOptions, Summary, run_campaign, run_campaign_sync

__all__ = ["Campaign", "Plan", "RunOptions", "Summary", "load_campaign", "run_campaign", "run_campaign_sync"]

_HOMES = {"Campaign": "dialer.config.campaign", "load_campaign": "dialer.config.campaign"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    # Loaded when asked for: `dialer --help` and `dialer status` need neither pandas nor httpx.
    if name not in __all__:
        raise AttributeError(f"module 'dialer' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as above

    return getattr(import_module(_HOMES.get(name, "dialer.operations")), name)
