"""A prompt's variables are found in every spelling and place, and held against the campaign's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.provider.bolna.prompt import asked_for, welcome
from dialer.sync.prompt import Match, column_for, compare

AGENT = {
    "agent_name": "Asha",
    "agent_welcome_message": "Hello {customer_name}, this is {{ clinic }}.",
    "agent_prompts": {"task_1": {"system_prompt": 'Say {time}. Answer as {"json": {"a": 1}} and use [0-9]{2,3}.'}},
    "multilingual_config": {"hi": {"system_prompt": "नमस्ते {name_hi}"}},
    "tasks": [{"tools_config": {"llm_agent": {"llm_config": {"nodes": [{"prompt": "{{node_var}}"}]}}}}],
    "tools": {"param": "%(order_id)s", "other": "100%"},
}


def test_variables_are_found_in_every_spelling_and_place() -> None:
    assert asked_for(AGENT) == {"customer_name", "clinic", "time", "name_hi", "node_var", "order_id"}


@pytest.mark.parametrize(
    "text", ['{"key": "value"}', "{ spaced }", "{2,3}", "{}", "{{}}", "%s", "{a b}", "{a.b}", "{1st}"]
)
def test_other_braces_are_no_variables(text: str) -> None:
    assert asked_for({"p": text}) == frozenset()


def test_what_the_agent_s_tools_are_given_is_asked_of_nobody() -> None:
    tools = {"tools_params": {"book": {"param": {"slot": "%(slot)s"}}}}
    agent = {"tasks": [{"tools_config": {"api_tools": tools}}], "agent_welcome_message": "Hello {name}"}
    assert asked_for(agent) == {"name"}


def test_what_is_missing_differs_in_case_or_is_never_used_is_told_apart() -> None:
    found = compare(
        {"customer_name", "Time", "city", "current_date"}, {"customer_name", "time", "note"}, filled_in={"current_date"}
    )
    assert found.missing == ("city",)
    assert found.differing == {"Time": "time"}
    assert found.unused == ("note",)
    assert found.warnings() == (
        (
            "the prompt asks for {Time}, the campaign gives 'time': the names differ in case, so the agent says "
            "nothing there"
        ),
        "the prompt asks for {city}, which the campaign does not give: the agent says nothing there",
    )


@pytest.mark.parametrize(
    ("variable", "columns", "column"),
    [
        ("customer_name", ["Name", "Customer Name"], "Customer Name"),
        ("customerName", ["CUSTOMER-NAME"], "CUSTOMER-NAME"),
        ("Name", ["name", "Company"], "name"),
        ("address_2", ["Address 2", "Address"], "Address 2"),
        ("lead", ["Lead", "Contact"], "Lead"),
    ],
)
def test_a_column_is_found_for_a_variable_that_is_spelled_otherwise(
    variable: str, columns: list[str], column: str
) -> None:
    assert column_for(variable, columns) == Match(column, is_sure=True)


def test_a_column_that_may_be_meant_is_a_guess() -> None:
    assert column_for("customer_name", ["Company Name", "Full Name"]) == Match("Full Name", is_sure=False)


@pytest.mark.parametrize(
    ("variable", "columns"),
    [("name", ["Company"]), ("customer_name", ["Customer Name", "customer-name"]), ("customer", ["Lead"]), ("a", [])],
)
def test_no_column_is_named_where_none_or_several_may_be_meant(variable: str, columns: list[str]) -> None:
    assert column_for(variable, columns) is None


def test_the_welcome_message_is_heard_with_the_recipient_s_variables() -> None:
    assert welcome(AGENT, {"customer_name": "Zoë {x}"}) == "Hello Zoë {x}, this is ."
    assert welcome({"agent_welcome_message": ""}, {}) is None
    assert welcome(None, {}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_answer_can_be_searched(value: object) -> None:
    assert all(name.isidentifier() for name in asked_for(value))
