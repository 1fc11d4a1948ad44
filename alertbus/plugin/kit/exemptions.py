"""What a plugin does not keep, and why: `exempt.toml` in its module's folder, which the wheel carries.

    raises-an-alert-for-at-least-one-sample = "it states who is who, and never an alert"

A rule that protects people cannot be exempted: its line is a fault of the file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from alertbus.model.errors import PluginFault
from alertbus.plugin.kit.adapter_suite import AdapterConformance
from alertbus.plugin.kit.source_suite import SourceConformance
from alertbus.plugin.kit.tier_report import KitRule, rules_of, words_of

FILE = "exempt.toml"
_LONGEST = 400


def every_rule() -> dict[str, KitRule]:
    """Every rule of the kit by its id. A rule that adapters and sources share stands once, and protects if one of the two does."""
    found: dict[str, KitRule] = {}
    for suite in (AdapterConformance, SourceConformance):
        for test, rule in rules_of(suite).items():
            id_ = words_of(test).replace(" ", "-")
            if id_ not in found or rule.protects:
                found[id_] = rule
    return found


def exemptions_in(folder: Path) -> Mapping[str, str]:
    """Give the exemptions of the plugin whose module stands in the folder: rule → reason. Raises `PluginFault` for one that cannot be."""
    file = folder / FILE
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
