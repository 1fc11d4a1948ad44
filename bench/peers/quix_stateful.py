"""The join in Quix Streams, the usual way: two stateful dataframes in one application, on the C client, state in RocksDB with changelogs.

python quix_stateful.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES
"""

import sys

from join import met, owed, recipient
from quixstreams import Application, State

bootstrap, prefix, folder, because_bytes = sys.argv[1:5]
because = "x" * int(because_bytes)

app = Application(
    broker_address=bootstrap,
    consumer_group=prefix,
    auto_offset_reset="earliest",
    state_dir=folder,
    processing_guarantee="at-least-once",
    loglevel="WARNING",
)
person_events = app.topic(f"{prefix}.person-events", key_deserializer="str", value_deserializer="json")
case_events = app.topic(
    f"{prefix}.case-events", key_deserializer="str", value_deserializer="json", key_serializer="str", value_serializer="json"
)
obligations = app.topic(f"{prefix}.obligations", key_serializer="str", value_serializer="json")


def person(event: dict, state: State) -> list[dict]:
    after, arrivals = met(state.get("person"), event)
    state.set("person", after)
    return arrivals


def case(event: dict, state: State) -> list[dict]:
    after, said = owed(state.get("case"), event, because)
    state.set("case", after)
    return said


app.dataframe(person_events).apply(person, stateful=True, expand=True).to_topic(case_events, key=lambda arrival: arrival["case"])
app.dataframe(case_events).apply(case, stateful=True, expand=True).to_topic(obligations, key=recipient)

if __name__ == "__main__":
    app.run()
