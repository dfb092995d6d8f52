"""`database` in `dialer.toml` and `DIALER_DATABASE`: what may stand there, and that no run uses files by mistake."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.cli import main
from dialer.config.batch import read_campaign_file
from dialer.config.database import Database, database_in
from dialer.config.database_address import address_in
from dialer.config.workspace import find_workspace
from dialer.errors import CampaignError, DialerError, ExitCode, MustActError
from dialer.store.shared import Owner, Whose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAFE = "postgresql://dialer@db.example.com/calls?sslmode=verify-full"
ONE, OTHER = (Whose(f"734567890123456789{last}/16385", None, is_empty=True) for last in "01")
VARIABLES = ("DIALER_DATABASE", "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGDATABASE")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def named(tmp_path: Path) -> Callable[[str], Database | None]:
    """Writes a `dialer.toml` and returns the database that it names."""

    def write(text: str) -> Database | None:
        (tmp_path / "dialer.toml").write_text(text)
        return database_in(read_campaign_file(tmp_path / "dialer.toml"))

    return write


def found(folder: Path) -> None:
    find_workspace(folder / "c.toml", results=folder / "c.results.csv")


# -- the address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (SAFE, "db.example.com/calls"),
        ("postgres://u@[::1]:5433/calls", "::1/calls"),
        ("postgresql://127.0.0.1/calls?sslmode=disable", "127.0.0.1/calls"),
        ("postgresql://localhost:5432/calls", "localhost/calls"),
        ("postgresql:///calls?host=/var/run/postgresql", "/var/run/postgresql/calls"),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/calls", "/var/run/postgresql/calls"),
        ("postgresql:///calls", "this machine/calls"),
        ("postgresql://a:5432,b:5433/calls?sslmode=verify-full&target_session_attrs=read-write", "a,b/calls"),
        ("postgresql://u@db/?dbname=calls&sslmode=verify-full&sslrootcert=/etc/ca.pem", "db/calls"),
    ],
)
def test_a_server_on_this_machine_or_behind_verified_tls_may_be_used(address: str, shown: str) -> None:
    assert address_in(address, "here", in_file=True).shown == shown


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("db.example.com/calls", "is not the address of a database"),
        ("host=db dbname=calls", "is not the address of a database"),
        ("mysql://db/calls", "is not the address of a database"),
        ("postgresql://db:port/calls", "is not the address of a database"),
        ("postgresql://db", "does not name the database"),
        ("postgresql://db/calls", "sslmode=prefer"),
        ("postgresql://db/calls?sslmode=require", "sslmode=require"),
        ("postgresql://db/calls?sslmode=verify-ca", "sslmode=verify-ca"),
        ("postgresql://localhost,db/calls", "the connection to db"),
        ("postgresql://localhost/calls?host=db", "the connection to db"),
        ("postgresql://localhost/calls?hostaddr=10.0.0.1", "the connection to 10.0.0.1"),
        ("postgresql://127.0.0.1.example.com/calls", "the connection to 127.0.0.1.example.com"),
        ("postgresql://db/calls?sslmod=verify-full", "Did you mean `sslmode`?"),
        ("postgresql://db/calls?service=calls", "service file"),
    ],
)
def test_an_address_that_is_wrong_or_not_safe_is_refused(address: str, words: str) -> None:
    with pytest.raises(CampaignError) as refused:
        address_in(address, "DIALER_DATABASE", in_file=False)
    assert str(refused.value).startswith("DIALER_DATABASE")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"), [("PGHOST", "db.example.com"), ("PGHOSTADDR", "10.0.0.1"), ("PGSERVICE", "calls")]
)
def test_what_else_may_lead_over_a_network_counts(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CampaignError):
        address_in("postgresql:///calls", "here", in_file=False)


@pytest.mark.parametrize(
    "address", ["postgresql://u:secret-9@localhost/calls", "postgresql://localhost/calls?password=secret-9"]
)
def test_a_password_is_read_from_the_variable_and_from_no_file(
    named: Callable[[str], Database | None], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with pytest.raises(CampaignError) as refused:
        named(f"database = '{address}'")
    assert "secret-9" not in str(refused.value)
    assert all(place in str(refused.value) for place in ("DIALER_DATABASE", ".pgpass", "PGPASSFILE", "line 1"))
    monkeypatch.setenv("DIALER_DATABASE", address)
    database = named("database = true")
    assert database is not None
    assert database.url == address
    assert "secret-9" not in repr(database)
    with pytest.raises(CampaignError):
        named(f"database = '{address}'")


PASSWORDS = st.text("abcXYZ019@:/?#%&= [],.-_~!", min_size=6, max_size=14).map(lambda text: f"Q7{text}w9Z")


@given(PASSWORDS, st.sampled_from(["localhost", "db:5432", "/", "[::1]"]), st.booleans())
def test_no_message_shows_a_password_however_it_was_written(password: str, host: str, in_file: bool) -> None:  # noqa: FBT001 - drawn
    """Also where a character in it was not written as %XX, and what is read as the password ends too early."""
    pieces = [piece for piece in password.replace("%", "@").replace("/", "@").split("@") if len(piece) > 3]
    for text in (f"postgresql://u:{password}@{host}/calls", f"postgresql://{host}/calls?password={password}"):
        try:
            said = repr(address_in(text, "here", in_file=in_file))
        except DialerError as error:
            said = str(error)
        assert not [piece for piece in pieces if piece in said]


@given(st.text(min_size=1).filter(lambda text: "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)))
def test_any_password_can_be_written(password: str) -> None:
    text = f"postgresql://u:{quote(password, safe='')}@localhost/calls"
    assert address_in(text, "here", in_file=False).url == text


# -- files or a database -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("database = true", "DIALER_DATABASE is not set"),
        ("database = false", "or true where DIALER_DATABASE"),
        ("database = ''", "is not the address"),
        (f"[organisation]\ndatabase = '{SAFE}'", "above [organisation]"),
    ],
)
def test_a_switch_that_leads_nowhere_is_refused(tmp_path: Path, settings: str, words: str) -> None:
    (tmp_path / "dialer.toml").write_text(settings)
    with pytest.raises(CampaignError) as refused:
        found(tmp_path)
    assert words in str(refused.value)


@pytest.mark.parametrize("settings", [None, "", "[organisation]\nlines = 3\n"])
def test_a_variable_alone_does_not_move_calls_into_a_database_nor_leave_them_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str | None
) -> None:
    """On the next host, where the variable is missing, a run would use files."""
    if settings is not None:
        (tmp_path / "dialer.toml").write_text(settings)
    monkeypatch.setenv("DIALER_DATABASE", SAFE)
    with pytest.raises(CampaignError, match="database = true"):
        found(tmp_path)


def test_the_variable_says_where_whatever_the_file_says(
    named: Callable[[str], Database | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALER_DATABASE", "postgresql://u:p@localhost/calls")
    database = named(f"database = '{SAFE}'")
    assert database is not None
    assert (database.shown, database.place) == ("localhost/calls", "DIALER_DATABASE")


@pytest.mark.parametrize("settings", [None, "", "[organisation]\nlines = 3\n"])
def test_a_workspace_that_has_used_a_database_uses_no_files_any_more(
    tmp_path: Path,
    named: Callable[[str], Database | None],
    capsys: pytest.CaptureFixture[str],
    settings: str | None,
) -> None:
    database = named(f"database = '{SAFE}'")
    assert database is not None
    database.note(ONE)
    (tmp_path / "dialer.toml").unlink()
    if settings is not None:
        (tmp_path / "dialer.toml").write_text(settings)
    (tmp_path / "c.toml").write_text('agent_id = "123e4567-e89b-12d3-a456-426655440000"\nrecipients = "r.csv"\n')
    (tmp_path / "r.csv").write_text("phone\n+919812345678\n")
    assert main(["run", str(tmp_path / "c.toml"), "--yes"]) == ExitCode.MUST_ACT
    said = capsys.readouterr().err
    assert "db.example.com/calls" in said
    assert "database = true" in said
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".ledger"]


def test_another_database_than_before_is_refused(named: Callable[[str], Database | None]) -> None:
    database = named(f"database = '{SAFE}'")
    assert database is not None
    database.check(OTHER)
    database.note(ONE)
    database.note(ONE)
    for refuses in (database.check, database.note):
        with pytest.raises(MustActError, match="another database"):
            refuses(OTHER)
    database.check(ONE)


def test_a_database_of_another_workspace_is_refused_and_a_copied_mark_tells_that_it_is_the_same(
    tmp_path: Path, named: Callable[[str], Database | None]
) -> None:
    database = named(f"database = '{SAFE}'")
    assert database is not None
    ours, theirs = (replace(ONE, owner=Owner(name, f"/srv/{name}", "machine1")) for name in ("ours", "theirs"))
    with pytest.raises(MustActError, match=r"belongs to the workspace /srv/ours on machine1\."):
        database.note(ours)
    assert not (tmp_path / "dialer.database").exists()
    # As on the first machine, where the folder is the one that the database knows.
    database.note(replace(ONE, owner=Owner("ours", str(tmp_path), "machine1")))
    database.note(ours)
    with pytest.raises(MustActError, match=r"belongs to the workspace /srv/theirs"):
        database.check(theirs)


def test_a_mark_of_an_older_version_holds_as_before(tmp_path: Path, named: Callable[[str], Database | None]) -> None:
    (tmp_path / "dialer.database").write_text('{"identity": "7/1", "database": "d"}')
    database = named(f"database = '{SAFE}'")
    assert database is not None
    database.check(replace(ONE, identity="7/1", owner=Owner("ours", "/srv/ours", "machine1")))


@pytest.mark.parametrize("content", ["7345", "{}", "[]", '{"identity": "x"}', "\udcff"])
def test_a_mark_that_cannot_be_read_is_not_taken_for_none(
    tmp_path: Path, named: Callable[[str], Database | None], content: str
) -> None:
    (tmp_path / "dialer.database").write_bytes(os.fsencode(content))
    database = named(f"database = '{SAFE}'")
    assert database is not None
    with pytest.raises(MustActError, match=r"dialer\.database cannot be read"):
        database.note(ONE)
    with pytest.raises(MustActError, match=r"dialer\.database cannot be read"):
        named("")


def test_a_pipe_in_the_mark_s_place_is_not_waited_for(tmp_path: Path, named: Callable[[str], Database | None]) -> None:
    os.mkfifo(tmp_path / "dialer.database")
    with pytest.raises(MustActError, match="cannot be read"):
        named("")
