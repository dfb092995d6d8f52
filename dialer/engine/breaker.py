"""What ends a run early when it cannot go well: outcomes in, verdict out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from dialer.errors import ExitCode
from dialer.models import Answer, Effect, Outcome

DOUBTFUL, AMONG = 25, 100
"""This many `unknown` among the last so many end the run."""
LIMITED_FOR = 600.0
"""Seconds in which a 429 is all that anybody gets, and which end the run."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Why a run ends early.

    Attributes:
        words: what happened, with Bolna's words, for a person.
        advice: what to mend, and the command that goes on.
        exit_code: MUST_ACT, or LEFT where trying again later is all there is to do.
    """

    words: str
    advice: str
    exit_code: ExitCode = ExitCode.MUST_ACT


class Breaker:
    """Watches the answers of one run.

    Args:
        errors_in_a_row: so many answers in a row that are `error` or `unknown` end the run.
        outage_after: seconds of nothing but failed connections that end it.
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
            agent_gone: for a 404: Bolna does not know the agent either.
        """
        answer = self._in_context(answer, agent_gone=agent_gone)
        self._any_queued |= answer.outcome is Outcome.QUEUED
        if answer.effect is Effect.END:
            return answer, _ended(answer)
        return answer, self._counted(answer, now)

    def pause(self) -> None:
        """Forget since when nothing got through: the run waits, and what happens afterwards is something new."""
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
            return Trip(
                f"{self._row} answers in a row were refusals or unclear; the last one: {_said(answer)}.",
                "Look at the `error` column of the results, fix the cause, then run the same command again; "
                "add --retry-errors to call the refused ones as well.",
            )
        if sum(self._last) >= DOUBTFUL:
            return Trip(
                f"{sum(self._last)} of the last {len(self._last)} answers left it unclear whether a call was placed; "
                f"the last one: {_said(answer)}.",
                "Bolna or the network has trouble. Run the same command again later: it looks for the unclear calls "
                "first.",
            )
        return None

    def _waited(self, answer: Answer, now: float) -> Trip | None:
        return self._cut_off(answer, now) if answer.effect is Effect.BACK_OFF else self._limited(answer, now)

    def _cut_off(self, answer: Answer, now: float) -> Trip | None:
        self._outage_since = now if self._outage_since is None else self._outage_since
        if now - self._outage_since < self.outage_after:
            return None
        return Trip(
            f"No connection to Bolna for {now - self._outage_since:.0f} seconds: {_said(answer)}.",
            "Check the network, then run the same command again.",
            ExitCode.LEFT,
        )

    def _limited(self, answer: Answer, now: float) -> Trip | None:
        # Not begun anew by a failed connection: the two in turn would never end.
        self._limited_since = now if self._limited_since is None else self._limited_since
        self._outage_since = None
        if now - self._limited_since < LIMITED_FOR:
            return None
        return Trip(
            f"No call got through for {(now - self._limited_since) / 60:.0f} minutes, Bolna asks to wait (429): "
            f"{_said(answer)}.",
            "The limit is shared by the whole organisation: something else may be using it up. Run the same command "
            "again later.",
            ExitCode.LEFT,
        )


def no_money(wallet: float) -> Trip | None:
    """Return why nothing can be called on this wallet, or None; its unit is not documented, so only its sign counts."""
    if wallet > 0:
        return None
    return Trip(
        f"The account's wallet stands at {wallet:g}.",
        "Recharge it on Bolna's dashboard, then run the same command again.",
    )


def _said(answer: Answer) -> str:
    return answer.words.rstrip(" .")


def _ended(answer: Answer) -> Trip:
    words = _said(answer)
    match answer.http_status:
        case 401 | 403:
            happened, mend = f"Bolna refused the key: {words}.", "Set BOLNA_API_KEY to a valid key"
        case 402:
            happened, mend = f"Bolna asks for payment: {words}.", "Recharge the account on Bolna's dashboard"
        case 404:
            happened, mend = f"Bolna does not know the agent: {words}.", "Check `agent_id` in the campaign file"
        case None:
            happened, mend = (
                f"No request can leave: {words}.",
                answer.advice or "Check BOLNA_BASE_URL and BOLNA_API_KEY",
            )
        case _:
            happened, mend = f"The server is not Bolna's API: {words}.", "The base URL is wrong: check BOLNA_BASE_URL"
    return Trip(happened, f"{mend}, then run the same command again.")
