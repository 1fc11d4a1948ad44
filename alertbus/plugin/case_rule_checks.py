"""Kinds, items and patterns of plugins, checked when the bus starts and put together for the policy. Each refusal says what to do."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from alertbus.model.base import Word
from alertbus.model.details import Details
from alertbus.model.errors import PluginFault
from alertbus.model.free_text import is_free_text
from alertbus.model.sensitivity import Sensitivity, sensitivity_of
from alertbus.model.validation import faults_of
from alertbus.plugin.case_rules import AlertKind, CaseItem, CasePattern, DetailsSection
from alertbus.plugin.registration import clash, who_offers
from alertbus.policy.additions import PolicyAdditions
from alertbus.policy.item_rules import ItemRule
from alertbus.policy.policy import NEVER, KindRule

_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")

FromAHook = Sequence[tuple[str, object]]
"""What a hook returned, each with the plugin's name."""


def kinds_of(offered: FromAHook, named: Callable[[str], str]) -> dict[str, AlertKind]:
    """Give the kinds that are offered, by name. `named` names a plugin with its package. Raises `PluginFault`."""
    found = {}
    for kind in _once(offered, AlertKind, "alertbus_kinds", "a kind", named):
        who = who_offers(kind[0], "alertbus_kinds", kind[1])
        _check_kind(who, kind[1])
        found[kind[1].name] = kind[1]
    return found


def additions_of(
    kinds: Mapping[str, AlertKind], items: FromAHook, patterns: FromAHook, owners: Mapping[str, str], named: Callable[[str], str]
) -> PolicyAdditions:
    """Give what the policy reads of all of it. `owners` says of each kind which plugin offers it. Raises `PluginFault`."""
    rules: dict[str, Mapping[str, Any]] = {}
    by: dict[str, str] = {f"kinds.{name}": named(plugin) for name, plugin in owners.items()}
    everything = [
        *_once(items, CaseItem, "alertbus_items", "an item", named),
        *_once(patterns, CasePattern, "alertbus_patterns", "a pattern", named),
    ]
    for plugin, one in everything:
        hook = "alertbus_items" if isinstance(one, CaseItem) else "alertbus_patterns"
        if (other := by.get(f"items.{one.name}")) is not None:
            raise clash(other, named(plugin), f"an item or pattern named '{one.name}'")
        rule = one.rule if isinstance(one, CaseItem) else one.item
        _check(who_offers(plugin, hook, one), ItemRule, rule)
        rules[one.name], by[f"items.{one.name}"] = rule, named(plugin)
    return PolicyAdditions(
        kinds={name: {**kind.rule, "details": _classes(kind)} for name, kind in kinds.items()},
        may_state={name: list(kind.may_state) for name, kind in kinds.items() if kind.may_state},
        items=rules,
        offered_by=by,
    )


def _once(offered: FromAHook, of: type[Any], hook: str, what: str, named: Callable[[str], str]) -> list[tuple[str, Any]]:
    """Give what is offered if it is of that class and no name stands in two plugins."""
    found: dict[str, tuple[str, Any]] = {}
    for plugin, one in offered:
        who = who_offers(plugin, hook, one)
        if not isinstance(one, of):
            raise PluginFault(f"{who}: no {of.__name__} (expected: alertbus.plugin.{of.__name__}). Return objects of that class.")
        if not isinstance(one.name, str) or not _KIND.fullmatch(one.name):
            raise PluginFault(f"{who}: `name` is no lower-case word such as 'cpis_accessed'. Give it one.")
        if one.name in found:
            raise clash(named(found[one.name][0]), named(plugin), f"{what} named '{one.name}'")
        found[one.name] = plugin, one
    return list(found.values())


def _check_kind(who: str, kind: AlertKind) -> None:
    if isinstance(kind.rule, Mapping) and "details" in kind.rule:
        raise PluginFault(f"{who}: `rule` has `details`. Give the model as `details` of the kind itself; its marks say the classes.")
    if bool(kind.section) != (kind.details is not None):
        raise PluginFault(f"{who}: `section` and `details` belong together. Give both, or neither.")
    if kind.details is not None:
        if not _KIND.fullmatch(kind.section) or kind.section in Details.model_fields:
            raise PluginFault(f"{who}: `section` is no lower-case word, or one of the bus's own sections. Give another.")
        _check_details(who, kind.details)
    _check(who, KindRule, {**kind.rule, "details": _classes(kind)} if isinstance(kind.rule, Mapping) else kind.rule)


def _check_details(who: str, details: object) -> None:
    """Fail closed: a field that nobody has classified, or that takes words as somebody writes them, is none of a kind's details."""
    if not (isinstance(details, type) and issubclass(details, DetailsSection)):
        raise PluginFault(f"{who}: `details` is no model of details. Inherit alertbus.plugin.DetailsSection, and give the class.")
    for name, known in details.model_fields.items():
        sensitivity = sensitivity_of(details, name)
        if sensitivity is None or sensitivity in NEVER or sensitivity is Sensitivity.IDENTITY:
            raise PluginFault(
                f"{who}: `details.{name}` has no class that a policy can decide about. Mark it, as in Sensitivity.OBSERVATION."
            )
        if known.alias or any(map(_is_a_record, (known.annotation, *get_args(known.annotation)))):
            raise PluginFault(f"{who}: `details.{name}` is a record, or has an alias. Keep it flat: codes, days, numbers, yes and no.")
        if is_free_text(details, name):
            raise PluginFault(f"{who}: `details.{name}` takes any text. Give it a list or a pattern; words go into the narrative.")


def _is_a_record(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Word | Mapping)


def _classes(kind: AlertKind) -> dict[str, dict[str, str]]:
    if kind.details is None:
        return {}
    return {kind.section: {name: str(sensitivity_of(kind.details, name)) for name in kind.details.model_fields}}


def _check(who: str, word: type[Word], rule: object) -> None:
    faults: list[str] = []
    try:
        word.model_validate(rule)
    except ValidationError as error:
        faults = [f"{fault.path or 'rule'}: {fault.expected}" for fault in faults_of(error, rule, trusted=True)]
    if faults:
        raise PluginFault(f"{who}: `rule` is not as the policy file has it. {'; '.join(faults)}. Mend it.")
