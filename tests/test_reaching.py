"""Certificates, TLS and proxies as they go wrong: who has to act, what is said, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from dialer.cli import main as dialer
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client import BolnaClient, CallConnection, sender
from dialer.provider.bolna.client.setup import SetupError, of_tls
from dialer.provider.interface import ProviderReadError
from tests.raw_server import answer, certificate, ended, request_from, serving
from tests.test_one_answer import campaign

if TYPE_CHECKING:
    from pathlib import Path


KEY = "bn-0123456789abcdef"
BODY = b'{"recipient_phone_number": "+919876543210"}'


async def accepting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await request_from(reader)
    found: dict[str, Any] = {"name": "Ops", "wallet": 10.0, "id": request.target.split("/")[-1], "data": []}
    writer.write(answer(json.dumps({"execution_id": "e-1"} if request.method == "POST" else found).encode()))


async def one_call(url: str) -> Answer:
    client = BolnaClient(base_url=url, key=KEY, connect_timeout=20.0)
    connection = await client.connect()
    return await connection.call(BODY) if isinstance(connection, CallConnection) else connection


def call(url: str) -> Answer:
    return anyio.run(one_call, url)


# Certificates


def test_over_tls_with_an_authority_of_one_s_own_calls_are_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tls = certificate(tmp_path, name="localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(accepting, tls=tls) as port:
        assert call(f"https://localhost:{port}").outcome is Outcome.QUEUED
        assert call(f"https://127.0.0.1:{port}").outcome is Outcome.QUEUED


@pytest.mark.parametrize(
    ("name", "trusted", "words", "advice"),
    [
        ("localhost", "", "an authority that this machine does not trust", "SSL_CERT_FILE"),
        ("elsewhere.test", "trusted", "a certificate that is not for localhost", "BOLNA_BASE_URL"),
    ],
)
def test_a_certificate_that_is_not_good_needs_a_person(  # noqa: PLR0917 - fixtures and cases
    name: str, trusted: str, words: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tls = certificate(tmp_path, name=name)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(accepting, tls=tls) as port:
        found = call(f"https://localhost:{port}")
    assert (found.outcome, found.effect) == (Outcome.RETRY, Effect.END)
    assert words in found.words
    assert advice in found.advice


@pytest.mark.parametrize(
    ("code", "words"),
    [(10, "has expired: this machine's clock shows"), (9, "not valid yet"), (23, "is not valid (")],
)
def test_a_certificate_out_of_its_time_is_said_with_the_clock(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message, error.reason = code, "said", "CERTIFICATE_VERIFY_FAILED"
    found = of_tls(error, host="api.bolna.ai")
    assert isinstance(found, SetupError)
    assert words in str(found)
    assert "clock" in found.advice


def test_a_server_that_says_that_it_is_in_trouble_is_tried_again() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error")
    error.reason = "TLSV1_ALERT_INTERNAL_ERROR"
    assert not isinstance(of_tls(error, host="api.bolna.ai"), SetupError)


def test_https_to_a_port_without_tls_needs_a_person_and_sends_no_request() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"no", "400 Bad Request"))
        await writer.drain()

    with serving(plain) as port:
        found = call(f"https://127.0.0.1:{port}")
    assert (found.outcome, found.effect) == (Outcome.RETRY, Effect.END)
    assert "does not speak TLS on this port" in found.words
    assert "BOLNA_BASE_URL" in found.advice


def test_http_to_a_port_that_speaks_tls_needs_a_person() -> None:
    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x46")

    with serving(alert) as port:
        found = call(f"http://127.0.0.1:{port}")
        with pytest.raises(ProviderReadError) as refusal:
            anyio.run(BolnaClient(base_url=f"http://127.0.0.1:{port}", key=KEY).account)
    # What had left had left, even if no server could read it.
    assert (found.outcome, found.effect) == (Outcome.UNKNOWN, Effect.END)
    assert refusal.value.must_act is not None
    assert "https://" in str(refusal.value.must_act)


@pytest.mark.parametrize("verb", ["check", "run", "track", "reconcile"])
def test_every_verb_that_asks_bolna_ends_with_5_for_a_bad_certificate(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = campaign(tmp_path, people=2, rate=50)
    monkeypatch.setenv("BOLNA_API_KEY", KEY)
    _, tls = certificate(tmp_path, name="localhost")

    async def lost(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        if request.method == "POST" and "00000000" in request.body.decode():
            return
        writer.write(answer(b'{"execution_id": "e-2", "data": [], "wallet": 1}'))

    if verb in {"track", "reconcile"}:
        with serving(lost) as port:
            monkeypatch.setenv("BOLNA_BASE_URL", f"http://127.0.0.1:{port}")
            assert dialer(["run", str(file), "--yes", "--no-progress"]) == 1
    with serving(accepting, tls=tls) as port:
        monkeypatch.setenv("BOLNA_BASE_URL", f"https://127.0.0.1:{port}")
        options = ["--yes", "--no-progress"] if verb == "run" else []
        capsys.readouterr()
        assert dialer([verb, str(file), *options]) == 5
    assert "SSL_CERT_FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "said"), [("401 Unauthorized", "Access denied for ***"), ("404 Not Found", "Agent *** was archived")]
)
def test_what_bolna_says_of_a_key_or_an_agent_is_repeated_without_the_key(
    status: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        words = json.dumps({"message": said.replace("***", KEY) + "\x1b[31m"}).encode()
        is_fine = request.target == "/user/me" and status.startswith("404")
        writer.write(answer(b'{"wallet": 1}') if is_fine else answer(words, status))

    with serving(refuse) as port:
        monkeypatch.setenv("BOLNA_BASE_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("BOLNA_API_KEY", KEY)
        assert dialer(["run", str(campaign(tmp_path, people=2, rate=50)), "--yes", "--no-progress"]) == 5
    printed = capsys.readouterr().err
    assert said in printed
    assert KEY not in printed
    assert "\x1b" not in printed


# Proxies


@dataclass
class Proxy:
    """A proxy that opens tunnels to one port, or refuses with a status."""

    to: int = 0
    refuses: str = ""
    asked: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        self.asked.append(request.head)
        if self.refuses:
            writer.write(answer(b"", self.refuses))
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pump(there, writer), pump(reader, back))
        finally:
            await ended(back)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have loopback reached through a proxy, as only other hosts are."""
    monkeypatch.setattr(sender, "_is_loopback", lambda _host: False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("proxied")
def test_calls_go_through_the_proxy_and_neither_key_nor_body_is_seen_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, tls = certificate(tmp_path, name="localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(accepting, tls=tls) as port, serving((proxy := Proxy(port)).talk) as at:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ops:p%40ss@127.0.0.1:{at}")
        assert call(f"https://localhost:{port}").outcome is Outcome.QUEUED
    (head,) = proxy.asked
    assert head.startswith(f"CONNECT localhost:{port} HTTP/1.1\r\n")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'ops:p@ss').decode()}\r\n" in head
    assert KEY not in head


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize(
    ("status", "effect", "words", "advice"),
    [
        ("407 Proxy Authentication Required", Effect.END, "another user name and password", "HTTPS_PROXY"),
        ("403 Forbidden", Effect.END, "does not allow connections to localhost", "administrator"),
        ("404 Not Found", Effect.END, "opened no connection", "may not be a proxy"),
        ("502 Bad Gateway", Effect.BACK_OFF, "answered HTTP 502 Bad Gateway", ""),
        ("503 Service Unavailable", Effect.BACK_OFF, "answered HTTP 503", ""),
    ],
)
def test_a_proxy_that_opens_no_connection_is_said_without_its_password(
    status: str, effect: Effect, words: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Proxy(refuses=status).talk) as at:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ops:secret@127.0.0.1:{at}")
        found = call("https://localhost:1")
    assert (found.outcome, found.effect) == (Outcome.RETRY, effect)
    assert words in found.words
    assert advice in found.advice
    assert "secret" not in found.words + found.advice


@pytest.mark.usefixtures("proxied")
def test_a_proxy_that_is_gone_is_an_outage_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(accepting) as at:
        pass
    monkeypatch.setenv("HTTPS_PROXY", f"http://ops:secret@127.0.0.1:{at}")
    found = call("https://localhost:1")
    assert (found.outcome, found.effect) == (Outcome.RETRY, Effect.BACK_OFF)
    assert f"no connection to the proxy 127.0.0.1:{at}" in found.words
    assert "secret" not in found.words


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize("pattern", ["localhost", "*", ".invalid,localhost", "localhost:{port}"])
def test_no_proxy_leaves_the_proxy_out(pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, tls = certificate(tmp_path, name="localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(accepting, tls=tls) as port, serving((proxy := Proxy(port)).talk) as at:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{at}")
        monkeypatch.setenv("NO_PROXY", pattern.format(port=port))
        assert call(f"https://localhost:{port}").outcome is Outcome.QUEUED
    assert not proxy.asked


def test_what_is_sent_to_this_machine_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy(refuses="502 Bad Gateway")
    with serving(accepting) as port, serving(proxy.talk) as at:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{at}")
        assert call(f"http://127.0.0.1:{port}").outcome is Outcome.QUEUED
    assert not proxy.asked
