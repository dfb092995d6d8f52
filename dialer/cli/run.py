"""`dialer run`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dialer import provider
from dialer.cli.asking import ask, say
from dialer.cli.by_page import ByPage, by_page_option
from dialer.cli.campaigns import Done, each, load
from dialer.cli.check import check_one
from dialer.cli.columns import with_phone_column
from dialer.cli.events import JsonLines
from dialer.cli.group import (
    any_hour_option,
    batch_option,
    campaigns_argument,
    cli,
    output_option,
    quiet_option,
    recipients_option,
    strict_option,
    yes_option,
)
from dialer.cli.progress import events_of, progress_of
from dialer.cli.signals import unless_terminated, with_signals
from dialer.cli.troubles import trouble_options
from dialer.errors import LockedError, UsageError
from dialer.messages.cli import CALL_THEM, NAME_OUTCOMES, READING_CAMPAIGN
from dialer.messages.operations.run import TROUBLES_IN_EARNEST
from dialer.messages.pages.plan import plan_text
from dialer.messages.pages.run import overview, plan_event, stopped_text, summary_event, summary_text
from dialer.provider.interface import NO_TROUBLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.errors import DialerError, ExitCode
    from dialer.operations import Plan, RunOptions, Summary


def _outcomes(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, ...]:
    """Return the outcomes that a text names."""
    if text is not None and not text.strip(" ,"):
        # An empty variable of a script must not become a run that calls everybody who is left.
        raise click.BadParameter(NAME_OUTCOMES)
    return tuple(filter(None, (word.strip() for word in (text or "").split(","))))


@cli.command()
@campaigns_argument
@recipients_option
@batch_option
@click.option(
    "--sandbox",
    is_flag=True,
    help=f"Call the built-in stand-in for {provider.NAME}, with results of its own; no phone rings.",
)
@any_hour_option
@trouble_options
@click.option("--dry-run", is_flag=True, help="Call nobody: the same as `dialer check`.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Call at most N recipients.")
@click.option("--until", metavar="TIME", help='Stop calling then, as "2026-12-01 18:00"; run it again for the rest.')
@strict_option
@click.option("--retry-errors", is_flag=True, help=f"Call again everybody whose call {provider.NAME} refused.")
@click.option(
    "--redial-unknown",
    is_flag=True,
    help="Call again everybody whose call is `unknown`. Some of them may be called twice.",
)
@click.option(
    "--redial",
    metavar="OUTCOMES",
    callback=_outcomes,
    help="Call again everybody whose last call ended like this: no-answer,busy,voicemail,failed,...",
)
@click.option("--adopt", is_flag=True, help="Go on from the results CSV when the ledger is lost.")
@click.option(
    "--track",
    is_flag=True,
    help="Stay until every call has ended, and write how it went.",
)
@click.option(
    "--new-batch",
    is_flag=True,
    help="Start a new batch, although another one called most of the list, or a symbolic link leads here.",
)
@click.option(
    "--join",
    is_flag=True,
    help="Call beside other runs of this list, on machines that share a database. What [pacing] and [breaker] say, "
    "and --limit, holds for each run.",
)
@click.option("--move-workspace", is_flag=True, help="Accept that the ledger was moved here from another workspace.")
@yes_option
@click.option("--no-progress", is_flag=True, help="Show no progress.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Without a terminal, show progress as lines of text or as JSON events.",
)
@output_option
@quiet_option
@by_page_option
def run(
    campaigns: tuple[Path, ...],
    *,
    recipients: Path | None,
    batch: str | None,
    sandbox: bool,
    any_hour: bool,
    dry_run: bool,
    yes: bool,
    no_progress: bool,
    log_format: str,
    output: str,
    quiet: bool,
    by_page: bool,
    until: str | None,
    **options: Any,  # noqa: ANN401 - each is one of RunOptions
) -> ExitCode:
    """Call everybody in the list; run it again to go on."""
    which: dict[str, Any] = {"recipients": recipients, "batch": batch, "sandbox": sandbox, "any_hour": any_hour}
    if options["troubles"] != NO_TROUBLES and not sandbox:
        raise UsageError(TROUBLES_IN_EARNEST)
    if dry_run:
        one = partial(check_one, output=output, limit=options["limit"], strict=options["strict"], **which)
        return each(campaigns, one, output=output)
    from dialer.operations import RunOptions, until_in  # noqa: PLC0415 - heavy, and only this command needs it

    if by_page:
        no_progress, log_format = True, "json"
    run_options = RunOptions(**options, until=until_in(until, None))
    talk = _Talk(output=output, quiet=quiet, no_progress=no_progress, log_format=log_format, yes=yes, by_page=by_page)
    return each(
        campaigns,
        lambda path: _run_one(path, run_options, talk, **which),
        output=output,
        quiet=quiet,
        failed=_failed if log_format == "json" and not quiet else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """How a run talks to the person who started it."""

    output: str
    quiet: bool
    no_progress: bool
    log_format: str
    yes: bool
    by_page: bool


def _failed(path: Path, error: DialerError) -> None:
    from dialer.cli.events import JsonLines  # noqa: PLC0415 - only a run needs it

    about = {"campaign": str(path), "text": str(error), "exit_code": int(error.exit_code)}
    if isinstance(error, LockedError):
        # Nothing is wrong where a timer starts what goes on already.
        JsonLines().event("running", pid=error.pid, host=error.host, since=error.since, does=error.does, **about)
    else:
        JsonLines().event("error", **about)


def _run_one(path: Path, options: RunOptions, talk: _Talk, **which: Any) -> Done:  # noqa: ANN401 - options handed on
    progress = progress_of(quiet=talk.quiet, no_progress=talk.no_progress, log_format=talk.log_format)
    progress.doing(READING_CAMPAIGN)
    try:
        campaign = load(path, **which)
        from dialer.operations import run_campaign  # noqa: PLC0415 - heavy, and only this command needs it
    finally:
        progress.done()
    events = events_of(progress)

    async def call(campaign: Campaign, control: Control) -> Summary:
        check = campaign.batch.selection.command("check")
        page = ByPage(progress) if talk.by_page and isinstance(progress, JsonLines) else None
        confirm = partial(_confirm, talk=talk, control=control, events=events, check=check, page=page)
        asking = None if talk.yes else partial(ask if page is None else page.ask, control=control)
        return await run_campaign(campaign, options, confirm=confirm, ask=asking, progress=progress, control=control)

    # A bar is drawn over itself: what is said meanwhile goes above it.
    report = say if events is None and (talk.quiet or talk.no_progress) else progress.note
    summary, stopped_by = with_phone_column(
        campaign, lambda known: with_signals(partial(call, known), say=report), asks=not talk.yes
    )
    summary = replace(summary, exit_code=unless_terminated(summary.exit_code, stopped_by))
    if events is not None:
        # A command to type next is of no use on the page.
        text = summary_text(replace(summary, next=None), selection=campaign.batch.selection) if talk.by_page else None
        events("summary", **summary_event(summary), **({} if text is None else {"text": text}))
    elif talk.quiet and (stopped := stopped_text(summary)):
        say(stopped)
    elif talk.output == "text" and not talk.quiet:
        # With a progress they were shown when they came up.
        notes = summary.notes if talk.no_progress else ()
        batch = campaign.batch
        text = summary_text(summary, selection=batch.selection, files=batch.outputs)
        say("\n".join([*notes, text]))
    return Done(summary.exit_code, overview(summary), summary)


async def _confirm(
    plan: Plan,
    *,
    talk: _Talk,
    control: Control,
    events: Callable[..., None] | None,
    check: str,
    page: ByPage | None,
) -> bool:
    if events is not None:
        events("plan", **plan_event(plan))
    elif not talk.quiet:
        say(plan_text(plan, check=check))
    if talk.yes or plan.sandbox or not plan.to_call:
        return True
    if page is not None:
        return await page.ask(CALL_THEM, control=control, about=plan_text(plan, check=check), count=plan.to_call)
    return await ask(CALL_THEM, control=control)
