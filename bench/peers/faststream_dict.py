"""The join in FastStream, the usual way: two subscribers, one publish at a time, a dictionary for state.

    python faststream_dict.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES

FastStream has no state of its own: FOLDER is not used, and what the dictionaries hold is gone with the process.
"""

import asyncio
import sys

from faststream import FastStream
from faststream.kafka import KafkaBroker
from join import met, owed, recipient

bootstrap, prefix, _folder, because_bytes = sys.argv[1:5]
because = "x" * int(because_bytes)

broker = KafkaBroker(bootstrap, logger=None)
app = FastStream(broker, logger=None)
persons: dict[str, dict] = {}
cases: dict[str, dict] = {}


@broker.subscriber(f"{prefix}.person-events", group_id=prefix, auto_offset_reset="earliest")
async def person(event: dict) -> None:
    persons[event["person"]], arrivals = met(persons.get(event["person"]), event)
    for arrival in arrivals:
        await broker.publish(arrival, topic=f"{prefix}.case-events", key=arrival["case"].encode())


@broker.subscriber(f"{prefix}.case-events", group_id=prefix, auto_offset_reset="earliest")
async def case(event: dict) -> None:
    cases[event["case"]], said = owed(cases.get(event["case"]), event, because)
    for obligation in said:
        await broker.publish(obligation, topic=f"{prefix}.obligations", key=recipient(obligation).encode())


if __name__ == "__main__":
    asyncio.run(app.run())
