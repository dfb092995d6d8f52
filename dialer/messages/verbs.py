"""The page of `dialer --help`: what the program is for, and each command in a line.

It is shown without loading anything else: what reads a command line takes longer than a person should wait for this.
"""

from __future__ import annotations

VERBS = {
    "backup": "Save the ledgers and settings of the workspace, also while runs go on.",
    "cancel": "Stop a run that goes on, and every call that waits at {provider}.",
    "check": "Judge every row and show what would be sent; nobody is called.",
    "dnc": "Keep the workspace's do-not-call list.",
    "help": "Show a page of the manual, or the options of a command.",
    "init": "Write a campaign file for a CSV.",
    "list": "Show every campaign and batch of the workspace, and where it stands.",
    "pause": "Have no run call anybody, until `dialer resume`.",
    "reconcile": "Look for unclear calls at {provider}; those found become queued.",
    "report": "Write a page with charts of how the calls went.",
    "results": "Write the results again from the ledger, also as a workbook.",
    "resume": "Let runs call again after a pause; starts none.",
    "run": "Dial; run it again to resume.",
    "sandbox": "Run the stand-in for {provider} by itself, until Ctrl-C.",
    "serve": "Show every campaign in the browser; start, pause and cancel there.",
    "set": "Change rate or lines of a run that goes on.",
    "show": "Show every attempt at a number, in all ledgers of the workspace.",
    "status": "Show how many stand where; without a name: every batch, as `list`.",
    "track": "Fetch how the accepted calls went; run it again until all are final.",
}
"""Each command in a line, in the order in which they are shown."""

_PAGE = """\
Usage: dialer [OPTIONS] COMMAND [ARGS]...

  Call everybody in a CSV with a {provider} voice agent: nobody twice, nobody lost.

  Exit codes: 0 all done · 1 done, some need a look · 2 something is wrong, nothing dialled · 3 some are left, run
  again · 4 another run holds this batch · 5 stopped, a person must act · 130 interrupted (143 by SIGTERM)

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
"""


def help_page(provider: str) -> str:
    width = max(map(len, VERBS))
    lines = (f"  {verb:{width}}  {line}\n" for verb, line in VERBS.items())
    return (_PAGE + "".join(lines)).format(provider=provider)
