"""What ends a run early when it cannot go well: outcomes in, verdict out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dialer import provider
from dialer.errors import ExitCode
from dialer.messages import engine as say
from dialer.messages.provider import cannot_leave, check_settings, key_refused
from dialer.models import Answer, Effect, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

DOUBTFUL, AMONG = 25, 100
"""The number of `unknown` outcomes that ends the run, and the number of last outcomes that count."""
LIMITED_FOR = 600.0
"""Seconds of nothing but 429s that end the run."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Why a run ends early.

    Attributes:
        words: what happened, with the provider's words, for a person.
        advice: what to fix, and the command that goes on.
        exit_code: MUST_ACT, or LEFT if it is enough to try again later.
        code: the kind of it, as the ledger keeps it.
        facts: what belongs to it.
    """

    words: str
    advice: str
    exit_code: ExitCode = ExitCode.MUST_ACT
    code: str = "could_not_go_on"
    facts: Mapping[str, float] = field(default_factory=dict)


class Breaker:
    """Watches the answers of one run.

    Args:
        errors_in_a_row: number of consecutive `error` or `unknown` answers that ends the run.
        outage_after: seconds of nothing but failed connections that end the run.
    """

    def __init__(self, *, errors_in_a_row: int = 20, outage_after: float = 90.0) -> None:
        self._errors_in_a_row = errors_in_a_row
        self.outage_after = outage_after
        self._row = 0
        self._last: deque[bool] = deque(maxlen=AMONG)
        self._any_queued = False
        self._limited_since: float | None = None
        self._outage_since: float | None = None

    def judge(self, answer: Answer, *, now: float, agent_gone: bool = False) -> tuple[Answer, Trip | None]:
        """Return the answer as it counts in this run's context, and why the run ends, if it does.

        Args:
            answer: what the request came to.
            now: seconds on a monotonic clock.
            agent_gone: for a 404: the provider does not know the agent either.
        """
        answer = self._in_context(answer, agent_gone=agent_gone)
        self._any_queued |= answer.outcome is Outcome.QUEUED
        if answer.effect is Effect.END:
            return answer, _ended(answer)
        return answer, self._counted(answer, now)

    def pause(self) -> None:
        """Reset the outage timers: the run waits, and failures after that start anew."""
        self._limited_since = self._outage_since = None

    def _in_context(self, answer: Answer, *, agent_gone: bool) -> Answer:
        """403 before anything was accepted is the key's fault, and 404 the agent's when the agent is gone."""
        refused_key = answer.http_status == 403 and not self._any_queued  # noqa: PLR2004 - HTTP's numbers speak for themselves
        gone = answer.http_status == 404 and agent_gone  # noqa: PLR2004 - as above
        if answer.outcome is Outcome.ERROR and (refused_key or gone):
            return replace(answer, outcome=Outcome.RETRY, effect=Effect.END)
        return answer

    def _counted(self, answer: Answer, now: float) -> Trip | None:
        if answer.outcome is Outcome.RETRY:
            return self._waited(answer, now)
        self._limited_since = self._outage_since = None
        self._row = 0 if answer.outcome is Outcome.QUEUED else self._row + 1
        self._last.append(answer.outcome is Outcome.UNKNOWN)
        if self._row >= self._errors_in_a_row:
            return Trip(*say.many_errors(self._row, last=answer.words), code="many_errors", facts={"count": self._row})
        if (doubtful := sum(self._last)) >= DOUBTFUL:
            names = provider.VENDOR.names
            said = say.many_unknown(doubtful, among=len(self._last), last=answer.words, names=names)
            return Trip(*said, code="many_unclear", facts={"count": doubtful})
        return None

    def _waited(self, answer: Answer, now: float) -> Trip | None:
        return self._cut_off(answer, now) if answer.effect is Effect.BACK_OFF else self._limited(answer, now)

    def _cut_off(self, answer: Answer, now: float) -> Trip | None:
        self._outage_since = now if self._outage_since is None else self._outage_since
        seconds = now - self._outage_since
        if seconds < self.outage_after:
            return None
        said = say.no_connection(seconds, last=answer.words, names=provider.VENDOR.names)
        return Trip(*said, ExitCode.LEFT, "no_connection", {"seconds": seconds})

    def _limited(self, answer: Answer, now: float) -> Trip | None:
        # Not begun anew by a failed connection: the two in turn would never end.
        self._limited_since = now if self._limited_since is None else self._limited_since
        self._outage_since = None
        seconds = now - self._limited_since
        if seconds < LIMITED_FOR:
            return None
        said = say.too_many_requests(seconds, last=answer.words, names=provider.VENDOR.names)
        return Trip(*said, ExitCode.LEFT, "too_many_requests", {"seconds": seconds})


def no_money(wallet: float) -> Trip | None:
    """Return why nothing can be called on this wallet, or None; its unit is not documented, so only its sign counts."""
    return None if wallet > 0 else Trip(*say.no_money(wallet, provider.VENDOR.names), code="no_money")


def _ended(answer: Answer) -> Trip:
    words, names = answer.words, provider.VENDOR.names
    match answer.http_status:
        case 401 | 403:
            return Trip(*key_refused(words, names), code="key_refused")
        case 402:
            return Trip(*say.must_pay(words, names), code="no_money")
        case 404:
            return Trip(*say.agent_not_known(words, names), code="agent_not_known")
        case None:
            return Trip(*cannot_leave(words, answer.advice or check_settings(names)), code="cannot_leave")
        case _:
            return Trip(*say.other_server(words, names), code="other_server")
