"""Commands as a person can type them: built from a verb and its options, never by editing another command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from dialer.escaping import is_plain


@dataclass(frozen=True, slots=True)
class Selection:
    """A campaign as it was typed, with the options that say which batch of it is meant.

    Attributes:
        campaign: the campaign file.
        recipients: `--recipients`.
        batch: `--batch`.
        sandbox: `--sandbox`.
    """

    campaign: Path
    recipients: Path | None = None
    batch: str | None = None
    sandbox: bool = False

    def command(self, verb: str, *options: str) -> str:
        """Return a command on the same batch.

        Args:
            verb: what to do.
            options: more options of that verb.
        """
        return command_text(verb, self.campaign, *self.options, *options)

    @property
    def options(self) -> list[str | Path]:
        """The options that say which batch is meant."""
        words: list[str | Path] = []
        words += ["--recipients", self.recipients] if self.recipients is not None else []
        words += ["--batch", self.batch] if self.batch is not None else []
        return [*words, *(["--sandbox"] if self.sandbox else [])]

    def of_all_batches(self) -> Selection:
        """Return the campaign itself."""
        return Selection(self.campaign, sandbox=self.sandbox)

    def as_trial(self) -> Selection:
        """Return the same as a trial in the sandbox."""
        return replace(self, sandbox=True)

    def in_earnest(self) -> Selection:
        """Return the same, no trial."""
        return replace(self, sandbox=False)


def command_text(verb: str | Path, *words: str | Path) -> str:
    """Return a command so that a shell takes it as it is meant, whatever stands in the names of files."""
    return " ".join(("dialer", *(quoted(word) for word in (verb, *words))))


def removal_text(*files: Path) -> str:
    """Return a command that deletes files."""
    return " ".join(("rm", *map(quoted, files)))


def quoted(word: str | Path) -> str:
    """Return a word so that a shell takes it as it is meant."""
    # A file called -x.csv would be read as an option.
    text = f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word)
    return shlex.quote(text) if is_plain(text) else f"$'{''.join(map(_escaped, text))}'"


def _escaped(character: str) -> str:
    """Return a character between the quotation marks of `$'...'`, where nothing invisible stays."""
    if character in "\\'":
        return f"\\{character}"
    if is_plain(character):
        return character
    # A byte of a file's name that is not UTF-8 comes as a lone surrogate (PEP 383).
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", errors))
