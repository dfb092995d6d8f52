"""What countries are called, in all languages that phonenumbers has."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def names_of_all() -> Mapping[str, Mapping[str, str]]:
    """Return the names of each region by language, by its ISO code; `*en` stands for that in English."""
    # By itself, for its package loads the names of all the world's places: 95 MB, and half a second.
    path = str(files("phonenumbers") / "geodata" / "locale.py")
    spec = spec_from_file_location("phonenumbers.geodata.locale", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    regions: Mapping[str, Mapping[str, str]] = module.LOCALE_DATA
    return regions


def english_name(region: str) -> str:
    """Return the name of a region in English; empty if there is none."""
    names = names_of_all().get(region, {})
    name = names.get("en", "")
    return names.get(name[1:], "") if name.startswith("*") else name
