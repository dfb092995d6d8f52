"""What the page works with: the workspace's batches, its sessions, and what was last said to whom."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from dialer.messages import web as say
from dialer.messages.pages.serve import campaign_list, campaign_view, organisation_view, without_most_done
from dialer.messages.pages.status import ago
from dialer.messages.values import as_json
from dialer.operations.serve.live import batch_of
from dialer.operations.serve.organisation import organisation, pauses_of_all
from dialer.web.fields import RefusedError
from dialer.web.rendering import drawn
from dialer.web.wallets import Wallets

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from dialer.config.batch import Batch
    from dialer.messages.commands import Selection
    from dialer.messages.pages.screens import CampaignList, CampaignView, OrganisationView
    from dialer.operations.entries import Entry
    from dialer.operations.serve.board import Board
    from dialer.operations.serve.work import Works
    from dialer.web.sessions import Sessions

_Value = TypeVar("_Value")
_MOST_SAID = 1000


async def in_thread(work: Callable[..., _Value], /, *args: object, **options: object) -> _Value:
    """Do what reads or writes files in a thread."""
    return await to_thread.run_sync(partial(work, *args, **options))


@dataclass(slots=True)
class Site:
    """See above."""

    board: Board
    sessions: Sessions
    works: Works
    wallets: Wallets = field(default_factory=Wallets)
    said: OrderedDict[str, str] = field(default_factory=OrderedDict)
    viewers: int = 0
    _listed: tuple[object, CampaignList] | None = None
    _told: tuple[CampaignList, str] | None = None
    _drawn: dict[bool, tuple[CampaignList, str]] = field(default_factory=dict)

    async def campaigns(self) -> CampaignList:
        """Return every batch; the same value as before as long as it is the same look."""
        return await in_thread(self._campaigns)

    def _campaigns(self) -> CampaignList:
        listing, everything, asking = self.board.listing(), pauses_of_all(self.board), self.works.asking()
        # Where nothing has changed, it is longer ago that it did.
        found = listing, everything, asking, [one.last and ago(one.last) for one in listing.batches]
        if self._listed is None or self._listed[0] != found:
            self._listed = found, campaign_list(listing, everything=everything, asking=asking)
        return self._listed[1]

    async def campaigns_json(self) -> str:
        """Return every batch as JSON, of which one text serves all who ask within a second."""
        value = await self.campaigns()
        if self._told is None or self._told[0] is not value:
            self._told = value, as_json(value, indent=None)
        return self._told[1]

    async def batches(self, *, is_whole: bool) -> str:
        """Return every batch as a part of a page (HTML), drawn once for all who look within a second.

        Args:
            is_whole: also those that were done long ago.
        """
        value = await self.campaigns()
        if is_whole not in self._drawn or self._drawn[is_whole][0] is not value:
            shown = value if is_whole else without_most_done(value)
            self._drawn[is_whole] = value, drawn("batches.html", listing=shown)
        return self._drawn[is_whole][1]

    async def campaign(self, batch_id: str) -> CampaignView:
        """Return a batch, live.

        Raises:
            RefusedError: there is none with this id.
        """
        entry = await self.entry(batch_id)
        found, listing = await in_thread(self.board.live, entry, self.works), await in_thread(self.board.listing)
        return campaign_view(found, workspace=listing.workspace, wallet=self._wallet(entry))

    async def organisation(self) -> OrganisationView:
        """Return what all batches share."""
        found = await in_thread(organisation, self.board)
        first = next((entry for entry in found.entries if entry.campaign and not entry.trouble), None)
        return organisation_view(found, wallet="" if first is None else self._wallet(first))

    def _wallet(self, entry: Entry) -> str:
        # A trial does not use a real account.
        return "" if self.board.sandbox or not entry.campaign else self.wallets.text(Path(entry.campaign))

    async def entry(self, batch_id: str) -> Entry:
        """Return a batch by its id: the id is looked up in the list of batches, and names no path.

        Raises:
            RefusedError: there is none with this id.
        """
        entry = await in_thread(self.board.entry, batch_id)
        if entry is None:
            raise RefusedError(404, say.NO_CAMPAIGN)
        return entry

    def say_next(self, cookie: str, text: str) -> None:
        """Have the next page of a session show a text."""
        self.said[cookie] = text
        while len(self.said) > _MOST_SAID:
            self.said.popitem(last=False)


def named(entry: Entry) -> Selection:
    """Return a batch as it is named on the command line.

    Raises:
        RefusedError: it cannot be named.
    """
    if entry.selection is None or entry.trouble or entry.campaign_trouble:
        raise RefusedError(409, entry.trouble or entry.campaign_trouble or say.no_list_yet())
    return entry.selection


def files_of(entry: Entry) -> Batch:
    """Return the files of a batch to be looked at, paused or taken along, which takes no campaign file.

    Raises:
        RefusedError: they are not known.
        DialerError: its campaign file is wrong.
    """
    return batch_of(named(entry)) if entry.files is None else entry.files


def site_of(request: Request) -> Site:
    """Return what a request's page works with."""
    site: Site = request.app.state.site
    return site
