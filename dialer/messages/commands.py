"""The next step as a person can take it: a command to type, or on the page the button that does the same.

A command is built from a verb and its options, never by editing another command. A process that speaks to the page says
so once, and every sentence with a next step then names what the page has.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from dialer.escaping import is_plain
from dialer.messages import buttons

_CALLING = {"run", "check"}


@dataclass(slots=True)
class _Reader:
    """Who reads the sentences of this process."""

    has_page: bool = False
    is_trial: bool = False


_READER = _Reader()


def speak_to_page(*, is_page: bool = True, is_trial: bool = False) -> None:
    """Have the sentences of this process lead to buttons and fields of the page: its reader has a browser.

    Args:
        is_page: whether the reader has.
        is_trial: whether the page is the one that shows trials.
    """
    _READER.has_page, _READER.is_trial = is_page, is_trial


def has_page() -> bool:
    """Tell whether the reader has the page before them, not a terminal."""
    return _READER.has_page


@dataclass(frozen=True, slots=True)
class Selection:
    """A campaign as it was typed, with the options that say which batch of it is meant.

    Attributes:
        campaign: the campaign file.
        recipients: `--recipients`.
        batch: `--batch`.
        sandbox: `--sandbox`.
        any_hour: `--any-hour`, which only the verbs take that call, or say who would be called.
        kept: options of a run that the next run needs as well.
    """

    campaign: Path
    recipients: Path | None = None
    batch: str | None = None
    sandbox: bool = False
    any_hour: bool = False
    kept: tuple[str, ...] = ()

    def command(self, verb: str, *options: str) -> str:
        """Return a command on the same batch, or the button for it.

        Args:
            verb: what to do.
            options: more options of that verb.
        """
        button = buttons.of_command(verb, *options)
        hours = ["--any-hour"] if self.any_hour and verb in _CALLING else []
        kept = self.kept if verb == "run" else ()
        return command_text(verb, self.campaign, *self.options, *hours, *options, *kept, button=button)

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

    def at_any_hour(self) -> Selection:
        """Return the same as a trial that has no calling hours."""
        return replace(self, sandbox=True, any_hour=True)

    def in_earnest(self) -> Selection:
        """Return the same, no trial."""
        return replace(self, sandbox=False, any_hour=False)


def command_text(verb: str | Path, *words: str | Path, button: str = "") -> str:
    """Return a command so that a shell takes it as it is meant, whatever stands in the names of files.

    Args:
        verb: what to do.
        words: its arguments.
        button: what does the same on the page; empty where only a terminal does it.
    """
    typed = " ".join(("dialer", *(quoted(word) for word in (verb, *words))))
    return in_terminal(typed) if not button else pressed(button) if has_page() else typed


def page_command(*options: str) -> str:
    """Return the command for the page that the reader has, or wants to have: that of trials is another one."""
    return command_text("serve", *options, *(["--sandbox"] if _READER.is_trial else []))


def in_terminal(typed: str) -> str:
    """Return what has to be typed; on the page, with the place for it."""
    return f"{typed} (in a terminal)" if has_page() else typed


def pressed(button: str) -> str:
    return f'press "{button}"'


def run_again() -> str:
    """Say how a run is started once more with the same options."""
    return "start it again" if has_page() else "run the same command again"


def added(option: str) -> str:
    """Say how a run gets an option that it had not."""
    button = buttons.of_option(option)
    return pressed(button) if button and has_page() else in_terminal(f"add {option}")


def field(option: str, value: str = "") -> str:
    """Return an option and its value as they were typed; on the page, the name of its field."""
    named = buttons.field_of(option) if has_page() else ""
    name = f'"{named}"' if named else option
    return f"{name} {value}" if value else name


def removal_text(*files: Path) -> str:
    """Return a command that deletes files."""
    return in_terminal(" ".join(("rm", *map(quoted, files))))


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
