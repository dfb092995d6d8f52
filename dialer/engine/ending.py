"""How the sending of a run ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialer.engine.breaker import Trip
    from dialer.engine.pending import Deferred


@dataclass(slots=True)
class Ending:
    """How sending ended.

    Attributes:
        trip: why the breaker ended it; None if it did not.
        interrupted: somebody asked to stop.
        deferred: reason → those who were left for later.
        held: seconds that all sending was held.
        waited: seconds that were waited for somebody to be callable.
    """

    trip: Trip | None = None
    interrupted: bool = False
    deferred: dict[str, Deferred] = field(default_factory=dict)
    held: float = 0.0
    waited: float = 0.0
