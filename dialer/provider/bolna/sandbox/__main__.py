"""`python -m dialer.provider.bolna.sandbox --port 0 --settings '{"speed": 600}'`: a sandbox as a process of its own."""

from __future__ import annotations

import argparse
import json
import sys

from dialer.provider.bolna.sandbox.server import serve
from dialer.provider.bolna.sandbox.settings import parse


def main() -> None:
    """Serve until Ctrl-C; say where on stdout, in one line of JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m dialer.provider.bolna.sandbox", description="A stand-in for Bolna on loopback."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8765, help="0 for a free one")
    parser.add_argument("--settings", default="{}", help="a JSON object with settings")
    given = parser.parse_args()
    try:
        serve(parse(given.settings), host=given.host, port=given.port, on_ready=_announce)
    except (ValueError, OverflowError, OSError) as error:
        parser.error(str(error))


def _announce(base_url: str) -> None:
    sys.stdout.write(json.dumps({"base_url": base_url}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
