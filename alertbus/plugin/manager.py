"""The agency plugins: found, checked when the bus starts, and called one at a time behind an error boundary.

A plugin that breaks the contract stops start-up with its name, its hook, what was found and what to do. Once running,
one that breaks fails its own message only, and its error's text, which may hold a family's data, goes nowhere.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, SimpleNamespace
from typing import Self

import pluggy

import alertbus
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message, Notice
from alertbus.plugin import fidelity, hookspecs
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.hookspecs import CONTRACT, RESERVED, hookimpl
from alertbus.plugin.plain import Plain
from alertbus.plugin.protocols import Adapter, Source, UnreadableMessage

GROUP = "alertbus"
"""Entry point group, and pluggy's project name."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


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


class Plugins:
    """The adapters and sources of all plugins. Built whole or not at all: a fault leaves nothing half registered."""

    def __init__(self, plugins: Mapping[str, object], versions: Mapping[str, str] | None = None) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        for name, plugin in plugins.items():
            _check_hooks(name, plugin, self._manager)
            try:
                self._manager.register(plugin, name=name)
                self._manager.check_pending()
            except (pluggy.PluginValidationError, ValueError) as error:
                raise PluginFault(f"agency plugin '{name}' is refused: {str(error).strip()}") from None
        self._versions = dict(versions or {})
        self._plain = Plain()
        self._owners: dict[int, str] = {}
        self.adapters: Mapping[str, Adapter] = MappingProxyType(self._adapters())
        self.sources: Mapping[str, Source] = MappingProxyType(self._sources())
        for hook in RESERVED:
            self._refuse_reserved(hook)

    @classmethod
    def load(cls) -> Self:
        """All plugins installed in this environment. Raises `PluginFault` for the first that cannot be used."""
        plugins: dict[str, object] = {}
        versions: dict[str, str] = {}
        for entry in _entries():
            plugins[entry.name] = _import(entry)
            versions[entry.name] = entry.dist.version if entry.dist else "unknown"
        return cls(plugins, versions)

    def adapter_for(self, sector: str) -> Adapter:
        """Give the sector's own adapter, else the plain one: an agency without a plugin is told all the same."""
        return self.adapters.get(sector, self._plain)

    def made_by(self, adapter: Adapter) -> str:
        """Name the plugin an adapter comes from, and its version: the bus itself for the plain one."""
        plugin = self._owners.get(id(adapter))
        return f"alertbus {alertbus.__version__}" if plugin is None else f"{plugin} {self._versions.get(plugin, 'unknown')}"

    def listing(self) -> list[Listed]:
        rows = [self._row(adapter) for adapter in self.adapters.values()]
        rows += [self._row(source) for source in self.sources.values()]
        return sorted(rows, key=lambda row: (row.plugin, row.kind, row.name))

    def render(self, notice: Notice, adapter: Adapter) -> Message:
        """Render the notice, under the bus's own idempotency key, its narrative proved whole or absent.

        Whatever goes wrong becomes a `PluginFault` without the plugin's own words: they may repeat the notice.
        """
        who = f"agency plugin '{self._owners.get(id(adapter), adapter.name)}', adapter '{adapter.name}'"
        message: object = None
        raised = ""
        try:
            message = behind_boundary(adapter.render, notice)
        except (PluginBroke, UnreadableMessage) as error:
            raised = str(error) if isinstance(error, PluginBroke) else type(error).__name__
        if raised:  # outside the handler, so that the plugin's error is not chained to ours
            raise PluginFault(f"{who}: render raised {raised}. Run its conformance kit: alertbus plugin check")
        checked = _checked(message, who)
        try:
            changed = fidelity.altered(notice, checked)
        except fidelity.UncheckableBody as error:
            raise PluginFault(f"{who}: {error}. Send text in the encoding the media type names.") from None
        if changed:
            places = ", ".join(f"narrative[{i}]" for i in changed)
            raise PluginFault(f"{who}: {places} is carried cut or changed. Carry an excerpt's text byte for byte, or leave it out whole.")
        return checked.model_copy(update={"idempotency_key": notice.id})

    def _adapters(self) -> dict[str, Adapter]:
        found: dict[str, Adapter] = {}
        for plugin, adapter in self._offered("alertbus_adapters"):
            checked = _check_adapter(plugin, adapter)
            for other in found.values():
                if other.name == checked.name or other.sector == checked.sector:
                    same = f"name '{checked.name}'" if other.name == checked.name else f"sector '{checked.sector}'"
                    raise PluginFault(
                        f"agency plugin '{plugin}', hook 'alertbus_adapters': the {same} is already taken by plugin "
                        f"'{self._owners[id(other)]}'. Uninstall one of the two, or rename yours."
                    )
            found[checked.sector] = checked
            self._owners[id(checked)] = plugin
        return found

    def _sources(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for plugin, source in self._offered("alertbus_sources"):
            checked = _check_source(plugin, source)
            if (other := found.get(checked.name)) is not None:
                raise PluginFault(
                    f"agency plugin '{plugin}', hook 'alertbus_sources': the name '{checked.name}' is already taken "
                    f"by plugin '{self._owners[id(other)]}'. Uninstall one of the two, or rename yours."
                )
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

    def _refuse_reserved(self, hook: str) -> None:
        for plugin, _ in self._offered(hook):
            raise PluginFault(
                f"agency plugin '{plugin}', hook '{hook}': this bus does not use {hook.removeprefix('alertbus_')} of a plugin's own yet, "
                "so what it offers would have no effect. Leave the hook out."
            )

    def _row(self, offered: Adapter | Source) -> Listed:
        plugin = self._owners[id(offered)]
        row = Listed(plugin, self._versions.get(plugin, "unknown"), "source", offered.name)
        if isinstance(offered, Adapter):
            row = replace(row, kind="adapter", sector=offered.sector, formats=tuple(offered.formats), contract=offered.contract)
        return row


def offer(*, adapters: Sequence[object] = (), sources: Sequence[object] = ()) -> object:
    """Make a plugin of objects at hand: for a test, or to try one before it is packaged."""
    return SimpleNamespace(alertbus_adapters=hookimpl(lambda: list(adapters)), alertbus_sources=hookimpl(lambda: list(sources)))


def _entries() -> Iterable[EntryPoint]:
    """One entry per name; the same one seen twice (an editable install beside a wheel) counts once."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise PluginFault(
                f"agency plugin '{entry.name}': two packages offer an entry point of that name "
                f"({other.value}, {entry.value}). Uninstall one of them."
            )
    return found.values()


def _import(entry: EntryPoint) -> object:
    raised = ""
    try:
        return entry.load()
    except Exception as error:  # noqa: BLE001  importing a plugin runs its code
        raised = type(error).__name__
    raise PluginFault(
        f"agency plugin '{entry.name}': importing {entry.value} raised {raised}. Reinstall it, or uninstall it to start without it."
    )


def _check_hooks(name: str, plugin: object, manager: pluggy.PluginManager) -> None:
    """Refuse a hook without its marker, and a wrapper: pluggy would pass over both in silence."""
    for attribute in dir(plugin):
        if not attribute.startswith("alertbus_") or not inspect.isroutine(getattr(plugin, attribute, None)):
            continue
        who = f"agency plugin '{name}', hook '{attribute}'"
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            raise PluginFault(f"{who}: not marked. Put @alertbus.plugin.hookimpl above it.")
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginFault(f"{who}: a wrapper. The hook only registers: return the objects.")


def _check_adapter(plugin: str, adapter: object) -> Adapter:
    who = _who(plugin, "alertbus_adapters", adapter)
    _must_match(who, adapter, "name", _NAME, "a lower-case name such as 'northfield-health'")
    _must_match(who, adapter, "sector", _WORD, "one lower-case word such as 'health'")
    contract = getattr(adapter, "contract", None)
    if type(contract) is not int or contract != CONTRACT:
        raise PluginFault(
            f"{who}: `contract` is {contract if type(contract) is int else 'missing'} (this bus offers {CONTRACT}). "
            f"Set it to {CONTRACT} once the conformance kit passes, or install a version of the plugin that does."
        )
    formats = getattr(adapter, "formats", None)
    listed = isinstance(formats, Sequence) and not isinstance(formats, str)
    if not listed or not formats or not all(isinstance(f, str) for f in formats):
        raise PluginFault(f"{who}: `formats` is missing or not a list of names. Name what it writes, such as ('application/json',).")
    _must_take_one(who, adapter, "render", "render(notice) -> Message")
    if hasattr(adapter, "parse_receipt"):
        _must_take_one(who, adapter, "parse_receipt", "parse_receipt(raw) -> ReceiptGiven")
    assert isinstance(adapter, Adapter)
    return adapter


def _check_source(plugin: str, source: object) -> Source:
    who = _who(plugin, "alertbus_sources", source)
    _must_match(who, source, "name", _NAME, "a lower-case name such as 'hmpps'")
    _must_accept(who, source, "parse", (b"", {}), "parse(raw, headers) -> list[Alert] | Ignored")
    assert isinstance(source, Source)
    return source


def _who(plugin: str, hook: str, offered: object) -> str:
    name = getattr(offered, "name", None)
    called = f"'{name}'" if isinstance(name, str) else type(offered).__name__
    return f"agency plugin '{plugin}', hook '{hook}', {called}"


def _must_match(who: str, offered: object, attribute: str, pattern: re.Pattern[str], expected: str) -> None:
    value = getattr(offered, attribute, None)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        found = "missing" if value is None else "not that"
        raise PluginFault(f"{who}: `{attribute}` is {found} (expected: {expected}). Set it on the object that the hook returns.")


def _must_take_one(who: str, offered: object, method: str, expected: str) -> None:
    _must_accept(who, offered, method, (None,), expected)


def _must_accept(who: str, offered: object, method: str, arguments: tuple[object, ...], expected: str) -> None:
    function: Callable[..., object] | None = getattr(offered, method, None)
    if not callable(function):
        raise PluginFault(f"{who}: has no method `{method}` (expected: {expected}). Add it to the object that the hook returns.")
    if inspect.iscoroutinefunction(function):
        raise PluginFault(f"{who}: `{method}` is asynchronous (expected: {expected}). Make it a plain function; it may not wait.")
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError:
        raise PluginFault(
            f"{who}: `{method}{signature}` does not take what is offered (expected: {expected}). Change its parameters."
        ) from None


def _checked(message: object, who: str) -> Message:
    if not isinstance(message, Message):
        raise PluginFault(f"{who}: render returned {type(message).__name__} (expected: alertbus.plugin.Message).")
    if not isinstance(message.body, bytes):
        raise PluginFault(f"{who}: the message's body is {type(message.body).__name__} (expected: bytes). Encode it.")
    if "/" not in message.media_type:
        raise PluginFault(f"{who}: the message's media type has no '/' (expected: such as application/json).")
    if not _FILENAME.fullmatch(message.filename):
        raise PluginFault(f"{who}: the message's filename is not plain. Use letters, digits, dots, hyphens; no folder.")
    if any("\n" in part or "\r" in part for header in message.headers.items() for part in header):
        raise PluginFault(f"{who}: a header of the message holds a line break. Keep text in the body.")
    return message
