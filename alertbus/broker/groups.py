"""The consumer groups and the topics each must get through; how far they have committed and who is in them.

The names stand here, beside those of the topics, and not with the workers: who asks how far a worker has come must not import it.
Progress is asked of the broker, because a worker that is up and does nothing would not know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from aiokafka.protocol.admin import DescribeGroupsRequest, DescribeGroupsRequest_v2

from alertbus.broker.access import client_arguments, remedy
from alertbus.broker.faults import BrokerFault
from alertbus.broker.topics import ALERTS, CASE_EVENTS, CASES, ITEMS, NOTICES, PERSON_EVENTS, RECEIPTS, REVIEW, partition_counts

STREAM = "alertbus-stream"
DELIVERY = "alertbus-delivery"
CHRONICLE = "alertbus-chronicle"

GROUPS: Mapping[str, Sequence[str]] = {
    STREAM: (ALERTS, PERSON_EVENTS, CASE_EVENTS),
    DELIVERY: (NOTICES,),
    CHRONICLE: (ALERTS, CASES, CASE_EVENTS, NOTICES, RECEIPTS, REVIEW, ITEMS),
}
"""The topics of each group. A group that has never committed has everything still before it."""

_LIMIT_S = 30.0


async def committed_offsets(bootstrap: str, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[tuple[str, int], int]]:
    """By group, from where it would go on in each (topic, partition) of the topics given; nothing where it never committed.

    Asked place by place, because the in-memory broker knows no other way. Raises `BrokerFault`.
    """
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap), client_id="alertbus-groups")
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
        raise BrokerFault(what, remedy(error, "Try again once the broker answers.")) from error
    finally:
        await admin.close()


async def groups_at_work(bootstrap: str, groups: Sequence[str]) -> list[str]:
    """Those of the groups in which some process is a member. One that was killed counts until its session runs out."""
    admin = AIOKafkaAdminClient(**client_arguments(bootstrap), client_id="alertbus-groups")
    try:
        async with asyncio.timeout(_LIMIT_S):
            await admin.start()
            working = [group for group in groups if await _has_members(admin, group)]
            return sorted(working)
    except (TimeoutError, KafkaError, OSError) as error:
        what = f"asking {bootstrap} who is at work failed ({type(error).__name__})"
        raise BrokerFault(what, remedy(error, "Try again once the broker answers.")) from error
    finally:
        await admin.close()


class _Describe(DescribeGroupsRequest):  # type: ignore[misc]  # aiokafka has no types
    """In version 2: aiokafka 0.14 reads the answer to version 3, which it would choose, by the form of version 2."""

    def build(self, request_struct_class: object) -> DescribeGroupsRequest_v2:  # noqa: ARG002  the choice is ours
        return DescribeGroupsRequest_v2(self._groups)


async def _has_members(admin: AIOKafkaAdminClient, group: str) -> bool:
    node = await _once_there(lambda: admin.find_coordinator(group))
    answer = await _once_there(lambda: admin._send_request(_Describe([group]), node))  # noqa: SLF001 - the public call asks in version 3
    return any(members for _, _, _, _, _, members in answer.groups)


async def _of_group(admin: AIOKafkaAdminClient, group: str, places: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
    found = await _once_there(lambda: admin.list_consumer_group_offsets(group, partitions=list(places)))
    return {(place.topic, place.partition): meta.offset for place, meta in found.items() if meta.offset >= 0}


async def _once_there(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again while a new broker makes its topic for offsets, as it does when first asked."""
    while True:
        try:
            return await ask()
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(0.2)
