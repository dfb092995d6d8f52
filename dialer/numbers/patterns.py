"""The numbering plan of a calling code, fast: the verdicts of phonenumbers, from its own patterns.

phonenumbers tries the patterns of every region and type on every number. A `Plan` puts all of them into one automaton,
built as numbers come: https://en.wikipedia.org/wiki/Brzozowski_derivative. Its states are what the patterns still ask
for; most numbers are settled after five or six digits, because the rest may be any digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from dialer.messages import numbers as say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

REMEMBERED: Final = 50_000
"""Steps that a plan remembers before it starts anew, about 10 MB."""

STRIDE: Final = 3
"""Digits taken in one step."""

_ANY: Final = "0123456789"
_ATOM = re.compile(r"\\d|\d|\[([^]]*)\]")
_TIMES = re.compile(r"\{(\d+)(?:,(\d+))?\}|\?")

# A part of a pattern: digits to choose from or alternatives, how often at least, how often at most.
_Part = tuple["str | tuple[_Branch, ...]", int, int]
_Branch = tuple[_Part, ...]
_WHATEVER: Final[_Branch] = ((_ANY, 0, 99),)


class _Role(NamedTuple):
    """Which pattern: of which region, and what it is for."""

    region: str
    kind: str


_Items = frozenset[tuple[_Role, _Branch]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the numbers of one type look like: phonenumbers' `PhoneNumberDesc`; no lengths means that any will do."""

    pattern: str
    lengths: frozenset[int]

    def fits(self, national: str) -> bool:
        """Tell whether a national number is of this type."""
        if self.lengths and len(national) not in self.lengths:
            return False
        return re.fullmatch(self.pattern, national) is not None


@dataclass(frozen=True, slots=True)
class Region:
    """The numbers of one region.

    Attributes:
        name: ISO code, "001" for numbers of no country.
        general: what every number of the region looks like.
        kinds: the types by name, in the order in which phonenumbers asks for them.
        leading: pattern of first digits that settles the region by itself, where there is one.
    """

    name: str
    general: Shape
    kinds: tuple[tuple[str, Shape], ...]
    leading: str | None

    def shapes(self) -> tuple[tuple[str, Shape], ...]:
        """Return every shape with its name."""
        return (("general", self.general), *self.kinds)

    def kind(self, matched: AbstractSet[_Role]) -> str | None:
        """Name the type of a number by the patterns it matches; None when it is not valid here."""
        if _Role(self.name, "general") not in matched:
            return None
        found = next((kind for kind, _ in self.kinds if _Role(self.name, kind) in matched), None)
        if found == "fixed_line" and _Role(self.name, "mobile") in matched:
            return "fixed_line_or_mobile"
        return found


@dataclass(frozen=True, slots=True)
class Trunk:
    """The digits dialled before a national number inside a country, such as 0.

    Attributes:
        pattern: phonenumbers' `national_prefix_for_parsing`.
        rule: what a captured group is rewritten to; None when the prefix is just dropped.
    """

    pattern: re.Pattern[str]
    rule: str | None

    def strip(self, digits: str, general: Shape) -> str | None:
        """Drop the prefix as phonenumbers would; None where only phonenumbers itself can tell."""
        match = self.pattern.match(digits)
        if match is None or match.end() == 0:
            return digits
        if self.rule and match.groups()[-1] is not None:
            return None
        rest = digits[match.end() :]
        return rest if general.fits(rest) and len(rest) in general.lengths else None

    def dropped(self, first: str) -> int | None:
        """Return how many digits `strip` may drop of all that begin alike; None where the next digits matter."""
        match = self.pattern.match(first)
        if not decides(self.pattern.pattern, first) or (match and self.rule and match.groups()[-1] is not None):
            return None
        return match.end() if match else 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a number.

    Attributes:
        kind: its type in phonenumbers' words, small letters; None when it is not valid.
        region: ISO code; None when no region claims it.
        certain: False where only phonenumbers itself can tell.
        regions: every region for which it is valid.
    """

    kind: str | None
    region: str | None
    certain: bool = True
    regions: tuple[str, ...] = ()


UNSURE: Final = Verdict(None, None, certain=False)


@dataclass(slots=True, eq=False)
class _State:
    """What the patterns still ask for after some digits.

    Attributes:
        items: which pattern, and a way in which it can go on.
        settled: whether any digits will do from here on, so that only their count matters.
        steps: the state after some more digits.
        verdicts: by length of the number, and how much of it was read.
    """

    items: _Items
    settled: bool
    steps: dict[str, _State] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)


class Plan:
    """The national numbers of one calling code.

    Args:
        regions: the regions that share the code, the main one first.
        trunk: the main region's trunk prefix.
    """

    def __init__(self, regions: Sequence[Region], trunk: Trunk | None) -> None:
        self._regions = tuple(regions)
        # No number is certain that begins with the trunk prefix: phonenumbers may drop it. The end of a number ($) is
        # left out, so that rather too many are uncertain than too few.
        self._openings = {_Role("", "trunk"): trunk.pattern.pattern.replace("$", "")} if trunk else {}
        self._openings |= {_Role(region.name, "leading"): region.leading for region in regions if region.leading}
        shapes = {_Role(region.name, kind): shape for region in regions for kind, shape in region.shapes()}
        self._lengths = {role: shape.lengths for role, shape in shapes.items()}
        patterns = {**self._openings, **{role: shape.pattern for role, shape in shapes.items()}}
        self._start = frozenset((role, branch) for role, text in patterns.items() for branch in _parse(text))
        self._reset()

    def verdict(self, national: str) -> Verdict:
        """Judge the digits that follow the calling code."""
        state, at, length = self._root, 0, len(national)
        while at < length and not state.settled:
            digits = national[at : at + STRIDE]
            state = state.steps.get(digits) or self._step(state, digits)
            at += STRIDE
        return state.verdicts.get((length, at)) or self._judge(state, length, at)

    def foresee(self, first: str, length: int) -> Verdict:
        """Judge all numbers of a length that begin alike; not certain where the next digits matter."""
        state = self._root
        for at, digit in enumerate(first):
            if state.settled:
                return state.verdicts.get((length, at)) or self._judge(state, length, at)
            state = state.steps.get(digit) or self._step(state, digit)
        known = len(first)
        return (state.verdicts.get((length, known)) or self._judge(state, length, known)) if state.settled else UNSURE

    def _reset(self) -> None:
        self._states: dict[_Items, _State] = {}
        self._steps = 0
        self._root = self._state(self._start)

    def _state(self, items: _Items) -> _State:
        state = self._states.get(items)
        if state is None:
            settled = all(_is_any(branch) for _, branch in items)
            state = self._states[items] = _State(items, settled)
        return state

    def _step(self, state: _State, digits: str) -> _State:
        self._steps += 1
        if self._steps > REMEMBERED:
            self._reset()
        found = state
        for digit in digits:
            after = found.steps.get(digit)
            if after is None:
                after = found.steps[digit] = self._state(self._after(found.items, digit))
            found = after
        state.steps[digits] = found
        return found

    def _after(self, items: _Items, digit: str) -> _Items:
        found = {(role, rest) for role, branch in items for rest in _derive(branch, digit)}
        # What a number begins with stays true whatever follows.
        opened = {role for role, rest in found if role in self._openings and _may_end(rest)}
        return frozenset(found | {(role, _WHATEVER) for role in opened})

    def _judge(self, state: _State, length: int, at: int) -> Verdict:
        items = state.items
        for _ in range(at, length):
            items = self._after(items, "0")
        ended = {role for role, branch in items if _may_end(branch)}
        matched = {role for role in ended if not self._lengths.get(role) or length in self._lengths[role]}
        verdict = state.verdicts[length, at] = self._verdict(matched)
        return verdict

    def _verdict(self, matched: set[_Role]) -> Verdict:
        if _Role("", "trunk") in matched:
            return UNSURE
        kinds = {region.name: region.kind(matched) for region in self._regions}
        valid = tuple(name for name, kind in kinds.items() if kind is not None)
        for region in self._regions:
            kind = kinds[region.name]
            claimed = kind is not None if region.leading is None else _Role(region.name, "leading") in matched
            if claimed or len(self._regions) == 1:
                return Verdict(kind, region.name, regions=valid)
        return Verdict(None, None)


def decides(pattern: str, first: str) -> bool:
    """Tell whether a pattern matches all digits that begin alike in the same way, be it not at all."""
    ways = set(_parse(pattern.replace("$", "")))
    for digit in first:
        ways = {rest for way in ways for rest in _derive(way, digit)}
    return not ways


@cache
def _parse(pattern: str) -> tuple[_Branch, ...]:
    """Read a pattern: alternatives of parts, each part digits or alternatives again."""
    branches, at = _alternatives(pattern, 0)
    if at != len(pattern):
        raise ValueError(say.new_in_pattern(pattern[at:]))
    return branches


def _alternatives(pattern: str, at: int) -> tuple[tuple[_Branch, ...], int]:
    branches: list[_Branch] = []
    parts: list[_Part] = []
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            branches.append(tuple(parts))
            parts, at = [], at + 1
            continue
        what, at = _what(pattern, at)
        least, most, at = _times(pattern, at)
        parts.append((what, least, most))
    return (*branches, tuple(parts)), at


def _what(pattern: str, at: int) -> tuple[str | tuple[_Branch, ...], int]:
    if pattern[at] == "(":
        branches, end = _alternatives(pattern, at + 3 if pattern.startswith("(?:", at) else at + 1)
        return branches, end + 1
    match = _ATOM.match(pattern, at)
    if match is None:
        raise ValueError(say.new_in_pattern(pattern[at:]))
    return "".join(digit for digit in _ANY if re.match(match[0], digit)), match.end()


def _times(pattern: str, at: int) -> tuple[int, int, int]:
    match = _TIMES.match(pattern, at)
    if match is None:
        return 1, 1, at
    if match[0] == "?":
        return 0, 1, match.end()
    return int(match[1]), int(match[2] or match[1]), match.end()


def _derive(branch: _Branch, digit: str) -> Iterator[_Branch]:
    """Yield what a branch asks for after a digit, in every way in which it can take it."""
    for at, (what, least, most) in enumerate(branch):
        rest = branch[at + 1 :]
        if most > 1:
            rest = ((what, max(0, least - 1), most - 1), *rest)
        if isinstance(what, str):
            if digit in what:
                yield rest
        else:
            yield from ((*inner, *rest) for each in what for inner in _derive(each, digit))
        if least and not _is_empty(what):
            return


def _may_end(branch: _Branch) -> bool:
    return all(least == 0 or _is_empty(what) for what, least, _ in branch)


def _is_empty(what: str | tuple[_Branch, ...]) -> bool:
    return not isinstance(what, str) and any(_may_end(branch) for branch in what)


def _is_any(branch: _Branch) -> bool:
    """Tell whether any digits will do, so that only their count matters."""
    return all(what == _ANY if isinstance(what, str) else all(map(_is_any, what)) for what, _, _ in branch)
