"""What the engine's consumer commits for the lanes: what they have reached and the group has not, and nothing it was refused."""

from collections import defaultdict
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from alertbus.stream.lane_consumer import LaneConsumer


def a_consumer(reached: Mapping[int, int], answers: list[bool]) -> tuple[Any, list[Mapping[TP, int]]]:
    """A consumer without a broker, which answers its commits as given; and the commits that were asked for."""
    consumer: Any = object.__new__(LaneConsumer)
    asked: list[Mapping[TP, int]] = []

    async def commit(offsets: Mapping[TP, int]) -> bool:
        asked.append(dict(offsets))
        return answers.pop(0)

    consumer.lanes = {"facts": SimpleNamespace(reached=lambda: reached)}
    consumer._committed_offset = defaultdict(lambda: None)
    consumer._commit = commit
    return consumer, asked


async def test_only_what_was_reached_since_the_last_commit_is_committed() -> None:
    reached = {0: 5, 1: 0, 2: 7}
    consumer, asked = a_consumer(reached, [True, True])

    outcomes = [await consumer.force_commit()]
    reached[1] = 3
    outcomes += [await consumer.force_commit(), await consumer.force_commit()]

    assert asked == [{TP("facts", 0): 5, TP("facts", 2): 7}, {TP("facts", 1): 3}]
    assert outcomes == [True, True, False]


async def test_what_the_group_refused_is_committed_again() -> None:
    consumer, asked = a_consumer({0: 5}, [False, True])

    outcomes = [await consumer.force_commit(), await consumer.force_commit()]

    assert (asked, outcomes) == ([{TP("facts", 0): 5}] * 2, [False, True])
