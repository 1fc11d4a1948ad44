"""The `plugins:` section of a policy: how much the bus takes from a plugin, and which plugins run in a process of their own. Pure."""

from typing import Annotated

from pydantic import Field, StringConstraints

from alertbus.model.base import Word

PluginName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]


class PluginRules(Word):
    """Limits that hold for every plugin alike. Every number is ours."""

    largest_message_bytes: int = Field(default=4_000_000, ge=10_000, le=100_000_000)
    """How large a rendered message may be. Chosen: a notice reaches delivery in one record of at most 1 MB, and the wordiest of the shipped
    adapters writes two to three bytes for each of its bytes; what is larger than this was not made of the notice.
    """
    most_alerts: int = Field(default=500, ge=1, le=100_000)
    """How many statements one message of a source may make. Chosen: a day's notices of a force, or a register sent whole by a small county,
    are below it; each statement is told to several agencies, and whoever reads them reads no thousand."""
    isolated: frozenset[PluginName] = frozenset()
    """The plugins, by the name of their entry point, that run in a process of their own: those that nobody here has read."""
    isolated_memory_mb: int = Field(default=1024, ge=256, le=65_536)
    """How much address space the process of an isolated plugin has. Chosen: Python with the bus's words takes a third of it."""


USUAL_LIMITS = PluginRules()
