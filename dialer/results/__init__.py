"""The results CSV: for people to read, and to be read back when it knows more than the ledger."""

from dialer.results.cells import COLUMNS, guarded, unguarded
from dialer.results.file import ResultsFile, digest_of
from dialer.results.reading import ReadBack, read_back

__all__ = ["COLUMNS", "ReadBack", "ResultsFile", "digest_of", "guarded", "read_back", "unguarded"]
