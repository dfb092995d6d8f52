"""The page of `dialer --help`: what the program is for, and each command in a line.

It is shown without loading anything else: what reads a command line takes longer than a person should wait for this.
"""

from __future__ import annotations

GROUPS = {
    "Start": {
        "login": "Save your {provider} API key, so that every command finds it.",
        "init": "Write a campaign file for a CSV.",
        "check": "Check every row and show what would be sent; calls nobody.",
        "run": "Call everybody in the list; run it again to go on.",
        "sandbox": "Run the built-in stand-in for {provider}, until Ctrl-C.",
    },
    "Watch": {
        "list": "Show every campaign and batch of the workspace.",
        "status": "Show how far a campaign is; without a name, every batch, as `list`.",
        "track": "Ask {provider} how the accepted calls went; run it again until all have ended.",
        "show": "Show every attempt to call a number.",
        "serve": "Show every campaign in the browser; start, pause and cancel there.",
    },
    "Change": {
        "pause": "Place no more calls of a campaign until `dialer resume`.",
        "resume": "Lift a pause; this starts no run.",
        "set": "Change the rate or the lines of a run that is going on.",
        "cancel": "Stop a run, and every call that still waits at {provider}.",
        "dnc": "Add, remove and list the numbers that nobody may call.",
    },
    "Afterwards": {
        "report": "Write a page with charts of how the calls went.",
        "results": "Write the results file again, also as a workbook.",
        "reconcile": "Look at {provider} for the `unknown` calls, whose answer was lost.",
        "backup": "Copy the ledgers and settings of the workspace, even during a run.",
    },
    "More": {
        "completion": "Print the script that lets a shell complete commands, options and campaign files.",
        "database": "Set up the database that several hosts share.",
        "help": "Show a page of the manual or the options of a command, or search the manual.",
    },
}
"""Each command in a line, in the order in which they are shown."""
VERBS = {verb: line for group in GROUPS.values() for verb, line in group.items()}

_PAGE = """\
Usage: dialer [OPTIONS] COMMAND [ARGS]...

  Call everybody in a CSV with a {provider} voice agent: nobody twice, nobody lost.

  New here:
    dialer init people.csv     # asks a few questions, and writes people.toml
    dialer check people.toml   # shows every problem; calls nobody
    dialer run people.toml     # shows the plan, asks, and calls
    dialer run --help          # each command has its own page, with examples
"""
_END = """
Options:
  --version     Show the version and exit.
  --color WHEN  Use colours: always, never or auto (on a terminal, unless NO_COLOR is set).
  -h, --help    Show this message and exit.

Words: a batch is one list that is called under one campaign file · its ledger records each call · a workspace is a
folder whose campaigns share the rate and the do-not-call list · the sandbox is a stand-in for {provider}

Exit codes: 0 all done · 1 done, some need a look · 2 something is wrong, no call was placed · 3 some are left, run
again · 4 another run holds this batch · 5 stopped, a person must act · 130 stopped by Ctrl-C (143 by SIGTERM)
"""


def help_page(provider: str) -> str:
    width = max(map(len, VERBS))
    lines = []
    for name, group in GROUPS.items():
        lines += [f"\n{name}:\n", *(f"  {verb:{width}}  {line}\n" for verb, line in group.items())]
    return (_PAGE + "".join(lines) + _END).format(provider=provider)
