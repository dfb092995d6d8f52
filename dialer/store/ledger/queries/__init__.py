"""The SQL statements of a ledger by name: `changing` writes, `reading` and `report` only read, `parts` is in both.

They are written as SQLite reads them; for PostgreSQL they are translated, and those that differ in more than words are
written anew (`dialer.store.postgres`). The tables are in each engine's `schema`.
"""
