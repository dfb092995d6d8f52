"""Why no connection comes about until a person has changed something: certificates, TLS, proxies."""

from __future__ import annotations

from datetime import datetime
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING

import httpx

from dialer.messages import provider as say
from dialer.provider.bolna.client.reply import status_line
from dialer.provider.bolna.limits import NAMES

if TYPE_CHECKING:
    from ssl import SSLError

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


def of_tls(error: SSLError, *, host: str, is_proxy: bool = False) -> httpx.ConnectError:
    """Return what it means that TLS could not be agreed on.

    Args:
        error: what OpenSSL said.
        host: with which server.
        is_proxy: whether that is the proxy.
    """
    if "INTERNAL_ERROR" in (error.reason or ""):
        return httpx.ConnectError(str(error))  # a server in trouble reports this
    setting = say.PROXY if is_proxy else NAMES.address
    if isinstance(error, SSLCertVerificationError):
        return SetupError(*_of_certificate(error, host=host, setting=setting))
    said = (error.reason or str(error)).replace("_", " ").lower()
    return SetupError(*say.no_tls(host, said=said, setting=setting))


def _of_certificate(error: SSLCertVerificationError, *, host: str, setting: str) -> tuple[str, str]:
    said, now = error.verify_message, datetime.now().astimezone()
    # OpenSSL's X509_V_ERR_… codes: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
    match error.verify_code:
        case 9:
            return say.certificate_too_early(host, said=said, now=now)
        case 10:
            return say.certificate_expired(host, said=said, now=now)
        case 18 | 19 | 20 | 21:
            return say.issuer_not_trusted(host, said=said, setting=setting)
        case 62 | 64:
            return say.certificate_of_another(host, said=said, setting=setting)
        case _:
            return say.certificate_not_valid(host, said=said, setting=setting)


def of_proxy(status: int, *, place: str, target: str) -> httpx.TransportError:
    """Return what it means that a proxy did not open a connection.

    Args:
        status: what it answered.
        place: its host and port; never what else its URL holds.
        target: host and port that it was asked for.
    """
    if status in _PASSING:
        return httpx.ProxyError(say.proxy_answered(place, answer=status_line(status)))
    if status == 407:  # noqa: PLR2004 - HTTP's numbers speak for themselves
        return SetupError(*say.proxy_wants_password(place))
    if status in {401, 403}:
        return SetupError(*say.proxy_forbids(place, target=target, status=status))
    return SetupError(*say.perhaps_no_proxy(place, target=target, answer=status_line(status)))


def of_plain() -> SetupError:
    """Return what it means that http:// was spoken to a port that speaks TLS."""
    return SetupError(*say.https_expected(NAMES))


def speaks_tls(words: str) -> bool:
    """Tell whether h11's words about an answer that is not HTTP fit a TLS alert."""
    return _NO_TEXT in words
