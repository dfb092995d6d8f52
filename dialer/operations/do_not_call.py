"""The workspace's do-not-call list, compared with what a ledger has seen of it: nothing of that may be missing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from dialer.intake.do_not_call import SharedList
from dialer.operations.stores import shared_place
from dialer.store.do_not_call import NOTHING, Extent
from dialer.store.engines import do_not_call_list

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dialer.config.campaign import Campaign
    from dialer.intake.do_not_call import Suppression
    from dialer.store import AsyncStore, Store
    from dialer.store.do_not_call import DoNotCall

SEEN = "do_not_call"
"""Under this name a ledger notes what it has seen of the list, and which acceptances."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a ledger has seen of the list.

    Attributes:
        extent: what the list begins with.
        accepted: the ids of the acceptances that it took over.
    """

    extent: Extent = NOTHING
    accepted: tuple[str, ...] = ()

    @classmethod
    def of(cls, store: Store | None) -> Seen:
        """Return what a ledger has seen of the list; empty without a ledger."""
        note = None if store is None else store.note(SEEN)
        if not note:
            return cls()
        content = json.loads(note)
        return cls(Extent(**content["extent"]), tuple(content["accepted"]))

    def text(self) -> str:
        """Return it as a ledger notes it."""
        return json.dumps({"extent": asdict(self.extent), "accepted": list(self.accepted)})

    def expected(self, file: DoNotCall) -> Seen:
        """Return what the list has to begin with: what it did when a person accepted it, where that is news.

        Each ledger takes over an acceptance once: one that comes back with an older list, from a backup, does not
        make that list the right one.
        """
        accepted = file.accepted()
        if accepted is None or accepted.id in self.accepted:
            return self
        return Seen(accepted.extent, (*self.accepted, accepted.id))


def shared_list(campaign: Campaign, store: Store | None) -> tuple[SharedList, str]:
    """Return the list of a campaign's workspace, and what its ledger is to note of it; trials heed it as well.

    Args:
        campaign: the campaign.
        store: its ledger; None if there is none yet.

    Raises:
        DoNotCallError: it cannot be read, or lacks what the ledger has seen.
    """
    file = do_not_call_list(campaign.workspace.folder, database=shared_place(campaign.workspace))
    seen = Seen.of(store).expected(file)
    shared = SharedList.load(file, expected=seen.extent)
    return shared, Seen(shared.extent, seen.accepted).text()


def noting(
    ledger: AsyncStore, *, tell: Callable[[], Awaitable[None]] | None = None
) -> Callable[[Suppression], Awaitable[None]]:
    """Return what notes in a ledger how far the lists were read during a run.

    Args:
        ledger: of the run.
        tell: tells other runs that they were read again; None: there are none.
    """

    async def note(lists: Suppression) -> None:
        if tell is not None:
            await tell()
        if lists.shared is not None:
            seen = json.loads(await ledger.note(SEEN) or "{}")
            await ledger.set_note(SEEN, Seen(lists.shared.extent, tuple(seen.get("accepted", ()))).text())

    return note
