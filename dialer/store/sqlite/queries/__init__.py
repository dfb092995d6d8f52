"""Every SQL statement of the ledger by name: `changing` writes, `reading` and `report` only read, `parts` is in both.

The tables are in `dialer.store.sqlite.schema`.
"""
