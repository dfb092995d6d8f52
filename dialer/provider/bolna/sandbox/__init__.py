"""A stand-in for Bolna on loopback, to try campaigns and to break things: no call is ever made."""

from dialer.provider.bolna.sandbox.sandbox import Sandbox
from dialer.provider.bolna.sandbox.server import running, serve
from dialer.provider.bolna.sandbox.settings import Settings

__all__ = ["Sandbox", "Settings", "running", "serve"]
