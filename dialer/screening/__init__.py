"""Every row judged: who can be called, and why the others cannot."""

from dialer.screening.report import Example, Report
from dialer.screening.rows import REASONS, Screening
from dialer.screening.rules import Rules

__all__ = ["REASONS", "Example", "Report", "Rules", "Screening"]
