"""The manual: one page of Markdown for each topic, as `dialer help TOPIC` and a forge show it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from dialer.manual.markdown import Heading, blocks

if TYPE_CHECKING:
    from dialer.manual.markdown import Block


def topics() -> dict[str, str]:
    """Return the topics in alphabetical order, each with the title of its page."""
    names = sorted(page.name.removesuffix(".md") for page in files(__name__).iterdir() if page.name.endswith(".md"))
    return {name: title(page(name)) for name in names}


def page(topic: str) -> list[Block]:
    """Return the page of a topic."""
    return blocks(files(__name__).joinpath(f"{topic}.md").read_text(encoding="utf-8"))


def title(page: list[Block]) -> str:
    """Return the title of a page: its first heading."""
    return next(block.text for block in page if isinstance(block, Heading))
