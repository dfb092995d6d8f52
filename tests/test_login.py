"""`dialer login` asks for the key unseen, keeps it once the provider has taken it, and never shows it."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from dialer.cli import main
from dialer.config.credentials import credentials
from dialer.errors import ExitCode, UsageError
from dialer.messages.commands import Selection
from tests.place import HEADER, awkward
from tests.terminals import at_a_terminal

if TYPE_CHECKING:
    from tests.place import Place

KEY = "bn-abcdef0123456789"
CAMPAIGN = Selection(Path("c.toml"))


@pytest.fixture(autouse=True)
def _without_a_key(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOLNA_API_KEY")
    monkeypatch.chdir(place.folder)
    monkeypatch.setitem(sys.modules, "keyring", None)  # as where the extra is not installed


class Keyring(ModuleType):
    """A system's keyring, as the package `keyring` shows it."""

    def __init__(self, *, priority: float = 5.0) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.is_locked = False
        self._backend = SimpleNamespace(priority=priority)

    def get_keyring(self) -> object:
        return self._backend

    def get_password(self, service: str, user: str) -> str | None:
        if self.is_locked:
            raise RuntimeError(f"locked: {self.kept}")
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        self.kept[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    found = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", found)
    return found


def login(monkeypatch: pytest.MonkeyPatch, *words: str, key: str = KEY) -> int:
    """Log in as a program does, which gives the key on standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{key}\n"))
    return main(["login", *words])


def test_a_person_types_it_unseen(place: Place) -> None:
    code, screen = at_a_terminal("login", "--file", question="while you type", answer=f"{KEY}\n")
    assert code == ExitCode.DONE
    assert KEY not in screen
    assert "Bolna accepts the key (account sandbox@example.com)." in screen
    assert credentials(CAMPAIGN).key == KEY
    assert stat.S_IMODE((place.folder / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize(("typed", "code"), [("\x03", ExitCode.INTERRUPTED), ("\x04", ExitCode.USAGE)])
def test_who_types_nothing_keeps_nothing(place: Place, typed: str, code: ExitCode) -> None:
    assert at_a_terminal("login", "--file", question="while you type", answer=typed)[0] == code
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize("refusal", ["key", "network", "shape"])
def test_a_key_that_the_provider_does_not_take_is_not_kept(
    place: Place,
    keyring: Keyring,
    refusal: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if refusal == "key":
        place.sandbox.other_strikes.force("unauthorized")
    if refusal == "network":
        monkeypatch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setattr("dialer.provider.bolna.client.reading._WAITS", (0.01,))
    assert login(monkeypatch, key="bn two words" if refusal == "shape" else KEY) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert "it was not kept" in shown.err
    assert KEY not in f"{shown}"
    assert not keyring.kept
    assert list(place.folder.iterdir()) == []


def test_the_other_lines_of_a_env_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(".env")
    path.write_text("# ours\nBOLNA_AGENT_ID=a\nexport BOLNA_API_KEY='old'\nBOLNA_API_KEY_OLD=x", encoding="utf-8")
    path.chmod(0o644)
    assert login(monkeypatch) == ExitCode.DONE
    assert path.read_text() == f"# ours\nBOLNA_AGENT_ID=a\nBOLNA_API_KEY_OLD=x\nBOLNA_API_KEY={KEY}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert main(["login", "--forget"]) == ExitCode.DONE
    assert path.read_text() == "# ours\nBOLNA_AGENT_ID=a\nBOLNA_API_KEY_OLD=x\n"
    with pytest.raises(UsageError):
        credentials(CAMPAIGN)


def test_the_keyring_comes_first_and_calls_are_made_with_it(
    place: Place, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert login(monkeypatch) == ExitCode.DONE
    assert list(keyring.kept.values()) == [KEY]
    assert not Path(".env").exists()
    place.recipients(awkward(1), header=HEADER)
    assert main(["run", str(place.campaign()), "--yes", "-q"]) == ExitCode.DONE
    assert main(["login", "--forget"]) == ExitCode.DONE
    assert not keyring.kept


def test_a_key_of_one_address_is_not_sent_to_another(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    assert login(monkeypatch) == ExitCode.DONE
    monkeypatch.setenv("BOLNA_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="There is no BOLNA_API_KEY"):
        credentials(CAMPAIGN)
    assert keyring.kept


def test_the_nearest_place_wins(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a new key goes where the old one is found, so that it is the one that is used."""
    assert login(monkeypatch) == ExitCode.DONE
    assert login(monkeypatch, "--file", key="bn-in-file") == ExitCode.DONE
    assert credentials(CAMPAIGN).key == "bn-in-file"
    assert login(monkeypatch, key="bn-newest") == ExitCode.DONE
    assert credentials(CAMPAIGN).key == "bn-newest"
    assert list(keyring.kept.values()) == [KEY]
    monkeypatch.setenv("BOLNA_API_KEY", "bn-in-shell")
    assert credentials(CAMPAIGN).key == "bn-in-shell"
    capsys.readouterr()
    assert login(monkeypatch, "--json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["is_overruled"] is True


@pytest.mark.parametrize("trouble", ["locked", "plain text"])
def test_a_keyring_that_cannot_be_used_is_replaced_by_a_file(
    keyring: Keyring, trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if trouble == "locked":
        keyring.is_locked = True
    else:
        monkeypatch.setitem(sys.modules, "keyring", Keyring(priority=0.5))
    assert login(monkeypatch) == ExitCode.DONE
    assert ("cannot be used (RuntimeError)" in capsys.readouterr().out) == (trouble == "locked")
    assert credentials(CAMPAIGN).key == KEY
    Path(".env").unlink()
    with pytest.raises(UsageError, match="There is no BOLNA_API_KEY"):
        credentials(CAMPAIGN)
