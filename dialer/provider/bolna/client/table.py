"""What an answer, or the lack of one, means for the recipient and for the run: one table.

Only what proves that no call was placed is tried again. What the table does not name is in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx

from dialer.messages import provider as say
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client.reply import status_line, tidy
from dialer.provider.bolna.client.setup import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        when: the status codes, or the exception (with what derives from it and has no row of its own).
        outcome: what it means for the recipient.
        effect: what it means for the run.
        words: what happened, for a person; empty where the answer or the exception says it.
    """

    when: range | type[Exception]
    outcome: Outcome
    effect: Effect
    words: str = ""


def _one(status: int) -> range:
    return range(status, status + 1)


_DOUBT = (Outcome.UNKNOWN, Effect.GO_ON)
_MISSED = (Outcome.RETRY, Effect.BACK_OFF)
_REFUSED = (Outcome.ERROR, Effect.GO_ON)
_PERSON = (Outcome.RETRY, Effect.END)

TABLE: tuple[Row, ...] = (
    Row(range(100, 200), *_DOUBT),  # no final answer
    Row(range(200, 300), Outcome.QUEUED, Effect.GO_ON),  # accepted; in doubt without an execution_id
    # A server that redirects is not Bolna's API: what it did with the request is not known.
    Row(range(300, 400), Outcome.UNKNOWN, Effect.END),  # redirected: the base URL is wrong
    Row(_one(400), *_REFUSED),
    Row(_one(401), *_PERSON),  # the key is not accepted
    Row(_one(402), *_PERSON),  # no money
    # Of the recipient or of everybody? That takes the run's history: the runner decides.
    Row(_one(403), *_REFUSED),
    Row(_one(404), *_REFUSED),
    Row(range(405, 422), *_DOUBT),  # not documented
    Row(_one(422), *_REFUSED),  # refused by validation
    Row(range(423, 429), *_DOUBT),  # not documented
    Row(_one(429), Outcome.RETRY, Effect.HOLD),
    Row(range(430, 500), *_DOUBT),  # not documented
    # A gateway says 5xx also when the call was placed behind it.
    Row(range(500, 503), *_DOUBT),
    Row(_one(503), Outcome.UNKNOWN, Effect.HOLD),
    Row(range(504, 600), *_DOUBT),
    # Before the request was sent.
    Row(SetupError, *_PERSON),
    Row(httpx.ConnectError, *_MISSED, say.NOT_CONNECTED),
    Row(httpx.ConnectTimeout, *_MISSED, say.NOT_CONNECTED_IN_TIME),
    Row(httpx.PoolTimeout, *_MISSED, say.NO_FREE_CONNECTION),
    # Raised only while the tunnel to Bolna is made.
    Row(httpx.ProxyError, *_MISSED, say.NO_TUNNEL),
    # The request could not be written down as HTTP, and no other one could: trying again is of no use.
    Row(httpx.LocalProtocolError, *_PERSON, say.REQUEST_NOT_SENDABLE),
    Row(httpx.UnsupportedProtocol, *_PERSON, say.ADDRESS_NOT_USABLE),
    Row(httpx.InvalidURL, *_PERSON, say.ADDRESS_NOT_USABLE),
    # Past the connect stage the same exception is seen whether or not the server had read the request.
    Row(httpx.ReadTimeout, *_DOUBT, say.NO_ANSWER_IN_TIME),
    Row(httpx.WriteTimeout, *_DOUBT, say.NOT_ALL_SENT_IN_TIME),
    Row(httpx.TimeoutException, *_DOUBT, say.NO_ANSWER_IN_TIME),
    Row(TimeoutError, *_DOUBT, say.NO_WHOLE_ANSWER_IN_TIME),
    Row(httpx.ReadError, *_DOUBT, say.BROKE_BEFORE_ANSWER),
    Row(httpx.WriteError, *_DOUBT, say.BROKE_WHILE_SENDING),
    Row(httpx.CloseError, *_DOUBT, say.CONNECTION_BROKE),
    Row(httpx.NetworkError, *_DOUBT, say.CONNECTION_BROKE),
    Row(httpx.RemoteProtocolError, *_DOUBT, say.NO_WHOLE_ANSWER),
    Row(httpx.ProtocolError, *_DOUBT, say.NO_WHOLE_ANSWER),
    Row(httpx.DecodingError, *_DOUBT, say.ANSWER_NOT_DECODED),
    Row(httpx.TooManyRedirects, Outcome.UNKNOWN, Effect.END, say.REDIRECTED),
    Row(httpx.TransportError, *_DOUBT, say.CONNECTION_FAILED),
    Row(httpx.RequestError, *_DOUBT, say.REQUEST_FAILED),
    # This client causes none of these. If one comes, an assumption is wrong.
    Row(httpx.HTTPStatusError, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.HTTPError, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.CookieConflict, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.StreamConsumed, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.StreamClosed, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.ResponseNotRead, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.RequestNotRead, *_DOUBT, say.NOT_EXPECTED),
    Row(httpx.StreamError, *_DOUBT, say.NOT_EXPECTED),
    Row(Exception, *_DOUBT, say.NOT_EXPECTED),
)


def _rows() -> Iterator[tuple[int | type[Exception], Row]]:
    for row in TABLE:
        if isinstance(row.when, range):
            yield from ((status, row) for status in row.when)
        else:
            yield row.when, row


_ROWS = dict(_rows())
_UNNAMED = Row(Exception, *_DOUBT)


def answer_of_status(
    status: int,
    *,
    words: str = "",
    is_whole: bool = True,
    execution_id: str | None = None,
    retry_after: float | None = None,
    skew: float | None = None,
) -> Answer:
    """Return what an answer with this status means.

    Args:
        status: the status code.
        words: what the body says.
        is_whole: the answer came to its end; one that did not proves nothing.
        execution_id: the id in the body; without one an accepting status is in doubt.
        retry_after: seconds the server asked to wait.
        skew: seconds the server's clock is ahead of ours.
    """
    row = _ROWS.get(status, _UNNAMED)
    queued = is_whole and row.outcome is Outcome.QUEUED and execution_id is not None
    doubtful = not is_whole or (row.outcome is Outcome.QUEUED and not queued)
    outcome = Outcome.UNKNOWN if doubtful else row.outcome
    return Answer(
        outcome=outcome,
        effect=row.effect,
        words="" if queued else words or status_line(status),
        execution_id=execution_id if queued else None,
        http_status=status,
        retry_after=retry_after,
        skew=skew,
    )


def answer_of_exception(error: Exception, *, begun: bool = False, secret: str = "") -> Answer:
    """Return what it means that no answer came.

    Args:
        error: what was raised instead.
        begun: the body had begun to leave; then no exception proves that no call was placed.
        secret: the key, which never appears in the words.
    """
    row = next(_ROWS[kind] for kind in type(error).__mro__ if kind in _ROWS)
    outcome, effect = row.outcome, row.effect
    if begun and outcome is Outcome.RETRY:
        outcome, effect = Outcome.UNKNOWN, effect if effect is Effect.END else Effect.GO_ON
    return Answer(outcome=outcome, effect=effect, words=_words(row, error, secret), advice=getattr(error, "advice", ""))


def _words(row: Row, error: Exception, secret: str) -> str:
    return say.no_answer(row.words, kind=type(error).__name__, said=tidy(str(error), secret=secret))


def unsent(answer: Answer) -> Answer:
    """Return an answer as it counts where the body of the request has not begun to leave: surely no call."""
    effect = answer.effect if answer.effect in {Effect.END, Effect.HOLD} else Effect.BACK_OFF
    return replace(answer, outcome=Outcome.RETRY, effect=effect, execution_id=None)
