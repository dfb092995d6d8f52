"""The mark each attempt carries to the provider, so that a doubtful call can be found there again."""

from __future__ import annotations

from hashlib import blake2b

VARIABLE = "dialer_ref"
"""The name under which `user_data` carries it."""


def digest(*, batch: str, agent: str, key: str) -> str:
    """Return the part of the reference that all attempts at one recipient share.

    It depends only on the results CSV and its campaign file, so that calls in flight when a machine was lost can
    be found with the CSV alone.

    Args:
        batch: the batch's name.
        agent: the agent's id.
        key: the recipient's key.

    Returns:
        20 hexadecimal digits.
    """
    return blake2b(f"{batch}\0{agent}\0{key}".encode(), digest_size=10).hexdigest()


def reference(shared: str, attempt: int) -> str:
    """Return the reference of one attempt: the shared digest and the attempt's number, from 1."""
    return f"{shared}-{attempt}"


def shared_part(text: object) -> str | None:
    """Return the digest of a reference that the provider echoed, or None when it is none of ours."""
    if not isinstance(text, str):
        return None
    shared, _, attempt = text.rpartition("-")
    return shared if attempt.isdigit() and shared else None


def turn_of(mark: str) -> int:
    """Return the attempt's number in a reference; 0 where it has none."""
    _, _, attempt = mark.rpartition("-")
    return int(attempt) if attempt.isdecimal() else 0
