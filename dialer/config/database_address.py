"""The address of a database: checked before anybody connects, and never shown whole, since it may hold a password.

It is stricter than libpq (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING), whose messages
repeat what they cannot read: a part of a password, where that has an `@` or a `/` in it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dialer.errors import CampaignError
from dialer.messages.config import database as say
from dialer.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORD = r"(?:[\w.~!$&'()*+;=-]|%(?!00)[0-9A-Fa-f]{2})"
_VALUE = r"(?:[\w.~!$'()*+;/:,@ -]|%(?!00)[0-9A-Fa-f]{2})*"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|{_WORD}*)(?::\d{{1,5}})?"
_USER = rf"(?:(?P<user>{_WORD}*)(?P<password>:(?:{_WORD}|:)*)?@)?"
_HOSTS = rf"(?P<hosts>{_HOST}(?:,{_HOST})*)"
_NAME = rf"(?:/(?P<name>{_WORD}*))?"
_BEHIND = rf"(?:\?(?P<options>[a-z_]+={_VALUE}(?:&[a-z_]+={_VALUE})*))?"
_ADDRESS = re.compile(rf"postgres(?:ql)?://{_USER}{_HOSTS}{_NAME}{_BEHIND}")
_SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
_OPTIONS = _SECRETS | frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "user", "passfile", "require_auth", "channel_binding"),
        *("connect_timeout", "client_encoding", "options", "application_name", "fallback_application_name"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslcertmode", "sslrootcert", "sslcrl"),
        *("sslcrldir", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version", "requirepeer", "requiressl"),
        *("gssencmode", "krbsrvname", "gsslib", "gssdelegation", "service", "target_session_attrs"),
        *("load_balance_hosts", "min_protocol_version", "max_protocol_version", "replication"),
    }
)
_VERIFIED = "verify-full"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is.

    Attributes:
        url: as libpq takes it.
        shown: server and database, as a person may see them.
    """

    url: str = field(repr=False)
    shown: str


def address_in(text: str, place: str, *, in_file: bool) -> Address:
    """Return an address, checked.

    Args:
        text: as it was written.
        place: where that was, as a message begins.
        in_file: it stands in a file, where there may be no password.

    Raises:
        CampaignError: it is not one, has a password that it may not have, or leads over a network unprotected.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise CampaignError(say.not_an_address(place))
    options = dict(_options(found["options"] or ""))
    for name in options.keys() - _OPTIONS:
        # Not shown: it may be a part of a password.
        raise CampaignError(say.unknown_option(place, near=nearest(name, _OPTIONS - _SECRETS)))
    if in_file and (found["password"] is not None or _SECRETS & options.keys()):
        raise CampaignError(say.password_in_file(place))
    if "service" in options or os.environ.get("PGSERVICE"):
        raise CampaignError(say.service(place))
    name = options.get("dbname") or unquote(found["name"] or "") or os.environ.get("PGDATABASE", "")
    if not name:
        raise CampaignError(say.no_name(place))
    hosts = _hosts(found["hosts"], options)
    _refuse_open(place, hosts, options)
    return Address(text, f"{','.join(filter(None, hosts)) or 'this machine'}/{name}")


def _options(text: str) -> Iterator[tuple[str, str]]:
    for option in filter(None, text.split("&")):
        name, _, value = option.partition("=")
        yield name, unquote(value)


def _hosts(text: str, options: Mapping[str, str]) -> list[str]:
    """Return the servers that may be connected to, as libpq would: a later word takes the place of an earlier one."""
    named = [unquote(re.sub(r":\d+\Z", "", host).strip("[]")) for host in text.split(",")]
    chosen = options.get("hostaddr") or options.get("host")
    if chosen is None and not any(named):
        # As libpq, which takes the first of these that says something.
        chosen = os.environ.get("PGHOSTADDR") or os.environ.get("PGHOST")
    return named if chosen is None else chosen.split(",")


def _refuse_open(place: str, hosts: list[str], options: Mapping[str, str]) -> None:
    mode = options.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"
    for host in hosts:
        if mode != _VERIFIED and not _is_here(host):
            raise CampaignError(say.not_verified(place, host, mode=mode))


def _is_here(host: str) -> bool:
    """Tell whether a server is reached without a network: by a socket, or on this machine."""
    if not host or host[0] in "/@" or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
