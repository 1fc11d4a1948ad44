"""Which agencies have an adapter of their own, which have none, whose plugin is set aside, and which adapters no agency uses. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alertbus.model import watchdog
from alertbus.plugin.manager import Plugins
from alertbus.plugin.plain import Plain
from alertbus.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class AsideFrom:
    """One plugin that is set aside, why, and the agencies whose messages it would make."""

    plugin: str
    reason: str
    agencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the policy's agencies get from the plugins that there are."""

    own: Mapping[str, tuple[str, ...]]
    """By adapter, the agencies whose messages it makes."""
    without_adapter: tuple[str, ...]
    """Agencies that are sent the bus's own plain message, because no plugin is for their sector."""
    unused: tuple[str, ...]
    """Adapters for whose sector the policy has no agency."""
    set_aside: tuple[AsideFrom, ...]

    def shown(self) -> dict[str, Any]:
        """For a machine, and in `lines` for a person."""
        return asdict(self) | {"lines": list(self.lines())}

    def lines(self) -> Sequence[str]:
        """Say it to a person, the worst first; empty where every agency has an adapter and every adapter an agency."""
        found = []
        for one in self.set_aside:
            whom = ", ".join(one.agencies) or "whoever it is for"
            found.append(f"SET ASIDE: {one.plugin} ({one.reason}); nothing can be sent to {whom} until it is mended")
        if self.without_adapter:
            found.append(f"no adapter of their own, so they are sent the bus's plain message: {', '.join(self.without_adapter)}")
        if self.unused:
            found.append(f"adapters for whose sector the policy has no agency: {', '.join(self.unused)}")
        return found


def coverage(plugins: Plugins, policy: Policy) -> Coverage:
    """Hold the plugins against the policy's agencies."""
    names = sorted(set(policy.agencies) - {watchdog.AGENCY})
    own = {
        adapter.name: tuple(name for name in names if policy.agency(name).sector == sector)
        for sector, adapter in sorted(plugins.adapters.items())
        if sector != Plain.sector
    }
    aside = {name: plugins.aside_for(policy.agency(name).sector) for name in names}
    return Coverage(
        own=own,
        without_adapter=tuple(name for name in names if policy.agency(name).sector not in plugins.adapters and aside[name] is None),
        unused=tuple(adapter for adapter, agencies in own.items() if not agencies),
        set_aside=tuple(
            AsideFrom(one.plugin, one.reason, tuple(name for name in names if aside[name] is one)) for one in plugins.set_aside
        ),
    )
