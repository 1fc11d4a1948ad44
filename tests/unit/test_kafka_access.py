"""Kafka's door: what the settings say of it reaches every client of ours, and nothing goes beyond this machine in the clear."""

import ast
import json
import os
import pickle
import subprocess
from pathlib import Path

import pytest

from alertbus.broker.access import OPEN, Access, Brokers, client_arguments, remedy
from alertbus.broker.acls import LITERAL, PREFIXED, AclRule, Operation, Resource, compare, rights_of, shipped_rights
from alertbus.broker.faults import BrokerFault
from alertbus.broker.groups import GROUPS
from alertbus.broker.topics import TOPICS
from alertbus.cli.kafka_rights import NeedsALook, kafka_rights, named
from alertbus.model.errors import SettingsFault
from alertbus.settings import load_settings
from alertbus.stream.credentials import engine_credentials
from alertbus.stream.state_topics import STATE_TOPICS
from tests.certificates import Authority

ROOT = Path(__file__).parents[2]
CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaClient", "AIOKafkaAdminClient"}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALERTBUS_")]:
        monkeypatch.delenv(name)


def calls(name: str) -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in sorted((ROOT / "alertbus").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == name
    ]


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_every_client_of_ours_takes_its_arguments_from_the_one_place_that_knows_who_we_are(client: str) -> None:
    made = calls(client)

    assert made
    without = [
        place
        for place, call in made
        if not any(
            word.arg is None and getattr(getattr(word.value, "func", None), "id", "") == "client_arguments" for word in call.keywords
        )
        or any(word.arg == "bootstrap_servers" for word in call.keywords)
    ]
    assert without == []


def test_the_engine_takes_its_credentials_from_the_same_place() -> None:
    ((place, made),) = calls("Engine")

    assert place.startswith("alertbus/stream/worker.py")
    assert [ast.unparse(word.value) for word in made.keywords if word.arg == "broker_credentials"] == ["engine_credentials(bootstrap)"]


def test_an_address_alone_is_a_broker_that_asks_nobody() -> None:
    assert client_arguments("localhost:9092") == {"bootstrap_servers": "localhost:9092"}
    assert engine_credentials("localhost:9092") is None


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
def test_a_name_and_a_password_reach_our_clients_and_the_engine_alike(mechanism: str) -> None:
    brokers = Brokers("kafka:9093", Access("SASL_SSL", mechanism=mechanism, user="alertbus-stream", password="hunter2"))  # type: ignore[arg-type]

    ours, theirs = client_arguments(brokers), engine_credentials(brokers)

    assert (ours["security_protocol"], ours["sasl_mechanism"]) == ("SASL_SSL", mechanism)
    assert (ours["sasl_plain_username"], ours["sasl_plain_password"]) == ("alertbus-stream", "hunter2")
    assert ours["ssl_context"].check_hostname
    assert (theirs.protocol.value, theirs.mechanism.value) == ("SASL_SSL", mechanism)
    assert (theirs.username, theirs.password, theirs.ssl_context.check_hostname) == ("alertbus-stream", "hunter2", True)


def test_a_certificate_reaches_our_clients_and_the_engine_alike(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("alertbus-stream")
    brokers = Brokers("kafka:9093", Access("SSL", authority.cert, own.cert, own.key))

    assert set(client_arguments(brokers)) == {"bootstrap_servers", "security_protocol", "ssl_context"}
    assert engine_credentials(brokers).protocol.value == "SSL"


def test_addresses_that_are_shown_or_written_down_hold_no_password() -> None:
    brokers = Brokers("kafka:9093", Access("SASL_SSL", user="u", password="hunter2"))

    assert [
        text for text in (str(brokers), repr(brokers), f"{brokers}", json.dumps(brokers), repr(brokers.access)) if "hunter2" in text
    ] == []
    assert type(str(brokers)) is str
    assert pickle.loads(pickle.dumps(brokers)).access == brokers.access


def test_files_that_are_no_certificates_are_named_by_their_settings_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hunter2")

    with pytest.raises(BrokerFault, match="ALERTBUS_KAFKA_CA_FILE") as fault:
        client_arguments(Brokers("kafka:9093", Access("SSL", tmp_path / "ca.pem")))

    assert "hunter2" not in str(fault.value)


def test_a_right_that_is_missing_has_another_remedy_than_a_broker_that_is_away() -> None:
    from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError

    assert "acls.yaml" in remedy(TopicAuthorizationFailedError(), "start it")
    assert "acls.yaml" in remedy(GroupAuthorizationFailedError(), "start it")
    assert remedy(KafkaConnectionError(), "start it") == "start it"


@pytest.mark.parametrize("servers", ["kafka-0:9092", "127.0.0.1:9092,10.0.0.7:9092", "[2001:db8::7]:9092"])
@pytest.mark.parametrize("protocol", [None, "PLAINTEXT", "SASL_PLAINTEXT"])
def test_kafka_beyond_this_machine_in_the_clear_is_refused(servers: str, protocol: str | None, tmp_path: Path) -> None:
    said = {} if protocol is None else {"kafka_security_protocol": protocol}

    with pytest.raises(SettingsFault, match="ALERTBUS_KAFKA_SECURITY_PROTOCOL: expected SASL_SSL or SSL"):
        load_settings(bootstrap_servers=servers, kafka_user="u", kafka_password_file=secret(tmp_path, "hunter2"), **said)


@pytest.mark.parametrize("servers", ["127.0.0.1:9092", "localhost:9092,[::1]:9092"])
def test_kafka_on_this_machine_may_be_in_the_clear(servers: str) -> None:
    assert load_settings(bootstrap_servers=servers).access("gateway") == OPEN


def test_each_part_comes_as_itself_and_as_the_common_name_where_it_has_none(tmp_path: Path) -> None:
    common, own = secret(tmp_path, "common-word"), secret(tmp_path, "own-word")
    settings = load_settings(
        bootstrap_servers="kafka:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_user="bus",
        kafka_password_file=common,
        kafka_principals={"delivery": {"user": "bus-delivery", "password_file": own}},
    )

    assert (settings.access("delivery").user, settings.access("delivery").password) == ("bus-delivery", "own-word")
    assert (settings.access("stream").user, settings.access("stream").password) == ("bus", "common-word")


def test_a_part_without_a_name_is_told_which_setting_gives_it_one() -> None:
    settings = load_settings(bootstrap_servers="kafka:9093", kafka_security_protocol="SASL_SSL")

    with pytest.raises(SettingsFault, match="ALERTBUS_KAFKA_PRINCIPALS__DELIVERY__USER"):
        settings.access("delivery")


@pytest.mark.parametrize("setting", ["kafka_password_file", "kafka_key_file"])
@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666])
def test_a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it(setting: str, mode: int, tmp_path: Path) -> None:
    file = secret(tmp_path, "hunter2", mode)

    with pytest.raises(SettingsFault, match=rf"ALERTBUS_{setting.upper()}: .*chmod 600") as fault:
        load_settings(**{setting: file})

    assert "hunter2" not in str(fault.value)


def test_a_part_of_an_unknown_name_is_refused_in_the_words_of_the_setting() -> None:
    with pytest.raises(SettingsFault, match="ALERTBUS_KAFKA_PRINCIPALS"):
        load_settings(kafka_principals={"postman": {"user": "p"}})


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def who_may(operation: Operation, topic: str) -> set[str]:
    return {
        right.principal for right in shipped_rights() if (right.operation, right.resource, right.name) == (operation, Resource.TOPIC, topic)
    }


def test_only_delivery_and_the_gateway_may_say_that_a_notice_was_received() -> None:
    assert who_may(Operation.Write, "alertbus.receipts") == {"alertbus-delivery", "alertbus-gateway"}
    assert [right for right in shipped_rights() if right.operation in {Operation.Write, Operation.All} and right.pattern != LITERAL] == []


def test_the_chronicle_writes_nothing_and_nobody_deletes_or_alters() -> None:
    done: dict[str, set[int]] = {}
    for right in shipped_rights():
        done.setdefault(right.principal, set()).add(right.operation)

    assert Operation.Write not in done["alertbus-chronicle"]
    assert set.union(*done.values()) == {Operation.Read, Operation.Write, Operation.Create, Operation.Describe, Operation.DescribeConfigs}


def test_every_topic_and_every_group_of_ours_has_a_reader_and_no_other_is_named() -> None:
    ours = {spec.name for spec in (*TOPICS, *STATE_TOPICS)}

    assert {right.name for right in shipped_rights() if right.resource == Resource.TOPIC and right.pattern == LITERAL} == ours
    assert {right.name for right in shipped_rights() if right.resource == Resource.GROUP} == set(GROUPS)
    assert [topic for topic in ours if not who_may(Operation.Read, topic)] == []
    for group, needed in GROUPS.items():
        assert [topic for topic in needed if group not in who_may(Operation.Read, topic)] == []


WANTED = AclRule("bus", Operation.Read, Resource.TOPIC, "alertbus.alerts")


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(AclRule("bus", Operation.Write, Resource.TOPIC, "alertbus.alerts"), id="one of ours may do more"),
        pytest.param(AclRule("bus", Operation.Read, Resource.TOPIC, "elsewhere"), id="one of ours may look elsewhere"),
        pytest.param(AclRule("bus", Operation.Write, Resource.TRANSACTIONAL_ID, "t"), id="one of ours may use transactions"),
        pytest.param(AclRule("thief", Operation.Read, Resource.TOPIC, "alertbus.alerts"), id="a stranger by name"),
        pytest.param(AclRule("thief", Operation.Read, Resource.TOPIC, "*"), id="a stranger by everything"),
        pytest.param(AclRule("*", Operation.All, Resource.TOPIC, "alert", PREFIXED), id="anybody by a beginning"),
    ],
)
def test_a_right_beyond_the_file_on_what_is_ours_is_told(held: AclRule) -> None:
    assert compare({WANTED}, {WANTED, held}).too_much == (held,)


def test_what_others_may_do_with_what_is_theirs_is_no_matter_of_the_bus() -> None:
    theirs = AclRule("shop", Operation.Write, Resource.TOPIC, "orders")

    assert compare({WANTED}, {WANTED, theirs, AclRule("shop", Operation.Read, Resource.TOPIC, "or", PREFIXED)}).too_much == ()


def test_a_right_that_nobody_gave_is_missing_and_one_that_another_includes_is_not() -> None:
    describe = AclRule("bus", Operation.Describe, Resource.TOPIC, "alertbus.alerts")

    assert compare({WANTED, describe}, {WANTED}).missing == ()
    assert compare({WANTED, describe}, {describe}).missing == (WANTED,)


@pytest.mark.parametrize(
    "text", ["rules: 3", "[]", "rules: [{principal: x, may: [Fly], topics: [a]}]", "rules: [{principal: x, may: [Read], seas: [a]}]", ":"]
)
def test_a_file_of_rules_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(BrokerFault, match=r"not in its form"):
        rights_of(text)


def test_the_script_applies_every_right_of_the_file_and_no_other(tmp_path: Path) -> None:
    tool = tmp_path / "kafka-acls.sh"
    tool.write_text('#!/bin/sh\necho "$@"\n')
    tool.chmod(0o700)

    said = subprocess.run(
        [ROOT / "deploy/kafka/apply-acls.sh", "--bootstrap-server", "kafka:9093"],
        env={"KAFKA_ACLS": str(tool), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    applied: set[AclRule] = set()
    for line in said.splitlines():
        assert line.startswith("--bootstrap-server kafka:9093 --add ")
        words = line.split()
        given = [(option, value) for option, value in zip(words, [*words[1:], ""], strict=True) if option.startswith("--")]
        (principal,) = (value.removeprefix("User:") for option, value in given if option == "--allow-principal")
        pattern = PREFIXED if ("--resource-pattern-type", "prefixed") in given else LITERAL
        places = [(Resource.TOPIC, value) for option, value in given if option == "--topic"]
        places += [(Resource.GROUP, value) for option, value in given if option == "--group"]
        places += [(Resource.CLUSTER, "kafka-cluster") for option, _ in given if option == "--cluster"]
        operations = [Operation[value] for option, value in given if option == "--operation"]
        applied |= {AclRule(principal, operation, resource, name, pattern) for operation in operations for resource, name in places}
    assert applied == shipped_rights()


def test_the_rights_are_compared_under_the_names_that_the_settings_give_the_parts(tmp_path: Path) -> None:
    settings = load_settings(kafka_principals={"delivery": {"user": "poste", "password_file": secret(tmp_path, "x")}})

    assert {named(right, settings).principal for right in shipped_rights()} == {
        *("alertbus-gateway", "alertbus-stream", "poste", "alertbus-chronicle", "alertbus-operations")
    }


async def test_a_broker_that_asks_nobody_needs_a_look() -> None:
    with pytest.raises(NeedsALook, match="forge receipts"):
        await kafka_rights(load_settings(bootstrap_servers="127.0.0.1:9092"))


def secret(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / f"{text}.txt"
    file.touch(mode=0o600)
    file.write_text(f"{text}\n")
    file.chmod(mode)
    return file
