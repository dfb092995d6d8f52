"""What goes on, as it happens: server-sent events, from one look a second for any number of viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from starlette.responses import StreamingResponse

from dialer.errors import DialerError
from dialer.messages import web as say
from dialer.messages.values import as_json
from dialer.web.fields import RefusedError
from dialer.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from dialer.web.site import Site

EVERY = 1.0
"""Seconds between two looks."""
_ALIVE_EVERY = 15.0
"""Seconds between two signs of life: a page that hears none for 40 s takes its connection for lost."""
_MOST = 100
"""Viewers at once."""


async def events(request: Request) -> Response:
    """Stream the list of campaigns, or with `id` one of them, whenever something has changed.

    Each message is the whole value as JSON, so that a connection that was lost needs nothing but a new one.
    """
    site, batch_id = site_of(request), request.query_params.get("id")
    if site.viewers >= _MOST:
        raise RefusedError(503, say.TOO_MANY_VIEWERS)
    # What cannot be shown is said with a status, before the stream begins.
    first = await _now(site, batch_id)
    stream = _stream(site, batch_id, first, cookie=request.state.caller.cookie)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _stream(site: Site, batch_id: str | None, first: str, *, cookie: str) -> AsyncIterator[str]:
    site.viewers += 1
    try:
        yield f"retry: 1000\n\ndata: {first}\n\n"
        sent, quiet = first, 0.0
        while True:
            await anyio.sleep(EVERY)
            if cookie and not site.sessions.is_valid(cookie):
                return
            try:
                text = await _now(site, batch_id)
            except (RefusedError, DialerError) as error:
                text = as_json({"error": str(error)}, indent=None)
            quiet += EVERY
            if text != sent or quiet >= _ALIVE_EVERY:
                yield f"data: {text}\n\n" if text != sent else "event: alive\ndata: yes\n\n"
                sent, quiet = text, 0.0
    finally:
        site.viewers -= 1


async def _now(site: Site, batch_id: str | None) -> str:
    """Return what is shown at this moment, as one line of JSON."""
    return await site.campaigns_json() if batch_id is None else as_json(await site.campaign(batch_id), indent=None)
