"""Fetching by session (KIP-227): the broker remembers which partitions a consumer reads, and from where; only what changed is said again.

aiokafka names every partition in every fetch, and the broker every partition in every answer, whether anything came or not. A consumer of
many partitions that waits for single records spends most of its time on that. With a session a question and its answer hold the partitions
that have something. The broker decides by the offsets it was told, as without a session, so an answer that got lost loses nothing: whenever
it is not certain that both sides hold the same, everything is named again. A broker that keeps no session is asked as before.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.protocol.fetch import FetchRequest

_KEEPS_SESSIONS = 7
"""The first version of the request that knows of sessions."""

_LAST_EPOCH = 2**31 - 1

REST_S = 0.003
"""Seconds from an answer that brought records to the next question. Chosen: less than a stage takes for what was brought, so that an alert
alone is not kept waiting for its next hop, and enough that what comes close behind it shares a fetch."""

_Wanted = Mapping[tuple[str, int], tuple[int, int]]
"""By topic and partition: from which offset, and how many bytes at most."""

_Topics = list[tuple[str, list[tuple[int, int, int]]]]


class FetchSessions:
    """Sends a client's requests on, its fetches by session: one for each broker, in which one fetch is under way at a time."""

    def __init__(
        self,
        send: Callable[..., Awaitable[Any]],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`send` is the client's own; `sleep` and `clock` are in seconds."""
        self._send, self._sleep, self._clock = send, sleep, clock
        self._sessions: defaultdict[int, _FetchSession] = defaultdict(_FetchSession)

    async def send(self, node_id: int, request: Any, *, group: Any = ConnectionGroup.DEFAULT) -> Any:
        """Give the broker's answer, which may leave out partitions of which there is nothing to say."""
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, group=group)
        session = self._sessions[node_id]
        if (rest := session.rests_until - self._clock()) > 0:
            await self._sleep(rest)
        asked = session.ask(request)
        try:
            answer = await self._send(node_id, asked, group=group)
        except BaseException:  # the broker may have counted it, or not
            session.restart()
            raise
        session.heard(answer)
        if any(partition[-1] for _, partitions in answer.topics for partition in partitions):
            session.rests_until = self._clock() + REST_S
        return answer


def fetch_by_session(consumer: Any) -> None:
    """Have an aiokafka consumer that was not started yet fetch by session."""
    client = consumer._client  # noqa: SLF001 - aiokafka offers no other way to its client
    client.send = FetchSessions(client.send).send


class _FetchSession:
    """What one broker was told, and the number of the next question."""

    def __init__(self) -> None:
        self._id = 0
        self._epoch = 0
        self._told: _Wanted = {}
        self.rests_until = 0.0

    def ask(self, request: FetchRequest) -> "_ByFetchSession":
        wanted = {(topic, number): (offset, most) for topic, some in request.topics for number, offset, most in some}
        changed = {place: wants for place, wants in wanted.items() if self._told.get(place) != wants}
        forgotten = [place for place in self._told if place not in wanted]
        self._told = wanted
        return _ByFetchSession(request, self._id, self._epoch, changed, forgotten)

    def heard(self, answer: Any) -> None:
        """Go on in the session that the broker gave; name everything again where it gave none, or no longer knows ours."""
        given = getattr(answer, "session_id", 0)
        if not given or answer.error_code:
            self.restart()
        else:
            self._id = given
            self._epoch = 1 if self._epoch == _LAST_EPOCH else self._epoch + 1

    def restart(self) -> None:
        """Begin a new session with the next question, which ends the one before."""
        self._epoch = 0
        self._told = {}


class _ByFetchSession(FetchRequest):  # type: ignore[misc]  # aiokafka has no types
    """A fetch of all that `whole` asks for, in the words of a session."""

    def __init__(self, whole: FetchRequest, session_id: int, epoch: int, changed: _Wanted, forgotten: list[tuple[str, int]]) -> None:
        self._whole, self._session_id, self._epoch = whole, session_id, epoch
        self._changed, self._forgotten = changed, forgotten

    def build(self, request_struct_class: Any) -> Any:
        whole = self._whole
        if request_struct_class.API_VERSION < _KEEPS_SESSIONS:
            return whole.build(request_struct_class)
        topics: _Topics = [
            (topic, [(number, *self._changed[topic, number]) for number in numbers]) for topic, numbers in _by_topic(self._changed).items()
        ]
        said = FetchRequest(
            whole._max_wait_ms,  # noqa: SLF001 - as its own `build` reads it
            whole._min_bytes,  # noqa: SLF001
            whole._max_bytes,  # noqa: SLF001
            whole._isolation_level,  # noqa: SLF001
            topics,
            whole._rack_id,  # noqa: SLF001
        ).build(request_struct_class)
        said.session_id, said.session_epoch = self._session_id, self._epoch
        said.forgotten_topics_data = list(_by_topic(self._forgotten).items())
        return said


def _by_topic(places: Any) -> dict[str, list[int]]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for topic, number in places:
        numbers[topic].append(number)
    return numbers
