"""`dialer serve`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from dialer.cli.group import PATH, cli
from dialer.cli.printing import echo
from dialer.config.workspace import folder_of_all
from dialer.errors import ExitCode
from dialer.messages.commands import speak_to_page
from dialer.messages.pages.serving import link_text, serving_text

_PORT, _PORT_OF_TRIALS = 8080, 8081


@cli.command()
@click.argument("workspace", type=PATH, default=Path())
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Listen on this loopback address; no other is allowed."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port on this machine; without it {_PORT}, or {_PORT_OF_TRIALS} with --sandbox.",
)
@click.option("--link", is_flag=True, help="Print another link to the page that runs, and exit.")
@click.option("--token-file", type=PATH, metavar="FILE", help="Let programs in that send the token in this file.")
@click.option("--sandbox", is_flag=True, help="Show and start trials only.")
def serve(
    *, workspace: Path, host: str, port: int | None, link: bool, token_file: Path | None, sandbox: bool
) -> ExitCode:
    """Show every campaign in the browser; start, pause and cancel there."""
    from dialer.operations.serve.board import Board  # noqa: PLC0415 - heavy, and only this command needs it
    from dialer.operations.serve.folder import is_served, only_page, own_folder  # noqa: PLC0415 - as above
    from dialer.operations.serve.next_list import NextLists  # noqa: PLC0415 - as above
    from dialer.operations.serve.work import Works  # noqa: PLC0415 - as above
    from dialer.web.server import address_of, listening, serve  # noqa: PLC0415 - as above
    from dialer.web.sessions import Sessions, token_in  # noqa: PLC0415 - as above
    from dialer.web.site import Site  # noqa: PLC0415 - as above

    # The page of trials has everything of its own, so that both can be open at once.
    speak_to_page(is_page=False, is_trial=sandbox)
    folder = own_folder(workspace, sandbox=sandbox)
    sessions = Sessions(folder)
    if link:
        echo(link_text(sessions.address(is_served=is_served(folder)), sessions.new_link_token()))
        return ExitCode.DONE
    token = "" if token_file is None else token_in(token_file)
    with only_page(folder, address=sessions.last_address):
        lists = NextLists(folder / "lists")
        lists.sweep()
        board = Board(workspace, lists, sandbox=sandbox)
        board.listing()
        listener = listening(host, port if port is not None else _PORT_OF_TRIALS if sandbox else _PORT)
        address = address_of(listener)
        sessions.note_address(address)
        shown = str(folder_of_all(workspace))
        printed = serving_text(address, sessions.new_link_token(), folder=shown, is_trial=sandbox)
        # From here on, what is said is read in a browser.
        speak_to_page(is_trial=sandbox)
        board = Board(workspace, lists, sandbox=sandbox)
        serve(Site(board, sessions, Works(folder / "runs")), listener, token=token, ready=partial(echo, printed))
    return ExitCode.DONE
