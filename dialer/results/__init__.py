"""The results CSV: for people to read, and to be read back when it knows more than the ledger."""

from dialer.results.cells import guarded, unguarded
from dialer.results.file import ResultsFile
from dialer.results.reading import ReadBack, read_back
from dialer.results.replacing import replaced
from dialer.results.stamp import STAMP, continues, stamp_of

__all__ = [
    "STAMP",
    "ReadBack",
    "ResultsFile",
    "continues",
    "guarded",
    "read_back",
    "replaced",
    "stamp_of",
    "unguarded",
]
