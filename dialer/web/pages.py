"""What a browser gets."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse

from dialer.errors import UsageError
from dialer.messages import web as say
from dialer.messages.pages.serve import paused_words
from dialer.operations.serve.organisation import pauses_of_all
from dialer.web.actions import act as carried_out
from dialer.web.actions import take_list as take
from dialer.web.fields import NO_MISTAKE, Mistake, RefusedError, fields_of
from dialer.web.guard import LIST, refusal
from dialer.web.rendering import rendered
from dialer.web.sessions import LASTS
from dialer.web.site import in_thread, site_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dialer.messages.pages.screens import CampaignRow

_WATCHED = re.compile("/|/campaigns/[0-9a-f]{1,64}")
"""The pages that change by themselves, but for the organisation's."""


async def campaigns(request: Request) -> Response:
    """Show every campaign."""
    is_whole = request.query_params.get("all") == "1"
    return await _page(request, "campaigns.html", batches=await site_of(request).batches(is_whole=is_whole))


async def campaign(request: Request) -> Response:
    """Show one campaign, live."""
    return await _page(request, "campaign.html", view=await site_of(request).campaign(request.path_params["id"]))


async def next_list(request: Request) -> Response:
    """Take the next list of a campaign."""
    view = await site_of(request).campaign(request.path_params["id"])
    return await _next_page(request, view.row)


async def take_list(request: Request) -> Response:
    """Take the next list, and show the batch that it is; where it cannot be taken, say so where it was chosen."""
    site = site_of(request)
    entry = await site.entry(request.path_params["id"])
    try:
        batch_id = await take(site, entry, request)
    except (UsageError, RefusedError) as problem:
        status = problem.status if isinstance(problem, RefusedError) else 409
        view = await site.campaign(entry.id)
        return await _next_page(request, view.row, status=status, problem=str(problem))
    return RedirectResponse(f"/campaigns/{batch_id}", 303)


async def _next_page(request: Request, row: CampaignRow, *, status: int = 200, problem: str = "") -> Response:
    return await _page(request, "next.html", status=status, row=row, problem=problem, most=LIST)


async def organisation(request: Request) -> Response:
    """Show what all campaigns share."""
    return await _page(request, "organisation.html", view=await site_of(request).organisation())


async def act(request: Request) -> Response:
    """Do what a form asks for, and show its page again with what was done."""
    site, fields, batch_id = site_of(request), await fields_of(request), request.path_params.get("id")
    verb = request.url.path.rpartition("/")[2]
    try:
        said = await carried_out(site, verb, batch_id, fields)
    except RefusedError as refused:
        if not refused.field:
            raise
        return await _filled_in(request, batch_id, refused, Mistake(verb, refused.field, str(refused), fields.texts))
    site.say_next(request.state.caller.cookie, said)
    if batch_id is not None:
        return RedirectResponse("/" if verb == "discard" else f"/campaigns/{batch_id}", 303)
    # Everything can be paused from every page, and who does that wants to see what becomes of what they look at.
    came_from = urlsplit(request.headers.get("referer", "")).path
    return RedirectResponse(came_from if _WATCHED.fullmatch(came_from) else "/organisation", 303)


async def _filled_in(request: Request, batch_id: str | None, refused: RefusedError, mistake: Mistake) -> Response:
    """Show a page again whose form was filled in wrong, as it was, with what is wrong beside the field."""
    site = site_of(request)
    if batch_id is None:
        template, view, at = "organisation.html", await site.organisation(), "/organisation"
        answer = await _page(request, template, status=refused.status, view=view, mistake=mistake, at=at)
    else:
        batch, at = await site.campaign(batch_id), f"/campaigns/{batch_id}"
        answer = await _page(request, "campaign.html", status=refused.status, view=batch, mistake=mistake, at=at)
    # A form that the page does not have any more cannot be corrected.
    return answer if b"data-wrong=" in answer.body else await error(request, refused.status, str(refused))


async def login(request: Request) -> Response:
    """Open a session by a link."""
    site = site_of(request)
    cookie = await in_thread(site.sessions.opened, request.query_params.get("token", ""))
    if cookie is None:
        return refusal(403, say.link_used(), page=True)
    # A page of ours that sends the browser on, since a cookie that is Strict is not sent after a link from elsewhere.
    answer = rendered("login.html")
    answer.set_cookie(site.sessions.cookie, cookie, max_age=LASTS, httponly=True, samesite="strict", path="/")
    return answer


async def logout(request: Request) -> Response:
    """End a session."""
    await fields_of(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(site_of(request).sessions.cookie, path="/", httponly=True, samesite="strict")
    return answer


async def error(request: Request, status: int, words: str) -> Response:
    """Show a signed-in user why there is nothing to show."""
    batch_id, is_gone = request.path_params.get("id"), status == HTTPStatus.NOT_FOUND
    back = "/" if batch_id is None or is_gone else f"/campaigns/{batch_id}"
    return await _page(request, "error.html", status=status, heading=say.heading(status), words=words, back=back)


async def _page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    mistake: Mistake = NO_MISTAKE,
    at: str = "",
    **values: Any,  # noqa: ANN401 - what the template shows
) -> Response:
    site, caller = site_of(request), request.state.caller
    return rendered(
        template,
        status=status,
        is_signed_in=True,
        csrf=caller.csrf,
        workspace=str(site.board.folder.resolve()),
        is_trial=site.board.sandbox,
        everything_paused=paused_words(await in_thread(pauses_of_all, site.board)),
        # A page that is asked for again by itself takes nothing away from the one that a button leads to.
        mistake=mistake,
        at=at,
        said="" if "x-live" in request.headers else site.said.pop(caller.cookie, ""),
        **values,
    )
