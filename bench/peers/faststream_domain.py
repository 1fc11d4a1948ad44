"""The bus's own reducers in FastStream, the usual way: two subscribers, one publish at a time, a dictionary for state.

    python faststream_domain.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES   (the last two are not used)

FastStream has no state of its own: what the dictionaries hold is gone with the process, and need not be read from bytes.
"""

import asyncio
import sys

from domain import met, owed
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

bootstrap, prefix, _folder, _because_bytes = sys.argv[1:5]

broker = KafkaBroker(bootstrap, logger=None)
app = FastStream(broker, logger=None)
persons = {}
cases = {}


@broker.subscriber(f"{prefix}.person-events", group_id=prefix, auto_offset_reset="earliest")
async def person(message: KafkaMessage) -> None:
    found = message.raw_message
    persons[found.key], arrivals = met(persons.get(found.key), found.key, list(found.headers), found.value)
    for arrival in arrivals:
        await publish(arrival, "case-events")


@broker.subscriber(f"{prefix}.case-events", group_id=prefix, auto_offset_reset="earliest")
async def case(message: KafkaMessage) -> None:
    found = message.raw_message
    cases[found.key], said = owed(cases.get(found.key), found.key, list(found.headers), found.value)
    for notice in said:
        await publish(notice, "obligations")


async def publish(record, topic: str) -> None:
    headers = {name: text.decode() for name, text in record.headers}
    await broker.publish(record.value, topic=f"{prefix}.{topic}", key=record.key, headers=headers)


if __name__ == "__main__":
    asyncio.run(app.run())
