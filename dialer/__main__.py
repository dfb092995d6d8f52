"""`python -m dialer`, and the `dialer` script."""

from __future__ import annotations

import sys

from dialer import streams


def main() -> int:
    """Run the command line, also when Ctrl-C comes while it is still being imported."""
    try:
        streams.install()
        from dialer.cli import main as command_line  # noqa: PLC0415 - so that Ctrl-C is caught meanwhile

        code = command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing was dialled.\n")
        return 130
    if trouble := streams.lost():
        from dialer.cli.printing import echo  # noqa: PLC0415 - as above

        echo(f"Error: not all output could be written ({trouble}). The exit code is that of the work.", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
