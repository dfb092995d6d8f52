"""SQL statements for a ledger whose batch is moved into a database."""

from __future__ import annotations

WHOLE_TABLE = "SELECT {columns} FROM {table} ORDER BY 1"
