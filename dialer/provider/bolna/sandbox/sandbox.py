"""A sandbox's state: its settings, its clock, its book, its counters, and what is to fail next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.provider.bolna.sandbox.book import Book, Clock
from dialer.provider.bolna.sandbox.faults import Strikes
from dialer.provider.bolna.sandbox.traffic import Traffic

if TYPE_CHECKING:
    from dialer.provider.bolna.sandbox.settings import Settings


class Sandbox:
    """A stand-in for Bolna.

    Attributes:
        base_url: its address; empty while it does not listen.
        book: every placed call.
        traffic: counters.
        call_strikes: faults of `POST /call`; `force` makes the next requests fail.
        other_strikes: the same for all other requests.

    Args:
        settings: how it behaves.
    """

    def __init__(self, settings: Settings) -> None:
        self.base_url = ""
        self.settings = settings
        self.clock = Clock.real(settings.skew)
        self.book = Book(settings, self.clock)
        self.traffic = Traffic()
        self.call_strikes = Strikes(settings.seed, settings.faults, settings.number_faults)
        self.other_strikes = Strikes(settings.seed, settings.other_faults)
