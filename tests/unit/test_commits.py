"""How often a consumer commits what was handled: seldom, and never more than it handled."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, NodeNotReadyError

from alertbus.broker.consumer import COMMIT_S, Handled
from alertbus.broker.faults import BrokerFault

ONE, TWO = TopicPartition("facts", 1), TopicPartition("facts", 2)


class Group:
    """A consumer that keeps what it is told to commit, and a clock that the test sets."""

    def __init__(self) -> None:
        self.commits: list[Mapping[Any, int]] = []
        self.at = 100.0
        self.refuses: Exception | None = None

    async def commit(self, offsets: Mapping[Any, int]) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.commits.append(dict(offsets))


def a_group() -> tuple[Group, Handled]:
    group = Group()
    return group, Handled(group, "here:9092", lambda: group.at)


async def test_batches_that_come_close_together_share_one_commit() -> None:
    group, handled = a_group()
    for offset in range(1, 11):
        handled.note({ONE: offset})
        await handled.commit_if_due()
        group.at += COMMIT_S * 0.21
    handled.note({TWO: 7})
    group.at += COMMIT_S * 1.01
    await handled.commit_if_due()

    assert group.commits == [{ONE: 1}, {ONE: 6}, {ONE: 10, TWO: 7}]


async def test_the_last_batch_is_committed_though_none_comes_after_it_and_then_nothing_more_is() -> None:
    group, handled = a_group()
    handled.note({ONE: 1})
    await handled.commit_if_due()
    handled.note({ONE: 2})
    await handled.commit_if_due()
    for _ in range(3):
        group.at += COMMIT_S * 1.01
        await handled.commit_if_due()

    assert group.commits == [{ONE: 1}, {ONE: 2}]


async def test_at_an_end_or_a_rebalance_what_was_handled_is_committed_at_once() -> None:
    group, handled = a_group()
    handled.note({ONE: 1})
    await handled.commit()
    handled.note({ONE: 2, TWO: 5})
    await handled.commit()

    assert group.commits == [{ONE: 1}, {ONE: 2, TWO: 5}]


async def test_what_the_group_refuses_is_left_to_whoever_has_it_now() -> None:
    group, handled = a_group()
    group.refuses = CommitFailedError()
    handled.note({ONE: 1})
    await handled.commit()
    group.refuses = None
    await handled.commit()

    assert group.commits == []


async def test_a_broker_that_is_away_is_a_fault_of_its_own() -> None:
    group, handled = a_group()
    group.refuses = NodeNotReadyError()
    handled.note({ONE: 1})
    with pytest.raises(BrokerFault):
        await handled.commit()
