"""How a report is to be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dialer.export.report.answers import Wanted
    from dialer.store import interface


@dataclass(frozen=True, slots=True)
class View:
    """How a report is to be made.

    Attributes:
        now: the moment it is made.
        zone: the time zone of its hours and moments.
        full_numbers: show whole phone numbers.
        running: a run is going on.
        currency: of the costs; None where `dialer.toml` does not say.
        wanted: the answers that the campaign is made for.
        before: the ledger of the campaign's batch before; None where there was none.
    """

    now: datetime
    zone: ZoneInfo
    full_numbers: bool
    running: bool
    currency: str | None
    wanted: tuple[Wanted, ...] = ()
    before: interface.Report | None = None

    def moment(self, at: float) -> datetime:
        """Return a moment (Unix seconds) in the report's time zone."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone)
