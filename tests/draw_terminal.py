"""Draws the README's picture of a terminal: `python -m tests.draw_terminal` runs the real thing and writes an SVG."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "sample_data" / "terminal.svg"
COMMAND = ("run", "campaigns/reminders.toml", "--sandbox", "--track")
COLUMNS, ROWS = 108, 60
CELL, LINE = 8.4, 20
"""The width of a character and the height of a line, in the units of the picture."""
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 2: "#8b949e"}
CONTROL = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|([\r\n\b])|([^\x1b\r\n\b]+)")


class Screen:
    """What a terminal shows after everything that was written to it."""

    def __init__(self) -> None:
        self.lines: list[list[tuple[str, str]]] = [[]]
        self._row = self._column = 0
        self._style = ""

    def write(self, text: str) -> None:
        for argument, command, control, plain in CONTROL.findall(text):
            if plain:
                self._put(plain)
            elif control:
                self._move(control)
            else:
                self._obey(command, argument)

    def _put(self, text: str) -> None:
        for character in text:
            if self._column == COLUMNS:
                self._move("\n")
                self._column = 0
            line = self.lines[self._row]
            line += [(" ", "")] * (self._column + 1 - len(line))
            line[self._column] = (character, self._style)
            self._column += 1

    def _move(self, control: str) -> None:
        if control == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append([])
        else:
            self._column = 0 if control == "\r" else max(0, self._column - 1)

    def _obey(self, command: str, argument: str) -> None:
        if command == "A":
            self._row = max(0, self._row - int(argument or 1))
        elif command == "K":
            del self.lines[self._row][self._column :]
        elif command == "J":
            del self.lines[self._row][self._column :], self.lines[self._row + 1 :]
        elif command == "m":
            numbers = [int(number or 0) for number in argument.split(";")]
            bold = "font-weight:bold;" if 1 in numbers else ""
            self._style = bold + "".join(f"fill:{COLOURS[n]};" for n in numbers if n in COLOURS)


def recorded() -> str:
    """Return all that the command writes to its terminal; its question is answered with yes."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("campaigns", "sample_data"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        command = [sys.executable, "-m", "dialer", *COMMAND]
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("NO_COLOR", None)
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        written = b""
        while part := _read(ours):
            if b"[y/N]" in part:
                os.write(ours, b"y\n")
            written += part
        process.wait()
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last process that had it open is gone
        return b""


def drawn(lines: list[list[tuple[str, str]]]) -> str:
    """Return the lines of a terminal as a picture."""
    width, height = COLUMNS * CELL + 32, len(lines) * LINE + 60
    rows = [f'<text x="16" y="{52 + at * LINE}">{_row(line)}</text>' for at, line in enumerate(lines)]
    dots = [
        f'<circle cx="{22 + at * 20}" cy="20" r="6" fill="{fill}"/>'
        for at, fill in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" role="img">',
            f"<title>dialer {escape(' '.join(COMMAND))} in a terminal</title>",
            '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
            *dots,
            f'<g font-family="{FONTS}" font-size="14" fill="#e6edf3">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _row(line: list[tuple[str, str]]) -> str:
    """Return a line; what has the same colour stands together, at the column where it belongs."""
    parts, at = [], 0
    while at < len(line):
        style = line[at][1]
        end = next((i for i in range(at, len(line)) if line[i][1] != style), len(line))
        # A picture would show several spaces as one.
        text = escape("".join(character for character, _ in line[at:end])).replace(" ", "\xa0")
        parts.append(f'<tspan x="{16 + at * CELL:g}" textLength="{(end - at) * CELL:g}" style="{style}">{text}</tspan>')
        at = end
    return "".join(parts)


if __name__ == "__main__":
    screen = Screen()
    screen.write(f"\x1b[32m$\x1b[0m \x1b[1mdialer {' '.join(COMMAND)}\x1b[0m\r\n{recorded()}")
    PICTURE.write_text(drawn([line for line in screen.lines if line or line is not screen.lines[-1]]), encoding="utf-8")
