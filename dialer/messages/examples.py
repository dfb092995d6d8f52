"""Two examples of each command, as its own page of help shows them."""

from __future__ import annotations

HEAD = "Examples"
EXAMPLES = {
    "backup": {
        "dialer backup /mnt/usb/calls": "copy everything here into a new folder",
        "dialer backup saved --in campaigns": "the workspace around another folder",
    },
    "cancel": {
        "dialer cancel people.toml": "stop the run and its waiting calls, and pause the batch",
        "dialer cancel people.toml --no-pause": "stop them, and let the next run call the rest",
    },
    "check": {
        "dialer check people.toml": "every problem by row, and what a run would do",
        "dialer check people.toml --rejects fix.csv": "write the rows that are not called to a file",
    },
    "completion": {
        "dialer completion bash > ~/.local/share/bash-completion/completions/dialer": "for bash",
        "dialer completion fish > ~/.config/fish/completions/dialer.fish": "for fish",
    },
    "database": {
        "dialer database create": "make the tables that the hosts share",
        "dialer database check": "what is missing in it",
    },
    "database check": {
        "dialer database check": "what is missing in the database of this workspace",
        "dialer database check --in campaigns": "the same for the workspace around another folder",
    },
    "database create": {
        "dialer database create": "make the tables",
        "dialer database create --run dialer_run --read dialer_read": "and let these roles use them",
    },
    "database import": {
        "dialer database import": "move this workspace's ledgers, do-not-call list and pauses into its database",
        "dialer database import --in campaigns": "the same for the workspace around another folder",
    },
    "database upgrade": {
        "dialer database upgrade": "after a new version of dialer was installed",
        "dialer database upgrade --json": "the same for a script",
    },
    "dnc": {
        "dialer dnc add +919876543210": "this number is not called any more",
        "dialer dnc list": "who is on the list",
    },
    "dnc accept": {
        "dialer dnc accept": "show what changed, ask, go on with the list as it is",
        "dialer dnc accept --in campaigns": "the list of the workspace around another folder",
    },
    "dnc add": {
        "dialer dnc add +919876543210 --source hotline": "one number, and who asked for it",
        "dialer dnc add --file optouts.csv --region IN": "all numbers in a file; those without + are Indian",
    },
    "dnc export": {
        "dialer dnc export": "print the numbers as a CSV",
        "dialer dnc export --to numbers.csv": "write them to a file",
    },
    "dnc list": {
        "dialer dnc list": "every entry, when it began and who asked for it",
        "dialer dnc list --json": "the same for a script",
    },
    "dnc remove": {
        'dialer dnc remove +919876543210 --reason "asked for a call"': "this number may be called again",
        "dialer dnc remove +919876543210 --reason wrong --source hotline": "end only the entry of this source",
    },
    "help": {
        "dialer help unattended": "how to run from cron, systemd or Airflow",
        "dialer help voicemail": "where the manual speaks of voicemail",
    },
    "init": {
        "dialer init people.csv": "ask a few questions, and write people.toml",
        "dialer init people.csv --yes --to may.toml": "ask nothing, and write may.toml",
    },
    "list": {
        "dialer list": "every campaign and batch here",
        "dialer list --json": "the same for a script",
    },
    "login": {
        "dialer login": "ask for the key, check it, and keep it",
        "dialer login --forget": "delete it",
    },
    "pause": {
        "dialer pause people.toml": "stop calling until `dialer resume people.toml`",
        'dialer pause --all --for 2h --note "phones down"': "pause every campaign for two hours, and say why",
    },
    "reconcile": {
        "dialer reconcile people.toml": "find out which of the unknown calls were placed",
        "dialer reconcile people.toml --batch may": "the same for one batch",
    },
    "report": {
        "dialer report people.toml": "write a page beside the results",
        "dialer report people.toml --to may.md --wanted interested=yes": "as Markdown, with how many were interested",
    },
    "results": {
        "dialer results people.toml": "write the results CSV again",
        "dialer results people.toml --to people.xlsx": "write a workbook, even during a run",
    },
    "resume": {
        "dialer resume people.toml": "lift the pause of this campaign",
        "dialer resume --all": "lift the pause of every campaign here",
    },
    "run": {
        "dialer run people.toml --sandbox": "try it: no phone rings",
        "dialer run people.toml": "show the plan, ask, call; the same command goes on",
    },
    "sandbox": {
        "dialer sandbox": "rehearse against it from another terminal",
        "dialer sandbox --speed 600 --lose 1%": "calls end sooner, and some answers get lost",
    },
    "serve": {
        "dialer serve": "print a link that opens the page of this workspace",
        "dialer serve --port 9000": "the page on another port",
    },
    "set": {
        "dialer set people.toml rate=60/minute": "call more slowly from now on",
        "dialer set people.toml lines=5": "at most five live calls",
    },
    "show": {
        "dialer show +91 98765 43210": "when this number was called, and how it went",
        "dialer show +919876543210 --json": "the same for a script",
    },
    "status": {
        "dialer status people.toml --watch": "how far the run is, again every 2 seconds",
        "dialer status people.toml --json": "the same for a script",
    },
    "track": {
        "dialer track people.toml --watch": "ask until every call has ended",
        "dialer track people.toml --with transcript": "the transcripts go into the results as well",
    },
}
"""Each command with what it does; a test reads each of them as the program would."""
