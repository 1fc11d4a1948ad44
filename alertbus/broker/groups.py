"""How far consumer groups have committed: asked of the broker, not of the workers."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from alertbus.broker.faults import BrokerFault
from alertbus.broker.topics import partition_counts

_LIMIT_S = 30.0


async def committed_offsets(bootstrap: str, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[tuple[str, int], int]]:
    """By group, from where it would go on in each (topic, partition) of the topics given; nothing where it never committed.

    Asked place by place, because the in-memory broker knows no other way. Raises `BrokerFault`.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="alertbus-groups")
    try:
        async with asyncio.timeout(_LIMIT_S):
            counts = await partition_counts(bootstrap)
            await admin.start()
            return {
                group: await _of_group(admin, group, [TopicPartition(t, n) for t in topics for n in range(counts.get(t, 0))])
                for group, topics in groups.items()
            }
    except (TimeoutError, KafkaError, OSError) as error:
        what = f"asking {bootstrap} for the offsets of groups failed ({type(error).__name__})"
        raise BrokerFault(what, "Try again once the broker answers.") from error
    finally:
        await admin.close()


async def _of_group(admin: AIOKafkaAdminClient, group: str, places: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group, partitions=list(places))
        except GroupCoordinatorNotAvailableError:  # a new broker makes its topic for offsets when first asked
            await asyncio.sleep(0.2)
        else:
            return {(place.topic, place.partition): meta.offset for place, meta in found.items() if meta.offset >= 0}
