"""The bus's own reducers in Faust, the usual way: two agents, two tables in RocksDB with changelogs, `topic.send` for each output.

python faust_domain.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES   (the last is not used: a notice has its own size)
"""

import sys

import faust
from domain import case_of, met, owed, person_of, stored

bootstrap, prefix, folder, _because_bytes = sys.argv[1:5]

app = faust.App(
    prefix,
    broker=f"kafka://{bootstrap}",
    store="rocksdb://?driver=rocksdict",
    datadir=folder,
    topic_partitions=12,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)
raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
person_events = app.topic(f"{prefix}.person-events", **raw)
case_events = app.topic(f"{prefix}.case-events", **raw)
obligations = app.topic(f"{prefix}.obligations", **raw)
persons = app.Table("persons", default=None, partitions=12, key_type=bytes, value_type=bytes)
cases = app.Table("cases", default=None, partitions=12, key_type=bytes, value_type=bytes)


@app.agent(person_events)
async def person(stream):
    async for event in stream.events():
        key = event.key
        after, arrivals = met(person_of(persons.get(key)), key, list(event.message.headers), event.value)
        persons[key] = stored(after)
        for arrival in arrivals:
            await case_events.send(key=arrival.key, value=arrival.value, headers=arrival.headers)


@app.agent(case_events)
async def case(stream):
    async for event in stream.events():
        key = event.key
        after, said = owed(case_of(cases.get(key)), key, list(event.message.headers), event.value)
        cases[key] = stored(after)
        for notice in said:
            await obligations.send(key=notice.key, value=notice.value, headers=notice.headers)


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--loglevel", "warn", "--without-web"]
    app.main()
