"""The product before and now: each a wheel of its own in an environment of its own, with the same dependencies."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BEFORE = "f0f5b55"
"""The version that the figures are held against, where none is named: the last one before they were worked on."""
# An installation of the product has no trio: where it is there, httpcore and anyio import it.
_LEFT_OUT = ("dialer", "trio", "_editable", "__editable__")


class NoVersionError(Exception):
    """A version cannot be built; the message says why."""


@dataclass(frozen=True, slots=True)
class Version:
    """An installed version.

    Attributes:
        name: `before` or `now`.
        python: its interpreter.
    """

    name: str
    python: Path

    def command(self, *words: str | Path) -> list[str]:
        """Return the command line of the product."""
        return [str(self.python), "-m", "dialer", *map(str, words)]

    def task(self, *words: str | Path) -> list[str]:
        """Return the command line of what no command does by itself."""
        return self.script("inside.py", *words)

    def script(self, name: str, *words: str | Path) -> list[str]:
        """Return the command line of a file of the benchmarks that imports the product and nothing of theirs."""
        return [str(self.python), "-P", str(Path(__file__).with_name(name)), *map(str, words)]


def build(folder: Path, *, before: str) -> list[Version]:
    """Return the version of a git revision, where it can be had, and that of the working tree.

    In a folder that was kept, what is there of before stays, and of now what was made by the same code.

    Raises:
        NoVersionError: the working tree cannot be built.
    """
    versions = []
    try:
        source = _checked_out(before, folder / f"source-{before}")
        versions.append(_installed("before", source, folder))
    except NoVersionError as error:
        print(f"Without {before}, since {error}: only what is now is measured.\n", flush=True)
    versions.append(_installed("now", ROOT, folder))
    return versions


def _checked_out(revision: str, folder: Path) -> Path:
    if folder.exists():
        return folder
    if shutil.which("git") is None:
        raise NoVersionError("git is not installed")
    archive = folder.with_suffix(".tar")
    _run(["git", "-C", str(ROOT), "archive", "--format=tar", "-o", str(archive), revision])
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder


def _installed(name: str, source: Path, folder: Path) -> Version:
    """Return a version, built and installed: what is left of one that was another is deleted."""
    new, wheels, home = folder / "new-wheel", folder / f"{name}-wheel", folder / f"{name}-environment"
    _run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(new), str(source)])
    (wheel,) = new.glob("*.whl")
    former = wheels / wheel.name
    if home.exists() and former.exists() and former.read_bytes() == wheel.read_bytes():
        shutil.rmtree(new)
        return Version(name, home / "bin" / "python")
    for old in folder.glob(f"{name}-*"):
        shutil.rmtree(old)
    new.rename(wheels)
    _run([sys.executable, "-m", "venv", "--without-pip", str(home)])
    (packages,) = home.glob("lib/python*/site-packages")
    _link_dependencies(packages)
    with zipfile.ZipFile(former) as file:
        file.extractall(packages)
    compileall.compile_dir(packages / "dialer", quiet=1)
    return Version(name, home / "bin" / "python")


def _link_dependencies(packages: Path) -> None:
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            link = packages / entry.name
            if not entry.name.startswith(_LEFT_OUT) and entry.suffix != ".pth" and not link.exists():
                link.symlink_to(entry)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise NoVersionError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{command[0]} failed")
