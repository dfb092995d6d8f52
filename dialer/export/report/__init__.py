"""What a batch came to, for people who were not there: figures, and a page that shows them.

`gathering` reads the `figures` from a ledger; `sections` and `troubles` say them in `parts`, which are written as a
`page` (with `charts`) or as `markdown`.
"""

from dialer.export.report.figures import Report
from dialer.export.report.gathering import View, gather
from dialer.export.report.markdown import markdown

__all__ = ["Report", "View", "gather", "markdown"]
