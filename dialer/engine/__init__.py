"""Sending: who is next, when their request may leave, and what its answer means for the rest."""
