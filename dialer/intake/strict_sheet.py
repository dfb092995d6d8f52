"""An .xlsx file of the strict kind (ISO/IEC 29500), made readable: its namespaces are others than the usual ones."""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STRICT: Final = b"http://purl.oclc.org/ooxml/"
# ECMA-376 and ISO/IEC 29500-1 and -4, annex A: .../ooxml/spreadsheetml/main is .../spreadsheetml/2006/main.
_NAMESPACE: Final = re.compile(rb"""((?:\bxmlns(?::\w+)?|\bType)=["'])http://purl\.oclc\.org/ooxml/(\w+)/""")
_USUAL: Final = rb"\1http://schemas.openxmlformats.org/\2/2006/"
_BLOCK: Final = 1 << 20


@contextmanager
def with_usual_namespaces(path: Path) -> Iterator[Path | IO[bytes]]:
    """Yield what openpyxl can read: the file itself, or where it is a strict one, a copy with the usual namespaces.

    Raises:
        BadZipFile: it is not an .xlsx file.
    """
    with zipfile.ZipFile(path) as archive:
        if not _is_strict(archive):
            yield path
            return
        with TemporaryFile() as copy:
            with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
                for name in archive.namelist():
                    with archive.open(name) as part, target.open(name, "w", force_zip64=True) as written:
                        _translate(part, written)
            copy.seek(0)
            yield copy


def _is_strict(archive: zipfile.ZipFile) -> bool:
    """Tell by the package's relationships, as programs do."""
    return "_rels/.rels" in archive.namelist() and _STRICT in archive.read("_rels/.rels")


def _translate(part: IO[bytes], written: IO[bytes]) -> None:
    """Copy a part; its tags are taken whole, so that no namespace is cut in two."""
    rest = b""
    while block := part.read(_BLOCK):
        tags, end, rest = (rest + block).rpartition(b">")
        written.write(_NAMESPACE.sub(_USUAL, tags + end))
    written.write(rest)
