"""Interface of what batches share: their pauses, the runs that work on them, and their recent calls.

On one machine it is files (`pause_files`); a database that several machines share can take their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from dialer.store.records import Call


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: no call is placed while it holds.

    Attributes:
        of: what it holds back: `batch`, `campaign` (all its batches) or `all` (every campaign of a workspace).
        place: the pause file.
        by: who paused it; empty if that cannot be read.
        since: when (UTC); None as above.
        until: when it ends by itself (UTC); None: only by `resume`.
        why: the reason in that person's words, or empty.
        trouble: why it cannot be read; it still holds, and has no end. Empty if it can be read.
    """

    of: str
    place: str
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    why: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: the process.
        host: the machine.
        since: ISO 8601.
        does: which command.
        campaign: the real path of the campaign file; empty where it is not known.
        joins: it works beside others, with a database.
    """

    pid: int
    host: str
    since: str
    does: str
    campaign: str = ""
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A call that another batch placed, may have placed, or is about to place.

    Attributes:
        at: when its phone rings last, as far as is known (Unix seconds).
        batch: whose it was.
        is_open: a run is about to place it at this moment, and may not do so after all.
    """

    at: float
    batch: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class LiveCalls:
    """Calls of a batch that may be live, without those of a run's own.

    Attributes:
        batch: unique name of the batch.
        agent: the agent of the calls, unless a column named another one.
        calls: accepted, and not known to be over.
        doubts: attempts that may have placed a call, or are about to do so.
    """

    batch: str
    agent: str = ""
    calls: Sequence[Call] = ()
    doubts: int = 0


class LineSharers(Protocol):
    """Whose calls take lines of the same organisation.

    Attributes:
        has_own_batch: the other runs of the batch, and its earlier ones, are among them.
    """

    has_own_batch: bool

    def live(self) -> Sequence[LiveCalls]:
        """Return which of their calls may be live.

        Raises:
            LedgerError: that cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Owner:
    """The workspace that a database belongs to.

    Attributes:
        id: what tells it from every other workspace.
        folder: where it was when it began to use the database, without symbolic links.
        host: on which machine.
    """

    id: str
    folder: str
    host: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Which database an address leads to, and whose it is.

    Attributes:
        identity: what tells it from every other one.
        owner: the workspace that it belongs to; None where no workspace has used it yet.
        is_empty: it has no batch.
    """

    identity: str
    owner: Owner | None
    is_empty: bool


class Pauses(Protocol):
    """Who has paused a batch, its campaign, or all campaigns around it."""

    def in_force(self) -> Sequence[Pause]:
        """Return what holds the batch at this moment; cheap, since it is asked as each request leaves."""


class OtherBatches(Protocol):
    """The other batches whose calls count, of calls placed at the same server."""

    def called(self, numbers: Sequence[int], *, now: float, seen_within: float = 0.0) -> Elsewhere | None:
        """Return the last call to any of some numbers by another batch within the time, or None.

        A call that is about to be placed comes first.

        Args:
            numbers: E.164 digits; more than one where one line has several spellings.
            now: Unix seconds.
            seen_within: seconds; a result that is not older is used again.

        Raises:
            LedgerError: another ledger cannot be read, so the answer is unknown.
        """

    def recent(self, *, now: float) -> Iterator[list[tuple[int, float]]]:
        """Yield whom other batches called within the time, and when."""

    def known(self, numbers: Sequence[int], *, now: float) -> Iterator[tuple[str, set[int]]]:
        """Yield other batches that called some of these numbers, with those."""

    def calls_since(self, since: float, *, agent: str) -> dict[int, float]:
        """Return a hash of each id that calls got since then, an agent's at least, and when (Unix seconds)."""
