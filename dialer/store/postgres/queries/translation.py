"""Statements as SQLite reads them, in PostgreSQL's words."""

from __future__ import annotations

import re
from functools import cache

from dialer.store.ledger.queries.parts import RUN
from dialer.store.postgres.queries.statements import DIFFERENT

_WORDS = (
    (re.compile(r"\b(?:INDEXED BY \w+|NOT INDEXED)\s"), ""),
    (re.compile(r"\bCROSS JOIN (\w+ \w+) ON\b"), r"JOIN \1 ON"),
    (re.compile(r"\bIS NOT (?!NULL\b)"), "IS DISTINCT FROM "),
    (re.compile(r"\bjson_each\("), "dialer.each_in("),
    (re.compile(r"\balike\("), "dialer.alike("),
    (re.compile(r"\bjson_group_array\("), "json_agg("),
    (re.compile(r"\bCAST\(value AS INTEGER\)"), "CAST(value AS BIGINT)"),
    (re.compile(r"\bCAST\(value AS REAL\)"), "CAST(value AS DOUBLE PRECISION)"),
    # PostgreSQL rounds where SQLite cuts off.
    (re.compile(r"\bCAST\((?!value AS)(.*?) AS INTEGER\)", re.DOTALL), r"CAST(trunc(CAST(\1 AS NUMERIC)) AS BIGINT)"),
    (re.compile(r"\bON CONFLICT \(((?!batch_id)\w+)\)"), r"ON CONFLICT (batch_id, \1)"),
)
_OR_IGNORE = "INSERT OR IGNORE INTO"
_PLACE = re.compile(r"\?(\d*)|(?<![:\w]):([a-z_]\w*)")


@cache
def translated(sql: str) -> str:
    """Return a statement for `%(name)s` parameters; those that SQLite counts are called by their number."""
    text = _in_other_words(DIFFERENT.get(sql, sql))
    last = 0

    def named(match: re.Match[str]) -> str:
        nonlocal last
        if match[2]:
            return f"%({match[2]})s"
        last = int(match[1]) if match[1] else last + 1
        return f"%({last})s"

    return _PLACE.sub(named, text.replace("%", "%%"))


def _in_other_words(sql: str) -> str:
    text = sql.replace(RUN, "current_setting('dialer.run')")
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    if _OR_IGNORE in text:
        text = f"{text.replace(_OR_IGNORE, 'INSERT INTO')} ON CONFLICT DO NOTHING"
    return text
