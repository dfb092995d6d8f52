"""SQL statements for another batch's ledger, which may have any version; all others are in `ledger`."""
