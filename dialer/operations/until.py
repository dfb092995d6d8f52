"""When something ends that a person has said: by `--until` or `--for`."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

from dialer.config.campaign.values import MistakeError, long_duration
from dialer.errors import UsageError
from dialer.messages import pause as say
from dialer.moments import in_zone, moment_in


def until_in(text: str | None, length: str | None) -> datetime | None:
    """Return when something ends, by `--until` or `--for`; without an offset where none is written.

    Raises:
        UsageError: it says none.
    """
    if text is not None and length is not None:
        raise UsageError(say.ONE_END)
    if length is not None:
        try:
            return datetime.fromtimestamp(time.time() + long_duration(length), UTC)
        except MistakeError:
            raise UsageError(say.not_a_length(length)) from None
    if text is None:
        return None
    moment = moment_in(text.strip())
    if moment is None:
        raise UsageError(say.not_a_moment(text))
    return moment


def ends_at(until: datetime | None, *, zone: str | None) -> datetime | None:
    """Return a moment in the future (UTC); None if there is none.

    Args:
        until: without an offset it is local time.
        zone: of that time; None: this machine's.

    Raises:
        UsageError: the clocks skip it, or it is over.
    """
    if until is None:
        return None
    text = f"{until:%Y-%m-%d %H:%M}"
    moment = _aware(until, zone)
    if moment is None:
        raise UsageError(say.skipped(text))
    if moment.timestamp() <= time.time():
        raise UsageError(say.past(text))
    # As it is written down, to the second, and not before it was meant.
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), UTC)


def _aware(until: datetime, zone: str | None) -> datetime | None:
    """Return a local time as a moment; None where the clocks skip it."""
    if until.tzinfo is not None:
        return until
    if zone:
        return in_zone(until, zone)
    moment = until.astimezone()
    is_skipped = datetime.fromtimestamp(moment.timestamp()) != until  # noqa: DTZ006 - this machine's time is meant
    return None if is_skipped else moment
