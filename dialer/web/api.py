"""The values of the pages as JSON, and what can be done, for programs; `openapi.json` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from dialer.messages.values import as_json
from dialer.web.actions import act as carried_out
from dialer.web.actions import take_list as take
from dialer.web.fields import fields_of
from dialer.web.site import site_of

if TYPE_CHECKING:
    from starlette.requests import Request


async def campaigns(request: Request) -> Response:
    """Return every campaign."""
    return Response(await site_of(request).campaigns_json(), media_type="application/json")


async def campaign(request: Request) -> Response:
    """Return one campaign, live."""
    return _json(await site_of(request).campaign(request.path_params["id"]))


async def organisation(request: Request) -> Response:
    """Return what all campaigns share."""
    return _json(await site_of(request).organisation())


async def take_list(request: Request) -> Response:
    """Take the next list of a campaign, and return the id of its batch."""
    site = site_of(request)
    return _json({"id": await take(site, await site.entry(request.path_params["id"]), request)})


async def act(request: Request) -> Response:
    """Do something, and return in words what was done."""
    site, fields, batch_id = site_of(request), await fields_of(request), request.path_params.get("id")
    text = await carried_out(site, request.url.path.rpartition("/")[2], batch_id, fields)
    return _json({"text": text})


def _json(value: object) -> Response:
    return Response(as_json(value, indent=None), media_type="application/json")
