"""How a sandbox behaves: every choice, with its default."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from dialer.provider.bolna.sandbox.faults import check_names
from dialer.provider.bolna.sandbox.plan import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_OUTCOMES = {"completed": 0.62, "voicemail": 0.06, "no-answer": 0.2, "busy": 0.08, "failed": 0.04}
DEFAULT_PROMPT = (
    "You are Asha, a friendly assistant. You are talking to {customer_name}. "
    "Confirm that it is a good moment, say why you call, and thank {customer_name} at the end."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A sandbox's behaviour; mappings are not to be changed afterwards.

    Attributes:
        seed: decides how calls go and which requests fail.
        api_key: the only key taken; None takes every key that begins with `bn-` or `sa-`.
        refused_key_status: 403 (`{"detail": …}`, as seen) or 401 (as documented) for a key that is not taken.
        agents: ids of the agents there are; None lets every agent exist.
        agent_name: of every agent.
        system_prompt: of every agent.
        welcome_message: what the agent says first; `{variables}` are filled from `user_data`.
        numbers: caller numbers of the account; None takes every E.164 number.
        wallet: balance in dollars; calls end as `balance-low` once it is spent.
        lines: calls dialled at a time; the others wait in a queue, first in, first out.
        speed: how many seconds of the phone world pass in one second; waits for `scheduled_at` and retries too.
        outcomes: weight by outcome of a dialling (`plan.OUTCOMES`).
        number_outcomes: outcome by recipient's number, whatever the weights.
        call_rate: requests that `POST /call` takes in any window; None for no limit.
        agent_rate: the same for an agent and for its executions, each.
        other_rate: the same for all other requests together.
        rate_window: seconds of that window.
        retry_after: whether a 429 says how long to wait, in seconds or as a date.
        retry_after_seconds: the wait in forced 429s and 503s.
        keep_alive: seconds for which an idle connection is kept.
        latency: seconds that a request takes, half of them before it is carried out.
        skew: seconds that the server's clock is ahead (`Date`, `created_at`).
        faults: share of `POST /call` requests by fault (`faults.FAULTS`), at most 1 together.
        faults_by_recipient: whether number and attempt decide which requests those are, and not the order in which
            they come: the same list meets the same faults.
        other_faults: the same for the other requests.
        number_faults: fault by recipient's number: a name for each of its requests, or names, one a request.
        listed_after: seconds for which a placed call is neither listed nor found by its id.
        blank_to_number: whether listed rows hide the recipient's number.
        echo: whether an execution shows the `user_data` it was placed with.
        whole_rows: whether listed rows show all of a call: Bolna's OpenAPI page has it so, other pages trimmed.
        shifting_pages: whether each listing moves one call to the front first.
    """

    seed: int = 0
    api_key: str | None = None
    refused_key_status: Literal[401, 403] = 403
    agents: tuple[str, ...] | None = None
    agent_name: str = "Asha (sandbox)"
    system_prompt: str = DEFAULT_PROMPT
    welcome_message: str = "Hello {customer_name}, this is Asha. Is this a good moment?"
    numbers: tuple[str, ...] | None = None
    wallet: float = 10_000.0
    lines: int = 10
    speed: float = 60.0
    outcomes: Mapping[str, float] = field(default_factory=lambda: DEFAULT_OUTCOMES)
    number_outcomes: Mapping[str, str] = field(default_factory=dict)
    call_rate: int | None = 500
    agent_rate: int | None = 500
    other_rate: int | None = 1000
    rate_window: float = 60.0
    retry_after: Literal["absent", "seconds", "date"] = "absent"
    retry_after_seconds: int = 1
    keep_alive: int = 75
    latency: float = 0.0
    skew: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    faults_by_recipient: bool = False
    other_faults: Mapping[str, float] = field(default_factory=dict)
    number_faults: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    listed_after: float = 0.0
    blank_to_number: bool = False
    echo: bool = True
    whole_rows: bool = False
    shifting_pages: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: a name does not exist or a figure is out of range.
        """
        for shares in (self.faults, self.other_faults):
            check_names(shares)
            _check_shares(shares)
        for names in self.number_faults.values():
            check_names([names] if isinstance(names, str) else names)
        _check_outcomes([*self.outcomes, *self.number_outcomes.values()])
        if self.lines < 1 or self.speed <= 0 or not sum(self.outcomes.values()) > 0:
            raise ValueError("lines, speed and the weights of the outcomes must be above zero")
        if any(rate is not None and rate < 1 for rate in (self.call_rate, self.agent_rate, self.other_rate)):
            raise ValueError("a rate must be 1 or more; null for no limit")


def parse(text: str) -> Settings:
    """Return the settings that a JSON object names; the others keep their defaults.

    Raises:
        ValueError: no JSON object, an unknown name or a value that cannot be.
    """
    named = json.loads(text)
    if not isinstance(named, dict):
        raise ValueError("settings are a JSON object")  # noqa: TRY004 - the caller asks for one kind of error
    known = [item.name for item in dataclasses.fields(Settings)]
    for name in named:
        if name not in known:
            raise ValueError(f"no setting is called {name!r}; there are: {', '.join(known)}")
    try:
        return Settings(**{name: _frozen(value) for name, value in named.items()})
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a setting is of the wrong kind: {error}") from error


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _check_shares(shares: Mapping[str, float]) -> None:
    if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1:
        raise ValueError("the shares of the faults must be between 0 and 1, together too")


def _check_outcomes(names: list[str]) -> None:
    for name in names:
        if name not in OUTCOMES:
            raise ValueError(f"no outcome is called {name!r}; there are: {', '.join(OUTCOMES)}")
