"""Why a key is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.words import without_stop

if TYPE_CHECKING:
    from dialer.messages.names import ProviderNames


def no_key(names: ProviderNames) -> str:
    return (
        f"This does not look like a key of {names.name}, so it was not kept. Copy the whole key from {names.name}'s "
        f"dashboard (Developers); it looks like {names.example_key}"
    )


def not_taken(words: str, names: ProviderNames) -> str:
    return f"{names.name} did not accept the key, so it was not kept. Copy it again. ({without_stop(words)})"


def not_checked(words: str, names: ProviderNames) -> str:
    return (
        f"{names.name} could not check the key ({without_stop(words)}), so it was not kept. Check the network, then "
        "try again."
    )


NO_ANSWER = "no answer in time"
