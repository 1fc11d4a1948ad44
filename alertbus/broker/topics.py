"""The topics (DESIGN section 4), making them, and asking whether a broker is there.

All have the same number of partitions, so that everything about one person or one case meets in one place.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, NotControllerError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.metadata import MetadataRequest

from alertbus.broker.access import NOT_REACHED, client_arguments, remedy
from alertbus.broker.faults import BrokerFault

ALERTS = "alertbus.alerts"
CASES = "alertbus.cases"
PERSON_EVENTS = "alertbus.person-events"
CASE_EVENTS = "alertbus.case-events"
NOTICES = "alertbus.notices"
RECEIPTS = "alertbus.receipts"
REVIEW = "alertbus.review"
QUARANTINE = "alertbus.quarantine"
AUDIT = "alertbus.audit"
ITEMS = "alertbus.items"
TEAMS = "alertbus.teams"

DEFAULT_PARTITIONS = 12  # 4 over 3 workers left one of them idle (DESIGN section 4)


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """`retain` keeps every record for ever; `compact` keeps the last of each key."""

    name: str
    cleanup: Literal["retain", "compact"]
    key: str
    value: str
    max_bytes: int | None = None
    """Of one record, where it may be larger than the broker's own limit."""

    @property
    def config(self) -> dict[str, str]:
        larger = {"max.message.bytes": str(self.max_bytes)} if self.max_bytes else {}
        if self.cleanup == "compact":
            return {"cleanup.policy": "compact"} | larger
        return {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"} | larger


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(ALERTS, "retain", "alert id", "alert as accepted"),
    TopicSpec(CASES, "retain", "case id", "whole case snapshot, every version"),
    TopicSpec(PERSON_EVENTS, "retain", "person id", "alert-about-person, link-changed"),
    TopicSpec(CASE_EVENTS, "retain", "case id", "alert-reached-case, case-changed, answered, not-delivered, item-decided, tick"),
    TopicSpec(NOTICES, "retain", "agency/case id", "notice to deliver, withdraw or escalate"),
    TopicSpec(RECEIPTS, "retain", "case id", "receipt"),
    TopicSpec(REVIEW, "retain", "person or alert id", "needs a human: unsure match, unknown kind, incomplete"),
    TopicSpec(QUARANTINE, "retain", "original key", "poison record + coordinates, error class, disposition"),
    TopicSpec(AUDIT, "retain", "agency", "hash-chained audit record"),
    TopicSpec(ITEMS, "retain", "case id", "item as it now stands"),
    TopicSpec(TEAMS, "retain", "team id", "whole team, every version"),
)

_LIMIT_S = 30.0


async def ensure_topics(bootstrap: str, partitions: int = DEFAULT_PARTITIONS, replication: int = 1, extra: Sequence[TopicSpec] = ()) -> int:
    """Make what is missing and check what is there; any number of processes may do so at once.

    Return how many partitions every topic has: `partitions`, except on the in-memory broker, which has its own number.
    """
    specs = (*TOPICS, *extra)
    try:
        async with asyncio.timeout(_LIMIT_S), _client(bootstrap) as client:
            existing = await _partition_counts(client)
            missing = [spec for spec in specs if spec.name not in existing]
            try:
                await _create(client, missing, partitions, replication)
            except IncompatibleBrokerVersion:  # only librdkafka's mock: it makes a topic when it first hears its name
                return await _mock_partitions(client, [spec.name for spec in specs])
            while any(spec.name not in existing for spec in specs):  # known everywhere only a moment later
                await asyncio.sleep(0.05)
                existing = await _partition_counts(client)
            _check_partitions({spec.name: existing[spec.name] for spec in specs}, partitions)
            await _check_settings(client, specs)
            return partitions
    except TimeoutError as late:
        what = f"the broker at {bootstrap} did not finish making topics in {_LIMIT_S:.0f} s"
        raise BrokerFault(what, "Look at its log.") from late
    except (KafkaError, OSError) as error:
        raise _unasked(bootstrap, error) from error


async def partition_counts(bootstrap: str) -> dict[str, int]:
    """Ask for every topic there is, and how many partitions it has. Makes none."""
    try:
        async with asyncio.timeout(_LIMIT_S), _client(bootstrap) as client:
            return await _partition_counts(client)
    except (TimeoutError, KafkaError, OSError) as error:
        raise _unasked(bootstrap, error) from error


async def reachable(bootstrap: str, timeout: float = 5.0) -> bool:  # noqa: ASYNC109  it answers, it does not raise
    """Say whether a broker answers a metadata request within so many seconds."""
    try:
        async with asyncio.timeout(timeout):
            if not await _any_port_open(bootstrap):  # aiokafka would log an error for each refused connection
                return False
            async with _client(bootstrap) as client:
                return bool(client.cluster.brokers())
    except (TimeoutError, KafkaError, OSError):
        return False


async def ask_any(bootstrap: str, request: Any) -> Any:
    """Give one broker's answer to a request of the protocol. Raises aiokafka's errors, `TimeoutError` or `OSError`."""
    async with asyncio.timeout(_LIMIT_S), _client(bootstrap) as client:
        return await client.send(client.get_random_node(), request)


@contextlib.asynccontextmanager
async def _client(bootstrap: str) -> AsyncIterator[Any]:
    """A bare client, to which requests are given as the protocol has them, and not aiokafka's `AIOKafkaAdminClient`.

    Tried with the in-memory broker: that client's `create_topics` wants to know the controller, which it never names, and
    ends in an `AttributeError` that says nothing of the cause. Here the request itself is refused, with `IncompatibleBrokerVersion`.
    """
    client = AIOKafkaClient(**client_arguments(bootstrap), client_id="alertbus-admin", request_timeout_ms=10_000)
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


async def _any_port_open(bootstrap: str) -> bool:
    for server in bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        with contextlib.suppress(OSError, ValueError):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return True
    return False


async def _partition_counts(client: Any, names: list[str] | None = None) -> dict[str, int]:
    """Ask for all topics (`names` None makes none, even on a broker that makes a topic when it hears its name)."""
    answer = (await client.send(client.get_random_node(), MetadataRequest(names))).to_object()
    return {topic["topic"]: len(topic["partitions"]) for topic in answer["topics"] if topic["error_code"] == 0}


async def _create(client: Any, missing: Sequence[TopicSpec], partitions: int, replication: int) -> None:
    wanted: list[Any] = [(spec.name, partitions, replication, [], list(spec.config.items())) for spec in missing]
    request = CreateTopicsRequest(create_topic_requests=wanted, timeout=int(_LIMIT_S * 1000), validate_only=False)
    controller = client.cluster.controller
    node = controller.nodeId if controller is not None else client.get_random_node()  # any KRaft broker passes it on
    for name, code, *_ in (await client.send(node, request)).topic_errors:
        error = for_code(code)
        if code == 0 or error is TopicAlreadyExistsError:  # another process was quicker
            continue
        if error is NotControllerError:
            raise NotControllerError
        raise BrokerFault(
            f"topic '{name}' with {partitions} partitions, replication {replication}, was refused: {error.__name__}",
            remedy(error(), "Have an administrator make it, or give this account the right to."),
        )


async def _mock_partitions(client: Any, names: list[str]) -> int:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        counts = await _partition_counts(client, names)
        if len(counts) == len(names):
            return next(iter(counts.values()))
        await asyncio.sleep(0.05)
    raise BrokerFault("the in-memory broker did not make its topics", "Start it again.")


def _unasked(bootstrap: str, error: Exception) -> BrokerFault:
    what = f"the broker at {bootstrap} could not be asked for its topics ({type(error).__name__})"
    return BrokerFault(what, remedy(error, NOT_REACHED))


def _check_partitions(found: dict[str, int], wanted: int) -> None:
    for name, count in found.items():
        if count != wanted:
            raise BrokerFault(
                f"topic '{name}' has {count} partitions, expected {wanted}",
                f"If all topics have {count}, set that number; else make the topic anew with {wanted}. Do not add "
                "partitions: a key's next records would go elsewhere.",
            )


async def _check_settings(client: Any, specs: Sequence[TopicSpec]) -> None:
    """Say at start-up, and not in a rebuild, that a topic forgets after a week and so is no source of truth."""
    by_name = {spec.name: spec for spec in specs}
    asked = [(int(ConfigResourceType.TOPIC), spec.name, list(spec.config)) for spec in specs]
    answer = await client.send(client.get_random_node(), DescribeConfigsRequest(asked, include_synonyms=False))
    for code, _, _, name, entries in answer.resources:
        if code != 0:
            continue  # not allowed to look: whoever forbids it has made the topic
        found = {entry[0]: entry[1] for entry in entries}
        for setting, wanted in by_name[name].config.items():
            if found.get(setting, wanted) != wanted:
                raise BrokerFault(
                    f"topic '{name}' has {setting}={found[setting]}, expected {wanted}",
                    f"Change it: kafka-configs.sh --alter --topic {name} --add-config {setting}={wanted}",
                )
