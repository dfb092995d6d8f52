"""Who places the calls: what the rest may ask of a provider, and one package for each vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialer.provider.interface import Vendor

    VENDOR: Vendor
    """Whose calls this program places."""

__all__ = ["NAME", "VENDOR", "Vendor"]

NAME = "Bolna"
"""What people call the vendor: all that `dialer --help` needs of it."""


def __getattr__(name: str) -> Vendor:
    # Made when it is asked for. Another vendor is a package beside `bolna`, named here.
    if name != "VENDOR":
        raise AttributeError(f"module 'dialer.provider' has no attribute {name!r}")
    from dialer.provider.bolna import Bolna  # noqa: PLC0415 - as above

    globals()[name] = vendor = Bolna()
    return vendor
