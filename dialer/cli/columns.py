"""The one question about a list: which column holds the phone numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from dialer.cli.asking import choose, is_anybody_there, say
from dialer.cli.signals import with_signals
from dialer.errors import ColumnError
from dialer.messages.cli import column_taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialer.config.campaign import Campaign

_Done = TypeVar("_Done")


def with_phone_column(campaign: Campaign, work: Callable[[Campaign], _Done], *, asks: bool = True) -> _Done:
    """Do some work on a campaign; if the phone column is not clear, ask for it, and try again.

    Args:
        campaign: the campaign.
        work: called at most twice; it must change nothing before it raises `ColumnError`.
        asks: whether questions are allowed.

    Raises:
        ColumnError: questions are not allowed, or the answer is that no column holds the numbers.
    """
    try:
        return work(campaign)
    except ColumnError as doubt:
        if not (asks and doubt.columns and is_anybody_there()):
            raise
        words, columns = str(doubt), doubt.columns
        column, _ = with_signals(lambda control: choose(words, columns, control=control))
        if column is None:
            raise
    say(column_taken(column))
    return work(replace(campaign, columns=campaign.columns.model_copy(update={"phone": [column]})))
