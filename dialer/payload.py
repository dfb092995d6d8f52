"""One row of the CSV → the body of `POST /call`, each cell exactly as it stands."""

from __future__ import annotations

import difflib
import json
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dialer.campaign import RESERVED, Campaign, Constant, is_zone, moment_in
from dialer.errors import CampaignError, InputError
from dialer.models import Problem, e164
from dialer.phone import judge
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAD = timedelta(minutes=3)
"""How far ahead `scheduled_at` has to be when the request leaves; Bolna refuses under two minutes."""
HORIZON = timedelta(days=30)
"""Bolna refuses schedules further ahead (its batch documentation)."""

REASONS = {
    "from_not_valid": "the caller number in the `from` column is none",
    "schedule_too_soon": "`scheduled_at` is in the past, or less than 3 minutes ahead",
    "schedule_too_far": "`scheduled_at` is more than 30 days ahead",
    "schedule_not_a_time": "`scheduled_at` is no date and time, or one that daylight saving skips",
    "schedule_without_zone": "`scheduled_at` has no offset, and no time zone is named",
    "zone_unknown": "the `timezone` column holds no name of the time zone database",
}
"""Every reason code that building a request gives, and what it means."""

_CALLERS = frozenset({"toll_free", "premium_rate", "shared_cost"})
"""Number types that may call, though they are not called."""
_COLUMNS_SHOWN = 30
_CELL_SHOWN = 60


class Payload:
    """Builds request bodies for one campaign and one header.

    Attributes:
        variables: what the agent hears: variable → column, or the constant's text.
        columns: variable → index of the column it comes from; constants have none.
        left_out: columns that are no variables because Bolna fills in their names itself.
        required: the columns behind `required`, which names variables or columns.

    Args:
        campaign: the campaign.
        header: the CSV's column names, in order.
        phone: the column the numbers are in.
        now: the moment against which schedules are judged (aware).

    Raises:
        CampaignError: a column that the campaign file names is not in the CSV.
        InputError: the CSV has a column `dialer_ref`.
    """

    def __init__(self, campaign: Campaign, header: tuple[str, ...], *, phone: str, now: datetime) -> None:
        if VARIABLE in header:
            raise InputError(
                f'{campaign.batch.recipients}: rename the column "{VARIABLE}": under this name dialer finds its calls '
                "again at Bolna."
            )
        for keys, column in _named(campaign):
            _require(campaign, header, keys, column)
        columns = campaign.columns
        self._campaign = campaign
        self._header = header
        self._now = now
        self._from = _index(header, columns.from_)
        self._scheduled_at = _index(header, columns.scheduled_at)
        self._timezone = _index(header, columns.timezone)
        no_variables = {phone, columns.from_, columns.scheduled_at}
        self.left_out = (
            tuple(name for name in header if name in RESERVED and name not in no_variables)
            if campaign.user_data is None
            else ()
        )
        self._sources = tuple(_sources(campaign, header, without={*no_variables, *self.left_out}))
        self.columns = dict(self._sources)
        constants = {
            name: source.value for name, source in (campaign.user_data or {}).items() if isinstance(source, Constant)
        }
        named = (self._timezone, *(index for name, index in self._sources if name == "timezone"))
        self._zones = tuple({index for index in named if index is not None})
        self._named = [(f"{encode_basestring(name)}:", index, name == "timezone") for name, index in self._sources]
        self._constants = [f"{encode_basestring(name)}:{_as_json(value)}" for name, value in constants.items()]
        self._fixed = _as_json(_fixed_fields(campaign))[1:-1]
        self.required = tuple(_required(campaign))
        self.variables = {name: header[index] for name, index in self._sources} | {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in constants.items()
        }

    def __call__(self, cells: tuple[str, ...], key: str, number: int) -> str | Problem:
        """Return the JSON text of a recipient's request, without the reference, or why there can be none.

        Args:
            cells: the row, in header order.
            key: the recipient's key; decides which of several callers calls.
            number: E.164 digits.
        """
        for index in self._zones:
            if cells[index] and not is_zone(cells[index]):
                return _no_zone(self._header[index], cells[index])
        caller, schedule = self._caller(cells, key), self._schedule(cells)
        if isinstance(caller, Problem):
            return caller
        if isinstance(schedule, Problem):
            return schedule
        fields = [self._fixed, f'"recipient_phone_number":"{e164(number)}"']
        if caller is not None:
            fields.append(f'"from_phone_number":"{caller}"')
        if schedule is not None:
            fields.append(f'"scheduled_at":"{schedule}"')
        return f'{{{",".join(fields)},"user_data":{{{self._user_data(cells)}}}}}'

    def _user_data(self, cells: tuple[str, ...]) -> str:
        # Put together by hand, since json.dumps on a fresh dictionary takes four times as long, a million times.
        # Bolna reads `timezone` itself: an empty name is no zone, and absent means its default.
        given = [
            name + encode_basestring(cells[index])
            for name, index, may_lack in self._named
            if cells[index] or not may_lack
        ]
        return ",".join(given + self._constants)

    def _caller(self, cells: tuple[str, ...], key: str) -> str | Problem | None:
        if self._from is not None and cells[self._from].strip():
            judged = judge(cells[self._from], region=self._campaign.csv.region, allow=_CALLERS)
            if isinstance(judged, Problem):
                return Problem("from_not_valid", f'caller number in "{self._header[self._from]}": {judged.reason}')
            return e164(judged.digits)
        callers = self._campaign.call.from_phone_number
        if callers is None:
            return None
        # A digest and not the position: the same recipient sees the same caller, however the CSV is sorted.
        return callers[int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big") % len(callers)]

    def _schedule(self, cells: tuple[str, ...]) -> str | Problem | None:
        cell = "" if self._scheduled_at is None else cells[self._scheduled_at].strip()
        text = cell or self._campaign.call.scheduled_at
        if text is None:
            return None
        zone = "" if self._timezone is None else cells[self._timezone]
        moment = scheduled(text, zone=zone or self._campaign.call.timezone)
        if isinstance(moment, Problem):
            return moment
        if moment - self._now < LEAD:
            return Problem("schedule_too_soon", f"scheduled_at {text} is in the past or less than 3 minutes ahead")
        if moment - self._now > HORIZON:
            return Problem("schedule_too_far", f"scheduled_at {text} is more than 30 days ahead, which Bolna refuses")
        return moment.isoformat(timespec="seconds")


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def scheduled(text: str, *, zone: str | None) -> datetime | Problem:
    """Return the moment of a `scheduled_at` with a numeric offset, without a fraction.

    A wall-clock time that comes twice when the clocks go back is the first of the two.

    Args:
        text: ISO 8601, a date and a time; `Z` is understood.
        zone: the time zone of a time without one; None: such a time is a problem.
    """
    moment = moment_in(text)
    if moment is None:
        return Problem(
            "schedule_not_a_time", f"scheduled_at {_cut(text)} is no date and time like 2026-12-01T10:00:00+05:30"
        )
    if moment.tzinfo is not None:
        return moment.replace(microsecond=0)
    if zone is None:
        return Problem(
            "schedule_without_zone",
            f"scheduled_at {text} has no time zone: add an offset like +05:30, or name a zone in the campaign file "
            '(timezone = "Asia/Kolkata" in [call])',
        )
    local = moment.replace(tzinfo=ZoneInfo(zone))
    # A wall-clock time that daylight saving skips comes back changed from UTC.
    if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != moment:
        return Problem("schedule_not_a_time", f"scheduled_at {text} does not exist in {zone}: the clocks skip it")
    return local.replace(microsecond=0)


def lead_left(payload: str, *, now: datetime) -> bool:
    """Tell whether a body's `scheduled_at`, if it has one, is still far enough ahead to be sent at `now`."""
    if '"scheduled_at"' not in payload:
        return True
    text = json.loads(payload).get("scheduled_at")
    return text is None or datetime.fromisoformat(text) - now >= LEAD


def _fixed_fields(campaign: Campaign) -> dict[str, Any]:
    """Return what is the same in every request; what is not given is left out."""
    call = campaign.call
    fields = {
        "agent_id": campaign.agent_id,
        "agent_data": call.agent_data,
        "retry_config": None if call.retry_config is None else call.retry_config.model_dump(exclude_unset=True),
        "bypass_call_guardrails": call.bypass_call_guardrails,
    }
    return {name: value for name, value in fields.items() if value is not None}


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
    for key in ("id", "from", "scheduled_at", "timezone"):
        column = columns.from_ if key == "from" else getattr(columns, key)
        if column is not None:
            yield ("columns", key), column
    for variable, source in (campaign.user_data or {}).items():
        if isinstance(source, str):
            yield ("user_data", variable), source
    for column in _required(campaign):
        yield ("screening", "required"), column


def _required(campaign: Campaign) -> Iterator[str]:
    """Yield the columns that must not be empty; a constant never is."""
    mapping = campaign.user_data or {}
    for name in campaign.screening.required:
        source = mapping.get(name, name)
        if isinstance(source, str):
            yield source


def _require(campaign: Campaign, header: tuple[str, ...], keys: tuple[str, ...], column: str) -> None:
    if column in header:
        return
    near = difflib.get_close_matches(column, header, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    end = ", ..." if len(header) > _COLUMNS_SHOWN else "."
    raise CampaignError(
        f'{campaign.file.place(*keys)}: {campaign.batch.recipients} has no column "{column}".{hint}\n'
        f"Its columns are: {', '.join(header[:_COLUMNS_SHOWN])}{end}"
    )


def _index(header: tuple[str, ...], column: str | None) -> int | None:
    return None if column is None else header.index(column)


def _no_zone(column: str, cell: str) -> Problem:
    return Problem(
        "zone_unknown",
        f'"{column}" holds "{_cut(cell)}", no name of the time zone database (like Asia/Kolkata, America/New_York)',
    )


def _cut(text: str) -> str:
    return text if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]}..."
