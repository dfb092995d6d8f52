"""Where a workspace's batches are kept instead of in files: a database that several hosts share.

`dialer.toml` says that there is one, `DIALER_DATABASE` only says where: a host that lacks the variable must not use
files. A workspace that has used one keeps a mark of it, for the day on which `dialer.toml` lacks the line.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dialer.config.database_address import address_in
from dialer.errors import CampaignError, MustActError
from dialer.files import unreadable
from dialer.messages.config import database as say
from dialer.messages.store import NOT_A_FILE
from dialer.store.sqlite.shared_file import opened_alone

if TYPE_CHECKING:
    from dialer.config.batch import CampaignFile
    from dialer.store.shared import Whose

KEY = "database"
_MARKER = "dialer.database"
_LARGEST = 4096
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Database:
    """The database of a workspace.

    Attributes:
        url: of the server; it may contain a password, so it is never shown.
        place: where it is set, as the start of a message.
        shown: server and database, for people.
        marker: the file in which the workspace records its database.
    """

    url: str = field(repr=False)
    place: str
    shown: str
    marker: Path

    @property
    def folder(self) -> Path:
        """Folder of the workspace."""
        return self.marker.parent

    def check(self, found: Whose) -> None:
        """Refuse another database than the workspace has used so far, and one that belongs to another workspace.

        Args:
            found: to which one the address leads.

        Raises:
            MustActError: it is not the workspace's.
        """
        mark, owner = read_mark(self.marker), found.owner
        if mark is not None and mark.identity != found.identity:
            raise MustActError(say.another(self.marker, self.place, shown=self.shown, former=mark.shown))
        if owner is None or (mark is not None and mark.workspace in {"", owner.id}):
            return
        # On another host, a workspace is known by its mark, or by lying in the same folder.
        if mark is not None or owner.folder != os.path.realpath(self.folder):
            where = f"{owner.folder} on {owner.host}"
            raise MustActError(say.of_another_workspace(self.folder, self.marker, shown=self.shown, owner=where))

    def note(self, found: Whose) -> None:
        """Record in the workspace that it uses this database; durable when this returns.

        Raises:
            MustActError: it has used another one.
        """
        self.check(found)
        noted = {"identity": found.identity, "database": self.shown}
        noted |= {} if found.owner is None else {"workspace": found.owner.id}
        content = json.dumps(noted | {"note": say.MARKER_NOTE}, indent=2) + "\n"
        try:
            # One that is empty was left by a crash, before anything was sent.
            with opened_alone(self.marker) as file:
                if not os.fstat(file).st_size:
                    os.pwrite(file, content.encode(), 0)
                    os.fsync(file)
        except OSError as error:
            # If the folder is read-only, `dialer.toml` cannot lose the line either.
            _log.warning("%s cannot be written: %s", self.marker, error.strerror)
        self.check(found)

    def name_of(self, path: Path) -> str:
        """Return what a file of the workspace is called in the database: the same on every host that has the folder."""
        folder, real = (Path(os.path.realpath(one)) for one in (self.marker.parent, path))
        return real.relative_to(folder).as_posix() if real.is_relative_to(folder) else str(real)


@dataclass(frozen=True, slots=True)
class Mark:
    """Which database a workspace has used.

    Attributes:
        identity: what tells it from every other one.
        shown: as a person knows it.
        workspace: the id by which the database knows the workspace; empty in a mark of an older version.
    """

    identity: str
    shown: str
    workspace: str = ""


def read_mark(path: Path) -> Mark | None:
    """Return which database a workspace has used; None where it has used none.

    Raises:
        MustActError: it cannot be read.
    """
    if not os.path.lexists(path):
        return None
    if unreadable(path):
        raise MustActError(say.marker_unreadable(path, NOT_A_FILE))
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST)
        mark = json.loads(content) if content else None
        if mark is None:
            return None
        return Mark(str(mark["identity"]), str(mark["database"]), str(mark.get("workspace", "")))
    except OSError as error:
        raise MustActError(say.marker_unreadable(path, error.strerror or str(error))) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MustActError(say.marker_unreadable(path, say.NOT_A_MARK)) from None


def has_used_database(folder: Path) -> bool:
    """Tell whether the workspace in a folder has used a database, whatever its settings say."""
    return os.path.lexists(folder / _MARKER)


def address_of_environment() -> str:
    """Return where the environment says that the database is; empty where it does not."""
    return os.environ.get(say.VARIABLE, "").strip()


def database_of_environment(folder: Path) -> Database | None:
    """Return the database that the environment names, whatever the workspace of a folder says; None where it does not.

    Raises:
        CampaignError: the address is wrong.
    """
    text = address_of_environment()
    if not text:
        return None
    address = address_in(text, say.VARIABLE, in_file=False)
    return Database(address.url, say.VARIABLE, address.shown, folder / _MARKER)


def database_in(file: CampaignFile) -> Database | None:
    """Return the database that `dialer.toml` names; None where the workspace uses files.

    Raises:
        CampaignError: the address is missing or wrong, or the environment names one and the file does not.
        MustActError: the workspace has used one, and the file does not name it any more.
    """
    given = file.content.get(KEY)
    if given is None:
        refuse_files(file.path)
        return None
    place = file.place(KEY)
    if given is not True and not isinstance(given, str):
        raise CampaignError(say.not_a_switch(place))
    # Also where the environment wins: a password is in no file.
    written = address_in(given, place, in_file=True) if isinstance(given, str) else None
    named = database_of_environment(file.path.parent)
    if named is not None:
        return named
    if written is None:
        raise CampaignError(say.variable_missing(place))
    return Database(written.url, place, written.shown, file.path.with_name(_MARKER))


def refuse_files(settings: Path) -> None:
    """Refuse a workspace whose calls are, or are meant to be, in a database that its settings do not name.

    Args:
        settings: its `dialer.toml`, which need not be there.

    Raises:
        CampaignError: the environment names one.
        MustActError: it has used one.
    """
    refuse_forgotten(settings)
    if address_of_environment():
        raise CampaignError(say.not_in_settings(settings))


def refuse_forgotten(settings: Path) -> None:
    """Refuse a folder whose workspace has used a database that its settings do not name.

    Raises:
        MustActError: it has.
    """
    marker = settings.with_name(_MARKER)
    mark = read_mark(marker)
    if mark is not None:
        raise MustActError(say.gone(marker, settings, mark.shown))
