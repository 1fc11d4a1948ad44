"""The bus's own reducers in Quix Streams, the usual way: two stateful dataframes in one application, on the C client, state in RocksDB.

python quix_domain.py BOOTSTRAP PREFIX FOLDER BECAUSE_BYTES   (the last is not used: a notice has its own size)
"""

import sys

from domain import case_of, met, owed, person_of, stored
from quixstreams import Application, State
from quixstreams.models import Serializer

from alertbus.broker.record import Record

bootstrap, prefix, folder, _because_bytes = sys.argv[1:5]

app = Application(
    broker_address=bootstrap,
    consumer_group=prefix,
    auto_offset_reset="earliest",
    state_dir=folder,
    processing_guarantee="at-least-once",
    loglevel="WARNING",
)


class RecordsOwnValue(Serializer):
    """A record is kept whole until it is sent: its key and headers are needed until then."""

    def __call__(self, record: Record, ctx: object) -> bytes:  # noqa: ARG002  it is called with this name
        return record.value or b""


raw = {"key_deserializer": "bytes", "value_deserializer": "bytes"}
sent = {"key_serializer": "bytes", "value_serializer": RecordsOwnValue()}
person_events = app.topic(f"{prefix}.person-events", **raw)
case_events = app.topic(f"{prefix}.case-events", **raw, **sent)
obligations = app.topic(f"{prefix}.obligations", **sent)


def person(value: bytes, key: bytes, _timestamp: int, headers: list, state: State) -> list[Record]:
    after, arrivals = met(person_of(state.get_bytes("person")), key, headers, value)
    state.set_bytes("person", stored(after))
    return arrivals


def case(value: bytes, key: bytes, _timestamp: int, headers: list, state: State) -> list[Record]:
    after, said = owed(case_of(state.get_bytes("case")), key, headers, value)
    state.set_bytes("case", stored(after))
    return said


def its_headers(record: Record, _key: bytes, _timestamp: int, _headers: list) -> list:
    return list(record.headers)


def its_key(record: Record) -> bytes:
    return record.key


for source, decide, onward in ((person_events, person, case_events), (case_events, case, obligations)):
    made = app.dataframe(source).apply(decide, stateful=True, metadata=True, expand=True)
    made.set_headers(its_headers).to_topic(onward, key=its_key)

if __name__ == "__main__":
    app.run()
