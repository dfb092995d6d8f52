"""One answer belongs to one request, whatever a server or gateway says besides; over real sockets."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import pytest

from dialer import RunOptions, load_campaign, run_campaign_sync
from dialer.models import Answer, Effect, Outcome
from dialer.provider.bolna.client import BolnaClient, CallConnection
from tests.raw_server import answer, certificate, finish, request_from, reset, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "bn-0123456789abcdef"
BODY = b'{"recipient_phone_number": "+919876543210"}'
SURPLUS = {
    "200": answer(b'{"status": "queued", "execution_id": "surplus"}'),
    "400": answer(b'{"message": "bad number"}', "400 Bad Request"),
    "429": answer(b'{"message": "Too many requests"}', "429 Too Many Requests"),
}


@dataclass
class TalkativeBolna:
    """Places every call; after every third one it answers once more, and keeps the connection open."""

    surplus: bytes
    late: float
    placed: list[tuple[str, str]] = field(default_factory=list)
    """Number and id of each call."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await request_from(reader)
            if request.method != "POST":
                found = {"name": "Ops", "wallet": 10.0, "id": request.target.split("/")[-1], "data": []}
                writer.write(answer(json.dumps(found).encode()))
                continue
            number = json.loads(request.body)["recipient_phone_number"]
            self.placed.append((number, f"e-{len(self.placed)}"))
            body = json.dumps({"status": "queued", "execution_id": self.placed[-1][1]}).encode()
            more = self.surplus if len(self.placed) % 3 == 0 else b""
            writer.write(answer(body) + (b"" if self.late else more))
            if more and self.late:
                await asyncio.sleep(self.late)
                writer.write(more)


def campaign(folder: Path, *, people: int, rate: int) -> Path:
    (folder / "list.csv").write_text("phone\n" + "".join(f"+9198{n:08d}\n" for n in range(people)))
    file = folder / "c.toml"
    file.write_text(
        'agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "list.csv"\n'
        f'results = "r.csv"\n[pacing]\nrate = "{rate}/second"\n'
    )
    return file


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize(("rate", "people", "late"), [(8, 10, 0.0), (8, 10, 0.015), (400, 60, 0.0), (400, 60, 0.015)])
def test_an_answer_too_many_is_nobody_s(  # noqa: PLR0917 - fixtures and cases
    rate: int, people: int, late: float, surplus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is called once, and their row has the id of their call."""
    bolna = TalkativeBolna(SURPLUS[surplus], late)
    with serving(bolna.talk) as port:
        monkeypatch.setenv("BOLNA_BASE_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("BOLNA_API_KEY", KEY)
        summary = run_campaign_sync(load_campaign(campaign(tmp_path, people=people, rate=rate)))
    assert summary.exit_code == 0
    assert Counter(number for number, _ in bolna.placed).most_common(1)[0][1] == 1
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["recipient_phone_number"], row["execution_id"]) for row in rows} == set(bolna.placed)
    assert [row["status"] for row in rows] == ["queued"] * people


def test_the_same_id_for_two_people_leaves_the_second_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that crosses answers gives one person another's id, in the same run and in a later one."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        found = {"name": "Ops", "wallet": 10.0, "id": request.target.split("/")[-1], "data": []}
        writer.write(answer(json.dumps({"execution_id": "e-1"} if request.method == "POST" else found).encode()))

    file = campaign(tmp_path, people=3, rate=50)
    with serving(talk) as port:
        monkeypatch.setenv("BOLNA_BASE_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("BOLNA_API_KEY", KEY)
        first = run_campaign_sync(load_campaign(file), RunOptions(limit=1))
        second = run_campaign_sync(load_campaign(file))
    assert dict(first.counts) == {"queued": 1, "pending": 2}
    assert dict(second.counts) == {"queued": 1, "unknown": 2}
    assert "id of another call" in (tmp_path / "r.csv").read_text()


# Connections that wait


async def opened(client: BolnaClient) -> CallConnection:
    connection = await client.connect()
    assert isinstance(connection, CallConnection)
    return connection


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(30):
        while not true():  # noqa: ASYNC110 - what the kernel sees has no event
            await anyio.sleep(0.01)


BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@BACKENDS
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("how", ["fin", "rst", "speaks"])
def test_a_connection_that_the_server_has_ended_or_spoken_on_is_not_used(
    how: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, secure: bool
) -> None:
    if secure and how == "speaks":
        pytest.skip("over TLS the kernel cannot tell it from a ticket")
    file, tls = certificate(tmp_path, name="localhost") if secure else (None, None)
    monkeypatch.setenv("SSL_CERT_FILE", str(file or ""))
    end = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loops.append(asyncio.get_running_loop())
        await end.wait()
        if how == "rst":
            reset(writer)
        elif how == "fin":
            finish(writer)
        elif how == "speaks":
            writer.write(SURPLUS["200"])
            await asyncio.sleep(60)

    async def main(port: int) -> None:
        async with BolnaClient(base_url=f"http{'s' if secure else ''}://127.0.0.1:{port}", key=KEY) as client:
            connection = await opened(client)
            await until(lambda: bool(loops))
            assert connection.is_untouched()
            loops[0].call_soon_threadsafe(end.set)
            await until(lambda: not connection.is_untouched())
            await connection.aclose()

    with serving(talk, tls=tls) as port:
        anyio.run(main, port, backend=backend)


@BACKENDS
def test_a_call_that_may_not_leave_sends_no_body_and_the_next_has_a_connection_of_its_own(backend: str) -> None:
    bodies: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        bodies.append(request.body)
        writer.write(answer(b'{"execution_id": "e-1"}'))
        await reader.read()

    async def main(port: int) -> list[Answer]:
        async with BolnaClient(base_url=f"http://127.0.0.1:{port}", key=KEY) as client:
            return [await (await opened(client)).call(BODY, leaves) for leaves in (lambda: False, lambda: True)]

    with serving(talk) as port:
        held, sent = anyio.run(main, port, backend=backend)
    assert (held.outcome, held.effect, sent.outcome) == (Outcome.RETRY, Effect.WITHHOLD, Outcome.QUEUED)
    assert bodies == [BODY]


@pytest.mark.parametrize(
    "before",
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3],
    ids=["100", "103"],
)
def test_an_interim_answer_is_not_the_answer(before: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(before + answer(b'{"execution_id": "e-1"}') + answer(b"no", "400 Bad Request"))

    async def main(port: int) -> Answer:
        async with BolnaClient(base_url=f"http://127.0.0.1:{port}", key=KEY) as client:
            return await (await opened(client)).call(BODY)

    with serving(talk) as port:
        assert anyio.run(main, port).execution_id == "e-1"
