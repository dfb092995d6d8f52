"""The state of a call, in words that are the same for every provider."""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    """The meaning of an accepted call's status, as in `call_status` of the results and in `--redial`.

    The ledger stores these words. A provider's word without a meaning here is stored unchanged: reading it gives
    OTHER, which is not final, so the call is read again.
    """

    MISSING = ""
    """The provider was never asked, or does not know the call (yet)."""
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    """It waits for the moment that was asked for, or for an automatic retry."""
    RESCHEDULED = "rescheduled"
    """It waits for a moment that the provider chose, because of its own calling hours."""
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    DISCONNECTED = "call-disconnected"
    """The line was dropped; how the call went follows."""
    COMPLETED = "completed"
    """A person answered, as far as the provider knows."""
    VOICEMAIL = "voicemail"
    """A machine answered."""
    NO_ANSWER = "no-answer"
    BUSY = "busy"
    FAILED = "failed"
    ERROR = "error"
    STOPPED = "stopped"
    """It was taken back before it rang."""
    CANCELED = "canceled"
    NO_MONEY = "balance-low"
    """The provider did not dial: the account had no money left."""
    OTHER = "other"
    """A word that has no meaning here."""

    @classmethod
    def _missing_(cls, value: object) -> CallState:  # noqa: ARG003 - any other value
        return cls.OTHER

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more, unless an automatic retry is to come."""
        return self in _FINAL

    @property
    def was_reached(self) -> bool:
        """Whether a person answered."""
        return self is CallState.COMPLETED

    @property
    def went_wrong(self) -> bool:
        """Whether the call could not be made at all."""
        return self in _WRONG

    @property
    def waits_for_moment(self) -> bool:
        """Whether it waits for a moment, and not for a line."""
        return self in _TIMED

    @property
    def waits_for_data(self) -> bool:
        """Whether the provider is about to say more: it may also stay so for ever."""
        return self in _WITHOUT_DATA

    @property
    def is_live(self) -> bool:
        """Whether it waits for a line or holds one; what is not known counts as live."""
        return not (self.is_final or self.waits_for_moment or self is CallState.DISCONNECTED)


_RANG = frozenset({CallState.COMPLETED, CallState.VOICEMAIL, CallState.NO_ANSWER, CallState.BUSY})
_WRONG = frozenset({CallState.FAILED, CallState.ERROR, CallState.NO_MONEY})
_FINAL = _RANG | _WRONG | {CallState.STOPPED, CallState.CANCELED}
_TIMED = frozenset({CallState.SCHEDULED, CallState.RESCHEDULED})
_WITHOUT_DATA = frozenset({CallState.MISSING, CallState.DISCONNECTED})

FINAL = tuple(state for state in CallState if state.is_final)
"""States after which nothing happens any more, unless an automatic retry is to come."""
NOT_REACHED = tuple(state for state in FINAL if not state.was_reached)
"""How a call may have ended without reaching a person."""
RANG = tuple(state for state in FINAL if state in _RANG)
"""How a call may have ended for which a phone rang."""
WENT_WRONG = tuple(state for state in FINAL if state.went_wrong)
"""How a call may have ended that could not be made."""
REDIALLED = (CallState.NO_ANSWER, CallState.BUSY, CallState.VOICEMAIL)
"""How calls end that are worth another one."""
