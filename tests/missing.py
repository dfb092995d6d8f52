"""What a test does where this machine lacks a program that it needs: a server of databases, a browser."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

ALL = "DIALER_ALL_TESTS"
"""Set where no test may be skipped for want of a program, as `.ci/run` does."""


def missing(why: str) -> NoReturn:
    """Skip the test, or fail where all of them have to run."""
    if os.environ.get(ALL):
        pytest.fail(why)
    pytest.skip(why)
