"""What Bolna allows, as its documentation gives it."""

from datetime import timedelta

PAGE_ROWS = 50
"""Rows of a page of a list; Bolna allows no more."""
LONGEST_SPAN = timedelta(days=7)
"""Bolna lists no longer time at once."""
