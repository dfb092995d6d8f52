"""Everything but dialling: judge every row, show the first requests, say how long it would take."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialer.credentials import address
from dialer.errors import ExitCode, UsageError
from dialer.forecast import Talk
from dialer.ledger import Ledger
from dialer.models import ATTEMPTED, Status, Whereabouts
from dialer.results import guarded
from dialer.session.intake import intake
from dialer.session.opening import neighbours, refuse_without_ledger
from dialer.session.spoken import Found, Spoken
from dialer.session.timing import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.campaign import Campaign
    from dialer.models import InputRow
    from dialer.screening import Report

SAMPLES = 3
"""So many first requests are shown."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a run would do.

    Attributes:
        campaign: the campaign file.
        batch: the batch's name.
        recipients: the CSV.
        to_call: how many would be called.
        called: how many of the callable rows were attempted before, by state.
        samples: the first requests as they would be sent, without the reference.
        variables: variable → column or constant.
        left_out: columns that are no variables because Bolna fills in their names itself.
        empty: variable → how many callable rows leave it empty, and the first of them.
        errors: the same of those with the error of a formula in it.
        garbled: the same of those whose letters were lost on the way.
        places: where those may be who would be called.
        elsewhere: how many more another batch has called lately, so that they are left out for now.
        talk: what this batch's calls were like so far.
        hints: what is odd about the columns, in words.
        rate: the rate, in words.
        report: problems by row.
        exit_code: DONE, LOOK (some rows are invalid) or USAGE (nobody could be called).
    """

    campaign: str
    batch: str
    recipients: str
    to_call: int
    called: Mapping[Status, int]
    samples: tuple[Mapping[str, Any], ...]
    variables: Mapping[str, str]
    left_out: tuple[str, ...]
    empty: Mapping[str, Found]
    errors: Mapping[str, Found]
    garbled: Mapping[str, Found]
    places: tuple[Place, ...]
    elsewhere: int
    talk: Talk
    hints: tuple[str, ...]
    rate: str
    report: Report
    exit_code: ExitCode


def check_campaign(campaign: Campaign, *, limit: int | None = None, rejects: Path | None = None) -> Check:
    """Judge a campaign's whole input as a run would, and change nothing.

    Args:
        campaign: from `load_campaign`.
        limit: as a run with that limit.
        rejects: a CSV to write every row to that is not called, with its line, the reason and all its cells.

    Raises:
        DialerError: the input or the ledger cannot be read, or the rejects cannot be written.
    """
    with _ledger(campaign) as ledger, _rejects(rejects, campaign) as reject:
        talk = Talk() if ledger is None else ledger.talk()
        by_id = ledger is not None and campaign.columns.id is not None
        found = intake(
            campaign, attempted=ledger.attempted_numbers() if ledger and by_id else {}, should_stop=lambda: False
        )
        to_call, called = 0, dict.fromkeys(sorted(ATTEMPTED), 0)
        recent, where = _recent(campaign), Counter[Whereabouts]()
        samples: list[Mapping[str, Any]] = []
        spoken = Spoken(found.payload.columns)
        reject(["line", "row", "status", "code", "reason", *found.table.header])
        for rows in found.screening:
            for row in rows:
                if row.problem is not None:
                    reject([row.line, row.position, row.status, row.problem.code, row.problem.reason, *row.cells])
            fresh = _fresh(rows, ledger, called)
            spoken.add(fresh)
            to_call += len(fresh)
            where.update(row.whereabouts for row in fresh if row.number not in recent)
            samples += [json.loads(row.payload) for row in fresh[: SAMPLES - len(samples)]]
    report = found.screening.report
    total, to_call = to_call, to_call if limit is None else min(limit, to_call)
    return Check(
        campaign=str(campaign.path),
        batch=campaign.batch.name,
        recipients=str(campaign.batch.recipients),
        to_call=to_call,
        called={status: count for status, count in called.items() if count},
        samples=tuple(samples),
        variables=found.payload.variables,
        left_out=found.payload.left_out,
        empty=spoken.found("empty"),
        errors=spoken.found("errors"),
        garbled=spoken.found("garbled"),
        places=tuple(Place(*place) for place in where.items()),
        elsewhere=total - where.total(),
        talk=talk,
        hints=found.payload.hints,
        rate=str(campaign.pacing.rate),
        report=report,
        exit_code=_exit_code(report, nobody=not to_call and not any(called.values())),
    )


def _recent(campaign: Campaign) -> Container[object]:
    with neighbours(campaign, base_url=address()) as others:
        return frozenset() if others is None else others.recent(now=time.time())


def _fresh(rows: list[InputRow], ledger: Ledger | None, called: dict[Status, int]) -> list[InputRow]:
    """Return the callable rows that were never attempted; count the others by state."""
    callable_rows = [row for row in rows if row.status is Status.PENDING]
    attempted = ledger.attempted([row.key or "" for row in callable_rows]) if ledger else {}
    if not attempted:
        return callable_rows
    for state, count in Counter(attempted.values()).items():
        called[state] += count
    return [row for row in callable_rows if row.key not in attempted]


@contextlib.contextmanager
def _rejects(path: Path | None, campaign: Campaign) -> Iterator[Callable[[Sequence[object]], object]]:
    """Yield what writes a row to the file, or what does nothing."""
    if path is None:
        yield lambda _row: None
        return
    batch = campaign.batch
    if path.resolve() in {file.resolve() for file in batch.files}:
        raise UsageError(
            f"--rejects {path}: that file belongs to the campaign and would be overwritten. Name another one."
        )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(f"--rejects {path}: cannot be written ({error.strerror}). Name another file.") from None
    with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor, not a path
        writer = csv.writer(file)
        yield lambda row: writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])


@contextlib.contextmanager
def _ledger(campaign: Campaign) -> Iterator[Ledger | None]:
    """Yield the ledger, or None where nobody was recorded yet.

    Raises:
        InputError: it is lost, as the results tell.
    """
    try:
        ledger = Ledger.read(campaign.batch.ledger)
    except UsageError:
        refuse_without_ledger(campaign)
        yield None
        return
    with contextlib.closing(ledger):
        if ledger.is_new():
            refuse_without_ledger(campaign)
        yield ledger


def _exit_code(report: Report, *, nobody: bool) -> ExitCode:
    if nobody:
        return ExitCode.USAGE
    return ExitCode.LOOK if report.statuses.get(Status.INVALID) else ExitCode.DONE
