"""Where the page in the browser is, as `serve` prints it."""

from __future__ import annotations

from dialer.messages.commands import page_command


def serving_text(address: str, token: str, *, folder: str, is_trial: bool) -> str:
    """Return where the page is."""
    what = "the trials of the campaigns" if is_trial else "the campaigns"
    return (
        f"The page shows {what} in {folder}. Open this link within 10 minutes; it works once:\n"
        f"  {link_text(address, token)}\n"
        f"For another link: {page_command('--link')}. Ctrl-C ends the page; runs go on."
    )


def link_text(address: str, token: str) -> str:
    return f"{address}/login?token={token}"
