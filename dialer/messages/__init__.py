"""Plans, checks, summaries and standings in words, and as JSON for scripts."""

from dialer.messages.after import (
    braking_text,
    cancelled_text,
    overview,
    overview_text,
    settled_text,
    stopped_text,
    summary_event,
    summary_text,
    tracked_text,
)
from dialer.messages.before import check_text, outlook_lines, plan_event, plan_text
from dialer.messages.status import listing_text, saved_text, shown_text, standing_text
from dialer.messages.values import as_json, plain
from dialer.messages.words import duration

__all__ = [
    "as_json",
    "braking_text",
    "cancelled_text",
    "check_text",
    "duration",
    "listing_text",
    "outlook_lines",
    "overview",
    "overview_text",
    "plain",
    "plan_event",
    "plan_text",
    "saved_text",
    "settled_text",
    "shown_text",
    "standing_text",
    "stopped_text",
    "summary_event",
    "summary_text",
    "tracked_text",
]
