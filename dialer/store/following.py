"""What a store does about calls that were accepted, and about those in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dialer.provider.interface import Execution
    from dialer.store.call_ids import CallIds
    from dialer.store.records import Call, Doubt, Stoppable


class Following(Protocol):
    """What tracking, reconciling and cancelling need: the calls that were accepted, and those in doubt."""

    def last_attempt(self) -> int:
        """Return the integer key of the last attempt; 0 where there was none."""

    def open_calls(self, *, after: int = 0, size: int = 1000, most: int | None = None) -> list[Call]:
        """Return accepted calls that are not final, in the order in which they were placed, from beyond an attempt.

        `most`: only those to people of the input who had fewer calls.
        """

    def statuses(self, attempts: Sequence[int]) -> dict[int, str]:
        """Return the last known status of some calls, by attempt; calls without a known status are left out."""

    def execution_ids(self) -> CallIds:
        """Return the ids that the calls of this batch were given."""

    def known_call(self) -> str | None:
        """Return the id of a call that was seen to its end; None where there is none."""

    def note_calls(self, found: Iterable[tuple[int, Execution]], *, now: float | None = None) -> None:
        """Keep what is known of some calls, by attempt; a call that is final stays as it is."""

    def note_statuses(self, listed: Iterable[tuple[int, str]], *, now: float | None = None) -> None:
        """Keep the status of calls that are not final, by attempt, where nothing else is known of them."""

    def note_missing(self, attempts: Sequence[int], *, now: float | None = None) -> None:
        """Keep that the provider knows no such calls (yet)."""

    def give_up(self, attempts: Sequence[int]) -> None:
        """Keep that these calls never ended: they are not asked for any more."""

    def count_open(self) -> int:
        """Return how many accepted calls may still ring, as far as the ledger knows."""

    def stoppable(self, *, before: Stoppable | None = None) -> list[Stoppable]:
        """Return calls that may still ring, the last to ring first, from beyond one of them."""

    def note_stopped(self, attempt: int) -> None:
        """Keep that a call was stopped: it will not ring."""

    def note_not_stopped(self, attempt: int, *, words: str, found: Execution | None) -> None:
        """Record that a call was not stopped, the provider's message, and its status (None: unknown there)."""

    def doubts(self) -> list[Doubt]:
        """Return the unknown attempts of people who are `unknown`, oldest first."""

    def skew(self) -> float:
        """Return how far the server's clock was last seen ahead of ours, in seconds; 0 when never seen."""

    def found(self, mark: str, *, execution_id: str) -> bool:
        """Note that the call with this reference exists at the provider; return whether that settled somebody."""

    def callable_numbers(self) -> set[int]:
        """Return the numbers of everybody who may be called, or may be as soon as they are back in the input."""

    def adopt(
        self, numbers: Collection[int], mark: str, *, execution_id: str, missing_since: float | None = None
    ) -> bool:
        """Record that a call to one of them was found; return whether it was new. The mark identifies the recipient.

        `missing_since`: from then on (Unix seconds) more calls may be missing, now that one is.
        """

    def doubt(self, numbers: Collection[int], *, execution_id: str) -> int:
        """Note that a call that is not ours was found to some people who may be called; return how many they are."""

    def knows_reference(self, mark: str) -> bool:
        """Tell whether an attempt with this reference is recorded."""

    def calls_since(self, since: float) -> dict[int, float]:
        """Return a hash of each id that a call was given since then, and when it was (Unix seconds)."""

    def search_from(self) -> float | None:
        """Return from when on the provider's calls have to be looked through (Unix seconds); None: not at all."""

    def note_searched(self, until: float) -> None:
        """Note that they were looked through until then."""

    def wait_until(self) -> float | None:
        """Return until when no call may be placed, since missing calls may not be listed yet; None: no wait."""
