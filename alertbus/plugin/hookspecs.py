"""Every hook of the contract. A plugin implements only those that it needs."""

from collections.abc import Sequence

import pluggy

from alertbus.plugin.protocols import Adapter, Source
from alertbus.plugin.transports import Transport

CONTRACT = 1
"""Version of this contract. An adapter states the one it was written for; the bus refuses a version it does not know."""

RESERVED = ("alertbus_kinds", "alertbus_patterns")
"""Hooks of the contract that this bus does not use yet: a plugin that offers something through one is refused at start-up."""

hookspec = pluggy.HookspecMarker("alertbus")
hookimpl = pluggy.HookimplMarker("alertbus")


@hookspec
def alertbus_adapters() -> Sequence[Adapter]:  # type: ignore[empty-body]
    """Outbound adapters: objects with `name`, `sector`, `contract`, `formats` and `render(notice) -> Message`."""


@hookspec
def alertbus_sources() -> Sequence[Source]:  # type: ignore[empty-body]
    """Inbound sources: objects with `name` and `parse(raw, headers) -> list[Alert] | Ignored`."""


@hookspec
def alertbus_kinds() -> Sequence[object]:  # type: ignore[empty-body]
    """Extra alert kinds: the policy rules for them, in the shape of the policy file's `kinds`. Reserved: not used yet."""


@hookspec
def alertbus_channels() -> Sequence[Transport]:  # type: ignore[empty-body]
    """Transports: objects with `name`, `contract`, `settings` and `open(settings)`, which gives a way with `send(message, agency)`."""


@hookspec
def alertbus_patterns() -> Sequence[object]:  # type: ignore[empty-body]
    """Extra patterns over a case's state. Reserved: not used yet."""


HOOKS = tuple(sorted(name for name in list(globals()) if name.startswith("alertbus_")))
"""The names of all hooks."""
