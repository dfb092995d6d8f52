"""What the columns of a do-not-call list hold, by their names."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from dialer.intake.phone_column import PHONE_PARTS, is_phone, usual_columns, without_accents

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(Enum):
    """What a column holds."""

    NUMBERS = auto()
    """Phone numbers: a cell that is not a whole one stops the run."""
    UNKNOWN = auto()
    """Phone numbers, if most of its cells are."""
    OTHER = auto()
    """Something else: a cell that reads as a phone number counts all the same."""
    AREA = auto()
    """Area codes of the numbers beside it."""
    COUNTRY = auto()
    """Calling codes of the numbers beside it, or countries."""


HEADER: Final = 7
"""Fewest digits of a cell that cannot be the name of a column."""
ENTRY: Final = 5
"""The same where the file has one column."""

_AREA: Final = frozenset(
    {"area", "area code", "areacode", "area prefix", "npa", "prefix", "phone prefix", "ddd", "std", "std code"}
    | {"stdcode", "city code", "citycode", "dialling code", "dialing code", "phone area code", "phone area"}
    | {"area cd", "vorwahl", "ortsvorwahl", "onkz"}  # German
    | {"lada", "clave lada", "cod area", "codigo area", "codigo de area", "prefijo", "indicativo"}  # Spanish
    | {"prefixo", "cod ddd", "codigo ddd", "prefisso", "kode area", "netnummer", "kengetal", "alan kodu"}
)
_COUNTRY: Final = frozenset(
    {"country code", "countrycode", "country", "cc", "isd", "isd code", "country calling code", "calling code", "ddi"}
    | {"country prefix", "phone country code", "phone code", "dial code", "international code", "country name"}
    | {"landesvorwahl", "landervorwahl", "land", "pais", "codigo pais", "codigo de pais", "codigo do pais", "pays"}
)
_NUMBERS: Final = frozenset(
    {"fax", "contact", "dnc", "home", "work", "office", "business", "whats", "line", "alt"}
    | {"alternate", "alternative", "cells"}
)
"""Words that name a phone in such a list, though a column of recipients' numbers is hardly called so."""
_PARTS: Final = re.compile(f"{PHONE_PARTS}|landline")
_OTHER: Final = frozenset(
    {"id", "ids", "uuid", "guid", "zip", "zipcode", "postal", "postcode", "pin", "pincode", "date", "time", "day", "at"}
    | {"month", "year", "amount", "balance", "price", "age", "ext", "extension", "type", "status", "code", "ref", "by"}
    | {"reference", "count", "name", "address", "street", "email", "mail", "note", "notes", "comment", "comments"}
    | {"reason", "source", "url", "account", "ssn", "on"}
)
_AREA_CODE: Final = re.compile(r"\s*\(?\d{2,5}\)?\s*")
_WORD: Final = re.compile(r"[^\W\d_]+")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def has_header(first: Sequence[str]) -> bool:
    """Tell whether the first row names the columns; else it holds numbers already."""
    if len(first) > 1:
        return all(digits_in(cell) < HEADER for cell in first)
    digits = digits_in(first[0])
    return not digits or (digits < ENTRY and any(char.isalpha() for char in first[0]))


def kinds(header: Sequence[str]) -> list[Kind]:
    """Tell by the names what columns hold."""
    usual = set(usual_columns(header))
    if len(header) == 1:
        return [Kind.NUMBERS]
    return [Kind.NUMBERS if name in usual else _kind(name) for name in header]


def may_be_area(text: str) -> bool:
    """Tell whether a cell may be an area code, as in 202 or (030)."""
    return _AREA_CODE.fullmatch(text) is not None


def digits_in(text: str) -> int:
    """Count the digits of a text, of any script."""
    return sum(map(str.isdigit, text))


def _kind(name: str) -> Kind:
    plain = without_accents(name)
    words = [word.casefold() for word in _WORD.findall(_HUMP.sub(" ", plain))]
    folded = " ".join(words)
    if folded in _AREA:
        return Kind.AREA
    if folded in _COUNTRY:
        return Kind.COUNTRY
    if not _OTHER.isdisjoint(words):
        return Kind.OTHER
    is_numbers = _PARTS.search(plain.casefold()) or not _NUMBERS.isdisjoint(words) or any(map(is_phone, words))
    return Kind.NUMBERS if is_numbers else Kind.UNKNOWN
