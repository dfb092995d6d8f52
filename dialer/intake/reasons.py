"""Every reason code that a row can have, with its meaning: the one place where all the tables come together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialer.hours import recipient_zones
from dialer.intake import payload, screening

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONS: Final[Mapping[str, str]] = {**screening.REASONS, **payload.REASONS, **recipient_zones.REASONS}
"""Code → meaning. A test looks for every table and every code in the source that is missing here."""
