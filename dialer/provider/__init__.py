"""Who places the calls: what the rest may ask of a provider, and one package for each vendor."""

from dialer.provider.bolna import Bolna
from dialer.provider.interface import Vendor

__all__ = ["VENDOR", "Vendor"]

VENDOR: Vendor = Bolna()
"""Whose calls this program places. Another vendor is a package beside `bolna`, named here."""
