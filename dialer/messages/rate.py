"""What a rate cannot be."""

from __future__ import annotations


def wrong_count(count: int, *, most: int) -> str:
    return f"a rate allows from 1 to {most} requests, not {count}"


def wrong_window(seconds: float) -> str:
    return f"the window of a rate lasts longer than 0 seconds, not {seconds}"


def not_a_rate(text: str) -> str:
    return (
        f'"{text}" is not a rate: write a whole number of requests per second, minute or hour, like "300/minute", '
        '"5/second" or "30/hour"'
    )
