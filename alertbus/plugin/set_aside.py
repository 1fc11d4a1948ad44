"""Plugins that cannot be imported: set aside, so that the rest run. Their agencies' notices cannot be made, which escalates; their sources
are out of order, and nobody is told that they do not exist.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message, Notice
from alertbus.plugin.hookspecs import CONTRACT


@dataclass(frozen=True, slots=True)
class PluginOffer:
    """What a plugin offered when it was last imported: the sectors of its adapters, the names of its adapters and of its sources."""

    sectors: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


Known = Mapping[str, PluginOffer]
"""What is remembered of plugins, by their names."""

NOTHING_KNOWN: Known = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SetAside:
    """One plugin that cannot be used. `reason` is the class of what went wrong and its place in the code."""

    plugin: str
    version: str
    reason: str
    offered: PluginOffer
    remembered: bool
    """False: it was never imported here, and `offered` is a guess by its name."""

    @classmethod
    def of(cls, plugin: str, version: str, reason: str, known: Known) -> "SetAside":
        """What it offers is known from when it was last imported; else a plugin for housing is called `housing`."""
        word = plugin.replace("-", "_").lower()
        guess = PluginOffer((word,), (plugin,), (plugin,))
        return cls(plugin, version, reason, known.get(plugin, guess), plugin in known)

    @property
    def words(self) -> str:
        return f"{self.plugin} is set aside: importing it ended in {self.reason}. Mend it or reinstall it, and start the bus again"


class AbsentAdapter:
    """Stands for the adapter of a plugin that is set aside: it can make no message, so what is owed shows as undelivered."""

    contract = CONTRACT
    formats: Sequence[str] = ()

    def __init__(self, sector: str, aside: SetAside) -> None:
        self.name = self.sector = sector
        self.aside = aside

    def render(self, notice: Notice) -> Message:  # noqa: ARG002  an adapter's shape
        raise PluginFault(f"agency plugin {self.aside.words}.")
