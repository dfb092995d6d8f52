"""How long the commits of intents take, and so how long before its request each one is begun."""

from __future__ import annotations

import statistics
from collections import deque

from dialer.engine.pacing import EARLIEST

_REMEMBERED = 20
"""Commits that tell how early the next one is begun."""


class Commits:
    """Remembers how long the last commits took."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._early = 0.0

    def took(self, seconds: float) -> None:
        """Remember how long one took."""
        self._took.append(seconds)
        self._early = min(statistics.median_low(self._took), EARLIEST)

    def early(self) -> float:
        """Return the seconds before its moment at which an intent is begun: what half of the last commits took.

        A slower one makes its request leave a little after the moment, which is valid for longer than that. As early
        as the slowest it would leave more people in doubt than all the others together.
        """
        return self._early
