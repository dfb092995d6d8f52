"""A number of requests per number of seconds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dialer.messages import rate as say

_UNITS = {"second": 1.0, "sec": 1.0, "s": 1.0, "minute": 60.0, "min": 60.0, "m": 60.0, "hour": 3600.0, "h": 3600.0}
_NAMES = {1.0: "second", 60.0: "minute", 3600.0: "hour"}
_RATE = re.compile(r"\s*([0-9]{1,9})\s*(?:/|per\s)\s*([a-z]+?)s?\s*", re.IGNORECASE)
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of request starts per number of seconds.

    Attributes:
        count: starts allowed in a window.
        per: seconds of the window.
    """

    count: int
    per: float

    def __post_init__(self) -> None:
        """Refuse what no schedule can keep."""
        if not 1 <= self.count <= _MOST:
            raise ValueError(say.wrong_count(self.count, most=_MOST))
        if not (self.per > 0 and math.isfinite(self.per)):
            raise ValueError(say.wrong_window(self.per))

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Return the rate that `text` says.

        Args:
            text: a whole number of requests, `/`, and `second`, `minute` or `hour`.

        Raises:
            ValueError: it says none; the words give an example.
        """
        found = _RATE.fullmatch(text)
        per = _UNITS.get(found[2].lower()) if found else None
        if found is None or per is None:
            raise ValueError(say.not_a_rate(text))
        return cls(int(found[1]), per)

    @property
    def per_second(self) -> float:
        """Starts per second, on average."""
        return self.count / self.per

    def __str__(self) -> str:
        """Return the rate as a campaign file spells it."""
        return f"{self.count}/{_NAMES.get(self.per, f'{self.per:g} s')}"
