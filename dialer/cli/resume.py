"""`dialer resume`."""

from __future__ import annotations

from typing import Any

from dialer.cli.group import cli, output_option, paused_options
from dialer.cli.printing import echo_outcome
from dialer.errors import ExitCode
from dialer.messages.pages.resume import resumed_text


@cli.command()
@paused_options
@output_option
def resume(output: str, **which: Any) -> ExitCode:  # noqa: ANN401 - options handed on
    """Lift a pause; this starts no run."""
    from dialer.operations import resume_campaigns, targets_of  # noqa: PLC0415 - only this command needs it

    resumed = resume_campaigns(targets_of(**which))
    echo_outcome(resumed, resumed_text, output=output)
    return ExitCode.DONE
