"""What one run is asked for, besides what the campaign says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialer.provider.interface import NO_TROUBLES, Troubles

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `dialer run`; each applies to one run.

    Attributes:
        limit: call at most this many recipients.
        until: end of sending; without an offset, local time of the campaign, else of this machine.
        retry_errors: call recipients again if the provider refused their call.
        redial_unknown: call recipients again if their call is unknown. They may be called twice.
        redial: call recipients again if their last call is final with one of these outcomes, by the campaign's rules.
        adopt: continue from a results CSV if its ledger is lost.
        strict: place no call while the prompt uses variables that the campaign does not provide.
        track: continue until every accepted call is over.
        troubles: the faults that a trial simulates.
        new_batch: the ledger is new on purpose, even if another batch has called most of the list.
        move_workspace: the ledger was moved from another workspace on purpose.
        join: call beside other runs of the batch, on hosts that share a database.
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
    join: bool = False

    @property
    def repeated(self) -> tuple[str, ...]:
        """The words of a command line that ask for the same again: a redial that was not made is not kept."""
        redial = ("--redial", ",".join(self.redial)) if self.redial else ()
        return (*(("--retry-errors",) if self.retry_errors else ()), *redial)

    @property
    def kept(self) -> tuple[str, ...]:
        """The words that each further run needs as well: how a person wants to call."""
        given = {"--strict": self.strict, "--track": self.track, "--join": self.join}
        return tuple(option for option, is_given in given.items() if is_given)
