"""Bolna Voice AI: its API, what its answers mean, and a stand-in for it."""
