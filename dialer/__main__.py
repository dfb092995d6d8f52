"""`python -m dialer`, and the `dialer` script."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line, also when Ctrl-C comes while it is still being imported."""
    try:
        from dialer.cli import main as command_line  # noqa: PLC0415 - so that Ctrl-C is caught meanwhile

        return command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing was dialled.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
