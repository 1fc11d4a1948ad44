"""A Kafka that lets nobody in without a name, and nobody do more than its part: the whole bus works there, and a forger does not."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.errors import ClusterAuthorizationFailedError, TopicAuthorizationFailedError

from alertbus.broker import topics
from alertbus.broker.access import Access, Brokers
from alertbus.broker.acls import AclRule, compare, held_rights, shipped_rights
from alertbus.broker.consumer import read_all
from alertbus.broker.faults import BrokerFault
from alertbus.broker.groups import GROUPS, groups_at_work
from alertbus.broker.jars import find_java
from alertbus.broker.producer import Producer
from alertbus.broker.topics import ensure_topics, reachable
from alertbus.cli.doctor import WELL, _examine
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.operations.progress import pending
from alertbus.reconcile.full import reconcile
from alertbus.run.bootstrap import wired
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from alertbus.stream.state_topics import STATE_TOPICS
from alertbus.waiting import eventually
from alertbus.wire.records import receipt_given
from tests.certificates import Authority
from tests.secured_kafka import PARTS, SecuredKafka, name_of

pytestmark = pytest.mark.kafka

CASE = json.loads((Path(__file__).parents[1] / "data/cases/04-amended-to-another-person/1-case-a.json").read_text())
WITHIN_S = 60.0


@pytest.fixture(scope="module")
async def kafka_closed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredKafka]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    folder = tmp_path_factory.mktemp("secured")
    broker = SecuredKafka(folder / "kafka", Authority(folder / "authority"), free_port())
    await broker.start()
    try:
        await broker.allow(shipped_rights())
        yield broker
    finally:
        await broker.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bus")


@pytest.fixture(params=["password", "certificate"])
def door(request: pytest.FixtureRequest, kafka_closed: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> str:
    """The settings with which every part of the bus comes in by one of the doors, each as itself."""
    way: str = request.param
    monkeypatch.setenv("ALERTBUS_KAFKA_CA_FILE", str(kafka_closed.authority.cert))
    if way == "password":
        monkeypatch.setenv("ALERTBUS_BOOTSTRAP_SERVERS", kafka_closed.sasl_servers)
        monkeypatch.setenv("ALERTBUS_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
        own: dict[str, Any] = {part: {"user": name_of(part), "password_file": str(kafka_closed.passwords[name_of(part)])} for part in PARTS}
    else:
        monkeypatch.setenv("ALERTBUS_BOOTSTRAP_SERVERS", kafka_closed.tls_servers)
        monkeypatch.setenv("ALERTBUS_KAFKA_SECURITY_PROTOCOL", "SSL")
        certificates = {part: kafka_closed.certificates[name_of(part)] for part in PARTS}
        own = {part: {"cert_file": str(found.cert), "key_file": str(found.key)} for part, found in certificates.items()}
    monkeypatch.setenv("ALERTBUS_KAFKA_PRINCIPALS", json.dumps(own))
    return way


async def test_every_part_as_itself_carries_an_alert_to_its_named_acknowledgement(door: str, home: Path) -> None:
    settings = load_settings(data_dir=home, http_port=any_port("127.0.0.1"), partitions=2)
    supervisor = Supervisor(settings, lambda _: None)
    try:
        await supervisor.start()
        async with httpx.AsyncClient(base_url=supervisor.url, timeout=60) as http:
            assert (await http.put("/v1/cases/f04a", json=CASE)).status_code in {200, 201}
            sent = await http.post("/v1/alerts", json=alert(door))
            assert sent.status_code == 202, sent.text

            async def receipts() -> list[dict[str, Any]]:
                told = (await http.get(f"/v1/alerts/{sent.json()['id']}")).json()
                obligations = told.get("obligations", ())  # a fault has none: the chronicle is behind
                return [receipt for one in obligations for receipt in one["receipts"]]

            async def delivered() -> bool:
                return "accepted" in {receipt["stage"] for receipt in await receipts()}

            assert await eventually(delivered, WITHIN_S, 0.2)
            held = (await http.get("/v1/inbox", params={"agency": "childrens_social_care"})).json()["items"]
            obligation = next(item["obligation"]["id"] for item in held if item["obligation"]["alert_id"] == sent.json()["id"])
            body = {"by": "Sam Lee", "role": "social worker", "intent": "acting"}
            answer = await http.post(f"/v1/obligations/{obligation}/acknowledgements", json=body)
            assert answer.is_success, answer.text

            async def acknowledged() -> bool:
                return "Sam Lee" in {receipt.get("by") for receipt in await receipts()}

            assert await eventually(acknowledged, WITHIN_S, 0.2)
        found = {what: (mark, text) for mark, what, text in await _examine(settings)}
        assert found["kafka rights"] == (WELL, f"{len(shipped_rights())} rights, as in deploy/kafka/acls.yaml")
        assert {what: found[what][0] for what in ("broker", "topics", "gateway")} == dict.fromkeys(("broker", "topics", "gateway"), WELL)
        async with wired(settings) as wiring:
            assert (await reconcile(wiring.bootstrap, wiring.engine, wiring.policy)).difference == 0
    finally:
        await supervisor.stop()


@pytest.mark.parametrize("part", ["gateway", "operations"])
async def test_who_shows_how_the_bus_stands_may_read_all_of_it(kafka_closed: SecuredKafka, part: str) -> None:
    await ensure_topics(kafka_closed.bootstrap, 2, extra=STATE_TOPICS)
    asking = kafka_closed.by_password(name_of(part))

    assert set(await pending(asking)) == set(GROUPS)
    assert set(await groups_at_work(asking, tuple(GROUPS))) <= set(GROUPS)
    every = [spec.name for spec in topics.TOPICS]
    assert {record.topic async for record in read_all(asking, every)} <= set(every)


@pytest.mark.parametrize("part", ["stream", "chronicle", "operations"])
@pytest.mark.parametrize("way", ["password", "certificate"])
async def test_a_receipt_forged_by_a_part_that_gives_none_is_refused(kafka_closed: SecuredKafka, part: str, way: str) -> None:
    await ensure_topics(kafka_closed.bootstrap, 2, extra=STATE_TOPICS)
    before = await forged_receipts(kafka_closed)
    forger = kafka_closed.by_password(name_of(part)) if way == "password" else kafka_closed.by_certificate(name_of(part))

    with pytest.raises(BrokerFault) as refused:
        await forge(forger)

    assert isinstance(refused.value.__cause__, TopicAuthorizationFailedError | ClusterAuthorizationFailedError)
    assert "acls.yaml" in refused.value.remedy
    assert await forged_receipts(kafka_closed) == before


async def test_a_receipt_is_taken_from_delivery_which_alone_gives_them_with_the_gateway(kafka_closed: SecuredKafka) -> None:
    await ensure_topics(kafka_closed.bootstrap, 2, extra=STATE_TOPICS)
    before = await forged_receipts(kafka_closed)

    await forge(kafka_closed.by_password("alertbus-delivery"))

    assert await forged_receipts(kafka_closed) == before + 1


@pytest.mark.parametrize("stranger", ["without a word", "over TLS without a name", "with a wrong password", "without a certificate"])
async def test_a_client_that_cannot_show_who_it_is_is_refused(kafka_closed: SecuredKafka, stranger: str) -> None:
    ca = kafka_closed.authority.cert
    came: str = {
        "without a word": kafka_closed.sasl_servers,
        "over TLS without a name": Brokers(kafka_closed.sasl_servers, Access("SSL", ca)),
        "with a wrong password": kafka_closed.by_password("alertbus-delivery", "guessed"),
        "without a certificate": Brokers(kafka_closed.tls_servers, Access("SSL", ca)),
    }[stranger]

    assert not await reachable(came, 5.0)
    with pytest.raises((BrokerFault, TimeoutError)):
        async with asyncio.timeout(10.0):
            await forge(came)


async def test_a_broker_whose_certificate_another_authority_signed_is_not_spoken_to(kafka_closed: SecuredKafka, tmp_path: Path) -> None:
    password = kafka_closed.passwords["alertbus-delivery"].read_text().strip()
    access = Access("SASL_SSL", Authority(tmp_path, "another").cert, user="alertbus-delivery", password=password)

    assert not await reachable(Brokers(kafka_closed.sasl_servers, access), 5.0)


async def test_operations_see_in_the_brokers_own_acls_what_is_missing_and_what_is_too_much(kafka_closed: SecuredKafka) -> None:
    asking = kafka_closed.by_password("alertbus-operations")
    held = await held_rights(asking)
    assert compare(shipped_rights(), held) == compare(shipped_rights(), shipped_rights())

    more = AclRule("a-stranger", 3, 2, "alertbus.alerts")
    await kafka_closed.allow(frozenset({more}))
    found = compare(shipped_rights() | {AclRule("alertbus-stream", 3, 2, "alertbus.new")}, await held_rights(asking))

    assert [str(right) for right in found.missing] == ["alertbus-stream Read topic alertbus.new"]
    assert found.too_much == (more,)


def alert(door: str) -> dict[str, Any]:
    return {
        "id": f"secured-{door}",
        "source": "police.northants",
        "kind": "violent_person_flag",
        "occurred_at": datetime.now(UTC).isoformat(),
        "recorded_at": datetime.now(UTC).isoformat(),
        "subjects": [{"person": {"identifiers": [{"system": "pnc", "value": "1970/0000901U"}]}}],
    }


async def forge(bootstrap: str) -> None:
    ids = {"id": "r-1", "notice_id": "n-1", "obligation_id": "o-1", "alert_id": "a-1", "case_id": "f04a"}
    said = Receipt(**ids, agency="school", stage=Stage.ACKNOWLEDGED, at=datetime.now(UTC), by="Forged Person", intent=Intent.ACTING)
    producer = Producer(bootstrap, timeout_s=8.0)
    await producer.start()
    try:
        await producer.send_all([receipt_given(said, by="/alertbus/delivery")])
    finally:
        await producer.stop()


async def forged_receipts(broker: SecuredKafka) -> int:
    return sum(["Forged Person" in (record.value or b"").decode() async for record in read_all(broker.bootstrap, [topics.RECEIPTS])])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
