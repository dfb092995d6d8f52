"""Figures as Markdown, to be pasted into a README."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

Row = Sequence[str]


def machine() -> str:
    """Return on what, with what and when this was measured."""
    system = f"{os.cpu_count()} cores{_processor()}, {platform.system()} {platform.machine()}"
    return f"{system}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((f" ({line.partition(':')[2].strip()})" for line in lines if line.startswith("model name")), "")


def table(title: str, header: Row, rows: Sequence[Row]) -> str:
    """Return a Markdown table under its title; all but the first column are set to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join([f"**{title}**", "", *_lines(widths, header, rule, *rows), ""])


def _lines(widths: Sequence[int], *rows: Row) -> Iterator[str]:
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield f"| {' | '.join(cells)} |"


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of runs that were made in turns."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=False))
