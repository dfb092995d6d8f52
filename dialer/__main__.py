"""`python -m dialer`, and the `dialer` script."""

from __future__ import annotations

import sys

from dialer import streams
from dialer.messages.cli import INTERRUPTED, output_lost


def main() -> int:
    """Run the command line, also when Ctrl-C comes while it is still being imported."""
    try:
        streams.install()
        from dialer.cli import main as command_line  # noqa: PLC0415 - so that Ctrl-C is caught meanwhile

        code = command_line()
    except KeyboardInterrupt:
        sys.stderr.write(f"{INTERRUPTED}\n")
        return 130
    if trouble := streams.lost():
        from dialer.cli.printing import echo  # noqa: PLC0415 - as above

        echo(output_lost(trouble), err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
