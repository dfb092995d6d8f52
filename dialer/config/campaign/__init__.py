"""The campaign file, checked: every mistake is named with its key, its line and the next step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dialer import provider
from dialer.config.batch import Batch, CampaignFile, locate, path_of, read_campaign_file
from dialer.config.campaign.mistakes import shown, words_of
from dialer.config.campaign.schema import (
    Breaking,
    Call,
    Columns,
    Content,
    Csv,
    Expected,
    Pacing,
    Redialling,
    Schedule,
    Screening,
)
from dialer.config.campaign.values import Constant, MistakeError, agent_in
from dialer.config.credentials import address, is_loopback
from dialer.config.credentials import agent_id as agent_of_environment
from dialer.config.workspace import Workspace, find_workspace
from dialer.errors import CampaignError, UsageError
from dialer.messages.commands import Selection
from dialer.messages.config import campaign as say
from dialer.messages.config.batch import suppression_list

if TYPE_CHECKING:
    from dialer.hours import CallingWindow
    from dialer.rate import Rate

PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
"""Stands for the agent's id in a campaign file that waits for it; good enough for the sandbox."""
_SAMPLES = PLACEHOLDER[:-1]
"""The agents of the sample campaigns begin like this: there are none, since the people in these lists are strangers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign file, checked.

    Attributes:
        file: the campaign file, unchanged.
        batch: its files.
        sandbox: calls go only to the built-in sandbox, never to the provider.
        agent_id: UUID of the agent.
        columns: the roles of the CSV columns.
        csv: the format of the CSV.
        user_data: variable → column or constant; None: every other column is a variable.
        call: the other parameters of `POST /call`.
        pacing: the rate of requests.
        window: the calling hours of recipients; None: at any time.
        waits: a run waits until recipients outside their hours can be called, instead of leaving them to the next run.
        schedule: start and end of sending.
        screening: which rows of the list are not called.
        redial: which recipients may be called again.
        breaker: the conditions that end a run early.
        forecast: assumptions about calls, for the forecast.
        suppression: the do-not-call lists.
        workspace: the settings shared with other campaigns.
    """

    file: CampaignFile
    batch: Batch
    sandbox: bool
    agent_id: str
    columns: Columns
    csv: Csv
    user_data: dict[str, str | Constant] | None
    call: Call
    pacing: Pacing
    window: CallingWindow | None
    waits: bool
    schedule: Schedule
    screening: Screening
    redial: Redialling
    breaker: Breaking
    forecast: Expected
    suppression: tuple[Path, ...]
    workspace: Workspace

    def at_any_hour(self) -> Campaign:
        """Return the same with every hour within the calling hours."""
        batch = replace(self.batch, selection=self.batch.selection.at_any_hour())
        return replace(self, batch=batch, window=None if self.window is None else self.window.at_any_hour())

    def keeping(self, *options: str) -> Campaign:
        """Return the same, where each command that runs it again has these options."""
        return replace(self, batch=replace(self.batch, selection=replace(self.batch.selection, kept=options)))

    @property
    def path(self) -> Path:
        """The campaign file."""
        return self.file.path

    @property
    def needs_agent(self) -> bool:
        """Whether the agent's id is still to be written."""
        return self.agent_id == PLACEHOLDER

    @property
    def is_sample(self) -> bool:
        """Whether it is a sample that comes with the program: nobody in its list is to be called."""
        return self.agent_id.startswith(_SAMPLES) and not self.needs_agent

    @property
    def common(self) -> dict[str, Any]:
        """The constant fields of every request, in the form of `POST /call`; absent fields are omitted."""
        call = self.call
        fields = {
            "agent_id": self.agent_id,
            "agent_version_id": call.agent_version_id,
            "agent_data": call.agent_data,
            "retry_config": None if call.retry_config is None else call.retry_config.model_dump(exclude_unset=True),
            "bypass_call_guardrails": call.bypass_call_guardrails,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def organisation_rate(self) -> Rate | None:
        """What all runs of the workspace may place together; None for any number."""
        return self.workspace.rate_at(loopback=self.sandbox or is_loopback(address()))

    @property
    def rate(self) -> Rate:
        """How fast requests leave at most: its own rate, or the organisation's where that is lower."""
        return min(filter(None, (self.pacing.rate, self.organisation_rate)), key=lambda rate: rate.per_second)

    @property
    def reads(self) -> Rate | None:
        """How fast it is asked how calls go: its own rate, or that of `dialer.toml` where that is lower.

        None where neither says: as fast as the provider allows.
        """
        given = filter(None, (self.pacing.reads, self.workspace.reads))
        return min(given, key=lambda rate: rate.per_second, default=None)

    def live_calls(self, *, lines: int | None) -> int | None:
        """Return how many calls may be live at once; None for any number, or where that is not known.

        Args:
            lines: how many the account may have, as `lines` returns it.
        """
        given = self.pacing.live_calls
        own = given if isinstance(given, int) else lines if self.by_lines else None
        return _least(own, self.workspace.lines)

    def lines(self, account: int | None) -> int | None:
        """Return how many lines there are for all batches; None where that is not known.

        Args:
            account: calls that the account may have live at once; None where it is not known.
        """
        return _least(account, self.workspace.lines)

    @property
    def by_lines(self) -> bool:
        """Whether only so many calls may be live as the account has lines: by default where there are calling hours.

        What waits in the provider's queue rings whenever a line is free, in the hours or not.
        """
        setting = self.pacing.live_calls
        return setting == "account" or (setting is None and self.window is not None)

    @property
    def key_definition(self) -> str:
        """What makes a recipient the same one: `id:<column>` or `number`."""
        return "number" if self.columns.id is None else f"id:{self.columns.id}"


def _least(*numbers: int | None) -> int | None:
    return min((number for number in numbers if number is not None), default=None)


def load_campaign(
    path: Path | str,
    *,
    recipients: Path | str | None = None,
    batch: str | None = None,
    sandbox: bool = False,
    any_hour: bool = False,
) -> Campaign:
    """Return a campaign file's content, checked.

    Args:
        path: the campaign file (TOML).
        recipients: another CSV than the file names; relative to the working directory.
        batch: fills `{batch}` in the names of results and ledger.
        sandbox: keep results and ledger of a trial apart from the real ones.
        any_hour: call people of a trial outside their calling hours as well.

    Raises:
        CampaignError: the file is missing or wrong; the message names the key and the line.
        UsageError: `batch` is missing or cannot be a name, the `.env` beside the file cannot be read, or `any_hour`
            without `sandbox`.
    """
    if any_hour and not sandbox:
        raise UsageError(say.ANY_HOUR_IN_EARNEST)
    file = read_campaign_file(Path(path))
    content = _checked(file)
    selection = Selection(file.path, None if recipients is None else Path(recipients), batch, sandbox)
    agent = _agent(file, content, selection)
    files = locate(file, recipients=selection.recipients, batch=batch, sandbox=sandbox)
    lists = tuple(path_of(file, name, "screening", "suppression") for name in content.screening.suppression)
    files.refuse_overwriting(file, {suppression_list(one.name): one for one in lists})
    campaign = Campaign(
        file=file,
        batch=files,
        sandbox=sandbox,
        agent_id=agent,
        columns=content.columns,
        csv=content.csv,
        user_data=content.user_data,
        call=content.call,
        pacing=content.pacing,
        window=None if content.window is None else content.window.calling(),
        waits=content.window is not None and content.window.outside == "wait",
        schedule=content.schedule,
        screening=content.screening,
        redial=content.redial,
        breaker=content.breaker,
        forecast=content.forecast,
        suppression=lists,
        workspace=find_workspace(file.path, results=files.results),
    )
    return campaign.at_any_hour() if any_hour else campaign


def _checked(file: CampaignFile) -> Content:
    try:
        return Content.model_validate(file.content)
    except ValidationError as error:
        raise CampaignError(words_of(file, error)) from None


def _agent(file: CampaignFile, content: Content, selection: Selection) -> str:
    if content.agent_id is None:
        return _agent_of_environment(file)
    if content.agent_id == PLACEHOLDER and not selection.sandbox:
        place, name = file.place("agent_id"), provider.VENDOR.names.name
        raise CampaignError(say.placeholder(place, provider=name, trial=selection.at_any_hour().command("run")))
    return content.agent_id


def _agent_of_environment(file: CampaignFile) -> str:
    text, names = agent_of_environment(file.path), provider.VENDOR.names
    if text is None:
        raise CampaignError(say.no_agent(file.path, provider=names.name, setting=names.agent))
    try:
        return agent_in(text)
    except MistakeError as error:
        raise CampaignError(say.mistake(names.agent, shown(text), error.words)) from None
