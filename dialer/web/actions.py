"""What can be done from the page, whether a form or JSON asks for it; each returns what was done, in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import UsageError
from dialer.messages import web as say
from dialer.messages.pages.dnc import added_text
from dialer.messages.pages.pause import paused_text
from dialer.messages.pages.resume import resumed_text
from dialer.operations import add_numbers, pause_campaigns, resume_campaigns, targets_of, until_in
from dialer.operations.list import id_of
from dialer.operations.pause import target_of_batch
from dialer.operations.serve.live import batch_of
from dialer.operations.serve.work import OtherCountError
from dialer.operations.until import ends_at
from dialer.web.fields import RefusedError
from dialer.web.site import files_of, in_thread, named
from dialer.web.upload import receive

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from dialer.config.batch import Batch
    from dialer.messages.commands import Selection
    from dialer.operations.entries import Entry
    from dialer.operations.pause import Target
    from dialer.web.fields import Fields
    from dialer.web.site import Site

PATIENCE = 3.0
"""Seconds for which a pause waits until its runs have ended; the page shows when the others have."""

MOST_CHECKS = 20
"""Checks that go on or wait for their turn, at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The requested action.

    Attributes:
        site: where.
        fields: what their form says.
        entry: of which batch; None: of all of them.
    """

    site: Site
    fields: Fields
    entry: Entry | None

    @property
    def selection(self) -> Selection:
        """The batch as it is named on the command line.

        Raises:
            RefusedError: it cannot be named.
        """
        assert self.entry is not None
        return named(self.entry)

    @property
    def files(self) -> Batch:
        """The files of the batch; see `files_of`.

        Raises:
            RefusedError: they are not known.
        """
        assert self.entry is not None
        return files_of(self.entry)


AGAIN: Mapping[str, str] = {"refused": "--retry-errors", "unknown": "--redial-unknown"}
"""Who is called again because somebody asks for it: nobody is without that, and without the count typed."""

Action = Callable[[Asked], Awaitable[str]]


async def _pause(asked: Asked) -> str:
    until = _until(asked)
    return await _paused([target_of_batch(asked.files)], asked.fields.text("why"), until)


async def _resume(asked: Asked) -> str:
    if asked.fields.text("of") == "campaign":
        selection = asked.selection
        targets = await in_thread(targets_of, [selection.campaign], sandbox=selection.sandbox)
    else:
        targets = [target_of_batch(asked.files)]
    return await _resumed(targets)


async def _start(asked: Asked) -> str:
    fields, limit = asked.fields, asked.fields.limit()
    # The user of the page wants to see how the calls went.
    options = ["--track", *([] if limit is None else [f"--limit={limit}"])]
    if again := fields.text("again"):
        if again not in AGAIN:
            raise RefusedError(422, say.other_people(AGAIN))
        options.append(AGAIN[again])
    if _until(asked) is not None:
        options.append(f"--until={fields.text('until')}")
    return await _begun(asked, "run", options)


def _until(asked: Asked) -> datetime | None:
    """Return when a run or a pause ends by itself; without an offset, by the campaign's clock; None if it does not.

    Raises:
        RefusedError: there is no such moment, or it is in the past.
    """
    zone = None if asked.entry is None else asked.entry.timezone
    try:
        until = until_in(asked.fields.text("until") or None, None)
        ends_at(until, zone=zone)
    except UsageError as error:
        raise RefusedError(422, str(error), field="until") from None
    return until


async def _cancel(asked: Asked) -> str:
    return await _begun(asked, "cancel", [])


async def _reconcile(asked: Asked) -> str:
    return await _begun(asked, "reconcile", [])


async def _begun(asked: Asked, verb: str, options: Sequence[str]) -> str:
    selection = asked.selection
    assert asked.entry is not None
    await in_thread(asked.site.works.start, asked.entry.id, verb, selection, options)
    return ""


async def _answer(asked: Asked) -> str:
    fields = asked.fields
    assert asked.entry is not None
    is_yes = fields.text("answer") == "yes"
    # A no needs no number, whatever stands in the field.
    count = fields.number("count") if is_yes else None
    answer, question = asked.site.works.answer, fields.text("question")
    try:
        await in_thread(answer, asked.entry.id, question, is_yes=is_yes, count=count)
    except OtherCountError as error:
        raise RefusedError(409, str(error), field="count") from None
    return ""


async def _check(asked: Asked) -> str:
    selection = asked.selection
    assert asked.entry is not None
    await _refuse_many_checks(asked.site)
    await in_thread(asked.site.works.check, asked.entry.id, selection)
    return ""


async def _refuse_many_checks(site: Site) -> None:
    if await in_thread(site.works.checks) >= MOST_CHECKS:
        raise RefusedError(503, say.TOO_MANY_CHECKS)


async def _discard(asked: Asked) -> str:
    assert asked.entry is not None
    await in_thread(asked.site.board.lists.discard, asked.entry)
    return say.discarded(asked.entry.batch)


async def take_list(site: Site, entry: Entry, request: Request) -> str:
    """Store a file as the next list of a campaign, start its check, and return the id of its batch.

    Raises:
        RefusedError: it is not a file, does not come from a page of this session, or too many lists are checked.
        DialerError: the campaign cannot have a list of its own.
    """
    lists, to = site.board.lists, site.board.lists.arriving
    if why := entry.trouble or entry.campaign_trouble:
        raise RefusedError(409, why)
    await _refuse_many_checks(site)
    try:
        upload = await receive(request, to=to)
        sandbox = site.board.sandbox
        selection = await in_thread(lists.keep, to, campaign=Path(entry.campaign), named=upload.named, sandbox=sandbox)
    finally:
        await in_thread(to.unlink, missing_ok=True)
        site.board.forget()
    batch_id = await in_thread(lambda: id_of(batch_of(selection)))
    await in_thread(site.works.check, batch_id, selection)
    return batch_id


async def _pause_everything(asked: Asked) -> str:
    until = _until(asked)
    return await _paused(await _everything(asked.site), asked.fields.text("why"), until)


async def _resume_everything(asked: Asked) -> str:
    return await _resumed(await _everything(asked.site))


async def _block(asked: Asked) -> str:
    fields = asked.fields
    try:
        added = await in_thread(
            add_numbers,
            [fields.text("number")],
            asked.site.board.folder,
            source=fields.text("source"),
            region=fields.text("region") or None,
        )
    except UsageError as error:
        raise RefusedError(422, str(error), field="number") from None
    return added_text(added)


async def _everything(site: Site) -> list[Target]:
    return await in_thread(targets_of, [], everything=True, folder=site.board.folder, sandbox=site.board.sandbox)


async def _paused(targets: list[Target], why: str, until: datetime | None) -> str:
    paused = await in_thread(pause_campaigns, targets, until=until, why=why, patience=PATIENCE)
    # What is typed in a terminal to go on is a button here.
    text = paused_text(replace(paused, lift=()))
    if paused.troubles:
        # A program that looks at the status only must not take it for a pause.
        raise RefusedError(409, text)
    return text


async def _resumed(targets: list[Target]) -> str:
    resumed = await in_thread(resume_campaigns, targets)
    return resumed_text(resumed)


ACTIONS: Mapping[str, Action] = {
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "reconcile": _reconcile,
    "answer": _answer,
    "check": _check,
    "discard": _discard,
}
"""Of one campaign."""
WORKSPACE_ACTIONS: Mapping[str, Action] = {
    "pause": _pause_everything,
    "resume": _resume_everything,
    "block": _block,
}
"""Of all of them."""


async def act(site: Site, verb: str, batch_id: str | None, fields: Fields) -> str:
    """Perform an action; return what was done, in words.

    Raises:
        RefusedError: the campaign does not exist, or does not allow the action.
        DialerError: it failed.
    """
    entry = None if batch_id is None else await site.entry(batch_id)
    action = (WORKSPACE_ACTIONS if entry is None else ACTIONS)[verb]
    try:
        return await action(Asked(site, fields, entry))
    finally:
        site.board.forget()
