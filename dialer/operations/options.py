"""What one run is asked for, besides what the campaign says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.provider.interface import NO_TROUBLES, Troubles

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `dialer run`; each counts for one run.

    Attributes:
        limit: take up at most so many recipients.
        until: send nothing from then on; without an offset it is local time of the campaign, else of this machine.
        retry_errors: call everybody again whom the provider refused.
        redial_unknown: call everybody again whose call is unclear. They may be called twice.
        redial: call everybody once more whose last call ended so and is final, by the campaign's rules.
        adopt: go on from a results CSV whose ledger is lost.
        strict: call nobody while the prompt asks for variables that the campaign does not give.
        track: go on until every accepted call is over.
        troubles: what goes wrong in a trial.
        new_batch: the ledger is new on purpose, also where another batch has called most of the list.
        move_workspace: the ledger was moved from another workspace on purpose.
    """

    limit: int | None = None
    until: datetime | None = None
    retry_errors: bool = False
    redial_unknown: bool = False
    redial: tuple[str, ...] = ()
    adopt: bool = False
    strict: bool = False
    track: bool = False
    troubles: Troubles = NO_TROUBLES
    new_batch: bool = False
    move_workspace: bool = False

    @property
    def repeated(self) -> tuple[str, ...]:
        """The words of a command line that ask for the same again: a redial that was not made is not kept."""
        redial = ("--redial", ",".join(self.redial)) if self.redial else ()
        return (*(("--retry-errors",) if self.retry_errors else ()), *redial)
