"""The results CSV: for people to read, and to be read back when it knows more than the ledger."""

from dialer.export.results.file import ResultsFile
from dialer.export.results.own_file import REJECTS, own_file, own_file_in
from dialer.export.results.places import PLACES, LastWritten, Places
from dialer.export.results.reading import ReadBack, read_back
from dialer.export.results.replacing import replaced
from dialer.export.results.rewriting import mark_of, rewritten, was_changed
from dialer.export.results.stamp import STAMP, known_part, stamp_of
from dialer.export.results.workbook import About, Workbook
from dialer.export.results.xlsx import can_write_workbooks, is_ours

__all__ = [
    "PLACES",
    "REJECTS",
    "STAMP",
    "About",
    "LastWritten",
    "Places",
    "ReadBack",
    "ResultsFile",
    "Workbook",
    "can_write_workbooks",
    "is_ours",
    "known_part",
    "mark_of",
    "own_file",
    "own_file_in",
    "read_back",
    "replaced",
    "rewritten",
    "stamp_of",
    "was_changed",
]
