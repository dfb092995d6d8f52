"""How the last run of a batch ended, as its ledger keeps it: codes and figures, no sentences."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialer.errors import DeclinedError, DialerError, ExitCode, InterruptedRunError, LedgerError, UnansweredError
from dialer.messages.words import first_line, first_sentence
from dialer.moments import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from dialer.engine.breaker import Trip
    from dialer.store import AsyncStore
    from dialer.store.interface import Notes

ENDED = "run_ended"
"""Under this name a ledger notes how its last run ended; empty from the first request on until it has."""
KILLED, INTERRUPTED, PAUSED, LEFT, FINISHED, FAILED = (
    *("killed", "interrupted", "paused", "left", "finished", "failed"),
)
_STOPS = {ExitCode.USAGE, ExitCode.MUST_ACT, ExitCode.INTERRUPTED, ExitCode.TERMINATED}


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the last run ended.

    Attributes:
        reason: one of the codes above, or the code of a `Trip`.
        exit_code: the exit code of the run; None if it was killed.
        at: time of the end (UTC); None as above.
        facts: details of the reason, such as the number of refusals; for a failed run, its `words`.
    """

    reason: str
    exit_code: int | None = None
    at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_stop(self) -> bool:
        """Whether it ended before it had done what it could."""
        return self.reason == KILLED or self.exit_code in _STOPS


def note_ending(store: Notes, reason: str, exit_code: ExitCode, *, facts: Mapping[str, object] | None = None) -> None:
    """Keep how a run ended, in one transaction."""
    value = {"reason": reason, "exit_code": int(exit_code), "at": time.time(), "facts": dict(facts or {})}
    store.set_note(ENDED, json.dumps(value, ensure_ascii=False))


@contextlib.asynccontextmanager
async def failure_noted(ledger: AsyncStore) -> AsyncIterator[None]:
    """Keep why a run failed inside, most often before it sent anything; not that a person ended it."""
    try:
        yield
    except (DeclinedError, InterruptedRunError, UnansweredError):
        raise
    except DialerError as error:
        code, facts = error.exit_code, {"words": first_sentence(first_line(str(error)))}
        with contextlib.suppress(LedgerError):
            # Where others call it, the batch has not stopped.
            if not (await ledger.others()).working:
                await ledger.call(lambda store: note_ending(store, FAILED, code, facts=facts))
        raise


def reason_of(trip: Trip | None, exit_code: ExitCode, *, is_interrupted: bool) -> str:
    """Return the code of why a run ended."""
    if trip is not None:
        return trip.code
    if is_interrupted:
        return INTERRUPTED
    return LEFT if exit_code is ExitCode.LEFT else FINISHED


def last_run(store: Notes, *, zone: str | None) -> LastRun | None:
    """Return how the last run ended, where none goes on, by a zone's clock; None where the ledger does not say."""
    text = store.note(ENDED)
    if not text:
        return None if text is None else LastRun(KILLED)
    kept = json.loads(text)
    at = shown(kept["at"], zone)
    return LastRun(kept["reason"], kept["exit_code"], at, kept["facts"])
