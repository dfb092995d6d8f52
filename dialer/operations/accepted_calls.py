"""Calls that the provider has accepted and that may still ring: what is too late for the do-not-call list."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.config.workspace import workspace_of
from dialer.errors import DialerError
from dialer.messages.commands import Selection
from dialer.models import e164
from dialer.numbers import line
from dialer.operations.workspace_batches import kept_batches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from dialer.operations.workspace_batches import Kept
    from dialer.store import Store


@dataclass(frozen=True, slots=True)
class Accepted:
    """The calls of a batch to some numbers that may still ring, as far as its ledger knows.

    Attributes:
        ledger: its path, or the batch's name in the workspace's database.
        numbers: E.164, one for each call.
        selection: the batch, as it is named on the command line; None where its ledger does not say.
    """

    ledger: str
    numbers: tuple[str, ...]
    selection: Selection | None


def accepted_calls(numbers: Collection[int], folder: Path) -> tuple[Accepted, ...]:
    """Return which batches of a workspace have calls to some numbers that may still ring; trials ring nowhere.

    Args:
        numbers: E.164 digits.
        folder: of the workspace, as in `list_batches`.
    """
    lines, found = set(map(line, numbers)), []
    # `list` and its next run name a ledger that cannot be read.
    with contextlib.suppress(DialerError), kept_batches(workspace_of(folder), sandbox=False) as batches:
        for kept in batches:
            with contextlib.suppress(DialerError), kept.opened() as ledger:
                if called := tuple(e164(number) for number in _open(ledger) if line(number) in lines):
                    found.append(Accepted(kept.shown, called, _selection(kept, ledger)))
    return tuple(found)


def _open(ledger: Store) -> Iterator[int]:
    after = 0
    while calls := ledger.open_calls(after=after):
        yield from (call.number for call in calls if not call.state.is_final)
        after = calls[-1].attempt


def _selection(kept: Kept, ledger: Store) -> Selection | None:
    campaign = kept.campaign(ledger)
    return kept.selection(ledger) or (None if campaign is None else Selection(campaign))
