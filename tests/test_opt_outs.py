"""Columns that say who wants no calls are told from those about other channels, whatever the export calls them."""

from __future__ import annotations

import pytest

from dialer.intake.opt_outs import is_opt_out, refusals


@pytest.mark.parametrize(
    "name",
    ["Do Not Call", "DoNotCall", "do_not_call", "DNC", "dnd", "Opted out", "Opt-Out", "Phone Opt Out", "HasOptedOut",
     "Call opt-out", "Unsubscribed", "Do not contact", "Don't call", "NO CALLS", "Blacklisted", "Nicht anrufen"],
)  # fmt: skip
def test_a_column_of_an_opt_out_is_known_by_its_name(name: str) -> None:
    assert is_opt_out(name)


@pytest.mark.parametrize(
    "name",
    ["Email Opt Out", "E-mail opt-out", "HasOptedOutOfEmail", "HasOptedOutOfFax", "Unsubscribed from all email",
     "SMS opt out", "WhatsApp opted out", "Opted Out Date", "Unsubscribed at", "name", "Notes", "Call", "option",
     "Do", "Donor", "x" * 100_000],
)  # fmt: skip
def test_a_column_about_something_else_is_no_opt_out(name: str) -> None:
    assert not is_opt_out(name)


def test_the_values_that_say_yes_are_named_as_they_stand() -> None:
    assert refusals(["TRUE", "", "FALSE", "yes", "TRUE", "No", " 1 ", "0", "X", "Opted-Out", "later"]) == (
        "TRUE", "yes", " 1 ", "X", "Opted-Out",
    )  # fmt: skip
