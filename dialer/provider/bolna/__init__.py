"""Bolna Voice AI: its API, what its answers mean, and a stand-in for it."""

from __future__ import annotations

import contextlib
import json
import math
from typing import TYPE_CHECKING

from dialer.provider.bolna import answers, executions
from dialer.provider.bolna import body as bodies
from dialer.provider.bolna.limits import LIMITS, NAMES
from dialer.provider.interface import NO_TROUBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from dialer.provider.interface import Provider, Troubles

_SANDBOX_KEY = "bn-sandbox"
_LISTED_LATE = 20.0
"""Seconds for which no call is listed where some are lost: a run would find them again before it ends."""


def _settings(troubles: Troubles) -> dict[str, Any]:
    """Return the settings of a sandbox in which so much goes wrong, for the same people each time."""
    return {
        "faults": {"refused": troubles.refuse, "closed_after": troubles.lose},
        "faults_by_recipient": True,
        "latency": troubles.slow,
        "listed_after": _LISTED_LATE if troubles.lose else 0.0,
    }


class Bolna:
    """What is known of Bolna before anything is asked; see Vendor."""

    names = NAMES
    limits = LIMITS
    reserved = bodies.RESERVED
    body = staticmethod(bodies.body)
    request_in = staticmethod(executions.request_in)
    answers_in = staticmethod(answers.answers_in)
    sandbox_call = 49 / 60  # of `sandbox.plan`, whose seconds go by sixty times as fast

    def fields_of(self, body: str) -> Mapping[str, Any]:
        """See Vendor."""
        fields: Mapping[str, Any] = json.loads(body)
        return fields

    def client(self, *, base_url: str, key: str, patience: float = math.inf) -> Provider:
        """See Vendor."""
        from dialer.provider.bolna.client import BolnaClient  # noqa: PLC0415 - httpx is heavy

        return BolnaClient(base_url=base_url, key=key, patience=patience)

    @contextlib.contextmanager
    def sandbox(self, troubles: Troubles = NO_TROUBLES) -> Iterator[tuple[str, str]]:
        """See Vendor."""
        from dialer.provider.bolna.sandbox import Settings, running  # noqa: PLC0415 - only a trial needs it

        with running(Settings(**_settings(troubles))) as sandbox:
            yield sandbox.base_url, _SANDBOX_KEY

    def serve_sandbox(
        self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None], troubles: Troubles
    ) -> None:
        """See Vendor."""
        from dialer.provider.bolna.sandbox import Settings, serve  # noqa: PLC0415 - only one command needs it

        settings = Settings(speed=speed, lines=lines, **_settings(troubles))
        serve(settings, port=port, on_ready=lambda url: on_ready(url, _SANDBOX_KEY))
