"""A connection that ends after every possible number of bytes: what the row says, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from dialer.models import Answer, Outcome
from dialer.provider.bolna.client import BolnaClient
from tests.raw_server import answer, finish, request_from, reset, serving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

BODY = b'{"recipient_phone_number": "+919876543210"}'
WHOLE = {
    "accepted": answer(b'{"execution_id": "e-1"}'),
    "accepted, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'11\r\n{"execution_id": \r\n6\r\n"e-1"}\r\n0\r\n\r\n',
    "accepted, to the end": b'HTTP/1.1 200 OK\r\n\r\n{"execution_id": "e-1"}',
    "refused": answer(b'{"message": "bad number"}', "400 Bad Request"),
    "too many": answer(b'{"message": "slowly"}', "429 Too Many Requests"),
}
MEANS = {"refused": Outcome.ERROR, "too many": Outcome.RETRY}


async def call(port: int) -> Answer:
    client = BolnaClient(base_url=f"http://127.0.0.1:{port}", key="bn-test", read_timeout=30.0)
    connection = await client.connect()
    # A server may have reset a connection before it is known to be there.
    return connection if isinstance(connection, Answer) else await connection.call(BODY)


@pytest.mark.parametrize("end", [finish, reset])
@pytest.mark.parametrize("kind", WHOLE)
def test_an_answer_cut_off_anywhere_leaves_the_call_unknown(
    kind: str, end: Callable[[asyncio.StreamWriter], None]
) -> None:
    """Only the whole answer counts, and not even that may be lost to an RST that overtakes it."""
    whole, sent = WHOLE[kind], 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_from(reader)
        writer.write(whole[:sent])
        await writer.drain()
        end(writer)

    async def main(port: int) -> list[Answer]:
        nonlocal sent
        answers = []
        for sent in range(len(whole) + 1):  # noqa: B007 - `talk` reads it
            answers.append(await call(port))
        return answers

    with serving(talk) as port:
        *broken, last = anyio.run(main, port)
    assert {one.outcome for one in broken} == {Outcome.UNKNOWN}
    assert all(one.words for one in broken)
    means = MEANS.get(kind, Outcome.QUEUED)
    assert last.outcome in ({means} if end is finish else {means, Outcome.UNKNOWN})


@pytest.mark.parametrize("end", [finish, reset])
def test_a_server_that_goes_away_while_it_reads_the_request_leaves_the_call_unknown_or_unsent(
    end: Callable[[asyncio.StreamWriter], None],
) -> None:
    """It is to be called again only where no byte of the body had left, so that nothing was placed."""
    requests: list[int] = []
    read = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(read)
        end(writer)
        writer.close()

    async def main(port: int) -> list[Answer]:
        nonlocal read
        answers = []
        for read in range(0, requests[0] + 1, 3):  # noqa: B007 - `talk` reads it
            answers.append(await call(port))
        return answers

    async def measure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await request_from(reader)
        requests.append(len(request.head) + len(request.body))
        writer.write(WHOLE["accepted"])

    with serving(measure) as port:
        assert anyio.run(call, port).outcome is Outcome.QUEUED
    with serving(talk) as port:
        answers = anyio.run(main, port)
    assert {one.outcome for one in answers} <= {Outcome.UNKNOWN, Outcome.RETRY}
    # What the server has read of the body had left.
    first = (requests[0] - len(BODY)) // 3 + 1
    assert {one.outcome for one in answers[first:]} == {Outcome.UNKNOWN}
