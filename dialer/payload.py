"""One row of the CSV → the body of `POST /call`, each cell exactly as it stands."""

from __future__ import annotations

import difflib
import json
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dialer.campaign import RESERVED, Campaign, Constant, is_zone
from dialer.errors import CampaignError, InputError
from dialer.models import Problem, e164
from dialer.phone import judge
from dialer.reference import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAD = timedelta(minutes=3)
"""How far ahead `scheduled_at` has to be when the request leaves; Bolna refuses under two minutes."""
HORIZON = timedelta(days=30)
"""Bolna refuses schedules further ahead (its batch documentation)."""


class Payload:
    """Builds request bodies for one campaign and one header.

    Attributes:
        variables: what the agent hears: variable → column, or the constant's text.
        left_out: columns that are no variables because Bolna fills in their names itself.

    Args:
        campaign: the campaign.
        header: the CSV's column names, in order.
        phone: the column the numbers are in.
        now: the moment against which schedules are judged (aware).

    Raises:
        CampaignError: a column that the campaign file names is not in the CSV, or its `scheduled_at` is no time.
        InputError: the CSV has a column `dialer_ref`.
    """

    def __init__(self, campaign: Campaign, header: tuple[str, ...], *, phone: str, now: datetime) -> None:
        self._campaign = campaign
        self._header = header
        self._now = now
        self._region = campaign.csv.region
        if VARIABLE in header:
            raise InputError(
                f"{campaign.batch.recipients}: column {VARIABLE!r}: that name is the mark by which dialer finds its "
                f"calls again. "
                "Rename the column."
            )
        self._check_columns()
        columns = campaign.columns
        self._from = self._index(columns.from_)
        self._scheduled_at = self._index(columns.scheduled_at)
        self._timezone = self._index(columns.timezone)
        taken = {phone, columns.from_, columns.scheduled_at}
        self.left_out = (
            () if campaign.user_data is not None else tuple(n for n in header if n in RESERVED and n not in taken)
        )
        self._cells = self._mapped() if campaign.user_data is not None else self._every_column(taken)
        self._constants = {
            name: source.value for name, source in (campaign.user_data or {}).items() if isinstance(source, Constant)
        }
        self.variables = {name: header[index] for name, index in self._cells} | {
            n: str(v) for n, v in self._constants.items()
        }
        self._zone_variable = next((index for name, index in self._cells if name == "timezone"), None)
        self._fixed = self._fixed_fields()

    def __call__(self, cells: tuple[str, ...], key: str, number: int) -> str | Problem:
        """Return the JSON text of a recipient's request, without the reference, or why there can be none."""
        body = dict(self._fixed)
        body["recipient_phone_number"] = e164(number)
        for field, judged in (("from_phone_number", self._caller(cells, key)), ("scheduled_at", self._schedule(cells))):
            if isinstance(judged, Problem):
                return judged
            if judged is not None:
                body[field] = judged
        variables: dict[str, Any] = {name: cells[index] for name, index in self._cells}
        if self._zone_variable is not None:
            zone = cells[self._zone_variable]
            if not zone:
                # Bolna reads this one itself: an empty name is no zone, and absent means its default.
                del variables["timezone"]
            elif not is_zone(zone):
                return _no_zone(self._header[self._zone_variable], zone)
        body["user_data"] = variables | self._constants
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    def _fixed_fields(self) -> dict[str, Any]:
        call = self._campaign.call
        fields: dict[str, Any] = {"agent_id": self._campaign.agent_id, "recipient_phone_number": ""}
        if call.agent_data is not None:
            fields["agent_data"] = call.agent_data
        if call.retry_config is not None:
            fields["retry_config"] = call.retry_config.model_dump(exclude_unset=True)
        if call.bypass_call_guardrails is not None:
            fields["bypass_call_guardrails"] = call.bypass_call_guardrails
        return fields

    def _caller(self, cells: tuple[str, ...], key: str) -> str | Problem | None:
        cell = "" if self._from is None else cells[self._from]
        if cell.strip() and self._from is not None:
            judged = judge(cell, region=self._region, allow=frozenset({"toll_free", "premium_rate", "shared_cost"}))
            if isinstance(judged, Problem):
                return Problem(
                    "from_not_valid", f"caller number in column {self._header[self._from]!r}: {judged.reason}"
                )
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
        zone = "" if self._timezone is None else cells[self._timezone].strip()
        if zone and not is_zone(zone) and self._timezone is not None:
            return _no_zone(self._header[self._timezone], zone)
        moment = scheduled(text, zone=zone or self._campaign.call.timezone)
        if isinstance(moment, Problem):
            return moment
        if moment - self._now < LEAD:
            return Problem("schedule_too_soon", f"scheduled_at {text} is in the past or less than 3 minutes ahead")
        if moment - self._now > HORIZON:
            return Problem("schedule_too_far", f"scheduled_at {text} is more than 30 days ahead; Bolna refuses that")
        return moment.isoformat(timespec="seconds")

    def _check_columns(self) -> None:
        campaign = self._campaign
        columns = campaign.columns
        for key, name in (
            ("id", columns.id),
            ("from", columns.from_),
            ("scheduled_at", columns.scheduled_at),
            ("timezone", columns.timezone),
        ):
            self._require(f"[columns] {key}", name)
        for variable, source in (campaign.user_data or {}).items():
            self._require(f"[user_data] {variable}", source if isinstance(source, str) else None)
        for name in campaign.screening.required:
            self._require("[screening] required", name)

    def _require(self, key: str, column: str | None) -> None:
        if column is None or column in self._header:
            return
        near = difflib.get_close_matches(column, self._header, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise CampaignError(
            f"{self._campaign.path}: {key} = {column!r}: {self._campaign.batch.recipients} has no such column.{hint}\n"
            f"Its columns are: {', '.join(self._header)}."
        )

    def _index(self, column: str | None) -> int | None:
        return None if column is None else self._header.index(column)

    def _every_column(self, taken: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
        skipped = {*taken, *self.left_out}
        return tuple((name, index) for index, name in enumerate(self._header) if name not in skipped)

    def _mapped(self) -> tuple[tuple[str, int], ...]:
        mapping = self._campaign.user_data or {}
        return tuple((name, self._header.index(source)) for name, source in mapping.items() if isinstance(source, str))


def _no_zone(column: str, cell: str) -> Problem:
    return Problem(
        "zone_unknown",
        f"column {column!r} holds {cell!r}, no name of the time zone database (like Asia/Kolkata, America/New_York)",
    )


def scheduled(text: str | datetime, *, zone: str | None) -> datetime | Problem:
    """Return the moment of a `scheduled_at` with a numeric offset, without a fraction.

    Args:
        text: ISO 8601; `Z` is understood.
        zone: the time zone of a time without one; None: such a time is a problem.
    """
    try:
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        return Problem("schedule_not_a_time", f"scheduled_at {text!r} is no time like 2026-12-01T10:00:00+05:30")
    if moment.tzinfo is None:
        if zone is None:
            return Problem(
                "schedule_without_zone",
                f"scheduled_at {text} has no time zone: add an offset like +05:30, or name one ([call] timezone = "
                f'"Asia/Kolkata")',
            )
        local = moment.replace(tzinfo=ZoneInfo(zone))
        # A wall-clock time that daylight saving skips comes back changed from UTC.
        if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != moment:
            return Problem("schedule_not_a_time", f"scheduled_at {text} does not exist in {zone}: the clocks skip it")
        moment = local
    return moment.replace(microsecond=0)


def lead_left(payload: str, *, now: datetime) -> bool:
    """Tell whether a body's `scheduled_at`, if it has one, is still far enough ahead to be sent at `now`."""
    if '"scheduled_at"' not in payload:
        return True
    text = json.loads(payload).get("scheduled_at")
    return text is None or datetime.fromisoformat(text) - now >= LEAD
