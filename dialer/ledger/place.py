"""Is a path on a network share, where SQLite's locks and syncs cannot be trusted?"""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "coda",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "davfs",
    }
    | {
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.gcsfuse",
        "fuse.davfs2",
        "fuse.smbnetfs",
    }
)
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
    best, kind = -1, ""
    for line in table.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        # Of two mounts on one point the later hides the earlier, hence >=.
        if target.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind if kind in _NETWORK else None
