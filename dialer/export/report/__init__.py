"""What a batch came to, for people who were not there: figures, and a page that shows them.

`gathering` reads the `figures` from a ledger; `head`, `headline` and `sections` say them in `parts`, which are written
as a `page` (with `charts`) or as `markdown`.
"""

from dialer.export.report.answers import Wanted
from dialer.export.report.figures import Report
from dialer.export.report.gathering import gather
from dialer.export.report.markdown import markdown
from dialer.export.report.view import View

__all__ = ["Report", "View", "Wanted", "gather", "markdown"]
