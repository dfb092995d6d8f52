"""Numbers like those of all countries, judged by whichever version's interpreter runs this file.

Run by the benchmarks: PYTHON -P verdicts.py COUNT [beside]; it imports none of theirs, and prints a digest for each
chunk of verdicts, and beside phonenumbers how often the two disagree, by how.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from hashlib import blake2b

import phonenumbers

from dialer.numbers import SPECIAL
from dialer.numbers.column import Column, judge_column

_CHUNK = 20_000
_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def main(count: int, *, beside: bool) -> None:
    """Judge so many numbers."""
    chance = random.Random(count)
    examples = _examples()
    differences: Counter[str] = Counter()
    for _ in range(0, count, _CHUNK):
        region = chance.choice(_REGIONS)
        texts = [_text(chance, examples, region) for _ in range(_CHUNK)]
        column = judge_column(texts, region=region, allow=SPECIAL)
        verdicts = [int(number) or column.problems[at].code for at, number in enumerate(column.numbers.tolist())]
        print(_CHUNK, blake2b(repr(verdicts).encode(), digest_size=16).hexdigest())
        if beside:
            found = ((at, _difference(texts[at], verdicts[at], region)) for at in range(_CHUNK))
            differences.update(f"{words}{_repaired(at, column)}" for at, words in found if words)
    print()
    for words, often in differences.most_common():
        print(f"{often} {words}")


def _examples() -> list[tuple[str, str]]:
    """Return the example of each region and type: region and digits after the plus."""
    found = []
    for region in _REGIONS:
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                found.append((region, phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)[1:]))
    return found


def _text(chance: random.Random, examples: list[tuple[str, str]], region: str) -> str:
    """Return a number as it may stand in a cell: of any country with its plus, or of this one without."""
    own, digits = chance.choice(examples)
    changed = list(digits)
    for _ in range(chance.randint(0, 6)):
        changed[-chance.randint(1, len(digits) - 1)] = chance.choice("0123456789")
    if chance.random() < 0.1:
        changed = changed[: chance.randint(4, len(changed))]
    text = "".join(changed)
    if own != region or chance.random() < 0.5:
        return f"+{text}"
    code = str(phonenumbers.country_code_for_region(region))
    return chance.choice(["", "0", f"00{code}", code]) + text.removeprefix(code)


def _repaired(at: int, column: Column) -> str:
    """Say where a verdict is of another text than the one that stands there, such as +521 for Mexico's mobiles."""
    return f"; read as repaired: {column.repaired[at]}" if at in column.repaired else ""


def _difference(text: str, verdict: int | str, region: str) -> str | None:
    """Say how a verdict differs from that of phonenumbers; None where it does not."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        theirs = 0
    else:
        valid = phonenumbers.is_valid_number(number)
        theirs = int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]) if valid else 0
    if theirs == (verdict if isinstance(verdict, int) else 0):
        return None
    form = "with its plus" if text.startswith("+") else "without a plus"
    if isinstance(verdict, str):
        return f"{form}: not called ({verdict}), valid by phonenumbers"
    return f"{form}: called, {'another number' if theirs else 'not valid'} by phonenumbers"


if __name__ == "__main__":
    main(int(sys.argv[1]), beside="beside" in sys.argv)
