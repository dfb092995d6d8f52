"""The command line: parse, ask, signals, print, exit."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dialer import telling
from dialer.errors import DeclinedError, DialerError, ExitCode, InterruptedRunError, UsageError, only

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dialer.campaign import Campaign
    from dialer.control import Control
    from dialer.progress import Progress
    from dialer.session import Braking, Cancelled, Plan, Summary

_GRAVEST = (
    ExitCode.MUST_ACT,
    ExitCode.USAGE,
    ExitCode.LOCKED,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.LEFT,
    ExitCode.LOOK,
)

STATUS_EVERY = 2.0
"""Seconds between two looks of `status --watch`."""
_PATH = click.Path(path_type=Path)
_campaigns = click.argument("campaigns", nargs=-1, required=True, type=_PATH, metavar="CAMPAIGN...")
_campaign = click.argument("campaign", type=_PATH)
_recipients = click.option(
    "--recipients", type=_PATH, metavar="FILE", help="Take this CSV instead of the campaign file's."
)
_batch = click.option("--batch", metavar="NAME", help="Fill {batch} in the names of results and ledger.")
_sandbox = click.option("--sandbox", is_flag=True, help="Of a trial in the built-in stand-in for Bolna.")
_strict = click.option(
    "--strict", is_flag=True, help="Variables that the prompt asks for and does not get are an error."
)
_output = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How the outcome is printed."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dialer", message="dialer %(version)s")
def cli() -> None:
    """Call everybody in a CSV with a Bolna voice agent: nobody twice, nobody lost.

    \b
    Exit codes: 0 all done · 1 done, some need a look · 2 something is wrong, nothing dialled · 3 some are left, run
    again · 4 another run holds this batch · 5 stopped, a person must act · 130 interrupted (143 by SIGTERM)
    """  # noqa: D301 - \b is click's mark for text that keeps its lines


@cli.command()
@click.argument("recipients", type=_PATH)
@click.option("--to", type=_PATH, metavar="FILE", help="Write here; default: named after the CSV, in this folder.")
@click.option("--encoding", metavar="NAME", help="Of the CSV, if it is neither UTF-8 nor UTF-16 with its mark.")
def init(recipients: Path, to: Path | None, encoding: str | None) -> ExitCode:
    """Write a campaign file for a CSV."""
    from dialer.session import write_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    written = write_campaign(recipients, to=to, encoding=encoding)
    click.echo(f"{written} is written. Put the agent's id in, then: {telling.command_text('check', str(written))}")
    return ExitCode.DONE


@cli.command()
@_campaigns
@_recipients
@_batch
@_sandbox
@_output
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="As a run with this limit.")
@_strict
@click.option(
    "--rejects", type=_PATH, metavar="FILE", help="Write every row that is not called to this CSV, with the reason."
)
def check(campaigns: tuple[Path, ...], **options: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Judge every row and show what would be sent; nobody is called."""
    return _each(campaigns, partial(_check_one, **options), output=options["output"])


def _check_one(
    path: Path,
    *,
    output: str,
    limit: int | None,
    strict: bool,
    rejects: Path | None = None,
    **which: Any,  # noqa: ANN401 - options handed on
) -> _Done:
    from dialer.session import check_campaign, look_ahead  # noqa: PLC0415 - heavy, and only this command needs it

    campaign = _load(path, **which)
    found = check_campaign(campaign, limit=limit, rejects=rejects)
    view, _ = _with_signals(lambda _control: look_ahead(campaign, found))
    if output == "text":
        click.echo(telling.check_text(found, view, command=_again("run", path, **which)))
    code = ExitCode.USAGE if strict and view.warnings else found.exit_code
    value = {**telling.plain(found), "outlook": telling.plain(view)}
    return _Done(code, f"{found.to_call:,} would be called", value)


def _outcomes(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Return the outcomes that a text names."""
    return tuple(filter(None, (word.strip() for word in (text or "").split(","))))


@cli.command()
@_campaigns
@_recipients
@_batch
@click.option(
    "--sandbox", is_flag=True, help="Call the built-in stand-in for Bolna; results and ledger are kept apart."
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; nobody is called (like check).")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Take up at most N recipients.")
@_strict
@click.option("--retry-errors", is_flag=True, help="Call those again whom Bolna refused.")
@click.option(
    "--redial-unknown",
    is_flag=True,
    help="Call those again of whom nobody knows whether they were called: perhaps twice.",
)
@click.option(
    "--redial",
    metavar="OUTCOMES",
    callback=_outcomes,
    help="Call those once more whose last call ended so: no-answer,busy,voicemail,failed,...",
)
@click.option("--adopt", is_flag=True, help="Go on from the results CSV alone, its ledger being lost.")
@click.option(
    "--track",
    is_flag=True,
    help="Go on until every call is over, and write how it went; only then the next campaign.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; needed without a terminal.")
@click.option("--no-progress", is_flag=True, help="No bar and no lines while it runs.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Without a terminal: lines, or one JSON event each.",
)
@_output
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def run(campaigns: tuple[Path, ...], *, dry_run: bool, **options: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Dial; run it again to resume."""
    if dry_run:
        which = {name: options[name] for name in ("output", "limit", "strict", "recipients", "batch", "sandbox")}
        return _each(campaigns, partial(_check_one, **which), output=options["output"])
    return _each(campaigns, partial(_run_one, **options), output=options["output"], quiet=options["quiet"])


def _run_one(
    path: Path,
    *,
    output: str,
    quiet: bool,
    no_progress: bool,
    log_format: str,
    yes: bool,
    limit: int | None,
    strict: bool,
    retry_errors: bool,
    redial_unknown: bool,
    redial: tuple[str, ...],
    adopt: bool,
    track: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> _Done:
    from dialer.session import run_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    campaign = _load(path, **which)
    progress = _progress(quiet=quiet or no_progress, log_format=log_format)
    events = _events(progress)
    work = partial(
        run_campaign,
        campaign,
        limit=limit,
        strict=strict,
        retry_errors=retry_errors,
        redial_unknown=redial_unknown,
        redial=redial,
        adopt=adopt,
        track=track,
        progress=progress,
    )

    async def asked(control: Control) -> Summary:
        confirm = partial(_confirm, control=control, yes=yes, quiet=quiet, events=events)
        ask = None if yes else partial(_ask, control=control)
        return await work(confirm=confirm, ask=ask, control=control)

    say = _say if events is None else progress.note
    summary, stopped_by = _with_signals(asked, say=say)
    if events is not None:
        events("summary", **telling.summary_event(summary))
    elif output == "text" and not quiet:
        again = (["--retry-errors"] if retry_errors else []) + (["--redial", ",".join(redial)] if redial else [])
        command = " ".join([_again("run", path, **which), *(again if summary.left else [])])
        # With a progress they were told when they came up.
        notes = summary.notes if no_progress else ()
        _say("\n".join([*notes, telling.summary_text(summary, command=command)]))
    code = _unless_terminated(summary.exit_code, stopped_by)
    return _Done(code, telling.overview(summary), summary)


@cli.command()
@_campaigns
@_recipients
@_batch
@_sandbox
@_output
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until all is over or Ctrl-C.")
def status(campaigns: tuple[Path, ...], *, output: str, watch: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Show how many stand where; works while a run is going on."""
    from dialer.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.glance import standing_text  # noqa: PLC0415 - as above
    from dialer.screen import Screen  # noqa: PLC0415 - as above
    from dialer.session import standing  # noqa: PLC0415 - as above

    batches = [locate(path, **which) for path in campaigns]
    commands = [_again("run", path, **which) for path in campaigns]
    screen = Screen()
    # Ctrl-C is the way to end it.
    with contextlib.suppress(KeyboardInterrupt), screen.shown() if watch else contextlib.nullcontext():
        while True:
            standings = [standing(batch) for batch in batches]
            if output == "json":
                click.echo(telling.as_json(standings, indent=None if watch else 2))
            else:
                text = standing_text(list(zip(standings, commands, strict=True)))
                (screen.show if watch else click.echo)(text)
            if not watch or all(one.is_over for one in standings):
                break
            time.sleep(STATUS_EVERY)
    return ExitCode.DONE


@cli.command()
@_campaign
@_recipients
@_batch
@_sandbox
@_output
def reconcile(campaign: Path, output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Look for unclear calls at Bolna; whoever is found there is queued."""
    from dialer.session import reconcile_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    loaded = _load(campaign, **which)
    settled, _ = _with_signals(lambda control: reconcile_campaign(loaded, control=control))
    click.echo(telling.as_json(settled) if output == "json" else telling.settled_text(settled))
    return ExitCode(settled.exit_code)


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    from dialer.campaign import duration_in  # noqa: PLC0415 - heavy, and only one command needs it

    try:
        return duration_in(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _parts(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    from dialer.ledger import CALL_PARTS  # noqa: PLC0415 - only one command needs it

    names = None if text is None else tuple(name.strip() for name in text.split(",") if name.strip() != "none")
    for name in names or ():
        if name not in CALL_PARTS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(CALL_PARTS)} (or none).")
    return names


@cli.command()
@_campaign
@_recipients
@_batch
@click.option("--watch", is_flag=True, help="Look again and again, until every call is final.")
@click.option(
    "--every",
    default="30s",
    show_default=True,
    metavar="TIME",
    callback=_seconds,
    help="How long to wait between two looks.",
)
@click.option(
    "--with",
    "parts",
    metavar="PARTS",
    callback=_parts,
    help="Long columns that the results show from now on: transcript, extracted, both with a comma, or none.",
)
@_output
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def track(
    campaign: Path,
    *,
    watch: bool,
    every: float,
    parts: tuple[str, ...] | None,
    output: str,
    quiet: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> ExitCode:
    """Fetch how the accepted calls went; run it again until all are final."""
    from dialer.session import track_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    loaded = _load(campaign, **which, sandbox=False)
    progress = _progress(quiet=quiet, log_format="text")
    tracked, stopped_by = _with_signals(
        lambda control: track_campaign(
            loaded, every=every if watch else None, parts=parts, progress=progress, control=control
        )
    )
    if output == "json":
        click.echo(telling.as_json(tracked))
    elif not quiet:
        click.echo(telling.tracked_text(tracked, command=_again("track", campaign, **which, sandbox=False)))
    return _unless_terminated(tracked.exit_code, stopped_by)


@cli.command()
@_campaign
@_recipients
@_batch
@click.option("--yes", is_flag=True, help="Ask nothing; needed without a terminal.")
@_output
def cancel(campaign: Path, output: str, *, yes: bool, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Stop a run that goes on, and every call that waits at Bolna."""
    from dialer.session import cancel_campaign  # noqa: PLC0415 - heavy, and only this command needs it

    which["sandbox"] = False  # The built-in stand-in forgets its calls with the run that made them.
    loaded = _load(campaign, **which)

    async def asked(control: Control) -> Cancelled:
        async def confirm(braking: Braking) -> bool:
            return yes or await _ask(f"{telling.braking_text(braking)} Cancel?", control=control)

        return await cancel_campaign(loaded, confirm=confirm, tell=_say, control=control)

    cancelled, stopped_by = _with_signals(asked)
    if output == "json":
        click.echo(telling.as_json(cancelled))
    else:
        _say(telling.cancelled_text(cancelled, command=_again("cancel", campaign, **which)))
    return _unless_terminated(cancelled.exit_code, stopped_by)


@cli.command()
@_campaign
@_recipients
@_batch
@_sandbox
@click.option("--to", type=_PATH, metavar="FILE", help="Write here; default: beside the results.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "json"]),
    default="html",
    help="A page, or text that is printed unless --to is given.",
)
@click.option(
    "--timezone",
    metavar="NAME",
    default="UTC",
    show_default=True,
    help="Show times as in this zone, for instance Asia/Kolkata.",
)
@click.option("--full-numbers", is_flag=True, help="Show whole phone numbers, not only the last three digits.")
def report(
    campaign: Path,
    *,
    to: Path | None,
    form: Literal["html", "md", "json"],
    timezone: str,
    full_numbers: bool,
    **which: Any,  # noqa: ANN401 - options handed on
) -> ExitCode:
    """Write a page with charts of how the calls went."""
    from dialer.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.session import report_batch, report_text, save_report  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    found = report_batch(
        files, command=lambda name: _again(name, campaign, **which), zone=timezone, full_numbers=full_numbers
    )
    text = telling.as_json(found) if form == "json" else report_text(found, form)
    if form != "html" and to is None:
        click.echo(text.rstrip())
    else:
        click.echo(f"{save_report(text, files, to=to)} is written.")
    return ExitCode.DONE


@cli.command()
@_campaign
@_recipients
@_batch
@_sandbox
def results(campaign: Path, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Write the results CSV again from the ledger."""
    from dialer.batch import locate  # noqa: PLC0415 - only this command needs it
    from dialer.session import rewrite_results  # noqa: PLC0415 - as above

    files = locate(campaign, **which)
    click.echo(f"{files.results}: {rewrite_results(files):,} rows written")
    return ExitCode.DONE


@cli.command()
@click.argument("number", nargs=-1, required=True)
@click.option(
    "--in",
    "folder",
    type=_PATH,
    default=Path(),
    metavar="FOLDER",
    help="Where to search, with the folders in it; default: here.",
)
@_output
def show(number: tuple[str, ...], *, folder: Path, output: str) -> ExitCode:
    """Show every attempt at a number, in all ledgers of a folder."""
    from dialer.glance import shown_text  # noqa: PLC0415 - only this command needs it
    from dialer.session import show_number  # noqa: PLC0415 - heavy, and only this command needs it

    # A number with spaces may come without quotes.
    shown = show_number(" ".join(number), folder=folder)
    click.echo(telling.as_json(shown) if output == "json" else shown_text(shown))
    for path, why in shown.unread:
        click.echo(f"Not read: {path}\n  {why}", err=True)
    return ExitCode(shown.exit_code)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port on this machine.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="How many times faster calls go by.",
)
@click.option(
    "--lines", type=click.IntRange(min=1), default=10, show_default=True, help="Calls that may be live at once."
)
def sandbox(port: int, speed: float, lines: int) -> ExitCode:
    """Run the stand-in for Bolna by itself, until Ctrl-C."""
    from dialer.sandbox import Settings, serve  # noqa: PLC0415 - heavy, and only this command needs it

    def ready(url: str) -> None:
        click.echo(
            f"The sandbox listens. In another terminal:\n  export BOLNA_BASE_URL={url} BOLNA_API_KEY=bn-sandbox",
            err=True,
        )

    try:
        serve(Settings(speed=speed, lines=lines), port=port, on_ready=ready)
    except OSError as error:
        raise UsageError(
            f"port {port}: {error.strerror}. Perhaps a sandbox runs there already: use that one, or --port {port + 1}."
        ) from None
    return ExitCode.DONE


# -- what the commands share -------------------------------------------------------------------------------------


def _load(path: Path, *, recipients: Path | None, batch: str | None, sandbox: bool) -> Campaign:
    from dialer.campaign import load_campaign  # noqa: PLC0415 - heavy, and status does without

    return load_campaign(path, recipients=recipients, batch=batch, sandbox=sandbox)


def _again(command: str, path: Path, *, recipients: Path | None, batch: str | None, sandbox: bool) -> str:
    words = [command, str(path)]
    words += ["--recipients", str(recipients)] if recipients else []
    words += ["--batch", batch] if batch else []
    return telling.command_text(*words, *(["--sandbox"] if sandbox else []))


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of one campaign: its exit code, in a line, and as a value for scripts."""

    code: ExitCode
    words: str
    value: Any


def _each(campaigns: Sequence[Path], one: Callable[[Path], _Done], *, output: str, quiet: bool = False) -> ExitCode:
    """Do one campaign after the other, tell of all of them, and return the gravest exit code."""
    done: list[_Done] = []
    for path in campaigns:
        try:
            done.append(one(path))
        except DialerError as error:
            if len(campaigns) == 1 or isinstance(error, InterruptedRunError):
                raise
            click.echo(f"{path}: {error}", err=True)
            value = {"campaign": str(path), "error": str(error), "exit_code": int(error.exit_code)}
            done.append(_Done(error.exit_code, str(error).splitlines()[0], value))
        if done[-1].code in {ExitCode.INTERRUPTED, ExitCode.TERMINATED}:
            break
    if output == "json":
        # One document, whatever there was to do.
        click.echo(telling.as_json(done[0].value if len(campaigns) == 1 else [each.value for each in done]))
    elif len(campaigns) > 1 and not quiet:
        _say(
            telling.overview_text(
                {str(path): (each.code, each.words) for path, each in zip(campaigns, done, strict=False)}
            )
        )
    return next((code for code in _GRAVEST if any(each.code is code for each in done)), ExitCode.DONE)


def _progress(*, quiet: bool, log_format: str) -> Progress:
    from dialer import progress  # noqa: PLC0415 - only a run needs it

    if quiet:
        return progress.Silent()
    if log_format == "json":
        return progress.JsonLines()
    return progress.Bar() if progress.is_watched() else progress.Lines()


def _events(progress: Progress) -> Callable[..., None] | None:
    """Return what writes an event of its own, where progress is told in events."""
    from dialer.progress import JsonLines  # noqa: PLC0415 - only a run needs it

    return progress.event if isinstance(progress, JsonLines) else None


def _with_signals(
    work: Callable[[Control], Awaitable[Any]], *, say: Callable[[str], None] | None = None
) -> tuple[Any, signal.Signals | None]:
    """Run some work that Ctrl-C, SIGTERM and SIGHUP ask to drain, and a second time to stop at once."""
    import anyio  # noqa: PLC0415 - status and help do without

    from dialer.control import Control  # noqa: PLC0415 - as above

    control = Control()
    first: list[signal.Signals] = []
    watched = [signal.SIGINT, signal.SIGTERM]
    # nohup ignores SIGHUP, and so do we then.
    watched += [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]

    async def listen(*, task_status: Any) -> None:  # noqa: ANN401 - anyio's
        with anyio.open_signal_receiver(*watched) as signals:
            task_status.started()
            async for received in signals:
                first.append(received)
                control.interrupt()
                if len(first) == 1:
                    (say or _say)("\nStopping: what is in flight may finish. Once more to stop at once.")

    async def main() -> Any:  # noqa: ANN401 - whatever the work returns
        async with anyio.create_task_group() as tasks:
            await tasks.start(listen)
            outcome = await work(control)
            tasks.cancel_scope.cancel()
        return outcome

    try:
        outcome = anyio.run(main)
    except BaseExceptionGroup as group:
        error = only(group)
        if isinstance(error, InterruptedRunError) and first and first[0] == signal.SIGTERM:
            error.exit_code = ExitCode.TERMINATED
        raise error from None
    return outcome, first[0] if first else None


def _unless_terminated(code: ExitCode, stopped_by: signal.Signals | None) -> ExitCode:
    return ExitCode.TERMINATED if code is ExitCode.INTERRUPTED and stopped_by == signal.SIGTERM else ExitCode(code)


def _say(words: str) -> None:
    """Tell a person, if anybody is left to hear it: a terminal that is gone must not end a run."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(words, err=True)


async def _confirm(plan: Plan, *, control: Control, yes: bool, quiet: bool, events: Callable[..., None] | None) -> bool:
    if events is not None:
        events("plan", **telling.plan_event(plan))
    elif not quiet:
        _say(telling.plan_text(plan))
    if yes or plan.sandbox or not plan.to_call:
        return True
    return await _ask("Call them now?", control=control)


async def _ask(words: str, *, control: Control) -> bool:
    """Ask on the terminal; Ctrl-C is heard while it waits."""
    import anyio  # noqa: PLC0415 - as above

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DeclinedError(f"Nobody can be asked without a terminal: add --yes. Nothing was dialled.\n({words})")
    click.echo(f"{words} [y/N] ", err=True, nl=False)
    answer = ""
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await control.drain.wait()
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        await anyio.wait_readable(sys.stdin)
        answer = sys.stdin.readline()
        tasks.cancel_scope.cancel()
    if control.drain.is_set():
        raise InterruptedRunError(f"{control.stopped}; nothing was dialled.")
    return answer.strip().lower() in {"y", "yes"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; errors are told in words, never as a traceback."""
    try:
        # In its standalone mode click makes "Aborted!" and exit 1 of Ctrl-C.
        code = cli.main(arguments, prog_name="dialer", standalone_mode=False)
    except DialerError as error:
        click.echo(f"Error: {error}", err=True)
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except OSError as error:
        click.echo(f"Error: {error.filename or 'a file'}: {error.strerror}", err=True)
        return int(ExitCode.MUST_ACT)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted; nothing was dialled.", err=True)
        return int(ExitCode.INTERRUPTED)
    return int(code or 0)
