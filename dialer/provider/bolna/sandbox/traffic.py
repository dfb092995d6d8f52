"""What the server was asked: counters, and the limit of requests in a rolling window."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Window:
    """Takes at most `limit` requests in any `seconds`."""

    def __init__(self, limit: int | None, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Take a request that comes now and return 0, or return the seconds until one would be taken."""
        if self._limit is None:
            return 0.0
        while self._taken and self._taken[0] + self._seconds <= now:
            self._taken.popleft()
        if len(self._taken) < self._limit:
            self._taken.append(now)
            return 0.0
        return self._taken[0] + self._seconds - now


class Traffic:
    """Counters of the documented endpoints, by method and path with ids as in the documentation.

    Attributes:
        requests: how many came.
        answers: how many answers began, by status code.
        connections: how many were opened.
        in_flight: how many requests are being answered.
        max_in_flight: the most there were at a time.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.connections = 0
        self.in_flight: Counter[str] = Counter()
        self.max_in_flight: Counter[str] = Counter()

    def connect(self) -> int:
        """Count a connection; return its number, from 1."""
        self.connections += 1
        return self.connections

    @contextmanager
    def flight(self, name: str) -> Iterator[None]:
        """Count a request, as in flight until the end."""
        self.requests[name] += 1
        self.in_flight[name] += 1
        self.max_in_flight[name] = max(self.max_in_flight[name], self.in_flight[name])
        try:
            yield
        finally:
            self.in_flight[name] -= 1

    def counters(self) -> dict[str, Any]:
        """Return the counters, by name."""
        return {
            "requests": dict(self.requests),
            "answers": {str(status): many for status, many in self.answers.items()},
            "throttled": self.answers[429],
            "connections": self.connections,
            "in_flight": dict(self.in_flight),
            "max_in_flight": dict(self.max_in_flight),
        }
