"""Which files belong together: a campaign, its recipients, the results and the ledger beside them.

Read without pydantic, so that `dialer status` starts fast.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialer.errors import CampaignError, UsageError

_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Batch:
    """A campaign with one recipients CSV, one results CSV and one ledger: what is called once.

    Attributes:
        name: part of each call's reference; the results file's name without its endings.
        campaign: the campaign file.
        recipients: the CSV of people to be called.
        results: the CSV of outcomes.
        ledger: the SQLite file; its `.lock` lies beside it.
    """

    name: str
    campaign: Path
    recipients: Path
    results: Path
    ledger: Path

    @property
    def lock(self) -> Path:
        """The lock file: held by whoever writes the ledger, never deleted."""
        return self.ledger.with_name(self.ledger.name + ".lock")


def read_campaign_file(path: Path) -> dict[str, Any]:
    """Return the campaign file's TOML as it stands.

    Raises:
        CampaignError: the file is missing, unreadable or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise CampaignError(f"{path}: there is no such campaign file.{_campaigns_near(path)}") from None
    except IsADirectoryError:
        raise CampaignError(f"{path}: this is a folder, not a campaign file.{_campaigns_near(path / 'x')}") from None
    except UnicodeDecodeError as error:
        raise CampaignError(f"{path}: not UTF-8 (byte {error.start}). Save the campaign file as UTF-8.") from None
    except OSError as error:
        raise CampaignError(f"{path}: cannot be read ({error.strerror}).") from None
    except tomllib.TOMLDecodeError as error:
        hint = ' Texts need quotes, as in rate = "300/minute".' if "Invalid value" in str(error) else ""
        raise CampaignError(f"{path}: not valid TOML: {error}.{hint}") from None


def _campaigns_near(path: Path) -> str:
    found = sorted(p.name for p in path.parent.glob("*.toml"))[:5] if path.parent.is_dir() else []
    if found:
        return f" In {path.parent} there are: {', '.join(found)}."
    return " `dialer init RECIPIENTS.csv` writes one."


def locate(campaign: Path, *, recipients: Path | None = None, batch: str | None = None, sandbox: bool = False) -> Batch:
    """Return the files of a batch; none of them but the campaign file has to exist.

    Args:
        campaign: the campaign file.
        recipients: takes the place of the file's `recipients`; relative to the working directory.
        batch: fills `{batch}` in `results` and `ledger`.
        sandbox: keep results and ledger apart from the real ones (`.sandbox`).

    Raises:
        CampaignError: a path is missing, no text, or would overwrite an input.
        UsageError: `{batch}` without a batch's name, or a name that is no file name.
    """
    content = read_campaign_file(campaign)
    source = recipients if recipients is not None else _recipients(campaign, content)
    default = "{campaign}.results.csv" if batch is None else "{campaign}.{batch}.results.csv"
    results = _path(campaign, content, "results", default, source=source, batch=batch)
    if batch is not None and "results" in content and "{batch}" not in content["results"]:
        raise UsageError(
            f"--batch {batch}: `results` in {campaign} has no {{batch}} in it; write for instance results = "
            f'"../results/{{batch}}.csv".'
        )
    if sandbox:
        results = _marked(results)
    if "ledger" in content:
        ledger = _path(campaign, content, "ledger", "", source=source, batch=batch)
        ledger = _marked(ledger) if sandbox else ledger
    else:
        ledger = results.with_suffix(".ledger")
    _keep_apart(campaign, source, results, ledger)
    return Batch(
        name=results.stem.removesuffix(".results"), campaign=campaign, recipients=source, results=results, ledger=ledger
    )


def _recipients(campaign: Path, content: dict[str, Any]) -> Path:
    named = content.get("recipients")
    if named is None:
        raise CampaignError(
            f'{campaign}: `recipients` is missing. Name the CSV (recipients = "list.csv") or use --recipients FILE.'
        )
    return _relative(campaign, "recipients", named)


def _path(campaign: Path, content: dict[str, Any], name: str, default: str, *, source: Path, batch: str | None) -> Path:
    text = content.get(name, default)
    if isinstance(text, str) and "{batch}" in text and batch is None:
        raise UsageError(f"{campaign}: `{name}` has {{batch}} in it: add --batch NAME, for instance --batch monday.")
    if batch is not None and not _NAME.fullmatch(batch):
        raise UsageError(f"--batch {batch!r}: use letters, digits, '.', '-' and '_' only; it becomes a file name.")
    if isinstance(text, str):
        stem = source.name.removesuffix(".gz")
        text = (
            text.replace("{recipients}", Path(stem).stem)
            .replace("{batch}", batch or "")
            .replace("{campaign}", campaign.stem)
        )
        unknown = re.search(r"\{\w*\}", text)
        if unknown:
            raise CampaignError(
                f"{campaign}: `{name}` has {unknown[0]} in it; known are {{recipients}}, {{batch}} and {{campaign}}."
            )
    return _relative(campaign, name, text)


def _relative(campaign: Path, name: str, text: object) -> Path:
    if not isinstance(text, str) or not text.strip():
        raise CampaignError(f"{campaign}: `{name}` has to be a path in quotes, not {text!r}.")
    path = campaign.parent / Path(text).expanduser()
    shorter = Path(os.path.normpath(path))
    # Through a symbolic link `a/../b` is not `b`.
    return shorter if shorter.resolve() == path.resolve() else path


def _marked(path: Path) -> Path:
    return path.with_name(f"{path.stem}.sandbox{path.suffix}")


def _keep_apart(campaign: Path, source: Path, results: Path, ledger: Path) -> None:
    inputs = {campaign.resolve(): "the campaign file", source.resolve(): "the recipients"}
    for name, path in (("results", results), ("ledger", ledger)):
        if path.resolve() in inputs:
            raise CampaignError(f"{campaign}: `{name}` is {inputs[path.resolve()]} ({path}); name another file.")
    if results.resolve() == ledger.resolve():
        raise CampaignError(f"{campaign}: `results` and `ledger` are the same file ({results}); name another one.")
