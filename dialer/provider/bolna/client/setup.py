"""Why no connection comes about until a person has changed something: certificates, TLS, proxies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Self

import httpx

from dialer.provider.bolna.client.reply import status_line

if TYPE_CHECKING:
    from ssl import SSLError

_ADDRESS, _PROXY = "BOLNA_BASE_URL", "HTTPS_PROXY"
_PASSING = {408, 425, 429, *range(500, 600)}
"""A proxy that answers these may open the connection a moment later."""
_NO_TEXT = "illegal request line"
"""What h11 says of an answer that begins with a control character, as a TLS alert does."""


class SetupError(httpx.ConnectError):
    """No request can leave until a person has changed something; trying again is of no use.

    Attributes:
        advice: what to do, without a full stop.
    """

    def __init__(self, words: str, advice: str) -> None:
        super().__init__(words)
        self.advice = advice

    @classmethod
    def plain(cls) -> Self:
        """Return that http:// was spoken to a port that speaks TLS."""
        return cls("the server expects https:// on this port", f"Write https:// in {_ADDRESS}")


@dataclass(frozen=True, slots=True)
class _Fault:
    words: str
    advice: str


_CLOCK = "Set this machine's clock if it is wrong; if it is right, the owner of the server has to renew the certificate"
_EXPIRED = _Fault("the certificate of {host} has expired: this machine's clock shows {now}", _CLOCK)
_EARLY = _Fault("the certificate of {host} is not valid yet: this machine's clock shows {now}", _CLOCK)
_OTHER_NAME = _Fault(
    "the server shows a certificate that is not for {host}",
    "Check {setting}, and whether a proxy or a login page of the network stands in between",
)
_UNKNOWN_ISSUER = _Fault(
    "the certificate of {host} was issued by an authority that this machine does not trust",
    "If a proxy of your organisation inspects encrypted traffic, set SSL_CERT_FILE to a PEM file with its certificate; "
    "otherwise check {setting}",
)
_INVALID = _Fault("the certificate of {host} is not valid", "Check {setting}, and this machine's clock")
_NO_TLS = _Fault(
    "{host} does not speak TLS on this port, or no version that is safe",
    "Check {setting}: the host, the port, and https:// or http://",
)
# By OpenSSL's X509_V_ERR_… codes: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_CERTIFICATES = {
    9: _EARLY,
    10: _EXPIRED,
    18: _UNKNOWN_ISSUER,
    19: _UNKNOWN_ISSUER,
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}


def of_tls(error: SSLError, *, host: str, is_proxy: bool = False) -> httpx.ConnectError:
    """Return what it means that TLS could not be agreed on.

    Args:
        error: what OpenSSL said.
        host: with which server.
        is_proxy: whether that is the proxy.
    """
    if "INTERNAL_ERROR" in (error.reason or ""):
        return httpx.ConnectError(str(error))  # a server in trouble says so
    if isinstance(error, SSLCertVerificationError):
        fault, said = _CERTIFICATES.get(error.verify_code, _INVALID), error.verify_message
    else:
        fault, said = _NO_TLS, (error.reason or str(error)).replace("_", " ").lower()
    setting, now = _PROXY if is_proxy else _ADDRESS, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return SetupError(f"{fault.words.format(host=host, now=now)} ({said})", fault.advice.format(setting=setting))


def of_proxy(status: int, *, place: str, target: str) -> httpx.TransportError:
    """Return what it means that a proxy did not open a connection.

    Args:
        status: what it answered.
        place: its host and port; never what else its URL holds.
        target: host and port that it was asked for.
    """
    if status in _PASSING:
        return httpx.ProxyError(f"the proxy {place} answered {status_line(status)}")
    if status == 407:  # noqa: PLR2004 - HTTP's numbers speak for themselves
        return SetupError(
            f"the proxy {place} asks for another user name and password (HTTP 407)",
            f"Set {_PROXY} to http://USER:PASSWORD@{place}",
        )
    if status in {401, 403}:
        return SetupError(
            f"the proxy {place} does not allow connections to {target} (HTTP {status})",
            "Ask the administrator of the proxy to allow it",
        )
    return SetupError(
        f"the proxy {place} opened no connection to {target} and answered {status_line(status)}",
        f"Check {_PROXY}: this may be no proxy",
    )


def speaks_tls(words: str) -> bool:
    """Tell whether h11's words about an answer that is not HTTP fit a TLS alert."""
    return _NO_TEXT in words
