"""How fast, how even, how lean: measured against the peers, on this machine, in one run."""
