"""The join in Faust, the usual way: two agents, two tables in RocksDB with changelogs, `topic.send` for each output.

python faust_plain.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES
"""

import sys

import faust
from join import met, owed, recipient

bootstrap, prefix, folder, because_bytes = sys.argv[1:5]
because = "x" * int(because_bytes)

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
person_events = app.topic(f"{prefix}.person-events", key_type=str, value_serializer="json", key_serializer="raw")
case_events = app.topic(f"{prefix}.case-events", key_type=str, value_serializer="json", key_serializer="raw")
obligations = app.topic(f"{prefix}.obligations", key_type=str, value_serializer="json", key_serializer="raw")
persons = app.Table("persons", default=None, partitions=12)
cases = app.Table("cases", default=None, partitions=12)


@app.agent(person_events)
async def person(events):
    async for event in events:
        persons[event["person"]], arrivals = met(persons.get(event["person"]), event)
        for arrival in arrivals:
            await case_events.send(key=arrival["case"], value=arrival)


@app.agent(case_events)
async def case(events):
    async for event in events:
        cases[event["case"]], said = owed(cases.get(event["case"]), event, because)
        for obligation in said:
            await obligations.send(key=recipient(obligation), value=obligation)


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--loglevel", "warn", "--without-web"]
    app.main()
