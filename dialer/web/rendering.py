"""Templates: every text is escaped, whatever stands in a cell or in an answer of the provider."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dialer.messages.buttons import Button, Field


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dialer.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"Button": Button, "Field": Field}
    return environment


def drawn(template: str, **values: Any) -> str:  # noqa: ANN401 - what the template shows
    """Return a part of a page, as HTML."""
    return _environment().get_template(template).render(values)


def rendered(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401 - what the template shows
    """Return a page."""
    return HTMLResponse(drawn(template, **values), status)
