"""What the client makes of every way in which a request can end, over real sockets where sockets matter."""

from __future__ import annotations

import gzip
import inspect
import json
import socket
import struct
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import trio
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from dialer.errors import UsageError
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client import TABLE, BolnaClient, answer_of_exception, answer_of_status
from dialer.provider.bolna.executions import account_in, execution_in, listed_in
from dialer.provider.interface import ProviderReadError, Retries
from dialer.provider.states import CallState
from tests.harness import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator
    from pathlib import Path

KEY = "bn-0123456789abcdef"
BODY = b'{"agent_id": "a", "recipient_phone_number": "+919876543210"}'
QUEUED, ERROR, UNKNOWN, RETRY = Outcome.QUEUED, Outcome.ERROR, Outcome.UNKNOWN, Outcome.RETRY
GO_ON, HOLD, BACK_OFF, END = Effect.GO_ON, Effect.HOLD, Effect.BACK_OFF, Effect.END


def http(body: bytes = b'{"execution_id": "e-1"}', status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65_536)):
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length and (chunk := connection.recv(65_536)):
        body += chunk
    return head + b"\r\n\r\n" + body


@dataclass
class Peer:
    """A server that answers each request with bytes, or does something else to the connection."""

    answer: bytes | Callable[[Peer, socket.socket], None]
    read: bool = True
    received: list[bytes] = field(default_factory=list)
    served: Counter[Any] = field(default_factory=Counter)
    connections: int = 0
    port: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(PATIENCE)
            # Whoever has not waited for an answer may be gone by the time the request is read.
            peer_of = connection.getpeername()
            while request := read_request(connection) if self.read else connection.recv(1, socket.MSG_PEEK):
                if self.read:
                    self.received.append(request)
                self.served[peer_of] += 1
                self.asked.set()
                if callable(self.answer):
                    self.answer(self, connection)
                    return
                connection.sendall(self.answer)


@contextmanager
def peer(answer: bytes | Callable[[Peer, socket.socket], None], *, read: bool = True) -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = Peer(answer, read=read, port=listener.getsockname()[1])
        thread = threading.Thread(target=one.serve, args=(listener,), daemon=True)
        thread.start()
        yield one
        one.done.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def closed(_: Peer, connection: socket.socket) -> None:
    connection.close()


def reset(_: Peer, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silent(one: Peer, _: socket.socket) -> None:
    one.done.wait(PATIENCE)


def half(_: Peer, connection: socket.socket) -> None:
    connection.sendall(http()[:-5])


def all_but_the_end(_: Peer, connection: socket.socket) -> None:
    connection.sendall(http(b'{"execution_id": "e-1"}   ')[:-3])


def half_a_head(_: Peer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


def half_a_429(_: Peer, connection: socket.socket) -> None:
    connection.sendall(http(b"too many", "429 Too Many Requests", "Retry-After: 3")[:-4])


def dribbling(one: Peer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not one.done.wait(0.02):
        connection.sendall(b" ")


async def placed(client: BolnaClient, body: bytes, may_leave: Callable[[], bool] = lambda: True) -> Answer:
    """Place a call on a connection of its own, as a run does without a wait in between."""
    connection = await client.connect()
    return connection if isinstance(connection, Answer) else await connection.call(body, may_leave)


async def one_call(url: str, **options: Any) -> Answer:  # noqa: ANN401  whatever the client takes
    async with BolnaClient(base_url=url, key=KEY, **options) as client:
        return await placed(client, BODY)


BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def call(url: str, backend: str = "asyncio", **options: Any) -> Answer:  # noqa: ANN401  whatever the client takes
    async def main() -> Answer:
        return await one_call(url, **options)

    return anyio.run(main, backend=backend)


def mocked(handler: Callable[[httpx.Request], Any]) -> BolnaClient:
    return BolnaClient(base_url="https://api.bolna.test/v0/", key=KEY, transport=lambda: httpx.MockTransport(handler))


def virtually(main: Callable[[BolnaClient], Awaitable[Any]], handler: Callable[[httpx.Request], Any]) -> Any:  # noqa: ANN401
    """Return what `main` makes of a client whose server is `handler`, on a clock that jumps."""

    async def run() -> Any:  # noqa: ANN401
        async with mocked(handler) as client:
            return await main(client)

    return trio.run(run, clock=MockClock(autojump_threshold=0))


# What may not leave


def rude(_: Peer, connection: socket.socket) -> None:
    connection.sendall(http(b'{"execution_id": "e-1"}'))


@BACKENDS
@pytest.mark.parametrize("end", [closed, reset, rude])
def test_on_a_connection_that_ended_before_the_request_left_nobody_is_called(
    backend: str, end: Callable[[Peer, socket.socket], None]
) -> None:
    """It is sure that nobody was, so they may be called on another one."""
    asked: list[bytes] = []
    connected = threading.Event()

    def may_leave() -> bool:
        asked.append(BODY)
        return True

    async def main(port: int) -> Answer:
        async with BolnaClient(base_url=f"http://127.0.0.1:{port}", key=KEY) as client:
            connection = await client.connect()
            assert not isinstance(connection, Answer)
            connected.set()
            with anyio.fail_after(PATIENCE):
                while connection.is_untouched():  # noqa: ASYNC110 - only the kernel tells
                    await anyio.sleep(0.01)
            return await connection.call(BODY, may_leave)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept: list[socket.socket] = []

        def serve() -> None:
            kept.append(listener.accept()[0])
            connected.wait(PATIENCE)
            end(Peer(b""), kept[0])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        answer = anyio.run(main, listener.getsockname()[1], backend=backend)
        thread.join()
        kept[0].close()
    assert answer.outcome is RETRY
    assert "before the request left" in answer.words
    assert not asked


@BACKENDS
def test_nothing_of_a_request_that_may_not_leave_any_more_does_though_the_connection_stands(backend: str) -> None:
    """Not even its head, which a server may count; the next one goes out on another connection."""
    asked: list[bytes] = []

    def refuse() -> bool:
        asked.append(BODY)
        return False

    async def main(url: str) -> tuple[Answer, Answer]:
        async with BolnaClient(base_url=url, key=KEY) as client:
            return await placed(client, BODY, refuse), await placed(client, BODY, lambda: True)

    with peer(http(b'{"execution_id": "e-1"}')) as one:
        held, sent = anyio.run(main, one.url, backend=backend)
        assert (held.outcome, held.effect, sent.outcome) == (RETRY, Effect.WITHHOLD, QUEUED)
        assert asked == [BODY]
        assert one.connections == 2
        assert [BODY in request for request in one.received] == [True]


# The table


def test_every_exception_of_httpx_has_a_row() -> None:
    raised = {kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, Exception)}
    assert raised - {row.when for row in TABLE} == set()


def test_every_status_has_exactly_one_row() -> None:
    statuses = [status for row in TABLE if isinstance(row.when, range) for status in row.when]
    assert sorted(statuses) == list(range(100, 600))


STATUSES: dict[Outcome, dict[Effect, Container[int]]] = {
    QUEUED: {GO_ON: range(200, 300)},
    ERROR: {GO_ON: [400, 403, 404, 422]},
    RETRY: {HOLD: [429], END: [401, 402]},
    UNKNOWN: {END: range(300, 400), HOLD: [503]},
}


def test_a_status_means_what_the_table_says() -> None:
    for status in (*range(99, 601), 999):
        answer = answer_of_status(status, execution_id="e-1", words="no")
        expected = [(o, e) for o, effects in STATUSES.items() for e, statuses in effects.items() if status in statuses]
        assert (answer.outcome, answer.effect) == (*expected, (UNKNOWN, GO_ON))[0], status
        assert (answer.http_status, answer.execution_id) == (status, "e-1" if 200 <= status < 300 else None)


EXCEPTIONS: dict[tuple[Outcome, Effect], list[type[Exception]]] = {
    (RETRY, BACK_OFF): [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError],
    (RETRY, END): [httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL],
    (UNKNOWN, END): [httpx.TooManyRedirects],
    (UNKNOWN, GO_ON): [
        *(httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.CloseError),
        *(httpx.RemoteProtocolError, httpx.DecodingError, TimeoutError, RuntimeError, OSError, MemoryError),
    ],
}


@pytest.mark.parametrize(
    ("kind", "meaning"), [(kind, meaning) for meaning, kinds in EXCEPTIONS.items() for kind in kinds]
)
def test_an_exception_means_what_the_table_says(kind: type[Exception], meaning: tuple[Outcome, Effect]) -> None:
    answer = answer_of_exception(kind("as it is"))
    assert (answer.outcome, answer.effect) == meaning
    assert kind.__name__ in answer.words
    assert "as it is" in answer.words


@pytest.mark.parametrize("row", [row for row in TABLE if isinstance(row.when, type)], ids=lambda row: row.when.__name__)
def test_once_the_body_began_to_leave_no_exception_proves_anything(row: Any) -> None:  # noqa: ANN401
    error = row.when.__new__(row.when)
    assert answer_of_exception(error, begun=True).outcome is UNKNOWN


def test_an_exception_that_derives_from_a_named_one_is_that_one() -> None:
    class Odd(httpx.ConnectTimeout):
        pass

    assert answer_of_exception(Odd("")).outcome is RETRY


# Over real sockets


@BACKENDS
def test_an_accepted_call_is_queued(backend: str) -> None:
    with peer(http()) as bolna:
        answer = call(bolna.url, backend)
    assert answer == Answer(QUEUED, GO_ON, execution_id="e-1", http_status=200)
    (request,) = bolna.received
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /call HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert b"Content-Type: application/json" in head
    assert body == BODY


@BACKENDS
def test_a_refused_connection_is_tried_again(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = call(f"http://127.0.0.1:{port}", backend)
    assert (answer.outcome, answer.effect, answer.http_status) == (RETRY, BACK_OFF, None)
    assert "could not connect (ConnectError" in answer.words


def test_a_connection_that_is_not_made_in_time_is_tried_again() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        answer = call(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=0.05)
    assert (answer.outcome, answer.effect) == (RETRY, BACK_OFF)
    assert "ConnectTimeout" in answer.words


def test_a_host_that_is_not_known_is_tried_again() -> None:
    answer = call("https://no-such-host.invalid", connect_timeout=5)
    assert (answer.outcome, answer.effect) == (RETRY, BACK_OFF)


@BACKENDS
@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("behaviour", [closed, reset, silent, half, all_but_the_end, half_a_head, dribbling])
def test_what_breaks_after_sending_is_in_doubt(
    behaviour: Callable[[Peer, socket.socket], None], backend: str, *, read: bool
) -> None:
    with peer(behaviour, read=read) as bolna:
        answer = call(bolna.url, backend, read_timeout=0.2)
        assert bolna.asked.wait(PATIENCE)
    assert (answer.outcome, answer.effect) == (UNKNOWN, GO_ON)
    assert len(bolna.received) == read
    assert bolna.connections == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b"{}"), "HTTP 200 OK: {}"),
        (http(b"", "204 No Content"), "HTTP 204 No Content"),
        (http(b"null"), "HTTP 200 OK: null"),
        (http(b'{"execution_id": null, "message": "done"}'), "done"),
        (http(b'{"execution_id": ""}'), 'HTTP 200 OK: {"execution_id": ""}'),
        (http(b'{"execution_id": true}'), 'HTTP 200 OK: {"execution_id": true}'),
        (http(b'{"execution_id": "\\ud800"}'), 'HTTP 200 OK: {"execution_id": "\\ud800"}'),
        (http(b'{"id": "e-1"}', "202 Accepted"), 'HTTP 202 Accepted: {"id": "e-1"}'),
        (http(b"[" * 200_000), "HTTP 200 OK: " + "[" * 200),
        (http(b"\xff\xfe"), "HTTP 200 OK: \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        (http(b"<html><head><title>Hello &amp; goodbye</title>"), "HTTP 200 OK: Hello & goodbye"),
        (http(b"no gzip", "200 OK", "Content-Encoding: gzip"), None),
        (http(gzip.compress(b'{"execution_id": "e-1"}', mtime=0)[:-12], "200 OK", "Content-Encoding: gzip"), None),
        (http(b" " * 1_100_000 + b'{"execution_id": "e-1"}'), None),
        (http(gzip.compress(b" " * 9_000_000, mtime=0), "200 OK", "Content-Encoding: gzip"), None),
        (b"nonsense\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", None),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", None),
        (http(b"", "999 ?"), "HTTP 999"),
    ],
)
def test_an_answer_that_names_no_call_is_in_doubt(answer: bytes, words: str | None) -> None:
    with peer(answer) as bolna:
        result = call(bolna.url)
    assert (result.outcome, result.effect, result.execution_id) == (UNKNOWN, GO_ON, None)
    assert result.words
    assert words in (None, result.words)
    assert len(bolna.received) == 1


def test_a_compressed_answer_is_read() -> None:
    with peer(http(gzip.compress(b'{"execution_id": 7}'), "201 Created", "Content-Encoding: gzip")) as bolna:
        assert call(bolna.url).execution_id == "7"


@pytest.mark.parametrize("location", ["https://evil.test/call", "http://[", "/call", "", "\xff"])
def test_a_redirect_is_not_followed_and_ends_the_run(location: str) -> None:
    answer = f"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode("latin-1")
    with peer(answer) as bolna:
        result = call(bolna.url)
    assert (result.outcome, result.effect, result.http_status) == (UNKNOWN, END, 307)
    assert location.isprintable() is (location in result.words)
    assert len(bolna.received) == 1


def test_an_answer_that_breaks_off_proves_nothing_and_its_wait_is_kept() -> None:
    with peer(half_a_429) as bolna:
        answer = call(bolna.url)
    assert (answer.outcome, answer.effect, answer.retry_after) == (UNKNOWN, HOLD, 3)
    assert "cannot be read" in answer.words


def test_an_answer_before_the_body_is_read_counts() -> None:
    def early(_: Peer, connection: socket.socket) -> None:
        connection.sendall(http(b'{"detail": "Unrecognized access token"}', "403 Forbidden"))
        connection.shutdown(socket.SHUT_WR)
        read_request(connection)

    with peer(early, read=False) as bolna:
        answer = call(bolna.url)
    assert (answer.outcome, answer.http_status, answer.words) == (ERROR, 403, "Unrecognized access token")


# Words, waits, clocks


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": 1001, "message": "agent_id is required"}', "agent_id is required"),
        (b'{"detail": "Unrecognized access token"}', "Unrecognized access token"),
        (b'{"error": "Invalid `from_phone_number`"}', "Invalid `from_phone_number`"),
        (b'{"error": {"message": "deep"}}', "deep"),
        (b'{"message": "", "error": 1001}', "1001"),
        (
            b'{"detail": [{"loc": ["body", "agent_id"], "msg": "field required"}, {"msg": "and more"}]}',
            "agent_id: field required; and more",
        ),
        (b'{"status": "failed"}', 'HTTP 400 Bad Request: {"status": "failed"}'),
        (b'{"message": true}', 'HTTP 400 Bad Request: {"message": true}'),
        (b"", "HTTP 400 Bad Request"),
        (b"plain\r\n\ttext\x00\x1b[31m", "HTTP 400 Bad Request: plain text [31m"),
        (b"<!DOCTYPE html><title>\n Bad\n gateway </title><p>x", "HTTP 400 Bad Request: Bad gateway"),
        (b"<html><p>x", "HTTP 400 Bad Request: an HTML page"),
        (f'{{"message": "the key {KEY} is wrong"}}'.encode(), "the key *** is wrong"),
        (f"no {KEY}".encode(), "HTTP 400 Bad Request: no ***"),
        (b'{"message": "' + b"x" * 500 + b'"}', "x" * 200),
        (b'{"message": "' + b"x" * 190 + KEY.encode() + b'"}', "x" * 190 + "***"),
        (b'{"message": "\\ud800\\u202ename"}', "name"),
        (b'{"detail":' * 500 + b"1" + b"}" * 500, None),
    ],
)
def test_the_words_are_what_bolna_says(body: bytes, words: str | None) -> None:
    async def main(client: BolnaClient) -> Answer:
        return await placed(client, BODY)

    answer = virtually(main, lambda _: httpx.Response(400, content=body))
    assert (answer.outcome, answer.effect) == (ERROR, GO_ON)
    assert words in (None, answer.words)
    answer.words.encode()


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_body_makes_a_call_raise(body: bytes) -> None:
    async def main(client: BolnaClient) -> Answer:
        return await placed(client, BODY)

    assert virtually(main, lambda _: httpx.Response(200, content=body)).outcome is UNKNOWN


DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("-5", None),
        ("nan", None),
        ("1e9", None),
        ("999999999", 86_400),
        ("soon", None),
        ("", None),
        ("Sun, 22 Nov 2026 10:00:45 GMT", 45),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 10:00:45 -0000", 45),
        ("Sun, 99 Nov 2026 10:00:45 GMT", None),
    ],
)
def test_retry_after_is_read_against_the_server_s_own_clock(header: str, seconds: float | None) -> None:
    async def main(client: BolnaClient) -> Answer:
        return await placed(client, BODY)

    answer = virtually(main, lambda _: httpx.Response(429, headers={"Retry-After": header, "Date": DATE}))
    assert answer.retry_after == seconds


def test_retry_after_as_a_date_is_read_against_our_clock_where_the_server_shows_none() -> None:
    async def main(client: BolnaClient) -> Answer:
        return await placed(client, BODY)

    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer = virtually(main, lambda _: httpx.Response(503, headers={"Retry-After": until}))
    assert (answer.effect, answer.retry_after) == (HOLD, pytest.approx(3600, abs=30))


@pytest.mark.parametrize(("ahead", "skew"), [(7200, 7200), (-90, -90), (None, None)])
def test_the_skew_is_how_far_the_server_s_clock_is_ahead(ahead: int | None, skew: float | None) -> None:
    async def main(client: BolnaClient) -> tuple[Answer, float | None]:
        return await placed(client, BODY), client.skew

    shown = (datetime.now(UTC) + timedelta(seconds=ahead or 0)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"Date": "once" if ahead is None else shown}
    answer, kept = virtually(main, lambda _: httpx.Response(200, headers=headers))
    assert kept == answer.skew
    assert answer.skew == (skew if skew is None else pytest.approx(skew, abs=30))


# Key and address


@pytest.mark.parametrize(
    "key", ["", "bn 1", "bn-1\n", " bn-1", "bn-\u00e91", "bn-1\x00", "\u201cbn-1\u201d", "bn-1\u200b"]
)
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(UsageError, match=r"key|BOLNA_API_KEY") as refusal:
        BolnaClient(base_url="https://api.bolna.ai", key=key)
    assert not key or key not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.bolna.ai", "https://", "https:///call", "ftp://api.bolna.ai", "http://api.bolna.ai"),
        *("http://127.0.0.1.evil.test", "http://localhost.evil.test", "http://0.0.0.0", "http://2130706433"),
        *("https://me:secret@api.bolna.ai", "https://api.bolna.ai?x=1", "https://api.bolna.ai#x", "https://a b"),
        *("https://api.bolna.ai\n", "https://api.bolna.ai:99999", "https://[", "https://xn--\u00e9.test\u2603..", KEY),
    ],
)
def test_an_address_to_which_the_key_may_not_be_sent_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="BOLNA_BASE_URL") as refusal:
        BolnaClient(base_url=url, key=KEY)
    assert KEY not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "https://api.bolna.ai/v1/"]
)
def test_https_and_loopback_addresses_are_taken(url: str) -> None:
    client = BolnaClient(base_url=url, key=KEY)
    assert KEY not in repr(client) + repr(vars(client)["_sender"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HTTPS_PROXY", "quic://x", "HTTPS_PROXY or ALL_PROXY is not the URL of a proxy"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080", "SOCKS proxy, which dialer cannot use"),
        ("SSL_CERT_FILE", "/no", "SSL_CERT_FILE names /no, which cannot be used: No such file or directory"),
        ("SSL_CERT_FILE", __file__, "it contains no certificate in PEM format"),
    ],
)
def test_settings_of_the_environment_that_cannot_be_used_are_refused(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=words):
        BolnaClient(base_url="https://api.bolna.test", key=KEY)


def test_netrc_replaces_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with peer(http()) as bolna:
        call(bolna.url)
    assert bolna.received[0].count(b"Authorization: ") == 1
    assert f"Authorization: Bearer {KEY}\r\n".encode() in bolna.received[0]


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with peer(http()) as bolna:
        call(bolna.url)
    assert not [record for record in caplog.records if record.name.startswith("http")]


# Connections


@BACKENDS
def test_cancellation_passes_and_leaves_a_client_that_works(backend: str) -> None:
    def first_silent(one: Peer, connection: socket.socket) -> None:
        if one.connections == 1:
            one.done.wait(PATIENCE)
        connection.sendall(http())

    async def main() -> Answer:
        async with BolnaClient(base_url=bolna.url, key=KEY) as client:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(placed, client, BODY)
                    await anyio.to_thread.run_sync(bolna.asked.wait, PATIENCE)
                    scope.cancel()
            assert scope.cancelled_caught
            return await placed(client, BODY)

    with peer(first_silent) as bolna:
        assert anyio.run(main, backend=backend).outcome is QUEUED


class Unclosable(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """Waits for ever, for the head of its answer or for the body, and cannot be closed."""

    def __init__(self, *, head: bool) -> None:
        self.head = head

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        if not self.head:
            await anyio.sleep_forever()
        return httpx.Response(200, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await anyio.sleep_forever()
        yield b""

    async def aclose(self) -> None:
        raise httpx.CloseError("")


@BACKENDS
@pytest.mark.parametrize("head", [True, False])
def test_cancellation_passes_however_the_connection_closes(backend: str, *, head: bool) -> None:
    returned = []

    async def main() -> None:
        client = BolnaClient(base_url="https://api.bolna.test", key=KEY, transport=lambda: Unclosable(head=head))
        with anyio.move_on_after(0.01):
            returned.append(await placed(client, BODY))

    anyio.run(main, backend=backend)
    assert not returned


def test_a_call_that_never_ends_is_in_doubt_after_the_longest_time() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    async def main(client: BolnaClient) -> tuple[Answer, float]:
        return await placed(client, BODY), anyio.current_time()

    answer, now = virtually(main, never)
    assert (answer.outcome, now) == (UNKNOWN, 60)


class Failing(httpx.AsyncBaseTransport):
    """Says that it could not connect, before or after it took the body."""

    def __init__(self, *, begun: bool) -> None:
        self.begun = begun

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        if self.begun:
            assert [chunk async for chunk in request.stream] == [BODY]
        raise httpx.ConnectError("")


@pytest.mark.parametrize(("begun", "outcome", "effect"), [(False, RETRY, BACK_OFF), (True, UNKNOWN, GO_ON)])
def test_a_failure_to_connect_proves_nothing_once_the_body_was_taken(
    outcome: Outcome, effect: Effect, *, begun: bool
) -> None:
    answer = call("https://api.bolna.test", transport=lambda: Failing(begun=begun))
    assert (answer.outcome, answer.effect) == (outcome, effect)


def test_whatever_the_transport_raises_a_call_returns() -> None:
    async def main(client: BolnaClient) -> Answer:
        return await placed(client, BODY)

    def broken(_: httpx.Request) -> httpx.Response:
        raise KeyError(KEY)

    answer = virtually(main, broken)
    assert (answer.outcome, answer.effect, answer.words) == (UNKNOWN, GO_ON, "not expected (KeyError: '***')")


# Reads


def routed(routes: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        found = routes.get(f"{request.method} {request.url.raw_path.decode().removeprefix('/v0')}")
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404, json={"detail": "not found"}) if found is None else httpx.Response(200, json=found)

    return handler


def test_the_account_is_read() -> None:
    me = {"name": "Ops", "email": "o@x.test", "wallet": 42.42, "concurrency": {"max": 10, "current": 3}}
    account = virtually(BolnaClient.account, routed({"GET /user/me": me}))
    assert (account.name, account.wallet, account.lines, account.live) == ("Ops", 42.42, 10, 3)


def test_an_agent_is_read_and_of_an_unknown_one_bolna_s_words_are_kept() -> None:
    async def main(client: BolnaClient) -> Any:  # noqa: ANN401
        for unknown in ("../a-1", "a-2"):
            with pytest.raises(ProviderReadError, match="not found") as refusal:
                await client.agent(unknown)
            assert refusal.value.status == 404
        return await client.agent("a-1")

    routes = {"GET /v2/agent/a-1": {"agent_name": "Asha"}}
    assert virtually(main, routed(routes)).name == "Asha"


def test_agents_are_listed_by_id_past_rows_that_are_none() -> None:
    rows = [{"id": "a-1", "agent_name": "Asha"}, {"id": "a-2", "agent_name": None}, {"agent_name": "No id"}, 5]
    assert virtually(BolnaClient.agents, routed({"GET /v2/agent/all": rows})) == {"a-1": "Asha", "a-2": ""}


def test_phone_numbers_are_read_past_rows_that_are_none() -> None:
    rows = [{"phone_number": "+918035000001"}, {"phone_number": 5}, "x", {}]
    assert virtually(BolnaClient.phone_numbers, routed({"GET /phone-numbers/all": rows})) == ("+918035000001",)


def test_an_execution_is_read_and_an_unknown_one_is_none() -> None:
    async def main(client: BolnaClient) -> Any:  # noqa: ANN401
        return await client.execution("e-1"), await client.execution("e-2")

    shown = {
        "id": "e-1",
        "status": "completed",
        "created_at": "2026-11-22T10:00:00Z",
        "conversation_duration": 12.5,
        "total_cost": "7.25",
        "answered_by_voice_mail": False,
        "telephony_data": {
            "to_number": "+919876543210",
            "hangup_reason": "Normal",
            "recording_url": "https://r.test/1",
        },
        "context_details": {"recipient_data": {"dialer_ref": "r"}, "recipient_phone_number": "+919876543211"},
        "extracted_data": {"yes": True},
        "transcript": "hello",
        "retry_count": 1,
        "retry_config": {"enabled": True, "max_retries": 2},
    }
    execution, missing = virtually(main, routed({"GET /executions/e-1": shown}))
    assert missing is None
    assert execution.reference == "r"
    assert execution.recipient_number == "+919876543211"
    assert execution.created_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert (execution.duration, execution.cost, execution.status) == (12.5, 7.25, "completed")
    assert (execution.hangup_reason, execution.recording_url) == ("Normal", "https://r.test/1")
    assert (execution.extracted, execution.transcript) == ({"yes": True}, "hello")
    assert (execution.retry_count, execution.retries) == (
        1,
        Retries(2, frozenset({CallState.NO_ANSWER, CallState.BUSY, CallState.FAILED}), seconds=12_600.0),
    )


NAMES = (
    *("id", "status", "telephony_data", "context_details", "recipient_data", "retry_config", "created_at", "to_number"),
    *("conversation_duration", "duration", "total_cost", "concurrency", "max", "wallet", "enabled", "max_retries"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(JSON)
def test_no_json_makes_the_reading_of_it_raise(value: Any) -> None:  # noqa: ANN401
    account_in(value)
    listed_in(value)
    execution_in(value)


def test_an_answer_about_something_else_than_was_asked_for_is_a_read_error() -> None:
    async def main(client: BolnaClient) -> None:
        with pytest.raises(ProviderReadError, match="another call: e-2 instead of e-1"):
            await client.execution("e-1")
        with pytest.raises(ProviderReadError, match="another agent: a-2 instead of a-1"):
            await client.agent("a-1")

    virtually(main, routed({"GET /executions/e-1": {"id": "e-2"}, "GET /v2/agent/a-1": {"id": "a-2"}}))


@pytest.mark.parametrize("body", [b"", b"nonsense", b'"text"', b"3", b"[]", b"{}"])
def test_an_answer_without_sense_is_a_read_error(body: bytes) -> None:
    with pytest.raises(ProviderReadError) as refusal:
        virtually(lambda client: client.execution("e-1"), lambda _: httpx.Response(200, content=body))
    assert "cannot be understood" in refusal.value.words


@pytest.mark.parametrize("status", [400, 401, 403, 302])
def test_a_refused_read_is_told_with_its_status_and_not_repeated(status: int) -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"detail": f"no {KEY}"}, headers={"Location": "http://["})

    with pytest.raises(ProviderReadError) as refusal:
        virtually(BolnaClient.account, handler)
    assert (refusal.value.status, len(asked)) == (status, 1)
    assert KEY not in refusal.value.words


@pytest.mark.parametrize(
    ("header", "least", "most"), [({}, 5, 10), ({"Retry-After": "20"}, 80, 80), ({"Retry-After": "9999"}, 120, 120)]
)
def test_a_read_is_repeated_a_few_times_after_waiting_as_asked(
    header: dict[str, str], least: float, most: float
) -> None:
    asked = []

    def handler(_: httpx.Request) -> httpx.Response:
        asked.append(anyio.current_time())
        return httpx.Response((429, 500, 503)[len(asked) % 3], headers=header)

    with pytest.raises(ProviderReadError):
        virtually(BolnaClient.account, handler)
    assert len(asked) == 5
    assert least <= asked[-1] <= most


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_read_survives_a_broken_connection(error: type[httpx.HTTPError]) -> None:
    failures = iter([error(""), error("")])

    def handler(_: httpx.Request) -> httpx.Response:
        if failure := next(failures, None):
            raise failure
        return httpx.Response(200, json={"wallet": 1})

    assert virtually(BolnaClient.account, handler).wallet == 1


def test_a_read_is_cancelled_while_it_waits_to_ask_again() -> None:
    async def main(client: BolnaClient) -> float:
        with anyio.move_on_after(3):
            await client.account()
        return anyio.current_time()

    assert virtually(main, lambda _: httpx.Response(429, headers={"Retry-After": "30"})) == 3


@dataclass
class Book:
    """Executions as Bolna lists them: newest first, in pages, by creation."""

    rows: list[dict[str, Any]]
    moved: int = 0
    asked: list[httpx.URL] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        self.asked.append(request.url)
        since, until = datetime.fromisoformat(query["from"]), datetime.fromisoformat(query["to"])
        assert until - since <= timedelta(days=7)
        size, number = int(query["page_size"]), int(query["page_number"])
        assert size <= 50
        rows = [row for row in self.rows if since <= datetime.fromisoformat(row["created_at"]) <= until]
        page = rows[(number - 1) * size : number * size]
        if self.moved:  # a call of the last page runs again and moves to the front
            self.moved -= 1
            self.rows.insert(0, self.rows.pop())
        more = number * size < len(rows)
        return httpx.Response(200, json={"data": page, "has_more": more, "total": len(rows), "page_number": number})


START = datetime(2026, 11, 1, tzinfo=UTC)


def booked(count: int, *, every: timedelta = timedelta(minutes=1)) -> list[dict[str, Any]]:
    return [{"id": f"e-{n}", "status": "queued", "created_at": (START + n * every).isoformat()} for n in range(count)]


async def listed(client: BolnaClient, days: float) -> list[str]:
    return [
        row.id async for row in client.executions("a-1", start=START, end=START + timedelta(days=days), turn=checkpoint)
    ]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 200])
def test_all_pages_are_listed_each_call_once(count: int) -> None:
    rows = booked(count)
    ids = virtually(lambda client: listed(client, 1), Book(rows))
    assert sorted(ids) == sorted(row["id"] for row in rows)


def test_a_long_time_is_listed_in_slices_of_seven_days() -> None:
    book = Book(booked(60, every=timedelta(hours=12)))
    ids = virtually(lambda client: listed(client, 30), book)
    assert sorted(ids) == sorted(row["id"] for row in book.rows)
    assert len({url.params["from"] for url in book.asked}) == 5


@pytest.mark.parametrize("moved", [1, 3, 60])
def test_calls_that_move_between_pages_are_all_listed(moved: int) -> None:
    book = Book(booked(170), moved=moved)
    ids = virtually(lambda client: listed(client, 1), book)
    assert sorted(ids) == sorted(row["id"] for row in book.rows)


def test_a_list_that_says_for_ever_that_there_is_more_comes_to_an_end() -> None:
    row = booked(1)
    ids = virtually(
        lambda client: listed(client, 1), lambda _: httpx.Response(200, json={"data": row, "has_more": True})
    )
    assert ids == ["e-0"]


def test_rows_of_a_list_that_cannot_be_read_are_left_out() -> None:
    rows = [
        {"status": "queued"},
        None,
        {"id": "e-9", "telephony_data": {"to_number": ""}, "created_at": "2026-11-01T10:00:00"},
    ]
    bare = lambda _: httpx.Response(200, json=rows)  # noqa: E731

    async def main(client: BolnaClient) -> list[Any]:
        return [
            row async for row in client.executions("a-1", start=START, end=START + timedelta(days=1), turn=checkpoint)
        ]

    (row,) = virtually(main, bare)
    assert (row.id, row.to_number, row.created_at) == ("e-9", None, START + timedelta(hours=10))


@pytest.mark.parametrize(
    ("status", "body", "stopped", "words"),
    [
        (200, {"message": "done", "status": "stopped", "execution_id": "e-1"}, True, ""),
        (400, {"message": "Call is not queued or scheduled"}, False, "Call is not queued or scheduled"),
        (404, {"detail": "not found"}, False, "not found"),
    ],
)
def test_stopping_a_call_says_whether_it_was_stopped(status: int, body: Any, words: str, *, stopped: bool) -> None:  # noqa: ANN401
    routes = {"POST /call/e-1/stop": httpx.Response(status, json=body)}
    result = virtually(lambda client: client.stop_call("e-1"), routed(routes))
    assert (result.stopped, result.words, result.is_unknown) == (stopped, words, status == 404)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>Gateway</html>"),
        httpx.Response(200, json={"message": "done"}),
        httpx.Response(200, json={"message": "done", "status": "stopped"}),
        httpx.Response(200, json={"status": "stopped", "execution_id": "another"}),
        httpx.Response(202, json={"status": "queued"}),
    ],
)
def test_an_answer_that_does_not_say_that_the_call_is_stopped_does_not_count(answer: httpx.Response) -> None:
    with pytest.raises(ProviderReadError):
        virtually(lambda client: client.stop_call("e-1"), lambda _: answer)


def test_stopping_without_an_answer_is_a_read_error() -> None:
    with pytest.raises(ProviderReadError) as refusal:
        virtually(lambda client: client.stop_call("e-1"), lambda _: httpx.Response(403, json={"detail": "key"}))
    assert refusal.value.status == 403


def test_whom_a_call_calls_is_read_beside_the_telephony_s_data_too() -> None:
    telephony: dict[str, Any] = {"to_number": ""}
    bare: dict[str, Any] = {
        "id": "e-1",
        "status": "completed",
        "user_number": "+919876543210",
        "telephony_data": telephony,
    }
    listed, execution = listed_in(bare), execution_in(bare)
    assert listed is not None
    assert execution is not None
    assert (listed.to_number, execution.recipient_number) == ("+919876543210", "+919876543210")
    telephony["to_number"] = "+919876543211"
    assert getattr(listed_in(bare), "to_number", None) == "+919876543211"
