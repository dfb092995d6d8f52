"""The look before a new ledger's first call: is it a new batch, or one that was called under another name?"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from dialer.errors import DeclinedError, UnansweredError
from dialer.messages.operations import eligibility as say
from dialer.messages.operations.run import NOTHING_DIALLED
from dialer.numbers import line, spellings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from dialer.config.campaign import Campaign
    from dialer.store import AsyncStore
    from dialer.store.shared import OtherBatches

SAMPLE = 1000
"""Size of the sample of numbers, spread over the list, to look up in the other ledgers."""
SHARE = 0.45
"""From this part of them on the list looks as if it had been called before."""


async def refuse_repeated(
    campaign: Campaign,
    ledger: AsyncStore,
    others: OtherBatches | None,
    *,
    ask: Callable[[str], Awaitable[bool]] | None,
) -> None:
    """Refuse a new ledger that may repeat another batch, unless the user says that the batch is new.

    Args:
        campaign: the campaign.
        ledger: its ledger, with the list in it.
        others: the other batches; None to ignore them.
        ask: receives the question, in words; None: questions are not allowed.

    Raises:
        DeclinedError: the user says that it is not new.
        UnansweredError: questions are not allowed.
        LedgerError: another ledger cannot be read.
    """
    selection = campaign.batch.selection
    if await ledger.has_attempts() or campaign.sandbox or selection.batch is not None:
        return
    doubts = _linked(campaign.batch.ledger)
    if others is not None:
        doubts += _called(await ledger.spread(SAMPLE), others)
    if not doubts:
        return
    doubt = "\n".join(doubts)
    if ask is None:
        raise UnansweredError(say.not_a_new_batch(doubt, command=selection.command("run", "--new-batch")))
    if not await ask(say.is_it_new(doubt)):
        raise DeclinedError(NOTHING_DIALLED)


def _called(sample: Sequence[int], others: OtherBatches) -> list[str]:
    """Say which batches have called most of the list, if any."""
    spelled = [spelling for number in sample for spelling in spellings(number)]
    wanted = Counter(map(line, sample))
    known: set[int] = set()
    by: Counter[str] = Counter()
    for batch, numbers in others.known(spelled, now=time.time()):
        lines = set(map(line, numbers))
        by[batch] += sum(wanted[one] for one in lines)
        known |= lines
    called = sum(wanted[one] for one in known)
    if called < SHARE * len(sample) or not called:
        return []
    who = [(batch, count) for batch, count in by.most_common(5)]
    return [say.called_before(called, len(sample), by=who, is_sample=len(sample) == SAMPLE)]


def _linked(ledger: Path) -> list[str]:
    """Say that a ledger lies behind a symbolic link, where it does."""
    # A link in the root folder belongs to the system (/tmp on macOS).
    folders = [one for one in ledger.absolute().parents if len(one.parts) > 2]  # noqa: PLR2004 - the root and one name
    links = [one for one in folders if one.is_symlink()]
    return [say.behind_link(ledger, link=link, target=link.readlink()) for link in links[-1:]]
