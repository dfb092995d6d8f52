"""A process that works on a batch in a database, as one of several: a store, a provider, and nothing between them.

It does what a run does at the store: claims people, writes intents, places calls, records what came of them, renews its
lease, and comes back when the connection is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import time
from typing import TYPE_CHECKING

from dialer.errors import LedgerError, RunOverError
from dialer.models import Answer, Body, Effect, Outcome
from dialer.store.postgres import Batch, Slot, Slots

if TYPE_CHECKING:
    from dialer.models import Attempt, Recipient


class Worker:
    """One of several processes."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.batch = Batch.read(options.url, name=options.name)
        self.batch.lease = options.lease
        self.batch.patience = options.patience
        # What this process has begun and the database does not know the end of, with the answer where there is one.
        self.open: dict[int, tuple[Attempt, Answer | None]] = {}
        # What it has begun and surely not sent.
        self.unsent: list[Attempt] = []
        self.provider = socket.socket(socket.AF_UNIX)
        self.provider.connect(options.provider)
        self.answers = self.provider.makefile("r")
        self.slots = (
            Slots(self.batch._session, organisation="o", count=options.count, window=options.window, now=time.monotonic)
            if options.count
            else None
        )
        self.slot: Slot | None = None
        self.is_stopped = False
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_: object) -> None:
        """Call nobody any more."""
        self.is_stopped = True

    def work(self) -> None:
        """Call all who are left, and come back as often as the connection is lost."""
        self.begin()
        while True:
            try:
                self.record()
                if self.is_done():
                    self.batch.close()
                    return
            except LedgerError as error:
                # Nothing is on its way at this moment: one thread does all of it.
                self.unsent += [attempt for attempt, answer in self.open.values() if answer is None]
                self.open = {id_: (attempt, answer) for id_, (attempt, answer) in self.open.items() if answer}
                if isinstance(error, RunOverError):
                    self.begin()
                else:
                    self.come_back()

    def begin(self) -> None:
        while True:
            try:
                self.batch.begin_work(joins=True)
            except LedgerError:
                self.reconnect()
            else:
                return

    def reconnect(self) -> None:
        with contextlib.suppress(Exception):
            self.batch._session.reconnect()
            return
        time.sleep(0.02)

    def come_back(self) -> None:
        while True:
            try:
                if not self.batch.come_back():
                    self.begin()
            except LedgerError:
                time.sleep(0.02)
            else:
                return

    def is_done(self) -> bool:
        """Do one round; return whether nobody is left."""
        self.beat()
        if self.is_stopped:
            return True
        if self.slots is not None and not self.has_slot():
            return False
        attempts = self.batch.intend(self.batch.page(after=0, size=self.options.size), render)
        self.open |= {attempt.id: (attempt, None) for attempt in attempts}
        for attempt in attempts:
            self.call(attempt)
        self.record()
        if attempts:
            return False
        self.slot = None
        left = self.batch.counts()
        if not left.get("pending") and not left.get("sending"):  # type: ignore[call-overload] # words of Status
            return True
        time.sleep(0.02)
        return False

    def has_slot(self) -> bool:
        assert self.slots is not None
        answer = self.slots.ask()
        if isinstance(answer, Slot):
            self.slot = answer
            time.sleep(max(0.0, answer.opens - 0.02 - time.monotonic()))
            return True
        time.sleep(min(answer, 0.2))
        return False

    def call(self, attempt: Attempt) -> None:
        if self.slot is not None:
            time.sleep(max(0.0, self.slot.opens - time.monotonic()))
            if time.monotonic() > self.slot.closes:
                self.withhold(attempt)
                return
        if not self.batch.may_send(attempt):
            self.withhold(attempt)
            return
        self.provider.sendall(f"{attempt.recipient.number} {attempt.reference} {os.getpid()}\n".encode())
        words = self.answers.readline().split()
        if words[0] == "429":
            answer = Answer(Outcome.RETRY, Effect.HOLD, http_status=429)
        else:
            answer = Answer(Outcome.QUEUED, Effect.GO_ON, execution_id=words[1], http_status=200)
        self.open[attempt.id] = (attempt, answer)

    def withhold(self, attempt: Attempt) -> None:
        del self.open[attempt.id]
        self.unsent.append(attempt)

    def record(self) -> None:
        if self.unsent:
            self.batch.withhold(self.unsent, reason="too late")
            self.unsent = []
        ended = [(attempt, answer) for attempt, answer in self.open.values() if answer is not None]
        if ended:
            self.batch.settle(ended)
            for attempt, _ in ended:
                del self.open[attempt.id]

    def beat(self) -> None:
        if not self.batch.beat():
            raise RunOverError


def render(recipient: Recipient, reference: str) -> Body:
    return Body(f"{recipient.number} {reference}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("provider")
    parser.add_argument("--lease", type=float, default=10.0)
    parser.add_argument("--patience", type=float, default=5.0)
    parser.add_argument("--size", type=int, default=2)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--window", type=float, default=60.0)
    Worker(parser.parse_args()).work()


if __name__ == "__main__":
    main()
