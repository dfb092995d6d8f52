"""The SQL statements that another batch's ledger is asked, of whatever version it is; all others are in `ledger`."""
