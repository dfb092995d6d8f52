"""What sentences call the provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderNames:
    """What a person calls the provider, and types to reach it.

    Attributes:
        name: of the provider.
        key: the environment variable that holds the key.
        address: the environment variable that holds another base URL than its own.
        agent: the environment variable that names the agent.
        base_url: where it is reached.
        example_key: how a key begins.
    """

    name: str
    key: str
    address: str
    agent: str
    base_url: str
    example_key: str
