"""The results CSV: for people to read, and to be read back when it knows more than the ledger."""

from dialer.export.results.file import ResultsFile
from dialer.export.results.own_file import REJECTS, own_file, own_file_in
from dialer.export.results.places import PLACES, Places
from dialer.export.results.reading import ReadBack, read_back
from dialer.export.results.replacing import replaced
from dialer.export.results.stamp import STAMP, continues, stamp_of
from dialer.export.results.workbook import About, Workbook
from dialer.export.results.xlsx import can_write_workbooks, is_ours

__all__ = [
    "PLACES",
    "REJECTS",
    "STAMP",
    "About",
    "Places",
    "ReadBack",
    "ResultsFile",
    "Workbook",
    "can_write_workbooks",
    "continues",
    "is_ours",
    "own_file",
    "own_file_in",
    "read_back",
    "replaced",
    "stamp_of",
]
