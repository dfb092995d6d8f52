"""The fields in which calls differ, judged for all rows; and one row → its request, each cell exactly as it stands."""

from __future__ import annotations

import json
from hashlib import blake2b
from itertools import repeat
from typing import TYPE_CHECKING

from dialer import provider
from dialer.config.campaign.values import Constant, MistakeError, agent_in, is_zone, version_in
from dialer.errors import CampaignError, InputError
from dialer.hours import zone_problem
from dialer.input_rows import column_name, column_of
from dialer.messages.intake import payload as say
from dialer.models import Body, Own, Problem, e164
from dialer.moments import in_zone, moment_in
from dialer.nearest import nearest
from dialer.numbers import judge
from dialer.provider.interface import CallField, Order
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from dialer.config.campaign import Campaign
    from dialer.input_rows import InputRow
    from dialer.models import Recipient

_CALLERS = frozenset({"toll_free", "premium_rate", "shared_cost"})
"""Number types that may call, though they are not called."""
_SCHEDULES = frozenset({"scheduled_at", "schedule_at", "call_at", "scheduled_time"})
ZONE = "timezone"
"""The variable by which the provider tells the time."""
_LONGEST_ID = 100
"""Characters of the id of a voice."""


class Payload:
    """Builds the requests of one campaign and one header.

    Attributes:
        header: the CSV's column names.
        variables: what the agent hears: variable → column, or the constant's text.
        columns: variable → index of the column it comes from; constants have none.
        left_out: columns that are not variables because the provider fills in their names itself.
        required: the columns behind `required`, which names variables or columns.
        zone_column: index of the column that names the recipient's time zone; None if there is none.
        hints: what is odd about the columns, in words.
        agents: those that a column has named so far, in that order.

    Args:
        campaign: the campaign.
        header: the CSV's column names, in order.
        phones: the columns the numbers are in.
        now: the moment against which schedules are judged (aware).

    Raises:
        CampaignError: a column that the campaign file names is not in the CSV.
        InputError: the CSV has a column `dialer_ref`.
    """

    def __init__(self, campaign: Campaign, header: tuple[str, ...], *, phones: Sequence[str], now: datetime) -> None:
        if VARIABLE in header:
            name = provider.VENDOR.names.name
            raise InputError(say.reserved_column(campaign.batch.recipients, VARIABLE, provider=name))
        for keys, column in _named(campaign):
            _require(campaign, header, keys, column)
        columns = campaign.columns
        self._campaign = campaign
        self.header = header
        self._now = now
        self._from = _index(header, columns.from_)
        self._scheduled_at = _index(header, columns.scheduled_at)
        self._timezone = _index(header, columns.timezone or None)
        self._agent = _index(header, columns.agent_id)
        self._version = _index(header, columns.agent_version_id)
        self._voice = _index(header, columns.voice_id)
        own = (columns.from_, columns.agent_id, columns.agent_version_id, columns.voice_id, columns.scheduled_at)
        # Its value is not a time zone, but the provider would read it as one.
        no_zone = (ZONE,) if columns.timezone is False and campaign.user_data is None else ()
        no_variables = {*phones, *own, *no_zone}
        self.left_out = (
            tuple(name for name in header if name in provider.VENDOR.reserved and name not in no_variables)
            if campaign.user_data is None
            else ()
        )
        self._sources = tuple(_sources(campaign, header, without={*no_variables, *self.left_out}))
        self.columns = dict(self._sources)
        constants = {
            name: source.value for name, source in (campaign.user_data or {}).items() if isinstance(source, Constant)
        }
        named = (self._timezone, *(index for name, index in self._sources if name == ZONE))
        self._zones = tuple(dict.fromkeys(index for index in named if index is not None))
        self.zone_column = None if columns.timezone is False else next(iter(self._zones), None)
        self.hints = tuple(_hints(campaign, header))
        self._constants = constants
        self._common = campaign.common
        self._own = frozenset(self._own_fields())
        self.agents: dict[str, None] = {}
        self.required = tuple(_required(campaign))
        self.variables = {name: header[index] for name, index in self._sources} | {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in constants.items()
        }

    def __call__(
        self, cells: Sequence[Sequence[str]], keys: Sequence[str | None]
    ) -> tuple[Sequence[Own], dict[int, Problem]]:
        """Return the fields in which the calls to many recipients differ from others.

        Args:
            cells: of each row, in header order.
            keys: the recipients' keys; they decide which of several callers calls.

        Returns:
            What is their own, for each row (nothing where no call has anything), and by place why there can be no
            request.
        """
        problems: dict[int, Problem] = {}
        for index in self._zones:
            _refuse_other_zones(self.header[index], column_of(cells, index), problems)
        if not self._own:
            return (), problems
        own = self._judged(cells, keys, problems)
        return list(map(Own, *(own.get(field, repeat(None)) for field in CallField))), problems

    def body(self, recipient: Recipient, reference: str) -> Body:
        """Return the body of the request to somebody of the input, with a reference or without (empty)."""
        text = provider.VENDOR.body(self._order(recipient.cells, recipient.number, recipient.own, reference))
        request = provider.VENDOR.request_in(text)
        retries = request.retries
        return Body(
            text,
            scheduled_at=None if request.scheduled_at is None else request.scheduled_at.timestamp(),
            retry_seconds=retries.seconds if retries is not None and retries.most > 0 else None,
        )

    def sample(self, row: InputRow) -> str:
        """Return the body of the request to somebody who was just judged, without a reference."""
        return provider.VENDOR.body(self._order(row.cells, row.number or 0, row.own, ""))

    def _order(self, cells: Sequence[str], number: int, own: Own, reference: str) -> Order:
        return Order(
            number=number,
            common=self._common,
            own={field: value for field, value in zip(CallField, own, strict=True) if field in self._own},
            variables={name: cells[index] for name, index in self._sources},
            constants=self._constants,
            reference=reference,
        )

    def _own_fields(self) -> Iterator[CallField]:
        """Yield what is not the same in every call besides number and variables."""
        call = self._campaign.call
        if self._from is not None or call.from_phone_number:
            yield CallField.CALLER
        if self._scheduled_at is not None or call.scheduled_at:
            yield CallField.SCHEDULED_AT
        if self._voice is not None:
            yield CallField.VOICE
        if self._agent is not None:
            yield CallField.AGENT
        if self._version is not None or (self._agent is not None and call.agent_version_id):
            yield CallField.AGENT_VERSION

    def _judged(
        self, cells: Sequence[Sequence[str]], keys: Sequence[str | None], problems: dict[int, Problem]
    ) -> dict[CallField, Sequence[str | None]]:
        """Return each of these fields, and note the problems."""
        fields: dict[CallField, Sequence[str | None]] = {}
        agents: Sequence[str | None] = [self._campaign.agent_id] * len(keys)
        if CallField.CALLER in self._own:
            fields[CallField.CALLER] = _noted(map(self._caller, _cells(cells, self._from), keys), problems)
        if CallField.SCHEDULED_AT in self._own:
            # The keys only tell how many there are: neither of the columns need be there.
            rows = zip(_cells(cells, self._scheduled_at), _cells(cells, self._timezone), keys, strict=False)
            moments = (self._schedule(cell, zone) for cell, zone, _ in rows)
            fields[CallField.SCHEDULED_AT] = _noted(moments, problems)
        if self._voice is not None:
            fields[CallField.VOICE] = _noted(map(self._voice_of, column_of(cells, self._voice)), problems)
        if self._agent is not None:
            fields[CallField.AGENT] = agents = _noted(map(self._agent_of, column_of(cells, self._agent)), problems)
            self.agents |= dict.fromkeys(agent for agent in agents if agent is not None)
        if CallField.AGENT_VERSION in self._own:
            versions = map(self._version_of, _cells(cells, self._version), agents)
            fields[CallField.AGENT_VERSION] = _noted(versions, problems)
        return fields

    def _agent_of(self, cell: str) -> str | Problem:
        try:
            return agent_in(cell) if cell.strip() else self._campaign.agent_id
        except MistakeError as error:
            return Problem("agent_not_valid", say.cell(self._name(self._agent), cell, error.words))

    def _version_of(self, cell: str, agent: str | None) -> str | Problem | None:
        if not cell.strip():
            # A version belongs to one agent.
            return self._campaign.call.agent_version_id if agent == self._campaign.agent_id else None
        try:
            return version_in(cell)
        except MistakeError as error:
            return Problem("agent_version_not_valid", say.cell(self._name(self._version), cell, error.words))

    def _voice_of(self, cell: str) -> str | Problem | None:
        voice = cell.strip()
        if len(voice) > _LONGEST_ID or not voice.isprintable():
            return Problem("voice_not_valid", say.voice(self._name(self._voice), voice, longest=_LONGEST_ID))
        return voice or None

    def _name(self, index: int | None) -> str:
        return "" if index is None else self.header[index]

    def _caller(self, cell: str, key: str | None) -> str | Problem | None:
        if self._from is not None and cell.strip():
            judged = judge(cell, region=self._campaign.csv.region, allow=_CALLERS)
            if isinstance(judged, Problem):
                return Problem("from_not_valid", say.caller(self.header[self._from], judged.reason))
            return e164(judged.digits)
        callers = self._campaign.call.from_phone_number
        if callers is None:
            return None
        # A digest and not the position: the same recipient sees the same caller, however the CSV is sorted.
        digest = blake2b((key or "").encode(), digest_size=4).digest()
        return callers[int.from_bytes(digest, "big") % len(callers)]

    def _schedule(self, cell: str, zone: str) -> str | Problem | None:
        text = cell.strip() or self._campaign.call.scheduled_at
        if text is None:
            return None
        moment = scheduled(text, zone=zone if is_zone(zone) else self._campaign.call.timezone)
        if isinstance(moment, Problem):
            return moment
        if moment - self._now < provider.VENDOR.limits.soonest:
            return Problem("schedule_too_soon", say.too_soon(text))
        if moment - self._now > provider.VENDOR.limits.furthest:
            return Problem("schedule_too_far", say.too_far(text, provider=provider.VENDOR.names.name))
        return moment.isoformat(timespec="seconds")


def _cells(cells: Sequence[Sequence[str]], index: int | None) -> Iterable[str]:
    """Return a column, or empty cells where there is none."""
    return repeat("") if index is None else column_of(cells, index)


def _noted(values: Iterable[str | Problem | None], problems: dict[int, Problem]) -> list[str | None]:
    """Return the value of each row, and note the problem of those that have one."""
    taken: list[str | None] = []
    for at, value in enumerate(values):
        if isinstance(value, Problem):
            problems.setdefault(at, value)
        taken.append(value if isinstance(value, str) else None)
    return taken


def _refuse_other_zones(column: str, cells: Sequence[str], problems: dict[int, Problem]) -> None:
    strange = {cell for cell in set(cells) if cell and not is_zone(cell)}
    if strange:
        problems.update((at, _no_zone(column, cell)) for at, cell in enumerate(cells) if cell in strange)


def scheduled(text: str, *, zone: str | None) -> datetime | Problem:
    """Return the moment of a `scheduled_at` with a numeric offset, without a fraction.

    Args:
        text: ISO 8601, a date and a time; `Z` is understood.
        zone: the time zone of a time without one; None: such a time is a problem.
    """
    moment = moment_in(text)
    if moment is None:
        return Problem("schedule_not_a_time", say.not_a_time(text))
    if moment.tzinfo is not None:
        return moment.replace(microsecond=0)
    if zone is None:
        return Problem("schedule_without_zone", say.without_zone(text))
    local = in_zone(moment, zone)
    if local is None:
        return Problem("schedule_not_a_time", say.skipped(text, zone))
    return local.replace(microsecond=0)


def _sources(campaign: Campaign, header: tuple[str, ...], *, without: set[str | None]) -> Iterator[tuple[str, int]]:
    """Yield each variable that is a column, and where the column stands."""
    if campaign.user_data is None:
        yield from ((name, index) for index, name in enumerate(header) if name not in without)
        return
    for name, source in campaign.user_data.items():
        if isinstance(source, str):
            yield name, header.index(source)


def _named(campaign: Campaign) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every column that the campaign file names but the phone's, and where it does so."""
    columns = campaign.columns
    for key, column in columns.model_dump(by_alias=True, exclude={"phone"}, exclude_none=True).items():
        if column is not False:
            yield ("columns", key), column
    for variable, source in (campaign.user_data or {}).items():
        if isinstance(source, str):
            yield ("user_data", variable), source
    for column in _required(campaign):
        yield ("screening", "required"), column
    for key in ("skip", "only"):
        for column in getattr(campaign.screening, key):
            yield ("screening", key, column), column


def _hints(campaign: Campaign, header: tuple[str, ...]) -> Iterator[str]:
    """Say which columns look as if they said when to call, and are not used so."""
    for name in header:
        if name.strip().casefold().replace(" ", "_") in _SCHEDULES and not campaign.columns.scheduled_at:
            yield say.unused_schedule(name)


def _required(campaign: Campaign) -> Iterator[str]:
    """Yield the columns that must not be empty; a constant never is."""
    mapping = {column_name(variable): source for variable, source in (campaign.user_data or {}).items()}
    for name in campaign.screening.required:
        source = mapping.get(name, name)
        if isinstance(source, str):
            yield source


def _require(campaign: Campaign, header: tuple[str, ...], keys: tuple[str, ...], column: str) -> None:
    if column in header:
        return
    place, path = campaign.file.place(*keys), campaign.batch.recipients
    raise CampaignError(say.no_column(place, path, column, near=nearest(column, header), header=header))


def _index(header: tuple[str, ...], column: str | None) -> int | None:
    return None if column is None else header.index(column)


def _no_zone(column: str, cell: str) -> Problem:
    shown = say.cut(cell)
    problem = zone_problem(shown)
    return Problem("zone_unknown", say.zone(column, say.not_a_zone(shown) if problem is None else problem.reason))
