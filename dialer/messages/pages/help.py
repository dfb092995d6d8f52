"""What `dialer help` shows besides the manual itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import command_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def topics_text(titles: Mapping[str, str]) -> str:
    """Return the topics, a line each."""
    width = max(map(len, titles))
    lines = [f"  {topic:{width}}  {title.replace('`', '')}" for topic, title in titles.items()]
    show, options = command_text("help", "TOPIC"), command_text("help", "COMMAND")
    return "\n".join([f"Show a page with `{show}`, the options of a command with `{options}`.", "", *lines])


def no_such_topic(topic: str, near: Sequence[str]) -> str:
    guess = f' Did you mean "{near[0]}"?' if near else ""
    return f'There is no page "{topic}".{guess} `{command_text("help")}` lists them all.'
