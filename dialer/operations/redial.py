"""Who is called again because a person asked: the refused, the unclear, and whom the last call has not reached."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dialer.errors import DeclinedError
from dialer.models import Status, e164
from dialer.store import RedialRules, until_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from dialer.config.campaign.schema import Redialling
    from dialer.messages.commands import Selection
    from dialer.store import AsyncStore, Redial

YOUNG = 1800.0
"""An unknown attempt younger than this many seconds may still turn up at the provider: it is not redialled."""
_SHOWN = 10
"""Numbers that a question names."""


class Release:
    """Makes people callable again for one run.

    Args:
        ledger: where they are; the decision is kept.
        rules: of the campaign.
        note: told what came of it.
        selection: the batch, as it is named on the command line.
    """

    def __init__(
        self, ledger: AsyncStore, rules: Redialling, note: Callable[[str], None], *, selection: Selection
    ) -> None:
        self._ledger = ledger
        self._selection = selection
        self._rules = rules
        self._note = note

    async def errors(self) -> None:
        """Release everybody whom the provider refused and never called."""
        found = await self._release(Status.ERROR, what="--retry-errors")
        self._note(f"{found.released} that were refused are called again (--retry-errors)")
        self._tell(found)

    async def unknown(self, ask: Callable[[str], Awaitable[bool]] | None) -> tuple[str, ...]:
        """Release those of whom nobody knows whether they were called, and return their numbers.

        Raises:
            DeclinedError: somebody was asked and said no.
        """
        unknown = until_of(await self._ledger.doubts())
        old = [key for key, until in unknown.items() if time.time() - until >= YOUNG]
        if len(old) < len(unknown):
            self._note(
                f"{len(unknown) - len(old)} unknown are not redialled: younger than {YOUNG / 60:.0f} minutes, they "
                f"may still turn up at Bolna"
            )
        if not old:
            return ()
        rules = self._limits(())
        found = await self._ledger.may_be_permitted(Status.UNKNOWN, rules, keys=old)
        numbers = tuple(map(e164, found))
        if numbers and ask is not None and not await ask(_question(numbers)):
            raise DeclinedError("Nothing was dialled.")
        self._tell(await self._release(Status.UNKNOWN, what="--redial-unknown", keys=old))
        return numbers

    async def outcomes(self, outcomes: Collection[str]) -> None:
        """Release everybody whose last call ended so, and say who has to wait, and for what."""
        what = f"--redial {','.join(sorted(outcomes))}"
        self._tell(await self._release(Status.QUEUED, what=what, outcomes=outcomes))

    async def _release(
        self, state: Status, *, what: str, outcomes: Collection[str] = (), keys: Sequence[str] | None = None
    ) -> Redial:
        rules = self._limits(outcomes)
        return await self._ledger.permit(state, rules, what=what, keys=keys)

    def _limits(self, outcomes: Collection[str]) -> RedialRules:
        return RedialRules(outcomes, max_attempts=self._rules.max_attempts, after=self._rules.redial_after)

    def _tell(self, found: Redial) -> None:
        for text in told(found, self._limits(()), self._selection):
            self._note(text)


def _question(numbers: Sequence[str]) -> str:
    shown = f"{', '.join(numbers[:_SHOWN])}{' ...' if len(numbers) > _SHOWN else ''}"
    who = "1 person" if len(numbers) == 1 else f"{len(numbers):,} people"
    return f"{who} may have been called already. This run calls them, perhaps for the second time:\n  {shown}"


def told(found: Redial, rules: RedialRules, selection: Selection) -> list[str]:
    """Return who has to wait before they are called once more, in words."""
    lines = []
    if found.young and found.ripe_from is not None and found.ripe_by is not None:
        lines.append(
            f"{found.young:,} are not redialled yet, as their call ended less than {rules.after / 60:.0f} minutes ago: "
            f"the first can be from {_clock(found.ripe_from)} on, all from {_clock(found.ripe_by)} on"
        )
    if found.spent:
        lines.append(f"{found.spent:,} are not redialled: they had {rules.max_attempts} calls (max_attempts)")
    if found.open:
        lines.append(
            f"{found.open:,} are not redialled: their call is not final, so it may still ring or be retried by Bolna"
        )
    if found.reached:
        lines.append(f"{found.reached:,} are not redialled: another call has reached them")
    if found.untold:
        # The calls of a trial ended with the stand-in that took them.
        ask = "" if selection.sandbox else f". To ask: {selection.command('track')}"
        lines.append(f"Bolna has said nothing about {found.untold:,} of those calls yet{ask}")
    return lines


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
