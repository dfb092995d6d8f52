"""The key and the agent come from the environment, or from the `.env` beside the campaign file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dialer import provider
from dialer.config.credentials import Credentials, agent_id, credentials
from dialer.errors import ExitCode, UsageError
from dialer.messages.commands import Selection

CAMPAIGN = Path("in/c.toml")
MISSING = (
    "There is no BOLNA_API_KEY. Make a key on Bolna's dashboard (Developers), then: dialer login --in in\n"
    "or: export BOLNA_API_KEY=bn-...\nTo try without one: dialer run in/c.toml --sandbox --any-hour"
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("BOLNA_API_KEY", "BOLNA_AGENT_ID", "BOLNA_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def beside(text: str | bytes) -> None:
    Path("in/.env").write_bytes(text if isinstance(text, bytes) else text.encode())


def refused() -> str:
    with pytest.raises(UsageError) as caught:
        credentials(Selection(CAMPAIGN))
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", "bn-one")
    assert credentials(Selection(CAMPAIGN)) == Credentials(base_url=provider.VENDOR.names.base_url, key="bn-one")


@pytest.mark.parametrize(
    "text",
    [
        "BOLNA_API_KEY=bn-two",
        "export BOLNA_API_KEY='bn-two'",
        '# ours\nBOLNA_API_KEY = "bn-two"  # note\n',
        "\ufeffBOLNA_API_KEY=bn-two\r\nOTHER=1\r\n",
        "OTHER=1\nBOLNA_API_KEY=  bn-two  \n",
    ],
)
def test_the_key_may_stand_beside_the_campaign_file(text: str) -> None:
    beside(text)
    assert credentials(Selection(CAMPAIGN)).key == "bn-two"


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    beside("BOLNA_API_KEY=bn-two\nBOLNA_AGENT_ID=two")
    monkeypatch.setenv("BOLNA_API_KEY", "bn-one")
    monkeypatch.setenv("BOLNA_AGENT_ID", "one")
    assert (credentials(Selection(CAMPAIGN)).key, agent_id(CAMPAIGN)) == ("bn-one", "one")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_value_counts_as_none(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    beside("BOLNA_API_KEY=bn-two\nBOLNA_AGENT_ID=two")
    monkeypatch.setenv("BOLNA_API_KEY", blank)
    monkeypatch.setenv("BOLNA_AGENT_ID", blank)
    assert (credentials(Selection(CAMPAIGN)).key, agent_id(CAMPAIGN)) == ("bn-two", "two")
    beside("BOLNA_API_KEY=\nBOLNA_AGENT_ID=''")
    assert (refused(), agent_id(CAMPAIGN)) == (MISSING, None)


@pytest.mark.parametrize("text", [None, "", "BOLNA_API_KEY", "BOLNA_KEY=bn-two"])
def test_without_a_key_three_lines_say_how_to_get_going(text: str | None) -> None:
    if text is not None:
        beside(text)
    assert refused() == MISSING


def test_white_space_around_a_key_is_not_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOLNA_API_KEY", " bn-one\n")
    assert credentials(Selection(CAMPAIGN)).key == "bn-one"


def test_a_key_is_not_interpolated() -> None:
    beside("A=1\nBOLNA_API_KEY=bn-${A}$A")
    assert credentials(Selection(CAMPAIGN)).key == "bn-${A}$A"


def test_a_file_that_cannot_be_read_is_told_without_what_is_in_it() -> None:
    beside("BOLNA_API_KEY=bn-two".encode("utf-16"))
    assert refused() == "in/.env: not UTF-8. Save it as UTF-8."
    Path("in/.env").unlink()
    Path("in/.env").mkdir()
    assert refused() == MISSING


def test_what_cannot_be_understood_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    beside('BOLNA_API_KEY="bn-two\nBOLNA_AGENT_ID=two\n')
    with caplog.at_level(logging.DEBUG):
        agent_id(CAMPAIGN)
    assert "bn-two" not in caplog.text


def test_the_address_comes_from_the_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    beside("BOLNA_API_KEY=bn-two\nBOLNA_BASE_URL=https://elsewhere.example")
    assert credentials(Selection(CAMPAIGN)).base_url == provider.VENDOR.names.base_url
    monkeypatch.setenv("BOLNA_BASE_URL", " ")
    assert credentials(Selection(CAMPAIGN)).base_url == provider.VENDOR.names.base_url
    monkeypatch.setenv("BOLNA_BASE_URL", " http://127.0.0.1:8765 ")
    assert credentials(Selection(CAMPAIGN)).base_url == "http://127.0.0.1:8765"


def test_the_key_is_in_no_representation() -> None:
    assert "bn-" not in repr(Credentials(base_url=provider.VENDOR.names.base_url, key="bn-one"))


def test_a_large_file_in_the_place_of_the_settings_is_refused_at_once() -> None:
    beside(b"\0" * 70_000)
    assert refused() == "in/.env: more than 65,536 bytes, which is too long for a .env. Is it another file?"
