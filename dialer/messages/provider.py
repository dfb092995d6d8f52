"""What the provider's answers, and its silence, mean for a person; what stands between this machine and its API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialer.messages.commands import run_again
from dialer.messages.words import without_stop
from dialer.moments import to_the_minute

if TYPE_CHECKING:
    from datetime import datetime

    from dialer.messages.names import ProviderNames

# -- nothing can be done until a person has acted: what happened, and what to do --------------------------------------


def key_refused(words: str, names: ProviderNames) -> tuple[str, str]:
    advice = f"Set {names.key} to a valid key, then {run_again()}."
    return f"{names.name} refused the key: {without_stop(words)}.", advice


def cannot_leave(words: str, advice: str) -> tuple[str, str]:
    """Return what happened, and what to do.

    Args:
        words: why no request can leave.
        advice: what a person has to change, without a full stop.
    """
    return f"No request can leave: {without_stop(words)}.", f"{advice}, then {run_again()}."


def check_settings(names: ProviderNames) -> str:
    return f"Check {names.address} and {names.key}"


# -- the key and the address -------------------------------------------------------------------------------------------

HOLDS_BLANK = "it holds a blank"
NO_SCHEME = "it does not begin with https://"
NO_HOST = "it has no host that is a name or an IP address"
NO_PORT = "there is no such port"
HOST_AND_PATH_ONLY = "it may hold a host and a path only"
HTTPS_ONLY = "the key is sent over https:// only (http:// is for a server on this machine)"


def key_empty(names: ProviderNames) -> str:
    return f"The key is empty. Set {names.key} to a key from {names.name}'s dashboard."


def key_not_sendable(names: ProviderNames) -> str:
    return (
        "The key cannot be sent: it holds a blank, a line break or a character that is not ASCII. "
        f"Copy {names.key} again from {names.name}'s dashboard, without quotes and without anything around it."
    )


def address_unusable(fault: str, names: ProviderNames) -> str:
    return f"{names.address} cannot be used: {fault}. It looks like {names.base_url}"


# -- certificates and TLS: what is wrong, and what to change -----------------------------------------------------------

_CLOCK = "Set this machine's clock if it is wrong; if it is right, the owner of the server has to renew the certificate"
NO_CERTIFICATE = "it contains no certificate in PEM format"


def certificate_expired(host: str, *, said: str, now: datetime) -> tuple[str, str]:
    return (
        f"the certificate of {host} has expired: this machine's clock shows {to_the_minute(now)} ({said})",
        _CLOCK,
    )


def certificate_too_early(host: str, *, said: str, now: datetime) -> tuple[str, str]:
    words = f"the certificate of {host} is not valid yet: this machine's clock shows {to_the_minute(now)} ({said})"
    return words, _CLOCK


def certificate_of_another(host: str, *, said: str, setting: str) -> tuple[str, str]:
    return (
        f"the server shows a certificate that is not for {host} ({said})",
        f"Check {setting}, and whether a proxy or a login page of the network stands in between",
    )


def issuer_not_trusted(host: str, *, said: str, setting: str) -> tuple[str, str]:
    advice = (
        "If a proxy of your organisation inspects encrypted traffic, set SSL_CERT_FILE to a PEM file with its "
        f"certificate; otherwise check {setting}"
    )
    words = f"the certificate of {host} was issued by an authority that this machine does not trust ({said})"
    return words, advice


def certificate_not_valid(host: str, *, said: str, setting: str) -> tuple[str, str]:
    return f"the certificate of {host} is not valid ({said})", f"Check {setting}, and this machine's clock"


def no_tls(host: str, *, said: str, setting: str) -> tuple[str, str]:
    return (
        f"{host} does not speak TLS on this port, or no version that is safe ({said})",
        f"Check {setting}: the host, the port, and https:// or http://",
    )


def https_expected(names: ProviderNames) -> tuple[str, str]:
    return "the server expects https:// on this port", f"Write https:// in {names.address}"


def certificates_unusable(setting: str, *, path: str, why: str | None) -> str:
    return (
        f"{setting} names {path}, which cannot be used: {why}. "
        "Set SSL_CERT_FILE to the path of a file in PEM format, or unset it."
    )


# -- the proxy of the environment --------------------------------------------------------------------------------------

PROXY = "HTTPS_PROXY"
_PROXY_LOOKS = "It looks like http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
PROXY_NOT_A_URL = f"{PROXY} or ALL_PROXY is not the URL of a proxy. {_PROXY_LOOKS}"
PROXY_IS_SOCKS = f"{PROXY} or ALL_PROXY names a SOCKS proxy, which dialer cannot use. {_PROXY_LOOKS}"


def no_connection_to_proxy(place: str, *, why: str) -> str:
    return f"no connection to the proxy {place}: {why}"


def proxy_answered(place: str, *, answer: str) -> str:
    return f"the proxy {place} answered {answer}"


def proxy_wants_password(place: str) -> tuple[str, str]:
    words = f"the proxy {place} asks for another user name and password (HTTP 407)"
    return words, f"Set {PROXY} to http://USER:PASSWORD@{place}"


def proxy_forbids(place: str, *, target: str, status: int) -> tuple[str, str]:
    words = f"the proxy {place} does not allow connections to {target} (HTTP {status})"
    return words, "Ask the administrator of the proxy to allow it"


def perhaps_no_proxy(place: str, *, target: str, answer: str) -> tuple[str, str]:
    words = f"the proxy {place} opened no connection to {target} and answered {answer}"
    return words, f"Check {PROXY}: this may not be a proxy"


# -- no answer ---------------------------------------------------------------------------------------------------------

ENDED_BEFORE_REQUEST = "the server closed the connection, or said something, before the request left"
NOT_CONNECTED = "could not connect"
NOT_CONNECTED_IN_TIME = "could not connect in time"
NO_FREE_CONNECTION = "no connection was free in time"
NO_TUNNEL = "the proxy made no connection"
REQUEST_NOT_SENDABLE = "the request could not be sent"
ADDRESS_NOT_USABLE = "the address could not be used"
NO_ANSWER_IN_TIME = "no answer in time"
NOT_ALL_SENT_IN_TIME = "could not send all of it in time"
NO_WHOLE_ANSWER_IN_TIME = "no whole answer in time"
BROKE_BEFORE_ANSWER = "the connection broke before the answer"
BROKE_WHILE_SENDING = "the connection broke while sending"
CONNECTION_BROKE = "the connection broke"
NO_WHOLE_ANSWER = "no whole answer"
ANSWER_NOT_DECODED = "the answer could not be decoded"
REDIRECTED = "redirected: the base URL is wrong"
CONNECTION_FAILED = "the connection failed"
REQUEST_FAILED = "the request failed"
NOT_EXPECTED = "not expected"


def no_answer(happened: str, *, kind: str, said: str) -> str:
    """Return why no answer came.

    Args:
        happened: in words; empty where the exception says it.
        kind: name of the exception.
        said: what the exception says.
    """
    if not happened:
        return said
    return f"{happened} ({kind}: {said})" if said else f"{happened} ({kind})"


# -- an answer that is of no use ---------------------------------------------------------------------------------------

ENDLESS_LIST = "the list of executions does not end"


def answer_too_long(most: int) -> str:
    return f"it is longer than {most} bytes"


def answer_unreadable(status: str, *, why: str) -> str:
    return f"{status}: the answer cannot be read: {why}"


def sent_on(status: str, *, location: str) -> str:
    return f"{status}: sent on to {location}"


def answer_not_understood(what: str, names: ProviderNames) -> str:
    return f"{names.name}'s answer about {what} cannot be understood"


def answer_about_another(what: str, *, other: str, wanted: str, names: ProviderNames) -> str:
    return f"{names.name} answered about another {what}: {other} instead of {wanted}"
