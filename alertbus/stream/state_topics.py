"""The stream's name at the broker and the topics of its states: for whoever makes or reads topics, without the engine."""

from alertbus.broker import groups
from alertbus.broker.topics import TopicSpec

APP = groups.STREAM
"""Consumer group and prefix of the changelog topics. Changing it starts the stream from the beginning."""

MAX_STATE_BYTES = 16 * 1024 * 1024
"""Bytes of a changelog record. Chosen: some sixty standing alerts of the greatest length in one person's or case's state. A larger one
cannot be written, and stops the worker."""

STATE_TOPICS = tuple(
    TopicSpec(f"{APP}-{name}-changelog", "compact", f"{name} id", f"{name} reducer's state", max_bytes=MAX_STATE_BYTES)
    for name in ("person", "case")
)
"""The changelogs of the two tables, under the names the engine gives them."""
