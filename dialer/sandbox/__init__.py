"""A stand-in for Bolna on loopback, to try campaigns and to break things: no call is ever made."""

from dialer.sandbox.sandbox import Sandbox
from dialer.sandbox.server import running, serve
from dialer.sandbox.settings import Settings

__all__ = ["Sandbox", "Settings", "running", "serve"]
