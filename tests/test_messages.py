"""Every sentence that a person reads stands in `dialer/messages`, and each of them is used."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent / "dialer"
MESSAGES = PACKAGE / "messages"
PAGES = MESSAGES / "pages"
STAND_IN = PACKAGE / "provider" / "bolna" / "sandbox"
"""It answers in the words of the API that it stands in for."""
QUERIES = {*(PACKAGE / "store").glob("*/queries")}
"""Pieces of SQL."""
WITHOUT_SENTENCES: tuple[str, ...] = (
    "__main__.py",
    "cli",
    "config",
    "engine",
    "export",
    "files.py",
    "hours",
    "intake",
    "numbers",
    "operations",
    "provider",
    "rate.py",
    "store",
    "sync",
)
"""Parts of the house whose sentences all stand in `messages`: folders, or single modules."""
NOT_SENTENCES = {
    "the ledger is closed": "a mistake of the program's, which no person meets",
    "united states of america": "a country's name",
    "module 'dialer": "Python's words for a name that a module does not have",
    "# A campaign file": "what `init` writes: TOML",
    "# [window]": "the same",
    "Call everybody in a CSV": "the help of the program",
    '\n    """(?:': "a pattern with comments",
    "<": "what a file is made of: XML",
}
"""How a text begins that no person reads as a sentence of ours, and what it is."""

_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\b")
_WORD = re.compile(r"[A-Za-z]{2,}")
_WORDS = 4
_LOGGED = {"debug", "info", "warning", "error", "exception"}


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_log_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOGGED


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that are neither docstrings, help of an option, nor lines of the log."""
    if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or _is_log_call(node):
        return
    if isinstance(node, ast.keyword) and node.arg == "help":
        return
    text = _text_of(node)
    if text is not None:
        yield text
    for child in ast.iter_child_nodes(node):
        if not isinstance(node, ast.JoinedStr) or isinstance(child, ast.FormattedValue):
            yield from texts(child)


def _has_words(text: str) -> bool:
    """Tell words from the parts of a name or of a pattern, which have no spaces between them."""
    return min(len(_WORD.findall(text)), len(text.split())) >= _WORDS


def sentences(path: Path) -> list[str]:
    found = texts(ast.parse(path.read_text(encoding="utf-8")))
    read = [text for text in found if _has_words(text) and not _SQL.search(text)]
    return [text for text in read if not text.startswith(tuple(NOT_SENTENCES))]


@pytest.mark.parametrize("part", WITHOUT_SENTENCES)
def test_a_part_leaves_its_sentences_to_messages(part: str) -> None:
    place = PACKAGE / part
    modules = (
        [place]
        if place.suffix
        else [path for path in sorted(place.rglob("*.py")) if not {STAND_IN, *QUERIES} & {*path.parents}]
    )
    assert modules
    assert {str(path.relative_to(PACKAGE)): found for path in modules if (found := sentences(path))} == {}


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_every_sentence_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    used = Counter(re.findall(r"\w+", code))
    names = [
        name
        for path in MESSAGES.rglob("*.py")
        if PAGES not in path.parents
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        for name in _defined(node)
    ]
    assert [name for name in names if used[name] == 1] == []


def test_a_sentence_is_recognised(tmp_path: Path) -> None:
    """Also in the pieces of an f-string; what the log and the help of an option say is left alone."""
    module = tmp_path / "room.py"
    module.write_text(
        '"""Docstrings are not what is meant."""\n'
        'log.debug("lines of the log are left alone")\n'
        'option(help="neither is the help of options")\n'
        'FOUND = f"row {row} has no {what} at all"\n'
    )
    assert sentences(module) == ["row x has no x at all"]


OTHER_WORDS = {
    r"\bunclear\b": "unknown: the answer to the request was lost",
    r"\b(not final|not over|may still change)\b": "open: the call was accepted, and its end is not known",
    r"\b(told|whoever|nobody of whom)\b": "a plainer word",
}
"""What was said in other words as well, which a reader took for another thing."""


def test_one_thing_has_one_word_everywhere() -> None:
    """A call whose answer was lost is `unknown`, one whose end is not known `open`, everywhere."""
    repository = PACKAGE.parent
    pages = [repository / "README.md", *(PACKAGE / "manual").glob("*.md"), *(PACKAGE / "web").rglob("*.html")]
    said = {str(path): path.read_text(encoding="utf-8") for path in pages}
    for path in MESSAGES.rglob("*.py"):
        said[str(path)] = "\n".join(texts(ast.parse(path.read_text(encoding="utf-8"))))
    found = [
        f"{path}: {match.group()!r} ({instead})"
        for path, text in said.items()
        for pattern, instead in OTHER_WORDS.items()
        for match in re.finditer(pattern, text)
    ]
    assert not found
