"""Settings: what wins over what, and that a wrong one stops start-up in words an operator can act on."""

import json
import os
from pathlib import Path

import pytest

from alertbus.model.errors import SettingsFault
from alertbus.settings import Settings, is_loopback, load_settings
from tests.certificates import Authority

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQnJ2xYVw"
TOKEN = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CALLER = {"name": "mash-desk", "agency": "social_care", "token_sha256": TOKEN}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ALERTBUS_", "XDG_DATA_HOME")):
            monkeypatch.delenv(name)


def faults(**overrides: object) -> list[str]:
    with pytest.raises(SettingsFault) as refused:
        load_settings(**overrides)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    return str(refused.value).splitlines()


def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "alertbus.yaml"
    file.write_text(text)
    monkeypatch.setenv("ALERTBUS_CONFIG", str(file))


def test_nothing_set_is_one_machine_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")

    assert load_settings().model_dump() == {
        "bootstrap_servers": None,
        "local_broker": "closed",
        "kafka_security_protocol": "PLAINTEXT",
        "kafka_ca_file": None,
        "kafka_cert_file": None,
        "kafka_key_file": None,
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_user": None,
        "kafka_password_file": None,
        "kafka_principals": {},
        "database_url": None,
        "database_url_file": None,
        "database_ca_file": None,
        "data_dir": Path("/srv/data/alertbus"),
        "policy": None,
        "plugins_dir": None,
        "http_host": "127.0.0.1",
        "http_port": 8080,
        "desk_port": 8081,
        "http_tls_cert_file": None,
        "http_tls_key_file": None,
        "trusted_proxies": (),
        "http_url": None,
        "http_ca_file": None,
        "desk_url": None,
        "desk_oidc": None,
        "partitions": 12,
        "replication": 1,
        "workers": 1,
        "channels": {},
        "fallbacks": {},
        "nudges": None,
        "callers": (),
        "callers_file": None,
        "watchdog_interval_s": 60,
        "token": None,
        "token_file": None,
        "audit_key_file": None,
        "desk_draft_key_file": None,
        "audit_anchor": None,
        "deadman_url": None,
        "deadman_url_file": None,
        "deadman_fail_url": None,
        "deadman_fail_url_file": None,
        "session_timeout_s": 6.0,
        "reconcile_s": 60.0,
        "log_format": "auto",
        "log_level": "INFO",
    }
    assert load_settings().sqlalchemy_url == "sqlite:////srv/data/alertbus/alertbus.db"


def test_data_folder_is_in_the_home_folder_where_xdg_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/sam")

    assert load_settings().data_dir == Path("/home/sam/.local/share/alertbus")


def test_flag_wins_over_environment_and_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, monkeypatch, "http_port: 1\nworkers: 2\npartitions: 3\n")
    monkeypatch.setenv("ALERTBUS_WORKERS", "20")
    monkeypatch.setenv("ALERTBUS_PARTITIONS", "30")

    settings = load_settings(partitions=300)

    assert (settings.http_port, settings.workers, settings.partitions) == (1, 20, 300)


def test_empty_variable_counts_as_unset_as_compose_files_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_DATABASE_URL", "")

    assert load_settings().database_url is None


def test_secret_may_come_by_environment_for_a_channel_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, monkeypatch, "channels: {police: {channel: webhook, url: 'https://police.example/in'}}")
    monkeypatch.setenv("ALERTBUS_CHANNELS__POLICE__SECRET", SECRET)

    police = load_settings().channels["police"]

    assert police.secret is not None
    assert police.secret.get_secret_value() == SECRET
    assert police.url == "https://police.example/in"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        pytest.param("postgresql://u:p@localhost:5432/bus", "postgresql+psycopg://u:p@localhost:5432/bus", id="postgresql"),
        pytest.param("postgres://u:p@127.0.0.1/bus", "postgresql+psycopg://u:p@127.0.0.1/bus", id="the short name some hosts give"),
        pytest.param("postgresql+psycopg://[::1]/bus", "postgresql+psycopg://[::1]/bus", id="psycopg already"),
        pytest.param(
            "postgresql://db/bus?sslmode=verify-full&sslrootcert=/ca.pem",
            "postgresql+psycopg://db/bus?sslmode=verify-full&sslrootcert=%2Fca.pem",
            id="libpq sslmode",
        ),
        pytest.param(
            "postgresql+psycopg://[::1]/bus?ssl=require", "postgresql+psycopg://[::1]/bus?sslmode=require", id="of earlier versions"
        ),
        pytest.param("sqlite:////srv/bus.db", "sqlite:////srv/bus.db", id="sqlite file"),
    ],
)
def test_database_url_is_read_by_the_driver_that_is_used(given: str, read: str) -> None:
    assert load_settings(database_url=given).sqlalchemy_url == read


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "HTTP_PORT",
            "eighty",
            ("ALERTBUS_HTTP_PORT: expected a port number from 0 to 65535; set it as in ALERTBUS_HTTP_PORT=8080, or leave it out"),
        ),
        (
            "BOOTSTRAP_SERVERS",
            "kafka",
            (
                "ALERTBUS_BOOTSTRAP_SERVERS: expected Kafka brokers as host:port, several with commas and no spaces; "
                "set it as in ALERTBUS_BOOTSTRAP_SERVERS=kafka-0:9092,kafka-1:9092, or leave it out"
            ),
        ),
        (
            "DATABASE_URL",
            "mysql://root:hunter2@db/bus",
            (
                "ALERTBUS_DATABASE_URL: expected a postgresql:// or sqlite:/// address that SQLAlchemy can read; "
                "set it as in ALERTBUS_DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/alertbus, or leave it out"
            ),
        ),
        (
            "POLICY",
            "/nowhere/policy.yaml",
            ("ALERTBUS_POLICY: expected the path of a policy file that exists; set it as in ALERTBUS_POLICY=policy.yaml, or leave it out"),
        ),
        (
            "CHANNELS",
            "{police: hunter2",
            (
                "ALERTBUS_CHANNELS: expected a mapping from agency to its channel; "
                'set it as in ALERTBUS_CHANNELS={"police": {"channel": "inbox"}}, or leave it out'
            ),
        ),
        (
            "LOG_LEVEL",
            "loud",
            ("ALERTBUS_LOG_LEVEL: expected DEBUG, INFO, WARNING or ERROR; set it as in ALERTBUS_LOG_LEVEL=INFO, or leave it out"),
        ),
        (
            "HTP_PORT",
            "8080",
            "ALERTBUS_HTP_PORT: no such setting; did you mean ALERTBUS_HTTP_PORT?",
        ),
        (
            "HTTP_HOST",
            "0.0.0.0",
            (
                "ALERTBUS_HTTP_HOST: expected an address of this machine alone, because without callers anyone who "
                "reaches it is let in; set ALERTBUS_CALLERS, or leave ALERTBUS_HTTP_HOST out to listen on 127.0.0.1"
            ),
        ),
        (
            "CALLERS",
            json.dumps([CALLER, CALLER]),
            "ALERTBUS_CALLERS: two callers share a name or a token; give each its own",
        ),
    ],
)
def test_wrong_setting_is_told_by_name_shape_and_remedy(name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ALERTBUS_{name}", value)

    assert faults() == [line]


def test_name_like_no_setting_is_answered_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_ZZZZZZZZZZ", "hunter2")

    (line,) = faults()

    assert line.startswith("ALERTBUS_ZZZZZZZZZZ: no such setting; unset it (known: ALERTBUS_AUDIT_ANCHOR, ")
    assert "hunter2" not in line


def test_every_fault_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_PARTITION", "12")
    monkeypatch.setenv("ALERTBUS_WORKERS", "0")
    monkeypatch.setenv("ALERTBUS_CALLERS", "nobody")

    assert [line.split(":")[0] for line in faults()] == ["ALERTBUS_PARTITION", "ALERTBUS_WORKERS", "ALERTBUS_CALLERS"]


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        pytest.param({"channel": "webhook"}, "police: a webhook needs url and secret (or secret_file); give both", id="webhook bare"),
        pytest.param({"channel": "file"}, "police: a file channel needs folder; give it", id="file bare"),
        pytest.param(
            {"channel": "Pigeon"},
            "police.channel: expected inbox, webhook, file, or the name of a plugin's channel; ",
            id="channel unknown",
        ),
        pytest.param({}, "police.channel: expected inbox, webhook, file, or the name of a plugin's channel; ", id="channel missing"),
        pytest.param(
            "inbox",
            "police: expected a mapping of channel, url, secret, secret_file, folder, at_once, timeout_s, ca_file, settings; ",
            id="not a mapping",
        ),
        pytest.param({"channel": "inbox", "at_once": 0}, "police.at_once: expected ", id="none at once"),
        pytest.param({"channel": "inbox", "timeout_s": 0}, "police.timeout_s: expected seconds ", id="no time at all"),
        pytest.param({"channel": "inbox", "timeout_s": 5}, "police: timeout_s and ca_file are for a webhook, ", id="a limit nobody keeps"),
        pytest.param({"channel": "file", "folder": "/", "ca_file": __file__}, "police.ca_file: expected ", id="no certificate"),
        pytest.param({"channel": "inbox", "ca_file": "/hunter2/ca.pem"}, "police.ca_file: expected ", id="no such file"),
        pytest.param({"channel": "inbox", "scret": SECRET}, "police.scret: no such setting; did you mean secret?", id="typo"),
        pytest.param(
            {"channel": "webhook", "url": "http://police.example/in", "secret": SECRET},
            "police.url: expected an https:// address without user or password (http:// only to this machine); ",
            id="notices in the clear",
        ),
        pytest.param(
            {"channel": "webhook", "url": "https://u:hunter2@police.example", "secret": SECRET},
            "police.url: expected an https:// address without user or password (http:// only to this machine); ",
            id="password in the address",
        ),
        pytest.param(
            {"channel": "webhook", "url": "https://police.example", "secret": "hunter2"},
            "police.secret: expected whsec_ and then 24 to 64 bytes in base64, as from ",
            id="secret of another shape",
        ),
        pytest.param(
            {"channel": "webhook", "url": "https://police.example", "secret": "whsec_hunter2hunter2=hunter2"},
            "police.secret: expected whsec_ and then 24 to 64 bytes in base64, as from ",
            id="secret not base64",
        ),
    ],
)
def test_wrong_channel_is_told_by_its_path_and_never_shows_the_secret(channel: object, line: str) -> None:
    (told,) = faults(channels={"police": channel})

    assert told.startswith(f"ALERTBUS_CHANNELS {line}")
    assert "hunter2" not in told
    assert SECRET not in told


def test_a_limit_on_a_fallback_is_refused_because_nobody_would_keep_it() -> None:
    (told,) = faults(fallbacks={"night_desk": {"channel": "inbox", "at_once": 3}})

    assert told.startswith("ALERTBUS_FALLBACKS")
    assert "at_once" in told


def test_webhook_to_this_machine_may_be_plain_http() -> None:
    channel = {"channel": "webhook", "url": "http://127.0.0.1:9000/in", "secret": SECRET}

    assert load_settings(channels={"police": channel}).channels["police"].url == "http://127.0.0.1:9000/in"


def test_an_agencys_authority_is_a_file_of_certificates_that_is_there(tmp_path: Path) -> None:
    own = Authority(tmp_path).cert
    channel = {"channel": "webhook", "url": "https://police.example/in", "secret": SECRET, "ca_file": str(own), "timeout_s": 2.5}

    found = load_settings(channels={"police": channel}).channels["police"]

    assert (found.ca_file, found.timeout_s) == (own, 2.5)


def test_token_given_in_the_clear_is_refused_without_repeating_it() -> None:
    (told,) = faults(callers=[{**CALLER, "token_sha256": "hunter2"}])

    assert told == (
        "ALERTBUS_CALLERS 0.token_sha256: expected 64 hexadecimal digits, as from `printf %s TOKEN | sha256sum`; "
        "mend it there or in the file that ALERTBUS_CONFIG names"
    )


def test_all_interfaces_may_be_listened_on_once_there_are_callers_and_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("ALERTBUS_CALLERS", json.dumps([CALLER]))
    monkeypatch.setenv("ALERTBUS_TRUSTED_PROXIES", '["10.0.0.7"]')

    assert load_settings().callers[0].operations is False


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("http_port: [1\nsecret: hunter2", "; that one is not YAML at line 2: mend the line"),
        ("- hunter2", "; that one is not a mapping from names to values, as in 'http_port: 8080'"),
    ],
)
def test_unreadable_file_is_told_by_line_and_never_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str) -> None:
    config(tmp_path, monkeypatch, text)

    with pytest.raises(SettingsFault) as refused:
        load_settings()

    assert str(refused.value) == f"ALERTBUS_CONFIG: expected the path of a YAML file of settings{line}"


def test_missing_file_is_a_fault_not_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTBUS_CONFIG", "/nowhere/alertbus.yaml")

    with pytest.raises(SettingsFault, match="cannot be read: mend the path or the file's permissions"):
        load_settings()


def test_unknown_name_in_the_file_is_refused_with_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, monkeypatch, "http_prt: 8080")

    assert faults() == ["ALERTBUS_HTTP_PRT: no such setting; did you mean http_port?"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERTBUS_GATEWAY_SERVICE_HOST", "10.0.0.7"),
        ("ALERTBUS_GATEWAY_SERVICE_PORT_HTTP", "8080"),
        ("ALERTBUS_GATEWAY_PORT", "tcp://10.0.0.7:8080"),
        ("ALERTBUS_GATEWAY_PORT_8080_TCP_ADDR", "10.0.0.7"),
    ],
)
def test_variables_that_kubernetes_injects_for_a_service_are_no_settings_of_ours(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert load_settings() == Settings()


def test_settings_shown_hold_no_password_secret_or_token_hash() -> None:
    shown = repr(
        load_settings(
            database_url="postgresql://u:hunter2@localhost/bus",
            channels={"police": {"channel": "webhook", "url": "https://police.example", "secret": SECRET}},
            callers=[CALLER],
        )
    )

    assert [leak for leak in ("hunter2", SECRET, TOKEN) if leak in shown] == []


def test_every_setting_says_its_shape_and_shows_an_example() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description and field.examples)] == []


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("bus", False),
    ],
)
def test_loopback(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
