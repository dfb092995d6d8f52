"""What batches share, as an interface: so far who has paused them.

On one machine it is files (`pause_files`); a database that several machines share can take their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """That nobody is called.

    Attributes:
        of: what it holds: `batch`, `campaign` (all its batches) or `all` (every campaign of a workspace).
        place: the file that says so.
        by: who has paused it; empty where that cannot be read.
        since: when (UTC); None as above.
        until: when it ends by itself (UTC); None: only by `resume`.
        why: in that person's words, or empty.
        trouble: why it cannot be read: it holds all the same, and has no end; empty where it can.
    """

    of: str
    place: str
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    why: str = ""
    trouble: str = ""


class Pauses(Protocol):
    """Who has paused a batch, its campaign, or all campaigns around it."""

    def in_force(self) -> Sequence[Pause]:
        """Return what holds the batch at this moment; cheap, since it is asked as each request leaves."""
