"""Which files belong together: a campaign, its recipients, the results and the ledger beside them.

Read without pydantic, so that `dialer status` starts fast.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.clocks import is_zone
from dialer.config.batch.campaign_file import CampaignFile, looks_secret, read_campaign_file
from dialer.errors import CampaignError, UsageError
from dialer.files import unwritable
from dialer.messages.commands import Selection
from dialer.messages.config import batch as say

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Batch", "CampaignFile", "locate", "looks_secret", "path_of", "read_campaign_file", "stem_of", "timezone_of"]

_NAME = re.compile(r"(?!\.+\Z)[\w.-]{1,100}")
_PART = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, slots=True)
class Batch:
    """A campaign with one recipients CSV, one results CSV and one ledger: what is called once.

    Attributes:
        name: part of each call's reference; the results file's name without its endings.
        campaign: the campaign file.
        recipients: the CSV of people to be called.
        results: the CSV of outcomes.
        ledger: the SQLite file; its `.lock` and its `.mark` lie beside it.
        selection: how it is named on the command line.
        timezone: the zone by whose clock its times are shown; None: the machine's.
        workbook: the results as a workbook; None: only the CSV is written.
        bom: the results begin with a byte order mark.
    """

    name: str
    campaign: Path
    recipients: Path
    results: Path
    ledger: Path
    selection: Selection
    timezone: str | None = None
    workbook: Path | None = None
    bom: bool = False

    @property
    def lock(self) -> Path:
        """The lock file: held by the run that writes the ledger, never deleted."""
        return self.ledger.with_name(self.ledger.name + ".lock")

    @property
    def mark(self) -> Path:
        """The ledger's high-water mark, by which an older copy of the ledger is known."""
        return self.ledger.with_name(self.ledger.name + ".mark")

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that belongs to it; no other output may take its place."""
        inputs = (self.campaign, self.campaign.with_name(".env"), self.recipients)
        return (*inputs, *self.results_files, self.ledger, self.lock, self.mark)

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The results and the ledger, with what lies beside it: without them the batch begins anew."""
        log = (self.ledger.with_name(f"{self.ledger.name}{ending}") for ending in ("-wal", "-shm"))
        written = (*self.results_files, self.ledger, *log, self.lock, self.mark)
        return tuple(path for path in written if path.exists())

    @property
    def results_files(self) -> tuple[Path, ...]:
        """The results CSV, and the workbook where there is one."""
        return (self.results,) if self.workbook is None else (self.results, self.workbook)

    def refuse_overwriting(self, file: CampaignFile, inputs: Mapping[str, Path]) -> None:
        """Refuse files of the batch that are one of its inputs.

        Args:
            file: the campaign file.
            inputs: what they are, in words, and where.

        Raises:
            CampaignError: one of them is.
        """
        outputs = (("results", self.results), ("ledger", self.ledger), ("ledger", self.lock), ("ledger", self.mark))
        for name, path in (*outputs, *([] if self.workbook is None else [("results_xlsx", self.workbook)])):
            for what, read in inputs.items():
                if _same(path, read):
                    raise CampaignError(say.would_overwrite(file.place(name), path, what))


def locate(
    campaign: Path | CampaignFile, *, recipients: Path | None = None, batch: str | None = None, sandbox: bool = False
) -> Batch:
    """Return the files of a batch; none of them but the campaign file has to exist.

    Args:
        campaign: the campaign file.
        recipients: takes the place of the file's `recipients`; relative to the working directory.
        batch: fills `{batch}` in `results` and `ledger`.
        sandbox: keep results and ledger apart from the real ones (`.sandbox`).

    Raises:
        CampaignError: a path is missing, is not a text, or would overwrite an input.
        UsageError: `{batch}` without a batch's name, or a name that cannot be a file name.
    """
    file = campaign if isinstance(campaign, CampaignFile) else read_campaign_file(campaign)
    _check_name(file, batch)
    source = recipients if recipients is not None else _recipients(file)
    results = _results(file, source, batch)
    name = results.stem.removesuffix(".results")
    if sandbox:
        results, name = _marked(results), f"{name}.sandbox"
    if "ledger" in file.content:
        _check_ledger(file, batch)
        ledger = _filled(file, "ledger", source=source, batch=batch)
        ledger = _marked(ledger) if sandbox else ledger
    else:
        ledger = results.with_suffix(".ledger")
    workbook = results.with_suffix(".xlsx") if file.content.get("results_xlsx") is True else None
    _refuse_unwritable(file, results=results, ledger=ledger, **({} if workbook is None else {"results_xlsx": workbook}))
    # Its lock, and what SQLite keeps beside it, lie where the ledger itself does.
    ledger = ledger.resolve() if os.path.islink(ledger) else ledger  # noqa: PTH114 - of a name too long it is none
    selection = Selection(file.path, recipients, batch, sandbox)
    located = Batch(
        name=name,
        campaign=file.path,
        recipients=source,
        results=results,
        ledger=ledger,
        selection=selection,
        timezone=timezone_of(file),
        workbook=workbook,
        bom=file.content.get("results_bom") is True,
    )
    _keep_apart(file, located)
    return located


def stem_of(recipients: Path) -> str:
    """Return what `{recipients}` stands for: the file's name without its endings."""
    name = recipients.name
    return Path(name[:-3] if name.lower().endswith(".gz") else name).stem


def path_of(file: CampaignFile, text: object, *keys: str) -> Path:
    """Return a path that a campaign file names, relative to the campaign file.

    Args:
        file: the campaign file.
        text: what it says.
        keys: where it says so.

    Raises:
        CampaignError: it is not a path.
    """
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise CampaignError(say.not_a_path(file.place(*keys), keys[-1]))
    # Of the text: a Path would make ~a of ./~a.
    home = os.path.expanduser(text)  # noqa: PTH111 - as said above
    if home.startswith("~"):
        raise CampaignError(say.no_home(file.place(*keys), text))
    path = file.path.parent / home
    if path.name in {"", ".."}:
        raise CampaignError(say.folder(file.place(*keys), path))
    shorter = Path(os.path.normpath(path))
    # Through a symbolic link `a/../b` is not `b`.
    return shorter if os.path.realpath(shorter) == os.path.realpath(path) else path


def timezone_of(file: CampaignFile) -> str | None:
    """Return the zone that a campaign names, as it is written: of its hours, its schedule, or its calls."""
    tables = (file.content.get(name) for name in ("window", "schedule", "call"))
    names = (table.get("timezone") for table in tables if isinstance(table, dict))
    return next((name for name in names if isinstance(name, str) and is_zone(name)), None)


def _check_name(file: CampaignFile, batch: str | None) -> None:
    if batch is None:
        return
    if not _NAME.fullmatch(batch):
        raise UsageError(say.bad_name(batch))
    results = file.content.get("results")
    if isinstance(results, str) and "{batch}" not in results:
        raise UsageError(say.batch_unused(batch, file.place("results")))


def _recipients(file: CampaignFile) -> Path:
    if "recipients" not in file.content:
        raise CampaignError(say.no_recipients(file.path))
    return path_of(file, file.content["recipients"], "recipients")


def _results(file: CampaignFile, source: Path, batch: str | None) -> Path:
    if "results" in file.content:
        path = _filled(file, "results", source=source, batch=batch)
        if path.suffix.lower() == ".xlsx":
            raise CampaignError(say.results_are_a_csv(file.place("results"), path))
        return path
    return file.path.with_name(f"{file.path.stem}{'' if batch is None else f'.{batch}'}.results.csv")


def _filled(file: CampaignFile, name: str, *, source: Path, batch: str | None) -> Path:
    known = {"recipients": stem_of(source), "batch": batch, "campaign": file.path.stem}
    text = file.content[name]
    for part in _PART.findall(text) if isinstance(text, str) else ():
        if part not in known:
            raise CampaignError(say.unknown_part(file.place(name), part))
        if known[part] is None:
            raise UsageError(say.batch_missing(file.place(name)))
    # All at once: a list may be called `{batch}.csv`.
    whole = _PART.sub(lambda match: known[match[1]] or "", text) if isinstance(text, str) else text
    return path_of(file, whole, name)


def _check_ledger(file: CampaignFile, batch: str | None) -> None:
    """Refuse a ledger that several results would share, or the reverse: it would be wrong about who was called."""
    default = "" if batch is None else "{batch}"
    results, ledger = (str(file.content.get(name, default)) for name in ("results", "ledger"))
    for part in ("{recipients}", "{batch}"):
        if (part in results) != (part in ledger):
            raise CampaignError(say.shared_ledger(file.place("ledger"), part))


def _marked(path: Path) -> Path:
    return path.with_name(f"{path.stem}.sandbox{path.suffix}")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _keep_apart(file: CampaignFile, batch: Batch) -> None:
    batch.refuse_overwriting(file, {say.THE_CAMPAIGN_FILE: file.path, say.THE_RECIPIENTS: batch.recipients})
    for path in batch.results_files:
        if any(_same(path, other) for other in (batch.ledger, batch.lock, batch.mark)):
            raise CampaignError(say.same_file(file.place("results"), path))
    _refuse_unwritable(file, ledger=batch.lock)
    _refuse_unwritable(file, ledger=batch.mark)


def _refuse_unwritable(file: CampaignFile, **outputs: Path) -> None:
    for name, path in outputs.items():
        why = unwritable(path)
        if why:
            raise CampaignError(say.unwritable(file.place(name), path, why))
