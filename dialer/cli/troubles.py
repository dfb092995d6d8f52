"""The options that rehearse trouble in the sandbox."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import click

from dialer.messages.cli import SHARE, SLOW, TOO_MUCH_TROUBLE
from dialer.provider.interface import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)
_WHOLE = 100.0


def _share(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    if text is None:
        return 0.0
    match = _SHARE.fullmatch(text.strip())
    if match is None or float(match[1]) > _WHOLE:
        raise click.BadParameter(SHARE)
    return float(match[1]) / _WHOLE


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float:
    if text is None:
        return 0.0
    from dialer.config.campaign.values import MistakeError, duration_in  # noqa: PLC0415 - heavy, and seldom needed

    try:
        return duration_in(text)
    except MistakeError:
        raise click.BadParameter(SLOW) from None


def trouble_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take `--refuse`, `--lose` and `--slow`; it gets them as `troubles`."""

    @click.option(
        "--refuse", metavar="PERCENT", callback=_share, help="Trial: refuse this share of the calls, like 5%."
    )
    @click.option(
        "--lose", metavar="PERCENT", callback=_share, help="Trial: place this share of the calls, but lose the answer."
    )
    @click.option("--slow", metavar="TIME", callback=_seconds, help="Trial: answer this late, like 2s.")
    @functools.wraps(command)
    def with_troubles(*args: Any, refuse: float, lose: float, slow: float, **kwargs: Any) -> Any:  # noqa: ANN401 - the command's
        if refuse + lose > 1:
            raise click.UsageError(TOO_MUCH_TROUBLE)
        return command(*args, troubles=Troubles(refuse=refuse, lose=lose, slow=slow), **kwargs)

    return with_troubles
