"""Is a path on a network share, where SQLite's locks and syncs cannot be trusted?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "glusterfs", "lustre", "gpfs", "beegfs",
    "davfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.juicefs", "fuse.s3fs",
    "fuse.mount-s3", "fuse.rclone", "fuse.gcsfuse", "fuse.davfs2", "fuse.smbnetfs",
})  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


def network_file_system(path: Path, *, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the network file system that a path is on, or None.

    Only Linux tells (proc(5), mountinfo); elsewhere the answer is None.
    """
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    target = path.resolve()
    best, kind = 0, ""
    for point, type_ in _mounted(table):
        # Of two mounts on one point the later hides the earlier, hence >=.
        if target.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), type_
    return kind if kind in _NETWORK else None


def _mounted(table: str) -> Iterator[tuple[Path, str]]:
    """Yield each mount's point and the type of its file system."""
    for line in table.split("\n"):
        before, _, after = line.partition(" - ")
        fields, type_ = before.split(), after.split()[:1]
        if len(fields) >= 5 and type_:  # noqa: PLR2004 - the mount point is the fifth field
            yield Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields[4])), type_[0]
