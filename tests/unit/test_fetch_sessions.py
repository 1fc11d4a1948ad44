"""A consumer that fetches by session is answered as one that names every partition each time, whatever is lost on the way (KIP-227)."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11, FetchResponse_v4, FetchResponse_v11
from aiokafka.protocol.metadata import MetadataRequest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.fetch_sessions import REST_S, FetchSessions

Places = Mapping[tuple[str, int], int]
"""By topic and partition: from which offset it is to be read."""

UNKNOWN_SESSION, WRONG_EPOCH = 70, 71
MOST = 1_000_000


class AnswerLost(Exception):
    """The connection broke."""


class SessionBroker:
    """One that keeps fetch sessions as KIP-227 has them. What a session holds after the last question that it counted is in `held`."""

    def __init__(self, version: Any = FetchRequest_v11, *, keeps: bool = True) -> None:
        self.version, self.keeps = version, keeps
        self.held: dict[tuple[str, int], int] = {}
        self.named: list[int] = []
        """How many partitions each question named."""
        self.loses = ""
        self._session = self._epoch = self._given = 0

    def forget_session(self) -> None:
        self._session = 0

    async def send(self, node_id: int, request: Any, *, group: Any = None) -> Any:
        if isinstance(request, MetadataRequest):
            return "metadata"
        if self.loses == "question":
            raise AnswerLost
        said = self.version.decode(request.build(self.version).encode())
        code = self._count(said)
        if self.loses == "answer":
            raise AnswerLost
        if self.version is FetchRequest_v4:
            return FetchResponse_v4(0, [])
        return FetchResponse_v11(0, code, said.session_id if code else self._session, [])

    def _count(self, said: Any) -> int:
        wanted = {(topic, part[0]): part[2 if self.version is FetchRequest_v11 else 1] for topic, some in said.topics for part in some}
        self.named.append(len(wanted))
        if self.version is FetchRequest_v4 or said.session_epoch == 0:
            self.held = wanted
            self._given += 1
            self._session, self._epoch = (self._given if self.keeps else 0), 1
            return 0
        if said.session_id != self._session or not self._session:
            return UNKNOWN_SESSION
        if said.session_epoch != self._epoch:
            return WRONG_EPOCH
        self._epoch += 1
        for topic, numbers in said.forgotten_topics_data:
            for number in numbers:
                del self.held[topic, number]
        self.held |= wanted
        return 0


def a_fetch(places: Places) -> FetchRequest:
    by_topic: dict[str, list[tuple[int, int, int]]] = {}
    for (topic, number), offset in places.items():
        by_topic.setdefault(topic, []).append((number, offset, MOST))
    return FetchRequest(500, 1, MOST, 0, list(by_topic.items()))


steps = st.lists(
    st.tuples(
        st.dictionaries(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 3)), st.integers(0, 5), min_size=1),
        st.sampled_from(["", "", "", "question", "answer", "session"]),
    ),
    max_size=30,
)


@given(steps=steps)
def test_whatever_is_lost_a_question_that_is_answered_without_a_fault_was_about_all_that_is_wanted(
    steps: list[tuple[Places, str]],
) -> None:
    async def play() -> None:
        broker = SessionBroker()
        sessions = FetchSessions(broker.send)
        for places, trouble in steps:
            broker.loses = trouble
            if trouble == "session":
                broker.forget_session()
            try:
                answer = await sessions.send(1, a_fetch(places))
            except AnswerLost:
                continue
            if answer.error_code:  # the fetcher, which was given nothing, asks again at once
                assert answer.topics == []
                answer = await sessions.send(1, a_fetch(places))
            assert answer.error_code == 0
            assert broker.held == places

    asyncio.run(play())


async def test_a_question_names_only_the_partitions_that_are_new_or_were_read_on() -> None:
    broker = SessionBroker()
    sessions = FetchSessions(broker.send)
    places = {("one", number): 0 for number in range(12)}

    for read in ({}, {}, {("one", 3): 8}, {("one", 3): 9, ("one", 4): 1}):
        places |= read
        await sessions.send(1, a_fetch(places))

    assert broker.named == [12, 0, 1, 2]


@pytest.mark.parametrize("broker", [SessionBroker(keeps=False), SessionBroker(FetchRequest_v4)], ids=["no-session", "no-such-version"])
async def test_a_broker_without_sessions_is_told_every_partition_each_time(broker: SessionBroker) -> None:
    sessions = FetchSessions(broker.send)
    places = {("one", number): 0 for number in range(5)}

    for _ in range(3):
        await sessions.send(1, a_fetch(places))

    assert broker.named == [5, 5, 5]
    assert broker.held == places


async def test_every_broker_has_a_session_of_its_own_and_other_requests_go_on_as_they_are() -> None:
    one, two = SessionBroker(), SessionBroker()

    async def send(node_id: int, request: Any, *, group: Any) -> Any:
        return await (one if node_id == 1 else two).send(node_id, request)

    sessions = FetchSessions(send)
    await sessions.send(1, a_fetch({("one", 0): 4}))
    await sessions.send(2, a_fetch({("one", 1): 5}))
    await sessions.send(1, a_fetch({("one", 0): 6}))

    assert (one.held, two.held) == ({("one", 0): 6}, {("one", 1): 5})
    assert await sessions.send(1, MetadataRequest([])) == "metadata"


async def test_after_an_answer_that_brought_records_the_next_question_waits_a_moment_and_otherwise_none() -> None:
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        rested.append(seconds)

    brought: list[bytes] = [b"", b"some", b"more", b""]

    async def send(node_id: int, request: Any, *, group: Any) -> Any:
        return FetchResponse_v11(0, 0, 7, [("one", [(0, 0, 9, 9, 0, None, -1, brought.pop(0))])])

    sessions = FetchSessions(send, sleep, lambda: 100.0)
    for _ in range(4):
        await sessions.send(1, a_fetch({("one", 0): 4}))

    assert rested == [pytest.approx(REST_S)] * 2
