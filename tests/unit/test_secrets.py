"""Secrets from files: read by their owner alone, refused where others could, and never shown; and a database that is spoken to in private."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from alertbus.model.errors import SettingsFault
from alertbus.settings import load_settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQnJ2xYVw"
CALLER = {"name": "mash-desk", "agency": "social_care", "token_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
WEBHOOK = {"channel": "webhook", "url": "https://police.example/in"}

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALERTBUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, mode: int = 0o600) -> Path:
        file = tmp_path / "secret"
        file.touch(mode=0o600)
        file.write_text(text)
        file.chmod(mode)
        return file

    return written


def test_the_databases_address_may_stand_in_a_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_DATABASE_URL_FILE", str(write("postgresql://u:hunter2@localhost/bus\n")))

    settings = load_settings()

    assert settings.sqlalchemy_url == "postgresql+psycopg://u:hunter2@localhost/bus"
    assert "hunter2" not in repr(settings)


def test_the_dead_mans_switch_may_stand_in_a_file(write: Write) -> None:
    assert load_settings(deadman_url_file=write("https://deadman.example/x\n")).deadman_url == "https://deadman.example/x"


@pytest.mark.parametrize(
    "text", [json.dumps([CALLER]), f"- {{name: mash-desk, agency: social_care, token_sha256: {CALLER['token_sha256']}}}"]
)
def test_callers_may_stand_in_a_file_of_json_or_yaml(text: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_CALLERS_FILE", str(write(text)))

    assert [caller.name for caller in load_settings().callers] == ["mash-desk"]


def test_a_webhooks_secret_may_stand_in_a_file(write: Write) -> None:
    police = load_settings(channels={"police": WEBHOOK | {"secret_file": str(write(f"{SECRET}\n"))}}).channels["police"]

    assert police.secret is not None
    assert police.secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        ("ALERTBUS_DATABASE_URL_FILE", lambda file: {"database_url_file": file}),
        ("ALERTBUS_DEADMAN_URL_FILE", lambda file: {"deadman_url_file": file}),
        ("ALERTBUS_CALLERS_FILE", lambda file: {"callers_file": file}),
        ("ALERTBUS_CHANNELS police: secret_file", lambda file: {"channels": {"police": WEBHOOK | {"secret_file": file}}}),
        ("ALERTBUS_KAFKA_PASSWORD_FILE", lambda file: {"kafka_password_file": file}),
        ("ALERTBUS_KAFKA_KEY_FILE", lambda file: {"kafka_key_file": file}),
        (
            "ALERTBUS_KAFKA_PRINCIPALS delivery.password_file",
            lambda file: {"kafka_principals": {"delivery": {"user": "d", "password_file": file}}},
        ),
    ],
)
def test_a_secret_that_others_can_read_is_refused_and_not_quoted(
    setting: str, given: Callable[[str], dict[str, object]], write: Write
) -> None:
    for mode in (0o644, 0o604):
        with pytest.raises(SettingsFault) as fault:
            load_settings(**given(str(write("hunter2", mode))))

        assert str(fault.value).startswith(f"{setting}: expected a file that nobody but its owner can read")
        assert "chmod 600" in str(fault.value)
        assert "hunter2" not in str(fault.value)


def test_a_group_may_read_only_what_root_owns(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write("https://deadman.example/x", 0o640)
    stat = Path.stat

    class Owned:
        def __init__(self, uid: int) -> None:
            self.st_uid, self.st_mode = uid, 0o100640

    monkeypatch.setattr(Path, "stat", lambda path, **how: Owned(0) if path == file else stat(path, **how))
    assert load_settings(deadman_url_file=file).deadman_url

    monkeypatch.setattr(Path, "stat", lambda path, **how: Owned(1000) if path == file else stat(path, **how))
    with pytest.raises(SettingsFault, match="chmod 600"):
        load_settings(deadman_url_file=file)


@pytest.mark.parametrize(
    ("text", "words"), [("", "that one is empty"), ("\n\n", "that one is empty"), ("\xff", "expected an https:// address")]
)
def test_a_file_without_a_secret_is_refused(text: str, words: str, write: Write) -> None:
    with pytest.raises(SettingsFault, match=words):
        load_settings(deadman_url_file=write(text))


def test_a_file_that_is_not_there_is_refused_by_its_setting() -> None:
    with pytest.raises(SettingsFault, match="ALERTBUS_CALLERS_FILE: expected the path of a file that this process may read"):
        load_settings(callers_file="/nowhere/callers")


def test_a_secret_given_twice_is_refused_because_nobody_could_tell_which_counts(write: Write) -> None:
    with pytest.raises(SettingsFault, match="ALERTBUS_DEADMAN_URL_FILE: ALERTBUS_DEADMAN_URL is given too"):
        load_settings(deadman_url="https://deadman.example/x", deadman_url_file=write("https://deadman.example/y"))


@pytest.mark.parametrize(
    "text",
    [
        "database_url: postgresql://u:hunter2@localhost/bus",
        "deadman_url: https://deadman.example/hunter2",
        f"channels: {{police: {{channel: webhook, url: 'https://police.example', secret: {SECRET}}}}}",
        f"fallbacks: {{night_desk: {{channel: webhook, url: 'https://police.example', secret: {SECRET}}}}}",
    ],
)
def test_a_file_of_settings_that_holds_a_secret_is_a_file_with_a_secret(text: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_CONFIG", str(write(text)))
    load_settings()

    write(text, 0o644)
    with pytest.raises(SettingsFault, match=r"ALERTBUS_CONFIG: .*chmod 600"):
        load_settings()


def test_a_file_of_settings_without_a_secret_may_be_read_by_all(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_CONFIG", str(write("http_port: 8081", 0o644)))

    assert load_settings().http_port == 8081


# ── the database ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@db/bus",
        "postgresql://u:hunter2@10.0.0.7:5432/bus?sslmode=require",
        "postgresql://u:hunter2@db/bus?sslmode=verify-full",
        "postgresql://u:hunter2@db/bus?sslmode=verify-ca&sslrootcert=/ca.pem",
        "postgresql://u:hunter2@db/bus?sslrootcert=/ca.pem",
        "postgresql+asyncpg://u:hunter2@db/bus?ssl=prefer&sslrootcert=/ca.pem",
        "postgresql://u:hunter2@/bus?host=db:5432",
        "postgresql://u:hunter2@/bus?host=localhost:5432&host=db:5432",
    ],
)
def test_a_database_beyond_this_machine_that_others_could_pretend_to_be_is_refused(url: str) -> None:
    with pytest.raises(SettingsFault) as fault:
        load_settings(database_url=url)

    assert str(fault.value).startswith("ALERTBUS_DATABASE_URL: expected sslmode=verify-full and a named authority")
    assert "ALERTBUS_DATABASE_CA_FILE" in str(fault.value)
    assert "hunter2" not in str(fault.value)


def test_a_database_of_the_drivers_own_variable_is_beyond_this_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db")

    with pytest.raises(SettingsFault, match="sslmode=verify-full"):
        load_settings(database_url="postgresql://u@/bus")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@db/bus?sslmode=verify-full&sslrootcert=/ca.pem",
        "postgresql://u@db/bus?sslmode=verify-full&sslrootcert=system",
        "postgresql://u@127.0.0.1/bus",
        "postgresql://u@[::1]:5432/bus?sslmode=require",
        "postgresql://u@/bus?host=/var/run/postgresql",
        "postgresql://u@/bus",
        "sqlite:////srv/bus.db",
    ],
)
def test_a_database_in_private_is_taken(url: str) -> None:
    assert load_settings(database_url=url).database_url == url


def test_the_authority_by_a_setting_checks_the_certificate_and_the_name_unless_less_is_said(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()

    assert "sslmode=verify-full&sslrootcert=" in load_settings(database_url="postgresql://u@db/bus", database_ca_file=ca).sqlalchemy_url
    with pytest.raises(SettingsFault, match="sslmode=verify-full"):
        load_settings(database_url="postgresql://u@db/bus?sslmode=require", database_ca_file=ca)
    with pytest.raises(SettingsFault, match="ALERTBUS_DATABASE_CA_FILE: expected the path"):
        load_settings(database_url="postgresql://u@db/bus", database_ca_file=tmp_path / "nowhere")
