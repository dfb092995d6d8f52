"""Every row judged: who can be called, and why the others cannot."""

from dialer.intake.screening.report import Example, Report
from dialer.intake.screening.rows import Screening
from dialer.intake.screening.rules import Rules

__all__ = ["Example", "Report", "Rules", "Screening"]
