"""What a run tells while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialer.models import CallCount, Outcome


class Progress(Protocol):
    """What a run tells while it goes on."""

    def begin(self, *, batch: str, to_call: int) -> None:
        """Sending starts: so many recipients are to be called."""

    def outcome(self, outcome: Outcome, *, position: int, execution_id: str | None) -> None:
        """An attempt has ended."""

    def note(self, text: str) -> None:
        """Something that a person would want to know happened."""

    def waiting(self, seconds: float) -> None:
        """All who are left have to wait so many seconds more; shown every few seconds."""

    def beat(self) -> None:
        """Sending goes on; shown every few seconds, whether or not anything happens."""

    def end(self) -> None:
        """Sending has ended."""

    def calls(self, counts: Sequence[CallCount]) -> None:
        """This is how the accepted calls stand by now."""


class Silent:
    """Tells nothing."""

    def begin(self, *, batch: str, to_call: int) -> None:
        """See Progress."""

    def outcome(self, outcome: Outcome, *, position: int, execution_id: str | None) -> None:
        """See Progress."""

    def note(self, text: str) -> None:
        """See Progress."""

    def waiting(self, seconds: float) -> None:
        """See Progress."""

    def beat(self) -> None:
        """See Progress."""

    def end(self) -> None:
        """See Progress."""

    def calls(self, counts: Sequence[CallCount]) -> None:
        """See Progress."""
