"""The numbering plan of a calling code, fast: the same verdicts as phonenumbers, from its own patterns.

phonenumbers tries every pattern on every number. But most patterns end in "any n digits", so numbers of one length
that share their first digits share the verdict too. A `Plan` finds out how many first digits matter for each length
and remembers the verdict for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

REMEMBERED = 100_000
"""First digits a plan remembers for one length before it starts anew; about 10 MB."""

_FAR = 100
_Atom = tuple[str, int, int]
_ANY = re.compile(r"(?:\\d)+")
_ATOM = re.compile(r"\\d|\d|\[[^]]*\]|\$")
_TIMES = re.compile(r"\{(\d+)(?:,(\d+))?\}|\?")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the numbers of one type look like: phonenumbers' `PhoneNumberDesc`."""

    pattern: str
    lengths: frozenset[int]
    compiled: re.Pattern[str]

    @classmethod
    def of(cls, pattern: str, lengths: Sequence[int]) -> Shape:
        """Compile the pattern of one type; no lengths means that any will do."""
        return cls(pattern, frozenset(lengths), re.compile(pattern))

    def fits(self, national: str) -> bool:
        """Tell whether a national number is of this type."""
        if self.lengths and len(national) not in self.lengths:
            return False
        return self.compiled.fullmatch(national) is not None


@dataclass(frozen=True, slots=True)
class Region:
    """The numbers of one region.

    Attributes:
        name: ISO code, "001" for numbers of no country.
        general: what every number of the region looks like.
        kinds: the other types in the order in which phonenumbers asks them, with their names.
        leading: pattern of first digits that settles the region by itself, where there is one.
    """

    name: str
    general: Shape
    kinds: tuple[tuple[str, Shape], ...]
    leading: re.Pattern[str] | None

    def kind(self, national: str) -> str | None:
        """Name the type of a national number; None when it is not valid here."""
        if not self.general.fits(national):
            return None
        found = next((name for name, shape in self.kinds if shape.fits(national)), None)
        if found != "fixed_line":
            return found
        both = any(name == "mobile" and shape.fits(national) for name, shape in self.kinds)
        return "fixed_line_or_mobile" if both else "fixed_line"

    def claims(self, national: str) -> bool:
        """Tell whether a number of a shared calling code belongs here."""
        if self.leading is not None:
            return self.leading.match(national) is not None
        return self.kind(national) is not None


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a number.

    Attributes:
        kind: its type in phonenumbers' words, small letters; None when it is not valid.
        region: ISO code; None when no region claims it.
        certain: False where only phonenumbers itself can tell.
    """

    kind: str | None
    region: str | None
    certain: bool = True


UNSURE = Verdict(None, None, certain=False)


class Plan:
    """The national numbers of one calling code.

    Args:
        regions: the regions that share the code, the main one first.
        trunk: the main region's trunk prefix.
    """

    def __init__(self, regions: Sequence[Region], trunk: Trunk | None) -> None:
        self._regions = tuple(regions)
        self._trunk = trunk
        self._memory: dict[int, tuple[int, dict[str, Verdict]]] = {}
        self._verdicts: dict[Verdict, Verdict] = {}

    def verdict(self, national: str) -> Verdict:
        """Judge the digits that follow the calling code."""
        length = len(national)
        first, known = self._memory.get(length) or self._memory.setdefault(length, (self.deciding(length), {}))
        verdict = known.get(national[:first])
        if verdict is None:
            if len(known) >= REMEMBERED:
                known.clear()
            verdict = self._judge(national)
            # One object for all equal verdicts: a hundred thousand of them would be memory.
            verdict = known[national[:first]] = self._verdicts.setdefault(verdict, verdict)
        return verdict

    def deciding(self, length: int) -> int:
        """Count the first digits on which the verdict on a number of this length can depend."""
        shapes = [shape for region in self._regions for shape in (region.general, *(kind[1] for kind in region.kinds))]
        needed = [decisive(s.pattern, length) for s in shapes if not s.lengths or length in s.lengths]
        needed += [longest(region.leading.pattern) for region in self._regions if region.leading is not None]
        if self._trunk is not None:
            needed.append(longest(self._trunk.pattern.pattern))
        return min(length, max(needed, default=0))

    def _judge(self, national: str) -> Verdict:
        if self._trunk is not None:
            match = self._trunk.pattern.match(national)
            if match is not None and match.end():
                return UNSURE
        for region in self._regions:
            if len(self._regions) == 1 or region.claims(national):
                return Verdict(region.kind(national), region.name)
        return Verdict(None, None)


def decisive(pattern: str, length: int) -> int:
    """Count the first digits that decide whether a number of some length matches; the rest may be any digits.

    Never too few: what comes before a closing run of "any digit" counts with its greatest length.
    """
    branches = [_atoms(branch) for branch in _branches(pattern)]
    fitting = (atoms for atoms in branches if _extent(atoms, 1) <= length <= _extent(atoms, 2))
    return max((_decisive(atoms) for atoms in fitting), default=0)


def longest(pattern: str) -> int:
    """Count the digits at the start of a number that a pattern can look at, at most."""
    return max(_extent(_atoms(branch), 2) for branch in _branches(pattern))


def shortest(pattern: str) -> int:
    """Count the digits that a pattern takes, at least."""
    return min(_extent(_atoms(branch), 1) for branch in _branches(pattern))


def _decisive(atoms: list[_Atom]) -> int:
    left = list(atoms)
    while left and _ANY.fullmatch(_body(left[-1][0]) or left[-1][0]):
        left.pop()
    if not left:
        return 0
    last, least, most = left.pop()
    inner = _body(last)
    if inner is None or least != most or most != 1:
        return _extent([*left, (last, least, most)], 2)
    return _extent(left, 2) + max(_decisive(_atoms(branch)) for branch in _branches(inner))


def _extent(atoms: list[_Atom], times: Literal[1, 2]) -> int:
    """Add up the digits of a branch: 1 for the fewest, 2 for the most."""
    return sum(_size(atom[0], times) * atom[times] for atom in atoms)


def _size(atom: str, times: Literal[1, 2]) -> int:
    inner = _body(atom)
    if inner is not None:
        return shortest(inner) if times == 1 else longest(inner)
    # The end of the number is one more thing that a pattern can look at: as far away as any.
    return (0 if times == 1 else _FAR) if atom == "$" else 1


def _body(atom: str) -> str | None:
    if not atom.startswith("("):
        return None
    return atom[3 if atom.startswith("(?:") else 1 : -1]


def _atoms(branch: str) -> list[_Atom]:
    """Split a branch into its parts, each with how often it may come."""
    found = []
    at = 0
    while at < len(branch):
        end = _close(branch, at) if branch[at] == "(" else _end(branch, at)
        atom = branch[at:end]
        least = most = 1
        times = _TIMES.match(branch, end)
        if times is not None:
            end = times.end()
            least, most = (0, 1) if times[0] == "?" else (int(times[1]), int(times[2] or times[1]))
        found.append((atom, least, most))
        at = end
    return found


def _end(branch: str, at: int) -> int:
    match = _ATOM.match(branch, at)
    if match is None:
        raise ValueError(f"a pattern of phonenumbers has something new in it: {branch[at:]}")
    return match.end()


def _close(pattern: str, start: int) -> int:
    depth = 0
    for at in range(start, len(pattern)):
        depth += (pattern[at] == "(") - (pattern[at] == ")")
        if depth == 0:
            return at + 1
    raise ValueError(f"a pattern of phonenumbers is not closed: {pattern}")


def _branches(pattern: str) -> list[str]:
    depth = 0
    starts = [0]
    for at, char in enumerate(pattern):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            starts.append(at + 1)
    return [pattern[a : b - 1] for a, b in zip(starts, [*starts[1:], len(pattern) + 1], strict=True)]
