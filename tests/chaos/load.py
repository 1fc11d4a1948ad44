"""The senders: agencies that send alerts and a social worker who changes cases, through the real gateway, and do not give up.

A sender repeats a request until it is answered with 2xx: after a refused connection, a cut one or a 5xx. It waits as `Retry-After` asks, at
most three seconds, so that a run stays short. Only what was answered with 2xx counts as accepted.
"""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from alertbus.model.alert import Alert
from tests.chaos.families import Alerts, Family

LIMIT_S = 10.0
"""How long a sender waits for an answer."""

LONGEST_WISH_S = 3.0
"""The most that `Retry-After` is honoured for."""

UNDER_WAY = 400
"""Senders at once; beyond it the load waits."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A statement for which its sender saw 2xx, and when (monotonic seconds of this process)."""

    statement_id: str
    alert_id: str
    at: float


@dataclass(slots=True)
class Load:
    """`offer` and `change` begin one more sender; `accepted` and `recorded` are what the senders were answered."""

    url: str
    chance: random.Random
    families: list[Family]
    prefix: str = "chaos"
    accepted: list[Accepted] = field(default_factory=list)
    recorded: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By case, the versions for which a PUT was answered 2xx."""
    answered: set[str] = field(default_factory=set)
    """Obligations that a worker has answered, and heard so."""
    refused: list[int] = field(default_factory=list)
    """Statuses that say no: none is expected, for what is sent is right."""
    offered: int = 0
    _alerts: Alerts = field(init=False)
    _client: httpx.AsyncClient = field(init=False)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _one_or_two: tuple[Family, ...] = field(init=False)
    _said_one: bool = False
    _people: asyncio.Lock = field(default_factory=asyncio.Lock)
    _turns: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def __post_init__(self) -> None:
        self._alerts = Alerts(self.chance, self.families, self.prefix)
        self._one_or_two = tuple(self.chance.sample(self.families, 2))
        self._client = httpx.AsyncClient(
            base_url=self.url, timeout=LIMIT_S, trust_env=False, limits=httpx.Limits(max_connections=UNDER_WAY)
        )

    async def open_cases(self) -> None:
        await asyncio.gather(*(self._put(family) for family in self.families))

    def offer(self) -> asyncio.Task[None]:
        """One more alert, on its way until it is accepted."""
        self.offered += 1
        return self._begin(self._state(self._alerts.next(datetime.now(UTC))))

    def change(self) -> asyncio.Task[None]:
        """One more change of a case, on its way until it is recorded."""
        index = self.chance.randrange(len(self.families))
        self.families[index] = self.families[index].changed(self.chance)
        return self._begin(self._put(self.families[index]))

    def rejoin(self) -> asyncio.Task[None]:
        """Two families' partners are said to be one, or, if that was said last, to be two; on its way until it is accepted."""
        one, other = self._one_or_two
        self._said_one = not self._said_one
        if not self._said_one:
            self._one_or_two = tuple(self.chance.sample(self.families, 2))
        return self._begin(self._say("merges" if self._said_one else "splits", one, other))

    @property
    def waiting(self) -> int:
        return len(self._under_way)

    def answer(self, obligation_id: str, by: str, after_s: float) -> asyncio.Task[None]:
        """One agency's worker answers, after a while; on its way until that is recorded."""
        return self._begin(self._acknowledge(obligation_id, by, after_s))

    async def room(self) -> None:
        """Return when another sender may begin."""
        while len(self._under_way) >= UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    async def settle(self, limit_s: float) -> int:
        """Wait for every sender to be answered. Says how many were not, and ends them."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=limit_s)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    async def close(self) -> None:
        await self.settle(0)
        await self._client.aclose()

    def _begin(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _state(self, alert: Mapping[str, Any]) -> None:
        answer = await self._until_answered(lambda: self._client.post("/v1/alerts", json=alert))
        if answer is None:
            return
        self._alerts.accepted(alert)
        self.accepted.append(Accepted(Alert.model_validate(alert).statement_id, answer.json()["id"], time.monotonic()))

    async def _put(self, family: Family) -> None:
        async with self._turns[family.number]:
            snapshot = family.snapshot(datetime.now(UTC).date())
            answer = await self._until_answered(lambda: self._client.put(f"/v1/cases/{family.case_id}", json=snapshot))
            if answer is not None:
                self.recorded[family.case_id].add(answer.json()["version"])

    async def _acknowledge(self, obligation_id: str, by: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        said = {"by": by, "intent": "acting"}
        path = f"/v1/obligations/{obligation_id}/acknowledgements"
        if await self._until_answered(lambda: self._client.post(path, json=said)) is not None:
            self.answered.add(obligation_id)

    async def _say(self, what: str, *families: Family) -> None:
        people = [{"case_id": family.case_id, "key": "partner"} for family in families]
        async with self._people:  # in the order in which they were said
            await self._until_answered(lambda: self._client.post(f"/v1/people/{what}", json={"people": people, "by": "A. Tester"}))

    async def _until_answered(self, send: Callable[[], Any]) -> httpx.Response | None:
        wait = 0.1
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer: httpx.Response = await send()
                if answer.is_success:
                    return answer
                if answer.status_code < 500 and answer.status_code not in {408, 425, 429}:
                    self.refused.append(answer.status_code)
                    return None
                wait = max(wait, min(float(answer.headers.get("retry-after", 0)), LONGEST_WISH_S))
            await asyncio.sleep(wait * (0.5 + self.chance.random()))
            wait = min(wait * 2, LONGEST_WISH_S)
