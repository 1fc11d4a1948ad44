"""What plugins add to a policy: kinds of alert and rules for items, as data, merged before the whole is read. No code of theirs comes here.

An operator's file has the last word: what it says of a kind or an item of that name replaces the plugin's, field by field; an item that it
sets to null is left out. Only the classes of a kind's details stay as the plugin's own model has them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alertbus.model.errors import PluginFault

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PolicyAdditions:
    """Each in the shape of the policy file, by name. `offered_by` says of `kinds.NAME` and `items.NAME` which plugin offers it."""

    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    may_state: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    offered_by: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def merged(self, file: Any) -> Any:
        """Give the policy file's content with what it does not say itself. What is no mapping is given back: its reader names that."""
        if not isinstance(file, dict) or not all(isinstance(file.get(part) or {}, dict) for part in ("kinds", "items", "may_state")):
            return file
        own_kinds, own_items = file.get("kinds") or {}, file.get("items") or {}
        kinds = {name: _over(rule, own_kinds.get(name)) | {"details": rule.get("details", {})} for name, rule in self.kinds.items()}
        items = {name: _over(rule, own_items.get(name)) for name, rule in self.items.items() if own_items.get(name, rule) is not None}
        own_items = {name: rule for name, rule in own_items.items() if rule is not None or name not in self.items}
        return {
            **file,
            "kinds": {**own_kinds, **kinds},
            "may_state": {**self.may_state, **(file.get("may_state") or {})},
            **({"items": {**own_items, **items}} if own_items or items else {}),
        }

    def refuse_taken(self, kinds: Collection[str], items: Collection[str]) -> None:
        """Raise `PluginFault`, which names both, where the bus's own policy has a kind or an item of a name that a plugin offers."""
        for part, what, offered, own in (("kinds", "a kind", self.kinds, kinds), ("items", "an item or pattern", self.items, items)):
            for name in sorted(set(offered) & set(own)):
                by = self.offered_by.get(f"{part}.{name}", "of no name")
                raise PluginFault(
                    f"the bus's own policy and the agency plugin {by} both offer {what} named '{name}'. Rename what the plugin offers, or "
                    "uninstall it; your policy file may say otherwise of the bus's own."
                )

    def who_offers(self, path: str) -> str:
        """Say which plugin offers what a path of the policy is in; empty for what is the file's own."""
        plugin = next((by for name, by in self.offered_by.items() if path == name or path.startswith(f"{name}.")), None)
        return "" if plugin is None else f" (offered by the plugin {plugin})"


def _over(offered: Mapping[str, Any], own: Any) -> dict[str, Any]:
    return {**offered, **(own if isinstance(own, dict) else {})}


NO_ADDITIONS = PolicyAdditions()
