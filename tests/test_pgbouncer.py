"""A campaign through PgBouncer, which gives each transaction another connection."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dialer.models import Status
from dialer.store.engines import whose
from tests.engines import skip_where_missing
from tests.ledgers import BINDING, QUEUED, key_of, load, number_of, people, render, result_of, row
from tests.missing import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialer.store.postgres import Batch

HOSTS, CONNECTIONS, PEOPLE = 4, 2, 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    skip_where_missing("postgres")
    from tests.pgbouncer import PgBouncer, program  # noqa: PLC0415 - where the driver is installed
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    if program() is None:
        missing("PgBouncer is not installed (apt-get install pgbouncer)")
    pooler = PgBouncer(shared().folder, connections=CONNECTIONS)
    yield pooler.url(shared().database().rpartition("dbname=")[2])
    pooler.close()


def opened(url: str, name: str) -> Batch:
    from dialer.store.postgres import Batch  # noqa: PLC0415 - as above

    return Batch.open(url, name=name, binding=replace(BINDING, server=f"https://{name}"), batch="one")


def test_several_hosts_call_everybody_once_by_fewer_connections_than_there_are_hosts(url: str) -> None:
    name = uuid4().hex
    first = opened(url, name)
    people(first, PEOPLE)
    called: list[int] = []
    hosts = [threading.Thread(target=work, args=(url, name, called)) for _ in range(HOSTS)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
    assert Counter(called) == Counter(map(number_of, range(1, PEOPLE + 1)))
    assert first.counts() == {Status.QUEUED: PEOPLE}
    first.close()


def work(url: str, name: str, called: list[int]) -> None:
    batch = opened(url, name)
    batch.begin_work(joins=True)
    while attempts := batch.intend(batch.page(after=0, size=2), render):
        called += [attempt.recipient.number for attempt in attempts]
        batch.settle([(attempt, QUEUED) for attempt in attempts])
        assert batch.beat()
    batch.close()


def test_what_takes_several_statements_is_whole_by_a_pooler_as_well(url: str) -> None:
    """A list that is loaded anew, what is withheld, and who comes back after the connection was cut."""
    batch = opened(url, uuid4().hex)
    people(batch, 5)
    batch.begin_work()
    batch.settle([(attempt, QUEUED) for attempt in batch.intend(batch.page(after=0, size=1), render)])
    load(batch, [row(at, at, "another name") for at in range(1, 8)])
    batch.withhold(batch.intend(batch.page(after=1, size=1), render), reason="outside hours")
    assert batch.come_back()
    assert batch.counts() == {Status.QUEUED: 1, Status.PENDING: 6}
    assert result_of(batch, 2).error == "outside hours"
    assert [one.key for one in batch.results()] == [key_of(at) for at in range(1, 8)]
    batch.close()


def test_the_pooler_is_looked_at_as_the_server_behind_it(url: str) -> None:
    from dialer.store.postgres import look  # noqa: PLC0415 - as above
    from tests.postgres_server import shared  # noqa: PLC0415 - as above

    assert look(url).lacks
    assert whose(url) == whose(shared().url(url.rpartition("dbname=")[2]))
