"""What a plugin does not keep, and why: `exempt.toml` in its module's folder, which the wheel carries.

    raises-an-alert-for-at-least-one-sample = "it states who is who, and never an alert"

A rule that protects people cannot be exempted: its line is a fault of the file.
"""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from alertbus.model.errors import PluginFault

if TYPE_CHECKING:
    from alertbus.plugin.kit.tier_report import KitRule

FILE = "exempt.toml"
_LONGEST = 400


def every_rule() -> "dict[str, KitRule]":
    """Every rule of the kit by its id. A rule that adapters and sources share stands once, and protects if one of the two does."""
    from alertbus.plugin.kit.adapter_suite import AdapterConformance  # here, because a list of plugins without exemptions needs none of it
    from alertbus.plugin.kit.source_suite import SourceConformance
    from alertbus.plugin.kit.tier_report import rules_of, words_of

    found: dict[str, KitRule] = {}
    for suite in (AdapterConformance, SourceConformance):
        for test, rule in rules_of(suite).items():
            id_ = words_of(test).replace(" ", "-")
            if id_ not in found or rule.protects:
                found[id_] = rule
    return found


def exemptions_in(module: Path) -> Mapping[str, str]:
    """Give the exemptions of a plugin by its module's file: rule → reason. Raises `PluginFault` for one that cannot be.

    Beside a package's `__init__.py` the file is `exempt.toml`; beside a single file `northfield.py` it is `northfield.exempt.toml`.
    """
    file = module.parent / FILE if module.name == "__init__.py" else module.with_suffix(f".{FILE}")
    if not file.is_file():
        return {}
    try:
        listed = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        raise PluginFault(f'{FILE}: cannot be read as TOML. Write lines such as: the-id-of-a-rule = "why it is not kept"') from None
    rules = every_rule()
    for id_, reason in listed.items():
        if id_ not in rules:
            raise PluginFault(
                f"{FILE}: there is no rule of that name (line `{id_[:80]}`). `alertbus plugin check` names the rules that fail."
            )
        if rules[id_].protects:
            raise PluginFault(f"{FILE}: `{id_}` protects people, and no plugin is exempt from it. Mend the plugin and take the line out.")
        if not isinstance(reason, str) or not reason.strip() or len(reason) > _LONGEST:
            raise PluginFault(f"{FILE}: `{id_}` has no reason of up to {_LONGEST} characters. Say why it is not kept.")
    return {id_: reason.strip() for id_, reason in listed.items()}


def exemptions_of(modules: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Give the exemptions of plugins that are loaded, by plugin, each as a line. `modules` says by what name each was imported.

    A file that is refused is a line, too: whoever lists plugins must see that something is claimed there.
    """
    found: dict[str, tuple[str, ...]] = {}
    for plugin, module in modules.items():
        place = getattr(sys.modules.get(module.partition(":")[0].partition(".")[0]), "__file__", None)
        if place is None:
            continue
        try:
            listed = exemptions_in(Path(place))
        except PluginFault as fault:
            found[plugin] = (f"refused: {fault}",)
            continue
        if listed:
            found[plugin] = tuple(f"{id_}: {reason}" for id_, reason in sorted(listed.items()))
    return found
