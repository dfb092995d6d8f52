"""A stand-in for Bolna on loopback, for trials and fault tests: it never makes a real call."""

from dialer.provider.bolna.sandbox.sandbox import Sandbox
from dialer.provider.bolna.sandbox.server import running, serve
from dialer.provider.bolna.sandbox.settings import Settings

__all__ = ["Sandbox", "Settings", "running", "serve"]
