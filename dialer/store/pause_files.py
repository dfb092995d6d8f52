"""Pauses as files: `CAMPAIGN.paused` and `RESULTS.paused` beside what they hold, `all.paused` in a folder.

That a file is there pauses. One that cannot be read pauses without end; one whose `until` is over pauses no more.
Write order: a new file beside it, on disk, takes its place, and the folder is on disk when `put` returns. So a crash
leaves the pause as it was before or as it is to be, never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.errors import MustActError
from dialer.files import unreadable, unwritable
from dialer.messages import pause as say
from dialer.moments import moment_in
from dialer.store.shared import Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MISSING = {errno.ENOENT, errno.ENOTDIR}
_LARGEST = 1 << 16


class PauseFiles:
    """The files that may hold a batch, as they are at each moment.

    Args:
        campaign: the campaign file, as it was typed; None where it is not known.
        results: the results CSV; None: all batches of the campaign are meant.
        folder: where to look for `all.paused` besides the folders above the other two.
        sandbox: a trial's; the real campaign's do not hold it, and the other way round.
        now: Unix seconds.
    """

    def __init__(
        self,
        *,
        campaign: Path | None = None,
        results: Path | None = None,
        folder: Path | None = None,
        sandbox: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        # The name of a trial's results is one of its own.
        self.batch = () if results is None else _beside(results, "paused")
        self.campaign = () if campaign is None else _beside(campaign, _ending(sandbox=sandbox))
        self.above = tuple(_above((campaign, results, None if folder is None else folder / "x"), sandbox=sandbox))
        self._places = [
            (str(path), of)
            for of, paths in (("batch", self.batch), ("campaign", self.campaign), ("all", self.above))
            for path in paths
        ]

    def in_force(self) -> Sequence[Pause]:
        """Return what holds the batch at this moment."""
        found = (pause_in(path, of, now=self._now) for path, of in self._places)
        return [pause for pause in found if pause is not None]


def pause_in(path: str, of: str, *, now: Callable[[], float] = time.time) -> Pause | None:
    """Return the pause that one file is at this moment; None where it is none, or over."""
    if not _is_there(path):
        return None
    pause = read_pause(path, of)
    if pause.trouble:
        # Where it is gone it was lifted between the look and the reading.
        return pause if _is_there(path) else None
    return pause if pause.until is None or pause.until.timestamp() > now() else None


def all_paused(folder: Path, *, sandbox: bool) -> Path:
    """Return the file that pauses every campaign in and below a folder."""
    return folder / f"all.{_ending(sandbox=sandbox)}"


def is_there(path: Path) -> bool:
    """Tell whether a file of any kind has the name of a pause."""
    return _is_there(str(path))


def read_pause(path: str, of: str) -> Pause:
    """Return what a file says that is there."""
    try:
        if trouble := unreadable(Path(path)):
            return Pause(of, path, trouble=trouble)
        with Path(path).open("rb") as file:
            return _pause(path, of, json.loads(file.read(_LARGEST)))
    except OSError as error:
        return Pause(of, path, trouble=error.strerror or str(error))
    except (ValueError, RecursionError):
        return Pause(of, path, trouble=say.NOT_OURS)


def put(path: Path, pause: Pause) -> None:
    """Have a file pause; durable when this returns.

    Raises:
        MustActError: it cannot be written.
    """
    content = {"by": pause.by, "since": _text(pause.since), "until": _text(pause.until), "why": pause.why}
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    if kind := unwritable(path):
        raise MustActError(say.not_written(path, why=kind))
    try:
        # A word of an argument that is not UTF-8 came as a lone surrogate.
        _replace(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise MustActError(say.not_written(path, why=error.strerror)) from error


def lift(path: Path) -> bool:
    """Have a file pause no more, durable when this returns; tell whether it was there.

    Raises:
        MustActError: it cannot be removed.
    """
    try:
        path.unlink()
        _sync(path.parent)
    except OSError as error:
        if error.errno in _MISSING:
            return False
        raise MustActError(say.not_removed(path, why=error.strerror)) from error
    return True


def _ending(*, sandbox: bool) -> str:
    return "sandbox.paused" if sandbox else "paused"


def _beside(path: Path, ending: str) -> tuple[Path, ...]:
    """Return the file beside another one; where that is a link also beside what it leads to."""
    typed = path.absolute()
    names = (typed, Path(os.path.realpath(typed))) if typed.is_symlink() else (typed,)
    return tuple(dict.fromkeys(name.with_name(f"{name.name}.{ending}") for name in names))


def _above(paths: Sequence[Path | None], *, sandbox: bool) -> Sequence[Path]:
    """Return the files that pause everything in one of the folders above some paths, as typed and as they are."""
    folders: dict[Path, None] = {}
    for path in filter(None, paths):
        typed = Path(os.path.normpath(path.absolute()))
        for one in (typed, Path(os.path.realpath(path))):
            folders |= dict.fromkeys(one.parents)
    # Who may not look into a folder is paused by nothing in it.
    return [all_paused(folder, sandbox=sandbox) for folder in folders if os.access(folder, os.X_OK)]


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        # A pause that cannot be checked counts as a pause.
        return error.errno not in _MISSING
    return True


def _pause(path: str, of: str, content: object) -> Pause:
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in ("by", "since", "why")):
        raise ValueError
    until = content.get("until", "")
    return Pause(
        of,
        path,
        by=content["by"],
        since=_moment(content["since"]),
        until=None if until is None else _moment(until),
        why=content["why"],
    )


def _moment(text: object) -> datetime:
    moment = moment_in(text) if isinstance(text, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            # The user who runs the campaign must be able to read when it ends.
            os.fchmod(handle, 0o644)
            file.flush()
            os.fsync(handle)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
