"""What the provider's answers, and its silence, mean for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import without_stop

if TYPE_CHECKING:
    from dialer.models import ProviderNames

RUN_AGAIN = "then run the same command again."


def key_refused(words: str, names: ProviderNames) -> tuple[str, str]:
    """Return what happened, and what to do."""
    return f"{names.name} refused the key: {without_stop(words)}.", f"Set {names.key} to a valid key, {RUN_AGAIN}"


def cannot_leave(words: str, advice: str) -> tuple[str, str]:
    """Return what happened, and what to do.

    Args:
        words: why no request can leave.
        advice: what a person has to change, without a full stop.
    """
    return f"No request can leave: {without_stop(words)}.", f"{advice}, {RUN_AGAIN}"


def check_settings(names: ProviderNames) -> str:
    return f"Check {names.address} and {names.key}"
