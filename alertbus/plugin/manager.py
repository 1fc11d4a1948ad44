"""The agency plugins: found, checked when the bus starts, and called one at a time behind an error boundary.

A plugin that breaks the contract stops start-up with its name, its hook, what was found and what to do. Once running,
one that breaks fails its own message only, and its error's text, which may hold a family's data, goes nowhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Self

import pluggy

import alertbus
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message, Notice
from alertbus.plugin import hookspecs
from alertbus.plugin.boundary import Result
from alertbus.plugin.discovery import GROUP, NotImported, imported, installed, package_of
from alertbus.plugin.hookspecs import hookimpl
from alertbus.plugin.lanes import PluginLane
from alertbus.plugin.own_settings import WrongPluginSetting
from alertbus.plugin.plain import Plain
from alertbus.plugin.protocols import Adapter, Source
from alertbus.plugin.registration import check_adapter, check_hooks, check_source, clash
from alertbus.plugin.rendering import rendered
from alertbus.plugin.set_aside import NOTHING_KNOWN, AbsentAdapter, Known, PluginOffer, SetAside
from alertbus.plugin.stand_ins import IsolatedAdapter, isolated
from alertbus.plugin.transport_checks import check_transport
from alertbus.plugin.transports import Transport
from alertbus.plugin.unpackaged import dropped_in, found_at
from alertbus.policy.plugin_rules import USUAL_LIMITS, PluginRules

if TYPE_CHECKING:
    from alertbus.plugin.case_rules import AlertKind
    from alertbus.policy.additions import PolicyAdditions


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of `alertbus plugin list`."""

    plugin: str
    version: str
    kind: str
    name: str
    sector: str = ""
    formats: tuple[str, ...] = ()
    contract: int | None = None
    reason: str = ""
    """Of a plugin that is set aside, why."""


SET_ASIDE = "set aside"
"""The kind of a row that stands for a plugin that could not be imported."""


class Plugins:
    """The adapters and sources of all plugins. Built whole or not at all: a fault leaves nothing half registered."""

    def __init__(
        self,
        plugins: Mapping[str, object],
        versions: Mapping[str, str] | None = None,
        packages: Mapping[str, str] | None = None,
        rules: PluginRules = USUAL_LIMITS,
        set_aside: Sequence[SetAside] = (),
    ) -> None:
        """Take plugins by name, and of each its version and its package, where it has one. `rules`: the policy's."""
        self.rules = rules
        self.set_aside = tuple(set_aside)
        """The plugins that could not be imported."""
        self._packages = dict(packages or {})
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        for name, plugin in plugins.items():
            check_hooks(name, plugin, self._manager)
            try:
                self._manager.register(plugin, name=name)
                self._manager.check_pending()
            except (pluggy.PluginValidationError, ValueError) as error:
                raise PluginFault(f"agency plugin '{name}' is refused: {str(error).strip()}") from None
        self._versions = dict(versions or {})
        self._plain = Plain()
        self._owners: dict[int, str] = {}
        self._lanes: dict[int, PluginLane] = {}
        self.adapters: Mapping[str, Adapter] = MappingProxyType(self._adapters())
        self.sources: Mapping[str, Source] = MappingProxyType(self._sources())
        self.transports: Mapping[str, Transport] = MappingProxyType(self._transports())
        """Channels of the plugins' own, by name."""

    @cached_property
    def kinds(self) -> "Mapping[str, AlertKind]":
        """Kinds of alert of the plugins' own, by name. Raises `PluginFault`; asked where the policy is read, so when the bus starts."""
        from alertbus.plugin.case_rule_checks import kinds_of  # who only lists plugins reads no policy

        return MappingProxyType(kinds_of(self._offered("alertbus_kinds"), self._named))

    @cached_property
    def additions(self) -> "PolicyAdditions":
        """What all plugins add to the policy. Raises `PluginFault`, as `kinds` does."""
        from alertbus.plugin.case_rule_checks import additions_of

        owners = {getattr(kind, "name", ""): plugin for plugin, kind in self._offered("alertbus_kinds")}
        items, patterns = self._offered("alertbus_items"), self._offered("alertbus_patterns")
        return additions_of(self.kinds, items, patterns, owners, self._named)

    @classmethod
    def load(cls, plugins_dir: Path | None = None, rules: PluginRules = USUAL_LIMITS, known: Known = NOTHING_KNOWN) -> Self:
        """All plugins installed in this environment, and those of `plugins_dir`, which take the place of installed ones of the same name.

        One that cannot be imported is set aside; `known` says what it would offer. Raises `PluginFault` for the first that breaks the
        contract.
        """
        aside: list[SetAside] = []
        unpackaged = {one.name: one for one in dropped_in(plugins_dir)} if plugins_dir is not None else {}
        plugins: dict[str, object] = {}
        for name, one in unpackaged.items():
            try:
                plugins[name] = _apart(name, rules, plugins_dir) or one.imported()
            except NotImported as fault:
                aside.append(SetAside.of(name, one.version, fault.reason, known))
        versions = {name: one.version for name, one in unpackaged.items()}
        packages = {name: str(one.top) for name, one in unpackaged.items()}
        for entry in installed():
            if entry.name in unpackaged:
                continue
            version = versions[entry.name] = entry.dist.version if entry.dist else "unknown"
            try:
                plugins[entry.name] = _apart(entry.name, rules, None) or imported(entry)
            except NotImported as fault:
                aside.append(SetAside.of(entry.name, version, fault.reason, known))
            packages[entry.name] = package_of(entry)
        return cls(plugins, versions, packages, rules, aside)

    @classmethod
    def at(cls, path: Path) -> Self:
        """The plugins at a place and no other, installed or not. Raises `PluginFault`."""
        found = found_at(path)
        return cls({one.name: one.imported() for one in found}, {one.name: one.version for one in found})

    def adapter_for(self, sector: str) -> Adapter:
        """Give the sector's own adapter, else the plain one: an agency without a plugin is told all the same. Where its plugin is set
        aside, one that can make no message: what an agency's system reads is not replaced by another form in silence.
        """
        adapter = self.adapters.get(sector)
        if adapter is not None:
            return adapter
        aside = self.aside_for(sector)
        return self._plain if aside is None else AbsentAdapter(sector, aside)

    def aside_for(self, sector: str) -> SetAside | None:
        """The plugin that is set aside and would make the messages of this sector; None where there is none, or another one makes them."""
        if sector in self.adapters:
            return None
        return next((one for one in self.set_aside if sector in one.offered.sectors), None)

    def aside_of(self, name: str, kind: str) -> SetAside | None:
        """The plugin that is set aside and offers, or may offer, a `source` or an `adapter` of this name."""
        offered = [
            (one, one.offered.sources if kind == "source" else (*one.offered.adapters, *one.offered.sectors)) for one in self.set_aside
        ]
        certain = next((one for one, names in offered if name in names), None)
        return certain or next((one for one in self.set_aside if not one.remembered), None)

    def offered(self) -> dict[str, PluginOffer]:
        """What each plugin offers, to be remembered for when it cannot be imported."""
        rows = self.listing()
        return {
            plugin: PluginOffer(
                tuple(row.sector for row in rows if row.plugin == plugin and row.kind == "adapter"),
                tuple(row.name for row in rows if row.plugin == plugin and row.kind == "adapter"),
                tuple(row.name for row in rows if row.plugin == plugin and row.kind == "source"),
            )
            for plugin in {row.plugin for row in rows if row.kind != SET_ASIDE}
        }

    def made_by(self, adapter: Adapter) -> str:
        """Name the plugin an adapter comes from, and its version: the bus itself for the plain one."""
        if isinstance(adapter, AbsentAdapter):
            return f"{adapter.aside.plugin} {adapter.aside.version} (set aside)"
        plugin = self._owners.get(id(adapter))
        return f"alertbus {alertbus.__version__}" if plugin is None else f"{plugin} {self._versions.get(plugin, 'unknown')}"

    def listing(self) -> list[Listed]:
        rows = [self._row(adapter) for adapter in self.adapters.values()]
        rows += [self._row(source) for source in self.sources.values()]
        rows += [replace(self._row(one), kind="channel", contract=one.contract) for one in self.transports.values()]
        rows += [Listed(one.plugin, one.version, SET_ASIDE, "", reason=one.reason) for one in self.set_aside]
        return sorted(rows, key=lambda row: (row.plugin, row.kind, row.name))

    def render(self, notice: Notice, adapter: Adapter) -> Message:
        """Render the notice, under the bus's own idempotency key, its narrative proved whole or absent.

        Whatever goes wrong becomes a `PluginFault` without the plugin's own words: they may repeat the notice.
        """
        if isinstance(adapter, AbsentAdapter):
            return adapter.render(notice)
        return rendered(notice, adapter, self.owner_of(adapter), self.rules)

    async def call(self, offered: Adapter | Source, function: Callable[..., Result], *given: object, limit_s: float) -> Result:
        """Call a function of the bus's that calls this adapter's or source's code, in the threads that it alone has. Raises what the
        function raises, `TimeoutError` after the limit, and `LaneFull` without calling it.
        """
        lane = self._lanes.get(id(offered)) or self._lanes.setdefault(id(offered), PluginLane(offered.name))
        return await lane.call(function, *given, limit_s=limit_s)

    def is_apart(self, sector: str) -> bool:
        """Whether the sector's adapter runs in a process of its own, for which a thread waits."""
        return isinstance(self.adapters.get(sector), IsolatedAdapter)

    def owner_of(self, offered: Adapter | Source) -> str:
        """The name under which the plugin of an adapter or a source is installed; its own where it belongs to none."""
        return self._owners.get(id(offered), offered.name)

    def _adapters(self) -> dict[str, Adapter]:
        found: dict[str, Adapter] = {}
        for plugin, adapter in self._offered("alertbus_adapters"):
            checked = check_adapter(plugin, adapter)
            for other in found.values():
                if other.name == checked.name or other.sector == checked.sector:
                    same = (
                        f"an adapter named '{checked.name}'"
                        if other.name == checked.name
                        else f"an adapter for the sector '{checked.sector}'"
                    )
                    raise clash(self._named(self._owners[id(other)]), self._named(plugin), same)
            found[checked.sector] = checked
            self._owners[id(checked)] = plugin
        return found

    def _sources(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for plugin, source in self._offered("alertbus_sources"):
            checked = check_source(plugin, source)
            if (other := found.get(checked.name)) is not None:
                raise clash(self._named(self._owners[id(other)]), self._named(plugin), f"a source named '{checked.name}'")
            found[checked.name] = checked
            self._owners[id(checked)] = plugin
        return found

    def _transports(self) -> dict[str, Transport]:
        found: dict[str, Transport] = {}
        for plugin, transport in self._offered("alertbus_channels"):
            checked = check_transport(plugin, transport)
            if (other := found.get(checked.name)) is not None:
                raise clash(self._named(self._owners[id(other)]), self._named(plugin), f"a channel named '{checked.name}'")
            found[checked.name] = checked
            self._owners[id(checked)] = plugin
        return found

    def _offered(self, hook: str) -> list[tuple[str, object]]:
        """Call every plugin's `hook`, in the order of the plugins' names: start-up must not depend on luck."""
        offered: list[tuple[str, object]] = []
        for implementation in sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=lambda i: i.plugin_name):
            name = implementation.plugin_name
            returned: object = None
            raised = ""
            try:
                returned = implementation.function()
            except WrongPluginSetting as wrong:  # says where and what was expected, never what was found
                raise PluginFault(f"agency plugin '{name}': {wrong}") from None
            except Exception as error:  # noqa: BLE001  the boundary again
                raised = type(error).__name__
            if raised:
                raise PluginFault(f"agency plugin '{name}', hook '{hook}': raised {raised}. The hook only registers: return the objects.")
            if not isinstance(returned, Sequence) or isinstance(returned, str | bytes):
                raise PluginFault(
                    f"agency plugin '{name}', hook '{hook}': returned {type(returned).__name__} "
                    "(expected: a list or tuple of objects). Put what it offers into one."
                )
            offered += [(name, each) for each in returned]
        return offered

    def _named(self, plugin: str) -> str:
        """Name a plugin together with the package that it comes from, which may be called otherwise."""
        package = self._packages.get(plugin)
        return f"'{plugin}'" if package is None else f"'{plugin}' (package {package})"

    def _row(self, offered: Adapter | Source | Transport) -> Listed:
        plugin = self._owners[id(offered)]
        row = Listed(plugin, self._versions.get(plugin, "unknown"), "source", offered.name)
        if isinstance(offered, Adapter):
            row = replace(row, kind="adapter", sector=offered.sector, formats=tuple(offered.formats), contract=offered.contract)
        return row


def _apart(plugin: str, rules: PluginRules, plugins_dir: Path | None) -> object | None:
    """Give what stands for a plugin that the policy isolates; None for one that runs here."""
    if plugin not in rules.isolated:
        return None
    adapters, sources = isolated(plugin, rules, plugins_dir)
    return offer(adapters=adapters, sources=sources)


def offer(
    *,
    adapters: Sequence[object] = (),
    sources: Sequence[object] = (),
    channels: Sequence[object] = (),
    kinds: Sequence[object] = (),
    items: Sequence[object] = (),
    patterns: Sequence[object] = (),
) -> object:
    """Make a plugin of objects at hand: for a test, or to try one before it is packaged."""
    given = {"adapters": adapters, "sources": sources, "channels": channels, "kinds": kinds, "items": items, "patterns": patterns}
    return SimpleNamespace(**{f"alertbus_{name}": hookimpl(_giving(objects)) for name, objects in given.items()})


def _giving(objects: Sequence[object]) -> Callable[[], list[object]]:
    return lambda: list(objects)
