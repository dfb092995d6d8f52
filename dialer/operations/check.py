"""Everything but dialling: judge every row, show the first requests, say how long it would take."""

from __future__ import annotations

import contextlib
import csv
import functools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialer import numbers, provider
from dialer.config.credentials import address
from dialer.errors import ExitCode, LedgerError, UsageError
from dialer.escaping import guarded
from dialer.export.results import REJECTS, rewritten, was_changed
from dialer.export.results.cells import shown
from dialer.files import unwritable
from dialer.input_rows import cells_at
from dialer.messages.operations import files
from dialer.messages.operations.run import will_not_start
from dialer.messages.words import without_stop
from dialer.models import NOWHERE, Status, Talk
from dialer.numbers import line
from dialer.operations.adoption import refuse_without_ledger
from dialer.operations.cell_warnings import CellWarnings, Found
from dialer.operations.coverage import uncovered
from dialer.operations.do_not_call import shared_list
from dialer.operations.intake import attempted_lines, former_phones, intake
from dialer.operations.list_order import Kind, ListOrder
from dialer.operations.local_times import AT_ONCE, no_hours
from dialer.operations.opening import line_sharers, neighbours
from dialer.operations.paused import holding, words_of
from dialer.operations.redial_plan import foreseen_redials
from dialer.operations.replaced_list import foreseen_replacement
from dialer.operations.stores import read_store
from dialer.operations.timing import Place, again_at, placed_elsewhere, placed_last, places_of
from dialer.store import NO_REDIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dialer.config.campaign import Campaign
    from dialer.input_rows import InputRow, InputRows
    from dialer.intake.do_not_call import Listed
    from dialer.intake.screening import Report
    from dialer.operations.coverage import Uncovered
    from dialer.operations.intake import Intake
    from dialer.store import Redials, Store

SAMPLES = 3
"""So many first requests are shown."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a run would do.

    Attributes:
        campaign: the campaign file.
        batch: the batch's name.
        recipients: the CSV.
        first_line: the line of its first row.
        to_call: how many would be called, now or after a wait within the run.
        limit: `--limit` of the run; None if all recipients are within it.
        called: callable rows with an earlier attempt, by state.
        samples: the first requests as they would be sent, without the reference.
        heard: the variables of these requests.
        header: the column names of the list.
        variables: variable → column or constant.
        agents: the agents named in a column.
        left_out: columns that are not variables because the provider fills in these names itself.
        empty: variable → number of callable rows where it is empty, and the first of them.
        errors: the same for rows where it holds a formula error.
        garbled: the same for rows where characters were lost in a wrong encoding.
        placeholders: the same for rows with a placeholder for "empty", such as NULL.
        markup: the same for rows with HTML or template code.
        quoted: the same for rows with quotation marks around the text.
        places: possible places of the recipients who would be called.
        placed: start times of calls that may still be live and take lines (Unix seconds).
        uncovered: numbers of countries without a rule; None if there are none.
        talk: answer rate and length of this batch's calls so far.
        phone_words: how the phone column was detected, in words; empty if the campaign file names it.
        hints: oddities of the columns and the numbers, in words.
        redials: which recipients the campaign's plan calls again.
        warnings: why a run would not start, in words.
        rate: the rate of calls, in words.
        report: problems by row.
        lists: the contents of each do-not-call list.
        exit_code: DONE, LOOK (some rows are invalid) or USAGE (no recipient could be called).
    """

    campaign: str
    batch: str
    recipients: str
    first_line: int
    to_call: int
    limit: int | None
    called: Mapping[Status, int]
    samples: tuple[Mapping[str, Any], ...]
    heard: tuple[Mapping[str, Any], ...]
    header: tuple[str, ...]
    variables: Mapping[str, str]
    agents: tuple[str, ...]
    left_out: tuple[str, ...]
    empty: Mapping[str, Found]
    errors: Mapping[str, Found]
    garbled: Mapping[str, Found]
    placeholders: Mapping[str, Found]
    markup: Mapping[str, Found]
    quoted: Mapping[str, Found]
    places: tuple[Place, ...]
    placed: tuple[float, ...]
    uncovered: Uncovered | None
    talk: Talk
    phone_words: str
    hints: tuple[str, ...]
    redials: Redials
    warnings: tuple[str, ...]
    rate: str
    report: Report
    lists: tuple[Listed, ...]
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
        former = former_phones(ledger) if ledger else ()
        screened = intake(
            campaign,
            attempted=attempted_lines(campaign, ledger) if ledger else {},
            shared=shared_list(campaign, ledger)[0],
            should_stop=lambda: False,
            former=former,
            called=functools.partial(ledger.attempted_numbers, refused=False) if ledger else dict,
        )
        recent, placed, warnings = _recent(campaign)
        tally = _Tally(ledger, recent, CellWarnings(screened.payload.columns), placed)
        reject([*REJECTS, *(shown(name, REJECTS) for name in screened.table.header)])
        for rows in screened.screening:
            for at, problem in sorted(rows.problems.items()):
                place = [rows.lines[at], rows.first + at, rows.statuses[at]]
                reject([*place, problem.code, problem.reason, *rows.cells[at]])
            tally.add(rows)
        talk = Talk() if ledger is None else ledger.talk()
        tally.placed += [] if ledger is None else placed_last(ledger)
        redials = NO_REDIALS if ledger is None else foreseen_redials(campaign, ledger)
        called = sum(tally.called.values())
        replaced = "" if ledger is None else foreseen_replacement(campaign.batch, ledger, called=called)
    paused = tuple(will_not_start(words_of(pause)) for pause in holding(campaign.batch))
    warnings = (*filter(None, [replaced]), *paused, *warnings)
    return _summed_up(campaign, screened, tally, talk=talk, redials=redials, limit=limit, warnings=warnings)


@dataclass(slots=True)
class _Tally:
    """Counts over the rows of a list, updated row by row.

    Attributes:
        ledger: of earlier calls; None if there were none.
        recent: lines (`numbers.line`) that another batch called recently, and when they may be called again.
        cell_warnings: cells that a voice agent cannot speak well.
        placed: start times of calls that may still be live and take lines (Unix seconds).
        fresh: callable rows of recipients without an attempt.
        called: number of the others, by state.
        order: possible places of the recipients, in list order.
        no_rule: by country, the rows without a rule.
        samples: the first callable rows.
        somewhere: a sample of the numbers, from the whole list.
    """

    ledger: Store | None
    recent: Mapping[int, float]
    cell_warnings: CellWarnings
    placed: list[float]
    fresh: int = 0
    called: Counter[Status] = field(default_factory=Counter)
    order: ListOrder = field(default_factory=ListOrder)
    no_rule: Counter[str | None] = field(default_factory=Counter)
    samples: list[InputRow] = field(default_factory=list)
    somewhere: list[int] = field(default_factory=list)

    def add(self, rows: InputRows) -> None:
        """Count some rows."""
        fresh = self._fresh(rows)
        self.fresh += len(fresh)
        self.cell_warnings.add(cells_at(rows.cells, fresh), [rows.first + at for at in fresh])
        refused = (rows.numbers[at] for at, problem in rows.problems.items() if problem.code == "no_rule")
        self.no_rule.update(numbers.home(number) if number else None for number in refused)
        again = {at: self.recent.get(line(rows.numbers[at])) for at in fresh} if self.recent else {}
        if rows.whereabouts or rows.own or any(again.values()):
            people = zip(map(rows.row, fresh), map(again.get, fresh), strict=True)
            self.order.add_people([Kind(row.whereabouts, row.own.scheduled_at, until) for row, until in people])
        elif fresh:
            self.order.add_sorted({Kind(NOWHERE): len(fresh)})
        self.somewhere += [rows.numbers[at] for at in fresh[:: -(-len(fresh) // AT_ONCE) or 1]]
        called = [at for at in fresh if not again.get(at)]
        self.samples += map(rows.row, called[: SAMPLES - len(self.samples)])

    def _fresh(self, rows: InputRows) -> Sequence[int]:
        """Return the places of those who were never attempted; count the others by state."""
        places = rows.callable()
        attempted = self.ledger.attempted([rows.keys[at] or "" for at in places]) if self.ledger else {}
        self.called.update(attempted.values())
        return [at for at in places if rows.keys[at] not in attempted] if attempted else places


def _summed_up(
    campaign: Campaign,
    screened: Intake,
    tally: _Tally,
    *,
    talk: Talk,
    redials: Redials,
    limit: int | None,
    warnings: tuple[str, ...],
) -> Check:
    report = screened.screening.report
    to_call = tally.fresh if limit is None else min(limit, tally.fresh)
    places = places_of(tally.order)
    samples = [screened.payload.sample(row) for row in tally.samples]
    return Check(
        campaign=str(campaign.path),
        batch=campaign.batch.name,
        recipients=str(campaign.batch.recipients),
        first_line=screened.table.places.lines(1, 1)[0],
        to_call=to_call,
        limit=to_call if to_call < tally.fresh else None,
        called=dict(sorted(tally.called.items())),
        samples=tuple(map(provider.VENDOR.fields_of, samples)),
        heard=tuple(provider.VENDOR.request_in(body).variables for body in samples),
        header=screened.table.header,
        variables=screened.payload.variables,
        agents=tuple(screened.payload.agents),
        left_out=screened.payload.left_out,
        empty=tally.cell_warnings.found("empty"),
        errors=tally.cell_warnings.found("errors"),
        garbled=tally.cell_warnings.found("garbled"),
        placeholders=tally.cell_warnings.found("placeholders"),
        markup=tally.cell_warnings.found("markup"),
        quoted=tally.cell_warnings.found("quoted"),
        places=places,
        placed=tuple(tally.placed),
        uncovered=uncovered(campaign, places=places, refused=tally.no_rule),
        talk=talk,
        phone_words=screened.phone_words,
        hints=(*screened.hints, *no_hours(campaign, tally.somewhere)),
        redials=redials,
        warnings=warnings,
        rate=str(campaign.rate),
        report=report,
        lists=screened.lists(),
        exit_code=_exit_code(report, nobody=not to_call and not tally.called),
    )


def _recent(campaign: Campaign) -> tuple[Mapping[int, float], list[float], tuple[str, ...]]:
    """Return what other batches called lately, and what to say where that cannot be found out.

    First their lines with the moment until which that counts, then when their live calls were placed.
    """
    try:
        with (
            neighbours(campaign, base_url=address()) as others,
            line_sharers(campaign, base_url=address()) as sharers,
        ):
            return ({} if others is None else again_at(campaign, others)), placed_elsewhere(sharers), ()
    except LedgerError as error:
        return {}, [], (will_not_start(without_stop(str(error))),)


@contextlib.contextmanager
def _rejects(path: Path | None, campaign: Campaign) -> Iterator[Callable[[Sequence[object]], object]]:
    """Yield what writes a row to the file, or what does nothing."""
    if path is None:
        yield lambda _row: None
        return
    if path.resolve() in {file.resolve() for file in (*campaign.batch.files, *campaign.suppression)}:
        raise UsageError(files.of_the_campaign("--rejects", path))
    if why := unwritable(path):
        raise UsageError(files.unfit_rejects(path, why=why))
    if was_changed(path):
        raise UsageError(files.stays("--rejects", path))
    try:
        with rewritten(path) as file:
            writer = csv.writer(file)
            yield lambda row: writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    except OSError as error:
        raise UsageError(files.rejects_unwritable(path, why=error.strerror)) from None


@contextlib.contextmanager
def _ledger(campaign: Campaign) -> Iterator[Store | None]:
    """Yield the ledger, or None if no recipient was recorded yet.

    Raises:
        InputError: it is lost, as the results show.
    """
    try:
        ledger = read_store(campaign.batch)
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
