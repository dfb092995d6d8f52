"""What every engine's ledger does in the same way: one text of SQL, asked by name, and what its rows mean."""
