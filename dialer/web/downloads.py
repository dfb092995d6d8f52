"""What can be taken along from the page: results, workbook, report, the rows that are not called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from dialer.escaping import on_one_line
from dialer.messages import web as say
from dialer.operations.serve.documents import bring_results, make_document
from dialer.operations.serve.live import batch_of
from dialer.web.fields import RefusedError
from dialer.web.site import files_of, in_thread, named, site_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from dialer.config.batch import Batch
    from dialer.operations.entries import Entry

_AT_ONCE = CapacityLimiter(2)
# A report is one file with its styles and pictures in it, and no script.
_REPORT_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


async def results(request: Request) -> Response:
    """Send the results as they are on disk, or in the database."""
    batch = await _batch(request, files_of)
    return _file(batch.results, f"{batch.name}.csv", "text/csv; charset=utf-8")


async def workbook(request: Request) -> Response:
    """Send the results as a workbook."""
    batch, path = await _batch(request, _named_files), await _made(request, "results", ".xlsx")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(path, f"{batch.name}.xlsx", kind, is_ours=True)


async def report(request: Request) -> Response:
    """Show the report."""
    answer = _file(await _made(request, "report", ".html"), "", "text/html; charset=utf-8", is_ours=True)
    answer.headers["content-security-policy"] = _REPORT_CSP
    return answer


async def rejects(request: Request) -> Response:
    """Send the rows that are not called, each with the reason, as the last check has found them."""
    site, entry = site_of(request), await site_of(request).entry(request.path_params["id"])
    path = site.works.rejects(entry.id)
    if not path.is_file():
        raise RefusedError(404, say.NO_REJECTS)
    return _file(path, f"{entry.batch}.rejects.csv", "text/csv; charset=utf-8")


def _named_files(entry: Entry) -> Batch:
    """Return the files of a batch for a command, which reads its campaign file."""
    return batch_of(named(entry))


async def _batch(request: Request, files: Callable[[Entry], Batch]) -> Batch:
    entry = await site_of(request).entry(request.path_params["id"])
    batch = await in_thread(files, entry)
    async with _AT_ONCE:
        await in_thread(bring_results, batch)
    if not batch.results.is_file():
        raise RefusedError(404, say.NO_RESULTS)
    return batch


async def _made(request: Request, verb: str, ending: str) -> Path:
    selection = (await _batch(request, _named_files)).selection
    to = site_of(request).board.lists.arriving.with_suffix(ending)
    async with _AT_ONCE:
        await in_thread(make_document, selection, verb, to=to)
    return to


def _file(path: Path, name: str, kind: str, *, is_ours: bool = False) -> FileResponse:
    """Return a file; one of ours is gone once it was sent."""
    gone = BackgroundTask(in_thread, path.unlink, missing_ok=True) if is_ours else None
    # Marks that turn the direction of letters could pass it off as a file of another kind.
    return FileResponse(path, media_type=kind, filename=on_one_line(name) or None, background=gone)
