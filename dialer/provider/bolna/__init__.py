"""Bolna Voice AI: its API, what its answers mean, and a stand-in for it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from dialer.provider.bolna.body import RESERVED, body
from dialer.provider.bolna.executions import request_in
from dialer.provider.bolna.limits import LIMITS, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from dialer.provider.interface import Order, Provider, Request

_SANDBOX_KEY = "bn-sandbox"


class Bolna:
    """What is known of Bolna before anything is asked; see Vendor."""

    names = NAMES
    limits = LIMITS
    reserved = RESERVED

    def body(self, order: Order) -> str:
        """See Vendor."""
        return body(order)

    def fields_of(self, body: str) -> Mapping[str, Any]:
        """See Vendor."""
        fields: Mapping[str, Any] = json.loads(body)
        return fields

    def client(self, *, base_url: str, key: str) -> Provider:
        """See Vendor."""
        from dialer.provider.bolna.client import BolnaClient  # noqa: PLC0415 - httpx is heavy

        return BolnaClient(base_url=base_url, key=key)

    @contextlib.contextmanager
    def sandbox(self) -> Iterator[tuple[str, str]]:
        """See Vendor."""
        from dialer.provider.bolna.sandbox import Settings, running  # noqa: PLC0415 - only a trial needs it

        with running(Settings()) as sandbox:
            yield sandbox.base_url, _SANDBOX_KEY

    def serve_sandbox(self, *, port: int, speed: float, lines: int, on_ready: Callable[[str, str], None]) -> None:
        """See Vendor."""
        from dialer.provider.bolna.sandbox import Settings, serve  # noqa: PLC0415 - only one command needs it

        serve(Settings(speed=speed, lines=lines), port=port, on_ready=lambda url: on_ready(url, _SANDBOX_KEY))

    def request_in(self, body: str) -> Request:
        """See Vendor."""
        return request_in(body)
