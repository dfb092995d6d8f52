"""What the provider knows, held against what the ledger knows."""
