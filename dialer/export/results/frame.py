"""The results as a pandas DataFrame, for analyses of the user's own (the only module that imports pandas)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dialer.export.results.cells import shown
from dialer.export.results.columns import columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dialer.models import ResultRow


def frame_of(
    rows: Iterable[ResultRow], *, header: Sequence[str], with_id: bool, calls: Collection[str] | None
) -> pd.DataFrame:
    """Return results as a table of text: the columns of the CSV, each cell as it was read, without its guard.

    Args:
        rows: the results.
        header: the input's columns.
        with_id: the campaign names an id column.
        calls: as for `ResultsFile.write`.
    """
    ours = columns(with_id=with_id, parts=calls)
    cells = (
        [*(_text(column.write(row)) for column in ours), *(row.cells.get(name, "") for name in header)] for row in rows
    )
    return pd.DataFrame(cells, columns=[*(column.name for column in ours), *map(shown, header)], dtype=str)


def _text(value: object) -> str:
    return "" if value is None else str(value)
