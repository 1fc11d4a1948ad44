"""The floor's plan: our own hops, and on each exactly what our stage wrote there, under topic names of the floor's own."""

import asyncio
from collections.abc import Sequence

from alertbus.bench.floor import Hop, Plan, Send
from alertbus.bench.log_ends import Shape
from alertbus.bench.process import Parts, Running
from alertbus.broker import topics
from alertbus.broker.topics import TopicSpec
from alertbus.stream.state_topics import STATE_TOPICS

PARTITIONS = 12
"""As many as the bus has unless told otherwise."""

PERSON_STATE, CASE_STATE = (spec.name for spec in STATE_TOPICS)
WRITTEN = (topics.PERSON_EVENTS, PERSON_STATE, topics.CASE_EVENTS, topics.NOTICES, CASE_STATE, topics.REVIEW)
"""Every topic the three stages write to. Review stays empty here, and is counted lest it should not."""


def floor_topic(topic: str) -> str:
    return f"floor.{topic}"


FLOOR_TOPICS = tuple(TopicSpec(floor_topic(topic), "retain", "key", "the same bytes") for topic in (topics.ALERTS, *WRITTEN))


def plan_of(bootstrap: str, shapes: Sequence[Shape], first: str = topics.ALERTS) -> Plan:
    """The floor's hops, each writing exactly what our stage wrote: as many records for each alert, of the same bytes."""
    by_topic = {shape.topic: shape for shape in shapes}
    hops: list[Hop] = []
    arriving = 1.0  # records that reach the hop for each alert
    for source, written, onward in (
        (topics.ALERTS, (topics.PERSON_EVENTS, topics.REVIEW), topics.PERSON_EVENTS),
        (topics.PERSON_EVENTS, (topics.CASE_EVENTS, PERSON_STATE), topics.CASE_EVENTS),
        (topics.CASE_EVENTS, (topics.NOTICES, CASE_STATE), topics.NOTICES),
    ):
        if hops or source == first:
            sends = tuple(
                Send(floor_topic(topic), by_topic[topic].per_alert / arriving, by_topic[topic].value_bytes, by_topic[topic].headers)
                for topic in written
                if topic in by_topic
            )
            hops.append(Hop(floor_topic(source), sends))
        arriving = by_topic[onward].per_alert
    return Plan(bootstrap, PARTITIONS, tuple(hops))


async def start_floor(parts: Parts, plan: Plan) -> Running:
    path = parts.folder / "floor.json"
    plan.write(path)
    running = parts.run("floor", "-m", "alertbus.bench.floor", str(path))
    while "ready" not in running.log.read_text(encoding="utf-8"):
        running.alive()
        await asyncio.sleep(0.05)
    return running
