"""The batch of a campaign that came before another."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dialer.errors import DialerError
from dialer.operations.workspace_batches import kept_batches, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialer.config.batch import Batch
    from dialer.config.workspace import Workspace
    from dialer.operations.workspace_batches import Kept
    from dialer.store import Store


@contextlib.contextmanager
def former_batch(batch: Batch, workspace: Workspace, ledger: Store) -> Iterator[Store | None]:
    """Yield the ledger of the campaign's batch that was begun last before another; None if there is none.

    Args:
        batch: the other.
        workspace: in which to look; what cannot be read in it is left out.
        ledger: of the other.
    """
    with contextlib.ExitStack() as stack:
        kept: Sequence[Kept] = ()
        # Where the workspace cannot be looked through, the batch has its figures all the same.
        with contextlib.suppress(DialerError):
            kept = stack.enter_context(kept_batches(workspace, sandbox=batch.selection.sandbox))
        former = _former(batch, kept, began=ledger.span()[1])
        yield None if former is None else stack.enter_context(former.opened())


def _former(batch: Batch, kept: Sequence[Kept], *, began: float | None) -> Kept | None:
    own = key_of(batch)
    others = [one for one in kept if one.key != own]
    begun = [(at, one) for one in others if (at := _began(one, batch)) is not None and (began is None or at < began)]
    return max(begun, key=lambda one: one[0])[1] if begun else None


def _began(kept: Kept, batch: Batch) -> float | None:
    """Return when a batch's first call was made (Unix seconds); None where it is not the campaign's, or had none."""
    with contextlib.suppress(DialerError), kept.opened() as ledger:
        if kept.is_of(batch.campaign, ledger):
            return ledger.span()[1]
    return None
