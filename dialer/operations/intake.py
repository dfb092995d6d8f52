"""The input: read, judged and put into the ledger; or left as it is there, when nothing of it has changed."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING

from dialer import numbers
from dialer.errors import CampaignError, ColumnError
from dialer.export.results import can_write_workbooks, own_file_in, stamp_of
from dialer.hours.recipient_zones import Locator, zone_column
from dialer.intake.do_not_call import Listed, Suppression
from dialer.intake.payload import Payload
from dialer.intake.phone_column import Reading, phone_columns, refuse_without_header
from dialer.intake.screening import Rules, Screening
from dialer.intake.table import examine
from dialer.messages.numbers import newer_called
from dialer.messages.operations.results import workbook_needs_package
from dialer.messages.operations.run import numbers_from_before
from dialer.numbers import edition
from dialer.operations.cell_warnings import doubtful_cells
from dialer.operations.do_not_call import SEEN, shared_list
from dialer.operations.joining import note_digests, refuse_different
from dialer.operations.replaced_list import nobody_missing, note_list
from dialer.store.interface import JUDGED
from dialer.sync.agents import AGENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dialer.config.campaign import Campaign
    from dialer.engine.control import Control
    from dialer.intake.do_not_call import SharedList
    from dialer.intake.table import Table
    from dialer.store import AsyncStore, Store

LISTED = "input_listed"
"""Under this one, how many of its rows are on each do-not-call list."""

FORMER = "input_former_phones"
"""Under this name, the columns that earlier runs took the numbers from."""

NOTED = "input_told"
"""Name of the ledger's note on the list: hints, and how the phone column was detected."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The input, ready to be screened.

    Attributes:
        table: the CSV's structure.
        screening: judges its rows when iterated.
        payload: builds the requests.
        suppression: the lists.
        found: how the column of the numbers was found, in words; empty where the campaign file names it.
    """

    table: Table
    screening: Screening
    payload: Payload
    suppression: Suppression
    found: str

    @property
    def phone_words(self) -> str:
        """From which columns the numbers come, in words, once they are screened; empty where one column is named."""
        return self.found or self.screening.phone_words()

    @property
    def hints(self) -> tuple[str, ...]:
        """What is odd about the columns and, once they are screened, the numbers, in words."""
        newer = self.screening.report.newer
        called = [newer_called(newer)] if newer else []
        return (*self.screening.hints(), *self.table.hints, *self.payload.hints, *called)

    def listed(self) -> list[int]:
        """Return how many rows are on each do-not-call list, once all are screened."""
        return [self.screening.report.listed[place] for place in range(len(self.suppression.lists))]

    def lists(self) -> tuple[Listed, ...]:
        """Return what each do-not-call list holds, once all rows are screened."""
        return self.suppression.facts(self.screening.report.listed)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The input, in the ledger.

    Attributes:
        payload: builds the requests.
        suppression: the lists, to be asked again when a request leaves.
        lists: what each do-not-call list holds.
        hints: what is odd about the columns and the numbers, in words.
        phone_words: how the column of the numbers was found, in words; empty where the campaign file names it.
        agents: those that a column has ever named.
    """

    payload: Payload
    suppression: Suppression
    lists: tuple[Listed, ...]
    hints: tuple[str, ...]
    phone_words: str
    agents: tuple[str, ...]


def intake(
    campaign: Campaign,
    *,
    attempted: Mapping[int, tuple[str, ...]],
    shared: SharedList,
    should_stop: Callable[[], bool],
    former: Sequence[tuple[str, ...]] = (),
    called: Callable[[], Mapping[int, Collection[str]]] = dict,
) -> Intake:
    """Return the input, its structure checked; its rows are judged when the screening is iterated.

    Args:
        campaign: the campaign.
        attempted: numbers that an earlier run attempted, and the keys under which it did.
        shared: the workspace's do-not-call list.
        should_stop: asked between chunks.
        former: the columns that earlier runs of the batch took the numbers from, the last ones first.
        called: returns the numbers that they attempted, and under which keys.

    Raises:
        ColumnError: it is not clear which column holds the numbers.
        InputError: the CSV or a do-not-call list cannot be read.
        CampaignError: a column that the campaign names is not there, or the package that writes its workbook.
    """
    if campaign.batch.workbook is not None and not can_write_workbooks():
        raise CampaignError(workbook_needs_package(campaign.file.place("results_xlsx")))
    now = datetime.now(UTC)
    table = examine(
        campaign.batch.recipients,
        encoding=campaign.csv.encoding,
        delimiter=campaign.csv.delimiter,
        known=own_file_in(campaign.batch.recipients),
    )
    refuse_without_header(table)
    phones, found = _phone_columns(campaign, table, former)
    refuse_without_header(table, phones)
    payload = Payload(campaign, table.header, phones=phones, now=now)
    settings = campaign.screening
    suppression = _suppression(campaign, now, shared)
    rules = Rules(
        phones=phones,
        id=campaign.columns.id,
        region=campaign.csv.region,
        plus_lost=campaign.csv.plus_lost,
        allow=frozenset(settings.allow),
        duplicates=settings.duplicates,
        required=payload.required,
        skip=settings.skip,
        only=settings.only,
        former=former,
        called=called,
    )
    window = campaign.window
    screening = Screening(
        table,
        rules=rules,
        suppression=suppression,
        attempted=attempted,
        own=payload,
        locate=None if window is None else Locator(window, column=_zone_column(campaign, table, payload), at=now),
        should_stop=should_stop,
    )
    return Intake(table, screening, payload, suppression, found)


def former_phones(store: Store) -> tuple[tuple[str, ...], ...]:
    """Return the columns that earlier runs of the batch took the numbers from, the last ones first.

    None where that was a mere guess.
    """
    # Versions that do not note how a column was found may have taken it by its name alone: "Number" of a bill.
    if store.note(NOTED) is None:
        return ()
    noted = json.loads(store.note(FORMER) or "[]")
    return tuple(dict.fromkeys([store.phones(), *map(tuple, noted)]))


def _phone_columns(campaign: Campaign, table: Table, former: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], str]:
    columns = campaign.columns
    others = tuple(column for name, column in columns if name != "phone")
    reading = Reading(region=campaign.csv.region, plus_lost=campaign.csv.plus_lost, others=others)
    try:
        return phone_columns(table, columns.phone, reading=reading)
    except ColumnError as doubt:
        before = former[0] if former else ()
        if len(before) != 1 or before[0] not in doubt.columns:
            raise
        return before, numbers_from_before(before[0])


def attempted_lines(campaign: Campaign, store: Store) -> dict[int, tuple[str, ...]]:
    """Return the lines (`numbers.line`) that may have been called, with the keys under which they were.

    Where the number is the key, only those matter that may come under another key: in another spelling. Whom the
    provider refused may come under another key because the number or the id was corrected: they were never called.
    """
    by_id = campaign.columns.id is not None
    attempted: dict[int, tuple[str, ...]] = {}
    several = store.attempted_numbers(of=lambda one: by_id or len(numbers.spellings(one)) > 1, refused=False)
    for number, keys in several.items():
        line = numbers.line(number)
        attempted[line] = (*attempted.get(line, ()), *keys)
    return attempted


def _zone_column(campaign: Campaign, table: Table, payload: Payload) -> int | None:
    return None if campaign.columns.timezone is False else zone_column(table.header, payload.zone_column)


def _suppression(campaign: Campaign, now: datetime, shared: SharedList) -> Suppression:
    return Suppression.load(
        campaign.suppression,
        region=campaign.csv.region,
        plus_lost=campaign.csv.plus_lost,
        max_age_days=campaign.screening.max_age_days,
        now=now,
        shared=shared,
    )


async def load(
    campaign: Campaign, ledger: AsyncStore, control: Control, *, joined: bool = False, replaces: bool = False
) -> Loaded:
    """Read the input into the ledger, all of it or nothing; what it holds already is not judged again.

    Args:
        campaign: the campaign.
        ledger: its ledger.
        control: stops it.
        joined: other runs are calling this input: it stays as it is.
        replaces: it may take the place of another file's list.

    Raises:
        InputError: the CSV or a do-not-call list cannot be read.
        DoNotCallError: the workspace's list cannot be read, or lacks what the ledger has seen of it.
        CampaignError: a column that the campaign names is not there.
        InterruptedRunError: a stop was requested.
        UsageError: it is to stay, and the list or the rules are others here.
        ReplacedError: it would take the place of another file's list, whose people were called.
    """

    def work(store: Store) -> Loaded:
        shared, seen = shared_list(campaign, store)
        if shared.extent.length or store.note(SEEN):
            store.set_note(SEEN, seen)
        if joined:
            refuse_different(campaign, store)
            return _as_it_is(campaign, store, shared)
        mark = mark_of(campaign, blocked=shared.digest())
        if mark and store.note(JUDGED) == mark:
            note_digests(campaign, store)
            return _as_it_is(campaign, store, shared)
        former = former_phones(store)
        screened = intake(
            campaign,
            attempted=attempted_lines(campaign, store),
            shared=shared,
            should_stop=control.drain.is_set,
            former=former,
            called=functools.partial(store.attempted_numbers, refused=False),
        )

        with store.list_transaction(), nobody_missing(campaign.batch, store, replaces=replaces):
            store.load(
                screened.table.header,
                phones=screened.screening.phones,
                id_column=campaign.columns.id,
                chunks=screened.screening,
            )
            note_list(campaign.batch, store)
            note_digests(campaign, store)
            store.set_note(JUDGED, mark)
            store.set_note(FORMER, json.dumps(former))
            store.set_note(LISTED, json.dumps(screened.listed()))
            named = dict.fromkeys([*json.loads(store.note(AGENTS) or "[]"), *screened.payload.agents])
            store.set_note(AGENTS, json.dumps(list(named)))
            hints = (*screened.hints, *doubtful_cells(screened.payload.columns, screened.table))
            store.set_note(NOTED, json.dumps([hints, screened.phone_words]))
        hints, phone_words = json.loads(store.note(NOTED) or "")
        return Loaded(screened.payload, screened.suppression, screened.lists(), tuple(hints), phone_words, tuple(named))

    loaded = await ledger.call(work)
    # From here on the one file shows that people are in it, whatever becomes of its -wal.
    await ledger.checkpoint()
    return loaded


def _as_it_is(campaign: Campaign, store: Store, shared: SharedList) -> Loaded:
    """Return the input that a ledger has."""
    now = datetime.now(UTC)
    payload = Payload(campaign, store.header(), phones=store.phones(), now=now)
    suppression = _suppression(campaign, now, shared)
    lists = suppression.facts(dict(enumerate(json.loads(store.note(LISTED) or "[]"))))
    hints, phone_words = json.loads(store.note(NOTED) or '[[], ""]')
    agents = tuple(json.loads(store.note(AGENTS) or "[]"))
    return Loaded(payload, suppression, lists, tuple(hints), phone_words, agents)


def mark_of(campaign: Campaign, *, blocked: str) -> str:
    """Return a digest of all that the judgement of the rows depends on; empty where it depends on the time as well.

    Whatever else changes a recipient's state has to take the ledger's note of it back (see `JUDGED`).

    Args:
        campaign: the campaign.
        blocked: what changes with the numbers that the workspace's do-not-call list blocks.
    """
    files = (campaign.batch.recipients, *campaign.suppression)
    if campaign.call.scheduled_at or campaign.columns.scheduled_at or not all(file.is_file() for file in files):
        return ""
    rules = [
        # What was judged before spellings of one line counted as one, or a refused request as no call, is judged anew.
        "by line",
        "not refused",
        campaign.agent_id,
        *(section.model_dump(mode="json") for section in (campaign.columns, campaign.csv, campaign.screening)),
        campaign.call.model_dump(mode="json"),
        None if campaign.window is None else [str(campaign.window), edition()],
        {name: str(source) for name, source in campaign.user_data.items()} if campaign.user_data is not None else None,
        [version(name) for name in ("dialer", "phonenumbers", "tzdata")],
        [stamp_of(file) for file in files],
        blocked,
        # What was judged before that was noted is judged anew: the column may have been a mere guess.
        NOTED,
    ]
    return blake2b(json.dumps(rules).encode(), digest_size=20).hexdigest()
