"""What stands on a topic, asked for again and again while a test waits: each record is read and understood once."""

import asyncio

from alertbus.broker.consumer import read_all
from alertbus.wire.reading import Understood, understand
from alertbus.wire.words import Words


class ReadSoFar:
    def __init__(self, topic: str, words: Words) -> None:
        self._topic, self._words = topic, words
        self._found: list[Understood] = []
        self._next: dict[tuple[str, int], int] = {}
        self._one_at_a_time = asyncio.Lock()

    async def all(self, bootstrap: str) -> list[Understood]:
        """Everything there is by now, repeats and all, in order within each partition."""
        async with self._one_at_a_time:
            async for record in read_all(bootstrap, [self._topic], starts=self._next):
                self._found.append(understand(record, self._words))
                self._next[record.topic, record.partition] = record.offset + 1
            return list(self._found)
