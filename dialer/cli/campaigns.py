"""One campaign after the other, and what is said of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialer.cli.asking import say
from dialer.cli.printing import echo, echo_data
from dialer.errors import DialerError, ExitCode, InterruptedRunError
from dialer.messages import values
from dialer.messages.pages.run import overview_text
from dialer.messages.words import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dialer.config.campaign import Campaign

_GRAVEST = (
    ExitCode.MUST_ACT,
    ExitCode.USAGE,
    ExitCode.LOCKED,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.LEFT,
    ExitCode.LOOK,
)


def load(path: Path, *, recipients: Path | None, batch: str | None, sandbox: bool, any_hour: bool = False) -> Campaign:
    """Return a campaign file, checked."""
    from dialer.config.campaign import load_campaign  # noqa: PLC0415 - heavy, and status does without

    return load_campaign(path, recipients=recipients, batch=batch, sandbox=sandbox, any_hour=any_hour)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one campaign: its exit code, in a line, and as a value for scripts."""

    code: ExitCode
    words: str
    value: Any


def each(
    campaigns: Sequence[Path],
    one: Callable[[Path], Done],
    *,
    output: str,
    quiet: bool = False,
    failed: Callable[[Path, DialerError], None] | None = None,
) -> ExitCode:
    """Do one campaign after the other, print an overview, and return the gravest exit code.

    Args:
        campaigns: the files.
        one: does one of them.
        output: "text" or "json".
        quiet: tell nothing at the end.
        failed: called with an error instead of one; None: it is said in words, or raised if there is only one.
    """
    done: list[Done] = []
    for path in campaigns:
        try:
            done.append(one(path))
        except DialerError as error:
            if failed is None and (len(campaigns) == 1 or isinstance(error, InterruptedRunError)):
                raise
            (failed or _say_error)(path, error)
            value = {"campaign": str(path), "error": str(error), "exit_code": int(error.exit_code)}
            done.append(Done(error.exit_code, first_line(str(error)), value))
        if done[-1].code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}:
            break
    if output == "json":
        # One document, whatever there was to do.
        echo_data(values.as_json(done[0].value if len(campaigns) == 1 else [each.value for each in done]))
    elif len(campaigns) > 1 and not quiet and failed is None:
        ended = [(str(path), each.code, each.words) for path, each in zip(campaigns, done, strict=False)]
        say(overview_text([*ended, *((str(path), None, "") for path in campaigns[len(done) :])]))
    return gravest(each.code for each in done)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the gravest of some exit codes."""
    found = set(codes)
    return next((code for code in _GRAVEST if code in found), ExitCode.DONE)


def _say_error(path: Path, error: DialerError) -> None:
    echo(f"{path}: {error}", err=True)
