"""The changelog topics of the stream worker's two tables: named here, without the engine, so that whoever makes topics need not load it."""

from alertbus.broker.topics import TopicSpec

APP = "alertbus-stream"
"""Consumer group and prefix of the changelog topics. Changing it starts the stream from the beginning."""

MAX_STATE_BYTES = 16 * 1024 * 1024
"""Of one person's or one case's state: some sixty alerts of the greatest length that still stand. Larger stops the worker, and says so."""

STATE_TOPICS = tuple(
    TopicSpec(f"{APP}-{name}-changelog", "compact", f"{name} id", f"{name} reducer's state", max_bytes=MAX_STATE_BYTES)
    for name in ("person", "case")
)
"""The changelogs of the two tables, under the names the engine gives them."""
