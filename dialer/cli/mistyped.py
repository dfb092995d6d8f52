"""What is said of a command that click cannot read."""

from __future__ import annotations

import io

import click

from dialer.messages.cli import no_such_command

_SUGGESTED = frozenset(
    {
        *("--help", "--version", "--output", "--quiet", "--recipients", "--batch", "--sandbox", "--dry-run", "--limit"),
        *("--strict", "--no-progress", "--log-format", "--watch", "--every", "--with", "--to", "--encoding", "--in"),
        *("--rejects", "--format", "--timezone", "--port", "--speed", "--lines"),
    }
)
"""What may be offered for an option that does not exist. Whatever calls somebody, skips a question or shows more than
was asked for is not among them: a person types that on purpose, or not at all."""


def usage_text(error: click.ClickException) -> str:
    """Return what is wrong with a command, with its usage; what would call somebody is never suggested."""
    shown = io.StringIO()
    _without_suggestions(error).show(file=shown)
    return shown.getvalue().rstrip("\n")


def _without_suggestions(error: click.ClickException) -> click.ClickException:
    """Return an error that offers no option that calls somebody, and no command instead of one that does not exist."""
    if isinstance(error, click.NoSuchOption):
        offered = [one for one in error.possibilities or () if one in _SUGGESTED]
        return click.NoSuchOption(error.option_name, possibilities=offered, ctx=error.ctx)
    # Older versions of click have no class for a command that does not exist, and offer none.
    context = getattr(error, "ctx", None)
    if hasattr(error, "command_name") and context is not None and isinstance(context.command, click.Group):
        known = context.command.list_commands(context)
        return click.UsageError(no_such_command(error.message, known), ctx=context)
    return error
