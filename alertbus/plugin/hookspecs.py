"""Every hook of the contract. A plugin implements only those that it needs."""

from collections.abc import Sequence

import pluggy

from alertbus.plugin.case_rules import AlertKind, CaseItem, CasePattern
from alertbus.plugin.protocols import Adapter, Source
from alertbus.plugin.transports import Transport

CONTRACT = 1
"""Version of this contract. An adapter states the one it was written for; the bus refuses a version it does not know."""

hookspec = pluggy.HookspecMarker("alertbus")
hookimpl = pluggy.HookimplMarker("alertbus")


@hookspec
def alertbus_adapters() -> Sequence[Adapter]:  # type: ignore[empty-body]
    """Outbound adapters: objects with `name`, `sector`, `contract`, `formats` and `render(notice) -> Message`."""


@hookspec
def alertbus_sources() -> Sequence[Source]:  # type: ignore[empty-body]
    """Inbound sources: objects with `name` and `parse(raw, headers) -> list[Alert] | Ignored`."""


@hookspec
def alertbus_kinds() -> Sequence[AlertKind]:  # type: ignore[empty-body]
    """Kinds of alert: each with its policy rule, in the shape of the policy file's `kinds`, and a model of what it adds to `details`."""


@hookspec
def alertbus_items() -> Sequence[CaseItem]:  # type: ignore[empty-body]
    """Rules for what somebody owes by a time, in the shape of the policy file's `items`."""


@hookspec
def alertbus_channels() -> Sequence[Transport]:  # type: ignore[empty-body]
    """Transports: objects with `name`, `contract`, `settings` and `open(settings)`, which gives a way with `send(message, agency)`."""


@hookspec
def alertbus_patterns() -> Sequence[CasePattern]:  # type: ignore[empty-body]
    """Patterns over a case: so many statements within a span that together ask for what none of them does alone. Data, never code."""


HOOKS = tuple(sorted(name for name in list(globals()) if name.startswith("alertbus_")))
"""The names of all hooks."""
