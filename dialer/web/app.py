"""The routes: a page for each screen, and the API that the page itself uses."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dialer.errors import DialerError
from dialer.messages import web as say
from dialer.web import api, downloads, pages
from dialer.web.actions import ACTIONS, WORKSPACE_ACTIONS
from dialer.web.events import events
from dialer.web.fields import RefusedError
from dialer.web.guard import TooLargeError, TooSlowError, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from dialer.web.site import Site

STATIC = Path(__file__).parent / "static"


def build(site: Site) -> Starlette:
    """Return the application, without its guard."""
    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/login", pages.login),
            Route("/logout", pages.logout, methods=["POST"]),
            Route("/", pages.campaigns),
            Route("/organisation", pages.organisation),
            Route("/campaigns/{id}", pages.campaign),
            Route("/campaigns/{id}/next", pages.next_list),
            Route("/campaigns/{id}/results.csv", downloads.results),
            Route("/campaigns/{id}/results.xlsx", downloads.workbook),
            Route("/campaigns/{id}/report", downloads.report),
            Route("/campaigns/{id}/rejects.csv", downloads.rejects),
            Route("/api/v1/campaigns", api.campaigns),
            Route("/api/v1/campaigns/{id}", api.campaign),
            Route("/api/v1/organisation", api.organisation),
            Route("/api/v1/events", events),
            Route("/api/v1/openapi.json", _openapi),
            Route("/campaigns/{id}/next", pages.take_list, methods=["POST"]),
            Route("/api/v1/campaigns/{id}/next", api.take_list, methods=["POST"]),
            *_posts("/campaigns/{id}/", "/api/v1/campaigns/{id}/", ACTIONS),
            *_posts("/organisation/", "/api/v1/organisation/", WORKSPACE_ACTIONS),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            RefusedError: _refused,
            DialerError: _failed,
            TooLargeError: _too_large,
            TooSlowError: _too_slow,
            ClientDisconnect: _gone,
            HTTPException: _no_page,
            Exception: _unforeseen,
        },
    )
    app.state.site = site
    return app


def _posts(page: str, api_path: str, verbs: Iterable[str]) -> list[Route]:
    """Return the routes of what can be done, from a form and as JSON."""
    return [
        route
        for verb in verbs
        for route in (
            Route(f"{page}{verb}", pages.act, methods=["POST"], name=verb),
            Route(f"{api_path}{verb}", api.act, methods=["POST"], name=verb),
        )
    ]


async def _openapi(_request: Request) -> Response:
    return FileResponse(Path(__file__).parent / "openapi.json", media_type="application/json")


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _answer(request: Request, status: int, words: str) -> Response:
    is_page = not request.url.path.startswith("/api/")
    if is_page and hasattr(request.state, "caller"):
        return await pages.error(request, status, words)
    return refusal(status, words, page=is_page)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return await _answer(request, error.status, str(error))


async def _failed(request: Request, error: Exception) -> Response:
    return await _answer(request, 409, str(error))


async def _too_large(request: Request, _error: Exception) -> Response:
    return await _answer(request, 413, say.TOO_LARGE)


async def _too_slow(request: Request, _error: Exception) -> Response:
    return await _answer(request, 408, say.TOO_SLOW)


async def _gone(_request: Request, _error: Exception) -> Response:
    # A browser that is closed during an upload reads no answer: this is not reported as a failure.
    return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await _answer(
        request, error.status_code, say.NO_PAGE if error.status_code == HTTPStatus.NOT_FOUND else say.NO_SUCH_METHOD
    )


async def _unforeseen(request: Request, _error: Exception) -> Response:
    return await _answer(request, 500, say.FAILED)
