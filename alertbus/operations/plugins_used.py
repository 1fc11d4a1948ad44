"""Which plugin makes whose messages: what is installed, who uses it, which agencies have none, and which adapters nobody uses. Pure."""

from collections.abc import Sequence

from alertbus.model.base import Word
from alertbus.operations.agency_flow import AgencyFlow
from alertbus.plugin.hookspecs import CONTRACT
from alertbus.plugin.manager import SET_ASIDE, Plugins

NOT_CHECKED = "not_checked_here"
"""How well a plugin keeps the contract is known to whoever runs its conformance kit, and not to a running bus."""

PLUGIN_FAULT = "plugin_fault"


class PluginUsed(Word):
    """One adapter or source of an installed plugin."""

    plugin: str
    version: str
    kind: str
    """`adapter` or `source`."""
    name: str
    sector: str
    formats: tuple[str, ...]
    contract: int | None
    contract_offered: int
    tier: str
    agencies: tuple[str, ...]
    """The agencies whose messages it makes. A source belongs to none."""
    faults: int
    """Obligations that are undelivered because it could not make their message."""


class PluginAside(Word):
    """One plugin that is set aside, why, and the agencies whose messages it would make."""

    plugin: str
    version: str
    reason: str
    agencies: tuple[str, ...]


class PluginsUsed(Word):
    """What is installed, and what is missing."""

    installed: tuple[PluginUsed, ...]
    without_adapter: tuple[str, ...]
    """Agencies that are sent the bus's own plain message."""
    unused: tuple[str, ...]
    """Adapters for whose sector the policy has no agency."""
    set_aside: tuple[PluginAside, ...] = ()
    """Plugins that cannot be imported: their agencies' messages cannot be made."""


def plugins_used(plugins: Plugins, agencies: Sequence[AgencyFlow]) -> PluginsUsed:
    """Hold what is installed against the agencies there are."""
    installed = []
    for row in plugins.listing():
        if row.kind == SET_ASIDE:
            continue
        theirs = [one for one in agencies if one.own_adapter and one.sector == row.sector] if row.kind == "adapter" else []
        faults = sum(failure.count for one in theirs for failure in one.failures if failure.reason == PLUGIN_FAULT)
        installed.append(
            PluginUsed(
                plugin=row.plugin,
                version=row.version,
                kind=row.kind,
                name=row.name,
                sector=row.sector,
                formats=row.formats,
                contract=row.contract,
                contract_offered=CONTRACT,
                tier=NOT_CHECKED,
                agencies=tuple(sorted(one.agency for one in theirs)),
                faults=faults,
            )
        )
    return PluginsUsed(
        installed=tuple(installed),
        without_adapter=tuple(sorted(one.agency for one in agencies if not one.own_adapter and plugins.aside_for(one.sector) is None)),
        unused=tuple(sorted(one.name for one in installed if one.kind == "adapter" and not one.agencies)),
        set_aside=tuple(
            PluginAside(
                plugin=one.plugin,
                version=one.version,
                reason=one.reason,
                agencies=tuple(sorted(each.agency for each in agencies if plugins.aside_for(each.sector) is one)),
            )
            for one in plugins.set_aside
        ),
    )
