"""A call as the API shows it: the full execution, the trimmed row, and the row of the sandbox's own book."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from datetime import datetime

    from dialer.provider.bolna.sandbox.book import Book, Call, Standing
    from dialer.provider.bolna.sandbox.plan import Plan
    from dialer.provider.bolna.sandbox.settings import Settings

VARIABLE = re.compile(r"\{(\w+)\}")
PROVIDER = "plivo"
HANGUPS = {
    "completed": ("Caller", "Normal Hangup", 4000),
    "voicemail": ("Agent", "Voicemail detected", 4010),
    "no-answer": ("Carrier", "No answer", 3000),
    "busy": ("Carrier", "Busy line", 3010),
    "canceled": ("Agent", "Cancelled", 1010),
    "failed": ("Carrier", "Destination out of service", 3020),
    "error": ("Agent", "Internal error", 5000),
}
ERRORS = {
    "failed": "The destination is out of service",
    "error": "The telephony provider failed",
    "balance-low": "Insufficient wallet balance",
}


NEVER_DIALLED = {"balance-low": "Insufficient wallet balance", "stopped": "Stopped before it was dialled"}


def stamp(moment: datetime) -> str:
    """Return a time as the API writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def row(call: Call, book: Book, settings: Settings) -> dict[str, Any]:
    """Return the row of a listing, trimmed unless the settings have it whole."""
    if settings.whole_rows:
        return full(call, book, settings)
    standing = book.standing(call)
    return {
        "id": call.execution_id,
        "status": standing.status,
        "termination_reason": _terminated(standing),
        "conversation_duration": standing.result.talk if standing.result else 0.0,
        "created_at": stamp(book.clock.moment(call.created_at)),
        "telephony_data": {
            "to_number": "" if settings.blank_to_number else call.to_number,
            "from_number": call.order.from_number,
            "provider": PROVIDER,
        },
    }


def full(call: Call, book: Book, settings: Settings) -> dict[str, Any]:
    """Return the execution with every documented field, null where the call is not final."""
    standing = book.standing(call)
    result = standing.result
    return {
        "id": call.execution_id,
        "agent_id": call.order.agent_id,
        "agent_version_id": call.order.agent_version_id,
        "batch_id": None,
        "status": standing.status,
        "error_message": ERRORS.get(result.outcome) if result else None,
        "termination_reason": _terminated(standing),
        "conversation_duration": result.talk if result else 0.0,
        "total_cost": round(sum(result.costs.values()), 3) if result else 0.0,
        "cost_breakdown": result.costs if result else None,
        "answered_by_voice_mail": result.outcome == "voicemail" if result else None,
        "transcript": _transcript(call, result, settings) if result else None,
        "created_at": stamp(book.clock.moment(call.created_at)),
        "updated_at": stamp(book.clock.moment(standing.since)),
        "telephony_data": _telephony(call, result),
        "transfer_call_data": None,
        "batch_run_details": None,
        "extracted_data": _extracted(result) if result else None,
        "context_details": _context(call, settings),
        **_retries(call, standing, book),
    }


def entry(call: Call, book: Book) -> dict[str, Any]:
    """Return what the sandbox itself knows of a call; times are seconds since it began."""
    return {
        "execution_id": call.execution_id,
        "to_number": call.to_number,
        "from_number": call.order.from_number,
        "user_data": call.user_data,
        "body": call.body,
        "received_at": call.received_at,
        "received_wall": book.clock.began + call.received_at,
        "connection": call.connection,
        "status": book.standing(call).status,
        "dials": call.dials,
        "stopped_at": call.stopped,
    }


def _terminated(standing: Standing) -> str | None:
    """Return why a call ended, or was never dialled; None while it goes on. Bolna's own words are not known here."""
    if standing.status in NEVER_DIALLED:
        return NEVER_DIALLED[standing.status]
    return HANGUPS.get(standing.result.outcome, (None, None))[1] if standing.result else None


def _context(call: Call, settings: Settings) -> dict[str, Any]:
    context: dict[str, Any] = {"recipient_phone_number": call.to_number}
    if settings.echo:
        context["recipient_data"] = call.user_data
    return context


def _telephony(call: Call, result: Plan | None) -> dict[str, Any]:
    by, reason, code = HANGUPS.get(result.outcome, (None, None, None)) if result else (None, None, None)
    answered = result is not None and result.talk > 0
    url = f"https://api.bolna.ai/recordings/call/{call.execution_id}"
    return {
        "duration": str(round(result.talk)) if result else None,
        "to_number": call.to_number,
        "from_number": call.order.from_number,
        "recording_url": url if answered else None,
        "hosted_telephony": True,
        "provider_call_id": str(uuid5(NAMESPACE_URL, call.execution_id)) if call.dials else None,
        "call_type": "outbound",
        "provider": PROVIDER,
        "hangup_by": by,
        "hangup_reason": reason,
        "hangup_provider_code": code,
        "ring_duration": round(result.ring) if result else None,
        "post_dial_delay": 1 if result else None,
        "to_number_carrier": "Sandbox Telecom" if result else None,
    }


def _extracted(result: Plan) -> dict[str, Any] | None:
    if result.outcome != "completed":
        return None
    return {"call_outcome": {"user_interested": _noted(result.keen), "callback_user": _noted(not result.keen)}}


def _noted(value: object) -> dict[str, Any]:
    """Return a result of an extraction that has both a free text and predefined values."""
    answer = "yes" if value else "no"
    return {
        "subjective": f"The caller said {answer}.",
        "objective": answer,
        "confidence": 0.9,
        "confidence_label": "High",
        "reasoning_subjective": "As they said it.",
        "reasoning_objective": "As they said it.",
        "validation": None,
    }


def _transcript(call: Call, result: Plan, settings: Settings) -> str | None:
    if not result.talk:
        return None
    spoken = {name: str(value) for name, value in (call.user_data or {}).items()}
    greeting = VARIABLE.sub(lambda match: spoken.get(match[1], ""), settings.welcome_message)
    if result.outcome == "voicemail":
        return f"assistant: {greeting}\nuser: Please leave a message after the tone."
    reply = "Yes, go ahead." if result.keen else "Not now, please call me later."
    return f"assistant: {greeting}\nuser: {reply}\nassistant: Thank you, goodbye."


def _retries(call: Call, standing: Standing, book: Book) -> dict[str, Any]:
    waits = standing.status == "scheduled" and call.due is not None
    return {
        "retry_count": len(call.history),
        "retry_config": call.body.get("retry_config"),
        "retry_history": [
            {"attempt": attempt, "status": status, "at": stamp(book.clock.moment(at))}
            for attempt, (status, at) in enumerate(call.history, 1)
        ],
        "scheduled_at": stamp(book.clock.moment(call.due)) if waits and call.due is not None else None,
    }
